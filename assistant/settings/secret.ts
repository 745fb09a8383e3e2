import { snippets } from '../../src/snippets.ts'
import { byId, element } from '../dom.ts'

export interface Secret {
  title: string
  value: string
  facts: readonly [name: string, value: string][]
}

/** Shows a credential once, with the configuration of every client. It exists only in the page. */
export function showSecret(mcpUrl: string, { title, value, facts }: Secret): void {
  const heading = byId('secret-title', HTMLHeadingElement)
  heading.textContent = title
  byId('secret-value', HTMLElement).replaceChildren(copyable(value, 'Copy'))
  byId('secret-facts', HTMLElement).replaceChildren(...factsOf(facts))
  byId('secret-snippets', HTMLElement).replaceChildren(
    ...snippets({ mcpUrl, token: value }).map(({ client, where, code, note, checked }) =>
      element(
        'details',
        // The browser keeps only one of the elements with the same name open.
        { name: 'snippet' },
        element('summary', {}, element('span', {}, client), element('small', {}, `checked ${checked}`)),
        element('p', { className: 'where' }, where),
        copyable(code, 'Copy'),
        element('p', { className: 'hint' }, note),
      ),
    ),
  )
  byId('secret', HTMLElement).hidden = false
  heading.focus()
}

/** Removes the credential from the page. */
export function forgetSecret(): void {
  byId('secret', HTMLElement).hidden = true
  for (const id of ['secret-value', 'secret-facts', 'secret-snippets']) byId(id, HTMLElement).replaceChildren()
}

/** Names and values for a description list. */
export function factsOf(facts: readonly [name: string, value: string][]): HTMLElement[] {
  return facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value)))
}

function copyable(text: string, action: string): HTMLElement {
  const code = element('code', {}, text)
  const button = element('button', { type: 'button', className: 'quiet' }, action)
  button.addEventListener('click', async () => {
    const copied = await copy(text, code)
    button.textContent = copied ? 'Copied' : 'Press Ctrl+C'
    byId('status', HTMLElement).textContent = copied ? 'Copied to the clipboard.' : 'Selected. Press Ctrl+C to copy.'
    setTimeout(() => {
      button.textContent = action
    }, 2000)
  })
  // Wide code scrolls, so it must be reachable with the keyboard.
  return element('div', { className: 'copyable' }, element('pre', { tabIndex: 0 }, code), button)
}

/** Browsers allow clipboard access only on https and localhost; elsewhere the text is selected. */
async function copy(text: string, shown: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    getSelection()?.selectAllChildren(shown)
    return false
  }
}
