import { type Expression, expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { DB } from '../../database/types.ts'
import { amountOf, type Currency, Decimal } from '../../money/money.ts'
import { clean } from '../../results/text.ts'
import type { Days } from '../../time/window.ts'
import { onDays, searchPattern } from '../conditions.ts'
import { refundsOfDays } from '../rollups.ts'
import { wholeBusiness } from '../scope.ts'
import { MAX_SUMMED, tooManyToRead } from './order-filter.ts'
import { MAX_PEOPLE } from './people.ts'

export const REFUND_SORTS = ['newest', 'oldest', 'largest', 'smallest'] as const

export interface RefundFilter {
  /** Local days of the refunds. */
  days?: (Days & { timezone: string }) | undefined
  locationId?: string | undefined
  /** Null: of orders without one. */
  clientId?: string | null | undefined
  /** Who refunded; null: nobody who is known. */
  employeeId?: string | null | undefined
  /** By which at least a part went back, in any case. */
  method?: string | undefined
  minAmount?: string | undefined
  maxAmount?: string | undefined
  /** Part of an order number or reason, or of a client's name, code or e-mail address. */
  search?: string | undefined
}

export interface RefundQuery extends RefundFilter {
  sort: (typeof REFUND_SORTS)[number]
  limit: number
  /** Value that the list is sorted by, as the database writes it, and id of the last row of the previous page. */
  after?: readonly [key: string, id: string] | undefined
}

const eb = expressionBuilder<{ f: DB['order_refund'] }, 'f'>()

const SORTS = {
  newest: { key: 'f.refunded_at', type: 'timestamptz', direction: 'desc' },
  oldest: { key: 'f.refunded_at', type: 'timestamptz', direction: 'asc' },
  largest: { key: 'f.total', type: 'numeric', direction: 'desc' },
  smallest: { key: 'f.total', type: 'numeric', direction: 'asc' },
} as const

/** What of a refund `f` went back by other methods than its own, as an array. */
export const otherMethods = sql<{ method: string; amount: string }[]>`coalesce((
  select json_agg(json_build_object('method', p.method, 'amount', p.amount::text) order by p.amount desc, p.method)
  from order_refund_payment p where p.business_id = f.business_id and p.refund_id = f.id
), '[]')`.as('other_methods')

/** By which methods a refund went back. */
export function refundMethods(
  refund: { method: string; total: string; other_methods: readonly { method: string; amount: string }[] },
  currency: Currency,
): { method: string; amount: string }[] {
  const others = Decimal.sum(0, ...refund.other_methods.map(({ amount }) => amount))
  return [{ method: refund.method, amount: new Decimal(refund.total).minus(others) }, ...refund.other_methods].map(
    ({ method, amount }) => ({ method: clean(method, 40), amount: amountOf(amount, currency) }),
  )
}

/** Refunds `f` that match. Their orders are looked up only where the filter asks for something of them. */
function matchingRefunds(db: Transaction, businessId: string, filter: RefundFilter) {
  return db
    .selectFrom('order_refund as f')
    .where('f.business_id', '=', businessId)
    .where(isMatch(db, businessId, filter))
    .where(isFewToSearch(db, businessId, filter))
}

/** Whether few enough refunds match a filter to be read one by one for a text, which no index finds in them. */
function isFewToSearch(db: Transaction, businessId: string, filter: RefundFilter): RawBuilder<SqlBool> {
  const { search, days, ...others } = filter
  if (search === undefined) return sql<SqlBool>`true`
  const matching = matchingRefunds(db, businessId, { days, ...others })
    .select('f.id')
    .limit(MAX_SUMMED + 1)
  return sql<SqlBool>`case when (${refundsOfDays(wholeBusiness(businessId), days)}) <= ${MAX_SUMMED} then true
    else (select count(*) from ${matching.as('m')}) <= ${MAX_SUMMED} end`
}

/**
 * Refuses a text where too many refunds would have to be read for it.
 * @throws ServiceError `invalid_argument`
 */
export async function requireFewToSearch(db: Transaction, businessId: string, filter: RefundFilter): Promise<void> {
  if (filter.search === undefined) return
  const { rows } = await sql<{ few: boolean }>`select ${isFewToSearch(db, businessId, filter)} as few`.execute(db)
  if (rows[0]?.few !== true) throw tooManyToRead('refunds', 'Give a shorter window, or another filter beside it.')
}

/** Refunds of completed orders, the newest first unless sorted otherwise. */
export function findRefunds(db: Transaction, businessId: string, query: RefundQuery) {
  const { key, type, direction } = SORTS[query.sort]
  let page = matchingRefunds(db, businessId, query).selectAll('f')
  if (query.after !== undefined) {
    const [value, id] = query.after
    const isAfter = sql.raw(direction === 'desc' ? '<' : '>')
    page = page.where(sql<SqlBool>`(${sql.ref(key)}, f.id) ${isAfter} (${value}::${sql.raw(type)}, ${id})`)
  }
  return db
    .selectFrom(page.orderBy(key, direction).orderBy('f.id', direction).limit(query.limit).as('f'))
    .innerJoin('orders as o', (join) => join.on('o.business_id', '=', businessId).onRef('o.id', '=', 'f.order_id'))
    .innerJoin('location as l', (join) => join.on('l.business_id', '=', businessId).onRef('l.id', '=', 'f.location_id'))
    .leftJoin('customer as c', (join) => join.on('c.business_id', '=', businessId).onRef('c.id', '=', 'o.customer_id'))
    .leftJoin('employee as e', (join) => join.on('e.business_id', '=', businessId).onRef('e.id', '=', 'f.refunded_by'))
    .select(['f.id', 'f.refunded_at', 'f.has_time', 'f.method', 'f.total', 'f.reason', 'o.order_number'])
    .select(['l.name as location', 'l.timezone', 'c.name as client', 'e.name as refunded_by', otherMethods])
    .select(({ cast }) => cast<string>(key, 'text').as('sort_key'))
    .orderBy(key, direction)
    .orderBy('f.id', direction)
    .execute()
}

/** How many refunds match, and their sums as decimal strings. */
export function sumRefunds(db: Transaction, businessId: string, filter: RefundFilter) {
  return matchingRefunds(db, businessId, filter)
    .select(({ cast, fn }) => [
      cast<number>(fn.countAll(), 'integer').as('refunds'),
      fn.coalesce(fn.sum<string>('f.returns'), sql.lit('0')).as('returns'),
      fn.coalesce(fn.sum<string>('f.tax'), sql.lit('0')).as('tax'),
      fn.coalesce(fn.sum<string>('f.tips'), sql.lit('0')).as('tips'),
      fn.coalesce(fn.sum<string>('f.total'), sql.lit('0')).as('total'),
    ])
    .executeTakeFirstOrThrow()
}

/** The refunds that match by who gave them, the one with the highest total first; no name where it is not known who. */
export function sumRefundsByEmployee(db: Transaction, businessId: string, filter: RefundFilter) {
  return matchingRefunds(db, businessId, filter)
    .leftJoin('employee as e', (join) =>
      join.onRef('e.business_id', '=', 'f.business_id').onRef('e.id', '=', 'f.refunded_by'),
    )
    .select(({ cast, fn }) => [
      'e.name',
      cast<number>(fn.countAll(), 'integer').as('refunds'),
      fn.sum<string>('f.total').as('total'),
      sql<number>`(count(*) over ())::integer`.as('people'),
    ])
    .groupBy(['f.refunded_by', 'e.name'])
    .orderBy('total', 'desc')
    .orderBy('refunds', 'desc')
    .orderBy('e.name')
    .limit(MAX_PEOPLE)
    .execute()
}

/** Whether a refund `f` matches, apart from whether its text may be looked for. */
function isMatch(db: Transaction, businessId: string, filter: RefundFilter): Expression<SqlBool> {
  const { days, locationId, clientId, employeeId, method, search, minAmount, maxAmount } = filter
  const conditions: Expression<SqlBool>[] = []
  if (days !== undefined) conditions.push(onDays('f.refunded_at', days, days.timezone))
  if (locationId !== undefined) conditions.push(eb('f.location_id', '=', locationId))
  const orders = db.selectFrom('orders as o').select('o.id').where('o.business_id', '=', businessId)
  if (clientId !== undefined) {
    conditions.push(eb('f.order_id', 'in', orders.where('o.customer_id', clientId === null ? 'is' : '=', clientId)))
  }
  if (employeeId !== undefined) {
    conditions.push(eb('f.refunded_by', employeeId === null ? 'is' : '=', employeeId))
  }
  if (method !== undefined) {
    conditions.push(sql<SqlBool>`(lower(f.method) = lower(${method}) or exists (
      select from order_refund_payment p
      where p.business_id = f.business_id and p.refund_id = f.id and lower(p.method) = lower(${method})))`)
  }
  if (minAmount !== undefined) conditions.push(eb('f.total', '>=', minAmount))
  if (maxAmount !== undefined) conditions.push(eb('f.total', '<=', maxAmount))
  if (search !== undefined) {
    const pattern = searchPattern(search)
    const ofText = orders
      .leftJoin('customer as c', (join) =>
        join.on('c.business_id', '=', businessId).onRef('c.id', '=', 'o.customer_id'),
      )
      .where(sql<SqlBool>`o.id = f.order_id and (lower(o.order_number) like ${pattern} or c.search like ${pattern})`)
    conditions.push(eb.or([sql<SqlBool>`search_text(f.reason) like ${pattern}`, eb.exists(ofText)]))
  }
  return eb.and(conditions)
}
