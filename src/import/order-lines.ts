import { Decimal } from '../money/money.ts'
import { rateOf } from '../money/tax-rate.ts'
import { lineAmounts } from '../pos/orders/line-amounts.ts'
import type { CsvRow } from './csv.ts'
import { isAmbiguous, type ReadDate } from './dates.ts'
import { AMOUNT, COST, Fields, MAX_CODE, PRICE, QUANTITY, quote, rangeFault } from './fields.ts'
import type { ImportContext } from './kind.ts'
import type { StagedRow } from './staging.ts'

const STATUSES = ['open', 'completed', 'cancelled']
const DAY_MS = 86_400_000

/** SQL types of the staged columns of an order line. */
export const STAGED_LINE = {
  order_number: 'text',
  ordered_at: 'timestamptz',
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
  const quantity = fields.decimal('quantity', { ...QUANTITY, required: true })
  if (quantity?.isZero()) fields.fault('quantity is zero')
  const price = fields.decimal('unit_price', { ...PRICE, required: true })
  const date = readDate(fields, location, context)
  const values = {
    ordered_at: date?.at,
    has_time: date?.hasTime,
    sku,
    quantity,
    unit_price: price,
    unit_cost: fields.decimal('cost', COST),
    status: fields.oneOf('status', STATUSES),
    location,
    client_code: fields.code('client_code'),
    client_name: fields.text('client_name'),
    employee: fields.text('employee'),
    product_name: fields.text('product_name'),
    category: fields.text('category'),
    tip: fields.decimal('tip', AMOUNT)?.toDecimalPlaces(business.currencyDigits) ?? null,
    payment_method: fields.text('payment_method', { max: MAX_CODE }),
    order_type: fields.text('order_type', { max: MAX_CODE }),
    ...(quantity && price ? readAmounts(fields, quantity, price, ratesOf(sku, context), context) : {}),
  }
  const { line, raw } = row
  if (fields.faults.length === 0) return { line, raw, order_number, ...values, reason: null }
  // The order number is kept so that the rest of the order is rejected along with this line.
  return { line, raw, order_number, reason: fields.faults.join('; ') }
}

function readDate(fields: Fields, location: string | null, context: ImportContext): ReadDate | undefined {
  const text = fields.text('ordered_at', { required: true })
  if (text === null) return undefined
  const place = context.zones.get((location ?? context.location).toLowerCase()) ?? context.business.timezone
  const cells = { date: text, time: fields.text('time') ?? undefined, zone: fields.text('time_zone') ?? undefined }
  // A day is that of the shop, also in a file whose times are in another zone.
  const read = context.readDate(cells, { times: context.timezone ?? place, days: place })
  const said = quote([cells.date, cells.time, cells.zone].filter(Boolean).join(' '))
  if (read === undefined) {
    const why = isAmbiguous(text)
      ? 'may be day/month or month/day: say --date-format d/M/yyyy or --date-format M/d/yyyy, with HH:mm if it is there'
      : 'is not a date of the expected form (see --date-format)'
    fields.fault(`ordered_at ${said} ${why}`)
  } else if (read.at.getTime() > context.now.getTime() + DAY_MS) fields.fault(`ordered_at ${said} is in the future`)
  return read
}

/** The rates at which the shop sells, first that of the product. */
function ratesOf(sku: string | null, { taxRates, business }: ImportContext): [string, ...string[]] {
  const own = taxRates.get(sku ?? '')
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
