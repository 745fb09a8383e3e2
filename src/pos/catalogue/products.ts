import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'

export type StockFilter = 'in_stock' | 'low' | 'out'

export interface ProductQuery {
  search?: string | undefined
  /** Id of a category, or its name in any case. */
  category?: string | undefined
  active?: boolean | undefined
  stock?: StockFilter | undefined
  limit: number
  /** Name and variant id of the last row before. */
  after?: readonly [name: string, variantId: string] | undefined
}

export interface ProductRow {
  product_id: string
  variant_id: string
  name: string
  label: string | null
  sku: string
  category_id: string | null
  category: string | null
  price: string
  is_active: boolean
  on_hand: string | null
}

/**
 * Sellable products, a row per SKU, by name. Stock is the sum over all locations; null where none is kept.
 */
export async function findProducts(db: Transaction, businessId: string, query: ProductQuery): Promise<ProductRow[]> {
  const conditions = [sql`v.business_id = ${businessId}`]
  if (query.search !== undefined) {
    const pattern = sql`search_pattern(${query.search})`
    conditions.push(sql`(p.search like ${pattern} or v.search like ${pattern})`)
  }
  if (query.category !== undefined) {
    conditions.push(sql`(c.id::text = ${query.category} or search_text(c.name) = search_text(${query.category}))`)
  }
  if (query.active !== undefined) conditions.push(sql`(p.is_active and v.is_active) = ${query.active}`)
  if (query.stock === 'in_stock') conditions.push(sql`s.on_hand > 0`)
  if (query.stock === 'out') conditions.push(sql`s.on_hand <= 0`)
  if (query.stock === 'low') conditions.push(sql`s.is_low`)
  if (query.after !== undefined) {
    conditions.push(sql`(p.name, v.id) > (${query.after[0]}, ${query.after[1]}::uuid)`)
  }
  const { rows } = await sql<ProductRow>`
    select p.id as product_id, v.id as variant_id, p.name, v.label, v.sku, c.id as category_id, c.name as category,
      v.price::text, (p.is_active and v.is_active) as is_active, s.on_hand::text
    from product_variant v
    join product p on p.business_id = v.business_id and p.id = v.product_id
    left join category c on c.business_id = p.business_id and c.id = p.category_id
    left join lateral (
      select sum(i.on_hand) as on_hand, bool_or(i.on_hand <= i.reorder_point) as is_low
      from inventory i where i.business_id = v.business_id and i.variant_id = v.id
    ) s on true
    where ${sql.join(conditions, sql` and `)}
    order by p.name, v.id limit ${query.limit}`.execute(db)
  return rows
}

/** Whether the price tags of a business include tax. */
export async function doPricesIncludeTax(db: Transaction, businessId: string): Promise<boolean> {
  const { prices_include_tax } = await db
    .selectFrom('business')
    .select('prices_include_tax')
    .where('id', '=', businessId)
    .executeTakeFirstOrThrow()
  return prices_include_tax
}
