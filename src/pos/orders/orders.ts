import { type Expression, expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { DB } from '../../database/types.ts'
import type { Days } from '../../time/window.ts'
import { onDays, searchPattern } from '../conditions.ts'
import { searchingProducts } from '../product-search.ts'
import { inRollup, rollupRows } from '../rollups.ts'
import { MIN_INDEXED, searching } from '../search.ts'
import { numberEndsWith, orderIdOf } from './order-references.ts'
import { MAX_PEOPLE } from './people.ts'
import { otherMethods } from './refunds.ts'

export const ORDER_STATUSES = ['open', 'completed', 'cancelled'] as const
export const ORDER_SORTS = ['newest', 'oldest', 'largest', 'smallest', 'discount'] as const
export type OrderSort = (typeof ORDER_SORTS)[number]

/** What people do with orders, by the column that says who. */
export type EmployeeRole = 'sold_by' | 'discounted_by' | 'cancelled_by'

export interface OrderFilter {
  /** Local days on which the order was opened or, with the status completed, completed. */
  days?: (Days & { timezone: string }) | undefined
  status?: (typeof ORDER_STATUSES)[number] | undefined
  locationId?: string | undefined
  clientId?: string | Expression<string> | undefined
  /** Part of an order number or note, or of a client's name, code or e-mail address; or the words of a product's name. */
  search?: string | undefined
  variantId?: string | undefined
  /** Who sold it, unless another role is given. */
  employeeId?: string | undefined
  /** What the employee did with the order. */
  employeeRole?: EmployeeRole | undefined
  /** In any case. */
  paymentMethod?: string | undefined
  minTotal?: string | undefined
  maxTotal?: string | undefined
  isDiscounted?: boolean | undefined
  isRefunded?: boolean | undefined
  /** Instead of the orders of `employeeId` alone, also the one whose number ends so. */
  numberEnd?: string | undefined
}

export interface OrderQuery extends OrderFilter {
  sort?: OrderSort | undefined
  limit: number
  /** Value that the list is sorted by, as the database writes it, and id of the last row of the previous page. */
  after?: readonly [key: string, id: string] | undefined
}

// An order (o) in lists, with its location (l), client (c), and who sold (s), discounted (d) and cancelled it (x).
interface Aliases {
  o: DB['orders']
  l: DB['location']
  c: DB['customer']
}
const eb = expressionBuilder<Aliases, keyof Aliases>()

const SORTS = {
  newest: { key: 'o.opened_at', type: 'timestamptz', direction: 'desc' },
  oldest: { key: 'o.opened_at', type: 'timestamptz', direction: 'asc' },
  largest: { key: 'o.total', type: 'numeric', direction: 'desc' },
  smallest: { key: 'o.total', type: 'numeric', direction: 'asc' },
  discount: { key: 'o.discounts', type: 'numeric', direction: 'desc' },
} as const satisfies Record<OrderSort, { key: string; type: string; direction: 'asc' | 'desc' }>

/** The orders of a business, to be chosen from. */
const ownOrders = (db: Transaction, businessId: string) =>
  db.selectFrom('orders as o').selectAll('o').where('o.business_id', '=', businessId)

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
  const chosen = (condition: Expression<SqlBool>) => {
    let orders = ownOrders(db, businessId).where(condition)
    if (query.after !== undefined) {
      const [value, id] = query.after
      const isAfter = sql.raw(direction === 'desc' ? '<' : '>')
      orders = orders.where(sql<SqlBool>`(${sql.ref(key)}, o.id) ${isAfter} (${value}::${sql.raw(type)}, ${id})`)
    }
    return orders.orderBy(key, direction).orderBy('o.id', direction).limit(query.limit)
  }
  const { search } = query
  const isMatching = isMatch(db, businessId, query)
  const page = () => {
    if (search === undefined) return chosen(isMatching)
    const isFew = isFewFound(businessId, search, query)
    const others = isMatch(db, businessId, { ...query, search: undefined })
    const ofFew = chosen(eb.and([isMatching, isFew]))
    const ofMany = chosen(eb.and([others, isFoundInRow(businessId, search), eb.not(isFew)]))
    // PostgreSQL runs the one that applies.
    return db
      .selectFrom(ofFew.as('o'))
      .selectAll('o')
      .unionAll(db.selectFrom(ofMany.as('o')).selectAll('o'))
  }
  return (
    detailsOf(db, page())
      // With microseconds, which a Date cannot hold.
      .select(({ cast }) => cast<string>(key, 'text').as('sort_key'))
      .orderBy(key, direction)
      .orderBy('o.id', direction)
      .execute()
  )
}

/** Of more orders than this a list reads none to add them up: reports do that from sums that are kept. */
export const MAX_SUMMED = 50_000

/**
 * Whether few enough orders are to be read to add up those that match: of their days or, with a product, of its lines.
 * What a client or an employee finds has an index, and is cut where it is too much; what a search finds is counted.
 */
