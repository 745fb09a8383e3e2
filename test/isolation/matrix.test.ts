import { createHash, randomUUID } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import { sql } from 'kysely'
import type pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import { generateApiKey } from '../../src/auth/api-key.ts'
import type { Principal } from '../../src/auth/principal.ts'
import { SCOPES } from '../../src/auth/scopes.ts'
import { createDatabase, type Database } from '../../src/database/database.ts'
import { createPool, SERVICE_ROLE } from '../../src/database/pool.ts'
import { ServiceError } from '../../src/errors.ts'
import { createRegistry } from '../../src/mcp/registry.ts'
import { describeFailure, runTool } from '../../src/mcp/run-tool.ts'
import type { Tool } from '../../src/mcp/tool.ts'
import { RESEARCH_TOOLS } from '../../src/mcp/view.ts'
import { rpc, type Service, startService } from '../support/service.ts'
import { makeShop, makeUser, type Shop } from '../support/shop.ts'
import { type Args, SOURCES, workingCall } from './arguments.ts'
import { type Ask, keyOf, runMatrix, runWrites, type Verdict, type World } from './matrix.ts'
import {
  addMarkedRows,
  emptyShop,
  footprint,
  idsOf,
  MARKS,
  type Mark,
  markEverything,
  switchOff,
  valuesOf,
} from './shops.ts'

const LONG = { timeout: 240_000 }

// Generated from the tools' full schemas: whatever one asks, with any value in any argument, another tenant's things
// look like things that do not exist.
let service: Service
let own: Shop
let second: Shop
let foreign: Shop
let userId: string
let token: string
let world: World
let writing: Parameters<typeof runWrites>[2]
let tools: Tool[]

beforeAll(async () => {
  tools = await loadTools()
  service = await startService({ users: ['ana', 'eve'], config: { MCP_RATE_LIMIT_PER_MINUTE: '1000000' } })
  const { db, now } = service
  own = await makeShop(db, { name: 'Mine', timezone: 'UTC' })
  second = await makeShop(db, { name: 'Also mine', timezone: 'UTC' })
  const closed = await makeShop(db, { name: 'Closed', timezone: 'UTC' })
  const gone = await makeShop(db, { name: 'Gone', timezone: 'UTC' })
  foreign = await makeShop(db, { name: `${MARKS.foreign} shop`, timezone: 'UTC' })
  userId = await makeUser(
    db,
    'ana',
    [own, second, closed, gone].map((shop) => ({ shop, role: 'owner' })),
  )
  await makeUser(db, 'eve', [{ shop: foreign, role: 'owner' }])
  await db.asOwner('update business set is_active = false where id = $1', [closed.id])
  await db.asOwner('delete from business_user where business_id = $1', [gone.id])
  await db.asOwner('delete from location where business_id in ($1, $2)', [own.id, gone.id])
  await db.asOwner('delete from business where id = $1', [gone.id])

  await addMarkedRows(db, foreign, MARKS.foreign, now)
  for (const { name } of tools) {
    // The same person and key, as if she had worked there.
    await db.asOwner(
      `insert into idempotency (business_id, principal, key, tool, arguments_hash, result)
       values ($1, $2, $3, $4, $5, $6)`,
      [
        foreign.id,
        `user:${userId}`,
        keyOf(name),
        name,
        createHash('sha256').digest(),
        { text: MARKS.foreign, data: {} },
      ],
    )
  }
  expect(await markEverything(db, foreign, MARKS.foreign), 'texts without a mark').toEqual([])

  const sources = [...new Set(Object.values(SOURCES).flat())].filter((source) => source !== 'cursor')
  const read = async (shop: Shop, mark: Mark, business: Shop): Promise<Record<string, string[]>> => {
    const entries = sources.map(async (source) => [source, await valuesOf(db, shop.id, source, mark)] as const)
    return {
      ...Object.fromEntries(await Promise.all(entries)),
      'business.id': [business.id],
      'business.name': [business.name],
    }
  }
  await addMarkedRows(db, own, MARKS.deleted, now)
  const deleted = await read(own, MARKS.deleted, gone)
  await emptyShop(db, own)
  await db.asOwner("delete from business_user where business_id = $1 and role = 'cashier'", [own.id])
  await addMarkedRows(db, own, MARKS.off, now)
  await switchOff(db, own)
  const off = await read(own, MARKS.off, closed)
  await addMarkedRows(db, own, MARKS.own, now)
  const mine = await read(own, MARKS.own, own)

  await db.asOwner('delete from location where business_id = $1', [second.id])
  await addMarkedRows(db, second, MARKS.second, now)
  const others = await read(second, MARKS.second, second)

  const fixed: Record<string, unknown> = {
    sku: 'NEW',
    code: 'C-NEW',
    name: 'Nuevo',
  }
  const ownOf =
    (shop: Record<string, string[]>) =>
    (name: string): unknown =>
      fixed[name] ??
      // An order without refunds, which can be cancelled.
      (name === 'order' ? shop['orders.order_number']?.[1] : undefined) ??
      (name === 'toLocationId' ? shop['location.id']?.[1] : undefined) ??
      shop[SOURCES[name]?.[0] ?? '']?.[0] ??
      'x'
  world = {
    values: { foreign: await read(foreign, MARKS.foreign, foreign), deleted, off },
    own: ownOf(mine),
    ownIds: new Set([...(await idsOf(db, own)), ...(await idsOf(db, second))]),
    foreignIds: (await idsOf(db, foreign)).filter((id) => id !== userId),
  }
  const ownOther = ownOf(others)
  // A sale with a refund can be refunded further, but not cancelled.
  const toRefund: typeof ownOther = (name) => (name === 'order' ? others['orders.order_number']?.[0] : ownOther(name))
  writing = { values: world.values, ownFor: (tool) => (tool === 'refund_order' ? toRefund : ownOther) }
  token = await service.tokenOf('ana')
})
afterAll(() => service?.close())

