import { createHmac, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toolsOf } from '../../support/catalogue.ts'
import { call, connectRedis, rpc, SECRET, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser, type Shop } from '../../support/shop.ts'

let service: Service
let first: Shop
let second: Shop
let foreign: Shop
let ana: string
let luis: string
/** Owns the same businesses as Ana, but never chooses one. */
let bea: string

beforeAll(async () => {
  service = await startService({ users: ['ana', 'luis', 'bea', 'eva'] })
  first = await makeShop(service.db, { name: 'First' })
  second = await makeShop(service.db, { name: 'Second', currency: 'EUR', timezone: 'Europe/Madrid' })
  foreign = await makeShop(service.db, { name: 'Foreign' })
  for (const uid of ['ana', 'bea']) {
    await makeUser(service.db, uid, [
      { shop: first, role: 'owner' },
      { shop: second, role: 'owner' },
    ])
  }
  await makeUser(service.db, 'luis', [{ shop: first, role: 'cashier' }])
  ana = await service.tokenOf('ana')
  luis = await service.tokenOf('luis')
  bea = await service.tokenOf('bea')
})
afterAll(() => service?.close())

const INITIALIZE = {
  protocolVersion: '2024-11-05',
  capabilities: {},
  clientInfo: { name: 'gemini-bridge', version: '1.0' },
}

async function openSession(token = ana): Promise<string> {
  const { headers } = await rpc(service.app, token, 'initialize', INITIALIZE)
  return headers['mcp-session-id'] as string
}

describe('the published bridge', () => {
  it('gets plain JSON for Accept: */*, without initialized and protocol version', async () => {
    const initialized = await rpc(service.app, bea, 'initialize', INITIALIZE)
    expect(initialized.status).toBe(200)
    expect(initialized.headers['content-type']).toContain('application/json')
    expect(initialized.body.result.protocolVersion).toBe('2024-11-05')
    const sid = initialized.headers['mcp-session-id'] as string
    expect(sid).toMatch(/^[0-9a-f-]{36}$/)

    const list = await rpc(service.app, bea, 'tools/list', {}, { 'mcp-session-id': sid })
    expect(list.body.result.tools.map((tool: { name: string }) => tool.name)).toContain('summarize_day')
    const called = await call(service.app, bea, 'summarize_day', {}, { 'mcp-session-id': sid })
    expect(called.text).toMatch(/^Net sales GTQ 0.00 without tax from 0 orders/)
  })

  it('may send notifications, which are accepted without a body', async () => {
    const response = await service.app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { authorization: `Bearer ${ana}` },
      payload: { jsonrpc: '2.0', method: 'notifications/initialized' },
    })
    expect(response.statusCode).toBe(202)
  })

  it('gets a stream only when it names one and asks for progress', async () => {
    const accept = 'application/json, text/event-stream'
    const plain = await rpc(service.app, ana, 'tools/list', {}, { accept })
    expect(plain.headers['content-type']).toContain('application/json')
    const response = await service.app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { authorization: `Bearer ${ana}`, accept },
      payload: {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'get_context', arguments: {}, _meta: { progressToken: 1 } },
      },
    })
    expect(response.headers['content-type']).toContain('text/event-stream')
    expect(response.body).toContain('"structuredContent"')
  })
})

