import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { Decimal } from '../../money/money.ts'
import type { Days } from '../../time/window.ts'
import { rollupRows } from '../rollups.ts'
import type { SalesScope } from '../scope.ts'

/** What a forecast is of, if not of the whole shop. */
export type ForecastSubject = { variantId: string } | { categoryId: string } | null

/** Net sales by local day, or the units sold of a product; days without sales are absent. */
export async function dailySales(
  db: Transaction,
  scope: SalesScope,
  days: Days,
  subject: ForecastSubject,
): Promise<Map<string, Decimal>> {
  const { rows } = await (subject === null
    ? sql<Row>`
        select r.day::text, sum(r.gross_sales - r.returns - r.discounts)::text as amount
        from sales_daily r where ${rollupRows('r', scope, days)} group by 1`
    : 'variantId' in subject
      ? sql<Row>`
          select r.day::text, sum(r.units_sold)::text as amount
          from product_daily r
          where ${rollupRows('r', scope, days)} and r.variant_id = ${subject.variantId} group by 1`
      : sql<Row>`
          select r.day::text, sum(r.net_sales)::text as amount
          from product_daily r
          join product p on p.business_id = ${scope.businessId} and p.id = r.product_id
            and p.category_id = ${subject.categoryId}
          where ${rollupRows('r', scope, days)} group by 1`
  ).execute(db)
  return new Map(rows.map(({ day, amount }) => [day, new Decimal(amount)]))
}

interface Row {
  day: string
  amount: string
}
