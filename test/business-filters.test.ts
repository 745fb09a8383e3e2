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
import { withoutCode } from './support/boundary.ts'
import { createTestDatabase, type TestDatabase } from './support/database.ts'
import { type HostileShop, INJECTIONS, makeHostileShop } from './support/hostile-shop.ts'
import { callsOf } from './support/tool-calls.ts'

// Row-level security is the second barrier and would hide a hole in the first. Here every tool runs as a role that
// bypasses it, over two tenants with the same numbers, codes, SKUs and names; the answers must not change.
const NOW = new Date('2026-03-10T18:00:00Z')

let db: TestDatabase
let pastRowSecurity: Database
let closePool: () => Promise<void>
let shops: HostileShop[]
let owners: Principal[]

beforeAll(async () => {
  db = await createTestDatabase()
  const pool = createPool(db.ownerUrl, { size: 2 })
  pastRowSecurity = createDatabase(pool)
  closePool = () => pool.end()
  const [user] = await db.asOwner<{ id: string }>("insert into app_user (firebase_uid) values ('ana') returning id")
  const { id: userId } = user as { id: string }
  const options = { now: NOW, userId }
  shops = [await makeHostileShop(db, INJECTIONS, options), await makeHostileShop(db, INJECTIONS, options)]
  await db.asOwner("update customer set email = 'ana@example.com' where code = 'C-7'")
  owners = shops.map((shop) => ownerOf(shop, userId))
})
afterAll(async () => {
  await closePool?.()
  await db?.close()
})

function ownerOf(shop: HostileShop, userId: string): Principal {
  const business: AuthorizedBusiness = {
    id: shop.id,
    name: shop.name,
    timezone: 'UTC',
    currency: 'GTQ',
    currencyDigits: 2,
    role: 'owner',
  }
  return {
    kind: 'merchant',
    role: 'merchant',
    ref: `user:${userId}`,
    userId,
    credentialId: randomUUID(),
    grantedScopes: SCOPES,
    clientData: true,
    businesses: [business],
    defaultBusinessId: shop.id,
    expiresAt: null,
  }
}

async function answer(
  database: Database,
  principal: Principal,
  name: string,
  args: Record<string, unknown>,
): Promise<string> {
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
    offerFile: async () => ({ url: '', holds: '', fileName: '', mimeType: '', expiresAt: NOW }),
  }
  const result = await runTool(tool, args, context).catch((error: unknown) => {
    if (error instanceof ServiceError) return { refused: error.message }
    throw error
  })
  // A dry run creates ids that are gone afterwards; all other ids belong to one of the two shops.
  return JSON.stringify(withoutCode(result)).replaceAll(UUID, (id) => (known.has(id) ? id : '<new>'))
}

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g
const known = new Set<string>()
const tools = (await loadTools()).filter((tool) => tool.kind === 'business')
const registry = createRegistry(tools)

it.each(tools)('$name asks for its own business alone', async (tool) => {
  if (known.size === 0) for (const id of await idsOfRows()) known.add(id)
  // A query that finds one row of several tenants is right by chance for one of them, but wrong for the other.
  for (const [index, shop] of shops.entries()) {
    const owner = owners[index] as Principal
    const calls = [...callsOf(tool, shop), ...(FURTHER_CALLS[tool.name] ?? [])]
    for (const args of calls) {
      const given = tool.mode === 'write' ? { ...args, dryRun: true } : args
      const bound = await answer(db.database, owner, tool.name, given)
      const unbound = await answer(pastRowSecurity, owner, tool.name, given)
      expect({ args, answer: unbound }).toEqual({ args, answer: bound })
    }
  }
})

// With values that both shops already have.
const FURTHER_CALLS: Record<string, Record<string, unknown>[]> = {
  create_client: [{ name: 'Ana', email: 'ana@example.com' }],
  create_product: [
    { name: 'Pan', sku: 'SKU-7', price: '1' },
    { name: 'Pan', sku: 'NEW', price: '1', barcode: '750' },
  ],
}

/** The ids of all rows of both shops. */
async function idsOfRows(): Promise<string[]> {
  const tables = await db.asOwner<{ name: string }>(
    `select table_name as name from information_schema.columns
     where table_schema = 'public' and column_name = 'id' and data_type = 'uuid'`,
  )
  const ids = await Promise.all(tables.map(({ name }) => db.asOwner<{ id: string }>(`select id::text from "${name}"`)))
  return ids.flat().map(({ id }) => id)
}
