import { readFile } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'

const FUNCTIONS = new URL('2026-11-05-rollup-functions.sql', import.meta.url)

const TABLES = [
  'sales_hourly',
  'sales_daily',
  'sales_monthly',
  'product_daily',
  'tax_daily',
  'product_monthly',
  'payment_daily',
  'customer_sales',
]
const SOURCES = ['orders', 'order_item', 'order_payment', 'order_refund', 'order_refund_line']
const TRANSITION_TABLES = {
  insert: 'new table as added',
  update: 'old table as removed new table as added',
  delete: 'old table as removed',
}

// Four digits more than the amounts of rows, so that even the largest amounts of a month or client can be added up.
const MEASURES = sql`
  units_sold numeric(18,3) not null default 0,
  units_returned numeric(18,3) not null default 0,
  gross_sales numeric(24,4) not null default 0,
  discounts numeric(24,4) not null default 0,
  returns numeric(24,4) not null default 0,
  tax numeric(24,4) not null default 0,
  cost numeric(24,4) not null default 0`
const NET_SALES = sql`net_sales numeric(24,4) not null generated always as (gross_sales - discounts - returns) stored`
const SALES = sql`
  orders bigint not null default 0,
  refunds bigint not null default 0,
  ${MEASURES},
  tips numeric(24,4) not null default 0,
  ${NET_SALES}`
const PRODUCT_SALES = sql`
  ${MEASURES},
  costed_lines bigint not null default 0,
  ${NET_SALES}`

