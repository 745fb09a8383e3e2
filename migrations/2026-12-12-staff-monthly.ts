import { readFile } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'

const FUNCTIONS = new URL('2026-12-12-rollup-functions.sql', import.meta.url)
const FUNCTIONS_BEFORE = new URL('2026-12-05-rollup-functions.sql', import.meta.url)

const SUMS = [
  ...['orders', 'refunds', 'units_sold', 'units_returned', 'gross_sales', 'discounts', 'returns', 'tax'],
  ...['cost', 'costed_net_sales', 'tips'],
]

/** The sums by employee, order type and whether discounted also of whole months: a year of them has far fewer rows. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  // No sale is under way until the new functions are in place; else it would be missing from the months.
  await sql`lock table orders, order_refund in share row exclusive mode`.execute(db)
  await sql`
    create table staff_monthly (
      business_id uuid not null,
      location_id uuid not null,
      basis text not null,
      month date not null,
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
      constraint staff_monthly_key unique nulls not distinct
        (business_id, basis, month, location_id, employee_id, order_type, is_discounted)
    )`.execute(db)
  await sql`comment on column staff_monthly.employee_id is 'who sold, also of a refund; null: not known'`.execute(db)
  await fill(db)
  await sql`alter table staff_monthly enable row level security`.execute(db)
  await sql`alter table staff_monthly force row level security`.execute(db)
  await sql`create policy tenant on staff_monthly using (business_id = (select app_business_id()))`.execute(db)
  await sql`grant select on staff_monthly to flowpos_service`.execute(db)
  await sql.raw(await readFile(FUNCTIONS, 'utf8')).execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql`lock table orders, order_refund in share row exclusive mode`.execute(db)
  await sql.raw(await readFile(FUNCTIONS_BEFORE, 'utf8')).execute(db)
  await sql`drop table staff_monthly`.execute(db)
}

/** Adds up the cells of every business, also for an owner who is bound by row security. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function fill(db: Kysely<any>): Promise<void> {
  const sums = SUMS.map((name) => sql`sum(${sql.ref(name)})`)
  await sql`alter table staff_hourly no force row level security`.execute(db)
  await sql`
    insert into staff_monthly (business_id, location_id, basis, month, employee_id, order_type, is_discounted,
      ${sql.join(SUMS.map((name) => sql.ref(name)))})
    select business_id, location_id, basis, date_trunc('month', day)::date, employee_id, order_type, is_discounted,
      ${sql.join(sums)}
    from staff_hourly
    group by 1, 2, 3, 4, 5, 6, 7`.execute(db)
  await sql`alter table staff_hourly force row level security`.execute(db)
}
