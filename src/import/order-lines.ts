import { Decimal } from '../money/money.ts'
import { rateOf } from '../money/tax-rate.ts'
import { lineAmounts } from '../pos/orders/line-amounts.ts'
import type { CsvRow } from './csv.ts'
import { isAmbiguous, type ReadDate } from './dates.ts'
import { AMOUNT, COST, Fields, MAX_CODE, PRICE, QUANTITY, quote, rangeFault } from './fields.ts'
import type { ImportContext } from './kind.ts'
import type { StagedRow } from './staging.ts'
import { isTotalsWord, statusOf, typeOf } from './words.ts'

const DAY_MS = 86_400_000

/** SQL types of the staged columns of an order line. */
export const STAGED_LINE = {
  order_number: 'text',
  ordered_at: 'timestamptz',
  cancelled_at: 'timestamptz',
  has_time: 'boolean',
  sku: 'text',
  quantity: 'numeric',
  unit_price: 'numeric',
  unit_cost: 'numeric',
  status: 'text',
  location: 'text',
  client_code: 'text',
  client_name: 'text',
  employee: 'text',
  product_name: 'text',
  category: 'text',
  tip: 'numeric',
  payment_method: 'text',
  order_type: 'text',
  // As the file says it; the next four are what comes of it.
  amount: 'numeric',
  discount_said: 'numeric',
  tax_said: 'numeric',
  tax_rate: 'numeric',
  gross_sales: 'numeric',
  discount: 'numeric',
  tax: 'numeric',
  // Of the whole order.
  order_discount: 'numeric',
  shipping: 'numeric',
  order_tax: 'numeric',
  order_total: 'numeric',
  refunded: 'numeric',
}

/**
 * Reads one line of an order.
 * @returns undefined for a line that is to count nothing: void, a total of the others
 */
export function readLine(row: CsvRow, context: ImportContext): StagedRow | undefined {
  const { business } = context
  const fields = new Fields(row, context.numbers)
  if (isLeftOut(row, fields)) return undefined
  const order_number = fields.code('order_number', { required: true, prefix: context.numberPrefix })
  const product_name = fields.text('product_name')
  // Where there is no SKU, the name is what tells a product from others.
  const sku = fields.code('sku') ?? product_name?.slice(0, MAX_CODE).trim() ?? null
  if (sku === null && fields.faults.length === 0) fields.fault('sku is missing')
  const location = fields.text('location')
  const date = readDate(fields, 'ordered_at', location, context)
  const cancelled = readDate(fields, 'cancelled_at', location, context)
  // A day without a time has its noon.
  if (date && cancelled && cancelled.at.getTime() < date.at.getTime() - (cancelled.hasTime ? 0 : DAY_MS)) {
    fields.fault('cancelled_at is before ordered_at')
  }
  const currency = fields.text('currency')
  if (currency !== null && currency.toUpperCase() !== business.currency) {
    fields.fault(`currency ${quote(currency)} is not ${business.currency}`)
  }
  const ofOrder = (column: string) => fields.decimal(column, AMOUNT)?.toDecimalPlaces(business.currencyDigits) ?? null
  const refunded = fields.decimal('refunded', { ...AMOUNT, min: -Infinity })?.abs() ?? null
  const values = {
    ordered_at: date?.at,
    cancelled_at: cancelled?.at,
    has_time: date?.hasTime,
    sku,
    status: readStatus(fields, refunded),
    location,
    client_code: fields.code('client_code'),
    client_name: fields.text('client_name'),
    employee: fields.text('employee'),
    product_name,
    category: fields.text('category'),
    tip: ofOrder('tip'),
    payment_method: fields.text('payment_method', { max: MAX_CODE }),
    order_type: fields.text('order_type', { max: MAX_CODE }),
    order_discount:
      fields
        .decimal('order_discount', { ...AMOUNT, min: -Infinity })
        ?.abs()
        .toDecimalPlaces(business.currencyDigits) ?? null,
    shipping: ofOrder('shipping'),
    order_tax: ofOrder('order_tax'),
    order_total: ofOrder('order_total'),
    refunded,
    ...readSold(fields, sku, refunded, context),
  }
  const { line, raw } = row
  if (fields.faults.length === 0) return { line, raw, order_number, ...values, reason: null }
  // The order number is kept so that the rest of the order is rejected along with this line.
  return { line, raw, order_number, reason: fields.faults.join('; ') }
}

function isLeftOut({ cells, raw }: CsvRow, fields: Fields): boolean {
  if (isTotalsWord(raw.find((value) => value !== '') ?? '') && !cells.ordered_at) return true
  return fields.flag('void') === true || typeOf(cells.type ?? '') === 'skip' || cells.status === 'skip'
}

function readStatus(fields: Fields, refunded: Decimal | null): string | null {
  const word = fields.text('status')
  if (word === null) return null
  const status = statusOf(word)
  if (status === undefined) {
    fields.fault(
      `status ${quote(word)} is unknown: say --map-value "status:${word}=completed", =open, =cancelled or =skip`,
    )
  } else if (status === 'refunded' && refunded === null) {
    fields.fault(`status ${quote(word)} needs the amount: name its column with --map refunded=Header`)
  }
  return status === 'refunded' ? 'completed' : (status ?? null)
}

