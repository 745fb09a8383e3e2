import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../embedded/postgres.ts'
import { buildPage } from '../../../scripts/build-page.ts'
import { generateApiKey } from '../../../src/auth/api-key.ts'
import type { Principal } from '../../../src/auth/principal.ts'
import { createRegistry } from '../../../src/mcp/registry.ts'
import type { Consent } from '../../../src/oauth/interaction-details.ts'
import { connectAs, REDIRECT, signIn } from '../../support/connection.ts'
import { Browser } from '../../support/cookie-browser.ts'
import { call, rpc, type Service, startService } from '../../support/service.ts'
import { makeProduct, makeShop, makeUser, type Shop } from '../../support/shop.ts'

const CONNECT = { url: '/mcp/connect' }
const READ: Consent = { scopes: ['pos:read'] }

let service: Service
let origin: string
let shop: Shop
let other: Shop
let reader: string
let cashier: string

beforeAll(async () => {
  await buildPage()
  const port = await freePort()
  origin = `http://localhost:${port}`
  service = await startService({ users: ['ana', 'carla'], config: { PORT: String(port) } })
  shop = await makeShop(service.db, { name: 'Tienda Sol' })
  other = await makeShop(service.db, { name: 'Café Luna' })
  await makeProduct(service.db, shop, { sku: 'TEA', price: '12.50' })
  await makeUser(service.db, 'ana', [
    { shop, role: 'owner' },
    { shop: other, role: 'owner' },
  ])
  await makeUser(service.db, 'carla', [{ shop, role: 'cashier' }])
  await service.app.listen({ host: 'localhost', port })
  reader = (await connectAs(service, origin, 'ana', { consent: READ })).access_token
  cashier = (await connectAs(service, origin, 'carla')).access_token
})
afterAll(() => service?.close())

function post(token: string, payload: object, headers: Record<string, string> = {}, url = '/mcp/connect') {
  return service.app.inject({
    method: 'POST',
    url,
    headers: { authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream', ...headers },
    payload,
  })
}

function toolCall(name: string, params: object = {}) {
  return { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name, arguments: {}, ...params } }
}

// The envelope of the revision 2026-07-28.
const MODERN = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  },
}
const modernHeaders = (name: string) => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
  'mcp-name': name,
})

describe('a scope that the person could grant', () => {
  it.each([
    ['directly', {}, {}],
    ['with a stream of progress', { _meta: { progressToken: 1 } }, {}],
    ['in the newest revision', MODERN, modernHeaders('update_product')],
  ])('is asked for by status 403 at /mcp/connect, called %s', async (_how, params, headers) => {
    const response = await post(reader, toolCall('update_product', params), headers)
    expect(response.statusCode).toBe(403)
    expect(response.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_scope", scope="pos:read pos:write", ' +
        'error_description="This call of update_product needs pos:write, which was not granted.", ' +
        `resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp/connect"`,
    )
    expect(response.json()).toEqual({
      statusCode: 403,
      code: 'insufficient_scope',
      error: 'Forbidden',
      message: expect.stringContaining('needs pos:write, which was not granted'),
    })
  })

  it('is clients:read for the tools about clients, besides what else is missing', async () => {
    for (const [tool, scope] of [
      ['list_clients', 'pos:read clients:read'],
      ['create_client', 'pos:read pos:write clients:read'],
      ['get_client_health', 'pos:read pos:intents clients:read'],
    ] as const) {
      const response = await post(reader, toolCall(tool))
      expect(response.headers['www-authenticate']).toContain(` scope="${scope}", `)
    }
  })

  it('is a tool error within a batch, whose status is of all its calls', async () => {
    const response = await post(reader, [toolCall('update_product'), { ...toolCall('get_products'), id: 8 }])
    expect(response.statusCode).toBe(200)
    expect(response.headers['www-authenticate']).toBeUndefined()
    const answers = response.json<{ id: number; result: { isError?: boolean; content: { text: string }[] } }[]>()
    const byId = new Map(answers.map(({ id, result }) => [id, result]))
    expect(byId.get(7)).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/^insufficient_scope: .*pos:write/) }],
    })
    expect(byId.get(8)?.isError).toBeUndefined()
  })

  it('is no question of a notification', async () => {
    const { id: _id, ...notification } = toolCall('update_product')
    expect((await post(reader, notification)).statusCode).toBe(202)
  })

  it('is a tool error at /mcp in both protocol eras, for tokens and for keys', async () => {
    const token = await service.tokenOf('ana', { scopes: ['pos:read'] })
    const { rawKey, hash } = generateApiKey()
    await service.db.asOwner(
      `insert into mcp_api_key (business_id, role, scopes, label, key_hash)
       values ($1, 'merchant', '{pos:read}', 'till', $2)`,
      [shop.id, hash],
    )
    for (const credential of [token, rawKey]) {
      const direct = await post(credential, toolCall('update_product'), {}, '/mcp')
      const [batched] = (await post(credential, [toolCall('update_product')], {}, '/mcp')).json()
      const modern = await post(credential, toolCall('update_product', MODERN), modernHeaders('update_product'), '/mcp')
      for (const answer of [direct.json(), batched, modern.json()]) {
        expect(answer.result).toMatchObject({
          isError: true,
          content: [
            {
              type: 'text',
              text: expect.stringMatching(/^insufficient_scope: .*needs pos:write, which was not granted\. /),
            },
          ],
        })
      }
      expect(direct.statusCode).toBe(200)
      expect(direct.headers['www-authenticate']).toBeUndefined()
    }
  })
})

