import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { freePort } from '../../../embedded/postgres.ts'
import { buildPage } from '../../../scripts/build-page.ts'
import { createOAuthFlow } from '../../support/oauth-flow.ts'
import { forgetSignIns, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser, type Shop } from '../../support/shop.ts'

const REDIRECT = 'http://127.0.0.1:33418/callback'
const METADATA = '/.well-known/oauth-protected-resource/mcp/connect'
const INITIALIZE = { jsonrpc: '2.0', id: 1, method: 'initialize', params: {} }

let service: Service
let shop: Shop
let origin: string
let flow: ReturnType<typeof createOAuthFlow>
let client: { client_id: string; redirect_uri: string }

beforeAll(async () => {
  await buildPage()
  const port = await freePort()
  service = await startService({ users: ['ana'], config: { PORT: String(port) } })
  shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  await service.app.listen({ host: 'localhost', port })
  origin = `http://localhost:${port}`
  flow = createOAuthFlow(service, origin)
  const { body } = await flow.register({ redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' })
  client = { client_id: String(body.client_id), redirect_uri: REDIRECT }
})
beforeEach(async () => {
  service.now = new Date()
  await forgetSignIns()
})
afterAll(() => service?.close())

describe('the resource that a client names', () => {
  // Each is called with the address of the endpoint, which is known only then.
  const spellings: [string, (resource: string) => string | string[] | undefined][] = [
    ['twice', (resource) => [resource, resource]],
    ['in two spellings', (resource) => [resource, `${resource}/`]],
    ['pinned to a business', (resource) => `${resource}?businessId=${shop.id}`],
    ['with another query', (resource) => `${resource}?schemas=full&toolset=intents`],
    ['with a slash at the end', (resource) => `${resource}/`],
    ['with a slash and a pin', (resource) => `${resource}/?businessId=${shop.id}`],
    ['in capitals', (resource) => resource.replace('http://localhost', 'HTTP://LOCALHOST')],
    ['empty', () => ''],
    ['not at all', () => undefined],
  ]

  it.each(spellings)('may be given %s: the token is for the endpoint', async (_how, spell) => {
    const resource = spell(flow.resource)
    const { status, body } = await flow.connect('ana', client, { authorize: { resource }, token: { resource } })
    expect({ status, body }).toMatchObject({ status: 200 })
    expect(audienceOf(body.access_token)).toBe(flow.resource)

    const refreshed = await flow.token({
      grant_type: 'refresh_token',
      refresh_token: body.refresh_token,
      client_id: client.client_id,
      resource,
    })
    expect(refreshed.status).toBe(200)
    expect(audienceOf(refreshed.body.access_token)).toBe(flow.resource)
    expect((await flow.listTools(refreshed.body.access_token, `/mcp/connect?businessId=${shop.id}`)).status).toBe(200)
  })

  it('may have the usual port of https', async () => {
    const publicUrl = 'https://api.flowpos.example'
    const app = await service.anotherInstance({ PUBLIC_URL: publicUrl })
    const { url } = flow.authorizationRequest({ ...client, resource: 'https://API.flowpos.example:443/mcp/connect/' })
    expect((await app.inject(url.pathname + url.search)).statusCode).toBe(303)
  })

  const foreign: [string, (resource: string) => string | string[]][] = [
    ['another service', () => 'https://other.example/mcp/connect'],
    ['ours and another service', (resource) => [resource, 'https://other.example/mcp/connect']],
    ['another service and ours', (resource) => ['https://other.example/mcp/connect', resource]],
    ['the endpoint for pasted tokens', () => `${origin}/mcp`],
    ['the whole origin', () => `${origin}/`],
    ['something below', (resource) => `${resource}/more`],
    ['something that begins like it', (resource) => `${resource}ed`],
    ['two slashes', (resource) => `${resource}//`],
    ['another port', (resource) => resource.replace(/:\d+/, ':1')],
    ['another scheme', (resource) => resource.replace('http:', 'https:')],
    ['a user', (resource) => resource.replace('//', '//ana@')],
    ['a fragment', (resource) => `${resource}#part`],
    ['an empty fragment', (resource) => `${resource}#`],
    ['no URL', () => 'mcp'],
  ]

  it.each(foreign)('is refused if it is %s', async (_what, spell) => {
    const resource = spell(flow.resource)
    const { url } = flow.authorizationRequest({ ...client, resource })
    expect(await flow.show(url)).toMatchObject({ status: 400, text: expect.stringContaining('resource') })

    const refused = await flow.connect('ana', client, { token: { resource } })
    expect(refused).toMatchObject({ status: 400, body: { error: 'invalid_target' } })

    const { body } = await flow.connect('ana', client)
    const refresh = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: client.client_id }
    expect(await flow.token({ ...refresh, resource })).toMatchObject({ status: 400, body: { error: 'invalid_target' } })
  })
})

describe('the metadata of the endpoint', () => {
  const id = randomUUID()

  // VS Code compares the resource with the URL in its configuration, the query included (RFC 9728, section 3.3).
  it.each([
    '',
    '/',
    `?businessId=${id}`,
    `/?businessId=${id}`,
    '?schemas=full',
    '?toolset=intents&readonly=true',
    `?businessId=${id}&schemas=full`,
  ])('name the resource as the client spells it, after a challenge that leads to them: %o', async (end) => {
    const refused = await fetch(`${flow.resource}${end}`, { method: 'POST' })
    expect(refused.status).toBe(401)
    const challenge = refused.headers.get('www-authenticate') ?? ''
    const [, metadataUrl = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? []
    expect(metadataUrl).toBe(`${origin}${METADATA}${end}`)
    const response = await fetch(metadataUrl)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      resource: `${flow.resource}${end}`,
      authorization_servers: [`${origin}/oauth`],
    })
  })

  it.each([
    '?businessId=1',
    '?businessId=',
    `?businessId=${id}"`,
    `?businessId=${id}%22,realm=%22x`,
    `?businessId=${id}&evil=1`,
    `?${Array.from({ length: 50 }, () => 'schemas=full').join('&')}`,
    '?schemas=<script>',
    '?evil',
    '?',
    '?a=b?businessId=x',
  ])('do not repeat what is not ours: %s', async (query) => {
    const metadata = (await (await fetch(`${origin}${METADATA}${query}`)).json()) as { resource: string }
    expect(metadata.resource).toBe(flow.resource)
    const refused = await fetch(`${flow.resource}${query}`, { method: 'POST' })
    expect(refused.headers.get('www-authenticate')).toContain(`resource_metadata="${origin}${METADATA}"`)
  })
})