function isFewToRead(businessId: string, filter: OrderFilter): RawBuilder<SqlBool> {
  const { days, variantId, clientId, employeeId, search, isRefunded, status, numberEnd } = filter
  if (search !== undefined) return isFewFound(businessId, search, filter)
  const isNarrow =
    [clientId, employeeId, numberEnd].some((each) => each !== undefined) ||
    isRefunded === true ||
    status === 'open' ||
    status === 'cancelled'
  if (isNarrow) return sql<SqlBool>`true`
  const ofDays =
    days === undefined
      ? sql`select coalesce(sum(r.orders + r.refunds), 0) from sales_monthly r where ${inRollup('r', { businessId })}`
      : sql`select coalesce(sum(r.orders + r.refunds), 0) from sales_daily r
          where ${rollupRows('r', { businessId }, days)}`
  if (variantId === undefined) return sql<SqlBool>`((${ofDays}) <= ${MAX_SUMMED})`
  const lines = sql`select count(*) from (
    select from order_item i where i.business_id = ${businessId} and i.variant_id = ${variantId}
    limit ${MAX_SUMMED + 1}) i`
  return sql<SqlBool>`((${ofDays}) <= ${MAX_SUMMED} or (${lines}) <= ${MAX_SUMMED})`
}

/**
 * How many orders match, and their sums, by status; amounts as decimal strings.
 * @returns null if more than `MAX_SUMMED` would have to be read
 */
export async function sumOrders(db: Transaction, businessId: string, filter: OrderFilter) {
  const isFew = isFewToRead(businessId, filter)
  const matching = db
    .selectFrom('orders as o')
    .leftJoin('customer as c', (join) =>
      join.onRef('c.business_id', '=', 'o.business_id').onRef('c.id', '=', 'o.customer_id'),
    )
    .select(['o.id', 'o.status', 'o.net_sales', 'o.tax', 'o.tips', 'o.total', 'o.discounts'])
    .where('o.business_id', '=', businessId)
    .where(isMatch(db, businessId, filter))
    .where(isFew)
    .limit(MAX_SUMMED + 1)
  const added = db
    .with('m', (own) => own.selectFrom(matching.as('m')).selectAll())
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
  const [{ rows }, sums] = await Promise.all([sql<{ few: boolean }>`select ${isFew} as few`.execute(db), added])
  const isWhole = rows[0]?.few === true && sums.reduce((sum, { orders }) => sum + orders, 0) <= MAX_SUMMED
  return isWhole ? sums : null
}
export type OrderSums = NonNullable<Awaited<ReturnType<typeof sumOrders>>>[number]

/**
 * The orders that match by who did something with them, the one with the most first; of so many at most that lists add
 * up. Amounts as decimal strings; no name where it is not known who.
 */
export function sumByEmployee(db: Transaction, businessId: string, filter: OrderFilter, role: EmployeeRole) {
  const matching = db
    .selectFrom('orders as o')
    .leftJoin('customer as c', (join) =>
      join.onRef('c.business_id', '=', 'o.business_id').onRef('c.id', '=', 'o.customer_id'),
    )
    .select([`o.${role} as employee_id`, 'o.total', 'o.discounts'])
    .where('o.business_id', '=', businessId)
    .where(isMatch(db, businessId, filter))
    .where(isFewToRead(businessId, filter))
    .limit(MAX_SUMMED + 1)
  return db
    .selectFrom(matching.as('m'))
    .leftJoin('employee as e', (join) => join.on('e.business_id', '=', businessId).onRef('e.id', '=', 'm.employee_id'))
    .select(({ cast, fn }) => [
      'e.name',
      cast<number>(fn.countAll(), 'integer').as('orders'),
      fn.sum<string>('m.total').as('total'),
      fn.sum<string>('m.discounts').as('discounts'),
      sql<number>`(count(*) over ())::integer`.as('people'),
    ])
    .groupBy(['m.employee_id', 'e.name'])
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
    .leftJoin('customer as c', (join) =>
      join.onRef('c.business_id', '=', 'o.business_id').onRef('c.id', '=', 'o.customer_id'),
    )
    .select(({ cast, fn }) => [cast<number>(fn.countAll(), 'integer').as('orders'), sql<boolean>`${isFew}`.as('few')])
    .where('o.business_id', '=', businessId)
    .where(isMatch(db, businessId, filter))
    .where(isFew)
    .executeTakeFirstOrThrow()
  return few ? orders : null
}

