import { type RawBuilder, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Days } from '../../time/window.ts'
import type { SalesScope } from '../scope.ts'
import { productCells } from './sales.ts'

/** Sums of one sellable product over a window, as decimal strings. */
export interface RankedProduct {
  product_id: string
  variant_id: string
  name: string
  label: string | null
  sku: string
  units_sold: string
  units_returned: string
  net_sales: string
  /** The cost of the lines; null if none of them has one. */
  cost: string | null
  /** Net sales of the lines with a cost, less their cost; null without a cost. */
  margin: string | null
  /** The measure of the ranking in the window before; null if the product did not sell then. */
  before: string | null
}

export type Measure = 'net_sales' | 'units' | 'margin'

/** A measure of the rows of `soldProducts`, with the alias t or, for the window before, b. */
function measureOf(by: Measure, alias: 't' | 'b'): RawBuilder<unknown> {
  const column = (name: string) => sql.ref(`${alias}.${name}`)
  switch (by) {
    case 'net_sales':
      return column('net_sales')
    case 'units':
      return column('units_sold')
    case 'margin':
      return sql`${column('costed_net_sales')} - ${column('cost')}`
  }
}

/**
 * The sales of each sellable product in a window, from the rollups, as a subquery with the columns product_id,
 * variant_id, units_sold, units_returned, gross_sales, discounts, returns, net_sales, costed_net_sales (of the lines
 * with a cost), cost (null if no line has one).
 */
export function soldProducts(scope: SalesScope, days: Days): RawBuilder<unknown> {
  const sum = (name: string) => sql`sum(r.${sql.ref(name)})`
  return sql`(
    select r.product_id, r.variant_id, ${sum('units_sold')} as units_sold, ${sum('units_returned')} as units_returned,
      ${sum('gross_sales')} as gross_sales, ${sum('discounts')} as discounts, ${sum('returns')} as returns,
      ${sum('net_sales')} as net_sales, ${sum('costed_net_sales')} as costed_net_sales,
      case when ${sum('costed_net_sales')} <> 0 or ${sum('cost')} <> 0 then ${sum('cost')} end as cost
    from ${productCells(scope, days)} r
    group by 1, 2
    having ${sum('units_sold')} <> 0 or ${sum('units_returned')} <> 0 or ${sum('net_sales')} <> 0)`
}

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
    /** A second window, whose measure is added. */
    before?: Days | undefined
  },
): Promise<RankedProduct[]> {
  const { by, order, limit, categoryId, soldOnly, before } = query
  const ofCategory =
    categoryId === undefined
      ? sql`true`
      : sql`s.product_id in (
          select id from product where business_id = ${scope.businessId} and category_id = ${categoryId})`
  const isSold = soldOnly ? sql`s.units_sold > 0` : sql`true`
  const ranking = sql`
    ${measureOf(by, 't')} ${order === 'best' ? sql`desc` : sql`asc`} nulls last, t.net_sales desc, t.variant_id`
  const earlier =
    before === undefined
      ? { query: sql``, measure: sql`null`, join: sql`` }
      : {
          // The array is known before the window is read, so that only these products are added up.
          query: sql`, earlier as materialized (
            select b.product_id, b.variant_id, ${measureOf(by, 'b')} as measure from ${soldProducts(scope, before)} b
            where b.variant_id = any(array(select variant_id from ranked)))`,
          measure: sql`e.measure::text`,
          join: sql`left join earlier e on e.product_id = t.product_id and e.variant_id = t.variant_id`,
        }
  // Looks up names only for the few products that are shown, not for all that sold.
  const { rows } = await sql<RankedProduct>`
    with ranked as materialized (
      select * from (select * from ${soldProducts(scope, days)} s where ${ofCategory} and ${isSold}) t
      order by ${ranking} limit ${limit}
    ) ${earlier.query}
    select t.product_id, t.variant_id, p.name, v.label, v.sku, t.units_sold::text, t.units_returned::text,
      t.net_sales::text, t.cost::text, (t.costed_net_sales - t.cost)::text as margin,
      ${earlier.measure} as before
    from ranked t
    join product p on p.business_id = ${scope.businessId} and p.id = t.product_id
    join product_variant v on v.business_id = ${scope.businessId} and v.id = t.variant_id
    ${earlier.join}
    order by ${ranking}`.execute(db)
  return rows
}
