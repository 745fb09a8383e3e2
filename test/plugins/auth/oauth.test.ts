import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../../embedded/postgres.ts'
import { buildPage } from '../../../scripts/build-page.ts'
import { AUDITED } from '../../../src/audit/audit-row.ts'
import type { InteractionDetails } from '../../../src/oauth/interaction-details.ts'
import { Browser } from '../../support/cookie-browser.ts'
import { connectRedis, rpc, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser, type Shop } from '../../support/shop.ts'

const REDIRECT = 'http://127.0.0.1:33418/callback'
const SHOP_SCOPES = 'pos:read pos:write reports:read psa:read pos:intents'
const ALL_SCOPES = `${SHOP_SCOPES} clients:read`

let service: Service
let shop: Shop
let origin: string
let resource: string

beforeAll(async () => {
  await buildPage()
  const port = await freePort()
  service = await startService({ users: ['ana', 'carla', 'dario', 'nadie'], config: { PORT: String(port) } })
  shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  await makeUser(service.db, 'carla', [{ shop, role: 'cashier' }])
  await makeUser(service.db, 'dario', [{ shop, role: 'owner' }])
  await service.app.listen({ host: 'localhost', port })
  origin = `http://localhost:${port}`
  resource = `${origin}/mcp/connect`
})
beforeEach(() => {
  service.now = new Date()
})
afterAll(() => service?.close())

describe('discovery', () => {
  it('leads from the 401 to both metadata documents', async () => {
    const refused = await fetch(resource, { method: 'POST' })
    expect(refused.status).toBe(401)
    const challenge = refused.headers.get('www-authenticate') ?? ''
    // RFC 6750 section 3.1: no error for a request without a credential.
    expect(challenge).toMatch(/^Bearer resource_metadata="/)
    expect(challenge).not.toContain('error')
    expect(await refused.json()).toMatchObject({ code: 'unauthenticated', message: SIGN_IN })
    expect(challenge).toContain(`scope="${ALL_SCOPES}"`)
    const [, metadataUrl = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? []

    expect(metadataUrl).toBe(`${origin}/.well-known/oauth-protected-resource/mcp/connect`)
    expect(await (await fetch(metadataUrl)).json()).toMatchObject({
      resource,
      authorization_servers: [`${origin}/oauth`],
      scopes_supported: ALL_SCOPES.split(' '),
    })
    for (const path of [
      '/.well-known/oauth-authorization-server/oauth',
      '/.well-known/openid-configuration/oauth',
      '/oauth/.well-known/openid-configuration',
    ]) {
      expect(await (await fetch(origin + path)).json()).toMatchObject({
        issuer: `${origin}/oauth`,
        authorization_endpoint: `${origin}/oauth/authorize`,
        token_endpoint: `${origin}/oauth/token`,
        registration_endpoint: `${origin}/oauth/register`,
        revocation_endpoint: `${origin}/oauth/revoke`,
        code_challenge_methods_supported: ['S256'],
        authorization_response_iss_parameter_supported: true,
        client_id_metadata_document_supported: true,
        token_endpoint_auth_methods_supported: expect.arrayContaining(['none', 'client_secret_post']),
        scopes_supported: ALL_SCOPES.split(' '),
      })
    }
  })

  it.each(['Bearer no.such.token', 'Bearer', 'Basic dTpw'])(
    'and from a wrong credential: %s',
    async (authorization) => {
      for (const method of ['POST', 'GET', 'DELETE']) {
        const refused = await fetch(resource, { method, headers: { authorization } })
        expect(refused.status).toBe(401)
        expect(refused.headers.get('www-authenticate')).toMatch(
          /^Bearer error="invalid_token", error_description="[^"]+", resource_metadata="[^"]+", scope="[^"]+"$/,
        )
        expect(await refused.json()).toMatchObject({ code: 'unauthenticated', message: SIGN_IN })
      }
    },
  )

  it.each(['127.0.0.1', 'localhost'])('names the public address, asked as %s', async (hostname) => {
    const url = `http://${hostname}:${new URL(origin).port}/.well-known/oauth-authorization-server/oauth`
    const response = await service.app.inject({ url, headers: { 'x-forwarded-host': 'evil.example' } })
    expect(response.json().token_endpoint).toBe(`${origin}/oauth/token`)
  })

  it('is that of PUBLIC_URL behind a balancer that ends TLS, with secure cookies', async () => {
    const publicUrl = 'https://api.flowpos.example'
    const app = await service.anotherInstance({ PUBLIC_URL: publicUrl })
    const metadata = await app.inject({ url: '/.well-known/oauth-authorization-server/oauth' })
    expect(metadata.json()).toMatchObject({ issuer: `${publicUrl}/oauth`, token_endpoint: `${publicUrl}/oauth/token` })
    const { url } = authorizationRequest(await register(), { resource: `${publicUrl}/mcp/connect` })
    const { statusCode, headers } = await app.inject({ url: url.pathname + url.search })
    expect(statusCode).toBe(303)
    const cookies = [headers['set-cookie']].flat()
    expect(cookies.length).toBeGreaterThan(1)
    for (const cookie of cookies) expect(cookie).toMatch(/; secure; httponly/i)
  })

  it.each([
    ['an API key', { FIREBASE_API_KEY: '' }],
    ['a public address', { PUBLIC_URL: '' }],
    ['any way to sign in', { FIREBASE_SIGN_IN_PROVIDERS: 'google.com' }],
  ])('leads nowhere without %s', async (_what, config) => {
    const app = await service.anotherInstance(config)
    for (const [method, url] of [
      ['POST', '/mcp/connect'],
      ['GET', '/.well-known/oauth-protected-resource/mcp/connect'],
      ['GET', '/.well-known/oauth-authorization-server/oauth'],
      ['GET', '/.well-known/openid-configuration/oauth'],
      ['GET', '/oauth/.well-known/openid-configuration'],
      ['GET', '/oauth/authorize'],
      ['POST', '/oauth/register'],
      ['POST', '/oauth/token'],
      ['GET', '/oauth/interaction/some'],
    ] as const) {
      expect((await app.inject({ method, url })).statusCode, url).toBe(404)
    }
  })

  it('leaves /mcp without any', async () => {
    const refused = await fetch(`${origin}/mcp`, { method: 'POST' })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).not.toContain('resource_metadata')
    for (const path of [
      'oauth-authorization-server',
      'oauth-protected-resource',
      'oauth-protected-resource/mcp',
      'openid-configuration',
    ]) {
      const response = await fetch(`${origin}/.well-known/${path}`)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ statusCode: 404, code: 'not_found' })
    }
  })
})

