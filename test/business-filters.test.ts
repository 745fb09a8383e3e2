import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { loadTools } from '../plugins/mcp/registry.ts'
import type { AuthorizedBusiness, Principal } from '../src/auth/principal.ts'
import { SCOPES } from '../src/auth/scopes.ts'
import { createDatabase, type Database } from '../src/database/database.ts'
import { createPool } from '../src/database/pool.ts'
import { ServiceError } from '../src/errors.ts'
import { createRegistry } from '../src/mcp/registry.ts'
import { runTool } from '../src/mcp/run-tool.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { type HostileShop, INJECTIONS, makeHostileShop } from './support/hostile-shop.ts'
import { callsOf } from './support/tool-calls.ts'

// Row-level security is the second wall, and hides a hole in the first. Here every tool runs as a role that it does not
// bind, over two tenants with the same numbers, codes, SKUs and names: the answers must be those of the service's role.
const NOW = new Date('2026-03-10T18:00:00Z')

let db: TestDatabase
let pastRowSecurity: Database
let closePool: () => Promise<void>
let shop: HostileShop
let principal: Principal

beforeAll(async () => {
  db = await createTestDatabase()
  const pool = createPool(db.ownerUrl, { size: 2 })
  pastRowSecurity = createDatabase(pool)
  closePool = () => pool.end()
  const [user] = await db.asOwner<{ id: string }>("insert into app_user (firebase_uid) values ('ana') returning id")
  const { id: userId } = user as { id: string }
  shop = await makeHostileShop(db, INJECTIONS, { now: NOW, userId })
  await makeHostileShop(db, INJECTIONS, { now: NOW, userId })
  const business: AuthorizedBusiness = {
    id: shop.id,
    name: shop.name,
    timezone: 'UTC',
    currency: 'GTQ',
    currencyDigits: 2,
    role: 'owner',
  }
  principal = {
    kind: 'merchant',
    role: 'merchant',
    ref: `user:${userId}`,
    userId,
    credentialId: randomUUID(),
    grantedScopes: SCOPES,
    businesses: [business],
    defaultBusinessId: shop.id,
    expiresAt: null,
  }
})
afterAll(async () => {
  await closePool?.()
  await db?.close()
})

async function answer(database: Database, name: string, args: Record<string, unknown>): Promise<string> {
  const tool = registry.find(principal, name)
  if (tool === undefined) throw new Error(`${name} is not listed for the owner of one business`)
  const context = {
    principal,
    now: NOW,
    requestId: 'test',
    hints: {},
    database,
    findTenant: async () => null,
    chooseBusiness: async () => {},
  }
  const result = await runTool(tool, args, context).catch((error: unknown) => {
    if (error instanceof ServiceError) return { refused: error.message }
    throw error
  })
  // A rehearsal makes ids that are gone afterwards; those that are there belong to one of the two shops.
  return JSON.stringify(result).replaceAll(UUID, (id) => (known.has(id) ? id : '<new>'))
}

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g
const known = new Set<string>()
const tools = (await loadTools()).filter((tool) => tool.kind === 'business')
const registry = createRegistry(tools)

it.each(tools.map(({ name, mode }) => ({ name, mode })))('$name asks for its own business alone', async (tool) => {
  if (known.size === 0) for (const id of await idsOfRows()) known.add(id)
  const calls = callsOf(shop)[tool.name] ?? []
  expect(calls.length).toBeGreaterThan(0)
  for (const args of calls) {
    const given = tool.mode === 'write' ? { ...args, dryRun: true } : args
    const bound = await answer(db.database, tool.name, given)
    const unbound = await answer(pastRowSecurity, tool.name, given)
    expect({ args, answer: unbound }).toEqual({ args, answer: bound })
  }
})

/** The ids of all rows of both shops. */
async function idsOfRows(): Promise<string[]> {
  const tables = await db.asOwner<{ name: string }>(
    `select table_name as name from information_schema.columns
     where table_schema = 'public' and column_name = 'id' and data_type = 'uuid'`,
  )
  const ids = await Promise.all(tables.map(({ name }) => db.asOwner<{ id: string }>(`select id::text from "${name}"`)))
  return ids.flat().map(({ id }) => id)
}
