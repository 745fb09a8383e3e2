import type { Transaction } from '../../database/database.ts'
import type { Days } from '../../time/window.ts'
import type { SalesScope } from '../scope.ts'
import { rollupRows } from './rollups.ts'

/** What was sold at one tax rate, less returns and refunds: decimal strings, the rate as a fraction or null if not known. */
export type TaxSums = Awaited<ReturnType<typeof taxByRate>>[number]

/**
 * Net sales and tax of a window by tax rate, highest rate first, from the rollups. They add up to the sales of the
 * window, because a refund counts at the rate of the line that it refunds.
 */
export function taxByRate(db: Transaction, scope: SalesScope, days: Days) {
  return db
    .selectFrom('tax_daily as r')
    .select(({ fn }) => [
      'r.tax_rate',
      fn.sum<string>('r.net_sales').as('net_sales'),
      fn.sum<string>('r.tax').as('tax'),
    ])
    .where(rollupRows('r', scope, days))
    .groupBy('r.tax_rate')
    .having(({ eb, fn, or }) => or([eb(fn.sum('r.net_sales'), '<>', 0), eb(fn.sum('r.tax'), '<>', 0)]))
    .orderBy('r.tax_rate', (rate) => rate.desc().nullsLast())
    .execute()
}
