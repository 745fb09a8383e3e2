import { type RawBuilder, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Days } from '../../time/window.ts'
import { isOnSale } from '../conditions.ts'
import { searchingProducts } from '../product-search.ts'
import { productCells } from '../reports/sales.ts'
import { wholeBusiness } from '../scope.ts'
import { NEAR } from '../search.ts'

/** How many are told where nothing matches. */
const MAX_NEAREST = 5

export const STOCK_FILTERS = ['in_stock', 'low', 'out', 'negative'] as const
type StockFilter = (typeof STOCK_FILTERS)[number]
export const COST_FILTERS = ['missing', 'above_price'] as const

const LACKS = {
  cost: sql<SqlBool>`v.cost is null`,
  price: sql<SqlBool>`v.price = 0`,
  barcode: sql<SqlBool>`coalesce(trim(v.barcode), '') = ''`,
  category: sql<SqlBool>`p.category_id is null`,
  supplier: sql<SqlBool>`p.supplier_id is null`,
}
/** What products may lack. */
export const PRODUCT_LACKS = ['cost', 'price', 'barcode', 'category', 'supplier'] as const
export type ProductLack = (typeof PRODUCT_LACKS)[number]

export interface ProductFilter {
  search?: string | undefined
  categoryId?: string | undefined
  supplierId?: string | undefined
  /** Only what lacks all of these. */
  without?: readonly ProductLack[] | undefined
  active: boolean
  stock?: StockFilter | undefined
  cost?: (typeof COST_FILTERS)[number] | undefined
  /** Days on which nothing of it was sold. */
  notSold?: Days | undefined
}

export interface ProductQuery extends ProductFilter {
  limit: number
  /** Rank in the search, name and variant id of the last row of the previous page. */
  after?: readonly [rank: string, name: string, variantId: string] | undefined
}

/** The price without tax: what is left of it for the shop, and is compared with the cost. */
const netPrice = sql<string>`case when b.prices_include_tax
  then round(v.price / (1 + coalesce(p.tax_rate, b.tax_rate)), b.currency_digits) else v.price end`

/** The price of a variant without tax, and its cost, if it is sold below that; else null. */
export async function soldBelowCost(db: Transaction, businessId: string, variantId: string) {
  const row = await db
    .selectFrom('product_variant as v')
    .innerJoin('product as p', (join) => join.on('p.business_id', '=', businessId).onRef('p.id', '=', 'v.product_id'))
    .innerJoin('business as b', 'b.id', 'v.business_id')
    .select([netPrice.as('netPrice'), sql<string>`v.cost::text`.as('cost')])
    .where('v.business_id', '=', businessId)
    .where('v.id', '=', variantId)
    .where('v.cost', '>', netPrice)
    .executeTakeFirst()
  return row ?? null
}

// On the sum over all locations, or at any one of them.
const STOCK: Record<StockFilter, RawBuilder<SqlBool>> = {
  in_stock: sql`sum(i.on_hand) > 0`,
  out: sql`sum(i.on_hand) <= 0`,
  low: sql`bool_or(i.on_hand <= i.reorder_point)`,
  negative: sql`bool_or(i.on_hand < 0)`,
}

/** Sellable products that match a filter, apart from its search. */
function products(db: Transaction, businessId: string, filter: ProductFilter) {
  let found = db
    .selectFrom('product_variant as v')
    .innerJoin('product as p', (join) =>
      join.onRef('p.business_id', '=', 'v.business_id').onRef('p.id', '=', 'v.product_id'),
    )
    .innerJoin('business as b', 'b.id', 'v.business_id')
    .where('v.business_id', '=', businessId)
    .where(isOnSale, '=', filter.active)
  if (filter.categoryId !== undefined) found = found.where('p.category_id', '=', filter.categoryId)
  if (filter.supplierId !== undefined) found = found.where('p.supplier_id', '=', filter.supplierId)
  if (filter.stock !== undefined) {
    const kept = db.selectFrom('inventory as i').select('i.variant_id').where('i.business_id', '=', businessId)
    found = found.where('v.id', 'in', kept.groupBy('i.variant_id').having(STOCK[filter.stock]))
  }
  for (const lack of filter.without ?? []) found = found.where(LACKS[lack])
  if (filter.cost === 'missing') found = found.where(LACKS.cost)
  if (filter.cost === 'above_price') found = found.where('v.cost', '>', netPrice)
  if (filter.notSold !== undefined) {
    const cells = productCells(wholeBusiness(businessId), filter.notSold)
    found = found.where(sql<SqlBool>`v.id not in (
      select c.variant_id from ${cells} c group by c.variant_id having sum(c.units_sold) > 0
    )`)
  }
  return found
}

