import { createHash, randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import { freePort } from '../../embedded/postgres.ts'
import { Browser } from './cookie-browser.ts'
import { rpc, type Service, startService } from './service.ts'

export const REDIRECT = 'http://127.0.0.1:33418/callback'

export interface Tokens {
  access_token: string
  refresh_token: string
  scope: string
}

export interface Registered {
  client_id: string
  client_secret?: string
}

interface TokenAnswer {
  status: number
  body: Tokens & { error?: string; error_description?: string }
}

/** A service that listens where its OAuth metadata say. */
export async function startOAuthService(
  options: Parameters<typeof startService>[0] = {},
): Promise<{ service: Service; origin: string }> {
  const port = await freePort()
  const service = await startService({ ...options, config: { ...options.config, PORT: String(port) } })
  await service.app.listen({ host: 'localhost', port })
  return { service, origin: `http://localhost:${port}` }
}

/** What OAuth clients and their merchants do with the service at an origin. */
export function oauthAt(service: Service, origin: string) {
  const resource = `${origin}/mcp/connect`

  function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
    if (body instanceof URLSearchParams) return fetch(origin + path, { method: 'POST', headers, body })
    return fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  }

  async function register(metadata: object = {}): Promise<Registered> {
    const response = await post('/oauth/register', {
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'none',
      ...metadata,
    })
    expect(response.status).toBe(201)
    return response.json() as Promise<Registered>
  }

  function authorizationRequest({ client_id }: { client_id: string }, change: Record<string, string> = {}) {
    const verifier = randomBytes(32).toString('base64url')
    const url = new URL(`${origin}/oauth/authorize`)
    url.search = new URLSearchParams({
      client_id,
      response_type: 'code',
      redirect_uri: REDIRECT,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      state: 'some-state',
      resource,
      ...change,
    }).toString()
    return { url, verifier }
  }

  /** Answers a page as its script does. @returns where that leads */
  async function answer(browser: Browser, page: URL, name: string, body?: object): Promise<string> {
    const { body: answered } = await browser.answer(page, name, body)
    expect(answered.message).toBeUndefined()
    return answered.redirectTo as string
  }

  /** Goes through the pages as a merchant who signs in and agrees. */
  async function authorize(url: URL, uid: string, choice?: object): Promise<URLSearchParams> {
    const browser = new Browser()
    const signIn = await browser.open(url, origin)
    const firebaseIdToken = service.issuer.issueToken(uid)
    const consent = await browser.open(await answer(browser, signIn.url, 'login', { firebaseIdToken }), origin)
    const back = await browser.open(await answer(browser, consent.url, 'confirm', choice), origin)
    expect(back.url.href.startsWith(REDIRECT)).toBe(true)
    return back.url.searchParams
  }

  /** A code, and what redeems it. */
  async function authorized(client: Registered, uid: string, choice?: object) {
    const { url, verifier } = authorizationRequest(client)
    const code = (await authorize(url, uid, choice)).get('code') as string
    return { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: REDIRECT }
  }

  async function token({ client_id, client_secret }: Registered, fields: Record<string, string>): Promise<TokenAnswer> {
    const secret = client_secret === undefined ? {} : { client_secret }
    const response = await post('/oauth/token', new URLSearchParams({ client_id, ...secret, resource, ...fields }))
    return { status: response.status, body: (await response.json()) as TokenAnswer['body'] }
  }

  return {
    resource,
    post,
    register,
    authorizationRequest,
    answer,
    authorize,
    authorized,
    token,

    refresh: (client: Registered, refreshToken: string) =>
      token(client, { grant_type: 'refresh_token', refresh_token: refreshToken }),

    /** @param choice what the merchant allows; by default what the page proposes */
    async connect(
      uid: string,
      metadata: object = {},
      choice?: object,
    ): Promise<{ client: Registered; tokens: Tokens }> {
      const client = await register(metadata)
      const { status, body } = await token(client, await authorized(client, uid, choice))
      expect(status).toBe(200)
      return { client, tokens: body }
    },

    /** The status of a request with an access token. */
    statusOf: async (accessToken: string): Promise<number> =>
      (await rpc(service.app, accessToken, 'tools/list', {}, { url: '/mcp/connect' })).status,
  }
}

/** What an application stores for the OAuth part of an SDK. */
export function createMemory() {
  const kept = new Map<string, unknown>()
  let redirects = 0
  return {
    provider: {
      redirectUrl: REDIRECT,
      clientMetadata: { client_name: 'SDK client', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' },
      clientInformation: () => kept.get('client') as never,
      saveClientInformation: (client: unknown) => void kept.set('client', client),
      tokens: () => kept.get('tokens') as never,
      saveTokens: (tokens: unknown) => void kept.set('tokens', tokens),
      redirectToAuthorization: (url: URL) => {
        redirects += 1
        kept.set('url', url)
      },
      saveCodeVerifier: (verifier: string) => void kept.set('verifier', verifier),
      codeVerifier: () => kept.get('verifier') as string,
      saveDiscoveryState: (state: unknown) => void kept.set('discovery', state),
      discoveryState: () => kept.get('discovery') as never,
    },
    authorizationUrl: () => kept.get('url') as URL,
    tokens: () => kept.get('tokens') as Tokens,
    /** How often the merchant had to sign in. */
    redirects: () => redirects,
  }
}
