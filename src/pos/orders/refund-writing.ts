import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { type Currency, Decimal, formatMoney, money, quantity } from '../../money/money.ts'
import { clean } from '../../results/text.ts'
import { inMinorUnits } from './order-pricing.ts'
import { moveStock, type StockChange } from './order-stock.ts'
import type { Author, LockedOrder } from './order-writing.ts'
import { isNothing, type LinePart, leftOf, paidFor, partOfMoney, partOfUnits } from './refund-parts.ts'

/** A line of an order with its refundable rest. */
interface RefundableLine {
  line: number
  variantId: string
  sku: string
  isReturn: boolean
  left: LinePart
}

/** The refundable rest of an order. */
export interface Refundable {
  lines: RefundableLine[]
  tips: Decimal
  /** Including tax and tips. */
  total: Decimal
}

/** Finds what can still be refunded of a locked order. */
export async function findRefundable(db: Transaction, businessId: string, order: LockedOrder): Promise<Refundable> {
  const refunded = db
    .selectFrom('order_refund as f')
    .innerJoin('order_refund_line as l', (join) =>
      join.onRef('l.business_id', '=', 'f.business_id').onRef('l.refund_id', '=', 'f.id'),
    )
    .select(({ fn }) => [
      'l.line_number',
      fn.sum<string>('l.quantity').as('quantity'),
      fn.sum<string>('l.returns').as('returns'),
      fn.sum<string>('l.tax').as('tax'),
    ])
    .where('f.business_id', '=', businessId)
    .where('f.order_id', '=', order.id)
    .groupBy('l.line_number')
    .as('r')
  const [rows, { tips: refundedTips }] = await Promise.all([
    db
      .selectFrom('order_item as i')
      .innerJoin('product_variant as v', (join) =>
        join.onRef('v.business_id', '=', 'i.business_id').onRef('v.id', '=', 'i.variant_id'),
      )
      .leftJoin(refunded, 'r.line_number', 'i.line_number')
      .select(({ fn }) => [
        'i.line_number',
        'i.variant_id',
        'v.sku',
        'i.quantity as sold_quantity',
        'i.net_sales as sold_returns',
        'i.tax as sold_tax',
        fn.coalesce('r.quantity', sql.lit('0')).as('refunded_quantity'),
        fn.coalesce('r.returns', sql.lit('0')).as('refunded_returns'),
        fn.coalesce('r.tax', sql.lit('0')).as('refunded_tax'),
      ])
      .where('i.business_id', '=', businessId)
      .where('i.order_id', '=', order.id)
      .orderBy('i.line_number')
      .execute(),
    db
      .selectFrom('order_refund')
      .select(({ fn }) => fn.coalesce(fn.sum<string>('tips'), sql.lit('0')).as('tips'))
      .where('business_id', '=', businessId)
      .where('order_id', '=', order.id)
      .executeTakeFirstOrThrow(),
  ])
  const lines = rows.map((row) => {
    const part = (of: 'sold' | 'refunded') => ({
      quantity: new Decimal(row[`${of}_quantity`]),
      returns: new Decimal(row[`${of}_returns`]),
      tax: new Decimal(row[`${of}_tax`]),
    })
    const sold = part('sold')
    return {
      line: row.line_number,
      variantId: row.variant_id,
      sku: row.sku,
      isReturn: sold.quantity.isNegative(),
      left: leftOf(sold, part('refunded')),
    }
  })
  const tips = Decimal.max(0, new Decimal(order.tips).minus(refundedTips))
  return { lines, tips, total: Decimal.sum(tips, ...lines.map(({ left }) => paidFor(left))) }
}

/** A line to refund: some units, or money while the customer keeps the goods. */
export interface RefundLineInput {
  line: number
  quantity?: string
  amount?: string
}

export interface RefundPart {
  line: RefundableLine
  part: LinePart
}

/**
 * The parts of the requested lines; if none are requested, everything that is left.
 * @throws ServiceError `invalid_argument` or `conflict` with what is left of the line
 */
export function partsToRefund(
  { lines }: Refundable,
  asked: readonly RefundLineInput[] | undefined,
  currency: Currency,
): RefundPart[] {
  if (asked === undefined) {
    return lines.filter(({ left }) => !isNothing(left)).map((line) => ({ line, part: line.left }))
  }
  const byNumber = new Map(lines.map((line) => [line.line, line]))
  if (new Set(asked.map(({ line }) => line)).size < asked.length)
    throw new ServiceError('invalid_argument', 'lines: name each line once only.')
  return asked.map((input, index) => {
    const name = `lines.${index}`
    const line = byNumber.get(input.line)
    if (line === undefined) {
      throw new ServiceError('invalid_argument', `${name}.line: the order has no line ${input.line}.`, {
        hint: 'Use get_order to see its lines.',
      })
    }
    return { line, part: partOf(line, input, name, currency) }
  })
}

