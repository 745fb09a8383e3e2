import { randomUUID } from 'node:crypto'
import type { Database } from '../../src/database/database.ts'
import { lineAmounts } from '../../src/pos/orders/line-amounts.ts'
import type { TestDatabase } from './database.ts'

export interface Shop {
  id: string
  name: string
  locations: string[]
}

export interface ShopOptions {
  /** By default a random one. */
  id?: string
  name?: string
  currency?: string
  timezone?: string
  /** Zones of its locations; by default one location in the business's zone. */
  locationZones?: string[]
  pricesIncludeTax?: boolean
  taxRate?: string
}

/** A business with its locations. */
export async function makeShop({ asOwner }: TestDatabase, options: ShopOptions = {}): Promise<Shop> {
  const { id = randomUUID(), name = 'Tienda Luna', currency = 'GTQ', timezone = 'America/Guatemala' } = options
  await asOwner(
    'insert into business (id, name, currency, timezone, prices_include_tax, tax_rate) values ($1, $2, $3, $4, $5, $6)',
    [id, name, currency, timezone, options.pricesIncludeTax ?? false, options.taxRate ?? '0'],
  )
  const locations: string[] = []
  for (const [index, zone] of (options.locationZones ?? [timezone]).entries()) {
    const [row] = await asOwner<{ id: string }>(
      'insert into location (business_id, name, timezone) values ($1, $2, $3) returning id',
      [id, `Location ${index + 1}`, zone],
    )
    locations.push((row as { id: string }).id)
  }
  return { id, name, locations }
}

/** A user with roles in the given order, so that the first is for their first business. */
export async function makeUser(
  { asOwner }: TestDatabase,
  uid: string,
  memberships: readonly { shop: Shop; role: string }[],
): Promise<string> {
  const [user] = await asOwner<{ id: string }>(
    'insert into app_user (firebase_uid, email) values ($1, $2) returning id',
    [uid, `${uid}@example.com`],
  )
  const { id } = user as { id: string }
  for (const [index, { shop, role }] of memberships.entries()) {
    await asOwner('insert into business_user (business_id, user_id, role, created_at) values ($1, $2, $3, $4)', [
      shop.id,
      id,
      role,
      new Date(Date.UTC(2026, 0, 1 + index)),
    ])
  }
  return id
}

export interface Product {
  productId: string
  variantId: string
}

/** A product with one variant. */
export async function makeProduct(
  { asOwner }: TestDatabase,
  shop: Shop,
  product: { sku: string; name?: string; price?: string; category?: string },
): Promise<Product> {
  const { sku, name = sku, price = '10', category } = product
  const [made] = category
    ? await asOwner<{ id: string }>(
        `insert into category (business_id, name) values ($1, $2)
         on conflict (business_id, lower(name)) do update set name = excluded.name returning id`,
        [shop.id, category],
      )
    : []
  const [row] = await asOwner<{ product_id: string; id: string }>(
    `with p as (insert into product (business_id, name, category_id) values ($1, $2, $3) returning id)
     insert into product_variant (business_id, product_id, sku, price) select $1, p.id, $4, $5 from p
     returning product_id, id`,
    [shop.id, name, made?.id ?? null, sku, price],
  )
  const { product_id: productId, id: variantId } = row as { product_id: string; id: string }
  return { productId, variantId }
}

interface Line extends Product {
  quantity: string
  unitPrice: string
  discount?: string
  taxRate?: string
  taxIncluded?: boolean
}

export interface Order {
  number: string
  /** Instant, ISO 8601. */
  at: string
  status?: 'open' | 'completed' | 'cancelled'
  lines: Line[]
  tips?: string
  location?: string
  payments?: { method: string; amount: string }[]
}

/** An order, written in the service's role, so that triggers and rights are those of production. */
export async function makeOrder(database: Database, shop: Shop, order: Order): Promise<string> {
  const id = randomUUID()
  const status = order.status ?? 'completed'
  await database.within({ businessId: shop.id }, 'write', async (db) => {
    await db
      .insertInto('orders')
      .values({
        business_id: shop.id,
        id,
        order_number: order.number,
        location_id: order.location ?? (shop.locations[0] as string),
        status,
        opened_at: order.at,
        completed_at: status === 'completed' ? order.at : null,
        cancelled_at: status === 'cancelled' ? order.at : null,
        tips: order.tips ?? '0',
      })
      .execute()
    await db
      .insertInto('order_item')
      .values(
        order.lines.map((line, index) => {
          const { taxRate = '0', taxIncluded = false, quantity, unitPrice, discount = '0' } = line
          const amounts = lineAmounts({ quantity, unitPrice, discount, taxRate, taxIncluded, currencyDigits: 2 })
          return {
            business_id: shop.id,
            order_id: id,
            line_number: index + 1,
            product_id: line.productId,
            variant_id: line.variantId,
            name: 'line',
            quantity,
            unit_price: unitPrice,
            tax_rate: taxRate,
            tax_included: taxIncluded,
            gross_sales: amounts.grossSales,
            discount: amounts.discount,
            tax: amounts.tax,
          }
        }),
      )
      .execute()
    if (order.payments !== undefined) {
      await db
        .insertInto('order_payment')
        .values(
          order.payments.map((payment, index) => ({
            ...payment,
            business_id: shop.id,
            order_id: id,
            payment_number: index + 1,
            paid_at: order.at,
          })),
        )
        .execute()
    }
  })
  return id
}

export interface Refund {
  orderId: string
  /** Instant, ISO 8601. */
  at: string
  /** Amounts without tax, per line of the order. */
  lines: (Product & { line: number; quantity: string; returns: string; tax?: string })[]
  method?: string
  tips?: string
  location?: string
}

/** A refund, written like the service writes it. */
export async function makeRefund(database: Database, shop: Shop, refund: Refund): Promise<void> {
  const id = randomUUID()
  await database.within({ businessId: shop.id }, 'write', async (db) => {
    await db
      .insertInto('order_refund')
      .values({
        business_id: shop.id,
        id,
        order_id: refund.orderId,
        location_id: refund.location ?? (shop.locations[0] as string),
        refunded_at: refund.at,
        method: refund.method ?? 'cash',
        tips: refund.tips ?? '0',
      })
      .execute()
    await db
      .insertInto('order_refund_line')
      .values(
        refund.lines.map((line) => ({
          business_id: shop.id,
          refund_id: id,
          order_id: refund.orderId,
          line_number: line.line,
          product_id: line.productId,
          variant_id: line.variantId,
          quantity: line.quantity,
          returns: line.returns,
          tax: line.tax ?? '0',
        })),
      )
      .execute()
  })
}
