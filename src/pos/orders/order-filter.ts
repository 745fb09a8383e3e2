import { type Expression, expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { DB } from '../../database/types.ts'
import { ServiceError } from '../../errors.ts'
import { grouped } from '../../money/money.ts'
import type { Days } from '../../time/window.ts'
import { onDays } from '../conditions.ts'
import { inRollup, ordersOfDays } from '../rollups.ts'
import { wholeBusiness } from '../scope.ts'
import { numberEndsWith } from './order-references.ts'
import { foundOrders, isFoundInRow, isIndexed, type OrderDays } from './order-search.ts'

export const ORDER_STATUSES = ['open', 'completed', 'cancelled'] as const
/** What people do with orders, by the column that says who. */
export type EmployeeRole = 'sold_by' | 'discounted_by' | 'cancelled_by'

export interface OrderFilter {
  /** Local days on which the order was opened or, with the status completed, completed. */
  days?: (Days & { timezone: string }) | undefined
  status?: (typeof ORDER_STATUSES)[number] | undefined
  locationId?: string | undefined
  /** Null: without one. */
  clientId?: string | Expression<string> | null | undefined
  /** Part of an order number or note, or of a client's name, code or e-mail address; or the words of a product's name. */
  search?: string | undefined
  variantId?: string | undefined
  /** Who sold it, unless another role is given; null: nobody who is known. */
  employeeId?: string | null | undefined
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

const eb = expressionBuilder<{ o: DB['orders'] }, 'o'>()

const daysOf = ({ status, days }: OrderFilter): OrderDays => ({
  column: status === 'completed' ? 'completed_at' : 'opened_at',
  days,
})

/** The orders of a business, to be chosen from. */
export const ownOrders = (db: Transaction, businessId: string) =>
  db.selectFrom('orders as o').selectAll('o').where('o.business_id', '=', businessId)
type Orders = ReturnType<typeof ownOrders>

/**
 * The orders that match. What a search or a product has few of is looked up; of what it has many, orders are read one by
 * one, which for a page ends soon. PostgreSQL cannot know which, but runs only the one that applies. A text that no index
 * finds is looked for in few orders alone; in more, none match.
 * @param chosen takes what is wanted of them
 */
export function matchingOrders(
  db: Transaction,
  businessId: string,
  filter: OrderFilter,
  chosen: (orders: Orders) => Orders,
): Orders {
  const of = (...conditions: Expression<SqlBool>[]) => chosen(ownOrders(db, businessId).where(eb.and(conditions)))
  const { search, variantId, ...others } = filter
  if (search === undefined && variantId === undefined) return of(isMatch(db, filter))
  const inRow = [
    ...(search === undefined ? [] : [isFoundInRow(businessId, search)]),
    ...(variantId === undefined ? [] : [hasLineOf(variantId)]),
  ]
  if (isUnindexed(search)) {
    return of(isMatch(db, others), ...inRow, isFewToSearch(db, businessId, filter))
  }
  const isFew = isLookedUp(businessId, filter)
  const [lookedUp, readOneByOne] = [
    of(isMatch(db, filter), isFew),
    of(isMatch(db, others), ...inRow, eb.not(isFew)),
  ] as [Orders, Orders]
  const own = search === undefined ? db : withFound(db, businessId, search, filter)
  return own
    .selectFrom(lookedUp.as('o'))
    .selectAll('o')
    .unionAll(db.selectFrom(readOneByOne.as('o')).selectAll('o')) as Orders
}

/** Whether few enough orders are to be read to add up those that match, as `isFewToRead`. */
export async function areFewToRead(db: Transaction, businessId: string, filter: OrderFilter): Promise<boolean> {
  const own = filter.search === undefined ? db : withFound(db, businessId, filter.search, filter)
  const { few } = await own.selectNoFrom(isFewToRead(db, businessId, filter).as('few')).executeTakeFirstOrThrow()
  return Boolean(few)
}

/** What a search finds, up to where there are too many, as the table `found` of a query: looked up once, if at all. */
function withFound(db: Transaction, businessId: string, search: string, filter: OrderFilter) {
  return db.with(
    (cte) => cte('found').materialized(),
    () => sql<{ order_id: string }>`(
      select * from (${foundOrders(businessId, search, daysOf(filter))}) n (order_id) limit ${MAX_SUMMED + 1})`,
  )
}

/** Of more orders than this a list reads none to add them up: reports do that from sums that are kept. */
export const MAX_SUMMED = 50_000
/** So many orders are read one by one in less time than it takes to look up what a search finds of all days. */
const SOON_READ = 5000

const isUnindexed = (search: string | undefined) => search !== undefined && !isIndexed(search)

/**
 * Whether few enough orders are to be read one by one for a text that no index finds: of their days, or of a client, an
 * employee, or a status that few have.
 */
function isFewToSearch(db: Transaction, businessId: string, filter: OrderFilter): RawBuilder<SqlBool> {
  const { days, status, clientId, employeeId, employeeRole } = filter
  const isNarrow = clientId != null || employeeId != null || status === 'open' || status === 'cancelled'
  const narrowed = isMatch(db, { days, status, clientId, employeeId, employeeRole })
  const counted = sql`(select count(*) from (
    select from orders o where o.business_id = ${businessId} and ${narrowed} limit ${MAX_SUMMED + 1}) o)`
  return sql<SqlBool>`case when (${ordersOfDays(wholeBusiness(businessId), days)}) <= ${MAX_SUMMED} then true
    else ${isNarrow ? sql`${counted} <= ${MAX_SUMMED}` : sql`false`} end`
}

/**
 * Refuses a text that no index finds where too many orders would have to be read for it.
 * @throws ServiceError `invalid_argument`
 */
export async function requireSearchable(db: Transaction, businessId: string, filter: OrderFilter): Promise<void> {
  if (!isUnindexed(filter.search)) return
  const { rows } = await sql<{ few: boolean }>`select ${isFewToSearch(db, businessId, filter)} as few`.execute(db)
  const hint = 'Give at least three letters or digits in a row, or a shorter window; get_order takes a whole number.'
  if (rows[0]?.few !== true) throw tooManyToRead('orders', hint)
}

/** The error for a search that would have to read too many rows. */
export function tooManyToRead(rows: string, hint: string): ServiceError {
  const most = grouped(String(MAX_SUMMED))
  return new ServiceError('invalid_argument', `search: more than ${most} ${rows} would have to be read for it.`, {
    hint,
  })
}

/** Whether what a search or a product has is looked up, rather than that orders are read one by one. */
function isLookedUp(businessId: string, filter: OrderFilter): RawBuilder<SqlBool> {
  const { search, variantId = '', days } = filter
  const ofDays = ordersOfDays(wholeBusiness(businessId), days)
  return search === undefined
    ? sql<SqlBool>`case when ${isFewSold(businessId, variantId)} then true
        else (${ofDays}) > ${MAX_SUMMED} and not ${isSoldLately(businessId, variantId, days)} end`
    : sql<SqlBool>`case when (${ofDays}) <= ${SOON_READ} then false else ${IS_FEW_FOUND} end`
}

/**
 * A condition of `matchingOrders`: few enough orders are to be read to add up those that match, of their days, or as a
 * product or a search has them. What a client or an employee finds has an index, and is cut where it is too much; what
 * has none may be most.
 */
export function isFewToRead(db: Transaction, businessId: string, filter: OrderFilter): RawBuilder<SqlBool> {
  const { days, variantId, clientId, employeeId, search, isRefunded, status, numberEnd } = filter
  if (isUnindexed(search)) return isFewToSearch(db, businessId, filter)
  const isNarrow =
    [clientId, employeeId, numberEnd].some((each) => each != null) ||
    isRefunded === true ||
    status === 'open' ||
    status === 'cancelled'
  if (isNarrow) return sql<SqlBool>`true`
  return sql<SqlBool>`case when (${ordersOfDays(wholeBusiness(businessId), days)}) <= ${MAX_SUMMED} then true
    else ${search !== undefined ? IS_FEW_FOUND : variantId !== undefined ? isFewSold(businessId, variantId) : sql`false`} end`
}

/** Whether a search finds few enough orders to be read, their lines counted. */
const IS_FEW_FOUND = sql<SqlBool>`((select count(*) from found) <= ${MAX_SUMMED})`

/** Whether a product has so few lines, of all days. */
function isFewSold(businessId: string, variantId: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`((
    select count(*) from (
      select from order_item i where i.business_id = ${businessId} and i.variant_id = ${variantId}
      limit ${MAX_SUMMED + 1}) i
  ) <= ${MAX_SUMMED})`
}

/** Whether a product was sold in the month in which some days end, or else the last with sales, or the one before. */
function isSoldLately(businessId: string, variantId: string, days: Days | undefined): RawBuilder<SqlBool> {
  const to =
    days === undefined
      ? sql`(select max(s.month) from sales_monthly s where ${inRollup('s', wholeBusiness(businessId))})`
      : sql`${days.to}::date`
  return sql<SqlBool>`exists (
    select from product_monthly r
    where ${inRollup('r', wholeBusiness(businessId))} and r.variant_id = ${variantId} and r.units_sold > 0
      and r.month between date_trunc('month', ${to}::timestamp) - interval '1 month' and ${to})`
}

/**
 * Whether an order `o` has a line of a product that is sold very often. It is looked up order by order, which `offset 0`
 * keeps so: PostgreSQL expects far fewer lines than there are.
 */
function hasLineOf(variantId: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (
    select from order_item i
    where i.business_id = o.business_id and i.order_id = o.id and i.variant_id = ${variantId}
    offset 0)`
}

/**
 * Whether an order `o` matches; a search needs the table `found` of `matchingOrders`. Rows of other tables are looked up by
 * the business of the order.
 */
export function isMatch(db: Transaction, filter: OrderFilter): Expression<SqlBool> {
  const { days, status, locationId, clientId, search, variantId, employeeId, paymentMethod, numberEnd } = filter
  const conditions: Expression<SqlBool>[] = []
  if (days !== undefined) {
    // As reports count: an order may be opened on one day and completed on another.
    conditions.push(onDays(`o.${daysOf(filter).column}`, days, days.timezone))
  }
  if (status !== undefined) conditions.push(eb('o.status', '=', status))
  if (locationId !== undefined) conditions.push(eb('o.location_id', '=', locationId))
  if (clientId !== undefined) conditions.push(eb('o.customer_id', clientId === null ? 'is' : '=', clientId))
  if (filter.minTotal !== undefined) conditions.push(eb('o.total', '>=', filter.minTotal))
  if (filter.maxTotal !== undefined) conditions.push(eb('o.total', '<=', filter.maxTotal))
  if (filter.isDiscounted !== undefined) conditions.push(eb('o.discounts', filter.isDiscounted ? '>' : '=', '0'))
  const isOwn =
    employeeId === undefined
      ? undefined
      : eb(`o.${filter.employeeRole ?? 'sold_by'}`, employeeId === null ? 'is' : '=', employeeId)
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
  if (search !== undefined) conditions.push(sql<SqlBool>`o.id in (select order_id from found)`)
  return eb.and(conditions)
}
