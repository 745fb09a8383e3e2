import type { Decimal } from '../money/money.ts'
import { lineAmounts } from '../pos/orders/line-amounts.ts'
import type { CsvRow } from './csv.ts'
import { AMOUNT, COST, Fields, MAX_CODE, PRICE, QUANTITY, quote, rangeFault } from './fields.ts'
import type { ImportContext } from './kind.ts'
import type { StagedRow } from './staging.ts'

const STATUSES = ['open', 'completed', 'cancelled']
const DAY_MS = 86_400_000

/** SQL types of the staged columns of an order line. */
export const STAGED_LINE = {
  order_number: 'text',
  ordered_at: 'timestamptz',
  sku: 'text',
  quantity: 'numeric',
  unit_price: 'numeric',
  unit_cost: 'numeric',
  status: 'text',
  location: 'text',
  client_code: 'text',
  client_name: 'text',
  product_name: 'text',
  category: 'text',
  tip: 'numeric',
  payment_method: 'text',
  order_type: 'text',
  tax_rate: 'numeric',
  gross_sales: 'numeric',
  discount: 'numeric',
  tax: 'numeric',
}

/** Reads one line of an order. */
export function readLine(row: CsvRow, context: ImportContext): StagedRow {
  const { business } = context
  const fields = new Fields(row, context.numbers)
  const order_number = fields.code('order_number', { required: true, prefix: context.numberPrefix })
  const sku = fields.code('sku', { required: true })
  const location = fields.text('location')
  const tax_rate = context.taxRates.get(sku ?? '') ?? business.taxRate
  const quantity = fields.decimal('quantity', { ...QUANTITY, required: true })
  if (quantity?.isZero()) fields.fault('quantity is zero')
  const price = fields.decimal('unit_price', { ...PRICE, required: true })
  const values = {
    ordered_at: readDate(fields, location, context),
    sku,
    quantity,
    unit_price: price,
    unit_cost: fields.decimal('cost', COST),
    status: fields.oneOf('status', STATUSES),
    location,
    client_code: fields.code('client_code'),
    client_name: fields.text('client_name'),
    product_name: fields.text('product_name'),
    category: fields.text('category'),
    tip: fields.decimal('tip', AMOUNT)?.toDecimalPlaces(business.currencyDigits) ?? null,
    payment_method: fields.text('payment_method', { max: MAX_CODE }),
    order_type: fields.text('order_type', { max: MAX_CODE }),
    tax_rate,
    ...(quantity && price ? readAmounts(fields, quantity, price, tax_rate, context) : {}),
  }
  const { line, raw } = row
  if (fields.faults.length === 0) return { line, raw, order_number, ...values, reason: null }
  // The order number is kept so that the rest of the order is rejected along with this line.
  return { line, raw, order_number, reason: fields.faults.join('; ') }
}

function readDate(fields: Fields, location: string | null, context: ImportContext): Date | null {
  const text = fields.text('ordered_at', { required: true })
  if (text === null) return null
  const zone =
    context.timezone ?? context.zones.get((location ?? context.location).toLowerCase()) ?? context.business.timezone
  const date = context.readDate(text, zone)
  if (date === undefined)
    fields.fault(`ordered_at ${quote(text)} is not a date of the expected form (see --date-format)`)
  else if (date.getTime() > context.now.getTime() + DAY_MS) fields.fault(`ordered_at ${quote(text)} is in the future`)
  return date ?? null
}

function readAmounts(
  fields: Fields,
  quantity: Decimal,
  price: Decimal,
  taxRate: string,
  { business }: ImportContext,
): Partial<StagedRow> | undefined {
  // On returns, some exports put the sign of the quantity on every amount.
  const range = quantity.isNegative() ? { ...AMOUNT, min: -Infinity } : AMOUNT
  const discount = fields.decimal('discount', range)?.abs()
  const tax = fields.decimal('tax', range)?.abs()
  const worth = quantity.times(price).abs().toDecimalPlaces(business.currencyDigits)
  const size = rangeFault(worth, AMOUNT)
  if (size !== undefined) fields.fault(`quantity × unit_price ${size}`)
  const paid = worth.minus(discount?.toDecimalPlaces(business.currencyDigits) ?? 0)
  if (paid.isNegative()) fields.fault(`discount ${discount?.toFixed()} is more than the line's ${worth.toFixed()}`)
  else if (tax?.gt(paid)) fields.fault(`tax ${tax.toFixed()} is more than the line's ${paid.toFixed()}`)
  if (fields.faults.length > 0) return undefined
  const amounts = lineAmounts({
    quantity,
    unitPrice: price,
    taxRate,
    taxIncluded: business.pricesIncludeTax,
    currencyDigits: business.currencyDigits,
    ...(discount ? { discount } : {}),
    ...(tax ? { tax: quantity.isNegative() ? tax.negated() : tax } : {}),
  })
  return { gross_sales: amounts.grossSales, discount: amounts.discount, tax: amounts.tax }
}
