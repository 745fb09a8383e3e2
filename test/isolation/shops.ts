import { randomUUID } from 'node:crypto'
import type { TestDatabase } from '../support/database.ts'
import { someRow } from '../support/made-up-row.ts'
import { makeOrder, makeRefund, type Shop } from '../support/shop.ts'

/** What tells whose text it is. All have the same length and order, so that only the owner differs. */
export const MARKS = {
  foreign: 'ZZFOREIGN',
  absent: 'ZZABSENTX',
  deleted: 'ZZDELETED',
  off: 'ZZOFFLINE',
  own: 'ZZMYOWNED',
  second: 'ZZMYOTHER',
}

export type Mark = (typeof MARKS)[keyof typeof MARKS]

/** The columns behind `SOURCES` that are not a tenant's table of that name. */
const VIEWS: Record<string, string> = {
  business: '(select id as business_id, * from business)',
  person: '(select m.business_id, u.* from business_user m join app_user u on u.id = m.user_id)',
}

/**
 * A shop's values of a column, the oldest mark's first.
 * @param source as in `SOURCES`
 */
export async function valuesOf(db: TestDatabase, businessId: string, source: string, mark: Mark): Promise<string[]> {
  const [table = '', column = ''] = source.split('.')
  const from = VIEWS[table] ?? table
  const rows = await db.asOwner<{ value: string }>(
    `select distinct t."${column}"::text as value from ${from} t
     where t.business_id = $1 and t."${column}" is not null and to_jsonb(t)::text ilike '%' || $2 || '%'
     order by 1 limit 2`,
    [businessId, mark],
  )
  return rows.map(({ value }) => value)
}

