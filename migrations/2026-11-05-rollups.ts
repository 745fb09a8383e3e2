import { type Kysely, sql } from 'kysely'

const MEASURES = ['units_sold', 'units_returned', 'gross_sales', 'discounts', 'returns', 'tax', 'cost']
const NET_SALES = 'gross_sales - discounts - returns'

/**
 * Sums of sales, kept exactly in step by the database itself: every change of a fact adds its new contribution and
 * takes away its old one, in the transaction of the change.
 *
 * A fact counts on its local day twice: by the clock of the business (`basis = 'business'`, for reports over all
 * locations) and by the clock of its location (`basis = 'location'`). A client has no clock: `customer_sales` is by
 * client alone.
 */

/** What facts of a kind measure, what tells them apart besides time and place, and how finely time is cut. */
const FACTS = {
  sales: { by: [], times: ['day', 'hour'], measures: ['orders', 'refunds', ...MEASURES, 'tips'] },
  // A cost of nothing and an unknown one add up alike: the lines with a cost are counted.
  lines: { by: ['product_id', 'variant_id', 'tax_rate'], times: ['day'], measures: [...MEASURES, 'costed_lines'] },
  payments: { by: ['method'], times: ['day'], measures: ['payments', 'amount', 'refunds', 'refunded'] },
} as const satisfies Record<string, { by: readonly string[]; times: readonly string[]; measures: readonly string[] }>
type Kind = keyof typeof FACTS

interface Rollup {
  of: Kind
  time: 'month' | 'day'
  /** What tells its cells apart besides the business, the clock, the time and the location. */
  by: readonly string[]
  key: string
  measures: readonly string[]
  /** The amount by which a difference is told. */
  amount: string
}
const rollup = (
  of: Kind,
  time: Rollup['time'],
  by: readonly string[] = [],
  measures: readonly string[] = FACTS[of].measures,
  amount = NET_SALES,
): Rollup => ({
  of,
  time,
  by,
  // Time before place: one index serves a window of the whole business as well as of one location.
  key: ['business_id', 'basis', time, 'location_id', ...by].join(', '),
  measures,
  amount,
})
const BY_PRODUCT = ['product_id', 'variant_id']
/**
 * Months are kept beside days not for speed alone: sales of one month write the same products in orders of their own,
 * and queue up at the month's sales before they do.
 */
const ROLLUPS: Record<string, Rollup> = {
  sales_hourly: rollup('sales', 'day', ['hour']),
  sales_daily: rollup('sales', 'day'),
  sales_monthly: rollup('sales', 'month'),
  product_daily: rollup('lines', 'day', BY_PRODUCT),
  tax_daily: rollup('lines', 'day', ['tax_rate'], ['net_sales', 'tax'], 'net_sales'),
  product_monthly: rollup('lines', 'month', BY_PRODUCT),
  payment_daily: rollup('payments', 'day', ['method'], FACTS.payments.measures, 'amount - refunded'),
}
const rollupsOf = (kind: Kind) => Object.entries(ROLLUPS).filter(([, { of }]) => of === kind)
const TABLES = [...Object.keys(ROLLUPS), 'customer_sales']
// Four digits more than a row has: the largest amounts of a month, and of a client, still add up.
const COLUMN_TYPES: Record<string, string> = {
  month: 'date',
  day: 'date',
  hour: 'smallint',
  product_id: 'uuid',
  variant_id: 'uuid',
  tax_rate: 'numeric(9,6)',
  method: 'text',
  orders: 'bigint',
  payments: 'bigint',
  refunds: 'bigint',
  units_sold: 'numeric(18,3)',
  units_returned: 'numeric(18,3)',
  costed_lines: 'bigint',
}

/** Rows `n` with their orders `o`; one of both carries a `sign`. */
const withOrders = (rows: string) => `(${rows}) n join orders o on o.business_id = n.business_id and o.id = n.order_id`
const ofOrders = (orders: string, table: string) =>
  `(${orders}) o join ${table} n on n.business_id = o.business_id and n.order_id = o.id`
