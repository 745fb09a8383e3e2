import { type Kysely, sql } from 'kysely'

const MEASURES = ['units_sold', 'units_returned', 'gross_sales', 'discounts', 'returns', 'tax', 'cost']
const SALES_MEASURES = ['orders', 'refunds', ...MEASURES, 'tips']
const SALES_TABLES = ['sales_hourly', 'sales_daily']
const TABLES = [...SALES_TABLES, 'product_daily']

/**
 * Daily and hourly sums of sales, kept exactly in step by the database itself: every change of a fact adds its new
 * contribution and takes away its old one, in the transaction of the change.
 *
 * A fact counts on its local day twice: by the clock of the business (`basis = 'business'`, for reports over all
 * locations) and by the clock of its location (`basis = 'location'`).
 */

/** The facts of orders and refunds in one shape, from rows `n` that carry a `sign`. */
const orderFacts = (rows: string) => `
  select n.sign, n.business_id, n.location_id, n.completed_at as at,
    case when n.sale_lines > 0 or n.return_lines = 0 then 1 else 0 end as orders,
    case when n.return_lines > 0 then 1 else 0 end as refunds,
    n.units_sold, n.units_returned, n.gross_sales, n.discounts, n.returns, n.tax, n.cost, n.tips
  from (${rows}) n where n.status = 'completed'`
const refundFacts = (rows: string) => `
  select n.sign, n.business_id, n.location_id, n.refunded_at as at, 0 as orders, 1 as refunds,
    0 as units_sold, n.units_returned, 0 as gross_sales, 0 as discounts, n.returns, -n.tax as tax, -n.cost as cost,
    -n.tips as tips
  from (${rows}) n`
const itemFacts = (rows: string) => `
  select n.sign, n.business_id, o.location_id, o.completed_at as at, n.product_id, n.variant_id,
    greatest(n.quantity, 0) as units_sold, greatest(-n.quantity, 0) as units_returned,
    case when n.quantity > 0 then n.gross_sales else 0 end as gross_sales,
    case when n.quantity > 0 then n.discount else 0 end as discounts,
    case when n.quantity < 0 then n.discount - n.gross_sales else 0 end as returns,
    n.tax, round(n.quantity * coalesce(n.unit_cost, 0), 4) as cost
  from (${rows}) n
  join orders o on o.business_id = n.business_id and o.id = n.order_id and o.status = 'completed'`
const refundLineFacts = (rows: string) => `
  select n.sign, n.business_id, r.location_id, r.refunded_at as at, n.product_id, n.variant_id,
    0 as units_sold, n.quantity as units_returned, 0 as gross_sales, 0 as discounts, n.returns, -n.tax as tax,
    case when n.restocked then -round(n.quantity * coalesce(n.unit_cost, 0), 4) else 0 end as cost
  from (${rows}) n
  join order_refund r on r.business_id = n.business_id and r.id = n.refund_id`

const KEYS: Record<string, string> = {
  sales_hourly: 'business_id, location_id, basis, day, hour',
  sales_daily: 'business_id, location_id, basis, day',
  product_daily: 'business_id, location_id, basis, day, product_id, variant_id',
}

/** Sums facts per cell of a rollup: local days are cut here, with the zone of the business and of the location. */
function cells(table: string, facts: string): string {
  const measures = table === 'product_daily' ? MEASURES : SALES_MEASURES
  return `
    select ${KEYS[table]}, ${measures.map((m) => `sum(sign * ${m}) as ${m}`).join(', ')}
    from (
      select f.*, z.basis, (f.at at time zone z.timezone)::date as day,
        extract(hour from f.at at time zone z.timezone)::smallint as hour
      from (${facts}) f
      join business b on b.id = f.business_id
      join location l on l.business_id = f.business_id and l.id = f.location_id
      cross join lateral (values ('business', b.timezone), ('location', l.timezone)) z (basis, timezone)
    ) cut
    group by ${KEYS[table]}`
}

/** Adds cells to a rollup. Ordered by key, so that two transactions lock rows in the same order. */
function add(table: string, cellsOf: string): string {
  const measures = table === 'product_daily' ? MEASURES : SALES_MEASURES
  return `
    insert into ${table} as kept (${KEYS[table]}, ${measures.join(', ')})
    select ${KEYS[table]}, ${measures.join(', ')} from (${cellsOf}) added
    where (${measures.join(', ')}) is distinct from (${measures.map(() => '0').join(', ')})
    order by ${KEYS[table]}
    on conflict (${KEYS[table]}) do update
    set ${measures.map((m) => `${m} = kept.${m} + excluded.${m}`).join(', ')}`
}