/** Rows of everything that tools can name, with the mark in every text. A business can have several such sets. */
export async function addMarkedRows(db: TestDatabase, shop: Shop, mark: Mark, at: Date): Promise<void> {
  const { asOwner } = db
  const b = shop.id
  const one = async <Row>(statement: string, values: unknown[] = []): Promise<Row> =>
    (await asOwner(statement, [b, mark, ...values]))[0] as Row
  const [near, far] = await asOwner<{ id: string }>(
    `insert into location (business_id, name, timezone, address, city)
     select $1, $2 || ' ' || place, 'UTC', $2 || ' street', $2 || ' city' from unnest('{near,far}'::text[]) place returning id`,
    [b, mark],
  )
  const person = await one<{ id: string }>(
    `with made as (insert into app_user (firebase_uid, email, display_name)
       values ($3, $2 || $3 || '@example.com', $2 || ' person') returning id)
     insert into business_user (business_id, user_id, role) select $1, id, 'cashier' from made returning user_id as id`,
    [randomUUID().slice(0, 8)],
  )
  const client = await one<{ id: string }>(
    `insert into customer (business_id, code, name, email, phone, tax_id, city, country, note)
     values ($1, $2 || '-C1', $2 || ' client', lower($2) || '@example.com', $2 || '-555', $2 || '-nit', $2 || ' city',
       $2 || ' land', $2 || ' note') returning id`,
  )
  const category = await one<{ id: string }>(
    'insert into category (business_id, name) values ($1, $2 || $$ things$$) returning id',
  )
  const supplier = await one<{ id: string }>(
    `insert into supplier (business_id, name, email, phone, tax_id)
     values ($1, $2 || ' supplier', lower($2) || '@supplier.example', $2 || '-556', $2 || '-nit') returning id`,
  )
  const product = await one<{ id: string }>(
    `insert into product (business_id, name, description, category_id, supplier_id)
     values ($1, $2 || ' bread', $2 || ' words', $3, $4) returning id`,
    [category.id, supplier.id],
  )
  const variant = await one<{ id: string }>(
    `insert into product_variant (business_id, product_id, sku, label, barcode, price, cost)
     values ($1, $3, $2 || '-S1', $2 || ' large', $2 || '-750', 10, 4) returning id`,
    [product.id],
  )
  for (const location of [near, far]) {
    await one(
      `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason, note, created_by)
       values ($1, $3, $4, 50, 'opening', $2 || ' note', $2)`,
      [location?.id, variant.id],
    )
  }
  await one(`update inventory set reorder_point = 90 where business_id = $1 and $2 <> ''`)
  const lines = [{ productId: product.id, variantId: variant.id, quantity: '4', unitPrice: '10' }]
  const payments = [{ method: `${mark} cash`, amount: '40' }]
  const sale = { at: at.toISOString(), lines, payments, location: near?.id as string }
  const orderId = await makeOrder(db.database, shop, { number: `${mark}-1`, ...sale })
  await makeOrder(db.database, shop, { number: `${mark}-2`, ...sale })
  await makeRefund(db.database, shop, {
    orderId,
    at: at.toISOString(),
    location: sale.location,
    lines: [{ productId: product.id, variantId: variant.id, line: 1, quantity: '1', returns: '10' }],
  })
  await one(
    `update orders set customer_id = $4, note = $2 || ' note', order_type = $2 || ' type', created_by = $2,
       cancel_reason = $2 || ' why' where business_id = $1 and id = $3`,
    [orderId, client.id],
  )
  // Sums of the days before, which a sale of today writes.
  await asOwner(
    `insert into stock_velocity (business_id, location_id, variant_id, units, net_sales, sold)
     values ($1, $2, $3, 4, 40, 4) on conflict do nothing`,
    [b, near?.id, variant.id],
  )
  await one(`update order_item set name = $2 || ' bread' where business_id = $1 and order_id = $3`, [orderId])
  await one(`update order_payment set reference = $2 || '-ref' where business_id = $1 and order_id = $3`, [orderId])
  await one(
    `update order_refund set reason = $2 || ' why', method = $2 || ' back', created_by = $2
     where business_id = $1 and order_id = $3`,
    [orderId],
  )
  const board = await one<{ id: string }>(
    `insert into psa_board (business_id, name, customer_id, status, starts_on, due_on)
     values ($1, $2 || ' board', $3, 'active', '2026-01-01', '2026-02-01') returning id`,
    [client.id],
  )
  const phase = await one<{ id: string }>(
    `insert into psa_phase (business_id, board_id, name, position) values ($1, $3, $2 || ' phase', 1) returning id`,
    [board.id],
  )
  const step = await one<{ id: string }>(
    `insert into psa_step (business_id, board_id, phase_id, position, name, status, blocked_reason, assignee_id, due_on)
     values ($1, $3, $4, 1, $2 || ' step', 'blocked', $2 || ' blocked', $5, '2026-01-05') returning id`,
    [board.id, phase.id, person.id],
  )
  await one(
    `insert into psa_time_entry (business_id, step_id, user_id, worked_on, minutes, hourly_rate, note)
     values ($1, $3, $4, $5, 60, 100, $2 || ' note')`,
    [step.id, person.id, at.toISOString().slice(0, 10)],
  )
  await one(
    `insert into mcp_api_key (business_id, role, scopes, label, key_hash)
     values ($1::text::uuid, 'merchant', '{pos:read}', $2 || ' key', sha256(($1::text || $2)::bytea))`,
  )
}

/** Columns whose values are not free: the mark cannot stand in them. */
const NOT_FREE = new Set([
  'timezone',
  // Rollups are kept per zone of the business or of the location.
  'basis',
  // Roles decide rights; the marked ones of business_user would lock their owners out.
  'business_user.role',
])

/**
 * Puts the mark into every text of every table of a shop that does not have it yet, whatever tables there are.
 * @returns the columns where that is not possible and no reason is known
 */
