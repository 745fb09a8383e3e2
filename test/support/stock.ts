import type { TestDatabase } from './database.ts'
import { makeProduct, type Product, type Shop } from './shop.ts'

export interface StockSettings {
  onHand: string
  /** By default the first location. */
  at?: string | undefined
  reorderPoint?: string
  reorderQuantity?: string
  safety?: string
  lead?: number
  pack?: string
  max?: string
  /** Instant of its first movement; by default long ago. */
  since?: string
}

/** Stock of a product at a location, with its reorder settings. */
export async function makeStock(
  { asOwner }: TestDatabase,
  shop: Shop,
  { variantId }: Product,
  settings: StockSettings,
): Promise<void> {
  const { onHand, at = shop.locations[0], reorderPoint, reorderQuantity, safety, lead, pack, max } = settings
  await asOwner(
    `insert into inventory (business_id, location_id, variant_id, reorder_point, reorder_quantity, safety_stock,
       lead_time_days, pack_size, max_stock) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [shop.id, at, variantId, reorderPoint, reorderQuantity, safety, lead, pack, max],
  )
  if (onHand === '0') return
  await asOwner(
    `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason, created_at)
     values ($1, $2, $3, $4, 'opening', $5)`,
    [shop.id, at, variantId, onHand, settings.since ?? '2025-06-01T00:00:00Z'],
  )
}

/** A product with a cost, or none. */
export async function makeCosted(
  db: TestDatabase,
  shop: Shop,
  of: { sku: string; name?: string; cost: string | null; category?: string },
): Promise<Product> {
  const { cost, ...product } = of
  const made = await makeProduct(db, shop, product)
  await db.asOwner('update product_variant set cost = $2 where id = $1', [made.variantId, cost])
  return made
}

/** A supplier of products. */
export async function makeSupplier(
  { asOwner }: TestDatabase,
  shop: Shop,
  supplier: { name: string; leadDays: number | null },
  ...products: Product[]
): Promise<void> {
  const [row] = await asOwner<{ id: string }>(
    'insert into supplier (business_id, name, lead_time_days) values ($1, $2, $3) returning id',
    [shop.id, supplier.name, supplier.leadDays],
  )
  const ids = products.map(({ productId }) => productId)
  await asOwner('update product set supplier_id = $1 where id = any ($2)', [row?.id, ids])
}