const addProducts = (facts: string) => `${add('product_daily', cells('product_daily', facts))};`

/** Facts are netted first, hours made of them, and days of hours: an order that is updated is cut into days once. */
const addSales = (facts: string) => `
  with net as materialized (
    select 1 as sign, business_id, location_id, at, ${SALES_MEASURES.map((m) => `sum(sign * ${m}) as ${m}`).join(', ')}
    from (${facts}) signed group by business_id, location_id, at
  ),
  hourly as materialized (${cells('sales_hourly', 'select * from net')}),
  daily as (
    select ${KEYS.sales_daily}, ${SALES_MEASURES.map((m) => `sum(${m}) as ${m}`).join(', ')}
    from hourly group by ${KEYS.sales_daily}
  ),
  kept_hourly as (${add('sales_hourly', 'select * from hourly')})
  ${add('sales_daily', 'select * from daily')};`

// A change of time zone rebuilds under the exclusive lock, so it never misses a sale that is being written.
const shareLock = (rows: string) => `
  if exists (select from (${rows}) n where not exists (select from business b where b.id = n.business_id)) then
    raise exception 'set app.business_id to the business of these rows: its sums could not be kept otherwise';
  end if;
  perform pg_advisory_xact_lock_shared(hashtextextended(k.business_id::text, 0))
  from (select distinct business_id from (${rows}) n order by business_id) k;`

const SIGNED = {
  insert: 'select 1 as sign, * from added',
  update: 'select -1 as sign, * from removed union all select 1 as sign, * from added',
  delete: 'select -1 as sign, * from removed',
} as const
type Event = keyof typeof SIGNED

const REFERENCING = {
  insert: 'referencing new table as added',
  update: 'referencing old table as removed new table as added',
  delete: 'referencing old table as removed',
} as const

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
async function trigger(db: Kysely<any>, table: string, event: Event, body: string): Promise<void> {
  const name = `${table}_rollup_${event}`
  await sql
    .raw(`create function ${name}() returns trigger
      language plpgsql security definer set search_path = public, pg_temp
      as $$ begin ${shareLock(SIGNED[event])} ${body} return null; end $$`)
    .execute(db)
  await sql
    .raw(`create trigger ${name} after ${event} on ${table} ${REFERENCING[event]}
      for each statement execute function ${name}()`)
    .execute(db)
}

const ORDER_TOTALS = {
  gross_sales: 'case when quantity > 0 then gross_sales else 0 end',
  discounts: 'case when quantity > 0 then discount else 0 end',
  returns: 'case when quantity < 0 then discount - gross_sales else 0 end',
  tax: 'tax',
  cost: 'round(quantity * coalesce(unit_cost, 0), 4)',
  units_sold: 'greatest(quantity, 0)',
  units_returned: 'greatest(-quantity, 0)',
  sale_lines: 'case when quantity > 0 then 1 else 0 end',
  return_lines: 'case when quantity < 0 then 1 else 0 end',
}
const REFUND_TOTALS = {
  returns: 'returns',
  tax: 'tax',
  cost: 'case when restocked then round(quantity * coalesce(unit_cost, 0), 4) else 0 end',
  units_returned: 'quantity',
}

const sumsOf = (totals: Record<string, string>) =>
  Object.entries(totals)
    .map(([name, value]) => `sum(sign * ${value}) as ${name}`)
    .join(', ')

/** Changes totals by what some lines add, before the product rollup reads the order: it also locks the order's row. */
const addTotals = (table: string, key: string, totals: Record<string, string>, lines: string) => `
  update ${table} t set ${Object.keys(totals)
    .map((name) => `${name} = t.${name} + d.${name}`)
    .join(', ')}
  from (select business_id, ${key}, ${sumsOf(totals)} from (${lines}) n group by business_id, ${key}) d
  where t.business_id = d.business_id and t.id = d.${key};`
const orderTotals = (lines: string) => addTotals('orders', 'order_id', ORDER_TOTALS, lines)
const refundTotals = (lines: string) => addTotals('order_refund', 'refund_id', REFUND_TOTALS, lines)

