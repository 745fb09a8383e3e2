import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import { type HostileShop, INJECTIONS, makeHostileShop } from '../support/hostile-shop.ts'
import { call, rpc, type Service, startService } from '../support/service.ts'
import { makeUser } from '../support/shop.ts'
import { callsOf } from '../support/tool-calls.ts'

// What holds for every tool, whatever people have written into the shop.
const MAX_TOKENS = 8000
const MAX_INTENT_TOKENS = 2000

let service: Service
let hostile: HostileShop
let long: HostileShop
let token: string
let answers: { hostile: Answers; long: Answers }

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  const userId = await makeUser(service.db, 'ana', [])
  const options = { now: service.now, userId }
  hostile = await makeHostileShop(service.db, INJECTIONS, options)
  // As long as it may get, in the scripts that cost the most tokens.
  long = await makeHostileShop(
    service.db,
    ['🧿𓂀꧁', '𒀱ꙮ௵', 'ﷺ꧅𝕬'].map((text) => text.repeat(60)),
    options,
  )
  token = await service.tokenOf('ana')
  answers = { hostile: await answersAbout(hostile), long: await answersAbout(long) }
})
afterAll(() => service?.close())

/** What every tool answers about a shop. */
async function answersAbout(shop: HostileShop): Promise<Answers> {
  const tools = (await loadTools()).filter((tool) => tool.kind === 'business')
  const calls = callsOf(shop)
  const answers: Answers = []
  for (const tool of tools) {
    const attempts = calls[tool.name]
    if (attempts === undefined) throw new Error(`say in test/support/tool-calls.ts how ${tool.name} is called`)
    for (const args of attempts) {
      const mode = tool.mode === 'write' ? { dryRun: true } : {}
      const { body, text, isError } = await call(service.app, token, tool.name, {
        ...args,
        ...mode,
        businessId: shop.id,
      })
      // A sale of long ago cannot be cancelled; everything else must have something to say.
      if (isError && tool.name !== 'cancel_order') throw new Error(`${tool.name} ${JSON.stringify(args)}: ${text}`)
      answers.push({ name: tool.name, result: body.result })
    }
  }
  return answers
}

type Answers = { name: string; result: Result }[]

interface Result {
  content: { text: string }[]
  structuredContent?: Record<string, unknown>
  isError?: boolean
}

/** Tokens of a text that may hold what a tokenizer takes for its own marks. */
function tokensOf(text: string): number {
  return countTokens(text, { disallowedSpecial: new Set() })
}

/** Every text in a result. */
function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(textsIn)
}

describe('text written by strangers', () => {
  it('stays data in every tool: one line, no hidden characters, no markup of a conversation', () => {
    for (const { name, result } of answers.hostile) {
      const [{ text } = { text: '' }] = result.content
      const hidden = textsIn(result).filter((each) => /[\p{Cf}\p{Co}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u.test(each))
      const broken = textsIn(result.structuredContent).filter((each) => each.includes('\n'))
      // A line that a stranger has begun would begin with their words; a row of a table begins with its bar.
      const begun = text
        .split('\n')
        .filter((line) => /^[^\w|]*(SYSTEM|Human|Assistant|Use this id|Ignore all|You are now)/.test(line))
      expect({ name, hidden, broken, begun }).toEqual({ name, hidden: [], broken: [], begun: [] })
      // The one line of the service that names the business is its own.
      if (result.isError !== true)
        expect({ name, lines: text.match(/^Business: /gm)?.length }).toEqual({ name, lines: 1 })
    }
  })

  it('never reaches what describes the tools', async () => {
    const { body } = await rpc(service.app, token, 'tools/list')
    const listed = JSON.stringify(body)
    for (const injection of INJECTIONS) expect(listed).not.toContain(injection.trim().slice(0, 20))
  })

  it('is told apart from the words of the service where it is a note', async () => {
    const { data } = await call(service.app, token, 'get_order', { order: 'N-3', businessId: hostile.id })
    expect(data.note).toMatch(/^\[untrusted text\] /)
  })
})

describe('a result', () => {
  it(`is read for at most ${MAX_TOKENS} tokens, an intent's text for ${MAX_INTENT_TOKENS}, whatever the data`, () => {
    const sizes: Record<string, number> = {}
    const texts: Record<string, number> = {}
    for (const { name, result } of [...answers.long, ...answers.hostile]) {
      sizes[name] = Math.max(sizes[name] ?? 0, tokensOf(JSON.stringify(result)))
      if (/^summarize_|_health$/.test(name)) {
        texts[name] = Math.max(texts[name] ?? 0, tokensOf(result.content[0]?.text ?? ''))
      }
    }
    expect(Object.entries(sizes).filter(([, size]) => size > MAX_TOKENS)).toEqual([])
    expect(Object.entries(texts).filter(([, size]) => size > MAX_INTENT_TOKENS)).toEqual([])
  })
})
