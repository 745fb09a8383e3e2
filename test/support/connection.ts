import { createHash, randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import type { Consent, InteractionDetails } from '../../src/oauth/interaction-details.ts'
import { Browser } from './cookie-browser.ts'
import type { Service } from './service.ts'

export const REDIRECT = 'http://127.0.0.1:33418/callback'

type ConsentDetails = Extract<InteractionDetails, { prompt: 'consent' }>

interface Asked {
  /** The scopes that the client asks for; default: it asks for none by name. */
  scope?: string
  /** Client metadata besides the redirect URI. */
  metadata?: object
}

/** A consent page that waits for its answer. */
export interface OpenConsent {
  browser: Browser
  page: URL
  details: ConsentDetails
  /** Answers it. */
  confirm(consent?: object): Promise<{ status: number; body: { redirectTo?: string; message?: string } }>
  /** Fetches the tokens after an answer of 200. */
  tokens(redirectTo: string): Promise<ConnectionTokens>
}

export interface ConnectionTokens {
  access_token: string
  refresh_token: string
  scope: string
  client_id: string
}

/** Registers a client and signs a user in for it, up to the consent. The service must listen at `origin`. */
export async function openConsent(service: Service, origin: string, uid: string, asked: Asked = {}) {
  const registration = await service.app.inject({
    method: 'POST',
    url: '/oauth/register',
    payload: { redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none', ...asked.metadata },
  })
  const { client_id } = registration.json<{ client_id: string }>()
  const verifier = randomBytes(32).toString('base64url')
  const url = new URL(`${origin}/oauth/authorize`)
  url.search = new URLSearchParams({
    client_id,
    response_type: 'code',
    redirect_uri: REDIRECT,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: `${origin}/mcp/connect`,
    ...(asked.scope === undefined ? {} : { scope: asked.scope }),
  }).toString()

  const browser = new Browser()
  const { page, details } = await signIn(service, browser, url, uid)
  const open: OpenConsent = {
    browser,
    page,
    details,
    confirm: (consent) => browser.answer(page, 'confirm', consent),
    async tokens(redirectTo) {
      const back = await browser.open(redirectTo, origin)
      const response = await fetch(`${origin}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams({
          client_id,
          grant_type: 'authorization_code',
          code: back.url.searchParams.get('code') as string,
          code_verifier: verifier,
          redirect_uri: REDIRECT,
        }),
      })
      expect(response.status).toBe(200)
      return { ...((await response.json()) as ConnectionTokens), client_id }
    },
  }
  return open
}

/** Signs a user in on the page of an authorization request. @returns the page of the consent */
export async function signIn(
  service: Service,
  browser: Browser,
  url: URL,
  uid: string,
): Promise<{ page: URL; details: ConsentDetails }> {
  const first = await browser.open(url, url.origin)
  const { body } = await browser.answer(first.url, 'login', { firebaseIdToken: service.issuer.issueToken(uid) })
  const { url: page } = await browser.open(body.redirectTo as string, url.origin)
  const details = await browser.fetch(`${page}/details`)
  return { page, details: (await details.json()) as ConsentDetails }
}

/** A connection of a user, narrowed by the consent. */
export async function connectAs(
  service: Service,
  origin: string,
  uid: string,
  { consent, ...asked }: Asked & { consent?: Consent } = {},
): Promise<ConnectionTokens> {
  const open = await openConsent(service, origin, uid, asked)
  const { body } = await open.confirm(consent)
  expect(body.message).toBeUndefined()
  return open.tokens(body.redirectTo as string)
}
