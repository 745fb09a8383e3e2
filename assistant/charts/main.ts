import { sayIn } from './format.ts'
import { connect, type Host, type HostContext, type ToolAnswer } from './host.ts'
import type { Asked, Call, Screen } from './screen.ts'
import { screenOf } from './screens.ts'
import { type Chosen, draw, say as sayOnly } from './view.ts'

// Claude's directory allows 500 pixels in a conversation.
const MAX_HEIGHT = 500
/** Those of the host's colours that have a counterpart here. */
const VARIABLES = /^--(color-(background|text|border)-(primary|secondary)|font-sans)$/

/** An answer, and how it was asked for. */
interface Shown {
  answer: ToolAnswer
  asked: Asked
  chosen: Chosen
  /** The answer to the further question of the screen. */
  merged?: ToolAnswer
}

const root = document.querySelector('main') as HTMLElement
const history: Shown[] = []
let say = sayIn(navigator.language)
let asked: Asked = { arguments: {} }
let host: Host | undefined

function render(): void {
  const shown = history.at(-1)
  if (shown === undefined) {
    sayOnly(root, say.words.waiting)
    return
  }
  const { answer, merged } = shown
  const first = answer.isError === true ? undefined : screenOf(answer.structuredContent, shown.asked, say)
  const screen: Screen =
    merged !== undefined && first?.more !== undefined
      ? first.more.merge(merged.structuredContent, first)
      : (first ?? { title: '', subtitle: firstText(answer), facts: [], charts: [], notes: [] })
  draw(root, screen, say, shown.chosen, {
    open: (call) => void open(call),
    more: () => void addMore(shown, screen),
    back:
      history.length === 1
        ? undefined
        : () => {
            history.pop()
            render()
          },
  })
}

async function open(call: Call): Promise<void> {
  const answer = await ask(call)
  if (answer === undefined) return
  history.push({ answer, asked: { arguments: call.arguments }, chosen: { tab: 0, isTable: false } })
  render()
  // The control that was used is gone; whoever reads by ear or keyboard goes on at the top.
  root.focus()
}

async function addMore(shown: Shown, { more }: Screen): Promise<void> {
  const answer = more && (await ask(more.call))
  if (answer === undefined || answer.isError === true) return
  shown.merged = answer
  render()
  root.focus()
}

/** Undefined when the host refuses; then the page says so and stays as it is. */
async function ask(call: Call): Promise<ToolAnswer | undefined> {
  root.setAttribute('aria-busy', 'true')
  announce(say.words.loading)
  const answer = await host?.callTool(call.name, call.arguments).catch(() => undefined)
  root.removeAttribute('aria-busy')
  announce(answer === undefined || answer.isError === true ? firstText(answer) || say.words.failed : '')
  return answer?.isError === true ? undefined : answer
}

function announce(message: string): void {
  const status = document.querySelector('[role=alert]') as HTMLElement
  status.textContent = message
}

/** The first line of an answer's text. */
function firstText(answer: ToolAnswer | undefined): string {
  const [first] = Array.isArray(answer?.content) ? answer.content : []
  return typeof first?.text === 'string' ? (first.text.split('\n')[0]?.slice(0, 300) ?? '') : ''
}

function adopt({ theme, locale, styles }: HostContext): void {
  const { documentElement: page } = document
  if (theme === 'light' || theme === 'dark') page.dataset.theme = theme
  if (typeof locale === 'string') say = sayIn(locale)
  page.lang = say.locale
  const variables = styles?.variables ?? {}
  // A background without its text, or the other way round, could not be read.
  if (variables['--color-background-primary'] === undefined || variables['--color-text-primary'] === undefined) return
  for (const [name, value] of Object.entries(variables)) {
    if (VARIABLES.test(name) && typeof value === 'string') page.style.setProperty(name, value)
  }
}

sayOnly(root, say.words.waiting)
let width = 0
connect({
  context(changes) {
    adopt(changes)
    render()
  },
  input(args) {
    asked = { arguments: args }
  },
  result(answer) {
    history.splice(0, history.length, { answer, asked, chosen: { tab: 0, isTable: false } })
    render()
  },
}).then(
  (connected) => {
    host = connected
    new ResizeObserver(() => {
      connected.resized(Math.min(Math.ceil(document.body.scrollHeight), MAX_HEIGHT))
      if (root.clientWidth === width) return
      // Drawn for another width; the first time it is drawn when the answer comes.
      const isFirst = width === 0
      width = root.clientWidth
      if (!isFirst) render()
    }).observe(document.body)
  },
  () => {},
)