function matching(db: Transaction, businessId: string, filter: ProductFilter) {
  const found = products(db, businessId, filter)
  if (filter.search === undefined) return found
  const { mayMatch, isMatch } = searchingProducts(filter.search)
  return found.where(mayMatch).where(isMatch)
}

/** Sellable products that match, a row per SKU: the best matches of a search first, then by name. */
export function findProducts(db: Transaction, businessId: string, query: ProductQuery) {
  const rank = query.search === undefined ? sql<number>`0::integer` : searchingProducts(query.search).rank
  let found = matching(db, businessId, query)
  if (query.after !== undefined) {
    const [lastRank, name, id] = query.after
    found = found.where(sql<SqlBool>`(${rank}, p.name, v.id) > (${lastRank}::integer, ${name}, ${id}::uuid)`)
  }
  const page = found
    .select(['v.id', rank.as('rank')])
    .orderBy(rank)
    .orderBy('p.name')
    .orderBy('v.id')
  return rowsOf(db, businessId, page.limit(query.limit))
}

/** How many products match. */
export async function countProducts(db: Transaction, businessId: string, filter: ProductFilter): Promise<number> {
  const count = sql<number>`count(*)::integer`.as('count')
  return (await matching(db, businessId, filter).select(count).executeTakeFirstOrThrow()).count
}

/** The products whose names are nearest to a search that finds none, the nearest first. */
export function nearestProducts(db: Transaction, businessId: string, filter: ProductFilter & { search: string }) {
  const { nearness, mayBeNear } = searchingProducts(filter.search)
  // The offset lets each nearness be computed once.
  const all = products(db, businessId, filter)
    .where(mayBeNear)
    .select(['v.id', 'p.name', nearness.as('nearness')])
    .offset(0)
  const rank = sql<number>`row_number() over (order by near.nearness desc, near.name, near.id)::integer`
  const near = db
    .selectFrom(all.as('near'))
    .select(['near.id', rank.as('rank')])
    .where('near.nearness', '>=', NEAR)
  return rowsOf(db, businessId, near.orderBy('rank').limit(MAX_NEAREST))
}

/** What a list shows of some variants. Stock is the sum over all locations; null if no stock is kept. */
function rowsOf<Tables, Table extends keyof Tables>(
  db: Transaction,
  businessId: string,
  listed: SelectQueryBuilder<Tables, Table, { id: string; rank: number }>,
) {
  return db
    .selectFrom(listed.as('l'))
    .innerJoin('product_variant as v', (join) => join.on('v.business_id', '=', businessId).onRef('v.id', '=', 'l.id'))
    .innerJoin('product as p', (join) => join.on('p.business_id', '=', businessId).onRef('p.id', '=', 'v.product_id'))
    .innerJoin('business as b', 'b.id', 'v.business_id')
    .leftJoin('category as c', (join) => join.on('c.business_id', '=', businessId).onRef('c.id', '=', 'p.category_id'))
    .select(['v.id as variant_id', 'p.name', 'v.label', 'v.sku', 'v.price', 'v.cost', 'c.name as category', 'l.rank'])
    .select(netPrice.as('net_price'))
    .select((eb) =>
      eb
        .selectFrom('inventory as i')
        .select((own) => own.fn.sum<string | null>('i.on_hand').as('on_hand'))
        .where('i.business_id', '=', businessId)
        .whereRef('i.variant_id', '=', 'v.id')
        .as('on_hand'),
    )
    .orderBy('l.rank')
    .orderBy('p.name')
    .orderBy('v.id')
    .execute()
}
