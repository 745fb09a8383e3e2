import { type Expression, expressionBuilder, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { DB } from '../../database/types.ts'
import { ServiceError } from '../../errors.ts'
import type { Days } from '../../time/window.ts'
import { isUuid } from '../../uuid.ts'
import { atLocation, onDays, searchPattern } from '../conditions.ts'
import { isItsId } from '../references.ts'

export const ORDER_STATUSES = ['open', 'completed', 'cancelled'] as const

export interface OrderQuery {
  /** Local days on which the order was opened. */
  days?: (Days & { timezone: string }) | undefined
  status?: (typeof ORDER_STATUSES)[number] | undefined
  locationId?: string | undefined
  clientId?: string | Expression<string> | undefined
  /** Part of an order number, or of a client's name, code or email. */
  search?: string | undefined
  limit: number
  /** Opening time, as the database writes it, and id of the last row of the previous page. */
  after?: readonly [openedAt: string, id: string] | undefined
}

/** Orders of a business with their location, client and refunded amount. */
function ordersOf(db: Transaction, businessId: string) {
  return db
    .selectFrom('orders as o')
    .innerJoin('location as l', (join) =>
      join.onRef('l.business_id', '=', 'o.business_id').onRef('l.id', '=', 'o.location_id'),
    )
    .leftJoin('customer as c', (join) =>
      join.onRef('c.business_id', '=', 'o.business_id').onRef('c.id', '=', 'o.customer_id'),
    )
    .crossJoinLateral((eb) =>
      eb
        .selectFrom('order_refund as f')
        .select(({ fn }) => fn.coalesce(fn.sum<string>('f.total'), sql.lit('0')).as('refunded'))
        .whereRef('f.business_id', '=', 'o.business_id')
        .whereRef('f.order_id', '=', 'o.id')
        .as('r'),
    )
    .select(({ cast }) => [
      'o.id',
      'o.order_number',
      'o.status',
      'o.order_type',
      'o.opened_at',
      // With microseconds, which a Date cannot hold.
      cast<string>('o.opened_at', 'text').as('opened_at_text'),
      'o.completed_at',
      'o.location_id',
      'l.name as location',
      'l.timezone',
      'o.customer_id',
      'c.name as customer',
      'o.net_sales',
      'o.tax',
      'o.tips',
      'o.total',
      'r.refunded',
    ])
    .where('o.business_id', '=', businessId)
}

/** An order in lists; amounts as decimal strings. */
export type OrderRow = Awaited<ReturnType<typeof findOrders>>[number]

/** Orders, newest first. */
export function findOrders(db: Transaction, businessId: string, query: OrderQuery) {
  const { days, status, clientId, search, after } = query
  let orders = ordersOf(db, businessId).where(atLocation('o.location_id', query.locationId))
  if (days !== undefined) orders = orders.where(onDays('o.opened_at', days, days.timezone))
  if (status !== undefined) orders = orders.where('o.status', '=', status)
  if (clientId !== undefined) orders = orders.where('o.customer_id', '=', clientId)
  if (search !== undefined) {
    const pattern = searchPattern(search)
    orders = orders.where(({ eb, fn, or }) =>
      or([eb(fn<string>('lower', ['o.order_number']), 'like', pattern), eb('c.search', 'like', pattern)]),
    )
  }
  if (after !== undefined) {
    const [openedAt, id] = after
    orders = orders.where(({ cast, eb, refTuple, tuple, val }) =>
      eb(refTuple('o.opened_at', 'o.id'), '<', tuple(cast<Date>(val(openedAt), 'timestamptz'), id)),
    )
  }
  return orders.orderBy('o.opened_at', 'desc').orderBy('o.id', 'desc').limit(query.limit).execute()
}

/**
 * One order by id or number, with lines, payments and refunds; null if there is none.
 * @param lines the most lines, and the number of the line after which they begin
 */
export async function findOrder(
  db: Transaction,
  businessId: string,
  idOrNumber: string,
  lines: { limit: number; after: number },
) {
  // The other queries look up the order themselves, so that all can be sent together.
  const id = db
    .selectFrom('orders as o')
    .select('o.id')
    .where('o.business_id', '=', businessId)
    .where(isOrder(idOrNumber))
    .orderBy(isItsId('o.id', idOrNumber), 'desc')
    .limit(1)
  const [order, items, payments, refunds] = await Promise.all([
    ordersOf(db, businessId)
      .select(['o.gross_sales', 'o.discounts', 'o.returns', 'o.note', 'o.cancel_reason'])
      .where(isOrder(idOrNumber))
      .orderBy(isItsId('o.id', idOrNumber), 'desc')
      .limit(1)
      .executeTakeFirst(),
    db
      .selectFrom('order_item as i')
      .innerJoin('product_variant as v', (join) =>
        join.onRef('v.business_id', '=', 'i.business_id').onRef('v.id', '=', 'i.variant_id'),
      )
      .select(['i.line_number', 'i.variant_id', 'v.sku', 'i.name', 'i.quantity', 'i.unit_price', 'i.tax_included'])
      .select(['i.discount', 'i.net_sales', 'i.tax'])
      .where('i.business_id', '=', businessId)
      .where('i.order_id', '=', id)
      .where('i.line_number', '>', lines.after)
      .orderBy('i.line_number')
      .limit(lines.limit)
      .execute(),
    db
      .selectFrom('order_payment')
      .select(['method', 'amount', 'paid_at', 'reference'])
      .where('business_id', '=', businessId)
      .where('order_id', '=', id)
      .orderBy('payment_number')
      .limit(10)
      .execute(),
    db
      .selectFrom('order_refund')
      .select(['id', 'refunded_at', 'method', 'total', 'reason'])
      .where('business_id', '=', businessId)
      .where('order_id', '=', id)
      .orderBy('refunded_at')
      .orderBy('id')
      .limit(10)
      .execute(),
  ])
  return order === undefined ? null : { order, items, payments, refunds }
}

/** Whether a row `o` is the order with this id or number. */
export function isOrder(idOrNumber: string) {
  const eb = expressionBuilder<{ o: DB['orders'] }, 'o'>()
  const isNumber = eb('o.order_number', '=', idOrNumber)
  return isUuid(idOrNumber) ? eb.or([eb('o.id', '=', idOrNumber), isNumber]) : isNumber
}

/** The error for an unknown order, and the same for another business's. */
export function noSuchOrder(): ServiceError {
  return new ServiceError('not_found', 'order: there is no such order in this business.', {
    hint: 'Use list_orders to find its id or number.',
  })
}
