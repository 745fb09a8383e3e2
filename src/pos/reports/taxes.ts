import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Days } from '../../time/window.ts'
import type { SalesScope } from '../scope.ts'
import { rollupRows } from './rollups.ts'

/** What was sold at one tax rate, less returns and refunds: decimal strings, the rate as a fraction. */
export interface TaxSums {
  tax_rate: string
  net_sales: string
  tax: string
}

/**
 * Net sales and tax of a window by tax rate, the highest rate first, from the rollups. They add up to the sales of the
 * window: a refund counts at the rate of the line that it takes back.
 */
export async function taxByRate(db: Transaction, scope: SalesScope, days: Days): Promise<TaxSums[]> {
  const { rows } = await sql<TaxSums>`
    select r.tax_rate::text, sum(r.net_sales)::text as net_sales, sum(r.tax)::text as tax
    from tax_daily r where ${rollupRows('r', scope, days)}
    group by r.tax_rate having sum(r.net_sales) <> 0 or sum(r.tax) <> 0
    order by r.tax_rate desc`.execute(db)
  return rows
}