describe('the endpoints', () => {
  it('answer with a slash at the end as without', async () => {
    const { body } = await flow.connect('ana', client)
    const pasted = await service.tokenOf('ana')
    for (const [path, token] of [
      ['/mcp/', pasted],
      ['/mcp/connect/', body.access_token],
      [`/mcp/connect/?businessId=${shop.id}`, body.access_token],
    ] as const) {
      expect((await flow.listTools(token, path)).status).toBe(200)
      expect((await flow.listTools(token, path.replace('/?', '?').replace(/\/$/, ''))).status).toBe(200)
    }
    const wellKnown = '/.well-known/oauth-authorization-server/oauth/'
    expect((await fetch(origin + wellKnown)).status).toBe(200)
    const token = await fetch(`${origin}/oauth/token/`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: '' }),
    })
    expect(token.status).toBe(400)
  })

  it('leave the well-known addresses of /mcp unanswered, with a slash too', async () => {
    for (const path of ['oauth-protected-resource', 'oauth-protected-resource/mcp', 'oauth-authorization-server']) {
      expect((await fetch(`${origin}/.well-known/${path}/`, { redirect: 'manual' })).status).toBe(404)
    }
  })

  describe.each(['/mcp', '/mcp/connect', '/mcp/connect/'])('at %s', (path) => {
    it.each(['OPTIONS', 'PUT', 'PATCH'])('refuse %s, and say what they offer', async (method) => {
      for (const headers of [{}, { authorization: 'Bearer whatever' }]) {
        const response = await fetch(origin + path, { method, headers })
        expect(response.status).toBe(405)
        expect(response.headers.get('allow')).toBe('GET, POST, DELETE')
        expect(await response.json()).toMatchObject({ code: 'method_not_allowed' })
      }
      const body = '{'
      const headers = { 'content-type': 'application/json' }
      expect((await fetch(origin + path, { method, headers, body })).status).toBe(405)
    })

    it('challenge HEAD without a credential like GET, and refuse it with one', async () => {
      for (const method of ['HEAD', 'GET']) {
        const challenged = await fetch(origin + path, { method })
        expect(challenged.status).toBe(401)
        expect(challenged.headers.get('www-authenticate')).toMatch(/^Bearer /)
      }
      const token =
        path === '/mcp' ? await service.tokenOf('ana') : (await flow.connect('ana', client)).body.access_token
      const refused = await fetch(origin + path, {
        method: 'HEAD',
        headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream' },
      })
      expect(refused.status).toBe(405)
      expect(refused.headers.get('allow')).toBe('GET, POST, DELETE')
    })

    it('answer the preflight of a browser as before', async () => {
      const headers = { origin: 'http://localhost:6274', 'access-control-request-method': 'POST' }
      const response = await fetch(origin + path, { method: 'OPTIONS', headers })
      expect(response.status).toBe(204)
      expect(response.headers.get('access-control-allow-origin')).toBe('http://localhost:6274')
    })
  })

  it('serve the pages and the documentation with a slash at the end, too', async () => {
    for (const path of ['/settings/mcp/', '/settings/mcp/v1/', '/docs', '/docs/', '/health/live/']) {
      expect((await fetch(origin + path)).status).toBe(200)
    }
  })

  it('answer the first message of a client whose URL has a slash at the end', async () => {
    const { body } = await flow.connect('ana', client, { authorize: { resource: `${flow.resource}/` } })
    const headers = { authorization: `Bearer ${body.access_token}`, 'content-type': 'application/json' }
    const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'mcpo', version: '1' } }
    const init = { method: 'POST', headers, body: JSON.stringify({ ...INITIALIZE, params }) }
    expect((await fetch(`${flow.resource}/`, init)).status).toBe(200)
  })
})

function audienceOf(accessToken: string): unknown {
  const [, payload = ''] = accessToken.split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString()).aud
}
