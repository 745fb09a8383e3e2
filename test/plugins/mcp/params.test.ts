import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectRedis, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

let service: Service
let token: string

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  const shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
})
afterAll(() => service?.close())

type Params = Record<string, unknown>

const INFO = { name: 'some-client', version: '1' }
const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': INFO,
  'io.modelcontextprotocol/clientCapabilities': {},
}

async function send(method: string, params: unknown, headers: Record<string, string> = {}) {
  const response = await service.app.inject({
    method: 'POST',
    url: '/mcp',
    headers: { authorization: `Bearer ${token}`, accept: 'application/json, text/event-stream', ...headers },
    payload: { jsonrpc: '2.0', id: 7, method, params } as object,
  })
  const { body, statusCode: status } = response
  const isStream = String(response.headers['content-type']).startsWith('text/event-stream')
  const message = JSON.parse(isStream ? (/^data: (\{.*)$/m.exec(body)?.[1] as string) : body)
  return { status, message, headers: response.headers, isStream }
}

/** The ways in which the same request can be sent. */
const WAYS: [string, (method: string, params: Params) => ReturnType<typeof send>][] = [
  ['plain', (method, params) => send(method, params)],
  ['with a progress token', (method, params) => send(method, { ...params, _meta: { progressToken: 'p' } })],
  [
    'in revision 2026-07-28',
    (method, params) =>
      send(
        method,
        { ...params, _meta: ENVELOPE },
        {
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': method,
          'mcp-name': String(params.name ?? params.uri ?? ''),
        },
      ),
  ],
  [
    'in revision 2026-07-28 with a progress token',
    (method, params) =>
      send(
        method,
        { ...params, _meta: { ...ENVELOPE, progressToken: 1 } },
        {
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': method,
          'mcp-name': String(params.name ?? params.uri ?? ''),
        },
      ),
  ],
]

describe.each(WAYS)('%s', (_way, request) => {
  it.each([
    ['tools/list', { cursor: 5 }, 'cursor must be a string'],
    ['tools/call', {}, 'name must be a string'],
    ['tools/call', { name: 5 }, 'name must be a string'],
    ['tools/call', { name: null }, 'name must be a string'],
    ['tools/call', { name: 'get_context', arguments: 'x' }, 'arguments must be an object'],
    ['tools/call', { name: 'get_context', arguments: [] }, 'arguments must be an object'],
    ['tools/call', { name: 'get_context', task: 5 }, 'task must be an object'],
    ['tools/call', { name: 'get_context', task: { ttl: 'x' } }, 'task.ttl must be a number'],
    ['prompts/list', { cursor: {} }, 'cursor must be a string'],
    ['prompts/get', { name: ['x'] }, 'name must be a string'],
    ['prompts/get', { name: 'month_review', arguments: 'x' }, 'arguments must be an object'],
    ['prompts/get', { name: 'month_review', arguments: { month: 5 } }, 'arguments.month must be a string'],
    ['resources/list', { cursor: true }, 'cursor must be a string'],
    ['resources/templates/list', { cursor: 5 }, 'cursor must be a string'],
    ['resources/read', {}, 'uri must be a string'],
    ['resources/read', { uri: 5 }, 'uri must be a string'],
  ])('%s %j is refused with -32602, naming the member', async (method, params, problem) => {
    const { message } = await request(method, params)
    expect(message).toEqual({
      jsonrpc: '2.0',
      id: 7,
      error: { code: -32602, message: expect.stringMatching(/^(MCP error -32602: )?Invalid params: /) },
    })
    expect(message.error.message.endsWith(`Invalid params: ${problem}`)).toBe(true)
  })

  it.each([
    ['tools/list', { cursor: null }],
    ['tools/call', { name: 'get_context', arguments: null }],
    ['tools/call', { name: 'get_context', task: null }],
    ['prompts/list', { cursor: null }],
    ['prompts/get', { name: 'month_review', arguments: null }],
    ['resources/list', { cursor: null }],
    ['resources/templates/list', { cursor: null }],
  ])('%s %j is answered: null is as good as left out', async (method, params) => {
    expect((await request(method, params)).message).toMatchObject({ id: 7, result: expect.any(Object) })
  })
})

it('a sound request with a progress token still gets its stream', async () => {
  const _meta = { progressToken: 1 }
  expect((await send('tools/call', { name: 'get_context', arguments: {}, _meta })).isStream).toBe(true)
  expect((await send('tools/call', { name: 'get_context', _meta: null })).message.result.isError ?? false).toBe(false)
})

it.each(['initialize', 'ping'])('%s is unknown in revision 2026-07-28, whatever its parameters', async (method) => {
  const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method }
  const { status, message } = await send(method, { _meta: ENVELOPE }, headers)
  expect(status).toBe(404)
  expect(message.error.code).toBe(-32601)
})

describe('initialize', () => {
  const sound = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: INFO }

  it.each([
    ['no capabilities', { capabilities: undefined }],
    ['capabilities that are null', { capabilities: null }],
    ['a capability that is null', { capabilities: { roots: null, sampling: {} } }],
    ['no version', { clientInfo: { name: 'some-client' } }],
    ['a version that is null', { clientInfo: { name: 'some-client', version: null } }],
    ['optional names that are null', { clientInfo: { ...INFO, title: null, websiteUrl: null, icons: null } }],
  ])('with %s begins a session', async (_what, change) => {
    const { message, headers } = await send('initialize', { ...sound, ...change })
    expect(message.result).toMatchObject({ protocolVersion: '2025-11-25', serverInfo: { name: 'flowpos' } })
    expect(headers['mcp-session-id']).toMatch(/^[0-9a-f-]{36}$/)
  })

  it.each([
    ['params must be an object', undefined],
    ['protocolVersion must be a string', { ...sound, protocolVersion: undefined }],
    ['protocolVersion must be a string', { ...sound, protocolVersion: 5 }],
    ['clientInfo must be an object', { ...sound, clientInfo: undefined }],
    ['clientInfo must be an object', { ...sound, clientInfo: 'some-client' }],
    ['clientInfo.name must be a string', { ...sound, clientInfo: { version: '1' } }],
    ['clientInfo.version must be a string', { ...sound, clientInfo: { ...INFO, version: 1 } }],
    ['clientInfo.title must be a string', { ...sound, clientInfo: { ...INFO, title: {} } }],
    ['capabilities must be an object', { ...sound, capabilities: 'all' }],
    ['capabilities.sampling must be an object', { ...sound, capabilities: { sampling: true } }],
  ])('is refused, and begins no session: %s', async (problem, params) => {
    const redis = connectRedis()
    const before = await redis.keys('mcp:session:*')
    for (const _meta of [undefined, { progressToken: 1 }]) {
      const { message, headers } = await send('initialize', params && { ...params, _meta })
      const error = { code: -32602, message: `MCP error -32602: Invalid params: ${problem}` }
      expect(message).toEqual({ jsonrpc: '2.0', id: 7, error })
      expect(headers['mcp-session-id']).toBeUndefined()
    }
    expect(await redis.keys('mcp:session:*')).toHaveLength(before.length)
    redis.disconnect()
  })
})
