import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { Decimal } from '../../money/money.ts'
import { variantName } from '../../results/text.ts'
import { localDate } from '../../time/local.ts'
import type { Payment, SaleLine } from './order-pricing.ts'
import { noSuchOrder, orderIdOf } from './order-references.ts'
import { moveStock, type StockChange } from './order-stock.ts'

/** Who writes, for which business, and when. */
export interface Author {
  businessId: string
  /** `ref` of the principal. */
  createdBy: string
  now: Date
  /** Who did it in the shop; null if that is not known. */
  employee: { id: string } | null
}

export interface NewOrder {
  locationId: string
  clientId: string | null
  orderType: string
  note: string | null
  lines: readonly SaleLine[]
  tip: Decimal
  /** An open order is not paid, and has not drawn stock yet. */
  status: 'open' | 'completed'
  payments: readonly Payment[]
}

/**
 * Writes an order with its lines and payments; a completed one draws stock.
 * @throws ServiceError `conflict` if there is not enough stock
 */
export async function writeOrder(
  db: Transaction,
  { businessId, createdBy, now, employee }: Author,
  order: NewOrder,
): Promise<{ id: string; number: string; stock: StockChange[] }> {
  const id = randomUUID()
  const { locationId, status, lines } = order
  const drawn = lines.map(({ variant, quantity }) => ({
    variantId: variant.variant_id,
    locationId,
    sku: variant.sku,
    quantity: quantity.negated(),
  }))
  // Locks stock before the order number, which all sales of the business share: a sale that waits for stock must not
  // hold up the others.
  const entry = { reason: 'sale', sourceId: id, createdBy, createdAt: now } as const
  const stock = status === 'completed' ? await moveStock(db, businessId, drawn, entry) : []

  const number = await nextOrderNumber(db, businessId)
  const isDiscounted = lines.some(({ discount }) => !new Decimal(discount).isZero())
  const written = await db
    .insertInto('orders')
    .values({
      business_id: businessId,
      id,
      order_number: number,
      location_id: locationId,
      customer_id: order.clientId,
      status,
      order_type: order.orderType,
      opened_at: now,
      completed_at: status === 'completed' ? now : null,
      note: order.note,
      created_by: createdBy,
      sold_by: employee?.id ?? null,
      discounted_by: isDiscounted ? (employee?.id ?? null) : null,
      tips: order.tip.toFixed(),
    })
    .onConflict((conflict) => conflict.columns(['business_id', 'order_number']).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (written === undefined) {
    throw new ServiceError('conflict', `Order number ${number} was taken by an import just now. Nothing was written.`, {
      retryAfterSeconds: 1,
    })
  }
  // In the order in which those that move to another category are locked, so that neither waits crosswise.
  const items = db.insertInto('order_item').values(
    lines
      .map(({ variant, ...line }, index) => ({
        business_id: businessId,
        order_id: id,
        line_number: index + 1,
        product_id: variant.product_id,
        variant_id: variant.variant_id,
        name: variantName(variant),
        quantity: line.quantity.toFixed(),
        unit_price: line.unitPrice.toFixed(),
        tax_rate: variant.tax_rate,
        tax_included: line.taxIncluded,
        gross_sales: line.grossSales,
        discount: line.discount,
        tax: line.tax,
        unit_cost: variant.cost,
      }))
      .toSorted((a, b) => (a.product_id < b.product_id ? -1 : 1)),
  )
  const payments = db.insertInto('order_payment').values(
    order.payments.map(({ method, amount, reference }, index) => ({
      business_id: businessId,
      order_id: id,
      payment_number: index + 1,
      method,
      amount: amount.toFixed(),
      reference,
      paid_at: now,
    })),
  )
  await Promise.all([items.execute(), order.payments.length > 0 ? payments.execute() : undefined])
  return { id, number, stock }
}

const formatNumber = (n: ReturnType<typeof sql>) =>
  sql<string>`'FP-' || lpad((${n})::text, greatest(6, length((${n})::text)), '0')`

/** Takes the next order number of the business, skipping numbers in use, such as those of imported orders. */
async function nextOrderNumber(db: Transaction, businessId: string): Promise<string> {
  const [, { rows }] = await Promise.all([
    // A separate statement, so that the next one sees what the previous holder of the lock has committed.
    db.selectFrom('business').select('id').where('id', '=', businessId).forNoKeyUpdate().execute(),
    sql<{ number: string }>`
      with recursive tried (n) as (
        select next_order_number from business where id = ${businessId}
        union all
        select n + 1 from tried
        where exists (select from orders where business_id = ${businessId} and order_number = ${formatNumber(sql`n`)})
      )
      update business set next_order_number = (select max(n) + 1 from tried) where id = ${businessId}
      returning ${formatNumber(sql`next_order_number - 1`)} as number`.execute(db),
  ])
  return (rows[0] as { number: string }).number
}

/** An order that cannot change until the transaction ends; amounts as decimal strings. */
export type LockedOrder = Awaited<ReturnType<typeof lockOrder>>

/**
 * Finds an order by number or id and locks it until the transaction ends, so that decisions about it stay true.
 * @throws ServiceError `not_found`
 */
export async function lockOrder(db: Transaction, businessId: string, reference: string) {
  const order = await db
    .selectFrom('orders as o')
    .innerJoin('location as l', (join) =>
      join.onRef('l.business_id', '=', 'o.business_id').onRef('l.id', '=', 'o.location_id'),
    )
    .select([
      'o.id',
      'o.order_number',
      'o.status',
      'o.completed_at',
      'o.location_id',
      'l.timezone',
      'o.tips',
      'o.total',
      'o.opened_at',
      'o.created_by',
      'o.sold_by',
    ])
    .where('o.business_id', '=', businessId)
    .where('o.id', '=', orderIdOf(businessId, reference))
    .forUpdate('o')
    .executeTakeFirst()
  if (order === undefined) throw await noSuchOrder(db, businessId, reference)
  return order
}

/**
 * Cancels a locked order and puts back the stock that it drew.
 * @throws ServiceError `conflict` if it is too late to cancel
 */
export async function cancelOrder(
  db: Transaction,
  { businessId, createdBy, now, employee }: Author,
  order: LockedOrder,
  reason: string,
): Promise<StockChange[]> {
  if (order.status === 'cancelled') {
    throw new ServiceError('conflict', 'The order is cancelled already. Nothing was written.')
  }
  const [drawn] = await Promise.all([
    db
      .selectFrom('inventory_movement as m')
      .innerJoin('product_variant as v', (join) =>
        join.onRef('v.business_id', '=', 'm.business_id').onRef('v.id', '=', 'm.variant_id'),
      )
      .select(({ fn }) => ['m.location_id', 'm.variant_id', 'v.sku', fn.sum<string>('m.quantity').as('change')])
      .where('m.business_id', '=', businessId)
      .where('m.source_id', '=', order.id)
      .groupBy(['m.location_id', 'm.variant_id', 'v.sku'])
      .having(({ fn }) => fn.sum('m.quantity'), '<>', 0)
      .orderBy('v.sku')
      .orderBy('m.location_id')
      .execute(),
    order.status === 'completed' ? assertCancellable(db, businessId, order, now) : undefined,
  ])
  const moves = drawn.map(({ location_id, variant_id, sku, change }) => ({
    variantId: variant_id,
    locationId: location_id,
    sku,
    quantity: new Decimal(change).negated(),
  }))
  const stock = await moveStock(db, businessId, moves, {
    reason: 'return',
    sourceId: order.id,
    createdBy,
    createdAt: now,
  })
  await db
    .updateTable('orders')
    .set({
      status: 'cancelled',
      cancelled_at: now,
      cancelled_by: employee?.id ?? null,
      cancel_reason: reason,
      updated_at: now,
    })
    .where('business_id', '=', businessId)
    .where('id', '=', order.id)
    .execute()
  return stock
}

/** A sale of an earlier day is in reports that people have read: it can only be refunded, not undone. */
async function assertCancellable(db: Transaction, businessId: string, order: LockedOrder, now: Date): Promise<void> {
  const { completed_at, timezone } = order
  const refund = await db
    .selectFrom('order_refund')
    .select('id')
    .where('business_id', '=', businessId)
    .where('order_id', '=', order.id)
    .limit(1)
    .executeTakeFirst()
  const isOfToday = completed_at !== null && localDate(completed_at, timezone) === localDate(now, timezone)
  if (isOfToday && refund === undefined) return
  const why = isOfToday ? 'it has refunds' : 'it was completed on another day'
  throw new ServiceError('conflict', `The order cannot be cancelled any more: ${why}. Nothing was written.`, {
    hint: 'Use refund_order to give money and goods back.',
  })
}