/** Asks through the whole service. */
const through =
  (credential: () => string): Ask =>
  async (name, args) => {
    const { body } = await rpc(service.app, credential(), 'tools/call', { name, arguments: args }, viewFor(name))
    // The key of a link to a file is new each time.
    return JSON.stringify(body).replace(/key=[\w-]{43}/g, 'key=<new>')
  }

const viewFor = (tool: string) => ({ url: RESEARCH_TOOLS.includes(tool) ? '/mcp?toolset=research' : '/mcp' })

const table = ({ findings }: Verdict) =>
  findings
    .slice(0, 20)
    .map(
      ({ tool, argument, kind, value, problem }) => `${tool}.${argument} ${kind} ${JSON.stringify(value)}: ${problem}`,
    )

describe('the isolation matrix', () => {
  it('knows every argument that can hold an id, a code, a name or a text', async () => {
    const verdict = await runMatrix(
      [{ ...(tools[0] as Tool), name: 'new_tool', input: UNKNOWN_INPUT } as Tool],
      async () => '{}',
      world,
    )
    expect(verdict.findings).toMatchObject([{ tool: 'new_tool', argument: 'things[].nickname', kind: 'unknown' }])
  })

  it('calls every tool in a way that succeeds', async () => {
    const failed: string[] = []
    const merchants = tools.filter(({ name }) => !OPERATORS.includes(name))
    for (const tool of merchants) {
      const answer = await baseCall(
        tool,
        through(() => token),
      )
      if (/"isError":true|"error":/.test(answer)) failed.push(`${tool.name}: ${answer.slice(0, 300)}`)
    }
    expect(failed, 'say in COMPANIONS of test/isolation/arguments.ts what they need').toEqual([])
  })

  it('finds nothing for a merchant', LONG, async () => {
    const before = await footprint(service.db, foreign)
    const verdict = await runMatrix(
      tools,
      through(() => token),
      world,
    )
    console.log(`isolation matrix: ${tools.length} tools, ${verdict.calls} calls`)
    expect(table(verdict)).toEqual([])
    expect(verdict.calls).toBeGreaterThan(3000)
    expect(await footprint(service.db, foreign)).toEqual(before)
  })

  it('finds nothing for an operator on one tenant, who may not slip into another by an argument', LONG, async () => {
    const { rawKey, hash } = generateApiKey()
    await service.db.asOwner(
      "insert into mcp_api_key (role, scopes, label, key_hash) values ('platform_operator', $1, 'ops', $2)",
      [SCOPES, hash],
    )
    const ask = through(() => rawKey)
    await ask('set_active_tenant', { tenantId: own.id })
    const [setActiveTenant] = tools.filter(({ name }) => name === 'set_active_tenant')
    const [closed] = world.values.off['business.id'] as string[]
    const [gone] = world.values.deleted['business.id'] as string[]
    const refusals = [closed, gone].map((tenantId) => ask('set_active_tenant', { tenantId }))
    expect(setActiveTenant).toBeDefined()
    expect((await refusals[0])?.replaceAll(closed as string, '')).toBe(
      (await refusals[1])?.replaceAll(gone as string, ''),
    )
    const business = tools.filter(({ kind }) => kind === 'business')
    expect(table(await runMatrix(business, ask, world, []))).toEqual([])
  })

  it('writes nothing into the other shop when it is meant', async () => {
    const before = await footprint(service.db, foreign)
    const verdict = await runWrites(
      tools,
      through(() => token),
      writing,
      second.id,
    )
    expect(table(verdict)).toEqual([])
    expect(await footprint(service.db, foreign)).toEqual(before)
    const able = tools.filter((tool) => tool.kind === 'business' && tool.mode === 'write').map(({ name }) => name)
    expect(verdict.written.sort(), 'tools that wrote something of their own').toEqual(able.sort())
  })
})

