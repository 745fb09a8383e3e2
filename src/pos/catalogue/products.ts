import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { isOnSale, searchPattern } from '../conditions.ts'

type StockFilter = 'in_stock' | 'low' | 'out'

export interface ProductQuery {
  search?: string | undefined
  /** Id of a category, or its name in any case. */
  category?: string | undefined
  active?: boolean | undefined
  stock?: StockFilter | undefined
  limit: number
  /** Name and variant id of the last row of the previous page. */
  after?: readonly [name: string, variantId: string] | undefined
}

/**
 * Sellable products, a row per SKU, by name. Stock is the sum over all locations; null if no stock is kept.
 */
export function findProducts(db: Transaction, businessId: string, query: ProductQuery) {
  const { search, category, active, stock, after } = query
  let products = db
    .selectFrom('product_variant as v')
    .innerJoin('product as p', (join) =>
      join.onRef('p.business_id', '=', 'v.business_id').onRef('p.id', '=', 'v.product_id'),
    )
    .leftJoin('category as c', (join) =>
      join.onRef('c.business_id', '=', 'p.business_id').onRef('c.id', '=', 'p.category_id'),
    )
    .leftJoinLateral(
      (eb) =>
        eb
          .selectFrom('inventory as i')
          .select((own) => [
            own.fn.sum<string | null>('i.on_hand').as('on_hand'),
            own.fn<boolean | null>('bool_or', [own('i.on_hand', '<=', own.ref('i.reorder_point'))]).as('is_low'),
          ])
          .whereRef('i.business_id', '=', 'v.business_id')
          .whereRef('i.variant_id', '=', 'v.id')
          .as('s'),
      (join) => join.onTrue(),
    )
    .select(['p.id as product_id', 'v.id as variant_id', 'p.name', 'v.label', 'v.sku', 'v.price', 's.on_hand'])
    .select(['c.id as category_id', 'c.name as category', isOnSale.as('is_active')])
    .where('v.business_id', '=', businessId)
  if (search !== undefined) {
    const pattern = searchPattern(search)
    products = products.where((eb) => eb.or([eb('p.search', 'like', pattern), eb('v.search', 'like', pattern)]))
  }
  if (category !== undefined) {
    products = products.where((eb) =>
      eb.or([
        eb(eb.cast<string>('c.id', 'text'), '=', category),
        eb(eb.fn<string>('search_text', ['c.name']), '=', sql<string>`search_text(${category})`),
      ]),
    )
  }
  if (active !== undefined) products = products.where(isOnSale, '=', active)
  if (stock === 'in_stock') products = products.where('s.on_hand', '>', '0')
  if (stock === 'out') products = products.where('s.on_hand', '<=', '0')
  if (stock === 'low') products = products.where('s.is_low', '=', true)
  if (after !== undefined) {
    products = products.where((eb) => eb(eb.refTuple('p.name', 'v.id'), '>', eb.tuple(...after)))
  }
  return products.orderBy('p.name').orderBy('v.id').limit(query.limit).execute()
}
