import { createHash, randomBytes } from 'node:crypto'
import { oauthAt, type Tokens } from './connected-client.ts'
import { Browser } from './cookie-browser.ts'
import { rpc, type Service } from './service.ts'

type Answer = Tokens & { error?: string; error_description?: string }

/** Parameters of a request; an array is a parameter given several times, undefined one that is left out. */
export type Parameters = Record<string, string | string[] | undefined>

/** What OAuth clients of any kind, also careless and hostile ones, do with the service at an origin. */
export function createOAuthFlow(service: Service, origin: string) {
  const { resource, post } = oauthAt(service, origin)

  /** A request as a client sends the merchant's browser to it. */
  function authorizationRequest(parameters: Parameters): { url: URL; verifier: string } {
    const verifier = randomBytes(32).toString('base64url')
    const url = new URL(`${origin}/oauth/authorize`)
    url.search = encode({
      response_type: 'code',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      state: 'some-state',
      resource,
      ...parameters,
    }).toString()
    return { url, verifier }
  }

  /** What a browser without cookies gets for an authorization request. */
  async function show(url: URL) {
    const { url: shown, response } = await new Browser().open(url, origin)
    return { shown, status: response?.status, text: await response?.text() }
  }

  /** The merchant signs in and allows it. @returns where the browser goes then */
  async function approve(url: URL, uid: string): Promise<URL> {
    const browser = new Browser()
    const signIn = await browser.open(url, origin)
    if (signIn.response?.status !== 200) throw new Error(`authorization refused: ${await signIn.response?.text()}`)
    const firebaseIdToken = service.issuer.issueToken(uid)
    const consent = await browser.open(await answer(browser, signIn.url, 'login', { firebaseIdToken }), origin)
    const back = await browser.open(await answer(browser, consent.url, 'confirm'), origin)
    return back.url
  }

  async function answer(browser: Browser, page: URL, name: string, body?: object): Promise<string> {
    const { status, body: answered } = await browser.answer(page, name, body)
    if (answered.redirectTo === undefined) throw new Error(`${name}: ${status} ${answered.message}`)
    return answered.redirectTo
  }

  async function register(metadata: object): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await post('/oauth/register', metadata)
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  async function token(parameters: Parameters): Promise<{ status: number; body: Answer }> {
    const response = await post('/oauth/token', encode(parameters))
    return { status: response.status, body: (await response.json()) as Answer }
  }

  /** The whole way from the authorization request to tokens. */
  async function connect(
    uid: string,
    client: { client_id: string; redirect_uri: string },
    change: { authorize?: Parameters; token?: Parameters } = {},
  ) {
    const { url, verifier } = authorizationRequest({ ...client, ...change.authorize })
    const back = await approve(url, uid)
    return token({
      ...client,
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? undefined,
      code_verifier: verifier,
      resource,
      ...change.token,
    })
  }

  async function listTools(accessToken: string, url = '/mcp/connect'): Promise<{ status: number; names: string[] }> {
    const { status, body } = await rpc(service.app, accessToken, 'tools/list', {}, { url })
    return { status, names: (body?.result?.tools ?? []).map(({ name }: { name: string }) => name) }
  }

  return { resource, authorizationRequest, show, approve, register, token, connect, listTools }
}

function encode(parameters: Parameters): URLSearchParams {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    [value].flat().flatMap((each): [string, string][] => (each === undefined ? [] : [[name, each]])),
  )
  return new URLSearchParams(pairs)
}