/** Refund lines `n` with their refunds `r` and the order lines `i` that they take back. */
const withRefunds = (rows: string) => `
  (${rows}) n join order_refund r on r.business_id = n.business_id and r.id = n.refund_id
  join order_item i on i.business_id = n.business_id and i.order_id = n.order_id and i.line_number = n.line_number`
const refundLinesOf = (items: string) => `
  (${items}) i join order_refund r on r.business_id = i.business_id and r.order_id = i.order_id
  join order_refund_line n
    on n.business_id = r.business_id and n.refund_id = r.id and n.line_number = i.line_number`

// A ticket that only takes goods back is a refund, not an order: no purchase of its client either.
const isSale = (alias: string) => `(${alias}.sale_lines > 0 or ${alias}.return_lines = 0)`

/** The facts of orders and refunds in one shape. */
const orderFacts = (rows: string) => `
  select sign, n.business_id, n.location_id, n.completed_at as at,
    case when ${isSale('n')} then 1 else 0 end as orders,
    case when n.return_lines > 0 then 1 else 0 end as refunds,
    n.units_sold, n.units_returned, n.gross_sales, n.discounts, n.returns, n.tax, n.cost, n.tips
  from (${rows}) n where n.status = 'completed'`
const refundFacts = (rows: string) => `
  select sign, n.business_id, n.location_id, n.refunded_at as at, 0 as orders, 1 as refunds,
    0 as units_sold, n.units_returned, 0 as gross_sales, 0 as discounts, n.returns, -n.tax as tax, -n.cost as cost,
    -n.tips as tips
  from (${rows}) n`
const itemFacts = (itemsAndOrders: string) => `
  select sign, n.business_id, o.location_id, o.completed_at as at, n.product_id, n.variant_id, n.tax_rate,
    greatest(n.quantity, 0) as units_sold, greatest(-n.quantity, 0) as units_returned,
    case when n.quantity > 0 then n.gross_sales else 0 end as gross_sales,
    case when n.quantity > 0 then n.discount else 0 end as discounts,
    case when n.quantity < 0 then n.discount - n.gross_sales else 0 end as returns,
    n.tax, round(n.quantity * coalesce(n.unit_cost, 0), 4) as cost,
    (n.unit_cost is not null)::integer as costed_lines
  from ${itemsAndOrders} where o.status = 'completed'`
const refundLineFacts = (linesAndRefunds: string) => `
  select sign, n.business_id, r.location_id, r.refunded_at as at, n.product_id, n.variant_id, i.tax_rate,
    0 as units_sold, n.quantity as units_returned, 0 as gross_sales, 0 as discounts, n.returns, -n.tax as tax,
    case when n.restocked then -round(n.quantity * coalesce(n.unit_cost, 0), 4) else 0 end as cost,
    (n.unit_cost is not null)::integer as costed_lines
  from ${linesAndRefunds}`
const paymentFacts = (paymentsAndOrders: string) => `
  select sign, n.business_id, o.location_id, o.completed_at as at, n.method, 1 as payments, n.amount, 0 as refunds,
    0 as refunded
  from ${paymentsAndOrders} where o.status = 'completed'`
const moneyBackFacts = (rows: string) => `
  select sign, n.business_id, n.location_id, n.refunded_at as at, n.method, 0 as payments, 0 as amount, 1 as refunds,
    n.total as refunded
  from (${rows}) n`
const customerFacts = (rows: string) => `
  select sign, n.business_id, n.customer_id, n.completed_at as at, case when ${isSale('n')} then 1 else 0 end as orders, ${NET_SALES} as net_sales
  from (${rows}) n where n.status = 'completed' and n.customer_id is not null`
const customerRefundFacts = (refundsAndOrders: string) => `
  select sign, n.business_id, o.customer_id, null::timestamptz as at, 0 as orders, -n.returns as net_sales
  from ${refundsAndOrders} where o.customer_id is not null`

const zeros = (names: readonly string[]) => names.map(() => '0').join(', ')
const signedSums = (names: readonly string[]) => names.map((name) => `sum(sign * ${name}) as ${name}`).join(', ')

