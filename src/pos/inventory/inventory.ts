import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'

export type StockStatus = 'out' | 'low' | 'ok'

export interface InventoryQuery {
  search?: string | undefined
  locationId?: string | undefined
  status?: StockStatus | undefined
  limit: number
  /** Product name, variant id and location id of the last row before. */
  after?: readonly [name: string, variantId: string, locationId: string] | undefined
}

export interface InventoryRow {
  product_id: string
  variant_id: string
  name: string
  label: string | null
  sku: string
  location_id: string
  location: string
  on_hand: string
  reorder_point: string | null
  reorder_quantity: string | null
  status: StockStatus
}

/** Stock of active products, a row per SKU and location, by product name. */
export async function findInventory(
  db: Transaction,
  businessId: string,
  query: InventoryQuery,
): Promise<InventoryRow[]> {
  const status = sql`case when i.on_hand <= 0 then 'out' when i.on_hand <= i.reorder_point then 'low' else 'ok' end`
  const conditions = [sql`i.business_id = ${businessId}`, sql`p.is_active`, sql`v.is_active`]
  if (query.search !== undefined) {
    const pattern = sql`search_pattern(${query.search})`
    conditions.push(sql`(p.search like ${pattern} or v.search like ${pattern})`)
  }
  if (query.locationId !== undefined) conditions.push(sql`i.location_id = ${query.locationId}`)
  if (query.status !== undefined) conditions.push(sql`${status} = ${query.status}`)
  if (query.after !== undefined) {
    const [name, variantId, locationId] = query.after
    conditions.push(sql`(p.name, v.id, i.location_id) > (${name}, ${variantId}::uuid, ${locationId}::uuid)`)
  }
  const { rows } = await sql<InventoryRow>`
    select p.id as product_id, v.id as variant_id, p.name, v.label, v.sku, l.id as location_id, l.name as location,
      i.on_hand::text, i.reorder_point::text, i.reorder_quantity::text, ${status} as status
    from inventory i
    join product_variant v on v.business_id = i.business_id and v.id = i.variant_id
    join product p on p.business_id = v.business_id and p.id = v.product_id
    join location l on l.business_id = i.business_id and l.id = i.location_id
    where ${sql.join(conditions, sql` and `)}
    order by p.name, v.id, i.location_id limit ${query.limit}`.execute(db)
  return rows
}
