import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listen } from '../../support/merchant.ts'
import { type App, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

let service: Service
let older: App
let token: string

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  const shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
  older = await service.anotherInstance({ MCP_NEWEST_PROTOCOL: '2025-11-25' })
})
afterAll(() => service?.close())

const CLAIM = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'some-client', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

async function send(app: App, body: object, headers: Record<string, string> = {}) {
  const response = await app.inject({
    method: 'POST',
    url: '/mcp',
    headers: { authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream', ...headers },
    payload: body,
  })
  return { status: response.statusCode, body: response.body === '' ? undefined : response.json() }
}

const request = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 3, method, params })

describe('with MCP_NEWEST_PROTOCOL=2025-11-25', () => {
  it('the client that negotiates falls back, and works', async () => {
    const url = new URL(`${await listen(older)}/mcp`)
    const requestInit = { headers: { authorization: `Bearer ${token}` } }
    const client = new Client({ name: 'some-client', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit }))
    expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25')
    expect((await client.listTools()).tools.length).toBeGreaterThan(10)
    expect((await client.callTool({ name: 'get_context', arguments: {} })).isError ?? false).toBe(false)
    await client.close()
  })

  it('a body of the newer revision is served under the header of the older one', async () => {
    const body = request('tools/call', { name: 'get_context', arguments: {}, _meta: CLAIM })
    const headers = { 'mcp-protocol-version': '2025-11-25', 'mcp-method': 'tools/call', 'mcp-name': 'get_context' }
    expect((await send(service.app, body, headers)).body.error.code).toBe(-32020)
    const answer = await send(older, body, headers)
    expect(answer).toMatchObject({ status: 200, body: { id: 3, result: { structuredContent: expect.any(Object) } } })
  })

  it('its methods are unknown, and its version is not supported', async () => {
    for (const method of ['server/discover', 'subscriptions/listen']) {
      const body = request(method, { _meta: CLAIM })
      expect((await send(older, body)).body).toMatchObject({ id: 3, error: { code: -32601 } })
      const refused = await send(older, body, { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method })
      expect(refused.status).toBe(400)
      expect(refused.body.error).toEqual({
        code: -32000,
        message: expect.stringMatching(/^Bad Request: Unsupported protocol version \(supported versions: 2025-11-25, /),
      })
    }
    const initialize = request('initialize', {
      protocolVersion: '2026-07-28',
      capabilities: {},
      clientInfo: { name: 'some-client', version: '1' },
    })
    expect((await send(older, initialize)).body.result.protocolVersion).toBe('2025-11-25')
  })

  it.each([
    ['not JSON-RPC', { id: 3, method: 'ping' }],
    ['an id that is an object', { jsonrpc: '2.0', id: {}, method: 'ping' }],
    ['params in a list', { jsonrpc: '2.0', id: 3, method: 'ping', params: [] }],
    ['a batch with one of them', [request('ping'), { jsonrpc: '2.0', id: {}, method: 'ping' }]],
  ])('malformed messages are refused as always: %s', async (_what, body) => {
    const answer = await send(older, body)
    expect(answer).toEqual(await send(service.app, body))
    expect(answer).toMatchObject({ status: 400, body: { error: { code: -32600 } } })
  })

  it('older clients notice nothing', async () => {
    expect((await send(older, { jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202)
    const batch = await send(older, [request('ping'), request('tools/list')])
    expect(batch.body).toMatchObject([{ result: {} }, { result: { tools: expect.any(Array) } }])
  })
})

it('both revisions are offered by default', async () => {
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'server/discover' }
  const { body } = await send(service.app, request('server/discover', { _meta: CLAIM }), headers)
  expect(body.result.supportedVersions).toEqual(['2026-07-28'])
})
