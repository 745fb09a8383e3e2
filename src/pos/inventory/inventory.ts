import { expressionBuilder } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Inventory } from '../../database/types.ts'
import { searchPattern } from '../conditions.ts'

type StockStatus = 'out' | 'low' | 'ok'

export interface InventoryQuery {
  search?: string | undefined
  locationId?: string | undefined
  status?: StockStatus | undefined
  limit: number
  /** Product name, variant id and location id of the last row of the previous page. */
  after?: readonly [name: string, variantId: string, locationId: string] | undefined
}

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

/** Stock of active products, a row per SKU and location, by product name. */
export function findInventory(db: Transaction, businessId: string, query: InventoryQuery) {
  const { search, locationId, status, after } = query
  let stock = db
    .selectFrom('inventory as i')
    .innerJoin('product_variant as v', (join) =>
      join.onRef('v.business_id', '=', 'i.business_id').onRef('v.id', '=', 'i.variant_id'),
    )
    .innerJoin('product as p', (join) =>
      join.onRef('p.business_id', '=', 'v.business_id').onRef('p.id', '=', 'v.product_id'),
    )
    .innerJoin('location as l', (join) =>
      join.onRef('l.business_id', '=', 'i.business_id').onRef('l.id', '=', 'i.location_id'),
    )
    .select(['p.id as product_id', 'v.id as variant_id', 'p.name', 'v.label', 'v.sku'])
    .select(['l.id as location_id', 'l.name as location', 'i.on_hand', 'i.reorder_point', 'i.reorder_quantity'])
    .select(stockStatus.as('status'))
    .where('i.business_id', '=', businessId)
    .where('p.is_active', '=', true)
    .where('v.is_active', '=', true)
  if (search !== undefined) {
    const pattern = searchPattern(search)
    stock = stock.where((own) => own.or([own('p.search', 'like', pattern), own('v.search', 'like', pattern)]))
  }
  if (locationId !== undefined) stock = stock.where('i.location_id', '=', locationId)
  if (status !== undefined) stock = stock.where(stockStatus, '=', status)
  if (after !== undefined) {
    stock = stock.where((own) => own(own.refTuple('p.name', 'v.id', 'i.location_id'), '>', own.tuple(...after)))
  }
  return stock.orderBy('p.name').orderBy('v.id').orderBy('i.location_id').limit(query.limit).execute()
}