describe('what the role does not allow', () => {
  it('is a tool error that names the role that would, at both endpoints and in both eras', async () => {
    const pasted = await service.tokenOf('carla')
    const answers = [
      await post(cashier, toolCall('get_sales_report')),
      await post(cashier, toolCall('get_sales_report', MODERN), modernHeaders('get_sales_report')),
      await post(pasted, toolCall('get_sales_report'), {}, '/mcp'),
      await post(pasted, toolCall('get_sales_report', MODERN), modernHeaders('get_sales_report'), '/mcp'),
    ]
    for (const answer of answers) {
      expect(answer.statusCode).toBe(200)
      const { result } = answer.json()
      expect(result.isError).toBe(true)
      expect(result.content[0].text).toBe(
        'role_not_allowed: get_sales_report needs reports:read, which your role does not include: ' +
          `cashier in Tienda Sol (${shop.id}). It takes owner, admin or manager. ` +
          'Ask an owner of the business, or use another business.',
      )
    }
  })
})

describe('a tool that is secret or unknown', () => {
  it.each(['list_tenants', 'set_active_tenant', 'no_such_tool'])('answers alike: %s', async (name) => {
    for (const [token, headers] of [
      [reader, {}],
      [cashier, {}],
    ] as const) {
      const answer = await post(token, toolCall(name), headers)
      expect(answer.statusCode).toBe(200)
      expect(answer.json().error).toEqual({
        code: -32602,
        message: `MCP error -32602: Unknown tool: ${name}. List the tools again.`,
      })
    }
  })

  it('is every tool where the predicate fails', () => {
    const broken = {
      kind: 'merchant',
      businesses: [],
      get grantedScopes(): never {
        throw new Error('broken')
      },
    } as unknown as Principal
    const registry = createRegistry(service.app.registry.all.map(({ tool }) => tool))
    expect(registry.list(broken).tools).toEqual([])
    expect(registry.all.filter(({ tool }) => registry.find(broken, tool.name) !== undefined)).toEqual([])
  })
})

it('a refused call is logged in the audit trail and counted, with its business where that is known', async () => {
  await post(reader, toolCall('adjust_inventory', { arguments: { businessId: other.id } }))
  await post(cashier, toolCall('get_tax_report'))
  await post(reader, toolCall('cancel_order', { arguments: { businessId: 'no-such-business' } }))
  await expect
    .poll(
      () =>
        service.db.asOwner(
          `select action as tool, outcome, business_id from mcp_audit
           where action in ('adjust_inventory', 'get_tax_report', 'cancel_order') order by tool`,
        ),
      { timeout: 10_000 },
    )
    .toEqual([
      { tool: 'adjust_inventory', outcome: 'insufficient_scope', business_id: other.id },
      { tool: 'cancel_order', outcome: 'insufficient_scope', business_id: null },
      { tool: 'get_tax_report', outcome: 'role_not_allowed', business_id: shop.id },
    ])
  const { body } = await service.app.inject({ url: '/metrics' })
  expect(body).toMatch(
    /mcp_tool_call_duration_seconds_count\{.*tool="adjust_inventory".*outcome="insufficient_scope".*\} 1/,
  )
})

it('a call of a tool that is secret or unknown is in the audit trail, too, without a name that was made up', async () => {
  for (const name of ['list_tenants', 'no_such_tool']) await post(cashier, toolCall(name))
  await expect
    .poll(
      () =>
        service.db.asOwner(
          `select distinct a.action as tool, a.outcome, a.business_id from mcp_audit a
           join app_user u on a.principal = 'user:' || u.id
           where u.firebase_uid = 'carla' and a.kind = 'tool' and a.outcome = 'not_found'
             and a.action <> 'set_active_tenant' order by tool`,
        ),
      { timeout: 10_000 },
    )
    .toEqual([
      { tool: 'list_tenants', outcome: 'not_found', business_id: shop.id },
      { tool: 'unknown', outcome: 'not_found', business_id: shop.id },
    ])
})

