import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { buildPage } from '../../../scripts/build-page.ts'
import { keyOf } from '../../../src/oauth/adapter.ts'
import { oauthAt, REDIRECT, startOAuthService } from '../../support/connected-client.ts'
import { Browser } from '../../support/cookie-browser.ts'
import { connectRedis, type Service } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

let service: Service
let origin: string
let oauth: ReturnType<typeof oauthAt>
let lines: string[] = []

beforeAll(async () => {
  await buildPage()
  const logger = { level: 'trace', stream: { write: (line: string) => void lines.push(line) } }
  ;({ service, origin } = await startOAuthService({ users: ['ana'], logger }))
  const shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  oauth = oauthAt(service, origin)
})
beforeEach(() => {
  service.now = new Date()
  lines = []
})
afterAll(() => service?.close())

const REFUSED = 'authorization server refused a request'

interface Line {
  msg: string
  reqId?: string
  [field: string]: unknown
}

const logged = () => lines.map((line): Line => JSON.parse(line))
const refusals = () => logged().filter(({ msg }) => msg === REFUSED)

/** The line of a request, once it is written: after the answer. */
async function requestLine(): Promise<Line> {
  await expect.poll(() => logged().filter(({ msg }) => msg === 'request').length).toBeGreaterThan(0)
  return logged().findLast(({ msg }) => msg === 'request') as Line
}

describe('a refused request is one line with client, reason and true path, and the id of its request', () => {
  const form = (fields: Record<string, string>) => new URLSearchParams(fields)

  it.each([
    [
      'an unknown client',
      () => fetch(oauth.authorizationRequest({ client_id: 'nobody' }).url, { redirect: 'manual' }),
      { path: '/oauth/authorize', clientId: 'nobody', error: 'invalid_client', detail: 'client not found' },
    ],
    [
      'a client document at an address inside',
      () =>
        fetch(oauth.authorizationRequest({ client_id: 'https://127.0.0.1/client.json' }).url, { redirect: 'manual' }),
      { path: '/oauth/authorize', clientId: 'https://127.0.0.1/client.json', error: 'invalid_client' },
    ],
    [
      'a foreign redirect_uri',
      async () =>
        fetch(oauth.authorizationRequest(await oauth.register(), { redirect_uri: 'https://evil.example/' }).url),
      { path: '/oauth/authorize', clientId: expect.any(String), error: 'invalid_redirect_uri' },
    ],
    [
      'a foreign resource',
      async () =>
        fetch(oauth.authorizationRequest(await oauth.register(), { resource: 'https://other.example/mcp' }).url, {
          redirect: 'manual',
        }),
      { path: '/oauth/authorize', clientId: expect.any(String), error: 'invalid_target' },
    ],
    [
      'no PKCE',
      async () => {
        const { url } = oauth.authorizationRequest(await oauth.register())
        for (const name of ['code_challenge', 'code_challenge_method']) url.searchParams.delete(name)
        return fetch(url, { redirect: 'manual' })
      },
      { path: '/oauth/authorize', error: 'invalid_request', description: expect.stringContaining('PKCE') },
    ],
    [
      'an unknown refresh token',
      async () => {
        const { client_id } = await oauth.register()
        return oauth.post('/oauth/token', form({ client_id, grant_type: 'refresh_token', refresh_token: 'A-TOKEN' }))
      },
      { path: '/oauth/token', error: 'invalid_grant', detail: 'refresh token not found', userAgent: 'node' },
    ],
    [
      'a wrong secret',
      async () => {
        const { client_id } = await oauth.register({ token_endpoint_auth_method: 'client_secret_post' })
        const fields = { client_id, client_secret: 'A-SECRET', grant_type: 'authorization_code', code: 'A-CODE' }
        return oauth.post('/oauth/token', form(fields))
      },
      { path: '/oauth/token', error: 'invalid_client', detail: 'invalid secret provided' },
    ],
    [
      'a registration',
      () => oauth.post('/oauth/register', { redirect_uris: ['javascript:alert(1)'] }),
      { path: '/oauth/register', error: 'invalid_redirect_uri', description: expect.stringContaining('redirect_uris') },
    ],
    [
      'a revocation',
      () => oauth.post('/oauth/revoke', form({ client_id: 'nobody', token: 'A-TOKEN' })),
      { path: '/oauth/revoke', clientId: 'nobody', error: 'invalid_client', detail: 'client not found' },
    ],
    [
      'a sign-in that has expired',
      () => fetch(`${origin}/oauth/authorize/${randomBytes(20).toString('hex')}`),
      { path: expect.stringMatching(/^\/oauth\/authorize\/[0-9a-f]+$/), error: 'invalid_request' },
    ],
  ])('%s', async (_what, send, facts) => {
    const response = await send()
    await response.body?.cancel()
    const { reqId, path, status } = await requestLine()
    expect({ path, status }).toEqual({ path: facts.path, status: response.status })
    expect(refusals()).toEqual([expect.objectContaining({ level: 30, reqId, ...facts })])
    expect(lines.join()).not.toMatch(/A-TOKEN|A-CODE|A-SECRET|some-state/)
  })

  it.each([
    '/.well-known/oauth-authorization-server/oauth',
    '/.well-known/openid-configuration/oauth',
    '/oauth/.well-known/openid-configuration',
    '/oauth/jwks',
  ])('and GET %s has its own path', async (path) => {
    const response = await fetch(`${origin}${path}?code=A-CODE`)
    expect(response.status).toBe(200)
    await response.body?.cancel()
    expect(await requestLine()).toMatchObject({ method: 'GET', path, status: 200 })
    expect(lines.join()).not.toContain('A-CODE')
  })
})