/** Whether an order `o` with its client `c` matches. Rows of other tables are looked up by the business of the order. */
function isMatch(db: Transaction, businessId: string, filter: OrderFilter): Expression<SqlBool> {
  const { days, status, locationId, clientId, search, variantId, employeeId, paymentMethod, numberEnd } = filter
  const conditions: Expression<SqlBool>[] = []
  if (days !== undefined) {
    // As reports count: an order may be opened on one day and completed on another.
    conditions.push(onDays(status === 'completed' ? 'o.completed_at' : 'o.opened_at', days, days.timezone))
  }
  if (status !== undefined) conditions.push(eb('o.status', '=', status))
  if (locationId !== undefined) conditions.push(eb('o.location_id', '=', locationId))
  if (clientId !== undefined) conditions.push(eb('o.customer_id', '=', clientId))
  if (filter.minTotal !== undefined) conditions.push(eb('o.total', '>=', filter.minTotal))
  if (filter.maxTotal !== undefined) conditions.push(eb('o.total', '<=', filter.maxTotal))
  if (filter.isDiscounted !== undefined) conditions.push(eb('o.discounts', filter.isDiscounted ? '>' : '=', '0'))
  const isOwn = employeeId === undefined ? undefined : eb(`o.${filter.employeeRole ?? 'sold_by'}`, '=', employeeId)
  if (numberEnd !== undefined) conditions.push(eb.or([numberEndsWith(numberEnd), ...(isOwn ? [isOwn] : [])]))
  else if (isOwn !== undefined) conditions.push(isOwn)
  if (filter.isRefunded !== undefined) {
    const refunds = db
      .selectFrom('order_refund as f')
      .select('f.id')
      .whereRef('f.business_id', '=', eb.ref('o.business_id'))
      .whereRef('f.order_id', '=', eb.ref('o.id'))
    conditions.push(filter.isRefunded ? eb.exists(refunds) : eb.not(eb.exists(refunds)))
  }
  const isOfOrder = (alias: string) =>
    sql<SqlBool>`${sql.ref(`${alias}.business_id`)} = o.business_id and ${sql.ref(`${alias}.order_id`)} = o.id`
  if (paymentMethod !== undefined) {
    const payments = db
      .selectFrom('order_payment as p')
      .select('p.method')
      .where(isOfOrder('p'))
      .where(sql<SqlBool>`lower(p.method) = lower(${paymentMethod})`)
    conditions.push(eb.exists(payments))
  }
  const lines = db.selectFrom('order_item as i').select('i.line_number').where(isOfOrder('i'))
  if (variantId !== undefined) conditions.push(eb.exists(lines.where('i.variant_id', '=', variantId)))
  if (search !== undefined) conditions.push(sql<SqlBool>`o.id in (${found(businessId, search, filter)})`)
  return eb.and(conditions)
}

/** The products whose names have the words of a search. */
function foundVariants(businessId: string, search: string): RawBuilder<unknown> {
  const { mayMatch } = searchingProducts(search)
  // By its name as a line has it: part of an order number may be part of somebody's barcode.
  const { isMatch: isNamed } = searching(sql<string>`(p.search || ' ' || search_text(coalesce(v.label, '')))`, search)
  return sql`
    select v.id
    from product_variant v
    join product p on p.business_id = v.business_id and p.id = v.product_id
    where v.business_id = ${businessId} and ${mayMatch} and ${isNamed}`
}

const foundClients = (businessId: string, search: string) =>
  sql`select u.id from customer u where u.business_id = ${businessId} and u.search like ${searchPattern(search)}`

const isInText = (alias: 'n' | 'o', search: string) => {
  const [number, note] = [sql.ref(`${alias}.order_number`), sql.ref(`${alias}.note`)]
  return sql<SqlBool>`(lower(${number}) like ${searchPattern(search)}
    or (${note} is not null and search_text(${note}) like ${searchPattern(search)}))`
}

/**
 * The ids of orders that a search finds by their number, note or client, or by the words of a product's name, some of
 * them twice. Each way is looked up by itself, which spares reading the lines of all orders of a window.
 */
function found(businessId: string, search: string, { days, status }: OrderFilter): RawBuilder<unknown> {
  const column = status === 'completed' ? 'n.completed_at' : 'n.opened_at'
  const isOnDays = days === undefined ? sql`true` : onDays(column, days, days.timezone)
  const own = sql`select n.id from orders n where n.business_id = ${businessId} and ${isOnDays}`
  // The cheapest first, since they need not all be looked through to know that there are many.
  return sql`
    select i.order_id from order_item i
    where i.business_id = ${businessId} and i.variant_id in (${foundVariants(businessId, search)})
    union all
    ${own} and n.customer_id in (${foundClients(businessId, search)})
    union all
    ${
      // A shorter text has no trigram, and is looked for in the orders of the days.
      search.trim().length < MIN_INDEXED
        ? sql`${own} and ${isInText('n', search)}`
        : sql`select orders_with(${searchPattern(search)})`
    }`
}

/** Whether a search finds few enough orders to be read; it ends where there are more. */
function isFewFound(businessId: string, search: string, filter: OrderFilter): RawBuilder<SqlBool> {
  return sql<SqlBool>`((
    select count(*) from (${found(businessId, search, filter)} limit ${MAX_SUMMED + 1}) n
  ) <= ${MAX_SUMMED})`
}

/** The same of one order `o`, for a search that finds so many that a page of them is soon found among all. */
function isFoundInRow(businessId: string, search: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${isInText('o', search)}
    or o.customer_id in (${foundClients(businessId, search)})
    or exists (
      select from order_item i
      where i.business_id = o.business_id and i.order_id = o.id
        and i.variant_id in (${foundVariants(businessId, search)})))`
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