function partOf(line: RefundableLine, input: RefundLineInput, name: string, currency: Currency): LinePart {
  const { left } = line
  if ((input.quantity === undefined) === (input.amount === undefined)) {
    throw new ServiceError('invalid_argument', `${name}: give either quantity, or amount for money without goods.`)
  }
  if (line.isReturn) {
    throw new ServiceError('invalid_argument', `${name}.line: line ${line.line} is a return; it cannot be refunded.`)
  }
  const isUnits = input.quantity !== undefined
  const argument = `${name}.${isUnits ? 'quantity' : 'amount'}`
  const asked = isUnits ? new Decimal(input.quantity ?? 0) : inMinorUnits(input.amount ?? '0', argument, currency)
  if (asked.lte(0)) throw new ServiceError('invalid_argument', `${argument} must be more than 0.`)
  if (asked.gt(isUnits ? left.quantity : paidFor(left))) {
    const rest = `${quantity(left.quantity)} units, ${formatMoney(money(paidFor(left), currency))}`
    const what = `line ${line.line} (${clean(line.sku, 60)})`
    throw new ServiceError('conflict', `${argument}: of ${what} only ${rest} are left to refund. Nothing was written.`)
  }
  return isUnits ? partOfUnits(left, asked, currency.currencyDigits) : partOfMoney(left, asked, currency.currencyDigits)
}

/** The method of the order's largest payment; cash if there is none. */
export async function largestPaymentMethod(db: Transaction, businessId: string, orderId: string): Promise<string> {
  const payment = await db
    .selectFrom('order_payment')
    .select('method')
    .where('business_id', '=', businessId)
    .where('order_id', '=', orderId)
    .orderBy('amount', 'desc')
    .orderBy('payment_number')
    .limit(1)
    .executeTakeFirst()
  return payment?.method ?? 'cash'
}

export interface NewRefund {
  parts: readonly RefundPart[]
  tips: Decimal
  reason: string
  method: string
  /** Whether the goods go back on sale; otherwise they are written off at their cost. */
  restock: boolean
}

/** Writes a refund of a locked order, at the order's location. */
export async function writeRefund(
  db: Transaction,
  { businessId, createdBy, now }: Author,
  order: LockedOrder,
  { parts, tips, reason, method, restock }: NewRefund,
): Promise<{ id: string; stock: StockChange[] }> {
  const id = randomUUID()
  const moves = parts.map(({ line, part }) => ({
    variantId: line.variantId,
    locationId: order.location_id,
    sku: line.sku,
    quantity: part.quantity,
  }))
  const entry = { reason: 'return', sourceId: id, createdBy, createdAt: now } as const
  const stock = restock ? await moveStock(db, businessId, moves, entry) : []
  const refund = db.insertInto('order_refund').values({
    business_id: businessId,
    id,
    order_id: order.id,
    location_id: order.location_id,
    refunded_at: now,
    reason,
    method,
    created_by: createdBy,
    tips: tips.toFixed(),
  })
  // One parameter for all rows, because an imported order may have thousands of lines.
  const rows = JSON.stringify(
    parts.map(({ line, part }) => ({
      line_number: line.line,
      quantity: part.quantity.toFixed(),
      returns: part.returns.toFixed(),
      tax: part.tax.toFixed(),
    })),
  )
  const refunded = sql<Record<'quantity' | 'returns' | 'tax', string> & { line_number: number }>`
    jsonb_to_recordset(${rows}::jsonb)`.as<'r'>(
    sql`r (line_number integer, quantity numeric, returns numeric, tax numeric)`,
  )
  const refundLines = db
    .insertInto('order_refund_line')
    .columns([
      'business_id',
      'refund_id',
      'order_id',
      'line_number',
      'product_id',
      'variant_id',
      'quantity',
      'returns',
      'tax',
      'unit_cost',
      'restocked',
    ])
    .expression((eb) =>
      eb
        .selectFrom(refunded)
        .innerJoin('order_item as i', 'i.line_number', 'r.line_number')
        .select(({ and, cast, eb, val }) => [
          'i.business_id',
          cast<string>(val(id), 'uuid').as('refund_id'),
          'i.order_id',
          'i.line_number',
          'i.product_id',
          'i.variant_id',
          'r.quantity',
          'r.returns',
          'r.tax',
          'i.unit_cost',
          and([cast<boolean>(val(restock), 'boolean'), eb('r.quantity', '>', '0')]).as('restocked'),
        ])
        .where('i.business_id', '=', businessId)
        .where('i.order_id', '=', order.id),
    )
  await Promise.all([refund.execute(), refundLines.execute()])
  return { id, stock }
}
