import { type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import type { Days } from '../../time/window.ts'
import { isUuid } from '../../uuid.ts'
import { atLocation, onDays } from '../conditions.ts'

export const ORDER_STATUSES = ['open', 'completed', 'cancelled'] as const

export interface OrderQuery {
  /** Local days on which the order was opened. */
  days?: (Days & { timezone: string }) | undefined
  status?: (typeof ORDER_STATUSES)[number] | undefined
  locationId?: string | undefined
  clientId?: string | undefined
  /** Part of an order number, or of a client's name, code or email. */
  search?: string | undefined
  limit: number
  /** Opening time as the database writes it, and id, of the last row before. */
  after?: readonly [openedAt: string, id: string] | undefined
}

export interface OrderRow {
  id: string
  order_number: string
  status: string
  order_type: string
  opened_at: Date
  /** With microseconds, which a Date does not hold. */
  opened_at_text: string
  completed_at: Date | null
  location_id: string
  location: string
  timezone: string
  customer_id: string | null
  customer: string | null
  net_sales: string
  tax: string
  tips: string
  total: string
  refunded: string
}

const orderColumns = sql`
  o.id, o.order_number, o.status, o.order_type, o.opened_at, o.opened_at::text as opened_at_text, o.completed_at,
  o.location_id, l.name as location, l.timezone, o.customer_id, c.name as customer,
  o.net_sales::text, o.tax::text, o.tips::text, o.total::text, r.refunded::text`
const orderTables = sql`
  orders o
  join location l on l.business_id = o.business_id and l.id = o.location_id
  left join customer c on c.business_id = o.business_id and c.id = o.customer_id
  cross join lateral (
    select coalesce(sum(f.total), 0) as refunded from order_refund f
    where f.business_id = o.business_id and f.order_id = o.id
  ) r`

/** Orders, the newest first. */
export async function findOrders(db: Transaction, businessId: string, query: OrderQuery): Promise<OrderRow[]> {
  const conditions = [sql<SqlBool>`o.business_id = ${businessId}`, atLocation('o.location_id', query.locationId)]
  if (query.days !== undefined) {
    conditions.push(onDays('o.opened_at', query.days, query.days.timezone))
  }
  if (query.status !== undefined) conditions.push(sql<SqlBool>`o.status = ${query.status}`)
  if (query.clientId !== undefined) conditions.push(sql<SqlBool>`o.customer_id = ${query.clientId}`)
  if (query.search !== undefined) {
    const pattern = sql`search_pattern(${query.search})`
    conditions.push(sql<SqlBool>`(lower(o.order_number) like ${pattern} or c.search like ${pattern})`)
  }
  if (query.after !== undefined) {
    conditions.push(sql<SqlBool>`(o.opened_at, o.id) < (${query.after[0]}::timestamptz, ${query.after[1]}::uuid)`)
  }
  const { rows } = await sql<OrderRow>`
    select ${orderColumns} from ${orderTables}
    where ${sql.join(conditions, sql` and `)}
    order by o.opened_at desc, o.id desc limit ${query.limit}`.execute(db)
  return rows
}

export interface OrderDetail {
  order: OrderRow & {
    gross_sales: string
    discounts: string
    returns: string
    note: string | null
    cancel_reason: string | null
  }
  items: {
    line_number: number
    variant_id: string
    sku: string
    name: string
    quantity: string
    unit_price: string
    tax_included: boolean
    discount: string
    net_sales: string
    tax: string
  }[]
  payments: { method: string; amount: string; paid_at: Date; reference: string | null }[]
  refunds: { id: string; refunded_at: Date; method: string; total: string; reason: string | null }[]
}

/**
 * One order by id or number, with lines, payments and refunds; null when there is none.
 * @param lines how many at most, and the number of the line after which they begin
 */
export async function findOrder(
  db: Transaction,
  businessId: string,
  idOrNumber: string,
  lines: { limit: number; after: number },
): Promise<OrderDetail | null> {
  const { rows } = await sql<OrderDetail['order']>`
    select ${orderColumns}, o.gross_sales::text, o.discounts::text, o.returns::text, o.note, o.cancel_reason
    from ${orderTables} where o.business_id = ${businessId} and ${isOrder(idOrNumber)}
    order by o.id limit 1`.execute(db)
  const [order] = rows
  if (order === undefined) return null

  const items = await sql<OrderDetail['items'][number]>`
    select i.line_number, i.variant_id, v.sku, i.name, i.quantity::text, i.unit_price::text, i.tax_included,
      i.discount::text, i.net_sales::text, i.tax::text
    from order_item i join product_variant v on v.business_id = i.business_id and v.id = i.variant_id
    where i.business_id = ${businessId} and i.order_id = ${order.id} and i.line_number > ${lines.after}
    order by i.line_number limit ${lines.limit}`.execute(db)
  const payments = await db
    .selectFrom('order_payment')
    .select(['method', 'amount', 'paid_at', 'reference'])
    .where('business_id', '=', businessId)
    .where('order_id', '=', order.id)
    .orderBy('payment_number')
    .limit(10)
    .execute()
  const refunds = await db
    .selectFrom('order_refund')
    .select(['id', 'refunded_at', 'method', 'total', 'reason'])
    .where('business_id', '=', businessId)
    .where('order_id', '=', order.id)
    .orderBy('refunded_at')
    .orderBy('id')
    .limit(10)
    .execute()
  return { order, items: items.rows, payments, refunds }
}

/** Whether a row `o` is the order with this id or number. */
export function isOrder(idOrNumber: string) {
  return isUuid(idOrNumber)
    ? sql<SqlBool>`(o.id = ${idOrNumber} or o.order_number = ${idOrNumber})`
    : sql<SqlBool>`o.order_number = ${idOrNumber}`
}

/** The one answer for an unknown order and for that of another business. */
export function noSuchOrder(): ServiceError {
  return new ServiceError('not_found', 'order: there is no such order in this business.', {
    hint: 'Use list_orders to find its id or number.',
  })
}
