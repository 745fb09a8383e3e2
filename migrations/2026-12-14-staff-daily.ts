import { readFile } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'

const FUNCTIONS = new URL('2026-12-14-rollup-functions.sql', import.meta.url)
const FUNCTIONS_BEFORE = new URL('2026-12-12-rollup-functions.sql', import.meta.url)

const SUMS = [
  ...['orders', 'refunds', 'units_sold', 'units_returned', 'gross_sales', 'discounts', 'returns', 'tax'],
  ...['cost', 'costed_net_sales', 'tips'],
]

/**
 * The sums by employee, order type and whether discounted of days instead of months: weeks and weekdays are made of
 * them, too, and a year has few enough. Those of hours, of which they are sums, are many more.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await replace(db, 'staff_monthly', { table: 'staff_daily', time: 'day', of: sql`day` }, FUNCTIONS)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  const monthly = { table: 'staff_monthly', time: 'month', of: sql`date_trunc('month', day)::date` }
  await replace(db, 'staff_daily', monthly, FUNCTIONS_BEFORE)
}

async function replace(
  // biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
  db: Kysely<any>,
  old: string,
  { table, time, of }: { table: string; time: string; of: ReturnType<typeof sql> },
  functions: URL,
): Promise<void> {
  // No sale is under way until the new functions are in place; else it would be missing from the new sums.
  await sql`lock table orders, order_refund in share row exclusive mode`.execute(db)
  const name = sql.table(table)
  await sql`
    create table ${name} (
      business_id uuid not null,
      location_id uuid not null,
      basis text not null,
      ${sql.ref(time)} date not null,
      employee_id uuid,
      order_type text not null,
      is_discounted boolean not null,
      orders bigint not null default 0,
      refunds bigint not null default 0,
      units_sold numeric(18,3) not null default 0,
      units_returned numeric(18,3) not null default 0,
      gross_sales numeric(24,4) not null default 0,
      discounts numeric(24,4) not null default 0,
      returns numeric(24,4) not null default 0,
      tax numeric(24,4) not null default 0,
      cost numeric(24,4) not null default 0,
      costed_net_sales numeric(24,4) not null default 0,
      tips numeric(24,4) not null default 0,
      net_sales numeric(24,4) not null generated always as (gross_sales - discounts - returns) stored,
      constraint ${sql.ref(`${table}_key`)} unique nulls not distinct
        (business_id, basis, ${sql.ref(time)}, location_id, employee_id, order_type, is_discounted)
    )`.execute(db)
  await sql`comment on column ${sql.ref(`${table}.employee_id`)} is 'who sold, also of a refund; null: not known'`.execute(
    db,
  )
  // Of every business, also for an owner who is bound by row security.
  await sql`alter table staff_hourly no force row level security`.execute(db)
  await sql`
    insert into ${name} (business_id, location_id, basis, ${sql.ref(time)}, employee_id, order_type, is_discounted,
      ${sql.join(SUMS.map((sum) => sql.ref(sum)))})
    select business_id, location_id, basis, ${of}, employee_id, order_type, is_discounted,
      ${sql.join(SUMS.map((sum) => sql`sum(${sql.ref(sum)})`))}
    from staff_hourly
    group by 1, 2, 3, 4, 5, 6, 7`.execute(db)
  await sql`alter table staff_hourly force row level security`.execute(db)
  await sql`alter table ${name} enable row level security`.execute(db)
  await sql`alter table ${name} force row level security`.execute(db)
  await sql`create policy tenant on ${name} using (business_id = (select app_business_id()))`.execute(db)
  await sql`grant select on ${name} to flowpos_service`.execute(db)
  await sql.raw(await readFile(functions, 'utf8')).execute(db)
  await sql`drop table ${sql.table(old)}`.execute(db)
}
