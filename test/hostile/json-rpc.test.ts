import fc from 'fast-check'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import type { Tool } from '../../src/mcp/tool.ts'
import { oauthAt, startOAuthService } from '../support/connected-client.ts'
import type { Service } from '../support/service.ts'
import { makeOrder, makeProduct, makeShop, makeUser } from '../support/shop.ts'
import { headerText, hostileJson, legacyBody, modernRequest, rawBody, toolCalls } from './arbitraries.ts'
import { address, COUNTS, expectNoGrowth, holdings, type Request, Siege } from './siege.ts'

const COUNT = COUNTS.rpc

let service: Service
let token: string
let connected: string
let tools: Tool[]

beforeAll(async () => {
  tools = await loadTools()
  const started = await startOAuthService({ users: ['ana'], config: { MCP_RATE_LIMIT_PER_MINUTE: '10000000' } })
  service = started.service
  const shop = await makeShop(service.db)
  const second = await makeShop(service.db, { name: 'Second' })
  await makeUser(
    service.db,
    'ana',
    [shop, second].map((each) => ({ shop: each, role: 'owner' })),
  )
  const tea = await makeProduct(service.db, shop, { sku: 'TEA' })
  await makeOrder(service.db.database, shop, {
    number: 'A-1',
    at: service.now.toISOString(),
    lines: [{ ...tea, quantity: '2', unitPrice: '10' }],
  })
  token = await service.tokenOf('ana')
  connected = (await oauthAt(service, started.origin).connect('ana')).tokens.access_token
})
afterAll(() => service?.close())

it(`answers ${COUNT} hostile messages at /mcp and /mcp/connect with valid JSON-RPC or a refusal`, {
  timeout: 600_000,
}, async () => {
  const siege = new Siege(service.app)
  const to = fc.oneof(
    { weight: 3, arbitrary: fc.constant({ url: '/mcp', token: () => token }) },
    { weight: 1, arbitrary: fc.constant({ url: '/mcp/connect', token: () => connected }) },
  )
  const post = (
    { url, token: credential }: { url: string; token: () => string },
    payload: string,
    more = {},
  ): Request => ({
    method: 'POST',
    url,
    headers: { authorization: `Bearer ${credential()}`, 'content-type': 'application/json', ...more },
    payload,
  })

  const raw = fc.tuple(to, rawBody).map(([where, body]) => post(where, body))
  const legacy = fc.tuple(to, legacyBody).map(([where, body]) => post(where, JSON.stringify(body)))
  const modern = fc
    .tuple(to, modernRequest)
    .map(([where, { headers, body }]) => post(where, JSON.stringify(body), headers))
  const calls = fc
    .tuple(to, toolCalls(tools), fc.integer())
    .map(([where, params, id]) => post(where, JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params })))
  const headers = fc
    .tuple(
      to,
      fc.constantFrom('POST', 'GET', 'DELETE', 'PUT', 'HEAD', 'OPTIONS') as fc.Arbitrary<'POST'>,
      fc.record(
        {
          authorization: headerText(),
          'mcp-session-id': headerText(),
          'mcp-protocol-version': headerText(),
          'x-flowpos-business-id': headerText(),
          'x-flowpos-toolset': headerText(),
          'last-event-id': headerText(),
          'content-type': headerText(),
          'x-forwarded-for': headerText(),
          host: headerText(),
          origin: headerText(),
          cookie: headerText(),
        },
        { requiredKeys: [] },
      ),
      hostileJson,
      address,
      fc.boolean(),
    )
    .map(
      ([{ url, token: credential }, method, sent, body, remoteAddress, isKnown]): Request => ({
        method,
        url,
        remoteAddress,
        headers: {
          ...(isKnown ? { authorization: `Bearer ${credential()}` } : {}),
          'content-type': 'application/json',
          ...sent,
        },
        ...(method === 'POST' ? { payload: JSON.stringify(body) } : {}),
      }),
    )

  // Caches, compiled checks and prepared statements are no growth.
  await siege.run('tools/call', COUNT * 0.05, calls, isRpc)
  await siege.run('legacy messages', COUNT * 0.05, legacy, isRpc)
  const before = await holdings(service)
  await siege.run('bodies', COUNT * 0.4, raw, isRpc)
  await siege.run('legacy messages', COUNT * 0.2, legacy, isRpc)
  await siege.run('messages of 2026-07-28', COUNT * 0.15, modern, isRpc)
  await siege.run('tools/call', COUNT * 0.05, calls, isRpc)
  await siege.run('headers and methods', COUNT * 0.1, headers)
  siege.report('JSON-RPC')
  expect(siege.sent).toBeGreaterThanOrEqual(COUNT)
  // Sessions are bounded per principal and hour, addresses by the run.
  expectNoGrowth(before, await holdings(service), { redisKeys: 600 * 2 + 256 * 4, heapMb: 32 })
})

/** An answer of JSON-RPC, a refusal in the shape of all errors, or nothing. */
function isRpc({ statusCode, headers, body }: LightMyRequestResponse): void {
  if (body === '') return void expect([202, 204]).toContain(statusCode)
  if (/event-stream/.test(String(headers['content-type']))) {
    const messages = [...body.matchAll(/^data: ?(.+)$/gm)].map(([, data = '']) => JSON.parse(data))
    return void messages.forEach(isMessage)
  }
  const answer = JSON.parse(body)
  if (typeof answer.statusCode === 'number') {
    expect({
      statusCode: answer.statusCode,
      types: [answer.code, answer.error, answer.message].map((each) => typeof each),
    }).toEqual({
      statusCode,
      types: ['string', 'string', 'string'],
    })
    return
  }
  for (const message of [answer].flat()) isMessage(message)
}

function isMessage(message: {
  jsonrpc?: unknown
  id?: unknown
  result?: unknown
  error?: { code?: unknown; message?: unknown }
}): void {
  expect(message.jsonrpc).toBe('2.0')
  expect(['string', 'number', 'undefined'].includes(typeof message.id) || message.id === null).toBe(true)
  if (message.error === undefined) return void expect(message.result).toBeTypeOf('object')
  expect(message.result).toBeUndefined()
  expect(Number.isInteger(message.error.code)).toBe(true)
  expect(message.error.message).toBeTypeOf('string')
}
