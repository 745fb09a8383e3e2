/** The facts to sum up: orders, their lines and payments, and refunds, in one form for each kind. */
import { layout, nested, union } from './layout.ts'

// A cost of zero and an unknown one add up to the same, so the net sales of lines with a cost are added up, too.
const MEASURES = [
  ...['units_sold', 'units_returned', 'gross_sales', 'discounts', 'returns', 'tax'],
  ...['cost', 'costed_net_sales'],
]
export const NET_SALES = 'gross_sales - discounts - returns'

interface Shape {
  /** What distinguishes facts besides time and place. */
  by: readonly string[]
  /** Facts with `has_time` are divided into hours as well as days; the hour is null where it is false. */
  isHourly: boolean
  measures: readonly string[]
}

export const FACTS = {
  sales: {
    by: ['employee_id', 'order_type', 'is_discounted', 'customer_id'],
    isHourly: true,
    measures: ['orders', 'refunds', ...MEASURES, 'tips'],
  },
  lines: { by: ['product_id', 'variant_id', 'tax_rate'], isHourly: false, measures: MEASURES },
  payments: { by: ['method'], isHourly: false, measures: ['payments', 'amount', 'refunds', 'refunded'] },
} as const satisfies Record<string, Shape>

export type Kind = keyof typeof FACTS
export const KINDS = Object.keys(FACTS) as Kind[]

// Rows have a `sign`: 1 if they are added, -1 if they are removed.

/** How rows are joined with those that they name. */
type Join = (table: string, alias: string, condition: string) => string

/** For all rows of a business. */
const inBulk: Join = (table, alias, condition) => `join ${table} ${alias} on ${condition}`

/**
 * For the rows of a change: each is looked up by its key. Row security, which may bind the owner of the functions, would
 * otherwise let the planner read all rows of the business first and compare each with each of the change, where
 * statistics do not know the business yet. `offset 0` keeps it from merging the queries.
 */
export const oneByOne = (
  table: string,
  alias: string,
  condition: string,
  { isOuter = false }: { isOuter?: boolean } = {},
) => layout`
  ${isOuter ? 'left' : 'cross'} join lateral (
    select * from ${table} ${alias}
    where ${condition}
    offset 0
  ) ${alias}${isOuter ? ' on true' : ''}`

/** Locks the rows of a table that some rows name by a key, in one order, until the end of the transaction. */
export const lockRows = (table: string, key: string, rows: string, strength: string) => layout`
  perform 1
  from (
    select distinct n.business_id, n.${key}
    from ${nested(rows)} n
    order by n.business_id, n.${key}
  ) n
  cross join lateral (
    select from ${table} g
    where g.business_id = n.business_id and g.id = n.${key}
    for ${strength}
  ) g;`

/** Rows `n` with their orders `o`. */
export const withOrders = (rows: string, join: Join = oneByOne) => layout`
  ${nested(rows)} n
  ${join('orders', 'o', 'o.business_id = n.business_id and o.id = n.order_id')}`

/** Orders `o` with their rows `n` of a table. */
export const ofOrders = (orders: string, table: string) => layout`
  ${nested(orders)} o
  ${oneByOne(table, 'n', 'n.business_id = o.business_id and n.order_id = o.id')}`

/** Parts `n` of refunds `r`, by other methods than these. */
export const partsWithRefunds = (parts: string, join: Join = oneByOne) => layout`
  ${nested(parts)} n
  ${join('order_refund', 'r', 'r.business_id = n.business_id and r.id = n.refund_id')}`

/** Refunds `r` with their parts `n` by other methods. */
export const partsOf = (refunds: string) => layout`
  ${nested(refunds)} r
  ${oneByOne('order_refund_payment', 'n', 'n.business_id = r.business_id and n.refund_id = r.id')}`

const ITS_LINE = layout`
  i.business_id = n.business_id and i.order_id = n.order_id
    and i.line_number = n.line_number`
/** Refund lines `n` with their refunds `r` and the order lines `i` that they refund. */
export const withRefunds = (rows: string, join: Join = oneByOne) => layout`
  ${partsWithRefunds(rows, join)}
  ${join('order_item', 'i', ITS_LINE)}`

/** Order lines `i` with the refund lines `n` that refund them, and the refunds `r` of these. */
export const refundLinesOf = (items: string) => layout`
  ${nested(items)} i
  ${oneByOne('order_refund', 'r', 'r.business_id = i.business_id and r.order_id = i.order_id')}
  ${oneByOne('order_refund_line', 'n', 'n.business_id = r.business_id and n.refund_id = r.id and n.line_number = i.line_number')}`

/** A ticket that only takes goods back is a refund, neither an order nor a purchase of its client. */
export const isSale = (alias: string) => `(${alias}.sale_lines > 0 or ${alias}.return_lines = 0)`

