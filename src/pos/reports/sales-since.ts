import { type RawBuilder, sql } from 'kysely'
import { compileOnce } from '../../database/compiled.ts'
import type { Transaction } from '../../database/database.ts'
import { clean } from '../../results/text.ts'
import { inRollup } from '../rollups.ts'
import { type SalesScope, wholeBusiness } from '../scope.ts'

/**
 * The first local day with a completed order of the business, or of one location by its own clock; null before the
 * first one. Sums of earlier days are not zero but unknown.
 */
export async function salesSince(db: Transaction, scope: SalesScope): Promise<string | null> {
  const [first] = await since(db, scope)
  return first?.since ?? null
}

const since = compileOnce(
  (_db, scope: SalesScope) => sql<{ since: string | null }>`select ${firstSale(scope)}::text as since`,
)

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

const MAX_LOCATIONS = 10

/**
 * The first day with sales of a business, and those of its locations that began on another day, by the clock of each.
 */
export async function salesBeginnings(db: Transaction, businessId: string) {
  const [since, { rows }] = await Promise.all([
    salesSince(db, wholeBusiness(businessId)),
    sql<{ name: string; since: string }>`
      with own as (
        select l.id, l.name, location_basis(l.business_id, l.id) as basis from location l
        where l.business_id = ${businessId}
      ),
      first_month as (
        select r.location_id, min(r.month) as month
        from own l join sales_monthly r on r.business_id = ${businessId} and r.basis = l.basis and r.location_id = l.id
        where r.orders > 0
        group by r.location_id
      )
      select l.name, min(r.day)::text as since
      from first_month f
      join own l on l.id = f.location_id
      join sales_daily r on r.business_id = ${businessId} and r.basis = l.basis and r.location_id = l.id
        and r.day >= f.month and r.day < f.month + interval '1 month' and r.orders > 0
      group by l.id, l.name
      order by min(r.day), l.name, l.id`.execute(db),
  ])
  const later = rows.filter((row) => row.since !== since)
  return {
    salesSince: since,
    locations: later.slice(0, MAX_LOCATIONS).map((row) => ({ location: clean(row.name, 60), salesSince: row.since })),
  }
}