/** Quantity, price and amounts of the line. */
function readSold(
  fields: Fields,
  sku: string | null,
  refunded: Decimal | null,
  context: ImportContext,
): Partial<StagedRow> {
  const word = fields.text('type')
  const type = word === null ? null : typeOf(word)
  if (type === undefined) {
    fields.fault(
      `type ${quote(word ?? '')} is neither a sale nor a refund: say --map-value "type:${word}=sale", =refund or =skip`,
    )
  }
  let quantity = fields.decimal('quantity', { ...QUANTITY, required: true })
  // What is left of a line after its return: one was sold, or the order's total tells that it was more.
  if (quantity?.isZero() && refunded?.isPositive() && !refunded.isZero()) quantity = new Decimal(1)
  if (quantity?.isZero()) fields.fault('quantity is zero')
  if (type === 'refund' && quantity?.isPositive()) quantity = quantity.negated()
  const isReturn = quantity?.isNegative() ?? false

  const total = fields.decimal('line_total', { ...AMOUNT, min: isReturn ? -Infinity : 0 })?.abs() ?? null
  const tag = fields.decimal('unit_price', { ...PRICE, min: -Infinity, required: total === null })
  if (tag?.isNegative() && isReturn) fields.fault(`unit_price ${tag.toFixed()} is negative, and so is quantity`)
  const cost = fields.decimal('cost', COST)
  const lineCost = fields.decimal('line_cost', { ...COST, min: isReturn ? -Infinity : 0 })?.abs()
  if (quantity === null || (total === null && tag === null)) return {}
  const count = quantity.abs()
  const price = total?.div(count) ?? (tag as Decimal)
  if (total && tag && total.minus(tag.times(count)).abs().gt(count.plus(1).times('0.005'))) {
    fields.fault(`line_total ${total.toFixed()} is not quantity × unit_price, ${tag.times(count).toFixed()}`)
  }
  return {
    quantity,
    unit_price: (tag ?? price).toDecimalPlaces(4),
    unit_cost: cost ?? lineCost?.div(count).toDecimalPlaces(4) ?? null,
    ...readAmounts(fields, quantity, price, ratesOf(sku, context), context),
  }
}

/** The time in a column; `time` and `time_zone` belong to that of the order. */
function readDate(
  fields: Fields,
  column: 'ordered_at' | 'cancelled_at',
  location: string | null,
  context: ImportContext,
): ReadDate | undefined {
  // An order is dated by one of its lines.
  const text = fields.text(column)
  if (text === null) return undefined
  const place = context.zones.get((location ?? context.location).toLowerCase()) ?? context.business.timezone
  const time = column === 'ordered_at' ? (fields.text('time') ?? undefined) : undefined
  const cells = { date: text, time, zone: fields.text('time_zone') ?? undefined }
  // A day is that of the shop, also in a file whose times are in another zone.
  const read = context.readDate(cells, { times: context.timezone ?? place, days: place })
  const said = quote([cells.date, cells.time, cells.zone].filter(Boolean).join(' '))
  if (read === undefined) {
    const why = isAmbiguous(text)
      ? 'may be day/month or month/day: say --date-format d/M/yyyy or --date-format M/d/yyyy, with HH:mm if it is there'
      : 'is not a date of the expected form (see --date-format)'
    fields.fault(`${column} ${said} ${why}`)
  } else if (read.at.getTime() > context.now.getTime() + DAY_MS) fields.fault(`${column} ${said} is in the future`)
  return read
}

/** The rates at which the shop sells, first that of the product. */
export function ratesOf(sku: string | null, { taxRates, business }: ImportContext): [string, ...string[]] {
  const own = taxRates.get(sku?.toLowerCase() ?? '')
  const rates = [business.taxRate, ...new Set(taxRates.values())]
  return own === undefined ? [business.taxRate, ...rates.slice(1)] : [own, ...rates]
}

function readAmounts(
  fields: Fields,
  quantity: Decimal,
  price: Decimal,
  rates: [string, ...string[]],
  { business }: ImportContext,
): Partial<StagedRow> | undefined {
  // Exports write discounts with either sign, and on returns the sign of the quantity on every amount.
  const discount = fields.decimal('discount', { ...AMOUNT, min: -Infinity })?.abs()
  const tax = fields.decimal('tax', quantity.isNegative() ? { ...AMOUNT, min: -Infinity } : AMOUNT)?.abs()
  const worth = quantity.times(price).abs().toDecimalPlaces(business.currencyDigits)
  const size = rangeFault(worth, AMOUNT)
  if (size !== undefined) fields.fault(`quantity × unit_price ${size}`)
  const paid = worth.minus(discount?.toDecimalPlaces(business.currencyDigits) ?? 0)
  if (paid.isNegative()) fields.fault(`discount ${discount?.toFixed()} is more than the line's ${worth.toFixed()}`)
  else if (tax?.gt(paid)) fields.fault(`tax ${tax.toFixed()} is more than the line's ${paid.toFixed()}`)
  if (fields.faults.length > 0) return undefined
  const said = { amount: worth, discount_said: discount ?? null, tax_said: tax ?? null }
  return { ...said, ...amountsOf({ quantity, price, discount, tax }, rates, business) }
}

/** What a line counts for. */
export function amountsOf(
  {
    quantity,
    price,
    discount,
    tax,
  }: { quantity: Decimal; price: Decimal; discount?: Decimal | undefined; tax?: Decimal | undefined },
  rates: [string, ...string[]],
  business: ImportContext['business'],
): { gross_sales: string; discount: string; tax: string; tax_rate: string | null } {
  const amounts = lineAmounts({
    quantity,
    unitPrice: price,
    taxRate: rates[0],
    taxIncluded: business.pricesIncludeTax,
    currencyDigits: business.currencyDigits,
    ...(discount ? { discount } : {}),
    ...(tax ? { tax: quantity.isNegative() ? tax.negated() : tax } : {}),
  })
  const net = new Decimal(amounts.grossSales).minus(amounts.discount)
  const tax_rate = tax ? rateOf(net, amounts.tax, rates, business) : rates[0]
  return { gross_sales: amounts.grossSales, discount: amounts.discount, tax: amounts.tax, tax_rate }
}