describe('without one of the barriers', () => {
  let pools: pg.Pool[]
  let business: Tool[]
  beforeAll(() => {
    business = tools.filter(({ kind }) => kind === 'business')
    pools = []
  })
  afterAll(() => Promise.all(pools.map((pool) => pool.end())))

  /** Runs tools without HTTP, with row security or past it, with the filters of the queries or without. */
  function past(barriers: { rowSecurity: boolean; filters: boolean }): Ask {
    const pool = createPool(service.db.ownerUrl, { size: 2, ...(barriers.rowSecurity ? { role: SERVICE_ROLE } : {}) })
    pools.push(pool)
    if (!barriers.filters) dropFilters(pool)
    const database = createDatabase(pool)
    const registry = createRegistry(business)
    return async (name, args) => {
      const registered = registry.find(principal(), name)
      if (registered === undefined) throw new Error(`${name} is not listed`)
      try {
        return JSON.stringify((await runTool(registered, args, contextIn(database))).result)
      } catch (error) {
        return error instanceof ServiceError
          ? JSON.stringify(describeFailure(error))
          : `refused: ${(error as Error).name}`
      }
    }
  }

  it('the filters of the queries hold alone, and so does row security', LONG, async () => {
    for (const barriers of [
      { rowSecurity: false, filters: true },
      { rowSecurity: true, filters: false },
    ]) {
      expect({ barriers, found: table(await runMatrix(business, past(barriers), world, [])) }).toEqual({
        barriers,
        found: [],
      })
    }
  })

  it('without both, the matrix turns red for every tool that looks something up', LONG, async () => {
    const { findings } = await runMatrix(business, past({ rowSecurity: false, filters: false }), world, [])
    const red = new Set(findings.map(({ tool }) => tool))
    const green = business.filter(({ name }) => !red.has(name)).map(({ name }) => name)
    console.log(
      `without filters and row security: ${findings.length} findings in ${red.size} of ${business.length} tools; green: ${green}`,
    )
    // It looks nothing up: the tool of its rows does.
    expect(green).toEqual(['export_data'])
  })

  it('every table is empty for the login of the service, without a setting and with that of somebody else', async () => {
    const tables = await service.db.asOwner<{ name: string; own: string }>(`
      select c.relname as name, coalesce((select 'business_id' from information_schema.columns
        where table_schema = 'public' and table_name = c.relname and column_name = 'business_id'), 'none') as own
      from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname not like 'kysely_%'`)
    expect(tables.length).toBeGreaterThanOrEqual(27)
    const pool = createPool(service.db.ownerUrl, { size: 1, role: SERVICE_ROLE })
    pools.push(pool)
    for (const { name, own: column } of tables) {
      // A table that the service may not even read is as good.
      const count = async (statement: string) =>
        pool.query(statement).then(
          ({ rows }) => rows[0]?.count,
          (error) => (error.code === '42501' ? '0' : Promise.reject(error)),
        )
      expect({ name, count: await count(`select count(*) from "${name}"`) }).toEqual({ name, count: '0' })
      if (column === 'none') continue
      const seen = await service.db.database
        .within({ businessId: own.id }, 'read', (db) =>
          sql<{ count: string }>`select count(*) from ${sql.table(name)} where business_id = ${foreign.id}`.execute(db),
        )
        .then(
          ({ rows }) => rows[0]?.count,
          (error) => (error.code === '42501' ? '0' : Promise.reject(error)),
        )
      const [there] = await service.db.asOwner<{ count: string }>(
        `select count(*) from "${name}" where business_id = $1`,
        [foreign.id],
      )
      expect({ name, seen, isThere: there?.count !== '0' }).toEqual({ name, seen: '0', isThere: true })
    }
  })
})