describe('credentials', () => {
  const now = () => Math.floor(Date.now() / 1000)
  const claims = () => ({
    iss: 'https://api.flowpos.app',
    aud: 'flowpos-mcp',
    sub: randomUUID(),
    jti: randomUUID(),
    scopes: ['pos:read'],
    business: first.id,
    iat: now(),
    exp: now() + 600,
  })
  const sign = (header: object, payload: object, secret: string) => {
    const head = `${encode(header)}.${encode(payload)}`
    return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`
  }
  it.each([
    ['bearer TOKEN', 200],
    ['Bearer   TOKEN ', 200],
    ['Basic TOKEN', 401],
    ['TOKEN', 401],
    ['Bearer TOKEN TOKEN', 401],
    ['Bearer ', 401],
  ])('is read from Authorization: %s as RFC 6750 has it: %i', async (header, status) => {
    const response = await service.app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { authorization: header.replaceAll('TOKEN', ana) },
      payload: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    })
    expect(response.statusCode).toBe(status)
  })

  const kid = () => JSON.parse(Buffer.from(ana.split('.')[0] as string, 'base64url').toString()).kid as string

  it.each([
    ['none', () => ''],
    ['garbage', () => 'garbage'],
    ['alg none', () => `${encode({ alg: 'none', kid: kid() })}.${encode(claims())}.`],
    ['another secret', () => sign({ alg: 'HS256', typ: 'JWT', kid: kid() }, claims(), 'x'.repeat(32))],
    [
      'HS256 by a public key',
      () => sign({ alg: 'HS256', kid: kid() }, claims(), Object.values(service.issuer.publicKeys())[0] as string),
    ],
    ['another audience', () => sign({ alg: 'HS256', kid: kid() }, { ...claims(), aud: 'other' }, SECRET)],
    ['another issuer', () => sign({ alg: 'HS256', kid: kid() }, { ...claims(), iss: 'https://other' }, SECRET)],
    ['no jti', () => sign({ alg: 'HS256', kid: kid() }, { ...claims(), jti: undefined }, SECRET)],
    ['rightly signed, but never issued here', () => sign({ alg: 'HS256', kid: kid() }, claims(), SECRET)],
    ['a Firebase token', () => service.issuer.issueToken('ana')],
    ['an unknown API key', () => `fp_mcp_${'0'.repeat(64)}`],
  ])('%s: 401 on every method, with a challenge', async (_what, credential) => {
    for (const method of ['POST', 'GET', 'DELETE'] as const) {
      const response = await service.app.inject({
        method,
        url: '/mcp',
        headers: { authorization: `Bearer ${credential()}` },
        ...(method === 'POST' ? { payload: { jsonrpc: '2.0', id: 1, method: 'tools/list' } } : {}),
      })
      expect(response.statusCode).toBe(401)
      expect(response.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token", error_description="[^"]+"$/)
      expect(response.json()).toMatchObject({ statusCode: 401, code: 'unauthenticated', error: 'Unauthorized' })
    }
  })

  it('of a previous secret pass while rotating', async () => {
    const rotated = await service.anotherInstance({
      MCP_TOKEN_SECRET: 'a-new-and-quite-random-0123456789-value',
      MCP_TOKEN_PREVIOUS_SECRETS: SECRET,
    })
    expect((await rpc(rotated, ana, 'ping')).status).toBe(200)
    const without = await service.anotherInstance({ MCP_TOKEN_SECRET: 'a-new-and-quite-random-0123456789-value' })
    expect((await rpc(without, ana, 'ping')).status).toBe(401)
  })
})

it('a request with unknown members is answered, not left waiting', async () => {
  for (const method of ['ping', 'initialize', 'prompts/list']) {
    const response = await service.app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { authorization: `Bearer ${ana}` },
      payload: { jsonrpc: '2.0', id: 7, method, params: method === 'initialize' ? INITIALIZE : {}, extra: 1 },
    })
    expect(response.json()).toEqual({ jsonrpc: '2.0', id: 7, error: { code: -32600, message: 'Invalid Request' } })
  }
})

describe('sessions', () => {
  it('are kept in Redis under the published key, with the life of the token', async () => {
    const sid = await openSession()
    const redis = connectRedis()
    expect(JSON.parse((await redis.get(`mcp:session:${sid}`)) as string)).toMatchObject({
      principal: expect.stringMatching(/^user:/),
      protocolVersion: '2024-11-05',
      client: 'gemini-bridge',
    })
    const ttl = await redis.ttl(`mcp:session:${sid}`)
    expect(ttl).toBeGreaterThan(86_000)
    expect(ttl).toBeLessThanOrEqual(86_400)
    redis.disconnect()
  })

  it('live as long as the token that uses them; nobody else can change that', async () => {
    const sid = await openSession()
    const headers = { 'mcp-session-id': sid }
    const redis = connectRedis()
    const key = `mcp:session:${sid}`
    // As if written with a token that was about to expire.
    const record = JSON.parse((await redis.get(key)) as string)
    await redis.set(key, JSON.stringify({ ...record, expiresAt: Math.floor(Date.now() / 1000) + 100 }), 'EX', 100)
    expect((await rpc(service.app, luis, 'tools/list', {}, headers)).status).toBe(404)
    expect(await redis.ttl(key)).toBeLessThanOrEqual(100)
    expect((await rpc(service.app, ana, 'tools/list', {}, headers)).status).toBe(200)
    expect(await redis.ttl(key)).toBeGreaterThan(86_000)
    redis.disconnect()
  })

  it('go on whatever a client calls itself, even if its name is cut in the middle of a character', async () => {
    for (const name of [`${'x'.repeat(99)}😀`, '\ud800', '"\\\u0000{}']) {
      const clientInfo = { name, version: '1' }
      const started = await rpc(service.app, ana, 'initialize', { ...INITIALIZE, clientInfo })
      const headers = { 'mcp-session-id': started.headers['mcp-session-id'] as string }
      const { isError } = await call(service.app, ana, 'set_active_business', { businessId: second.id }, headers)
      expect(isError).toBeFalsy()
      expect((await call(service.app, ana, 'get_context', {}, headers)).data.activeBusinessId).toBe(second.id)
    }
  })

  it('are soft: a missing, unknown or expired id is served, and its record created again', async () => {
    expect((await rpc(service.app, ana, 'tools/list')).status).toBe(200)
    const unknown = { 'mcp-session-id': randomUUID() }
    expect((await rpc(service.app, ana, 'tools/list', {}, unknown)).status).toBe(200)
    await call(service.app, ana, 'set_active_business', { businessId: second.id }, unknown)
    expect((await call(service.app, ana, 'get_context', {}, unknown)).data.activeBusinessId).toBe(second.id)
  })

  it('of another principal and ended ones are 404', async () => {
    const sid = await openSession()
    const headers = { 'mcp-session-id': sid }
    const stolen = await rpc(service.app, luis, 'tools/list', {}, headers)
    expect(stolen.status).toBe(404)
    expect(stolen.body.message).toContain('Session not found')
    const end = (token: string) =>
      service.app.inject({
        method: 'DELETE',
        url: '/mcp',
        headers: { ...headers, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      })
    expect((await end(luis)).statusCode).toBe(404)
    expect((await end(ana)).statusCode).toBe(204)
    expect((await rpc(service.app, ana, 'tools/list', {}, headers)).status).toBe(404)
  })

  it('are not given to openai-mcp, which ends ids and goes on using them', async () => {
    const params = { ...INITIALIZE, clientInfo: { name: 'openai-mcp', version: '1.0.0' } }
    const { headers } = await rpc(service.app, ana, 'initialize', params)
    expect(headers['mcp-session-id']).toBeUndefined()
  })

  it('need an id of visible ASCII, and DELETE needs one at all', async () => {
    expect((await rpc(service.app, ana, 'ping', {}, { 'mcp-session-id': 'x'.repeat(200) })).status).toBe(400)
    const headers = { authorization: `Bearer ${ana}` }
    const response = await service.app.inject({ method: 'DELETE', url: '/mcp', headers })
    expect(response.statusCode).toBe(400)
    expect(response.json().message).toBe('mcp-session-id header required')
  })
})

describe('which business', () => {
  it('follows the choice of the session, then the last choice of the principal', async () => {
    const one = { 'mcp-session-id': await openSession() }
    const other = { 'mcp-session-id': await openSession() }
    await call(service.app, ana, 'set_active_business', { businessId: first.id }, other)
    await call(service.app, ana, 'set_active_business', { businessId: second.id }, one)
    const named = async (headers: Record<string, string>, args = {}) =>
      (await call(service.app, ana, 'get_products', args, headers)).data.business
    expect(await named(one)).toEqual({ id: second.id, name: 'Second' })
    expect(await named(other)).toEqual({ id: first.id, name: 'First' })
    expect(await named({})).toEqual({ id: second.id, name: 'Second' })
    expect(await named(one, { businessId: first.id })).toEqual({ id: first.id, name: 'First' })
  })

  it('is named as people name it: by its name in any case, and for what only reads by words of it', async () => {
    const read = async (businessId: string, token = ana) =>
      (await call(service.app, token, 'get_products', { businessId })).text.match(/Business: .*/)?.[0]
    expect(await read(' SECOND ')).toBe(`Business: Second (${second.id})`)
    expect(await read('séc')).toBe(`Business: Second (${second.id})`)
    expect(await read(second.id.toUpperCase())).toBe(`Business: Second (${second.id})`)
    const write = async (businessId: string) =>
      call(service.app, ana, 'create_client', { businessId, name: 'Rosa', dryRun: true })
    expect((await write('second')).text).toContain(`Business: Second (${second.id})`)
    expect((await write('sec')).text).toMatch(/^business_not_available: /)
    const switched = await call(service.app, ana, 'set_active_business', { businessId: 'first' })
    expect(switched.text).toContain(`Active business: First (${first.id})`)
  })

  it('with words that several of theirs have is refused with these', async () => {
    const shops = await Promise.all(['Café Sol', 'Cafe Sol', 'Café Luna'].map((name) => makeShop(service.db, { name })))
    await makeUser(
      service.db,
      'eva',
      shops.map((shop) => ({ shop, role: 'owner' as const })),
    )
    const eva = await service.tokenOf('eva')
    for (const [businessId, count] of [
      ['cafe', 3],
      ['Cafe sol', 2],
    ] as const) {
      const { text } = await call(service.app, eva, 'get_products', { businessId })
      expect(text).toMatch(/^business_required: businessId: several of yours are called so: /)
      expect(text.match(/Caf[eé] \w+ \(/g)).toHaveLength(count)
    }
  })

  it('obeys a pin in header or URL; a differing argument and a switch are refused', async () => {
    const pin = { 'x-flowpos-business-id': second.id }
    expect((await call(service.app, ana, 'get_products', {}, pin)).data.business.id).toBe(second.id)
    const url = { url: `/mcp?businessId=${first.id}` }
    expect((await call(service.app, ana, 'get_products', {}, url)).data.business.id).toBe(first.id)

    const differing = await call(service.app, ana, 'get_products', { businessId: first.id }, pin)
    expect(differing.isError).toBe(true)
    expect(differing.text).toContain(`pinned to: Second (${second.id})`)
    const switched = { name: 'set_active_business', arguments: { businessId: first.id } }
    expect((await rpc(service.app, ana, 'tools/call', switched, pin)).body.error.code).toBe(-32602)
    const both = await rpc(service.app, ana, 'tools/list', {}, { ...pin, ...url })
    expect(both.status).toBe(400)
  })

  it('answers alike to a foreign id and to one that does not exist, listing the choices', async () => {
    const texts = await Promise.all(
      [foreign.id, randomUUID(), 'nonsense'].map(
        async (businessId) => (await call(service.app, ana, 'get_products', { businessId })).text,
      ),
    )
    expect(new Set(texts)).toEqual(
      new Set([
        `business_not_available: That business is not available to you. You may choose: First (${first.id}); Second (${second.id}).`,
      ]),
    )
    expect((await call(service.app, ana, 'get_products', {}, { 'x-flowpos-business-id': foreign.id })).text).toBe(
      texts[0],
    )
    expect((await call(service.app, luis, 'get_products', { businessId: second.id })).text).toContain(
      `You may choose: First (${first.id}).`,
    )
  })
})

describe('tools', () => {
  const names = async (token: string) =>
    (await rpc(service.app, token, 'tools/list')).body.result.tools.map(
      (tool: { name: string }) => tool.name,
    ) as string[]

  it('are listed sorted, by what the credential may', async () => {
    const ofOwner = toolsOf('pos:read', 'pos:write', 'reports:read', 'psa:read', 'pos:intents')
    expect(await names(ana)).toEqual([...ofOwner, 'set_active_business'].sort())
    expect(await names(luis)).toEqual(toolsOf('pos:read', 'pos:write'))
  })

  it('offer businessId only where there is a choice', async () => {
    const schemaOf = async (token: string) =>
      (await rpc(service.app, token, 'tools/list')).body.result.tools.find(
        (t: { name: string }) => t.name === 'get_products',
      ).inputSchema.properties
    expect(await schemaOf(ana)).toHaveProperty('businessId')
    expect(await schemaOf(luis)).not.toHaveProperty('businessId')
  })

  it('are listed with short schemas, and with full ones for ?schemas=full', async () => {
    const listed = async (url: string, token = ana) =>
      (await rpc(service.app, token, 'tools/list', {}, { url })).body.result
    const [short, full] = [await listed('/mcp'), await listed('/mcp?schemas=full')]
    for (const url of ['/mcp?schemas=', '/mcp?schemas=outline']) expect(await listed(url)).toEqual(short)
    const schemasOf = ({ tools }: typeof full) => {
      const { inputSchema, outputSchema } = tools.find(({ name }: { name: string }) => name === 'list_suppliers')
      return { limit: inputSchema.properties.limit, suppliers: outputSchema.properties.suppliers }
    }
    expect(schemasOf(short)).toEqual({
      limit: { type: 'integer', description: '1 to 100; default 25' },
      suppliers: { type: 'array' },
    })
    const fullSchemas = {
      limit: { type: 'integer', description: '1 to 100; default 25', minimum: 1, maximum: 100, default: 25 },
      suppliers: {
        type: 'array',
        description: 'By columns',
        items: { type: 'array', items: { type: 'string' } },
      },
    }
    expect(schemasOf(full)).toMatchObject(fullSchemas)
    expect(schemasOf(await listed('/mcp?schemas=full', luis))).toMatchObject(fullSchemas)
    expect(schemasOf(await listed(`/mcp?businessId=${first.id}&schemas=full`))).toMatchObject(fullSchemas)

    const names = ({ tools }: typeof full) => tools.map(({ name }: { name: string }) => name)
    expect(names(full)).toEqual(names(short))
    // In a batch, which the SDK answers.
    const response = await service.app.inject({
      method: 'POST',
      url: '/mcp?schemas=full',
      headers: { authorization: `Bearer ${ana}` },
      payload: [{ jsonrpc: '2.0', id: 1, method: 'tools/list' }],
    })
    expect(response.json()[0].result).toEqual(full)
  })

  it.each(['banana', 'FULL', 'full&schemas=outline'])('?schemas=%s is refused with the choices', async (value) => {
    const { status, body } = await rpc(service.app, ana, 'tools/list', {}, { url: `/mcp?schemas=${value}` })
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'invalid_request', message: '?schemas= must be one of: outline, full.' })
  })

  it('that the role does not allow say which role does; those of operators answer like unknown ones', async () => {
    const refused = await call(service.app, luis, 'summarize_day')
    expect(refused.isError).toBe(true)
    expect(refused.text).toMatch(/^role_not_allowed: .*pos:intents.*cashier.*It takes owner, admin or manager\./)
    const hidden = await call(service.app, luis, 'list_tenants')
    const unknown = await call(service.app, luis, 'no_such_tool')
    expect(hidden.body.error).toEqual({
      code: -32602,
      message: 'MCP error -32602: Unknown tool: list_tenants. List the tools again.',
    })
    expect(unknown.body.error).toEqual({
      code: -32602,
      message: 'MCP error -32602: Unknown tool: no_such_tool. List the tools again.',
    })
  })

  it('refuse unknown arguments by name and wrong ones with the valid choices', async () => {
    const unknown = await call(service.app, ana, 'get_sales_report', { dateFrom: '2026-01-01' })
    expect(unknown.isError).toBe(true)
    expect(unknown.text).toContain(
      'Unknown argument "dateFrom"; valid are: from, to, preset, groupBy, measures, locationId',
    )
    const wrong = await call(service.app, ana, 'get_sales_report', { groupBy: 'decade', from: '2026-02-30' })
    expect(wrong.text).toContain('groupBy.0 must be one of: day, week, month, quarter')
    expect(wrong.text).toContain('from must be a calendar date as YYYY-MM-DD')
    expect((await call(service.app, ana, 'get_products', { limit: 'ten' })).text).toContain('limit must be integer')
  })

  it.each([
    ['get_products', { search: 'a\u0000b' }],
    ['get_products', { search: '\ud800 %_\\' }],
    ['get_order', { order: '\u0000' }],
    ['get_products', { cursor: Buffer.from('["a","not a uuid"]').toString('base64url') }],
    ['list_orders', { cursor: Buffer.from('["never","x"]').toString('base64url') }],
    ['list_orders', { from: '0001-01-01', to: '0001-01-02' }],
    ['get_sales_report', { from: '9999-12-31' }],
    ['summarize_day', { date: '0000-01-01' }],
    ['get_inventory', { locationId: '\u0000' }],
  ])('%s %j is answered without an internal error', async (name, args) => {
    const { status, body, text } = await call(service.app, ana, name, args)
    expect(status).toBe(200)
    expect(body.result).toBeDefined()
    expect(text).not.toContain('internal_error')
  })

  it.each(['__proto__', 'constructor', 'toString', ''])('%j is no tool', async (name) => {
    expect((await call(service.app, ana, name)).body.error.code).toBe(-32602)
  })

  it('take whole-number floats as integers, and null as left out', async () => {
    const response = await service.app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { authorization: `Bearer ${ana}`, 'content-type': 'application/json' },
      payload:
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_products","arguments":{"limit":10.0,"search":null}}}',
    })
    expect(response.json().result.isError).toBeUndefined()
  })
})

describe('malformed requests', () => {
  const post = (payload: string, headers: Record<string, string> = {}) =>
    service.app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { authorization: `Bearer ${ana}`, 'content-type': 'application/json', ...headers },
      payload,
    })

  it.each([
    ['not JSON', '{"jsonrpc"', -32700],
    ['nothing', '', -32600],
    ['an empty batch', '[]', -32600],
    ['a batch over the bound', JSON.stringify(Array(51).fill({ jsonrpc: '2.0', id: 1, method: 'ping' })), -32600],
    ['a number', '42', -32600],
    ['a batch with null in it', '[null]', -32600],
  ])('%s is a JSON-RPC error with 400', async (_what, payload, code) => {
    const response = await post(payload)
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ jsonrpc: '2.0', id: null, error: { code } })
  })

  it('an invalid envelope is 400, a body too large 413, another media type 415', async () => {
    expect((await post('{"hello":"world"}')).statusCode).toBe(400)
    expect((await post(JSON.stringify({ x: 'x'.repeat(1_100_000) }))).statusCode).toBe(413)
    expect((await post('x', { 'content-type': 'text/plain' })).statusCode).toBe(415)
  })

  it('arguments of null count as absent', async () => {
    const response = await post(
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_context","arguments":null}}',
    )
    expect(response.json().result.structuredContent.principal).toBe('merchant')
  })

  it.each([
    ['tools/call', { name: 'get_context', arguments: [] }, 'arguments must be an object'],
    ['tools/call', { arguments: {} }, 'name must be a string'],
    ['prompts/get', { name: 'reorder_plan', arguments: { location: 5 } }, 'arguments.location must be a string'],
    ['resources/read', {}, 'uri must be a string'],
  ])('%s with %j says what is wrong', async (method, params, problem) => {
    const { status, body } = await rpc(service.app, ana, method, params)
    expect(status).toBe(200)
    expect(body.error).toEqual({ code: -32602, message: `MCP error -32602: Invalid params: ${problem}` })
  })

  it('parameters that are not an object are refused, and nobody waits for ever', async () => {
    const response = await post('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}')
    expect(response.statusCode).toBe(400)
    expect(response.json().error.code).toBe(-32600)
  })

  it('an unknown method is a JSON-RPC error', async () => {
    expect((await rpc(service.app, ana, 'no/such')).body.error.code).toBe(-32601)
  })
})

describe('many calls in one batch', () => {
  it('leave connections of the pool to others', async () => {
    const batch = Array.from({ length: 20 }, (_, id) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 'summarize_day', arguments: { allBusinesses: true } },
    }))
    const [response, other] = await Promise.all([
      service.app.inject({ method: 'POST', url: '/mcp', headers: { authorization: `Bearer ${ana}` }, payload: batch }),
      call(service.app, luis, 'get_products'),
    ])
    expect(response.json().map(({ result }: { result: { isError?: boolean } }) => result.isError ?? false)).toEqual(
      Array(20).fill(false),
    )
    expect(other.isError).toBe(false)
  })
})

describe('the outside', () => {
  it('is checked by Host and Origin', async () => {
    const status = async (headers: Record<string, string>) => (await rpc(service.app, ana, 'ping', {}, headers)).status
    expect(await status({ host: 'evil.example' })).toBe(403)
    expect(await status({ origin: 'https://evil.example' })).toBe(403)
    expect(await status({ host: '10.1.2.3:4000' })).toBe(200)
    expect(await status({ origin: 'http://localhost:6274' })).toBe(200)
  })

  it('GET without a session checks the credential, then says that there is no stream', async () => {
    const response = await service.app.inject({ url: '/mcp', headers: { authorization: `Bearer ${ana}` } })
    expect(response.statusCode).toBe(405)
    expect(response.headers.allow).toBe('POST, DELETE')
  })

  it.each([
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/openid-configuration',
    '/nothing',
  ])('%s is a plain 404', async (url) => {
    const response = await service.app.inject({ url })
    expect(response.statusCode).toBe(404)
    expect(response.json()).toMatchObject({ statusCode: 404, code: 'not_found' })
  })
})

describe('Redis away', () => {
  it('answers 503 with Retry-After within a second', async () => {
    const without = await service.anotherInstance()
    without.redis.disconnect()
    const sid = { 'mcp-session-id': randomUUID() }
    const started = Date.now()
    const { status, headers, body } = await rpc(without, ana, 'tools/list', {}, sid)
    expect(Date.now() - started).toBeLessThan(1500)
    expect(status).toBe(503)
    expect(headers['retry-after']).toBe('2')
    expect(body.message).toBe('The session store does not answer at the moment. Try again in a few seconds.')
    expect((await without.inject('/health/ready')).statusCode).toBe(503)
    expect((await without.inject('/health/live')).statusCode).toBe(200)
  })
})

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