/** Rows whose totals differ from the sums of their lines, with the right ones. */
const wrongTotals = (table: string, key: string, totals: Record<string, string>, lines: string) => {
  const names = Object.keys(totals)
  return `
    select t.id, ${names.map((name) => `coalesce(d.${name}, 0) as ${name}`).join(', ')}
    from ${table} t
    left join (select ${key}, ${sumsOf(totals)} from (${lines}) n group by ${key}) d on d.${key} = t.id
    where t.business_id = target
      and (${names.map((name) => `t.${name}`).join(', ')}) is distinct from (${names.map((name) => `coalesce(d.${name}, 0)`).join(', ')})`
}
const rebuildTotals = (table: string, key: string, totals: Record<string, string>, lines: string) => `
  update ${table} t set ${Object.keys(totals)
    .map((name) => `${name} = w.${name}`)
    .join(', ')}
  from (${wrongTotals(table, key, totals, lines)}) w where t.business_id = target and t.id = w.id;`

// Both run with the owner's rights: the wall of row-level security is put up again by hand.
const ONLY_ITS_OWN = `
  if target is distinct from app_business_id() then
    raise exception 'set app.business_id to the business whose sums are meant';
  end if;`

/** Lines follow their order when it is completed, cancelled or moved in time or place. */
const movedItems = (when: 'removed' | 'added', sign: number) => `
  select ${sign} as sign, i.* from order_item i
  join ${when} o on o.business_id = i.business_id and o.id = i.order_id
  join ${when === 'removed' ? 'added' : 'removed'} other on other.business_id = o.business_id and other.id = o.id
  where (o.status, o.completed_at, o.location_id)
    is distinct from (other.status, other.completed_at, other.location_id)`
