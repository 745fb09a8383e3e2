import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { DB } from '../../database/types.ts'
import { amountOf, type Currency, Decimal } from '../../money/money.ts'
import { clean } from '../../results/text.ts'
import type { Days } from '../../time/window.ts'
import { onDays, searchPattern } from '../conditions.ts'
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

interface Aliases {
  f: DB['order_refund']
  o: DB['orders']
  c: DB['customer']
}
const eb = expressionBuilder<Aliases, keyof Aliases>()

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

/** Refunds `f` with their orders `o`, and the clients `c` of these. */
function refundsOf(db: Transaction, businessId: string) {
  return db
    .selectFrom('order_refund as f')
    .innerJoin('orders as o', (join) =>
      join.onRef('o.business_id', '=', 'f.business_id').onRef('o.id', '=', 'f.order_id'),
    )
    .leftJoin('customer as c', (join) =>
      join.onRef('c.business_id', '=', 'o.business_id').onRef('c.id', '=', 'o.customer_id'),
    )
    .where('f.business_id', '=', businessId)
}

/** Refunds of completed orders, the newest first unless sorted otherwise. */
export function findRefunds(db: Transaction, businessId: string, query: RefundQuery) {
  const { key, type, direction } = SORTS[query.sort]
  let refunds = refundsOf(db, businessId)
    .innerJoin('location as l', (join) =>
      join.onRef('l.business_id', '=', 'f.business_id').onRef('l.id', '=', 'f.location_id'),
    )
    .leftJoin('employee as e', (join) =>
      join.onRef('e.business_id', '=', 'f.business_id').onRef('e.id', '=', 'f.refunded_by'),
    )
    .select(['f.id', 'f.refunded_at', 'f.has_time', 'f.method', 'f.total', 'f.reason', 'o.order_number'])
    .select(['l.name as location', 'l.timezone', 'c.name as client', 'e.name as refunded_by', otherMethods])
    .select(({ cast }) => cast<string>(key, 'text').as('sort_key'))
    .where(isMatch(query))
  if (query.after !== undefined) {
    const [value, id] = query.after
    const isAfter = sql.raw(direction === 'desc' ? '<' : '>')
    refunds = refunds.where(sql<SqlBool>`(${sql.ref(key)}, f.id) ${isAfter} (${value}::${sql.raw(type)}, ${id})`)
  }
  return refunds.orderBy(key, direction).orderBy('f.id', direction).limit(query.limit).execute()
}

/** How many refunds match, and their sums as decimal strings. */
export function sumRefunds(db: Transaction, businessId: string, filter: RefundFilter) {
  return refundsOf(db, businessId)
    .select(({ cast, fn }) => [
      cast<number>(fn.countAll(), 'integer').as('refunds'),
      fn.coalesce(fn.sum<string>('f.returns'), sql.lit('0')).as('returns'),
      fn.coalesce(fn.sum<string>('f.tax'), sql.lit('0')).as('tax'),
      fn.coalesce(fn.sum<string>('f.tips'), sql.lit('0')).as('tips'),
      fn.coalesce(fn.sum<string>('f.total'), sql.lit('0')).as('total'),
    ])
    .where(isMatch(filter))
    .executeTakeFirstOrThrow()
}

/** The refunds that match by who gave them, the one with the highest total first; no name where it is not known who. */
export function sumRefundsByEmployee(db: Transaction, businessId: string, filter: RefundFilter) {
  return refundsOf(db, businessId)
    .leftJoin('employee as e', (join) =>
      join.onRef('e.business_id', '=', 'f.business_id').onRef('e.id', '=', 'f.refunded_by'),
    )
    .select(({ cast, fn }) => [
      'e.name',
      cast<number>(fn.countAll(), 'integer').as('refunds'),
      fn.sum<string>('f.total').as('total'),
      sql<number>`(count(*) over ())::integer`.as('people'),
    ])
    .where(isMatch(filter))
    .groupBy(['f.refunded_by', 'e.name'])
    .orderBy('total', 'desc')
    .orderBy('refunds', 'desc')
    .orderBy('e.name')
    .limit(MAX_PEOPLE)
    .execute()
}

function isMatch({
  days,
  locationId,
  clientId,
  employeeId,
  method,
  search,
  ...amount
}: RefundFilter): Expression<SqlBool> {
  const conditions: Expression<SqlBool>[] = []
  if (days !== undefined) conditions.push(onDays('f.refunded_at', days, days.timezone))
  if (locationId !== undefined) conditions.push(eb('f.location_id', '=', locationId))
  if (clientId !== undefined) conditions.push(eb('o.customer_id', clientId === null ? 'is' : '=', clientId))
  if (employeeId !== undefined) {
    conditions.push(eb('f.refunded_by', employeeId === null ? 'is' : '=', employeeId))
  }
  if (method !== undefined) {
    conditions.push(sql<SqlBool>`(lower(f.method) = lower(${method}) or exists (
      select from order_refund_payment p
      where p.business_id = f.business_id and p.refund_id = f.id and lower(p.method) = lower(${method})))`)
  }
  if (amount.minAmount !== undefined) conditions.push(eb('f.total', '>=', amount.minAmount))
  if (amount.maxAmount !== undefined) conditions.push(eb('f.total', '<=', amount.maxAmount))
  if (search !== undefined) {
    const pattern = searchPattern(search)
    conditions.push(
      eb.or([
        sql<SqlBool>`lower(o.order_number) like ${pattern}`,
        sql<SqlBool>`search_text(f.reason) like ${pattern}`,
        eb('c.search', 'like', pattern),
      ]),
    )
  }
  return eb.and(conditions)
}
