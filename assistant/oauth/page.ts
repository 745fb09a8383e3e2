/** The page of an authorization request: the merchant signs in, then approves or refuses the client. */
import type { Scope } from '../../src/auth/scopes.ts'
import type { InteractionDetails } from '../../src/oauth/interaction-details.ts'
import { attempt, byId, element, showOnly } from '../dom.ts'

type Login = Extract<InteractionDetails, { prompt: 'login' }>
type Consent = Extract<InteractionDetails, { prompt: 'consent' }>

const SCOPE_WORDS: Record<Scope, string> = {
  'pos:read': 'See products, stock, orders and clients',
  'pos:write': 'Create and change products, stock, orders and clients',
  'reports:read': 'See sales and tax reports',
  'psa:read': 'See project boards and time sheets',
  'pos:intents': 'Summarize days and periods, the state of stock and of clients',
}

const [loading, signIn, consent] = ['loading', 'sign-in', 'consent'].map((id) => byId(id, HTMLElement)) as [
  HTMLElement,
  HTMLElement,
  HTMLElement,
]

void attempt(loading, async () => {
  const { ok, answer: details } = await send<InteractionDetails>(`${location.pathname}/details`)
  if (!ok) throw new Error(details.message)
  for (const place of document.querySelectorAll('.client')) place.textContent = details.client
  for (const place of document.querySelectorAll('.destination')) place.textContent = details.destination
  if (details.prompt === 'login') openSignIn(details)
  else openConsent(details)
})

function openSignIn({ signInUrl }: Login): void {
  const form = byId('sign-in-form', HTMLFormElement)
  const email = byId('email', HTMLInputElement)
  const password = byId('password', HTMLInputElement)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void attempt(form, async () => {
      const credentials = { email: email.value, password: password.value, returnSecureToken: true }
      const { ok, answer: identity } = await send<{ idToken?: string }>(signInUrl, credentials)
      if (!ok) throw new Error('Email or password is wrong, or the account is switched off.')
      if (identity.idToken === undefined) throw new Error('Accounts with a second factor cannot sign in here yet.')
      await answer('login', { firebaseIdToken: identity.idToken })
    })
  })
  open(signIn)
  email.focus()
}

function openConsent({ businesses, scopes }: Consent): void {
  const names = businesses.flatMap((name) => [', ', element('strong', {}, name)]).slice(1)
  byId('businesses', HTMLElement).append(...names)
  byId('scopes', HTMLUListElement).append(
    ...scopes.map((scope) => element('li', {}, `${SCOPE_WORDS[scope]} (${scope})`)),
  )
  const isRefused = scopes.length === 0
  byId('refused', HTMLElement).hidden = !isRefused
  byId('granted', HTMLElement).hidden = isRefused
  byId('allow', HTMLButtonElement).hidden = isRefused
  open(consent)
}

function open(view: HTMLElement): void {
  document.title = view.querySelector('h1')?.textContent ?? document.title
  for (const button of view.querySelectorAll<HTMLButtonElement>('[data-answer]')) {
    button.addEventListener('click', () => void attempt(view, () => answer(button.dataset.answer as string)))
  }
  showOnly(view, [loading, signIn, consent])
}

/** Answers the request and follows the redirect. It then never settles, so that nothing is answered twice. */
async function answer(name: string, body: object = {}): Promise<never> {
  const { ok, answer } = await send<{ redirectTo: string }>(`${location.pathname}/${name}`, body)
  if (!ok) throw new Error(answer.message)
  location.assign(answer.redirectTo)
  return new Promise(() => {})
}

/** Reads an address, or posts a body to it. */
async function send<T>(
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