const movedItemFacts = (when: 'removed' | 'added', sign: number) =>
  itemFacts(movedItems(when, sign)).replace('join orders o', `join ${when} o`)

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  const columns = (names: string[]) =>
    names
      .map((m) => {
        const type = m.startsWith('units')
          ? 'numeric(14,3)'
          : m === 'orders' || m === 'refunds'
            ? 'bigint'
            : 'numeric(20,4)'
        return `${m} ${type} not null default 0`
      })
      .join(', ')
  // No foreign keys: cells are written by the triggers alone, from rows that have theirs, and a check for each cell
  // would cost more than the cell.
  const common = `
    business_id uuid not null, location_id uuid not null,
    basis text not null check (basis in ('business', 'location')), day date not null`
  const net = 'net_sales numeric(20,4) not null generated always as (gross_sales - discounts - returns) stored'

  await sql
    .raw(`create table sales_hourly (${common}, hour smallint not null, ${columns(SALES_MEASURES)}, ${net},
      primary key (business_id, location_id, basis, day, hour))`)
    .execute(db)
  await sql
    .raw(`create table sales_daily (${common}, ${columns(SALES_MEASURES)}, ${net},
      primary key (business_id, location_id, basis, day))`)
    .execute(db)
  await sql
    .raw(`create table product_daily (${common}, product_id uuid not null, variant_id uuid not null,
      ${columns(MEASURES)}, ${net},
      primary key (business_id, location_id, basis, day, product_id, variant_id))`)
    .execute(db)
  for (const table of TABLES) {
    await sql`create index ${sql.ref(`${table}_by_day`)} on ${sql.table(table)} (business_id, basis, day)`.execute(db)
    await sql`alter table ${sql.table(table)} enable row level security`.execute(db)
    await sql`alter table ${sql.table(table)} force row level security`.execute(db)
    await sql`create policy tenant on ${sql.table(table)} using (business_id = (select app_business_id()))`.execute(db)
    await sql`grant select on ${sql.table(table)} to flowpos_service`.execute(db)
  }

  for (const event of Object.keys(SIGNED) as Event[]) {
    const moved =
      event === 'update' ? addProducts(`${movedItemFacts('removed', -1)} union all ${movedItemFacts('added', 1)}`) : ''
    await trigger(db, 'orders', event, addSales(orderFacts(SIGNED[event])) + moved)
    await trigger(db, 'order_item', event, orderTotals(SIGNED[event]) + addProducts(itemFacts(SIGNED[event])))
    await trigger(db, 'order_refund', event, addSales(refundFacts(SIGNED[event])))
    await trigger(
      db,
      'order_refund_line',
      event,
      refundTotals(SIGNED[event]) + addProducts(refundLineFacts(SIGNED[event])),
    )
  }

  // A refund belongs to a completed order, and an order with refunds stays completed where and when it was.
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

  const allOrders = 'select 1 as sign, * from orders where business_id = target'
  const allItems = 'select 1 as sign, * from order_item where business_id = target'
  const allRefunds = 'select 1 as sign, * from order_refund where business_id = target'
  const allRefundLines = 'select 1 as sign, * from order_refund_line where business_id = target'
  const salesFacts = `${orderFacts(allOrders)} union all ${refundFacts(allRefunds)}`
  const productFacts = `${itemFacts(allItems)} union all ${refundLineFacts(allRefundLines)}`
  const factsOf = (table: string) => (table === 'product_daily' ? productFacts : salesFacts)

  await sql
    .raw(`create function rebuild_rollups(target uuid) returns void
      language plpgsql security definer set search_path = public, pg_temp
      as $$ begin
        ${ONLY_ITS_OWN}
        perform pg_advisory_xact_lock(hashtextextended(target::text, 0));
        ${rebuildTotals('orders', 'order_id', ORDER_TOTALS, allItems)}
        ${rebuildTotals('order_refund', 'refund_id', REFUND_TOTALS, allRefundLines)}
        ${TABLES.map((table) => `delete from ${table} where business_id = target;`).join('\n')}
        ${addSales(salesFacts)}
        ${addProducts(productFacts)}
      end $$`)
    .execute(db)

  // Where a rollup, or the totals of an order or refund, differ from the raw rows; nothing when all is well.
  await sql
    .raw(`create function check_rollups(target uuid)
      returns table (rollup text, location_id uuid, basis text, day date, kept_net_sales numeric, raw_net_sales numeric)
      language plpgsql stable security definer set search_path = public, pg_temp
      as $$ #variable_conflict use_column
      begin ${ONLY_ITS_OWN} return query ${TABLES.map((table) => {
        const measures = table === 'product_daily' ? MEASURES : SALES_MEASURES
        const zero = measures.map(() => '0').join(', ')
        return `
        select '${table}', location_id, basis, day, kept.gross_sales - kept.discounts - kept.returns,
          raw.gross_sales - raw.discounts - raw.returns
        from (select * from ${table} where business_id = target and (${measures.join(', ')}) is distinct from (${zero})) kept
        full join (select * from (${cells(table, factsOf(table))}) c
          where (${measures.join(', ')}) is distinct from (${zero})) raw
          using (${KEYS[table]})
        where (${measures.map((m) => `kept.${m}`).join(', ')}) is distinct from (${measures.map((m) => `raw.${m}`).join(', ')})`
      }).join('\nunion all\n')}
        union all
        select 'orders', o.location_id, null, null, o.net_sales, w.gross_sales - w.discounts - w.returns
        from (${wrongTotals('orders', 'order_id', ORDER_TOTALS, allItems)}) w
        join orders o on o.business_id = target and o.id = w.id
        union all
        select 'order_refund', r.location_id, null, null, -r.returns, -w.returns
        from (${wrongTotals('order_refund', 'refund_id', REFUND_TOTALS, allRefundLines)}) w
        join order_refund r on r.business_id = target and r.id = w.id; end $$`)
    .execute(db)

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

  await sql`revoke execute on function rebuild_rollups(uuid), check_rollups(uuid) from public`.execute(db)
  await sql`grant execute on function rebuild_rollups(uuid), check_rollups(uuid) to flowpos_service`.execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  for (const table of ['business', 'location']) {
    await sql`drop trigger rollups_follow_timezone on ${sql.table(table)}`.execute(db)
  }
  await sql`drop trigger refunded_order_stays_completed on orders`.execute(db)
  await sql`drop trigger refund_needs_completed_order on order_refund`.execute(db)
  for (const table of ['orders', 'order_item', 'order_refund', 'order_refund_line']) {
    for (const event of Object.keys(SIGNED)) {
      await sql`drop trigger ${sql.ref(`${table}_rollup_${event}`)} on ${sql.table(table)}`.execute(db)
      await sql`drop function ${sql.ref(`${table}_rollup_${event}`)}()`.execute(db)
    }
  }
  await sql`
    drop function rollups_follow_timezone(), check_rollups(uuid), rebuild_rollups(uuid),
      refunded_order_stays_completed(), refund_needs_completed_order()`.execute(db)
  for (const table of TABLES) await sql`drop table ${sql.table(table)}`.execute(db)
}
