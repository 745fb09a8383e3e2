import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Service, startService } from '../support/service.ts'
import { makeShop, makeUser, type Shop } from '../support/shop.ts'

// What somebody could do who has broken into the service, and so has its login and can set whatever it sets.
let service: Service
let shop: Shop
let owner: string
let stranger: string
let client: pg.Client
let commands: pg.Client
const login = `service_${randomUUID().slice(0, 8)}`
const PASSWORD = randomUUID()

beforeAll(async () => {
  service = await startService({ users: ['ana', 'eve'] })
  const { asOwner } = service.db
  shop = await makeShop(service.db)
  owner = await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  stranger = await makeUser(service.db, 'eve', [{ shop, role: 'cashier' }])
  await asOwner("insert into app_user (email) values ('new@example.com')")
  await asOwner("insert into app_user (firebase_uid) values ('known')")
  await asOwner(
    `insert into mcp_api_key (role, scopes, label, key_hash)
     values ('platform_operator', '{pos:read}', 'ops', sha256('ops')), ('platform_operator', '{pos:read}', 'off', sha256('off'))`,
  )
  await asOwner("update mcp_api_key set is_active = false where label = 'off'")
  await asOwner("insert into mcp_audit (action, outcome) values ('x', 'ok')")

  await asOwner(`create role ${login} login password '${PASSWORD}' in role flowpos_service`)
  await asOwner(`create role ${login}_commands login password '${PASSWORD}' in role flowpos_commands`)
  client = await connect(login)
  commands = await connect(`${login}_commands`)
})
afterAll(async () => {
  await client?.end()
  await commands?.end()
  await service?.db.asOwner(`drop role ${login}, ${login}_commands`)
  await service?.close()
})

async function connect(user: string): Promise<pg.Client> {
  const url = new URL(service.db.ownerUrl)
  url.username = user
  url.password = PASSWORD
  const connected = new pg.Client({ connectionString: url.href })
  await connected.connect()
  return connected
}

/** Tries a statement with every setting that the service has. @returns the rows, or the error's code */
async function attempt(statement: string, settings: Record<string, string> = {}, as = client) {
  const all = {
    ...{ 'app.business_id': shop.id, 'app.user_id': owner, 'app.firebase_uid': 'mallory', 'app.operator': 'on' },
    ...settings,
  }
  await as.query('begin')
  try {
    for (const [name, value] of Object.entries(all)) await as.query('select set_config($1, $2, true)', [name, value])
    return (await as.query(statement)).rowCount
  } catch (error) {
    return (error as { code: string }).code
  } finally {
    await as.query('rollback')
  }
}
const DENIED = '42501'

/** What it may change, by table; it may only read the others, and of the trail not even that. */
const CHANGEABLE: Record<string, { insert?: true; update?: string[]; delete?: true }> = {
  business: { update: ['next_order_number'] },
  app_user: { update: ['email', 'firebase_uid'] },
  category: { insert: true },
  customer: {
    insert: true,
    update: [
      ...['city', 'code', 'country', 'email', 'is_active', 'name', 'note', 'phone', 'tax_id'],
      ...['updated_at'],
    ],
  },
  product: {
    insert: true,
    update: ['category_id', 'description', 'is_active', 'name', 'supplier_id', 'tax_rate', 'updated_at'],
  },
  product_variant: { insert: true, update: ['barcode', 'cost', 'is_active', 'price', 'updated_at'] },
  inventory: { insert: true, update: ['updated_at'] },
  inventory_movement: { insert: true },
  orders: { insert: true, update: ['cancel_reason', 'cancelled_at', 'cancelled_by', 'status', 'updated_at'] },
  order_item: { insert: true },
  order_payment: { insert: true },
  order_refund: { insert: true },
  order_refund_line: { insert: true },
  order_refund_payment: { insert: true },
  mcp_api_key: { insert: true, update: ['gone_on', 'hidden_at', 'is_active', 'last_used_at'] },
  mcp_token: {
    insert: true,
    update: ['checked_at', 'client', 'expires_at', 'gone_on', 'last_used_at', 'replaced_at', 'revoked_at', 'used_by'],
    delete: true,
  },
  mcp_audit: { insert: true },
  idempotency: { insert: true, update: ['arguments_hash', 'created_at', 'result', 'tool'], delete: true },
}

