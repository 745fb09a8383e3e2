import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { Decimal } from '../../money/money.ts'
import type { Days } from '../../time/window.ts'
import type { SalesScope } from '../scope.ts'
import { soldProducts } from './product-sales.ts'

const SUMS = [
  'units_sold',
  'gross_sales',
  'discounts',
  'returns',
  'net_sales',
  'cost',
  'costed_net_sales',
  'net_sales_before',
] as const

/** Sums from the database: decimal strings. */
export type CategorySums = Record<(typeof SUMS)[number], string>

export interface CategorySales extends CategorySums {
  /** Null for products without a category. */
  id: string | null
  name: string | null
}

/**
 * Sales by the present category of the products, highest net sales first, from the rollups. `cost` and
 * `costed_net_sales` cover only lines whose cost is known, so that their difference is a margin.
 * @param before a second window, which adds its net sales, and the categories that sold only in it
 */
export async function salesByCategory(
  db: Transaction,
  scope: SalesScope,
  days: Days,
  before: Days | undefined,
): Promise<CategorySales[]> {
  const earlier =
    before === undefined ? sql`` : sql`union all select false as is_now, b.* from ${soldProducts(scope, before)} b`
  const sum = (name: string, condition = sql`s.is_now`) =>
    sql`coalesce(sum(s.${sql.ref(name)}) filter (where ${condition}), 0)`
  const { rows } = await sql<CategorySales>`
    select p.category_id as id, c.name, ${sum('units_sold')}::text as units_sold,
      ${sum('gross_sales')}::text as gross_sales, ${sum('discounts')}::text as discounts,
      ${sum('returns')}::text as returns, ${sum('net_sales')}::text as net_sales, ${sum('cost')}::text as cost,
      ${sum('costed_net_sales')}::text as costed_net_sales,
      ${sum('net_sales', sql`not s.is_now`)}::text as net_sales_before
    from (select true as is_now, n.* from ${soldProducts(scope, days)} n ${earlier}) s
    join product p on p.business_id = ${scope.businessId} and p.id = s.product_id
    left join category c on c.business_id = p.business_id and c.id = p.category_id
    group by p.category_id, c.name
    order by ${sum('net_sales')} desc, c.name, p.category_id`.execute(db)
  return rows
}

/** Adds sums of one currency. */
export function addCategorySums(rows: readonly CategorySums[]): CategorySums {
  return Object.fromEntries(
    SUMS.map((name) => [name, rows.reduce((sum, row) => sum.plus(row[name]), new Decimal(0)).toString()]),
  ) as CategorySums
}