/** What is left of facts when what a change takes away and adds again has fallen out. */
function net(kind: Kind, facts: string): string {
  const { by, measures } = FACTS[kind]
  const fact = ['business_id', 'location_id', 'at', ...by].join(', ')
  return `
    select ${fact}, ${signedSums(measures)} from (${facts}) signed group by ${fact}
    having (${measures.map((m) => `sum(sign * ${m})`).join(', ')}) is distinct from (${zeros(measures)})`
}

/**
 * Facts in cells as fine as a kind needs them, cut into local days with the zones of the business and of the location:
 * once where both have the same.
 */
function cut(kind: Kind, facts: string): string {
  const { by, times, measures } = FACTS[kind]
  const cell = ['business_id', 'location_id', 'zone', ...times, ...by].join(', ')
  return `
    select ${cell}, ${measures.map((m) => `sum(${m}) as ${m}`).join(', ')}
    from (
      select f.*, (f.at at time zone zone)::date as day,
        extract(hour from f.at at time zone zone)::smallint as hour
      from (
        select f.*, unnest(case when b.timezone = l.timezone then array[b.timezone]
          else array[b.timezone, l.timezone] end) as zone
        from (${facts}) f
        join business b on b.id = f.business_id
        join location l on l.business_id = f.business_id and l.id = f.location_id
      ) f
    ) timed
    group by ${cell}`
}

/** The cells of a rollup, from the finer ones of its kind: one for each clock that shows their zone. */
function cells({ key, time, by, measures }: Rollup, finer: string): string {
  const others = ['business_id', 'location_id', 'zone', ...by].join(', ')
  return `
    select ${key}, ${measures.join(', ')}
    from (
      select c.*, unnest(case when b.timezone = l.timezone then array['business', 'location']
        when c.zone = b.timezone then array['business'] else array['location'] end) as basis
      from (
        select ${others}, ${time === 'month' ? "date_trunc('month', day)::date as month" : 'day'},
          ${measures.map((m) => `sum(${m === 'net_sales' ? NET_SALES : m}) as ${m}`).join(', ')}
        from ${finer} group by ${others}, ${time === 'month' ? "date_trunc('month', day)" : 'day'}
      ) c
      join business b on b.id = c.business_id
      join location l on l.business_id = c.business_id and l.id = c.location_id
    ) c`
}

/** Writes cells to a rollup. Ordered by key, so that two transactions lock rows in the same order. */
const write = (table: string, { key, measures }: Rollup, cellsOf: string) =>
  `insert into ${table} as kept (${key}, ${measures.join(', ')}) ${cellsOf} order by ${key}`
/** Adds cells to those of a rollup. */
const add = (table: string, rollup: Rollup, cellsOf: string) => `
  ${write(table, rollup, cellsOf)}
  on conflict (${rollup.key}) do update
  set ${rollup.measures.map((m) => `${m} = kept.${m} + excluded.${m}`).join(', ')}`

/** Writes facts to every rollup of their kind, in one statement. */
function toEach(kind: Kind, facts: string, how: typeof write): string {
  const parts = rollupsOf(kind).map(([table, rollup]) => ({ table, sql: how(table, rollup, cells(rollup, 'cut')) }))
  const last = parts.pop()
  const others = parts.map(({ table, sql }) => `, kept_${table} as (${sql})`).join('')
  return `with cut as materialized (${cut(kind, facts)}) ${others} ${last?.sql};`
}
/** Adds what a change has changed. */
const keep = (kind: Kind, facts: string) => toEach(kind, net(kind, facts), add)

const customerNet = (facts: string) => `
  select business_id, customer_id, at, ${signedSums(['orders', 'net_sales'])} from (${facts}) signed
  group by business_id, customer_id, at having (sum(sign * orders), sum(sign * net_sales)) is distinct from (0, 0)`
