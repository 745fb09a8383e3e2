import { readFile } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'

const FUNCTIONS = new URL('2026-12-15-rollup-functions.sql', import.meta.url)
const FUNCTIONS_BEFORE = new URL('2026-12-14-rollup-functions.sql', import.meta.url)

interface Sums {
  column: string
  type: string
  none: string
  /** The sums that they are made of. */
  from: string
  /** The rows that group those, and their column. */
  of: { table: string; key: string; value: string }
}

const OF_PRODUCT = [
  'units_sold',
  'units_returned',
  'gross_sales',
  'discounts',
  'returns',
  'tax',
  'cost',
  'costed_net_sales',
]
const OF_CLIENT = ['orders', 'refunds', ...OF_PRODUCT, 'tips']

const TABLES: Record<string, Sums & { sums: string[] }> = {
  city_daily: {
    column: 'city',
    type: 'text not null',
    none: 'empty: no client, or one without a city',
    from: 'customer_daily',
    of: { table: 'customer', key: 'customer_id', value: 'city_name(g.city)' },
    sums: OF_CLIENT,
  },
  category_daily: {
    column: 'category_id',
    type: 'uuid',
    none: 'null: products without a category',
    from: 'product_daily',
    of: { table: 'product', key: 'product_id', value: 'g.category_id' },
    sums: OF_PRODUCT,
  },
  supplier_daily: {
    column: 'supplier_id',
    type: 'uuid',
    none: 'null: products without a supplier',
    from: 'product_daily',
    of: { table: 'product', key: 'product_id', value: 'g.supplier_id' },
    sums: OF_PRODUCT,
  },
}
const TYPES: Record<string, string> = {
  orders: 'bigint',
  refunds: 'bigint',
  units_sold: 'numeric(18,3)',
  units_returned: 'numeric(18,3)',
}

/**
 * The sums by city, category and supplier, which are few where clients and products are many. They move with a client
 * or product that changes its own.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await quiet(db)
  // A city of any length must fit into the index of its sums.
  await sql`
    create function city_name(text) returns text language sql immutable parallel safe
    as $$ select coalesce(left(trim($1), 200), '') $$`.execute(db)
  for (const [name, { column, type, none, from, of, sums }] of Object.entries(TABLES)) {
    const columns = sums.map((sum) => `${sum} ${TYPES[sum] ?? 'numeric(24,4)'} not null default 0`)
    await sql`
      create table ${sql.table(name)} (
        business_id uuid not null,
        location_id uuid not null,
        basis text not null,
        day date not null,
        ${sql.ref(column)} ${sql.raw(type)},
        ${sql.raw(columns.join(', '))},
        net_sales numeric(24,4) not null generated always as (gross_sales - discounts - returns) stored,
        constraint ${sql.ref(`${name}_key`)} unique nulls not distinct
          (business_id, basis, day, location_id, ${sql.ref(column)})
      )`.execute(db)
    await sql`comment on column ${sql.ref(`${name}.${column}`)} is ${sql.lit(none)}`.execute(db)
    // Of every business, also for an owner who is bound by row security.
    for (const each of [from, of.table])
      await sql`alter table ${sql.table(each)} no force row level security`.execute(db)
    await sql`
      insert into ${sql.table(name)} (business_id, location_id, basis, day, ${sql.ref(column)}, ${sql.raw(sums.join(', '))})
      select d.business_id, d.location_id, d.basis, d.day, ${sql.raw(of.value)},
        ${sql.raw(sums.map((sum) => `sum(d.${sum})`).join(', '))}
      from ${sql.table(from)} d
      left join ${sql.table(of.table)} g on g.business_id = d.business_id and g.id = ${sql.ref(`d.${of.key}`)}
      group by 1, 2, 3, 4, 5
      order by 1, 3, 4, 2, 5`.execute(db)
    for (const each of [from, of.table]) await sql`alter table ${sql.table(each)} force row level security`.execute(db)
    await sql`alter table ${sql.table(name)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(name)} force row level security`.execute(db)
    await sql`create policy tenant on ${sql.table(name)} using (business_id = (select app_business_id()))`.execute(db)
    await sql`grant select on ${sql.table(name)} to flowpos_service`.execute(db)
    await sql`analyze ${sql.table(name)}`.execute(db)
  }
  await sql`create policy clients_hidden on city_daily as restrictive to flowpos_service using (not (select app_clients_hidden()))`.execute(
    db,
  )
  // The functions, which run as the owner, see the city of a client also where the caller may not.
  await sql`alter policy clients_hidden on customer to flowpos_service`.execute(db)
  await sql.raw(await readFile(FUNCTIONS, 'utf8')).execute(db)
  for (const table of ['customer', 'product']) {
    const name = sql.ref(`${table}_rollup_update`)
    await sql`
      create trigger ${name} after update on ${sql.table(table)}
      referencing old table as removed new table as added
      for each statement execute function ${name}()`.execute(db)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await quiet(db)
  for (const table of ['customer', 'product']) {
    const name = sql.ref(`${table}_rollup_update`)
    await sql`drop trigger ${name} on ${sql.table(table)}`.execute(db)
    await sql`drop function ${name}()`.execute(db)
  }
  await sql.raw(await readFile(FUNCTIONS_BEFORE, 'utf8')).execute(db)
  await sql`alter policy clients_hidden on customer to public`.execute(db)
  for (const name of Object.keys(TABLES).toReversed()) await sql`drop table ${sql.table(name)}`.execute(db)
  await sql`drop function city_name(text)`.execute(db)
}

/** No sale, client or product changes until the new functions are in place; else it would be missing from the sums. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function quiet(db: Kysely<any>): Promise<void> {
  await sql`
    lock table customer, product, orders, order_item, order_payment, order_refund, order_refund_line, order_refund_payment
    in share row exclusive mode`.execute(db)
}
