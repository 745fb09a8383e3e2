import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { addDays, monthStart } from '../time/local.ts'
import type { Days } from './conditions.ts'
import type { SalesScope } from './sales.ts'

/** Whether a row of a rollup belongs to a scope and falls on local days; `time` is its day, or the first of its month. */
export function rollupRows(
  alias: string,
  { businessId, locationId }: SalesScope,
  { from, to }: Days,
  time: 'day' | 'month' = 'day',
): RawBuilder<SqlBool> {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  const scope =
    locationId === undefined
      ? sql`${column('basis')} = 'business'`
      : sql`${column('basis')} = 'location' and ${column('location_id')} = ${locationId}`
  return sql<SqlBool>`${column('business_id')} = ${businessId} and ${scope} and ${column(time)} between ${from} and ${to}`
}

/**
 * The cells that add up to a window, as a subquery: of its whole calendar months from the monthly rollup, of the days
 * at both edges from the daily one. A year is some twelve rows in place of hundreds.
 * @param columns of both rollups; `day` is given beside them, in a month its first
 */
export function monthlyCells(
  rollup: 'sales' | 'product',
  columns: readonly string[],
  scope: SalesScope,
  days: Days,
): RawBuilder<unknown> {
  const months = wholeMonths(days)
  const edges = [
    { from: days.from, to: addDays(months.from, -1) },
    { from: addDays(months.to, 1), to: days.to },
  ]
  const parts =
    months.from < months.to
      ? [{ time: 'month', days: months } as const, ...edges.map((edge) => ({ time: 'day', days: edge }) as const)]
      : [{ time: 'day', days } as const]
  const selected = sql.join(columns.map((name) => sql`r.${sql.ref(name)}`))
  const selects = parts
    .filter((part) => part.days.from <= part.days.to)
    .map(
      ({ time, days }) => sql`
        select ${selected}, r.${sql.ref(time)} as day
        from ${sql.table(time === 'month' ? `${rollup}_monthly` : `${rollup}_daily`)} r
        where ${rollupRows('r', scope, days, time)}`,
    )
  return sql`(${sql.join(selects, sql` union all `)})`
}

/** The days of the whole calendar months within a window; they end before they begin where there is none. */
function wholeMonths({ from, to }: Days): Days {
  return {
    from: from === monthStart(from) ? from : monthStart(addDays(monthStart(from), 31)),
    to: addDays(monthStart(addDays(to, 1)), -1),
  }
}
