import { Browser } from './cookie-browser.ts'
import type { Service } from './service.ts'

/** Who answers the pages of OAuth, and of which service. */
export interface SigningIn {
  service: Service
  /** Of the service's public address. */
  origin: string
  uid: string
}

/**
 * Goes through the pages of an authorization request as a merchant who signs in with a password and allows everything.
 * @returns the client's own address that the browser is sent back to, which it has not yet opened
 * @throws an Error with what the service said instead
 */
export async function signInAndAllow(
  authorizationUrl: string | URL,
  { service, origin, uid }: SigningIn,
): Promise<URL> {
  const browser = new Browser()
  const signIn = await browser.open(authorizationUrl, origin)
  const identity = await post(fetch, new URL(`${service.issuer.url}/v1/accounts:signInWithPassword?key=any`), {
    email: `${uid}@example.com`,
    password: 'password',
    returnSecureToken: true,
  })
  if (signIn.response?.status !== 200) throw new Error(`sign-in page: ${await signIn.response?.text()}`)
  const answer = async (page: URL, name: string, body: object) => {
    const { redirectTo } = await post(browser.fetch.bind(browser), `${page}/${name}`, body, { origin })
    return browser.open(redirectTo as string, origin)
  }
  const consent = await answer(signIn.url, 'login', { firebaseIdToken: identity.idToken })
  return (await answer(consent.url, 'confirm', ALLOW_EVERYTHING)).url
}

/** What the consent page sends for a merchant who leaves nothing out. */
const ALLOW_EVERYTHING = {}

async function post(
  send: (url: string | URL, init: RequestInit) => Promise<Response>,
  url: string | URL,
  body: object,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const response = await send(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return response.json() as Promise<Record<string, unknown>>
}
