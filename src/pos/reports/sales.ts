import { type RawBuilder, sql } from 'kysely'
import { compileOnce } from '../../database/compiled.ts'
import type { Transaction } from '../../database/database.ts'
import type { Stretch } from '../../time/comparison.ts'
import { addDays } from '../../time/local.ts'
import type { Days } from '../../time/window.ts'
import { atLocation } from '../conditions.ts'
import { inRollup, monthlyCells, rollupRows } from '../rollups.ts'
import type { SalesScope } from '../scope.ts'
import { addSums, NO_SALES, SALES_SUMS, type SalesSums } from './sales-figures.ts'

export type Bucket = 'total' | 'day' | 'week' | 'month' | 'weekday' | 'hour'

const sums = SALES_SUMS.map((name) => sql`coalesce(sum(r.${sql.ref(name)}), 0)::text as ${sql.ref(name)}`)

// Keys of the buckets as text: a date, a number, or an empty text for the whole window.
const BUCKET_KEY: Record<Bucket, ReturnType<typeof sql>> = {
  total: sql`''`,
  day: sql`r.day::text`,
  week: sql`date_trunc('week', r.day)::date::text`,
  month: sql`date_trunc('month', r.day)::date::text`,
  weekday: sql`extract(isodow from r.day)::text`,
  hour: sql`r.hour::text`,
}

/**
 * Sales per bucket of a window, from the rollups.
 * @returns sums by key: the first day of a day, week (Monday) or month, the ISO weekday, or the hour of the day;
 *   buckets without sales are absent
 */
export async function salesByBucket(
  db: Transaction,
  scope: SalesScope,
  days: Days,
  bucket: Bucket,
): Promise<Map<string, SalesSums>> {
  // A single day is in the daily rollup anyway.
  const isByMonth = bucket === 'month' || (bucket === 'total' && days.from < days.to)
  const rows = isByMonth
    ? (await sumsOf(monthlyCells('sales', { keys: [], sums: SALES_SUMS }, scope, days), bucket).execute(db)).rows
    : await DAILY_SUMS[bucket](db, { ...scope, ...days })
  return byKey(rows)
}

type SumsByKey = SalesSums & { key: string }

const byKey = (rows: readonly SumsByKey[]) => new Map(rows.map(({ key, ...row }) => [key, row]))

function sumsOf(cells: RawBuilder<unknown>, bucket: Bucket): RawBuilder<SumsByKey> {
  return sql<SumsByKey>`
    select ${BUCKET_KEY[bucket]} as key, ${sql.join(sums)}
    from ${cells} r
    group by 1 order by 1`
}

const dailySums = (bucket: Bucket) =>
  compileOnce((_db, { businessId, locationId, basis, from, to }: SalesScope & Days) => {
    const rollup = sql.table(bucket === 'hour' ? 'sales_hourly' : 'sales_daily')
    const isAsked = rollupRows('r', { businessId, locationId, basis }, { from, to })
    return sumsOf(sql`(select * from ${rollup} r where ${isAsked})`, bucket)
  })

const DAILY_SUMS = {
  total: dailySums('total'),
  day: dailySums('day'),
  week: dailySums('week'),
  weekday: dailySums('weekday'),
  hour: dailySums('hour'),
}

/** Sales of a whole window, from the rollups. */
export async function salesTotal(db: Transaction, scope: SalesScope, days: Days): Promise<SalesSums> {
  return (await salesByBucket(db, scope, days, 'total')).get('') ?? NO_SALES
}

/**
 * Sales of some days, the last of them up to a time of day if the stretch has one.
 * @param timezone the time zone of the scope
 */
export async function salesOf(
  db: Transaction,
  scope: SalesScope,
  { from, to, until }: Stretch,
  timezone: string,
): Promise<SalesSums> {
  if (until === null) return salesTotal(db, scope, { from, to })
  const [whole, last] = await Promise.all([
    from < to ? salesTotal(db, scope, { from, to: addDays(to, -1) }) : NO_SALES,
    salesUntil(db, scope, [to], until, timezone),
  ])
  return addSums([whole, last.get(to) ?? NO_SALES])
}

/**
 * Sales of several days, each up to the same time of day: whole hours from the rollup, the last hour from the raw rows.
 * Those without a time are left out.
 * @param time local wall-clock time, exclusive
 * @param timezone the time zone of the scope
 */
export async function salesUntil(
  db: Transaction,
  scope: SalesScope,
  dates: readonly string[],
  time: string,
  timezone: string,
): Promise<Map<string, SalesSums>> {
  return byKey(await sumsUntil(db, { ...scope, dates, hour: time.slice(0, 2), time, timezone }))
}

interface UntilQuery extends SalesScope {
  dates: readonly string[]
  /** The last hour, of two digits. */
  hour: string
  time: string
  timezone: string
}

