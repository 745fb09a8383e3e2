import { expect } from 'vitest'
import { compactRows } from './compact-rows.ts'
import { type App, call, type Service, startService } from './service.ts'
import { makeProduct, makeShop, makeUser, type Product, type Shop } from './shop.ts'

/** Noon in Guatemala, on a Tuesday. */
export const NOON = new Date('2026-03-10T18:00:00Z')

export interface Till {
  service: Service
  /** Guatemala, IVA 12 % inside the price, one location. */
  shop: Shop
  /** Somebody else's shop. */
  foreign: Shop
  /** Tokens of an owner, of a cashier, and of the owner narrowed to reading. */
  owner: string
  cashier: string
  reader: string
  /** Signs somebody in, by the real clock, which dates identity tokens. */
  signIn(uid: string): Promise<string>
  /** A product with stock at the shop's first location, or with no stock-keeping at all. */
  product(sku: string, options?: { price?: string; cost?: string; taxRate?: string; stock?: string }): Promise<Product>
  /** The result of a call that succeeds. */
  ok(tool: string, args: Record<string, unknown>, as?: { token?: string; app?: App }): Promise<Result>
  /** The text of a call that fails. */
  fails(tool: string, args: Record<string, unknown>, as?: { token?: string; app?: App }): Promise<string>
  /** Stock on hand of a SKU according to get_inventory. */
  onHand(sku: string): Promise<string | undefined>
  /** Figures of the current local day according to get_sales_report. */
  today(): Promise<Record<'net' | 'returns' | 'tax' | 'tips' | 'total', string> & { orders: number; refunds: number }>
  /** The rows of every table that a write may change, and the next order number. */
  footprint(): Promise<unknown>
  /** Fails unless rollups, totals and stock agree with their raw rows. */
  agrees(): Promise<void>
}

// biome-ignore lint/suspicious/noExplicitAny: results are checked by the assertions on them
type Result = { text: string; data: any }

/** A shop at its till, with the clock at noon. */
export async function startTill(): Promise<Till> {
  const service = await startService({ users: ['ana', 'carlos', 'eve'] })
  const { db } = service
  const shop = await makeShop(db, { pricesIncludeTax: true, taxRate: '0.12' })
  const foreign = await makeShop(db, { name: 'Foreign' })
  await makeUser(db, 'ana', [{ shop, role: 'owner' }])
  await makeUser(db, 'carlos', [{ shop, role: 'cashier' }])
  const owner = await service.tokenOf('ana')
  const cashier = await service.tokenOf('carlos')
  const reader = await service.tokenOf('ana', { scopes: ['pos:read', 'reports:read'] })
  service.now = NOON

  const till: Till = {
    service,
    shop,
    foreign,
    owner,
    cashier,
    reader,
    async signIn(uid) {
      service.now = new Date()
      const token = await service.tokenOf(uid)
      service.now = NOON
      return token
    },
    async product(sku, { price = '10', cost, taxRate, stock } = {}) {
      const product = await makeProduct(db, shop, { sku, price })
      await db.asOwner('update product_variant set cost = $2 where id = $1', [product.variantId, cost ?? null])
      await db.asOwner('update product set tax_rate = $2 where id = $1', [product.productId, taxRate ?? null])
      if (stock !== undefined) {
        await db.asOwner(
          `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
           values ($1, $2, $3, $4, 'opening')`,
          [shop.id, shop.locations[0], product.variantId, stock],
        )
      }
      return product
    },
    async ok(tool, args, { token = owner, app = service.app } = {}) {
      const { text, data, isError } = await call(app, token, tool, args)
      expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
      return { text, data }
    },
    async fails(tool, args, { token = owner, app = service.app } = {}) {
      const { text, isError, body } = await call(app, token, tool, args)
      expect({ isError: isError || body.error !== undefined, text }).toEqual({ isError: true, text })
      return text ?? body.error.message
    },
    async onHand(sku) {
      const { data } = await till.ok('get_inventory', { search: sku })
      return compactRows(data, 'stock').find((row) => row.SKU === sku)?.['on hand']
    },
    async today() {
      const { data } = await till.ok('get_sales_report', { preset: 'today' })
      const { netSales, returns, tax, tips, total, orders, refunds } = data.totals
      return {
        net: netSales,
        returns,
        tax,
        tips,
        total,
        orders,
        refunds,
      }
    },
    async footprint() {
      const tables = ['orders', 'order_item', 'order_payment', 'order_refund', 'order_refund_line', 'inventory']
      const counts = [...tables, 'inventory_movement', 'idempotency', 'sales_daily'].map(
        (table) => `(select count(*) from ${table}) as ${table}`,
      )
      return db.asOwner(
        `select ${counts.join(', ')}, (select sum(on_hand) from inventory) as on_hand,
           (select next_order_number from business where id = $1) as next_number`,
        [shop.id],
      )
    },
    async agrees() {
      const wrong = await db.asOwner(
        "select c.* from set_config('app.business_id', $1::text, true), check_rollups($1::uuid) c",
        [shop.id],
      )
      expect(wrong).toEqual([])
      const drifted = await db.asOwner(
        `select i.location_id, i.variant_id, i.on_hand, sum(m.quantity) from inventory i
         left join inventory_movement m using (business_id, location_id, variant_id)
         group by 1, 2, 3 having i.on_hand <> coalesce(sum(m.quantity), 0)`,
      )
      expect(drifted).toEqual([])
    },
  }
  return till
}
