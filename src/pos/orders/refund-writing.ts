import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { type Currency, Decimal, formatMoney, money, quantity } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { clean } from '../../results/text.ts'
import { inMinorUnits } from './order-pricing.ts'
import { moveStock, type StockChange } from './order-stock.ts'
import type { Author, LockedOrder } from './order-writing.ts'
import type { MethodAmount } from './refund-methods.ts'
import { isNothing, type LinePart, leftOf, paidFor, partOfMoney, partOfUnits } from './refund-parts.ts'

/** A line of an order with its refundable rest. */
interface RefundableLine {
  line: number
  variantId: string
  sku: string
  isReturn: boolean
  /** Whether stock is kept of it, so that it matters whether the goods go back on the shelf. */
  isStocked: boolean
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
      .select(({ eb, fn }) => [
        'i.line_number',
        'i.variant_id',
        'v.sku',
        'i.quantity as sold_quantity',
        'i.net_sales as sold_returns',
        'i.tax as sold_tax',
        eb
          .exists(
            eb
              .selectFrom('inventory as n')
              .select('n.variant_id')
              .whereRef('n.business_id', '=', 'i.business_id')
              .whereRef('n.variant_id', '=', 'i.variant_id'),
          )
          .$castTo<boolean>()
          .as('is_stocked'),
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
      isStocked: row.is_stocked,
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
  /** Whether the goods go back on the shelf; otherwise as asked for the whole refund. */
  restock?: boolean
}

export interface RefundPart {
  line: RefundableLine
  part: LinePart
  /** Whether the goods go back on the shelf; otherwise they are written off at their cost. */
  restock: boolean
}

/**
 * The parts of the requested lines; if none are requested, everything that is left.
 * @param restock whether the goods of lines that do not say it go back on the shelf
 * @throws ServiceError `invalid_argument` or `conflict` with what is left of the line, or if it is not said of goods
 *   in stock whether they go back
 */
export function partsToRefund(
  { lines }: Refundable,
  asked: readonly RefundLineInput[] | undefined,
  restock: boolean | undefined,
  currency: Currency,
): RefundPart[] {
  if (asked === undefined) {
    const all = lines.filter(({ left }) => !isNothing(left)).map((line) => ({ line, part: line.left }))
    return withRestock(all, restock)
  }
  const byNumber = new Map(lines.map((line) => [line.line, line]))
  if (new Set(asked.map(({ line }) => line)).size < asked.length)
    throw new ServiceError('invalid_argument', 'lines: name each line once only.')
  const parts = asked.map((input, index) => {
    const name = `lines.${index}`
    const line = byNumber.get(input.line)
    if (line === undefined) {
      throw new ServiceError('invalid_argument', `${name}.line: the order has no line ${input.line}.`, {
        hint: 'Use get_order to see its lines.',
      })
    }
    return { line, part: partOf(line, input, name, currency), restock: input.restock }
  })
  return withRestock(parts, restock)
}

/** Nothing is assumed about goods: a broken mug that goes back on the shelf is sold again. */
function withRestock(parts: readonly AskedPart[], usual: boolean | undefined): RefundPart[] {
  const open = parts.filter(
    ({ line, part, restock = usual }) => line.isStocked && part.quantity.gt(0) && restock === undefined,
  )
  if (open.length > 0) {
    const goods = open.slice(0, MAX_NAMED).map(({ line }) => `line ${line.line} (${clean(line.sku, 60)})`)
    const more = open.length > MAX_NAMED ? ` and ${open.length - MAX_NAMED} more` : ''
    throw new ServiceError(
      'invalid_argument',
      `restock: do the goods of ${goods.join(', ')}${more} go back on the shelf?`,
      {
        hint: 'Ask the person: true if they can be sold again, false for broken goods; or restock of each of the lines.',
      },
    )
  }
  return parts.map(({ line, part, restock = usual }) => ({ line, part, restock: restock ?? true }))
}

const MAX_NAMED = 10

type AskedPart = Omit<RefundPart, 'restock'> & { restock?: boolean | undefined }

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
    const rest = `${counted(quantity(left.quantity), 'unit')}, ${formatMoney(money(paidFor(left), currency))}`
    const what = `line ${line.line} (${clean(line.sku, 60)})`
    throw new ServiceError('conflict', `${argument}: of ${what} only ${rest} are left to refund. Nothing was written.`)
  }
  return isUnits ? partOfUnits(left, asked, currency.currencyDigits) : partOfMoney(left, asked, currency.currencyDigits)
}

export interface NewRefund {
  parts: readonly RefundPart[]
  tips: Decimal
  reason: string
  /** By which methods it goes back: at least one, together its total. */
  methods: readonly MethodAmount[]
}

/** Writes a refund of a locked order, at the order's location. */
export async function writeRefund(
  db: Transaction,
  { businessId, createdBy, now, employee }: Author,
  order: LockedOrder,
  { parts, tips, reason, methods }: NewRefund,
): Promise<{ id: string; stock: StockChange[] }> {
  const id = randomUUID()
  const [main, ...others] = methods
  if (main === undefined) throw new Error('a refund goes back by some method')
  const goods = parts.filter(({ restock }) => restock)
  const moves = goods.map(({ line, part }) => ({
    variantId: line.variantId,
    locationId: order.location_id,
    sku: line.sku,
    quantity: part.quantity,
  }))
  const entry = { reason: 'return', sourceId: id, createdBy, createdAt: now } as const
  const stock = await moveStock(db, businessId, moves, entry)
  const refund = db.insertInto('order_refund').values({
    business_id: businessId,
    id,
    order_id: order.id,
    location_id: order.location_id,
    refunded_at: now,
    reason,
    method: main.method,
    created_by: createdBy,
    refunded_by: employee?.id ?? null,
    tips: tips.toFixed(),
  })
  // One parameter for all rows, because an imported order may have thousands of lines.
  const rows = JSON.stringify(
    parts.map(({ line, part, restock }) => ({
      line_number: line.line,
      restock,
      quantity: part.quantity.toFixed(),
      returns: part.returns.toFixed(),
      tax: part.tax.toFixed(),
    })),
  )
  const refunded = sql<Record<'quantity' | 'returns' | 'tax', string> & { line_number: number; restock: boolean }>`
    jsonb_to_recordset(${rows}::jsonb)`.as<'r'>(
    sql`r (line_number integer, restock boolean, quantity numeric, returns numeric, tax numeric)`,
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
        .select(({ and, cast, eb, ref, val }) => [
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
          and([ref('r.restock'), eb('r.quantity', '>', '0')]).as('restocked'),
        ])
        .where('i.business_id', '=', businessId)
        .where('i.order_id', '=', order.id),
    )
  const otherMethods = db.insertInto('order_refund_payment').values(
    others.map(({ method, amount }) => ({
      business_id: businessId,
      refund_id: id,
      order_id: order.id,
      method,
      amount: amount.toFixed(),
    })),
  )
  await Promise.all([refund.execute(), refundLines.execute(), others.length > 0 ? otherMethods.execute() : undefined])
  return { id, stock }
}
