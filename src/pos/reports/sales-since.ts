import { type RawBuilder, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { SalesScope } from '../scope.ts'
import { inRollup } from './rollups.ts'

/**
 * The first local day with a completed order of the business, or of one location by its own clock; null before the
 * first one. Sums of earlier days are not zero but unknown.
 */
export async function salesSince(db: Transaction, scope: SalesScope): Promise<string | null> {
  const { rows } = await sql<{ since: string | null }>`select ${firstSale(scope)}::text as since`.execute(db)
  return rows[0]?.since ?? null
}

/** The same as an expression of other queries. */
export function firstSale(scope: SalesScope): RawBuilder<unknown> {
  // By way of the month, so that a location that opened late takes a few rows.
  return sql`(
    with first_month as (
      select r.month from sales_monthly r
      where ${inRollup('r', scope)} and r.orders > 0
      order by r.month limit 1
    )
    select min(r.day)
    from sales_daily r join first_month f on r.day >= f.month and r.day < f.month + interval '1 month'
    where ${inRollup('r', scope)} and r.orders > 0)`
}