export async function markEverything(db: TestDatabase, shop: Shop, mark: Mark): Promise<string[]> {
  const columns = await db.asOwner<{ table: string; column: string; choices: string | null }>(`
    select c.table_name as "table", c.column_name as "column", (
      select string_agg(pg_get_constraintdef(k.oid), ' ') from pg_constraint k
      where k.conrelid = c.table_name::regclass and k.contype = 'c' and pg_get_constraintdef(k.oid) ~ 'ANY'
        and c.column_name = any (select attname from pg_attribute where attrelid = k.conrelid and attnum = any (k.conkey))
    ) as choices
    from information_schema.columns c
    where c.table_schema = 'public' and c.data_type = 'text' and c.is_generated = 'NEVER'
      and exists (select from information_schema.columns o
        where o.table_schema = 'public' and o.table_name = c.table_name and o.column_name = 'business_id')`)
  for (const table of new Set(columns.map((each) => each.table))) await someRow(db, table, shop.id, mark)
  const unmarked: string[] = []
  for (const { table, column, choices } of columns) {
    if (choices !== null || NOT_FREE.has(column) || NOT_FREE.has(`${table}.${column}`)) continue
    const where = `business_id = '${shop.id}' and coalesce("${column}", '') not ilike '%${mark}%'`
    // Without triggers, because ledgers refuse changes.
    const change = `begin; set local session_replication_role = replica;
      update "${table}" set "${column}" = '${mark} also' || coalesce(' ' || "${column}", '') where ${where}; commit`
    await db.asOwner(change).catch(async () => {
      await db.asOwner('rollback')
      unmarked.push(`${table}.${column}`)
    })
  }
  return unmarked
}

/** Takes every row of a business out of every table, but for those who belong to it. */
export async function emptyShop(db: TestDatabase, shop: Shop): Promise<void> {
  for (const table of await tenantTables(db)) {
    if (table === 'business_user') continue
    await db.asOwner(`begin; set local session_replication_role = replica;
      delete from "${table}" where business_id = '${shop.id}'; commit`)
  }
}

/** Switches off whatever can be switched off, and ends whatever can end. */
export async function switchOff(db: TestDatabase, shop: Shop): Promise<void> {
  const flags = await db.asOwner<{ table: string }>(`
    select table_name as "table" from information_schema.columns where table_schema = 'public' and column_name = 'is_active'
      and table_name in (select table_name from information_schema.columns where column_name = 'business_id')`)
  for (const { table } of flags) {
    if (table !== 'business_user')
      await db.asOwner(`update "${table}" set is_active = false where business_id = $1`, [shop.id])
  }
  await db.asOwner("update psa_board set status = 'archived' where business_id = $1", [shop.id])
  await db.asOwner('delete from order_refund_line where business_id = $1', [shop.id])
  await db.asOwner('delete from order_refund where business_id = $1', [shop.id])
  await db.asOwner("update orders set status = 'cancelled', cancelled_at = now() where business_id = $1", [shop.id])
}

/** Number and checksum of a shop's rows in each table that has rows of tenants. */
export async function footprint(db: TestDatabase, shop: Shop): Promise<Record<string, string>> {
  const seen: Record<string, string> = {}
  for (const table of [...(await tenantTables(db)), 'business']) {
    const key = table === 'business' ? 'id' : 'business_id'
    const [row] = await db.asOwner<{ sum: string }>(
      `select count(*) || ' rows, ' || coalesce(md5(string_agg(to_jsonb(t)::text, '|' order by to_jsonb(t)::text)), '')
         as sum from "${table}" t where ${key} = $1`,
      [shop.id],
    )
    seen[table] = row?.sum ?? ''
  }
  return seen
}

/** The ids of a shop's rows, and its own. */
export async function idsOf(db: TestDatabase, shop: Shop): Promise<string[]> {
  const columns = await db.asOwner<{ table: string; column: string }>(`
    select c.table_name as "table", c.column_name as "column" from information_schema.columns c
    where c.table_schema = 'public' and c.data_type = 'uuid' and c.column_name <> 'credential_id'
      and c.table_name in (select table_name from information_schema.columns where column_name = 'business_id')`)
  const found = await Promise.all(
    columns.map(({ table, column }) =>
      db.asOwner<{ id: string }>(
        `select distinct "${column}"::text as id from "${table}" where business_id = $1 and "${column}" is not null`,
        [shop.id],
      ),
    ),
  )
  return [...new Set(found.flat().map(({ id }) => id))]
}

async function tenantTables(db: TestDatabase): Promise<string[]> {
  const tables = await db.asOwner<{ name: string }>(`
    select c.table_name as name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'public' and c.column_name = 'business_id' and t.table_type = 'BASE TABLE' order by 1`)
  return tables.map(({ name }) => name)
}
