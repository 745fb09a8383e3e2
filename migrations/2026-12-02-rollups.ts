import { readFile } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'

const FUNCTIONS = new URL('2026-12-02-rollup-functions.sql', import.meta.url)
const FUNCTIONS_BEFORE = new URL('2026-11-05-rollup-functions.sql', import.meta.url)

const SALES_ROLLUPS = ['sales_hourly', 'sales_daily', 'sales_monthly']
const PRODUCT_ROLLUPS = ['product_daily', 'product_monthly']
const NEW_ROLLUPS = ['staff_hourly', 'customer_daily', 'customer_monthly']

const SALES = sql`
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
  net_sales numeric(24,4) not null generated always as (gross_sales - discounts - returns) stored`

/**
 * What the sums of sales say of things that are not known: a sale's hour (`has_time`), the rate of its tax, and the
 * costs of its lines (`costed_net_sales` are the net sales that have one). New sums are by employee and by client.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  for (const table of ['orders', 'order_refund']) {
    await sql`
      alter table ${sql.table(table)} add column has_time boolean not null default true,
      add column costed_net_sales numeric(20,4) not null default 0`.execute(db)
    await sql`grant insert (has_time) on ${sql.table(table)} to flowpos_commands`.execute(db)
  }
  await sql`comment on column orders.has_time is 'false: only the day of its sale is known, whose noon it has'`.execute(
    db,
  )
  await sql`comment on column orders.costed_net_sales is 'net_sales of the lines that have a unit_cost'`.execute(db)
  await sql`comment on column order_refund.has_time is 'as in orders'`.execute(db)
  await sql`
    comment on column order_refund.costed_net_sales is 'returns of the lines that have a unit_cost'`.execute(db)

  await sql`alter table order_item alter column tax_rate drop not null`.execute(db)
  await sql`comment on column order_item.tax_rate is 'null: not known, only the tax is'`.execute(db)
  await sql`alter table tax_daily drop constraint tax_daily_pkey, alter column tax_rate drop not null`.execute(db)
  await sql`
    alter table tax_daily add constraint tax_daily_key
    unique nulls not distinct (business_id, basis, day, location_id, tax_rate)`.execute(db)

  for (const table of [...SALES_ROLLUPS, ...PRODUCT_ROLLUPS]) {
    await sql`
      alter table ${sql.table(table)} add column costed_net_sales numeric(24,4) not null default 0`.execute(db)
  }
  for (const table of PRODUCT_ROLLUPS) await sql`alter table ${sql.table(table)} drop column costed_lines`.execute(db)
  await sql`
    create table staff_hourly (
      business_id uuid not null,
      location_id uuid not null,
      basis text not null,
      day date not null,
      hour smallint,
      employee_id uuid,
      order_type text not null,
      is_discounted boolean not null,
      ${SALES},
      constraint staff_hourly_key unique nulls not distinct
        (business_id, basis, day, location_id, hour, employee_id, order_type, is_discounted)
    )`.execute(db)
  await sql`comment on column staff_hourly.hour is 'null: not known'`.execute(db)
  await sql`comment on column staff_hourly.employee_id is 'who sold, also of a refund; null: not known'`.execute(db)
  for (const [table, time] of Object.entries({ customer_daily: 'day', customer_monthly: 'month' })) {
    await sql`
      create table ${sql.table(table)} (
        business_id uuid not null,
        location_id uuid not null,
        basis text not null,
        ${sql.ref(time)} date not null,
        customer_id uuid,
        ${SALES},
        constraint ${sql.ref(`${table}_key`)} unique nulls not distinct
          (business_id, basis, ${sql.ref(time)}, location_id, customer_id)
      )`.execute(db)
    await sql`comment on column ${sql.ref(`${table}.customer_id`)} is 'null: sales without a client'`.execute(db)
  }
  for (const table of NEW_ROLLUPS) {
    await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
    await sql`create policy tenant on ${sql.table(table)} using (business_id = (select app_business_id()))`.execute(db)
    await sql`grant select on ${sql.table(table)} to flowpos_service`.execute(db)
  }

  await sql.raw(await readFile(FUNCTIONS, 'utf8')).execute(db)
  await rebuild(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  for (const table of NEW_ROLLUPS) await sql`drop table ${sql.table(table)}`.execute(db)
  for (const table of PRODUCT_ROLLUPS) {
    await sql`alter table ${sql.table(table)} add column costed_lines bigint not null default 0`.execute(db)
  }
  for (const table of [...SALES_ROLLUPS, ...PRODUCT_ROLLUPS]) {
    await sql`alter table ${sql.table(table)} drop column costed_net_sales`.execute(db)
  }
  await unforced(db, ['order_item', 'tax_daily'], async () => {
    await sql`alter table order_item disable trigger user`.execute(db)
    // The nearest to a rate that is not known.
    await sql`
      update order_item set tax_rate = case when net_sales = 0 then 0 else abs(round(tax / net_sales, 6)) end
      where tax_rate is null`.execute(db)
    await sql`alter table order_item enable trigger user`.execute(db)
    // They are made anew below.
    await sql`delete from tax_daily where tax_rate is null`.execute(db)
  })
  await sql`alter table order_item alter column tax_rate set not null`.execute(db)
  await sql`
    alter table tax_daily drop constraint tax_daily_key, alter column tax_rate set not null,
    add primary key (business_id, basis, day, location_id, tax_rate)`.execute(db)
  for (const table of ['orders', 'order_refund']) {
    await sql`alter table ${sql.table(table)} drop column costed_net_sales, drop column has_time`.execute(db)
  }
  await sql.raw(await readFile(FUNCTIONS_BEFORE, 'utf8')).execute(db)
  await rebuild(db)
}

/** Makes the sums of every business anew. Nothing sums up the corrected totals meanwhile, since this does it after. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function rebuild(db: Kysely<any>): Promise<void> {
  for (const table of ['orders', 'order_refund']) {
    await sql`alter table ${sql.table(table)} disable trigger user`.execute(db)
  }
  await unforced(db, ['business'], async () => {
    await sql`
      do $$ declare
        target uuid;
        setting text := current_setting('app.business_id', true);
      begin
        for target in select id from business order by id loop
          perform set_config('app.business_id', target::text, true);
          perform rebuild_rollups(target);
        end loop;
        perform set_config('app.business_id', coalesce(setting, ''), true);
      end $$`.execute(db)
  })
  for (const table of ['orders', 'order_refund']) {
    await sql`alter table ${sql.table(table)} enable trigger user`.execute(db)
  }
}

/** Does something with rows of all businesses, also for an owner who is bound by row security. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function unforced(db: Kysely<any>, tables: string[], work: () => Promise<void>): Promise<void> {
  for (const table of tables) await sql`alter table ${sql.table(table)} no force row level security`.execute(db)
  await work()
  for (const table of tables) await sql`alter table ${sql.table(table)} force row level security`.execute(db)
}
