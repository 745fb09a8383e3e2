import { type RawBuilder, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Days } from '../../time/window.ts'
import type { SalesScope } from '../scope.ts'
import { productCells } from './sales.ts'

/** Sums of one sellable product over a window, as decimal strings. */
export interface ProductSums {
  variant_id: string
  units_sold: string
  units_returned: string
  net_sales: string
  /** The cost of the lines; null if none of them has one. */
  cost: string | null
  /** Net sales less the cost; null without a cost. */
  margin: string | null
}

export interface RankedProduct extends ProductSums {
  product_id: string
  name: string
  label: string | null
  sku: string
}

export type Measure = 'net_sales' | 'units' | 'margin'

const MEASURE: Record<Measure, RawBuilder<unknown>> = {
  net_sales: sql`t.net_sales`,
  units: sql`t.units_sold`,
  margin: sql`t.net_sales - t.cost`,
}

/**
 * The sales of each sellable product in a window, from the rollups, as a subquery with the columns product_id,
 * variant_id, units_sold, units_returned, gross_sales, discounts, returns, net_sales, costed_lines, cost (null if no
 * line has one).
 */
export function soldProducts(scope: SalesScope, days: Days): RawBuilder<unknown> {
  const sum = (name: string) => sql`sum(r.${sql.ref(name)})`
  return sql`(
    select r.product_id, r.variant_id, ${sum('units_sold')} as units_sold, ${sum('units_returned')} as units_returned,
      ${sum('gross_sales')} as gross_sales, ${sum('discounts')} as discounts, ${sum('returns')} as returns,
      ${sum('net_sales')} as net_sales, ${sum('costed_lines')} as costed_lines,
      case when ${sum('costed_lines')} > 0 then ${sum('cost')} end as cost
    from ${productCells(scope, days)} r
    group by 1, 2
    having ${sum('units_sold')} <> 0 or ${sum('units_returned')} <> 0 or ${sum('net_sales')} <> 0)`
}

const SUMS = sql`t.variant_id, t.units_sold::text, t.units_returned::text, t.net_sales::text, t.cost::text,
  (t.net_sales - t.cost)::text as margin`

/**
 * Products that sold or were returned in a window, ranked by a measure; by margin, those without a cost come last. The
 * query can restrict them to a present category, and leave out products that were only returned.
 */
export async function rankedProducts(
  db: Transaction,
  scope: SalesScope,
  days: Days,
  query: {
    by: Measure
    order: 'best' | 'worst'
    limit: number
    categoryId?: string | undefined
    soldOnly?: boolean
  },
): Promise<RankedProduct[]> {
  // Looks up names only for the few products that are shown, not for all that sold.
  const ofCategory =
    query.categoryId === undefined
      ? sql`true`
      : sql`s.product_id in (
          select id from product where business_id = ${scope.businessId} and category_id = ${query.categoryId})`
  const isSold = query.soldOnly ? sql`s.units_sold > 0` : sql`true`
  const ranking = sql`
    ${MEASURE[query.by]} ${query.order === 'best' ? sql`desc` : sql`asc`} nulls last, t.net_sales desc, t.variant_id`
  const { rows } = await sql<RankedProduct>`
    select ${SUMS}, t.product_id, p.name, v.label, v.sku
    from (
      select * from (select * from ${soldProducts(scope, days)} s where ${ofCategory} and ${isSold}) t
      order by ${ranking} limit ${query.limit}
    ) t
    join product p on p.business_id = ${scope.businessId} and p.id = t.product_id
    join product_variant v on v.business_id = ${scope.businessId} and v.id = t.variant_id
    order by ${ranking}`.execute(db)
  return rows
}

/** The sales of some products in a window, by variant; those without sales are absent. */
export async function salesOfProducts(
  db: Transaction,
  scope: SalesScope,
  days: Days,
  variantIds: readonly string[],
): Promise<Map<string, ProductSums>> {
  const { rows } = await sql<ProductSums>`
    select ${SUMS} from ${soldProducts(scope, days)} t where t.variant_id = any(${variantIds}::uuid[])`.execute(db)
  return new Map(rows.map((row) => [row.variant_id, row]))
}