const OPERATORS = ['list_tenants', 'set_active_tenant']

const UNKNOWN_INPUT = Type.Object({ things: Type.Array(Type.Object({ nickname: Type.String() })) })

function baseCall(tool: Tool, ask: Ask): Promise<string> {
  const rehearse = tool.kind === 'business' && tool.mode === 'write' ? { dryRun: true } : {}
  return ask(tool.name, { ...workingCall(tool, world.own), ...rehearse } as Args)
}

function principal(): Principal {
  const business = { timezone: 'UTC', currency: 'GTQ', currencyDigits: 2, role: 'owner' }
  return {
    kind: 'merchant',
    role: 'merchant',
    ref: `user:${userId}`,
    userId,
    credentialId: randomUUID(),
    grantedScopes: SCOPES,
    clientData: true,
    // Two, so that tools take businessId.
    businesses: [
      { id: own.id, name: own.name, ...business },
      { id: second.id, name: second.name, ...business },
    ],
    defaultBusinessId: own.id,
    expiresAt: null,
  }
}

function contextIn(database: Database) {
  return {
    principal: principal(),
    now: service.now,
    requestId: 'test',
    hints: {},
    database,
    findTenant: async () => null,
    chooseBusiness: async () => {},
    offerFile: async () => ({ url: '', holds: '', fileName: '', mimeType: '', expiresAt: service.now }),
  }
}

/** Makes every comparison of a business_id with a value true, as if the author of the query had forgotten it. */
function dropFilters(pool: pg.Pool): void {
  const isPatched = new WeakSet<object>()
  const connect = pool.connect.bind(pool)
  const patched = async () => {
    const client = await connect()
    if (isPatched.has(client)) return client
    isPatched.add(client)
    const query = client.query.bind(client) as (...args: unknown[]) => unknown
    const dropping = (text: unknown, ...rest: unknown[]) =>
      query(typeof text === 'string' ? text.replace(FILTER, '($1::uuid is not null)') : text, ...rest)
    return Object.assign(client, { query: dropping })
  }
  Object.assign(pool, { connect: patched })
}

const FILTER = /(?:"?\w+"?\.)?"?business_id"? = (\$\d+)(?:::uuid)?/g