describe("the service's login", () => {
  it('changes only the tables and columns that the service changes', async () => {
    const rows = await service.db.asOwner<{ name: string; column: string; insert: boolean; update: boolean }>(
      `select c.relname as name, a.attname as column, has_column_privilege($1, c.oid, a.attnum, 'insert') as insert,
         has_column_privilege($1, c.oid, a.attnum, 'update') as update
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') order by 1, 2`,
      [login],
    )
    const others = await service.db.asOwner<{ name: string; delete: boolean; truncate: boolean; owns: boolean }>(
      `select relname as name, has_table_privilege($1, oid, 'delete') as delete,
         has_table_privilege($1, oid, 'truncate') as truncate, pg_has_role($1, relowner, 'member') as owns
       from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')`,
      [login],
    )
    expect(others.length).toBeGreaterThan(28)
    for (const { name, truncate, owns, ...own } of others) {
      const columns = rows.filter((row) => row.name === name)
      const may = CHANGEABLE[name] ?? {}
      expect({
        name,
        insert: columns.some(({ insert }) => insert),
        update: columns.filter(({ update }) => update).map(({ column }) => column),
        delete: own.delete,
        truncate,
        owns,
      }).toEqual({
        ...{ name, insert: may.insert ?? false, update: may.update ?? [], delete: may.delete ?? false },
        ...{ truncate: false, owns: false },
      })
    }
  })

  it.each([
    [
      'an operator key is made',
      "insert into mcp_api_key (role, scopes, label, key_hash) values ('platform_operator', '{pos:read}', 'x', sha256('x'))",
      DENIED,
    ],
    ['an operator key is listed', "select from mcp_api_key where role = 'platform_operator'", 0],
    ['an operator key is switched off', "update mcp_api_key set is_active = false where label = 'ops'", 0],
    ['a business is made', "insert into business (name, currency, timezone) values ('x', 'GTQ', 'UTC')", DENIED],
    ['a business is renamed', "update business set name = 'x'", DENIED],
    ['a business is switched off', 'update business set is_active = false', DENIED],
    ['a currency is changed', "update business set currency = 'USD'", DENIED],
    ['a cashier is promoted', "update business_user set role = 'owner'", DENIED],
    [
      'a member is added',
      `insert into business_user (business_id, user_id, role) select business_id, user_id, 'owner' from business_user`,
      DENIED,
    ],
    ['a member is removed', 'delete from business_user', DENIED],
    ['a user is made', "insert into app_user (email) values ('x@example.com')", DENIED],
    ['a user is switched off', 'update app_user set is_active = false', DENIED],
    ['a line is changed', 'update order_item set quantity = 1', DENIED],
    ['a line is deleted', 'delete from order_item', DENIED],
    ['a payment is deleted', 'delete from order_payment', DENIED],
    ['a sale is moved', 'update orders set completed_at = now()', DENIED],
    ['a place is moved', "update location set timezone = 'UTC'", DENIED],
    ['the trail is read', 'select from mcp_audit', DENIED],
    ['a month of the trail is read', 'select from mcp_audit_default', DENIED],
    ['the trail is changed', "update mcp_audit set outcome = 'ok'", DENIED],
    ['the trail is deleted', 'delete from mcp_audit', DENIED],
    ['the trail is taken apart', "select detach_audit_partitions('2030-01-01', true)", DENIED],
    [
      'an employee is made',
      "insert into employee (business_id, number, name) values (app_business_id(), '1', 'x')",
      DENIED,
    ],
    ['a sale loses its time', 'insert into orders (business_id, has_time) values (app_business_id(), false)', DENIED],
    ['the sums are made anew', 'select rebuild_rollups(app_business_id())', DENIED],
  ])('is refused when %s', async (_what, statement, outcome) => {
    expect(await attempt(statement)).toBe(outcome)
  })

  it('reads an operator key by its hash, and notes its use, but cannot end or revive it', async () => {
    const hash = (text: string) => ({ 'app.key_hash': `\\x${Buffer.from(text).toString('hex')}` })
    const [ops, off] = await service.db.asOwner<{ hash: string }>(
      "select key_hash::text as hash from mcp_api_key where role = 'platform_operator' order by label desc",
    )
    const by = (key: { hash: string } | undefined) => ({ 'app.key_hash': key?.hash ?? '' })
    const mine = "where role = 'platform_operator'"
    expect(await attempt(`select from mcp_api_key ${mine}`, by(ops))).toBe(1)
    expect(await attempt(`update mcp_api_key set last_used_at = now() ${mine}`, by(ops))).toBe(1)
    expect(await attempt(`update mcp_api_key set is_active = false ${mine}`, by(ops))).toBe(DENIED)
    expect(await attempt(`update mcp_api_key set is_active = true ${mine}`, by(off))).toBe(0)
    expect(await attempt(`select from mcp_api_key ${mine}`, hash('guess'))).toBe(0)
  })

  it("links the user of a sign-in whom nobody has claimed, and never another's", async () => {
    const link = "update app_user set firebase_uid = 'mallory' where lower(email) = lower(app_email())"
    expect(await attempt(link, { 'app.email': 'new@example.com' })).toBe(1)
    // Somebody signs in as Eve already.
    expect(await attempt(link, { 'app.email': 'eve@example.com' })).toBe(0)
    const all = "update app_user set firebase_uid = 'mallory'"
    expect(await attempt(all, { 'app.email': 'eve@example.com', 'app.user_id': stranger })).toBe(0)
    // Not with another uid than that of the sign-in, nor with another address.
    const other = "update app_user set firebase_uid = 'other' where lower(email) = lower(app_email())"
    expect(await attempt(other, { 'app.email': 'new@example.com' })).toBe(DENIED)
    const known = { 'app.firebase_uid': 'known', 'app.email': 'known@example.com' }
    expect(await attempt("update app_user set email = 'known@example.com' where firebase_uid = 'known'", known)).toBe(1)
    expect(await attempt("update app_user set email = 'else@example.com' where firebase_uid = 'known'", known)).toBe(
      DENIED,
    )
    const taken = { 'app.firebase_uid': 'eve', 'app.email': 'mallory@example.com' }
    expect(await attempt("update app_user set email = 'mallory@example.com'", taken)).toBe(0)
  })
})

describe("the commands' login", () => {
  it.each([
    [
      "insert into mcp_api_key (role, scopes, label, key_hash) values ('platform_operator', '{pos:read}', 'x', sha256('x'))",
      1,
    ],
    ["update mcp_api_key set is_active = false where label = 'ops'", 1],
    ['select rebuild_rollups(app_business_id())', 1],
    ['select * from make_audit_partitions(0)', 1],
    ['select from mcp_audit limit 1', 1],
    ["insert into employee (business_id, number, name) values (app_business_id(), '1', 'x')", 1],
    ["update employee set name = 'x'", 0],
    ["update employee set number = 'x'", DENIED],
    ['update mcp_audit set outcome = $$ok$$', DENIED],
    ['delete from mcp_audit', DENIED],
    ['delete from order_payment', DENIED],
    ["update business_user set role = 'owner'", DENIED],
  ])('%s: %s', async (statement, outcome) => {
    expect(await attempt(statement, {}, commands)).toBe(outcome)
  })
})