const customerCells = (facts: string) => `
  select business_id, customer_id, sum(orders) as orders, sum(net_sales) as net_sales,
    min(at) filter (where orders > 0) as first_at, max(at) filter (where orders > 0) as last_at
  from (${customerNet(facts)}) net group by business_id, customer_id`
const keepCustomers = (facts: string) => `
  insert into customer_sales as kept (business_id, customer_id, orders, net_sales, first_at, last_at)
  ${customerCells(facts)} order by business_id, customer_id
  on conflict (business_id, customer_id) do update
  set orders = kept.orders + excluded.orders, net_sales = kept.net_sales + excluded.net_sales,
    first_at = least(kept.first_at, excluded.first_at), last_at = greatest(kept.last_at, excluded.last_at);`
/** Instants do not add up: where an order has left, they are looked up, now that the row of its client is locked. */
const lookUpInstants = (facts: string) => `
  update customer_sales c set (first_at, last_at) = (
    select min(o.completed_at), max(o.completed_at) from orders o
    where o.business_id = c.business_id and o.customer_id = c.customer_id and o.status = 'completed' and ${isSale('o')})
  from (select distinct business_id, customer_id from (${customerNet(facts)}) net where net.orders < 0) gone
  where c.business_id = gone.business_id and c.customer_id = gone.customer_id;`

/** What is read of an order stays true until the end of the transaction. */
const lockOrders = (rows: string) => `
  perform 1 from orders o
  where (o.business_id, o.id) in (select n.business_id, n.order_id from (${rows}) n)
  order by o.business_id, o.id for no key update;`

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

/** Rows as they were and as they are, where an update has changed one of some columns. */
const changed = (columns: string) => `
  select sum(sign)::integer as sign, ${columns} from (${SIGNED.update}) n group by ${columns} having sum(sign) <> 0`
/** Lines, payments and refunds follow their order when it is completed, cancelled, or moved in time, place or owner. */
const MOVED = changed('business_id, id, status, completed_at, location_id, customer_id')
/** Refund lines follow the tax rate of their order line. */
const RETAXED = changed('business_id, order_id, line_number, tax_rate')

const both = (...facts: string[]) => facts.join(' union all ')

function onOrders(event: Event): string {
  const rows = SIGNED[event]
  const clients = customerFacts(rows)
  if (event !== 'update') {
    return (
      keep('sales', orderFacts(rows)) + keepCustomers(clients) + (event === 'delete' ? lookUpInstants(clients) : '')
    )
  }
  return `
    ${keep('sales', orderFacts(rows))}
    ${keepCustomers(both(clients, customerRefundFacts(ofOrders(MOVED, 'order_refund'))))}
    ${lookUpInstants(clients)}
    if exists (${MOVED}) then
      ${keep('lines', itemFacts(ofOrders(MOVED, 'order_item')))}
      ${keep('payments', paymentFacts(ofOrders(MOVED, 'order_payment')))}
    end if;`
}

function onItems(event: Event): string {
  const facts = itemFacts(withOrders(SIGNED[event]))
  const retaxed = refundLineFacts(refundLinesOf(RETAXED))
  return orderTotals(SIGNED[event]) + keep('lines', event === 'update' ? both(facts, retaxed) : facts)
}

const onPayments = (event: Event) =>
  lockOrders(SIGNED[event]) + keep('payments', paymentFacts(withOrders(SIGNED[event])))

const onRefunds = (event: Event) => `
  ${lockOrders(SIGNED[event])}
  ${keep('sales', refundFacts(SIGNED[event]))}
  ${keepCustomers(customerRefundFacts(withOrders(SIGNED[event])))}
  ${keep('payments', moneyBackFacts(SIGNED[event]))}`

const onRefundLines = (event: Event) =>
  refundTotals(SIGNED[event]) + keep('lines', refundLineFacts(withRefunds(SIGNED[event])))

