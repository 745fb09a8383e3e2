import { createHash, randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { Browser } from '../support/cookie-browser.ts'
import type { Service } from '../support/service.ts'

const REDIRECT = 'http://127.0.0.1:33418/callback'

/** An access token for `/mcp/connect`, from a merchant who signed in and agreed. */
export async function connectionToken(service: Service, uid: string): Promise<string> {
  const { app, issuer } = service
  await app.listen({ host: 'localhost', port: 0 })
  const origin = `http://localhost:${(app.server.address() as AddressInfo).port}`
  const metadata = await fetch(`${origin}/.well-known/oauth-authorization-server/oauth`)
  const resource = new URL(((await metadata.json()) as { issuer: string }).issuer).origin
  // The pages know their published origin only; here they are asked at the port that listens.
  const here = (url: string | URL) => String(url).replace(resource, origin)
  const registered = await fetch(`${origin}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' }),
  })
  const { client_id } = (await registered.json()) as { client_id: string }
  const verifier = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({
    client_id,
    response_type: 'code',
    redirect_uri: REDIRECT,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: `${resource}/mcp/connect`,
  })
  const browser = new Browser()
  const open = (url: string) => browser.open(here(url), origin)
  const signIn = await open(`${origin}/oauth/authorize?${query}`)
  const answer = async (page: URL, name: string, body: object) => {
    const response = await browser.fetch(here(`${page}/${name}`), {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: resource },
      body: JSON.stringify(body),
    })
    return ((await response.json()) as { redirectTo: string }).redirectTo
  }
  const consent = await open(await answer(signIn.url, 'login', { firebaseIdToken: issuer.issueToken(uid) }))
  const back = await open(await answer(consent.url, 'confirm', {}))
  const response = await fetch(`${origin}/oauth/token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id,
      grant_type: 'authorization_code',
      code: back.url.searchParams.get('code') ?? '',
      redirect_uri: REDIRECT,
      code_verifier: verifier,
      resource: `${resource}/mcp/connect`,
    }),
  })
  const tokens = (await response.json()) as { access_token?: string }
  if (tokens.access_token === undefined) throw new Error(`no connection: ${JSON.stringify(tokens)}`)
  return tokens.access_token
}