describe('the clients of both SDKs', () => {
  it('sign in, list tools and refresh: first SDK', async () => {
    const memory = createMemory()
    const transport = () => new StreamableHTTPClientTransport(new URL(resource), { authProvider: memory.provider })
    const first = transport()
    await expect(new Client(INFO).connect(first as never)).rejects.toThrow(UnauthorizedError)

    const answer = await authorize(memory.authorizationUrl(), 'ana')
    expect(answer.get('iss')).toBe(`${origin}/oauth`)
    await first.finishAuth(answer.get('code') as string)

    const client = new Client(INFO)
    await client.connect(transport() as never)
    await usesAndRefreshes(client, memory)
    await client.close()
  })

  it('sign in, list tools and refresh: second SDK, with full schemas asked for in the URL', async () => {
    const memory = createMemory()
    const transport = () => new TransportV2(new URL(`${resource}?schemas=full`), { authProvider: memory.provider })
    const first = transport()
    await expect(new ClientV2(INFO).connect(first)).rejects.toThrow(/Unauthorized/i)

    // This one checks `iss` of the answer itself (RFC 9207).
    await first.finishAuth(await authorize(memory.authorizationUrl(), 'ana'))

    const client = new ClientV2(INFO, { versionNegotiation: { mode: 'auto' } })
    await client.connect(transport())
    expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28')
    const { tools } = await client.listTools()
    const day = tools.find(({ name }) => name === 'summarize_day')
    expect(day?.outputSchema).toHaveProperty('properties.days.items')
    await usesAndRefreshes(client, memory)
    await client.close()
  })

  async function usesAndRefreshes(client: Client | ClientV2, memory: Memory): Promise<void> {
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('summarize_day')
    const summarize = () => client.callTool({ name: 'summarize_day', arguments: {} })
    expect((await summarize()).isError ?? false).toBe(false)
    const before = memory.tokens()
    expect(before).toMatchObject({ token_type: 'Bearer', expires_in: 3600, scope: ALL_SCOPES })

    travel(3601)
    expect((await summarize()).isError ?? false).toBe(false)
    expect(memory.tokens().access_token).not.toBe(before.access_token)
    expect(memory.tokens().refresh_token).not.toBe(before.refresh_token)
    expect(memory.redirects()).toBe(1)
  }
})