const BODIES = {
  orders: onOrders,
  order_item: onItems,
  order_payment: onPayments,
  order_refund: onRefunds,
  order_refund_line: onRefundLines,
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  // No foreign keys and checks: cells are written by the triggers alone, from rows that have theirs, and a check for
  // each cell would cost more than the cell.
  const typeOf = (name: string) => `${name} ${COLUMN_TYPES[name] ?? 'numeric(24,4)'} not null`
  for (const [table, { key, time, by, measures }] of Object.entries(ROLLUPS)) {
    const net = measures.includes('gross_sales')
      ? `net_sales numeric(24,4) not null generated always as (${NET_SALES}) stored,`
      : ''
    await sql
      .raw(`create table ${table} (business_id uuid not null, location_id uuid not null,
        basis text not null, ${[time, ...by].map(typeOf).join(', ')},
        ${measures.map((name) => `${typeOf(name)} default 0`).join(', ')}, ${net} primary key (${key}))`)
      .execute(db)
  }
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

  for (const [table, body] of Object.entries(BODIES)) {
    for (const event of Object.keys(SIGNED) as Event[]) await trigger(db, table, event, body(event))
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
  const allPayments = 'select 1 as sign, * from order_payment where business_id = target'
  const allFacts: Record<Kind, string> = {
    sales: both(orderFacts(allOrders), refundFacts(allRefunds)),
    lines: both(itemFacts(withOrders(allItems)), refundLineFacts(withRefunds(allRefundLines))),
    payments: both(paymentFacts(withOrders(allPayments)), moneyBackFacts(allRefunds)),
  }
  const allCustomers = both(customerFacts(allOrders), customerRefundFacts(withOrders(allRefunds)))
  const kinds = Object.keys(FACTS) as Kind[]

  await sql
    .raw(`create function rebuild_rollups(target uuid) returns void
      language plpgsql security definer set search_path = public, pg_temp
      as $$ begin
        ${ONLY_ITS_OWN}
        perform pg_advisory_xact_lock(hashtextextended(target::text, 0));
        ${rebuildTotals('orders', 'order_id', ORDER_TOTALS, allItems)}
        ${rebuildTotals('order_refund', 'refund_id', REFUND_TOTALS, allRefundLines)}
        ${TABLES.map((table) => `delete from ${table} where business_id = target;`).join('\n')}
        ${kinds.map((kind) => toEach(kind, allFacts[kind], write)).join('\n')}
        ${keepCustomers(allCustomers)}
      end $$`)
    .execute(db)

  // Where a rollup, or the totals of an order or refund, differ from the raw rows; nothing when all is well.
  const differences = Object.entries(ROLLUPS).map(([table, rollup]) => {
    const { of, time, key, measures, amount } = rollup
    const side = (name: string) => `(${measures.map((m) => `${name}.${m}`).join(', ')})`
    const some = `(${measures.join(', ')}) is distinct from (${zeros(measures)})`
    return `
      select '${table}', location_id, basis, ${time}, kept.total, raw.total
      from (select *, ${amount} as total from ${table} where business_id = target and ${some}) kept
      full join (select *, ${amount} as total from (${cells(rollup, `all_${of}`)}) c where ${some}) raw using (${key})
      where ${side('kept')} is distinct from ${side('raw')}`
  })
  await sql
    .raw(`create function check_rollups(target uuid)
      returns table (rollup text, location_id uuid, basis text, day date, kept numeric, raw numeric)
      language plpgsql stable security definer set search_path = public, pg_temp
      as $$ #variable_conflict use_column
      begin ${ONLY_ITS_OWN} return query
        with ${kinds.map((kind) => `all_${kind} as materialized (${cut(kind, allFacts[kind])})`).join(', ')}
        ${differences.join('\nunion all\n')}
        union all
        select 'customer_sales', null, null, null, kept.net_sales, raw.net_sales
        from (select * from customer_sales where business_id = target
          and (orders, net_sales, first_at, last_at) is distinct from (0, 0, null, null)) kept
        full join (${customerCells(allCustomers)}) raw using (business_id, customer_id)
        where (kept.orders, kept.net_sales, kept.first_at, kept.last_at)
          is distinct from (raw.orders, raw.net_sales, raw.first_at, raw.last_at)
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
  for (const table of Object.keys(BODIES)) {
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
