import { attempt } from '../dom.ts'

/** Answers the authorization request and follows the redirect. It then never settles, so that nothing is answered twice. */
export async function answer(name: 'login' | 'confirm' | 'abort', body: object = {}): Promise<never> {
  const { ok, answer } = await send<{ redirectTo: string }>(`${location.pathname}/${name}`, body)
  if (!ok) throw new Error(answer.message)
  location.assign(answer.redirectTo)
  return new Promise(() => {})
}

/** Lets the buttons of a view refuse the client. */
export function offerAbort(view: HTMLElement): void {
  for (const button of view.querySelectorAll<HTMLButtonElement>('[data-abort]')) {
    button.addEventListener('click', () => void attempt(view, () => answer('abort')))
  }
}

/** Reads an address, or posts a body to it. */
export async function send<T>(
  url: string,
  body?: object,
): Promise<{ ok: true; answer: T } | { ok: false; answer: { message: string } }> {
  const headers = { 'content-type': 'application/json' }
  const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await fetch(url, init).catch(() => {
    throw new Error('There is no connection. Try again.')
  })
  return { ok: response.ok, answer: await response.json() }
}
