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
type Monthly = 'customer_monthly' | 'product_monthly' | 'sales_monthly' | 'staff_hourly_monthly'
type Quarterly = 'customer_quarterly'
type Rollup = Daily | Monthly | Quarterly
/** How long the cells of a rollup are. */
export type CellTime = 'day' | 'month' | 'quarter'

/** Whether a row of a rollup belongs to a scope, in the time zone of the scope. */
export function inRollup(alias: string, { businessId, locationId, basis }: SalesScope): RawBuilder<SqlBool> {
  const column = (name: keyof DB[Rollup]) => sql.ref(`${alias}.${name}`)
  const ofLocation = locationId === undefined ? sql`` : sql` and ${column('location_id')} = ${locationId}`
  return sql<SqlBool>`${column('business_id')} = ${businessId} and ${column('basis')} = ${basis}${ofLocation}`
}

/** Whether it also falls on local days; `time` is its day, or the first day of its month or quarter. */
export function rollupRows(
  alias: string,
  scope: SalesScope,
  { from, to }: Days,
  time: CellTime = 'day',
): RawBuilder<SqlBool> {
  return sql<SqlBool>`${inRollup(alias, scope)} and ${sql.ref(`${alias}.${time}`)} between ${from} and ${to}`
}

/** How many orders and refunds a scope has on some days, or on all, as a subquery. */
export const ordersOfDays = (scope: SalesScope, days: Days | undefined) =>
  sumOfDays(sql`r.orders + r.refunds`, scope, days)

/** The same of refunds alone. */
export const refundsOfDays = (scope: SalesScope, days: Days | undefined) => sumOfDays(sql`r.refunds`, scope, days)

function sumOfDays(value: RawBuilder<unknown>, scope: SalesScope, days: Days | undefined): RawBuilder<unknown> {
  return days === undefined
    ? sql`select coalesce(sum(${value}), 0) from sales_monthly r where ${inRollup('r', scope)}`
    : sql`select coalesce(sum(${value}), 0) from sales_daily r where ${rollupRows('r', scope, days)}`
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
  table: Rollup,
  scope: SalesScope,
  days: Days,
  { time, values }: { time: CellTime; values?: Values | undefined },
): RawBuilder<unknown> {
  if (values === undefined) return sql`from ${sql.table(table)} r where ${rollupRows('r', scope, days, time)}`
  const { businessId, locationId } = scope
  // A timestamp without a zone has no clock changes. The cast stands apart: PostgreSQL 15 compares no column with it by
  // an index, behind row security.
  const series = (from: RawBuilder<unknown>, to: RawBuilder<unknown>, step: CellTime) =>
    sql`(select at::date as at from generate_series(${from}, ${to}, ${step === 'quarter' ? '3 months' : `1 ${step}`}::interval) at offset 0)`
  // In the order of time, in which neighbours lie together.
  const eachOf = (times: RawBuilder<unknown>) => sql`(
      select t.at, l.id as location_id, v.*
      from ${times} t
      cross join (
        select id from location where business_id = ${businessId} and ${locationId === undefined ? sql`true` : sql`id = ${locationId}`}
      ) l
      cross join ${values.from} v
      order by t.at
      offset 0
    )`
  // Each cell by its key. Without `offset 0`, the rollup might be read as a whole and joined.
  const cell = (of: Rollup, column: CellTime, at: RawBuilder<unknown>) => sql`
      select * from ${sql.table(of)} r
      where ${inRollup('r', scope)} and r.${sql.ref(column)} = ${at} and r.location_id = v.location_id and ${values.isOf}
      offset 0`
  const [from, to] = [sql`${days.from}::timestamp`, sql`${days.to}::timestamp`]
  const monthly = time === 'day' ? Object.values(ROLLUPS).find(({ day }) => day === table)?.month : undefined
  if (monthly === undefined) {
    return sql`
    from ${eachOf(series(from, to, time))} v
    cross join lateral (${cell(table, time, sql`v.at`)}) r`
  }
  // Days are looked up only in months with a cell: a client buys in few months, and in few locations.
  return sql`
    from ${eachOf(series(sql`date_trunc('month', ${from})`, to, 'month'))} v
    cross join lateral (select from (${cell(monthly, 'month', sql`v.at`)}) x limit 1) x
    cross join lateral ${series(sql`greatest(v.at, ${from})`, sql`least(v.at + interval '1 month - 1 day', ${to})`, 'day')} t
    cross join lateral (${cell(table, 'day', sql`t.at`)}) r`
}

