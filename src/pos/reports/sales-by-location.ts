import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Days } from '../../time/window.ts'
import { NO_SALES, type SalesSums } from './sales-figures.ts'

/** One location's sums, cut by its own clock. */
export interface LocationSales extends SalesSums {
  id: string
  name: string
  timezone: string
  is_active: boolean
  net_sales_before: string
}

/**
 * Sales of each location by its own clock, highest net sales first, from the rollups: every active location, and
 * inactive ones that sold in either window.
 * @param before a second window, of which the net sales are given beside
 */
export async function salesByLocation(
  db: Transaction,
  businessId: string,
  days: Days,
  before: Days | undefined,
): Promise<LocationSales[]> {
  const isNow = sql`r.day between ${days.from} and ${days.to}`
  // Never true where there is no second window.
  const isBefore = sql`r.day between ${before?.from ?? null}::date and ${before?.to ?? null}::date`
  const sum = (name: string, condition: typeof isNow) =>
    sql`coalesce(sum(r.${sql.ref(name)}) filter (where ${condition}), 0)`
  const sums = Object.keys(NO_SALES).map((name) => sql`${sum(name, isNow)}::text as ${sql.ref(name)}`)
  const { rows } = await sql<LocationSales>`
    select l.id, l.name, l.timezone, l.is_active, ${sql.join(sums)},
      ${sum('net_sales', isBefore)}::text as net_sales_before
    from location l
    left join sales_daily r on r.business_id = l.business_id and r.location_id = l.id and r.basis = 'location'
      and (${isNow} or ${isBefore})
    where l.business_id = ${businessId}
    group by l.business_id, l.id
    having l.is_active or sum(r.orders + r.refunds) > 0
    order by ${sum('net_sales', isNow)} desc, l.name, l.id`.execute(db)
  return rows
}