describe('the pages', () => {
  it('name the client, where it goes and what it may do, and cannot be framed or scripted', async () => {
    const browser = new Browser()
    const client = await register({ client_name: '<b>Claude</b>\u202e', redirect_uris: ['https://claude.ai/cb'] })
    const request = authorizationRequest(client, { redirect_uri: 'https://claude.ai/cb' })
    const { url, response } = await browser.open(request.url, origin)
    expect(response?.status).toBe(200)
    const csp = response?.headers.get('content-security-policy') ?? ''
    expect(csp).toContain("default-src 'none'")
    expect(csp).toContain("frame-ancestors 'none'")
    expect(csp).not.toContain('unsafe')
    expect(response?.headers.get('cache-control')).toBe('no-store')
    expect(await response?.text()).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son[a-z]+=/i)
    const signIn = await detailsOf(browser, url)
    expect(signIn).toEqual({
      prompt: 'login',
      client: '<b>Claude</b>',
      place: { host: 'claude.ai', kind: 'site' },
      signIn: {
        apiKey: 'AIza-test',
        projectId: null,
        authDomain: null,
        providers: ['password'],
        recaptcha: false,
        identityUrl: null,
      },
    })

    const consent = await answer(browser, url, 'login', { firebaseIdToken: service.issuer.issueToken('carla') })
    const asked = await browser.open(consent, origin)
    expect(asked.response?.status).toBe(200)
    expect(await detailsOf(browser, asked.url)).toEqual({
      prompt: 'consent',
      client: '<b>Claude</b>',
      place: { host: 'claude.ai', kind: 'site' },
      publisher: null,
      businesses: [{ id: shop.id, name: shop.name, role: 'cashier', scopes: ['pos:read', 'pos:write'] }],
      barred: [],
      scopes: ['pos:read', 'pos:write'],
      clientData: true,
    })
    const files = [...((await asked.response?.text()) ?? '').matchAll(/="(\/assets\/[^"]+)"/g)]
    expect(files.length).toBeGreaterThan(1)
    for (const [, file] of files) expect((await fetch(origin + file)).status).toBe(200)
  })

  it('may ask Firebase, and open pop-ups only if there is an auth domain', async () => {
    const headersOf = async (config: Record<string, string>) => {
      const app = await service.anotherInstance(config)
      const { url } = authorizationRequest(await register())
      const sent = await app.inject({ url: url.pathname + url.search })
      const cookies = Object.fromEntries(sent.cookies.map(({ name, value }) => [name, value]))
      const page = await app.inject({ url: new URL(String(sent.headers.location), origin).pathname, cookies })
      expect(page.statusCode).toBe(200)
      return page.headers
    }
    const plain = await headersOf({})
    expect(plain['content-security-policy']).toContain(
      "script-src 'self';style-src 'self';img-src 'self' data:;connect-src 'self' https://identitytoolkit.googleapis.com https://securetoken.googleapis.com;frame-src 'none';",
    )
    expect(plain['cross-origin-opener-policy']).toBe('same-origin')
    const withPopUps = await headersOf({ FIREBASE_AUTH_DOMAIN: 'flowpos.firebaseapp.com' })
    expect(withPopUps['content-security-policy']).toContain("script-src 'self' https://apis.google.com;")
    expect(withPopUps['content-security-policy']).toContain('frame-src https://flowpos.firebaseapp.com;')
    expect(withPopUps['cross-origin-opener-policy']).toBe('same-origin-allow-popups')
  })

  it('give a cashier the scopes of a cashier', async () => {
    const { tokens } = await connect('carla')
    expect(tokens.scope).toBe('pos:read pos:write clients:read')
    expect((await listTools(tokens.access_token)).names).not.toContain('get_sales_report')
  })

  it('ask everybody to sign in each time, whoever did before in this browser', async () => {
    const browser = new Browser()
    const client = await register()
    for (const uid of ['ana', 'ana', 'carla']) {
      const request = authorizationRequest(client)
      const { url } = await browser.open(request.url, origin)
      expect((await detailsOf(browser, url)).prompt).toBe('login')
      const consent = await answer(browser, url, 'login', { firebaseIdToken: service.issuer.issueToken(uid) })
      const asked = await browser.open(consent, origin)
      const back = await browser.open(await answer(browser, asked.url, 'confirm'), origin)
      expect(back.url.searchParams.get('code')).toMatch(/./)
    }
  })

  it('send the merchant back with access_denied', async () => {
    const browser = new Browser()
    const { url } = await browser.open(authorizationRequest(await register()).url, origin)
    const back = await browser.open(await answer(browser, url, 'abort'), origin)
    expect(Object.fromEntries(back.url.searchParams)).toMatchObject({ error: 'access_denied', iss: `${origin}/oauth` })
  })

  it('refuse people who are not signed in, not members, or in another browser', async () => {
    const browser = new Browser()
    const { url } = await browser.open(authorizationRequest(await register()).url, origin)
    const idToken = service.issuer.issueToken('ana')
    expect(await statusOf(browser, `${url}/login`, { firebaseIdToken: 'no.id.token' })).toBe(401)
    expect(await statusOf(browser, `${url}/login`, { firebaseIdToken: service.issuer.issueToken('nadie') })).toBe(403)
    expect(await statusOf(browser, `${url}/confirm`, { scopes: ['pos:read'] })).toBe(404)
    expect(await statusOf(new Browser(), `${url}/login`, { firebaseIdToken: idToken })).toBe(404)
    const foreign = await browser.fetch(`${url}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
      body: JSON.stringify({ firebaseIdToken: idToken }),
    })
    expect(foreign.status).toBe(403)
    const unknown = await new Browser().fetch(url)
    expect(unknown.status).toBe(404)
    expect(unknown.headers.get('content-type')).toMatch(/^text\/html/)
    expect(await unknown.text()).toContain('expired')
    expect((await new Browser().fetch(`${url}/details`)).status).toBe(404)
  })
})

describe('what is refused', () => {
  it.each([
    ['no PKCE', { code_challenge: '', code_challenge_method: '' }, 'PKCE'],
    ['PKCE plain', { code_challenge_method: 'plain' }, 'PKCE'],
    ['a foreign resource', { resource: 'https://other.example/mcp' }, 'resource'],
    ['plain /mcp as the resource', { resource: '{origin}/mcp' }, 'resource'],
  ])('an authorization request with %s', async (_what, change, problem) => {
    const { url } = authorizationRequest(await register())
    for (const [name, value] of Object.entries(change)) {
      if (value === '') url.searchParams.delete(name)
      else url.searchParams.set(name, value.replace('{origin}', origin))
    }
    const { url: shown, response } = await new Browser().open(url, origin)
    expect(shown.origin).toBe(origin)
    expect(response?.status).toBe(400)
    expect(await response?.text()).toContain(problem)
  })

  it('a redirect to where the client did not register, without going there', async () => {
    const { url } = authorizationRequest(await register(), { redirect_uri: 'https://evil.example/cb' })
    const { url: shown, response } = await new Browser().open(url, origin)
    expect(shown.origin).toBe(origin)
    expect(response?.status).toBe(400)
    expect(await response?.text()).toContain('redirect_uri')
  })

  it.each(['javascript:alert(1)', 'data:text/html,hi', 'http://evil.example/cb'])(
    'the registration of %s',
    async (redirectUri) => {
      const response = await post('/oauth/register', { redirect_uris: [redirectUri] })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ error: 'invalid_redirect_uri' })
    },
  )

  it('metadata of unreasonable size', async () => {
    const response = await post('/oauth/register', { redirect_uris: [REDIRECT], client_name: 'x'.repeat(9000) })
    expect(response.status).toBe(400)
  })

  it.each(['https://127.0.0.1/client.json', 'https://localhost/client.json', 'https://example.com:8443/client.json'])(
    'to fetch the metadata of client %s',
    async (clientId) => {
      const { url } = authorizationRequest({ client_id: clientId })
      const { response } = await new Browser().open(url, origin)
      expect(response?.status).toBe(400)
    },
  )

  it('a code used twice, and then everything that came from it', async () => {
    const client = await register()
    const { code, verifier } = await authorized(client, 'ana')
    const exchange = () => token(client, { grant_type: 'authorization_code', code, code_verifier: verifier })
    const first = await exchange()
    expect((await listTools(first.body.access_token)).status).toBe(200)
    expect(await exchange()).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await listTools(first.body.access_token)).status).toBe(401)
    expect((await refresh(client, first.body.refresh_token)).status).toBe(400)
  })

  it('all but one of several uses of a code at once', async () => {
    const client = await register()
    const { code, verifier } = await authorized(client, 'ana')
    const results = await Promise.all(
      Array.from({ length: 5 }, () =>
        token(client, { grant_type: 'authorization_code', code, code_verifier: verifier }),
      ),
    )
    expect(results.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
  })

  it('a wrong code verifier', async () => {
    const client = await register()
    const { code } = await authorized(client, 'ana')
    const wrong = randomBytes(32).toString('base64url')
    expect(await token(client, { grant_type: 'authorization_code', code, code_verifier: wrong })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
  })

  it('a refresh token used again after more than a minute, and then everything that came from it', async () => {
    const { client, tokens } = await connect('ana')
    const second = await refresh(client, tokens.refresh_token)
    expect(second.status).toBe(200)
    travel(61)
    expect(await refresh(client, tokens.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    expect((await refresh(client, second.body.refresh_token)).status).toBe(400)
    expect((await listTools(second.body.access_token)).status).toBe(401)
  })

  it('a token of one endpoint at the other', async () => {
    const { tokens } = await connect('ana')
    const pasted = await service.tokenOf('ana')
    expect((await listTools(tokens.access_token)).status).toBe(200)
    expect((await listTools(tokens.access_token, '/mcp')).status).toBe(401)
    expect((await listTools(pasted)).status).toBe(401)
    expect((await listTools(tokens.refresh_token)).status).toBe(401)
    const refreshed = await service.app.inject({
      method: 'POST',
      url: '/mcp/token/refresh',
      headers: { authorization: `Bearer ${tokens.access_token}` },
    })
    expect(refreshed.statusCode).toBe(401)
  })

  it('registrations without end from one address', async () => {
    const redis = connectRedis()
    const remoteAddress = '203.0.113.7'
    const register = () =>
      service.app.inject({ method: 'POST', url: '/oauth/register', remoteAddress, payload: { redirect_uris: [] } })
    expect((await register()).statusCode).toBe(400)
    await redis.set(`mcp:registrations:${remoteAddress}`, 300, 'EX', 60)
    const refused = await register()
    expect(refused.statusCode).toBe(429)
    expect(refused.headers['retry-after']).toMatch(/^\d+$/)
    redis.disconnect()
  })
})

describe('a connection', () => {
  it('stops within a minute when the user is dismissed, and cannot be refreshed', async () => {
    const { client, tokens } = await connect('dario')
    expect((await listTools(tokens.access_token)).status).toBe(200)
    await setMembership('dario', false)
    try {
      travel(60)
      expect((await listTools(tokens.access_token)).status).toBe(403)
      expect(await refresh(client, tokens.refresh_token)).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      })
    } finally {
      await setMembership('dario', true)
    }
  })

  it('is one entry in the list of tokens, and ends for good when revoked there', async () => {
    const { client, tokens } = await connect('dario', { client_name: 'Cursor' })
    const renewed = (await refresh(client, tokens.refresh_token)).body
    const pasted = await service.tokenOf('dario')
    const headers = { authorization: `Bearer ${pasted}` }
    const listed = (await service.app.inject({ url: '/mcp/tokens', headers })).json().tokens
    const mine = listed.filter(({ label }: { label: string }) => label === 'Cursor')
    expect(mine).toHaveLength(1)
    expect(mine[0].scopes).toEqual(SHOP_SCOPES.split(' '))

    const payload = { jti: mine[0].jti }
    const revoked = await service.app.inject({ method: 'POST', url: '/mcp/token/revoke', headers, payload })
    expect(revoked.statusCode).toBe(200)
    expect((await listTools(renewed.access_token)).status).toBe(401)
    expect(await refresh(client, renewed.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
  })

  it('ends when the client revokes its refresh token (RFC 7009)', async () => {
    const { client, tokens } = await connect('ana')
    const response = await post('/oauth/revoke', form(client, { token: tokens.refresh_token }))
    expect(response.status).toBe(200)
    expect((await listTools(tokens.access_token)).status).toBe(401)
    expect((await refresh(client, tokens.refresh_token)).status).toBe(400)
  })

  it('is narrowed by a refresh that asks for less', async () => {
    const { client, tokens } = await connect('ana')
    await listTools(tokens.access_token)
    const less = await refresh(client, tokens.refresh_token, { scope: 'pos:read' })
    expect(less.body.scope).toBe('pos:read')
    const { names } = await listTools(less.body.access_token)
    expect(names).toContain('get_products')
    expect(names).not.toContain('summarize_day')
  })

  it('is served by any instance at any step', async () => {
    const other = await service.anotherInstance()
    const client = await register()
    const { code, verifier } = await authorized(client, 'ana')
    const payload = form(client, {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: REDIRECT,
    }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const exchanged = await other.inject({ method: 'POST', url: '/oauth/token', headers, payload })
    expect(exchanged.statusCode).toBe(200)
    expect((await listTools(exchanged.json().access_token)).status).toBe(200)
  })
})

describe('Redis away', () => {
  const AWAY = 'The session store does not answer at the moment. Try again in a few seconds.'

  it('is a 503 with Retry-After at every endpoint that needs it', async () => {
    const client = await register()
    const without = await service.anotherInstance()
    without.redis.disconnect()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const { url } = authorizationRequest(client)
    const away = { statusCode: 503, headers: { 'retry-after': '2' } }

    for (const [path, fields] of [
      ['/oauth/token', { grant_type: 'refresh_token', refresh_token: 'x'.repeat(43) }],
      ['/oauth/revoke', { token: 'x'.repeat(43) }],
    ] as const) {
      const payload = form(client, fields).toString()
      const response = await without.inject({ method: 'POST', url: path, headers, payload })
      expect(response).toMatchObject(away)
      expect(response.json()).toEqual({ error: 'temporarily_unavailable', error_description: AWAY })
    }
    const page = await without.inject({ url: url.pathname + url.search })
    expect(page).toMatchObject(away)
    expect(page.body).toContain('FlowPOS is not available at the moment. Wait a few seconds')
    expect(await without.inject({ method: 'POST', url: '/oauth/register', payload: {} })).toMatchObject(away)
  })
})

it('keeps everything in Redis for a limited time', async () => {
  await connect('ana')
  const redis = connectRedis()
  const keys = await redis.keys('mcp:oauth:*')
  expect(keys.length).toBeGreaterThan(3)
  // -1 is a key that is kept for ever.
  for (const key of keys) expect(await redis.ttl(key)).not.toBe(-1)
  redis.disconnect()
})

const SIGN_IN =
  'Sign in through your client: it learns how from this answer. Pasted tokens and API keys belong to /mcp.'
const INFO = { name: 'oauth-client', version: '1' }

interface Tokens {
  access_token: string
  refresh_token: string
  token_type: string
  scope: string
}

interface Registered {
  client_id: string
}

type Memory = ReturnType<typeof createMemory>

/** What an application stores for the OAuth part of an SDK. */
function createMemory() {
  const kept = new Map<string, unknown>()
  let redirects = 0
  const provider = {
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
  }
  return {
    provider,
    authorizationUrl: () => kept.get('url') as URL,
    tokens: () => kept.get('tokens') as Tokens,
    redirects: () => redirects,
  }
}

function travel(seconds: number): void {
  service.now = new Date(service.now.getTime() + seconds * 1000)
}

it('leaves a row of each step in the life of a connection', async () => {
  // What the tests before have queued is written by then.
  await sleep(1500)
  const [last] = await service.db.asOwner<{ id: string }>('select coalesce(max(id), 0) as id from mcp_audit')
  const { client, tokens } = await connect('dario')
  const browser = new Browser()
  const { url } = authorizationRequest(client)
  await answer(browser, (await browser.open(url, origin)).url, 'abort')
  await post('/oauth/revoke', form(client, { token: tokens.refresh_token }))
  const [user] = await service.db.asOwner<{ id: string }>("select id from app_user where firebase_uid = 'dario'")
  const who = `user:${user?.id}`
  const rows = () =>
    service.db.asOwner<{ action: string; who: string | null; subject: string | null }>(
      `select action, principal as who, subject from mcp_audit
       where kind = 'connection' and (principal = $1 or principal is null) and id > $2 order by action`,
      [who, last?.id],
    )
  await expect.poll(rows, { timeout: 5000 }).toEqual([
    { action: 'consented', who, subject: null },
    { action: 'declined', who: null, subject: null },
    { action: 'ended', who, subject: 'by the client' },
    { action: 'opened', who, subject: null },
  ])
  expect(new Set((await rows()).map(({ action }) => action))).toEqual(new Set(AUDITED.connection))
})

function post(path: string, body: object): Promise<Response> {
  if (body instanceof URLSearchParams) return fetch(origin + path, { method: 'POST', body })
  const headers = { 'content-type': 'application/json' }
  return fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) })
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

function authorizationRequest({ client_id }: Registered, change: Record<string, string> = {}) {
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

/** Goes through the pages as a merchant who signs in and agrees. */
async function authorize(url: URL, uid: string): Promise<URLSearchParams> {
  const browser = new Browser()
  const signIn = await browser.open(url, origin)
  const identity = await fetch(`${service.issuer.url}/v1/accounts:signInWithPassword?key=any`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: `${uid}@example.com`, password: 'password', returnSecureToken: true }),
  })
  const { idToken } = (await identity.json()) as { idToken: string }
  const consent = await browser.open(await answer(browser, signIn.url, 'login', { firebaseIdToken: idToken }), origin)
  const back = await browser.open(await answer(browser, consent.url, 'confirm'), origin)
  expect(back.url.href.startsWith(REDIRECT)).toBe(true)
  return back.url.searchParams
}

/** The details that a page's script requests. */
async function detailsOf(browser: Browser, page: URL): Promise<InteractionDetails> {
  const response = await browser.fetch(`${page}/details`)
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  return response.json() as Promise<InteractionDetails>
}

/** Answers a page as its script does. @returns where that leads */
async function answer(browser: Browser, page: URL, name: string, given?: object): Promise<string> {
  const { body } = await browser.answer(page, name, given)
  expect(body.message).toBeUndefined()
  return body.redirectTo as string
}

async function statusOf(browser: Browser, url: string, body: object): Promise<number> {
  const headers = { 'content-type': 'application/json', origin }
  return (await browser.fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status
}

async function authorized(client: Registered, uid: string): Promise<{ code: string; verifier: string }> {
  const { url, verifier } = authorizationRequest(client)
  const back = await authorize(url, uid)
  expect(back.get('state')).toBe('some-state')
  return { code: back.get('code') as string, verifier }
}

function form({ client_id }: Registered, fields: Record<string, string>): URLSearchParams {
  return new URLSearchParams({ client_id, ...fields })
}

async function token(client: Registered, fields: Record<string, string>) {
  const response = await post('/oauth/token', form(client, { redirect_uri: REDIRECT, resource, ...fields }))
  return { status: response.status, body: (await response.json()) as Tokens }
}

function refresh(client: Registered, refreshToken: string, fields: Record<string, string> = {}) {
  return token(client, { grant_type: 'refresh_token', refresh_token: refreshToken, ...fields })
}

async function connect(uid: string, metadata: object = {}): Promise<{ client: Registered; tokens: Tokens }> {
  const client = await register(metadata)
  const { code, verifier } = await authorized(client, uid)
  const { status, body } = await token(client, { grant_type: 'authorization_code', code, code_verifier: verifier })
  expect(status).toBe(200)
  return { client, tokens: body }
}

async function listTools(accessToken: string, url = '/mcp/connect'): Promise<{ status: number; names: string[] }> {
  const { status, body } = await rpc(service.app, accessToken, 'tools/list', {}, { url })
  return { status, names: (body?.result?.tools ?? []).map(({ name }: { name: string }) => name) }
}

async function setMembership(uid: string, isActive: boolean): Promise<void> {
  await service.db.asOwner(
    'update business_user m set is_active = $2 from app_user u where u.id = m.user_id and u.firebase_uid = $1',
    [uid, isActive],
  )
}
