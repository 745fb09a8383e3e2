import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../embedded/postgres.ts'
import { buildPage } from '../scripts/build-page.ts'
import { SCOPES } from '../src/auth/scopes.ts'
import type { RegisteredTool } from '../src/mcp/registry.ts'
import { withoutCode } from './support/boundary.ts'
import { connectAs } from './support/connection.ts'
import { type HostileShop, makeHostileShop } from './support/hostile-shop.ts'
import { call, rpc, type Service, startService } from './support/service.ts'
import { makeUser } from './support/shop.ts'
import { callsOf } from './support/tool-calls.ts'

// What a connection that may not see the shop's clients gets to see of them: nothing, from any tool, prompt or resource.
// Every text of every client contains this, and nothing else does.
const MARK = 'zqxmark'
const CONNECT = { url: '/mcp/connect' }

let service: Service
let shop: HostileShop
let clientIds: Set<string>
let without: string
let withClients: string
let someClient: { id: string; order: string }

beforeAll(async () => {
  await buildPage()
  const port = await freePort()
  const origin = `http://localhost:${port}`
  service = await startService({ users: ['ana'], config: { PORT: String(port) } })
  const userId = await makeUser(service.db, 'ana', [])
  shop = await makeHostileShop(service.db, ['Text'], { now: service.now, userId })
  const columns = ['name', 'email', 'phone', 'tax_id', 'city', 'country', 'note', 'code']
  await service.db.asOwner(
    `update customer set ${columns.map((column) => `${column} = '${MARK}-${column}-' || code`).join(', ')}`,
  )
  const clients = await service.db.asOwner<{ id: string; order: string }>(
    'select c.id, o.order_number as order from customer c join orders o on o.customer_id = c.id',
  )
  clientIds = new Set(clients.map(({ id }) => id))
  ;[someClient] = clients.filter(({ order }) => order === shop.orderNumber) as [{ id: string; order: string }]
  await service.app.listen({ host: 'localhost', port })
  without = (await connectAs(service, origin, 'ana', { consent: { scopes: [...SCOPES], clientData: false } }))
    .access_token
  withClients = (await connectAs(service, origin, 'ana')).access_token
})
afterAll(() => service?.close())