it('a whole connection, its refusals and its end leave no secret in the log', async () => {
  const client = await oauth.register({ token_endpoint_auth_method: 'client_secret_post' })
  const redemption = await oauth.authorized(client, 'ana')
  const first = (await oauth.token(client, redemption)).body
  const second = (await oauth.refresh(client, first.refresh_token)).body
  const wrong = await oauth.token({ ...client, client_secret: `x${client.client_secret}` }, redemption)
  expect(wrong.status).toBe(401)
  service.now = new Date(service.now.getTime() + 61_000)
  expect((await oauth.refresh(client, first.refresh_token)).status).toBe(400)
  expect((await oauth.token(client, redemption)).status).toBe(400)
  expect((await oauth.refresh(client, second.refresh_token)).status).toBe(400)

  const reasons = refusals().map(({ error, detail }) => `${error}: ${detail}`)
  expect(reasons).toEqual([
    'invalid_client: invalid secret provided',
    'invalid_grant: refresh token already used',
    'invalid_grant: grant not found',
    'invalid_grant: grant not found',
  ])
  const log = lines.join()
  const { code, code_verifier } = redemption
  const secrets = [first, second].flatMap((tokens) => [tokens.access_token, tokens.refresh_token])
  for (const secret of [client.client_secret as string, code, code_verifier, ...secrets]) {
    expect(log).not.toContain(secret)
  }
  expect(log).not.toContain('some-state')
})

describe('the page of a refused request', () => {
  it.each([
    [undefined, 'en', 'This did not work', 'does not know your assistant'],
    ['es-GT,es;q=0.9,en;q=0.8', 'es', 'Esto no funcionó', 'ya no conoce a tu asistente'],
    ['de,en;q=0.5,es;q=0.4', 'en', 'This did not work', 'does not know your assistant'],
    ['fr', 'en', 'This did not work', 'does not know your assistant'],
    ['"><script>', 'en', 'This did not work', 'does not know your assistant'],
  ])('is in the language of Accept-Language: %s', async (language, lang, title, sentence) => {
    const { url } = oauth.authorizationRequest({ client_id: 'nobody' })
    const headers = language === undefined ? {} : { 'accept-language': language }
    const response = await service.app.inject({
      url: url.pathname + url.search,
      headers: { accept: 'text/html', ...headers },
    })
    expect(response.statusCode).toBe(400)
    expect(response.body).toContain(`<html lang="${lang}">`)
    expect(response.body).toContain(`<title>${title}</title>`)
    expect(response.body).toContain(`<h1>${title}</h1>`)
    expect(response.body).toContain(sentence)
    expect(response.body).not.toContain('{{')
  })

  it('says in Spanish, too, that a sign-in has expired', async () => {
    const headers = { 'accept-language': 'es' }
    for (const path of ['/oauth/interaction/gone', '/oauth/authorize/gone']) {
      const page = await new Browser().fetch(origin + path, { headers })
      expect(page.status).toBeGreaterThanOrEqual(400)
      const html = await page.text()
      expect(html).toContain('<html lang="es">')
      expect(html).toContain('Este inicio de sesión venció o ya se completó.')
    }
  })

  it('shows what a client sends as text', async () => {
    const { url } = oauth.authorizationRequest(await oauth.register(), { response_type: '<img src=x>' })
    url.searchParams.set('redirect_uri', REDIRECT)
    const hostile = await fetch(url, { redirect: 'manual' })
    expect(await hostile.text()).not.toContain('<img')
  })

  it("gives the id of the request, under which the log has the reason, when it is nobody's fault", async () => {
    const redis = connectRedis()
    await redis.hset(`mcp:oauth:${keyOf('Client', 'broken')}`, 'value', '{')
    const { url } = oauth.authorizationRequest({ client_id: 'broken' })
    const headers = { accept: 'text/html', 'x-request-id': 'from-the-client' }
    const page = await service.app.inject({ url: url.pathname + url.search, headers })
    await redis.del(`mcp:oauth:${keyOf('Client', 'broken')}`)
    redis.disconnect()

    expect(page.statusCode).toBe(500)
    const failure = logged().find(({ msg }) => msg === 'authorization server failed')
    expect(failure).toMatchObject({ level: 50, path: '/oauth/authorize', err: { type: 'SyntaxError' } })
    expect((await requestLine()).reqId).toBe(failure?.reqId)
    expect(page.body).toContain(`give support this number: ${failure?.reqId}`)
    expect(page.body).not.toMatch(/JSON|from-the-client/)
  })
})