/** The rollups of days, of months and of quarters that hold the same sums. */
export const ROLLUPS = {
  sales: { day: 'sales_daily', month: 'sales_monthly' },
  product: { day: 'product_daily', month: 'product_monthly' },
  customer: { day: 'customer_daily', month: 'customer_monthly', quarter: 'customer_quarterly' },
  staff_hourly: { day: 'staff_hourly', month: 'staff_hourly_monthly' },
} as const satisfies Record<string, { day: Daily; month: Monthly; quarter?: Quarterly }>
type Both = keyof typeof ROLLUPS

type ColumnOfBoth<Rollup extends Both> = string &
  keyof DB[(typeof ROLLUPS)[Rollup]['day']] &
  keyof DB[(typeof ROLLUPS)[Rollup]['month']]

/**
 * The cells that add up to a window, as a subquery. Whole calendar months come from the monthly rollup. So does a month
 * of which the window has more than half; its other days are subtracted as negative cells of the daily rollup. A year
 * then takes about twelve rows and a few days instead of hundreds; six where there are quarters and they are fine enough.
 * @param columns of both rollups: keys and sums; `day` is added to them, for a month its first day
 * @param values the only ones whose cells are wanted
 */
export function monthlyCells<Rollup extends Both>(
  rollup: Rollup,
  columns: Record<'keys' | 'sums', readonly ColumnOfBoth<Rollup>[]>,
  scope: SalesScope,
  days: Days,
  { values, areQuartersFine = false }: { values?: Values | undefined; areQuartersFine?: boolean } = {},
): RawBuilder<unknown> {
  const tables: { day: Daily; month: Monthly; quarter?: Quarterly } = ROLLUPS[rollup]
  const { quarter } = tables
  const parts = partsOf(days, areQuartersFine && quarter !== undefined)
  const selects = parts.map(({ time, days, isTakenOff = false }) => {
    const table = time === 'quarter' ? (quarter as Quarterly) : tables[time]
    const keys = columns.keys.map((name) => sql`r.${sql.ref(name)}, `)
    const sums = columns.sums.map((name) => sql`${isTakenOff ? sql`-` : sql``}r.${sql.ref(name)} as ${sql.ref(name)}, `)
    return sql`
      select ${sql.join([...keys, ...sums], sql``)} r.${sql.ref(time)} as day
      ${fromRollup(table, scope, days, { time, values })}`
  })
  return sql`(${sql.join(selects, sql` union all `)})`
}

interface Part {
  time: CellTime
  days: Days
  isTakenOff?: boolean
}

/** A window as whole months, or the quarters among them, with the days at both edges. */
function partsOf({ from, to }: Days, areQuartersFine: boolean): Part[] {
  const [first, last] = [monthStart(from), monthStart(to)]
  const between = { from: nextMonth(first), to: addDays(last, -1) }
  const parts =
    first === last
      ? partsOfMonth({ from, to })
      : [...partsOfMonth({ from, to: addDays(between.from, -1) }), ...partsOfMonth({ from: last, to })]
  const months = [...parts.filter(({ time }) => time === 'month').map(({ days }) => days), between]
  const begin = months.map(({ from }) => from).toSorted()[0] as string
  const end = months
    .map(({ to }) => to)
    .toSorted()
    .at(-1) as string
  return [...monthParts({ from: begin, to: end }, areQuartersFine), ...parts.filter(({ time }) => time === 'day')]
}

/** Whole months, or the quarters among them with the months before and after. */
function monthParts(days: Days, areQuartersFine: boolean): Part[] {
  const part = (time: CellTime, from: string, end: string): Part[] =>
    from < end ? [{ time, days: { from, to: addDays(end, -1) } }] : []
  const isFirstOfQuarter = (month: string) => (Number(month.slice(5, 7)) - 1) % 3 === 0
  const until = addDays(days.to, 1)
  let [first, end] = [days.from, until]
  while (first < until && !isFirstOfQuarter(first)) first = nextMonth(first)
  while (end > first && !isFirstOfQuarter(end)) end = monthStart(addDays(end, -1))
  return areQuartersFine && first < end
    ? [...part('month', days.from, first), ...part('quarter', first, end), ...part('month', end, until)]
    : part('month', days.from, until)
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