export const orderFacts = (rows: string) => layout`
  select
    sign, n.business_id, n.location_id, n.completed_at as at, n.has_time,
    n.sold_by as employee_id, n.order_type, n.discounts > 0 as is_discounted, n.customer_id,
    case when ${isSale('n')} then 1 else 0 end as orders,
    case when n.return_lines > 0 then 1 else 0 end as refunds,
    n.units_sold, n.units_returned, n.gross_sales, n.discounts, n.returns, n.tax,
    n.cost, n.costed_net_sales, n.tips
  from ${nested(rows)} n
  where n.status = 'completed'`

/** A refund counts for the employee who sold, and with the type and client of its order. */
export const refundFacts = (refundsAndOrders: string) => layout`
  select
    sign, n.business_id, n.location_id, n.refunded_at as at, n.has_time,
    o.sold_by as employee_id, o.order_type, o.discounts > 0 as is_discounted, o.customer_id,
    0 as orders, 1 as refunds,
    0 as units_sold, n.units_returned, 0 as gross_sales, 0 as discounts, n.returns, -n.tax as tax,
    -n.cost as cost, -n.costed_net_sales as costed_net_sales, -n.tips as tips
  from ${refundsAndOrders}`

export const itemFacts = (itemsAndOrders: string) => layout`
  select
    sign, n.business_id, o.location_id, o.completed_at as at, n.product_id, n.variant_id, n.tax_rate,
    greatest(n.quantity, 0) as units_sold,
    greatest(-n.quantity, 0) as units_returned,
    case when n.quantity > 0 then n.gross_sales else 0 end as gross_sales,
    case when n.quantity > 0 then n.discount else 0 end as discounts,
    case when n.quantity < 0 then n.discount - n.gross_sales else 0 end as returns,
    n.tax, round(n.quantity * coalesce(n.unit_cost, 0), 4) as cost,
    case when n.unit_cost is null then 0 else n.net_sales end as costed_net_sales
  from ${itemsAndOrders}
  where o.status = 'completed'`

export const refundLineFacts = (linesAndRefunds: string) => layout`
  select
    sign, n.business_id, r.location_id, r.refunded_at as at, n.product_id, n.variant_id, i.tax_rate,
    0 as units_sold, n.quantity as units_returned, 0 as gross_sales, 0 as discounts, n.returns,
    -n.tax as tax,
    case when n.restocked then -round(n.quantity * coalesce(n.unit_cost, 0), 4) else 0 end as cost,
    case when n.unit_cost is null then 0 else -n.returns end as costed_net_sales
  from ${linesAndRefunds}`

/** A negative payment is money back, as on a ticket that only takes goods back. */
export const paymentFacts = (paymentsAndOrders: string) => layout`
  select
    sign, n.business_id, o.location_id, o.completed_at as at, n.method,
    (n.amount >= 0)::integer as payments, greatest(n.amount, 0) as amount,
    (n.amount < 0)::integer as refunds, greatest(-n.amount, 0) as refunded
  from ${paymentsAndOrders}
  where o.status = 'completed'`

export const moneyBackFacts = (rows: string) => layout`
  select
    sign, n.business_id, n.location_id, n.refunded_at as at, n.method,
    0 as payments, 0 as amount, 1 as refunds, n.total as refunded
  from ${nested(rows)} n`

/** What of a refund `r` went back by other methods than its own: added to them, taken from its own. */
export const otherMethodFacts = (partsAndRefunds: string) => layout`
  select
    sign, n.business_id, r.location_id, r.refunded_at as at, m.method,
    0 as payments, 0 as amount, m.refunds, m.refunded
  from ${partsAndRefunds}
  cross join lateral (values (n.method, 1, n.amount), (r.method, 0, -n.amount)) m (method, refunds, refunded)`

export const customerFacts = (rows: string) => layout`
  select
    sign, n.business_id, n.customer_id, n.completed_at as at,
    case when ${isSale('n')} then 1 else 0 end as orders,
    ${NET_SALES} as net_sales
  from ${nested(rows)} n
  where n.status = 'completed' and n.customer_id is not null`

export const customerRefundFacts = (refundsAndOrders: string) => layout`
  select sign, n.business_id, o.customer_id, null::timestamptz as at, 0 as orders, -n.returns as net_sales
  from ${refundsAndOrders}
  where o.customer_id is not null`

const all = (table: string) => `select 1 as sign, * from ${table} where business_id = target`
export const ALL_ITEMS = all('order_item')
export const ALL_REFUND_LINES = all('order_refund_line')

/** Every fact of the business `target`. */
export const ALL_FACTS: Record<Kind, string> = {
  sales: union(orderFacts(all('orders')), refundFacts(withOrders(all('order_refund'), inBulk))),
  lines: union(itemFacts(withOrders(ALL_ITEMS, inBulk)), refundLineFacts(withRefunds(ALL_REFUND_LINES, inBulk))),
  payments: union(
    paymentFacts(withOrders(all('order_payment'), inBulk)),
    moneyBackFacts(all('order_refund')),
    otherMethodFacts(partsWithRefunds(all('order_refund_payment'), inBulk)),
  ),
}
export const ALL_CUSTOMERS = union(
  customerFacts(all('orders')),
  customerRefundFacts(withOrders(all('order_refund'), inBulk)),
)