const sumsUntil = compileOnce((_db, { businessId, locationId, basis, dates, hour, time, timezone }: UntilQuery) => {
  const inScope = (alias: string) =>
    sql`${sql.ref(`${alias}.business_id`)} = ${businessId} and ${atLocation(`${alias}.location_id`, locationId)}`
  const begin = sql`(${hour} || ':00')::time`
  // The range is for the index, as in `onDays`. Behind row security an index takes only what is computed before it is
  // asked: so the ranges are materialized, and each day is a query of its own (offset 0) rather than a join.
  const within = (column: string) => sql`
    ${sql.ref(column)} >= d.earliest and ${sql.ref(column)} < d.latest
    and (${sql.ref(column)} at time zone ${timezone})::date = d.day
    and (${sql.ref(column)} at time zone ${timezone})::time >= ${begin}
    and (${sql.ref(column)} at time zone ${timezone})::time < ${time}::time`
  return sql<SumsByKey>`
    with d as materialized (
      select day,
        ((day + ${begin}) at time zone ${timezone}) - interval '3 hours' as earliest,
        ((day + ${time}::time) at time zone ${timezone}) + interval '3 hours' as latest
      from unnest(${dates}::date[]) x (day)
    )
    select d.day::text as key, ${sql.join(sums)}
    from d cross join lateral (
      select ${sql.join(SALES_SUMS.map((name) => sql.ref(`r.${name}`)))}
      from sales_hourly r
      where ${inRollup('r', { businessId, locationId, basis })} and r.day = d.day and r.hour < ${hour}::integer
      union all
      select case when o.sale_lines > 0 or o.return_lines = 0 then 1 else 0 end,
        case when o.return_lines > 0 then 1 else 0 end,
        o.units_sold, o.gross_sales, o.discounts, o.returns, o.tax, o.tips
      from orders o
      where ${inScope('o')} and o.status = 'completed' and o.has_time and ${within('o.completed_at')}
      union all
      select 0, 1, 0, 0, 0, f.returns, -f.tax, -f.tips
      from order_refund f
      where ${inScope('f')} and f.has_time and ${within('f.refunded_at')}
      offset 0
    ) r
    group by 1`
})

/** Sales of single days, each whole or up to the same time of day, by day; days without sales are absent. */
export async function salesOnDates(
  db: Transaction,
  scope: SalesScope,
  dates: readonly string[],
  until: string | null,
  timezone: string,
): Promise<Map<string, SalesSums>> {
  return until === null
    ? byKey(await sumsOnDates(db, { ...scope, dates }))
    : salesUntil(db, scope, dates, until, timezone)
}

type OnDates = SalesScope & { dates: readonly string[] }

const sumsOnDates = compileOnce(
  (_db, { businessId, locationId, basis, dates }: OnDates) => sql<SumsByKey>`
    select r.day::text as key, ${sql.join(sums)}
    from sales_daily r where ${inRollup('r', { businessId, locationId, basis })} and r.day = any(${dates}::date[])
    group by 1`,
)

/** Sales whose time of day is not known, of a window of whole days: they are in its days, but in none of the hours. */
export async function salesWithoutTime(db: Transaction, scope: SalesScope, dates: readonly string[]) {
  return byKey(await sumsWithoutTime(db, { ...scope, dates }))
}

const sumsWithoutTime = compileOnce((_db, { businessId, locationId, basis, dates }: OnDates) => {
  const columns = sql.join(SALES_SUMS.map((name) => sql.ref(`r.${name}`)))
  const negative = sql.join(SALES_SUMS.map((name) => sql`-${sql.ref(`r.${name}`)}`))
  const ofDates = sql`${inRollup('r', { businessId, locationId, basis })} and r.day = any(${dates}::date[])`
  return sql<SumsByKey>`
    select r.day::text as key, ${sql.join(sums)}
    from (
      select r.day, ${columns} from sales_daily r where ${ofDates}
      union all select r.day, ${negative} from sales_hourly r where ${ofDates}
    ) r
    group by 1 having sum(r.orders) <> 0 or sum(r.refunds) <> 0`
})

const PRODUCT_COLUMNS = {
  keys: ['product_id', 'variant_id'],
  sums: [
    'units_sold',
    'units_returned',
    'gross_sales',
    'discounts',
    'returns',
    'tax',
    'cost',
    'costed_net_sales',
    'net_sales',
  ],
} as const

/**
 * The sales of products in a window, as a subquery whose rows add up to them, with the columns product_id, variant_id,
 * units_sold, units_returned, gross_sales, discounts, returns, tax, cost, costed_net_sales (of the lines with a cost),
 * net_sales.
 */
export function productCells(scope: SalesScope, days: Days): RawBuilder<unknown> {
  return monthlyCells('product', PRODUCT_COLUMNS, scope, days)
}
