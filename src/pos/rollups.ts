import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { DB } from '../database/types.ts'
import { addDays, daysBetween, monthStart, nextMonth } from '../time/local.ts'
import type { Days } from '../time/window.ts'
import type { SalesScope } from './scope.ts'

type Daily =
  | 'category_daily'
  | 'city_daily'
  | 'customer_daily'
  | 'payment_daily'
  | 'product_daily'
  | 'sales_daily'
  | 'sales_hourly'
  | 'staff_daily'
  | 'staff_hourly'
  | 'supplier_daily'
  | 'tax_daily'
type Monthly = 'customer_monthly' | 'product_monthly' | 'sales_monthly'

/** Whether a row of a rollup belongs to a scope, in the time zone of the scope. */
export function inRollup(alias: string, { businessId, locationId }: SalesScope): RawBuilder<SqlBool> {
  const column = (name: keyof DB[Daily | Monthly]) => sql.ref(`${alias}.${name}`)
  const isOfScope =
    locationId === undefined
      ? sql`${column('basis')} = 'business'`
      : sql`${column('basis')} = 'location' and ${column('location_id')} = ${locationId}`
  return sql<SqlBool>`${column('business_id')} = ${businessId} and ${isOfScope}`
}

/** Whether it also falls on local days; `time` is its day or the first day of its month. */
export function rollupRows(
  alias: string,
  scope: SalesScope,
  { from, to }: Days,
  time: ('day' & keyof DB[Daily]) | ('month' & keyof DB[Monthly]) = 'day',
): RawBuilder<SqlBool> {
  return sql<SqlBool>`${inRollup(alias, scope)} and ${sql.ref(`${alias}.${time}`)} between ${from} and ${to}`
}

/** How many orders and refunds a scope has on some days, or on all, as a subquery. */
export function ordersOfDays(scope: SalesScope, days: Days | undefined): RawBuilder<unknown> {
  return days === undefined
    ? sql`select coalesce(sum(r.orders + r.refunds), 0) from sales_monthly r where ${inRollup('r', scope)}`
    : sql`select coalesce(sum(r.orders + r.refunds), 0) from sales_daily r where ${rollupRows('r', scope, days)}`
}

/** Some values of a column, whose few cells are looked up one by one where a rollup has those of very many. */
export interface Values {
  /** A subquery with a row for each value. */
  from: RawBuilder<unknown>
  /** Whether a row `r` of the rollup is of the row `v` of that subquery. */
  isOf: RawBuilder<SqlBool>
}

/** The rows `r` of a rollup that fall on local days, after `select`: all of them, or those of some values. */
export function fromRollup(
  table: Daily | Monthly,
  scope: SalesScope,
  days: Days,
  { time, values }: { time: 'day' | 'month'; values?: Values | undefined },
): RawBuilder<unknown> {
  if (values === undefined) return sql`from ${sql.table(table)} r where ${rollupRows('r', scope, days, time)}`
  const { businessId, locationId } = scope
  // Each cell by its key. Without `offset 0`, the rollup might be read as a whole and joined. A timestamp without a
  // zone has no clock changes.
  return sql`
    from generate_series(${days.from}::timestamp, ${days.to}::timestamp, ${`1 ${time}`}::interval) t (at)
    cross join (
      select id from location where business_id = ${businessId} and ${locationId === undefined ? sql`true` : sql`id = ${locationId}`}
    ) l
    cross join ${values.from} v
    cross join lateral (
      select * from ${sql.table(table)} r
      where ${inRollup('r', scope)} and r.${sql.ref(time)} = t.at::date and r.location_id = l.id and ${values.isOf}
      offset 0
    ) r`
}

/** The rollups of days and of months that hold the same sums. */
const ROLLUPS = {
  sales: { day: 'sales_daily', month: 'sales_monthly' },
  product: { day: 'product_daily', month: 'product_monthly' },
  customer: { day: 'customer_daily', month: 'customer_monthly' },
} as const satisfies Record<string, { day: Daily; month: Monthly }>
type Both = keyof typeof ROLLUPS

type ColumnOfBoth<Rollup extends Both> = string &
  keyof DB[(typeof ROLLUPS)[Rollup]['day']] &
  keyof DB[(typeof ROLLUPS)[Rollup]['month']]

/**
 * The cells that add up to a window, as a subquery. Whole calendar months come from the monthly rollup. So does a month
 * of which the window has more than half; its other days are subtracted as negative cells of the daily rollup. A year
 * then takes about twelve rows and a few days instead of hundreds.
 * @param columns of both rollups: keys and sums; `day` is added to them, for a month its first day
 * @param values the only ones whose cells are wanted
 */
export function monthlyCells<Rollup extends Both>(
  rollup: Rollup,
  columns: Record<'keys' | 'sums', readonly ColumnOfBoth<Rollup>[]>,
  scope: SalesScope,
  days: Days,
  values?: Values,
): RawBuilder<unknown> {
  const selects = partsOf(days).map(({ time, days, isTakenOff = false }) => {
    const keys = columns.keys.map((name) => sql`r.${sql.ref(name)}, `)
    const sums = columns.sums.map((name) => sql`${isTakenOff ? sql`-` : sql``}r.${sql.ref(name)} as ${sql.ref(name)}, `)
    return sql`
      select ${sql.join([...keys, ...sums], sql``)} r.${sql.ref(time)} as day
      ${fromRollup(ROLLUPS[rollup][time], scope, days, { time, values })}`
  })
  return sql`(${sql.join(selects, sql` union all `)})`
}

interface Part {
  time: 'day' | 'month'
  days: Days
  isTakenOff?: boolean
}

/** A window as whole months, with the days at both edges. */
function partsOf({ from, to }: Days): Part[] {
  const [first, last] = [monthStart(from), monthStart(to)]
  if (first === last) return partsOfMonth({ from, to })
  const between = { from: nextMonth(first), to: addDays(last, -1) }
  return [
    ...partsOfMonth({ from, to: addDays(between.from, -1) }),
    ...(between.from <= between.to ? [{ time: 'month', days: between } as const] : []),
    ...partsOfMonth({ from: last, to }),
  ]
}

/** Days of one month: the days themselves, or the month less its other days if these are fewer. */
function partsOfMonth(days: Days): Part[] {
  const month = { from: monthStart(days.from), to: addDays(nextMonth(days.from), -1) }
  const others = [
    { from: month.from, to: addDays(days.from, -1) },
    { from: addDays(days.to, 1), to: month.to },
  ].filter(({ from, to }) => from <= to)
  if (daysBetween(days.from, days.to) * 2 <= daysBetween(month.from, month.to)) return [{ time: 'day', days }]
  return [{ time: 'month', days: month }, ...others.map((days) => ({ time: 'day', days, isTakenOff: true }) as const)]
}