/**
 * Sums of sales, which the database itself keeps exact: every change of a fact adds its new contribution and subtracts
 * its old one, in the transaction of the change.
 *
 * A fact counts twice: on its local day in the time zone of the business (`basis = 'business'`, for reports over all
 * locations), and in the time zone of its location (`basis = 'location'`). Clients have no time zone: `customer_sales`
 * is by client only.
 */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  // No foreign keys or checks: only triggers write cells, from rows that have been checked, and checking a cell would
  // cost more than writing it.
  await sql`
    create table sales_hourly (
      business_id uuid not null,
      location_id uuid not null,
      basis text not null,
      day date not null,
      hour smallint not null,
      ${SALES},
      primary key (business_id, basis, day, location_id, hour)
    )`.execute(db)
  await sql`
    create table sales_daily (
      business_id uuid not null,
      location_id uuid not null,
      basis text not null,
      day date not null,
      ${SALES},
      primary key (business_id, basis, day, location_id)
    )`.execute(db)
  await sql`
    create table sales_monthly (
      business_id uuid not null,
      location_id uuid not null,
      basis text not null,
      month date not null,
      ${SALES},
      primary key (business_id, basis, month, location_id)
    )`.execute(db)
  await sql`
    create table product_daily (
      business_id uuid not null,
      location_id uuid not null,
      basis text not null,
      day date not null,
      product_id uuid not null,
      variant_id uuid not null,
      ${PRODUCT_SALES},
      primary key (business_id, basis, day, location_id, product_id, variant_id)
    )`.execute(db)
  await sql`
    create table product_monthly (
      business_id uuid not null,
      location_id uuid not null,
      basis text not null,
      month date not null,
      product_id uuid not null,
      variant_id uuid not null,
      ${PRODUCT_SALES},
      primary key (business_id, basis, month, location_id, product_id, variant_id)
    )`.execute(db)
  await sql`
    create table tax_daily (
      business_id uuid not null,
      location_id uuid not null,
      basis text not null,
      day date not null,
      tax_rate numeric(9,6) not null,
      net_sales numeric(24,4) not null default 0,
      tax numeric(24,4) not null default 0,
      primary key (business_id, basis, day, location_id, tax_rate)
    )`.execute(db)
  await sql`
    create table payment_daily (
      business_id uuid not null,
      location_id uuid not null,
      basis text not null,
      day date not null,
      method text not null,
      payments bigint not null default 0,
      amount numeric(24,4) not null default 0,
      refunds bigint not null default 0,
      refunded numeric(24,4) not null default 0,
      primary key (business_id, basis, day, location_id, method)
    )`.execute(db)
  await sql`
    create table customer_sales (
      business_id uuid not null,
      customer_id uuid not null,
      orders bigint not null default 0,
      net_sales numeric(24,4) not null default 0,
      first_at timestamptz,
      last_at timestamptz,
      primary key (business_id, customer_id)
    )`.execute(db)
  await sql`comment on column customer_sales.orders is 'completed ones, as in sales_daily'`.execute(db)
  await sql`comment on column customer_sales.net_sales is 'of completed orders, less their refunds'`.execute(db)
  await sql`create index customer_sales_by_first on customer_sales (business_id, first_at)`.execute(db)
  await sql`create index customer_sales_by_last on customer_sales (business_id, last_at)`.execute(db)
  for (const table of TABLES) {
    await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
    await sql`create policy tenant on ${sql.table(table)} using (business_id = (select app_business_id()))`.execute(db)
    await sql`grant select on ${sql.table(table)} to flowpos_service`.execute(db)
  }

  await sql.raw(await readFile(FUNCTIONS, 'utf8')).execute(db)
  await sql`revoke execute on function rebuild_rollups(uuid), check_rollups(uuid) from public`.execute(db)
  await sql`grant execute on function rebuild_rollups(uuid), check_rollups(uuid) to flowpos_service`.execute(db)
  for (const table of SOURCES) {
    for (const [event, tables] of Object.entries(TRANSITION_TABLES)) {
      const name = sql.ref(`${table}_rollup_${event}`)
      await sql`
        create trigger ${name} after ${sql.raw(event)} on ${sql.table(table)}
        referencing ${sql.raw(tables)}
        for each statement execute function ${name}()`.execute(db)
    }
  }

  // Refunds are for completed orders only, and an order with refunds keeps its status, place and time.
  await sql`
    create function refund_needs_completed_order() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
      perform 1 from orders o where o.business_id = new.business_id and o.id = new.order_id
        and o.status = 'completed' for no key update;
      if not found then raise exception 'only a completed order can be refunded' using errcode = 'check_violation'; end if;
      return new;
    end $$`.execute(db)
  await sql`
    create trigger refund_needs_completed_order before insert on order_refund
    for each row execute function refund_needs_completed_order()`.execute(db)
  await sql`
    create function refunded_order_stays_completed() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
      if exists (select from order_refund r where r.business_id = old.business_id and r.order_id = old.id) then
        raise exception 'an order with refunds stays completed' using errcode = 'check_violation';
      end if;
      return new;
    end $$`.execute(db)
  await sql`
    create trigger refunded_order_stays_completed before update of status on orders
    for each row when (old.status = 'completed' and new.status <> 'completed')
    execute function refunded_order_stays_completed()`.execute(db)

  await sql`
    create function rollups_follow_timezone() returns trigger
    language plpgsql security definer set search_path = public, pg_temp
    as $$ begin
      perform rebuild_rollups(case when tg_table_name = 'business' then (to_jsonb(new) ->> 'id')::uuid
        else (to_jsonb(new) ->> 'business_id')::uuid end);
      return null;
    end $$`.execute(db)
  for (const table of ['business', 'location']) {
    await sql`
      create trigger rollups_follow_timezone after update of timezone on ${sql.table(table)}
      for each row when (old.timezone is distinct from new.timezone)
      execute function rollups_follow_timezone()`.execute(db)
  }
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  for (const table of ['business', 'location']) {
    await sql`drop trigger rollups_follow_timezone on ${sql.table(table)}`.execute(db)
  }
  await sql`drop trigger refunded_order_stays_completed on orders`.execute(db)
  await sql`drop trigger refund_needs_completed_order on order_refund`.execute(db)
  for (const table of SOURCES) {
    for (const event of Object.keys(TRANSITION_TABLES)) {
      const name = sql.ref(`${table}_rollup_${event}`)
      await sql`drop trigger ${name} on ${sql.table(table)}`.execute(db)
      await sql`drop function ${name}()`.execute(db)
    }
  }
  await sql`
    drop function rollups_follow_timezone(), check_rollups(uuid), rebuild_rollups(uuid),
      refunded_order_stays_completed(), refund_needs_completed_order()`.execute(db)
  for (const table of TABLES) await sql`drop table ${sql.table(table)}`.execute(db)
}
