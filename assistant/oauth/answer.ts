import { attempt } from '../dom.ts'
import { inLanguage } from '../language.ts'
import { NO_CONNECTION, type ServiceError, signInWords } from '../service-words.ts'

const EXPIRED = inLanguage({
  en: 'This sign-in has expired or was finished already. Go back to your assistant and start the connection again.',
  es: 'Este inicio de sesión caducó o ya terminó. Vuelve a tu asistente y empieza la conexión de nuevo.',
})

/** Answers the authorization request and follows the redirect. It then never settles, so that nothing is answered twice. */
export async function answer(name: 'login' | 'confirm' | 'abort', body: object = {}): Promise<never> {
  const { ok, answer } = await send<{ redirectTo: string }>(`${location.pathname}/${name}`, body)
  if (!ok) throw new Error(name === 'confirm' ? answer.message : wordsOf(answer))
  location.assign(answer.redirectTo)
  return new Promise(() => {})
}

/** Why the service refuses a step of the sign-in. */
export function wordsOf(error: ServiceError): string {
  return signInWords(error, { not_found: EXPIRED })
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
): Promise<{ ok: true; answer: T } | { ok: false; answer: ServiceError }> {
  const headers = { 'content-type': 'application/json' }
  const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) }
  const response = await fetch(url, init).catch(() => {
    throw new Error(NO_CONNECTION)
  })
  return { ok: response.ok, answer: await response.json() }
}