/** What of an answer is about a client. */
function leaksIn(answer: unknown): string[] {
  const text = JSON.stringify(answer)
  const ids = (text.match(/[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g) ?? []).filter((id) => clientIds.has(id))
  return [...(text.match(new RegExp(`${MARK}.{0,20}`, 'gi')) ?? []), ...ids]
}

/** The calls of a tool with the largest results, and calls that look for or name a client. */
function callsAbout(registered: RegisteredTool): Record<string, unknown>[] {
  const { tool } = registered
  const { properties } = tool.input
  const calls = callsOf(tool, shop)
  const [plain = {}] = calls
  const asked: Record<string, unknown> = {
    search: `${MARK}-name`,
    clientId: someClient.id,
    client: someClient.id,
    order: someClient.order,
  }
  const further = Object.entries(asked).flatMap(([name, value]) =>
    name in properties ? [{ ...plain, [name]: value }] : [],
  )
  const byCode = 'clientId' in properties ? [{ ...plain, clientId: `${MARK}-code-C-45` }] : []
  return [...calls, ...further, ...byCode].map((args) =>
    tool.kind === 'business' && tool.mode === 'write' ? { ...args, dryRun: true } : args,
  )
}

describe('a connection without the clients’ data', () => {
  it('finds no client in any answer of any tool, while one with them does', async () => {
    const seen: string[] = []
    for (const registered of service.app.registry.all) {
      const { name, kind } = registered.tool
      if (kind === 'context' && name !== 'get_context') continue
      for (const args of callsAbout(registered)) {
        const blind = await call(service.app, without, name, args, CONNECT)
        expect({ name, args, leaks: leaksIn(echoLess(blind.body, args)) }).toEqual({ name, args, leaks: [] })
        const sighted = await call(service.app, withClients, name, args, CONNECT)
        if (leaksIn(echoLess(sighted.body, args)).length > 0) seen.push(name)
      }
    }
    // So that the test cannot pass by calling nothing that shows clients.
    expect([...new Set(seen)].sort()).toEqual([
      'create_order',
      'get_client',
      'get_client_health',
      'get_order',
      'get_psa_board',
      'get_psa_time_report',
      'list_clients',
      'list_orders',
      'list_refunds',
      'list_psa_boards',
      'update_client',
    ])
  }, 120_000)

  it('finds no client by prompts, resources, or their errors', async () => {
    const { body: prompts } = await rpc(service.app, without, 'prompts/list', {}, CONNECT)
    const { body: resources } = await rpc(service.app, without, 'resources/list', {}, CONNECT)
    const answers = [
      ...(await Promise.all(
        prompts.result.prompts.map(({ name }: { name: string }) =>
          rpc(service.app, without, 'prompts/get', { name }, CONNECT),
        ),
      )),
      ...(await Promise.all(
        resources.result.resources.map(({ uri }: { uri: string }) =>
          rpc(service.app, without, 'resources/read', { uri }, CONNECT),
        ),
      )),
    ]
    expect(answers.length).toBeGreaterThan(2)
    for (const { body } of answers) {
      expect(body.error).toBeUndefined()
      expect(leaksIn(body)).toEqual([])
      expect(JSON.stringify(body)).not.toMatch(/\b130 clients|\b0 clients/)
    }
  })

  it('is told that clients are withheld, not that there are none', async () => {
    const { text, data } = await call(service.app, without, 'get_order', { order: someClient.order }, CONNECT)
    expect(data.order.client).toBeNull()
    expect(text).toMatch(/\nClients: withheld from this connection, also where none is named\.$/m)
    const context = await call(service.app, without, 'get_context', {}, CONNECT)
    expect(context.text).toContain("Clients' data: withheld from this connection.")
    const whole = await call(service.app, withClients, 'get_order', { order: someClient.order }, CONNECT)
    expect(whole.text).not.toContain('withheld')
  })

  it('is refused in words where it names or groups by a client', async () => {
    const [first] = shop.locations
    const order = { items: [{ product: shop.sku, quantity: '1' }], locationId: first }
    const calls: [string, Record<string, unknown>][] = [
      ['create_order', { ...order, clientId: someClient.id }],
      ['create_order', { ...order, clientId: 'no-such-client' }],
      ['list_orders', { clientId: someClient.id }],
      ['list_psa_boards', { clientId: someClient.id }],
      ['get_psa_time_report', { groupBy: 'client' }],
    ]
    for (const [name, args] of calls) {
      const { text, isError, status } = await call(service.app, without, name, args, CONNECT)
      expect({ name, isError, status }).toEqual({ name, isError: true, status: 200 })
      expect(text).toMatch(/^insufficient_scope: This call of \w+ needs clients:read, which was not granted\./)
    }
  })

  it('finds nothing by the name of a client', async () => {
    for (const [name, list] of [
      ['list_orders', 'orders'],
      ['list_psa_boards', 'boards'],
    ] as const) {
      const search = { search: `${MARK}-name` }
      expect((await call(service.app, without, name, search, CONNECT)).data[list]).toEqual([])
      expect((await call(service.app, withClients, name, search, CONNECT)).data[list]).not.toEqual([])
    }
  })

  it('has the same figures as one with them', async () => {
    for (const name of [
      'summarize_day',
      'summarize_period',
      'get_sales_report',
      'get_tax_report',
      'get_top_products',
    ]) {
      const blind = await call(service.app, without, name, {}, CONNECT)
      const sighted = await call(service.app, withClients, name, {}, CONNECT)
      expect({ name, data: withoutCode(blind.data) }).toEqual({ name, data: withoutCode(sighted.data) })
    }
  })

  it('writes orders all the same, also refunds of a client’s order', async () => {
    const [locationId] = shop.locations
    const made = await call(
      service.app,
      without,
      'create_order',
      { items: [{ product: shop.sku, quantity: '1' }], locationId, open: true },
      CONNECT,
    )
    expect(made.isError).toBe(false)
    const args = { order: someClient.order, reason: 'broken', restock: false, idempotencyKey: 'refund-1' }
    const refunded = await call(service.app, without, 'refund_order', args, CONNECT)
    expect(refunded.isError).toBe(false)
    expect(leaksIn(refunded.body)).toEqual([])
  })
})

it('PostgreSQL itself hides clients, from reads and writes, until the transaction ends', async () => {
  const { database } = service.db
  const count = (access: { businessId: string; clientsHidden?: boolean }) =>
    database.within(access, 'read', async (db) => (await db.selectFrom('customer').select('id').execute()).length)
  expect(await count({ businessId: shop.id })).toBe(130)
  expect(await count({ businessId: shop.id, clientsHidden: true })).toBe(0)
  expect(await count({ businessId: shop.id })).toBe(130)
  const write = database.within({ businessId: shop.id, clientsHidden: true }, 'write', (db) =>
    db.insertInto('customer').values({ business_id: shop.id, code: 'NEW', name: 'New' }).execute(),
  )
  await expect(write).rejects.toThrow(/row-level security/)
  const changed = await database.within({ businessId: shop.id, clientsHidden: true }, 'write', (db) =>
    db.updateTable('customer').set({ name: 'Changed' }).executeTakeFirst(),
  )
  expect(changed.numUpdatedRows).toBe(0n)
})

/** An answer without the arguments of the call, which may be repeated. */
function echoLess(answer: unknown, args: Record<string, unknown>): unknown {
  let text = JSON.stringify(answer)
  for (const value of [args.search, args.clientId, args.client]) {
    if (typeof value === 'string') text = text.replaceAll(value, '')
  }
  return text
}
