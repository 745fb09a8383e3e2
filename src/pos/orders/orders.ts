import { type Expression, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import {
  areFewToRead,
  type EmployeeRole,
  isFewToRead,
  isMatch,
  MAX_SUMMED,
  matchingOrders,
  type OrderFilter,
  ownOrders,
} from './order-filter.ts'
import { orderIdOf } from './order-references.ts'
import { MAX_PEOPLE } from './people.ts'
import { otherMethods } from './refunds.ts'

export const ORDER_SORTS = ['newest', 'oldest', 'largest', 'smallest', 'discount'] as const
export type OrderSort = (typeof ORDER_SORTS)[number]

export interface OrderQuery extends OrderFilter {
  sort?: OrderSort | undefined
  limit: number
  /** Value that the list is sorted by, as the database writes it, and id of the last row of the previous page. */
  after?: readonly [key: string, id: string] | undefined
}

const SORTS = {
  newest: { key: 'o.opened_at', type: 'timestamptz', direction: 'desc' },
  oldest: { key: 'o.opened_at', type: 'timestamptz', direction: 'asc' },
  largest: { key: 'o.total', type: 'numeric', direction: 'desc' },
  smallest: { key: 'o.total', type: 'numeric', direction: 'asc' },
  discount: { key: 'o.discounts', type: 'numeric', direction: 'desc' },
} as const satisfies Record<OrderSort, { key: string; type: string; direction: 'asc' | 'desc' }>

// An order (o) in lists, with its location (l), client (c), and who sold (s), discounted (d) and cancelled it (x).

/** Orders with their location, client, seller and refunded amount, which are looked up for those chosen alone. */
function detailsOf(db: Transaction, chosen: ReturnType<typeof ownOrders>) {
  return db
    .selectFrom(chosen.as('o'))
    .innerJoin('location as l', (join) =>
      join.onRef('l.business_id', '=', 'o.business_id').onRef('l.id', '=', 'o.location_id'),
    )
    .leftJoin('customer as c', (join) =>
      join.onRef('c.business_id', '=', 'o.business_id').onRef('c.id', '=', 'o.customer_id'),
    )
    .leftJoin('employee as s', (join) =>
      join.onRef('s.business_id', '=', 'o.business_id').onRef('s.id', '=', 'o.sold_by'),
    )
    .leftJoin('employee as d', (join) =>
      join.onRef('d.business_id', '=', 'o.business_id').onRef('d.id', '=', 'o.discounted_by'),
    )
    .leftJoin('employee as x', (join) =>
      join.onRef('x.business_id', '=', 'o.business_id').onRef('x.id', '=', 'o.cancelled_by'),
    )
    .crossJoinLateral((from) =>
      from
        .selectFrom('order_refund as f')
        .select(({ fn }) => fn.coalesce(fn.sum<string>('f.total'), sql.lit('0')).as('refunded'))
        .whereRef('f.business_id', '=', 'o.business_id')
        .whereRef('f.order_id', '=', 'o.id')
        .as('r'),
    )
    .select([
      'o.id',
      'o.order_number',
      'o.status',
      'o.order_type',
      'o.opened_at',
      'o.completed_at',
      'o.has_time',
      'l.name as location',
      'l.timezone',
      'c.code as client_code',
      'c.name as client',
      's.name as sold_by',
      'd.name as discounted_by',
      'x.name as cancelled_by',
      'o.cancelled_at',
      'o.cancel_reason',
      'o.discounts',
      'o.net_sales',
      'o.tax',
      'o.tips',
      'o.total',
      'r.refunded',
    ])
}

/** An order in lists; amounts as decimal strings. */
export type OrderRow = Omit<Awaited<ReturnType<typeof findOrders>>[number], 'sort_key'>

/** Orders, the newest first unless sorted otherwise. `sort_key` is the value that they are sorted by, for the cursor. */
export function findOrders(db: Transaction, businessId: string, query: OrderQuery) {
  const { key, type, direction } = SORTS[query.sort ?? 'newest']
  const page = matchingOrders(db, businessId, query, (orders) => {
    const ordered = orders.orderBy(key, direction).orderBy('o.id', direction).limit(query.limit)
    if (query.after === undefined) return ordered
    const [value, id] = query.after
    const isAfter = sql.raw(direction === 'desc' ? '<' : '>')
    return ordered.where(sql<SqlBool>`(${sql.ref(key)}, o.id) ${isAfter} (${value}::${sql.raw(type)}, ${id})`)
  })
  return (
    detailsOf(db, page)
      // With microseconds, which a Date cannot hold.
      .select(({ cast }) => cast<string>(key, 'text').as('sort_key'))
      .orderBy(key, direction)
      .orderBy('o.id', direction)
      .execute()
  )
}

/**
 * How many orders match, and their sums, by status; amounts as decimal strings.
 * @returns null if more than `MAX_SUMMED` would have to be read
 */
export async function sumOrders(db: Transaction, businessId: string, filter: OrderFilter) {
  const isFew = isFewToRead(db, businessId, filter)
  const matching = matchingOrders(db, businessId, filter, (orders) => orders.where(isFew).limit(MAX_SUMMED + 1))
  const added = db
    .with('m', (own) =>
      own
        .selectFrom(matching.as('m'))
        .select(['m.id', 'm.status', 'm.net_sales', 'm.tax', 'm.tips', 'm.total', 'm.discounts']),
    )
    .with('f', (own) =>
      own
        .selectFrom('order_refund as f')
        .innerJoin('m', 'm.id', 'f.order_id')
        .select(({ fn }) => ['m.status', fn.sum<string>('f.total').as('refunded')])
        .where('f.business_id', '=', businessId)
        .groupBy('m.status'),
    )
    .selectFrom('m')
    .leftJoin('f', 'f.status', 'm.status')
    .select(({ cast, fn }) => [
      'm.status',
      cast<number>(fn.countAll(), 'integer').as('orders'),
      fn.sum<string>('m.net_sales').as('net_sales'),
      fn.sum<string>('m.tax').as('tax'),
      fn.sum<string>('m.tips').as('tips'),
      fn.sum<string>('m.total').as('total'),
      fn.sum<string>('m.discounts').as('discounts'),
      fn.coalesce(fn.max('f.refunded'), sql.lit('0')).as('refunded'),
    ])
    .groupBy('m.status')
    .orderBy(sql`array_position(array['completed', 'open', 'cancelled'], m.status)`)
    .execute()
  // Sent together, in one round trip.
  const [areFew, sums] = await Promise.all([areFewToRead(db, businessId, filter), added])
  const isWhole = areFew && sums.reduce((sum, { orders }) => sum + orders, 0) <= MAX_SUMMED
  return isWhole ? sums : null
}
export type OrderSums = NonNullable<Awaited<ReturnType<typeof sumOrders>>>[number]

/**
 * The orders that match by who did something with them, the one with the most first; of so many at most that lists add
 * up. Amounts as decimal strings; no name where it is not known who.
 */
export function sumByEmployee(db: Transaction, businessId: string, filter: OrderFilter, role: EmployeeRole) {
  const isFew = isFewToRead(db, businessId, filter)
  const matching = matchingOrders(db, businessId, filter, (orders) => orders.where(isFew).limit(MAX_SUMMED + 1))
  return db
    .selectFrom(matching.as('m'))
    .leftJoin('employee as e', (join) => join.on('e.business_id', '=', businessId).onRef('e.id', '=', `m.${role}`))
    .select(({ cast, fn }) => [
      'e.name',
      cast<number>(fn.countAll(), 'integer').as('orders'),
      fn.sum<string>('m.total').as('total'),
      fn.sum<string>('m.discounts').as('discounts'),
      sql<number>`(count(*) over ())::integer`.as('people'),
    ])
    .groupBy([`m.${role}`, 'e.name'])
    .orderBy('orders', 'desc')
    .orderBy('total', 'desc')
    .orderBy('e.name')
    .limit(MAX_PEOPLE)
    .execute()
}

/**
 * How many orders match, of some business that has few enough in the window.
 * @param isFew when to count at all; else null, without reading an order
 */
export async function countOrders(
  db: Transaction,
  businessId: string,
  filter: OrderFilter,
  isFew: Expression<SqlBool>,
): Promise<number | null> {
  const { orders, few } = await db
    .selectFrom('orders as o')
    .select(({ cast, fn }) => [cast<number>(fn.countAll(), 'integer').as('orders'), sql<boolean>`${isFew}`.as('few')])
    .where('o.business_id', '=', businessId)
    .where(isMatch(db, filter))
    .where(isFew)
    .executeTakeFirstOrThrow()
  return few ? orders : null
}

/**
 * One order by id or number, with lines, payments and refunds; null if there is none.
 * @param lines the most lines, and the number of the line after which they begin
 */
export async function findOrder(
  db: Transaction,
  businessId: string,
  reference: string,
  lines: { limit: number; after: number },
) {
  // Each query looks up the order itself, so that all can be sent together.
  const id = orderIdOf(businessId, reference)
  const [order, items, payments, refunds] = await Promise.all([
    detailsOf(db, ownOrders(db, businessId).where('o.id', '=', id))
      .select(['o.gross_sales', 'o.returns', 'o.note'])
      .executeTakeFirst(),
    db
      .selectFrom('order_item as i')
      .innerJoin('product_variant as v', (join) =>
        join.onRef('v.business_id', '=', 'i.business_id').onRef('v.id', '=', 'i.variant_id'),
      )
      .select(['i.line_number', 'v.sku', 'i.name', 'i.quantity', 'i.unit_price', 'i.tax_included'])
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
      .selectFrom('order_refund as f')
      .leftJoin('employee as e', (join) =>
        join.onRef('e.business_id', '=', 'f.business_id').onRef('e.id', '=', 'f.refunded_by'),
      )
      .select(['f.id', 'f.refunded_at', 'f.has_time', 'f.method', 'f.total', 'f.reason', 'e.name as refunded_by'])
      .select(otherMethods)
      .where('f.business_id', '=', businessId)
      .where('f.order_id', '=', id)
      .orderBy('f.refunded_at')
      .orderBy('f.id')
      .limit(10)
      .execute(),
  ])
  return order === undefined ? null : { order, items, payments, refunds }
}
