import { expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { createOwnedDatabase } from '../support/owned-database.ts'

/** The schema into which the rows are put. Every later migration must keep them. */
const FIRST = '2026-11-09-barcodes'

const BUSINESS = '00000000-0000-4000-8000-000000000001'
const [ANA, BEN] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b']
const THING = '00000000-0000-4000-8000-000000000002'
const [LIVE, REVOKED] = ['00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-0000000000a2']

const ROWS = [
  `insert into business (id, name, currency, timezone) values ('${BUSINESS}', 'Shop', 'EUR', 'Europe/Madrid')`,
  `insert into app_user (id, email) values ('${ANA}', 'ana@example.com'), ('${BEN}', 'ben@example.com')`,
  `insert into business_user (business_id, user_id, role, is_active) values
    ('${BUSINESS}', '${ANA}', 'owner', true), ('${BUSINESS}', '${BEN}', 'cashier', false)`,
  `insert into location (business_id, id, name, timezone) values ('${BUSINESS}', '${THING}', 'Centro', 'Europe/Madrid')`,
  `insert into category (business_id, id, name) values ('${BUSINESS}', '${THING}', 'Coffee')`,
  `insert into supplier (business_id, id, name) values ('${BUSINESS}', '${THING}', 'Roaster')`,
  `insert into customer (business_id, id, code, name) values ('${BUSINESS}', '${THING}', 'C1', 'Carla')`,
  `insert into product (business_id, id, name, category_id, supplier_id) values
    ('${BUSINESS}', '${THING}', 'Beans', '${THING}', '${THING}')`,
  `insert into product_variant (business_id, id, product_id, sku, price) values
    ('${BUSINESS}', '${THING}', '${THING}', 'BEANS', 10)`,
  `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason) values
    ('${BUSINESS}', '${THING}', '${THING}', 5, 'opening')`,
  `insert into orders (business_id, id, order_number, location_id, customer_id, status, completed_at) values
    ('${BUSINESS}', '${THING}', '1', '${THING}', '${THING}', 'completed', '2026-03-03T12:00:00Z')`,
  `insert into order_item
    (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price, gross_sales)
    values ('${BUSINESS}', '${THING}', 1, '${THING}', '${THING}', 'Beans', 2, 10, 20)`,
  `insert into order_payment (business_id, order_id, payment_number, method, amount) values
    ('${BUSINESS}', '${THING}', 1, 'cash', 20)`,
  `insert into order_refund (business_id, id, order_id, location_id, method) values
    ('${BUSINESS}', '${THING}', '${THING}', '${THING}', 'cash')`,
  `insert into order_refund_line
    (business_id, refund_id, order_id, line_number, product_id, variant_id, quantity, returns)
    values ('${BUSINESS}', '${THING}', '${THING}', 1, '${THING}', '${THING}', 1, 10)`,
  `insert into psa_board (business_id, id, name) values ('${BUSINESS}', '${THING}', 'Fit-out')`,
  `insert into psa_phase (business_id, id, board_id, name, position) values
    ('${BUSINESS}', '${THING}', '${THING}', 'Plan', 1)`,
  `insert into psa_step (business_id, id, board_id, phase_id, position, name) values
    ('${BUSINESS}', '${THING}', '${THING}', '${THING}', 1, 'Measure')`,
  `insert into psa_time_entry (business_id, step_id, user_id, worked_on, minutes) values
    ('${BUSINESS}', '${THING}', '${BEN}', '2026-03-03', 30)`,
  `insert into mcp_token (jti, user_id, created_at, expires_at, revoked_at) values
    ('${LIVE}', '${ANA}', '2026-03-01', '2027-03-01', null),
    ('${REVOKED}', '${BEN}', '2026-03-02', '2027-03-02', '2026-03-03')`,
  `insert into mcp_api_key (business_id, role, scopes, label, key_hash, is_active) values
    ('${BUSINESS}', 'merchant', '{catalog:read}', 'till', sha256('1'), true),
    ('${BUSINESS}', 'merchant', '{catalog:read}', 'old till', sha256('2'), false),
    (null, 'platform_operator', '{catalog:read}', 'support', sha256('3'), true)`,
  `insert into mcp_audit (at, principal, business_id, tool, outcome, duration_ms) values
    ('2026-03-03', 'user:a', '${BUSINESS}', 'create_order', 'ok', 5), ('2026-04-04', 'key:b', null, 'get_order', 'ok', 6)`,
  `insert into idempotency (business_id, principal, key, tool, arguments_hash, result) values
    ('${BUSINESS}', 'user:a', 'k', 'create_order', '\\x00', '{}')`,
]

type Rows = (query: string) => Promise<Record<string, unknown>[]>

/** The rows of every table, in a fixed order. */
async function everything(rows: Rows): Promise<Record<string, unknown[]>> {
  const tables = await rows(`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
      and not relispartition and relname not like 'kysely_%' order by 1`)
  const content: Record<string, unknown[]> = {}
  for (const { name } of tables) {
    content[name as string] = (await rows(`select to_jsonb(t) as row from ${name} t order by 1`)).map(({ row }) => row)
  }
  return content
}

const counts = (content: Record<string, unknown[]>, tables = Object.keys(content)) =>
  tables.map((table) => `${table}: ${content[table]?.length}`)

/** Without sums that later versions do not keep: those of a location with the clock of its business are kept once. */
const once = (content: Record<string, unknown[]>) =>
  Object.fromEntries(
    Object.entries(content).map(([table, rows]) => {
      return [table, rows.filter((row) => (row as { basis?: string }).basis !== 'location')]
    }),
  )

it('keeps the rows of every table, up and down, for an owner who is bound by row security', async () => {
  const { kysely, rows } = await createOwnedDatabase()
  const step = async (direction: 'up' | 'down') => {
    const [name] = await migrate(kysely, direction)
    const open = await rows(`
      select relname from pg_class where relrowsecurity and not relforcerowsecurity`)
    expect(open, `tables whose row security ${name} does not force again`).toEqual([])
    return name
  }
  while ((await step('up')) !== FIRST);
  // For the triggers, which are the owner's.
  await rows(`select set_config('app.business_id', '${BUSINESS}', false)`)
  for (const row of ROWS) await rows(row)
  const before = await everything(rows)
  const empty = Object.keys(before).filter((table) => before[table]?.length === 0)
  expect(empty, 'tables without a row').toEqual([])

  const later: string[] = []
  for (let name = await step('up'); name; name = await step('up')) later.push(name)
  const after = await everything(rows)
  expect(counts(after, Object.keys(before))).toEqual(counts(once(before)))
  // What the migrations say of the rows that they found.
  expect(
    await rows(
      'select family_id = jti as own, signed_in_at = created_at and checked_at = created_at as kept from mcp_token',
    ),
  ).toEqual([
    { own: true, kept: true },
    { own: true, kept: true },
  ])
  expect(await rows('select is_active, ended_at is not null as ended from business_user order by role')).toEqual([
    { is_active: false, ended: true },
    { is_active: true, ended: false },
  ])
  expect(await rows('select tableoid::regclass::text as part, action, duration_ms from mcp_audit order by at')).toEqual(
    [
      { part: 'mcp_audit_2026_03', action: 'create_order', duration_ms: 5 },
      { part: 'mcp_audit_2026_04', action: 'get_order', duration_ms: 6 },
    ],
  )
  // Only a later version can delete a key so.
  await rows(`update mcp_api_key set hidden_at = now() where label = 'old till'`)

  for (const name of later.toReversed()) expect(await step('down')).toBe(name)
  const expected = {
    ...before,
    mcp_api_key: (before.mcp_api_key ?? []).filter((key) => (key as { label: string }).label !== 'old till'),
  }
  expect(await everything(rows)).toEqual(expected)
  // As an operator does it: all in one transaction.
  expect(await migrate(kysely)).toEqual(later)
  expect(counts(await everything(rows), Object.keys(before))).toEqual(counts(once(expected)))
})
