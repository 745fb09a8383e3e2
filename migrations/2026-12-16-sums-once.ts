import { readFile } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'

const FUNCTIONS = new URL('2026-12-16-rollup-functions.sql', import.meta.url)
const FUNCTIONS_BEFORE = new URL('2026-12-15-rollup-functions.sql', import.meta.url)

const ROLLUPS = [
  ...['category_daily', 'city_daily', 'customer_daily', 'customer_monthly', 'payment_daily', 'product_daily'],
  ...['product_monthly', 'sales_daily', 'sales_hourly', 'sales_monthly', 'staff_daily', 'staff_hourly'],
  ...['supplier_daily', 'tax_daily'],
]
const SUMS = [
  ...['orders', 'refunds', 'units_sold', 'units_returned', 'gross_sales', 'discounts', 'returns', 'tax'],
  ...['cost', 'costed_net_sales', 'tips'],
]
const TYPES: Record<string, string> = {
  orders: 'bigint',
  refunds: 'bigint',
  units_sold: 'numeric(18,3)',
  units_returned: 'numeric(18,3)',
}

/** Sums of longer times, where those of shorter ones are many. */
const LONGER = {
  customer_quarterly: { time: 'quarter', from: 'customer_monthly', start: 'month', by: { customer_id: 'uuid' } },
  staff_hourly_monthly: {
    time: 'month',
    from: 'staff_hourly',
    start: 'day',
    by: { hour: 'smallint', employee_id: 'uuid', order_type: 'text not null', is_discounted: 'boolean not null' },
  },
} as const