describe('the clients of both SDKs step up', () => {
  const update = (client: Client | ClientV2, price: string) =>
    client.callTool({ name: 'update_product', arguments: { variant: 'TEA', price, businessId: shop.id } })

  it('second SDK: asks for the scopes, and the same connection can write after a new consent', async () => {
    const memory = createMemory()
    const first = new TransportV2(new URL(`${origin}/mcp/connect`), { authProvider: memory.provider })
    await expect(new ClientV2(INFO).connect(first)).rejects.toThrow(/Unauthorized/i)
    await first.finishAuth(await approve(memory.authorizationUrl(), READ))

    const transport = new TransportV2(new URL(`${origin}/mcp/connect`), { authProvider: memory.provider })
    const client = new ClientV2(INFO)
    await client.connect(transport)
    await expect(update(client, '13.00')).rejects.toThrow(/Unauthorized/i)
    const wanted = memory.authorizationUrl().searchParams.get('scope')?.split(' ')
    expect(wanted).toEqual(expect.arrayContaining(['pos:read', 'pos:write']))

    await transport.finishAuth(await approve(memory.authorizationUrl(), { scopes: ['pos:read', 'pos:write'] }))
    expect(await update(client, '13.00')).toMatchObject({ structuredContent: { product: {} } })
    await client.close()
  })

  it('first SDK: asks for the scopes once its application withholds the refresh token', async () => {
    const memory = createMemory()
    const first = new StreamableHTTPClientTransport(new URL(`${origin}/mcp/connect`), { authProvider: memory.provider })
    await expect(new Client(INFO).connect(first as never)).rejects.toThrow(UnauthorizedError)
    await first.finishAuth((await approve(memory.authorizationUrl(), READ)).get('code') as string)

    const transport = new StreamableHTTPClientTransport(new URL(`${origin}/mcp/connect`), {
      authProvider: memory.provider,
    })
    const client = new Client(INFO)
    await client.connect(transport as never)
    // By itself it refreshes first, which gives no further scopes; the connection lives on.
    await expect(update(client, '14.00')).rejects.toThrow(/403 after trying upscoping/)
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('get_products')

    memory.withholdRefreshToken()
    await expect(update(client, '14.00')).rejects.toThrow(UnauthorizedError)
    expect(memory.authorizationUrl().searchParams.get('scope')).toBe('pos:read pos:write')
    const answer = await approve(memory.authorizationUrl(), { scopes: ['pos:read', 'pos:write'] })
    await transport.finishAuth(answer.get('code') as string)
    expect(await update(client, '14.00')).toMatchObject({ structuredContent: { product: {} } })
    await client.close()
  })
})

it('tools/list stays as it is after a refused call', async () => {
  const before = await rpc(service.app, reader, 'tools/list', {}, CONNECT)
  await post(reader, toolCall('update_product'))
  expect((await rpc(service.app, reader, 'tools/list', {}, CONNECT)).body).toEqual(before.body)
  const { isError } = await call(service.app, reader, 'get_products', { businessId: shop.id }, CONNECT)
  expect(isError).toBe(false)
})

const INFO = { name: 'step-up-client', version: '1' }

/** Signs in and answers the consent. @returns the parameters with which the client is called back */
async function approve(url: URL, consent: Consent): Promise<URLSearchParams> {
  const browser = new Browser()
  const { page } = await signIn(service, browser, url, 'ana')
  const { body } = await browser.answer(page, 'confirm', consent)
  expect(body.message).toBeUndefined()
  return (await browser.open(body.redirectTo as string, origin)).url.searchParams
}

/** What an application stores for the OAuth part of an SDK. */
function createMemory() {
  const kept = new Map<string, unknown>()
  let withholds = false
  const provider = {
    redirectUrl: REDIRECT,
    clientMetadata: { client_name: 'SDK client', redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' },
    clientInformation: () => kept.get('client') as never,
    saveClientInformation: (client: unknown) => void kept.set('client', client),
    tokens: () => {
      const { refresh_token, ...tokens } = (kept.get('tokens') ?? {}) as { refresh_token?: string }
      if (!kept.has('tokens')) return undefined as never
      return (withholds ? tokens : { ...tokens, refresh_token }) as never
    },
    saveTokens: (tokens: unknown) => void kept.set('tokens', tokens),
    redirectToAuthorization: (url: URL) => void kept.set('url', url),
    saveCodeVerifier: (verifier: string) => void kept.set('verifier', verifier),
    codeVerifier: () => kept.get('verifier') as string,
    saveDiscoveryState: (state: unknown) => void kept.set('discovery', state),
    discoveryState: () => kept.get('discovery') as never,
  }
  return {
    provider,
    authorizationUrl: () => kept.get('url') as URL,
    withholdRefreshToken() {
      withholds = true
    },
  }
}
