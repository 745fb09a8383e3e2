import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { atLocation, type Days, onDays } from './conditions.ts'
import { NO_SALES, type SalesSums } from './sales-figures.ts'

/** Whose sales: a business by its own clock, or one of its locations by that location's clock. */
export interface SalesScope {
  businessId: string
  locationId?: string | undefined
}

export type Bucket = 'total' | 'day' | 'week' | 'month' | 'weekday' | 'hour'

const SUMS = ['orders', 'refunds', 'units_sold', 'gross_sales', 'discounts', 'returns', 'tax', 'tips'] as const
const sums = SUMS.map((name) => sql`coalesce(sum(r.${sql.ref(name)}), 0)::text as ${sql.ref(name)}`)

// Keys of the buckets as text: a date, a number, or nothing for the whole window.
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
  const rollup = sql.table(bucket === 'hour' ? 'sales_hourly' : 'sales_daily')
  const { rows } = await sql<SalesSums & { key: string }>`
    select ${BUCKET_KEY[bucket]} as key, ${sql.join(sums)}
    from ${rollup} r
    where ${rollupRows('r', scope, days)}
    group by 1 order by 1`.execute(db)
  return new Map(rows.map(({ key, ...row }) => [key, row]))
}

/** Sales of a whole window, from the rollups. */
export async function salesTotal(db: Transaction, scope: SalesScope, days: Days): Promise<SalesSums> {
  return (await salesByBucket(db, scope, days, 'total')).get('') ?? NO_SALES
}

/**
 * Sales of several days, each up to the same time of its day, from the raw rows.
 * @param time local wall-clock time, exclusive
 * @param timezone the clock of the scope
 */
export async function salesUntil(
  db: Transaction,
  { businessId, locationId }: SalesScope,
  dates: readonly string[],
  time: string,
  timezone: string,
): Promise<Map<string, SalesSums>> {
  const inScope = (alias: string): Expression<SqlBool> =>
    locationId === undefined
      ? sql`${sql.ref(`${alias}.business_id`)} = ${businessId}`
      : sql`${sql.ref(`${alias}.business_id`)} = ${businessId} and ${sql.ref(`${alias}.location_id`)} = ${locationId}`
  const within = (column: string) => sql`
    ${sql.ref(column)} >= (d.day::timestamp at time zone ${timezone}) - interval '3 hours'
    and ${sql.ref(column)} < ((d.day + ${time}::time) at time zone ${timezone}) + interval '3 hours'
    and (${sql.ref(column)} at time zone ${timezone})::date = d.day
    and (${sql.ref(column)} at time zone ${timezone})::time < ${time}::time`
  const { rows } = await sql<SalesSums & { key: string }>`
    select r.day::text as key, ${sql.join(sums)}
    from (
      select d.day, case when o.sale_lines > 0 or o.return_lines = 0 then 1 else 0 end as orders,
        case when o.return_lines > 0 then 1 else 0 end as refunds,
        o.units_sold, o.gross_sales, o.discounts, o.returns, o.tax, o.tips
      from unnest(${dates}::date[]) d (day)
      join orders o on ${inScope('o')} and o.status = 'completed' and ${within('o.completed_at')}
      union all
      select d.day, 0, 1, 0, 0, 0, f.returns, -f.tax, -f.tips
      from unnest(${dates}::date[]) d (day)
      join order_refund f on ${inScope('f')} and ${within('f.refunded_at')}
    ) r
    group by 1`.execute(db)
  return new Map(rows.map(({ key, ...row }) => [key, row]))
}

/**
 * The rows of `product_daily` that add up to a window, as a subquery with its columns: product_id, variant_id,
 * location_id, units_sold, units_returned, gross_sales, discounts, returns, tax, cost, net_sales.
 */
export function productCells(scope: SalesScope, days: Days): RawBuilder<unknown> {
  return sql`(select * from product_daily r where ${rollupRows('r', scope, days)})`
}

export interface ProductSales {
  product_id: string
  variant_id: string
  sku: string
  name: string
  label: string | null
  units_sold: string
  net_sales: string
}

/** The products with the highest net sales of a window, from the rollups. */
export async function topProducts(
  db: Transaction,
  scope: SalesScope,
  days: Days,
  limit: number,
): Promise<ProductSales[]> {
  const { rows } = await sql<ProductSales>`
    select t.product_id, t.variant_id, v.sku, p.name, v.label, t.units_sold::text, t.net_sales::text
    from (
      select r.product_id, r.variant_id, sum(r.units_sold) as units_sold, sum(r.net_sales) as net_sales
      from ${productCells(scope, days)} r
      group by 1, 2 having sum(r.units_sold) > 0
      order by 4 desc, 2 limit ${limit}
    ) t
    join product p on p.business_id = ${scope.businessId} and p.id = t.product_id
    join product_variant v on v.business_id = ${scope.businessId} and v.id = t.variant_id
    order by t.net_sales desc, t.variant_id`.execute(db)
  return rows
}

export interface PaymentSum {
  method: string
  payments: string
  amount: string
  refunded: string
}

/** What was paid and given back by each payment method on the local days of a window, tax and tips included. */
export async function paymentsByMethod(
  db: Transaction,
  { businessId, locationId }: SalesScope,
  days: Days,
  timezone: string,
): Promise<PaymentSum[]> {
  const { rows } = await sql<PaymentSum>`
    select method, sum(payments)::text as payments, sum(amount)::text as amount, sum(refunded)::text as refunded
    from (
      select p.method, 1 as payments, p.amount, 0::numeric as refunded
      from orders o join order_payment p on p.business_id = o.business_id and p.order_id = o.id
      where o.business_id = ${businessId} and o.status = 'completed' and ${onDays('o.completed_at', days, timezone)}
        and ${atLocation('o.location_id', locationId)}
      union all
      select f.method, 0, 0, f.total from order_refund f
      where f.business_id = ${businessId} and ${onDays('f.refunded_at', days, timezone)} and ${atLocation('f.location_id', locationId)}
    ) paid
    group by method order by sum(amount) desc, method limit 20`.execute(db)
  return rows
}

function rollupRows(alias: string, { businessId, locationId }: SalesScope, { from, to }: Days): Expression<SqlBool> {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  const scope =
    locationId === undefined
      ? sql`${column('basis')} = 'business'`
      : sql`${column('basis')} = 'location' and ${column('location_id')} = ${locationId}`
  return sql<SqlBool>`${column('business_id')} = ${businessId} and ${scope} and ${column('day')} between ${from} and ${to}`
}