/**
 * Where a location has the clock of its business, its sums are kept once, by that of the business, and no longer a second
 * time by its own. What a sale costs less pays for the sums of quarters by client and of months by hour and seller.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await quiet(db)
  await sql`
    create function location_basis(business uuid, location uuid) returns text language sql stable
    as $$
      select case when l.timezone = b.timezone then 'business' else 'location' end
      from location l join business b on b.id = l.business_id
      where l.business_id = business and l.id = location
    $$`.execute(db)
  await sql`comment on function location_basis is 'by which clock the sums of a location are kept as its own'`.execute(
    db,
  )
  await replaceVelocity(
    db,
    sql`location_basis(new.business_id, new.location_id)`,
    sql`location_basis(business, location)`,
  )
  await asOwner(db, [...ROLLUPS, 'business', 'location'], async () => {
    for (const table of ROLLUPS) {
      await sql`
        delete from ${sql.table(table)} r using location l, business b
        where r.basis = 'location' and l.business_id = r.business_id and l.id = r.location_id
          and b.id = r.business_id and l.timezone = b.timezone`.execute(db)
    }
    for (const [name, { time, from, start, by }] of Object.entries(LONGER)) {
      const columns = SUMS.map((sum) => `${sum} ${TYPES[sum] ?? 'numeric(24,4)'} not null default 0`)
      const keys = sql.join(Object.keys(by).map((key) => sql.ref(key)))
      await sql`
        create table ${sql.table(name)} (
          business_id uuid not null,
          location_id uuid not null,
          basis text not null,
          ${sql.ref(time)} date not null,
          ${sql.raw(
            Object.entries(by)
              .map((column) => column.join(' '))
              .join(', '),
          )},
          ${sql.raw(columns.join(', '))},
          net_sales numeric(24,4) not null generated always as (gross_sales - discounts - returns) stored,
          constraint ${sql.ref(`${name}_key`)} unique nulls not distinct
            (business_id, basis, ${sql.ref(time)}, location_id, ${keys})
        )`.execute(db)
      await sql`
        insert into ${sql.table(name)} (business_id, location_id, basis, ${sql.ref(time)}, ${keys}, ${sql.raw(SUMS.join(', '))})
        select business_id, location_id, basis, date_trunc(${sql.lit(time)}, ${sql.ref(start)})::date, ${keys},
          ${sql.raw(SUMS.map((sum) => `sum(${sum})`).join(', '))}
        from ${sql.table(from)}
        group by business_id, location_id, basis, 4, ${keys}
        order by business_id, basis, 4, location_id, ${keys}`.execute(db)
      await sql`alter table ${sql.table(name)} enable row level security`.execute(db)
      await sql`alter table ${sql.table(name)} force row level security`.execute(db)
      await sql`create policy tenant on ${sql.table(name)} using (business_id = (select app_business_id()))`.execute(db)
      await sql`grant select on ${sql.table(name)} to flowpos_service`.execute(db)
      await sql`analyze ${sql.table(name)}`.execute(db)
    }
  })
  await sql.raw(await readFile(FUNCTIONS, 'utf8')).execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await quiet(db)
  await replaceVelocity(db, sql`'location'`, sql`'location'`)
  await asOwner(db, [...ROLLUPS, 'business', 'location'], async () => {
    for (const table of ROLLUPS) {
      const { rows } = await sql<{ name: string }>`
        select column_name::text as name from information_schema.columns
        where table_schema = current_schema() and table_name = ${table} and is_generated = 'NEVER' and column_name <> 'basis'
      `.execute(db)
      const columns = rows.map(({ name }) => sql.ref(name))
      await sql`
        insert into ${sql.table(table)} (basis, ${sql.join(columns)})
        select 'location', ${sql.join(rows.map(({ name }) => sql.ref(`r.${name}`)))}
        from ${sql.table(table)} r
        join location l on l.business_id = r.business_id and l.id = r.location_id
        join business b on b.id = r.business_id and l.timezone = b.timezone
        where r.basis = 'business'`.execute(db)
    }
  })
  await sql.raw(await readFile(FUNCTIONS_BEFORE, 'utf8')).execute(db)
  for (const table of Object.keys(LONGER).toReversed()) await sql`drop table ${sql.table(table)}`.execute(db)
  await sql`drop function location_basis(uuid, uuid)`.execute(db)
}

/** No sale is under way and no clock changes until the new functions are in place; else it would be missing from the sums. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function quiet(db: Kysely<any>): Promise<void> {
  await sql`
    lock table business, location, customer, product, orders, order_item, order_payment, order_refund, order_refund_line,
      order_refund_payment
    in share row exclusive mode`.execute(db)
}

/** For the rows of every business, also for an owner who is bound by row security; the stock's sums stay as they are. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function asOwner(db: Kysely<any>, tables: readonly string[], work: () => Promise<void>): Promise<void> {
  for (const table of tables) await sql`alter table ${sql.table(table)} no force row level security`.execute(db)
  await sql`alter table product_daily disable trigger user`.execute(db)
  await work()
  await sql`alter table product_daily enable always trigger stock_velocity_forgotten`.execute(db)
  await sql`alter table product_daily enable always trigger stock_velocity_kept`.execute(db)
  for (const table of tables) await sql`alter table ${sql.table(table)} force row level security`.execute(db)
}

/** What sells in a location is told by its own clock: by which of its sums. */
async function replaceVelocity(
  // biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
  db: Kysely<any>,
  ofRow: ReturnType<typeof sql>,
  ofLocation: ReturnType<typeof sql>,
): Promise<void> {
  await sql`drop trigger stock_velocity_kept on product_daily`.execute(db)
  await sql`
    create trigger stock_velocity_kept after insert or update on product_daily for each row
    when (new.basis = ${ofRow}) execute function keep_stock_velocity()`.execute(db)
  await sql`alter table product_daily enable always trigger stock_velocity_kept`.execute(db)
  await sql`
    create or replace function velocity_changes(business uuid, location uuid, before date, after date)
    returns table (variant_id uuid, units numeric, net_sales numeric, sold numeric)
    language sql stable
    as $$
      select r.variant_id,
        sum(case d.in_30 when 1 then r.units_sold - r.units_returned when -1 then r.units_returned - r.units_sold else 0 end),
        sum(case d.in_30 when 1 then r.net_sales when -1 then -r.net_sales else 0 end),
        sum(case d.in_90 when 1 then r.units_sold when -1 then -r.units_sold else 0 end)
      from (select ${ofLocation} as basis offset 0) own
      cross join (
        select day::date as day,
          (day > after - 30 and day <= after)::integer - coalesce(day > before - 30 and day <= before, false)::integer as in_30,
          (day > after - 90 and day <= after)::integer - coalesce(day > before - 90 and day <= before, false)::integer as in_90
        from generate_series(least(before, after) - 89::integer, greatest(before, after), interval '1 day') day
      ) d
      -- One index scan for each day: a join of any other kind would read the whole table.
      cross join lateral (
        select * from product_daily r
        where r.business_id = business and r.basis = own.basis and r.day = d.day and r.location_id = location offset 0
      ) r
      where d.in_30 <> 0 or d.in_90 <> 0
      group by r.variant_id
    $$`.execute(db)
}
