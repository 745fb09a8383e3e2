import { expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Inventory } from '../../database/types.ts'
import { isOnSale } from '../conditions.ts'
import { searchingProducts } from '../product-search.ts'
import { NEAR } from '../search.ts'

const BEFORE =
  'What one product had as an earlier day began: what it has now, less unitsIn and plus unitsOut of ' +
  'list_inventory_movements from that day on, as far back as the ledger goes.'
/** What tools of stock say who are asked for another day. */
export const STOCK_OF_NOW = `Stock on file is that of now. ${BEFORE}`
/** The same of tools of products. */
export const PRODUCTS_OF_NOW = `Stock, prices and costs on file are those of now. ${BEFORE}`

type StockStatus = 'out' | 'low' | 'ok'

export const INVENTORY_FILTERS = ['out', 'low', 'ok', 'negative'] as const

export interface InventoryFilter {
  search?: string | undefined
  locationId?: string | undefined
  status?: (typeof INVENTORY_FILTERS)[number] | undefined
}

export interface InventoryQuery extends InventoryFilter {
  limit: number
  /** Rank in the search, product name, variant id and location id of the last row of the previous page. */
  after?: readonly [rank: string, name: string, variantId: string, locationId: string] | undefined
}

/** How many are told where nothing matches. */
const MAX_NEAREST = 5

const eb = expressionBuilder<{ i: Inventory }, 'i'>()

/** The stock status of a row `i`. */
const stockStatus = eb
  .case()
  .when('i.on_hand', '<=', '0')
  .then<StockStatus>('out')
  .when('i.on_hand', '<=', eb.ref('i.reorder_point'))
  .then<StockStatus>('low')
  .else<StockStatus>('ok')
  .end()

/** Stock of active products that matches a filter, apart from its search. */
function stock(db: Transaction, businessId: string, { locationId, status }: InventoryFilter) {
  let found = db
    .selectFrom('inventory as i')
    .innerJoin('product_variant as v', (join) =>
      join.onRef('v.business_id', '=', 'i.business_id').onRef('v.id', '=', 'i.variant_id'),
    )
    .innerJoin('product as p', (join) =>
      join.onRef('p.business_id', '=', 'v.business_id').onRef('p.id', '=', 'v.product_id'),
    )
    .where('i.business_id', '=', businessId)
    .where(isOnSale, '=', true)
  if (locationId !== undefined) found = found.where('i.location_id', '=', locationId)
  if (status === 'negative') found = found.where('i.on_hand', '<', '0')
  else if (status !== undefined) found = found.where(stockStatus, '=', status)
  return found
}

function matching(db: Transaction, businessId: string, filter: InventoryFilter) {
  const found = stock(db, businessId, filter)
  if (filter.search === undefined) return found
  const { mayMatch, isMatch } = searchingProducts(filter.search)
  return found.where(mayMatch).where(isMatch)
}

type Listed = ReturnType<typeof stock>

function withColumns(found: Listed, rank: RawBuilder<number>) {
  return found
    .innerJoin('location as l', (join) =>
      join.onRef('l.business_id', '=', 'i.business_id').onRef('l.id', '=', 'i.location_id'),
    )
    .select(['v.id as variant_id', 'p.name', 'v.label', 'v.sku', 'v.cost', 'i.location_id', 'l.name as location'])
    .select(['i.on_hand', 'i.reorder_point', 'i.reorder_quantity', stockStatus.as('status'), rank.as('rank')])
}

/** Stock of active products, a row per SKU and location: the best matches of a search first, then by product name. */
export function findInventory(db: Transaction, businessId: string, query: InventoryQuery) {
  const rank = query.search === undefined ? sql<number>`0::integer` : searchingProducts(query.search).rank
  let found = matching(db, businessId, query)
  if (query.after !== undefined) {
    const [lastRank, name, variantId, locationId] = query.after
    const last = sql`(${lastRank}::integer, ${name}, ${variantId}::uuid, ${locationId}::uuid)`
    found = found.where(sql<SqlBool>`(${rank}, p.name, v.id, i.location_id) > ${last}`)
  }
  return withColumns(found, rank)
    .orderBy(rank)
    .orderBy('p.name')
    .orderBy('v.id')
    .orderBy('i.location_id')
    .limit(query.limit)
    .execute()
}

/** The stock of the products whose names are nearest to a search that finds none, the nearest first. */
export function nearestInventory(db: Transaction, businessId: string, filter: InventoryFilter & { search: string }) {
  const { nearness, mayBeNear } = searchingProducts(filter.search)
  // The offset lets each nearness be computed once.
  const all = withColumns(stock(db, businessId, filter).where(mayBeNear), nearness).offset(0)
  return db
    .selectFrom(all.as('near'))
    .selectAll('near')
    .where('near.rank', '>=', NEAR)
    .orderBy('near.rank', 'desc')
    .orderBy('near.name')
    .orderBy('near.variant_id')
    .orderBy('near.location')
    .limit(MAX_NEAREST)
    .execute()
}

/** How many rows match, of how many products, and what their stock cost; what is below zero counts as none. */
export function sumInventory(db: Transaction, businessId: string, filter: InventoryFilter) {
  return matching(db, businessId, filter)
    .select([
      sql<number>`count(*)::integer`.as('rows'),
      sql<number>`count(distinct i.variant_id)::integer`.as('products'),
      sql<string>`coalesce(sum(greatest(i.on_hand, 0) * v.cost), 0)::text`.as('value'),
      sql<number>`count(distinct i.variant_id) filter (where i.on_hand > 0 and v.cost is null)::integer`.as(
        'without_cost',
      ),
    ])
    .executeTakeFirstOrThrow()
}

/** What the stock that matches cost, by location and by category, the dearest first; below zero counts as none. */
export function sumInventoryBy(db: Transaction, businessId: string, filter: InventoryFilter) {
  const value = sql<string>`coalesce(sum(greatest(i.on_hand, 0) * v.cost), 0)`
  return matching(db, businessId, filter)
    .innerJoin('location as l', (join) =>
      join.onRef('l.business_id', '=', 'i.business_id').onRef('l.id', '=', 'i.location_id'),
    )
    .leftJoin('category as c', (join) =>
      join.onRef('c.business_id', '=', 'p.business_id').onRef('c.id', '=', 'p.category_id'),
    )
    .select([
      sql<boolean>`grouping(l.id) = 0`.as('is_location'),
      sql<string | null>`coalesce(l.name, c.name)`.as('name'),
      sql<string>`${value}::text`.as('value'),
    ])
    .groupBy(sql`grouping sets ((l.id, l.name), (c.id, c.name))`)
    .orderBy(value, 'desc')
    .orderBy('name')
    .execute()
}
