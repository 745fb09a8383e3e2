import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { Decimal } from '../money/money.ts'
import type { ImportBusiness, ImportContext } from './kind.ts'
import { amountsOf, ratesOf } from './order-lines.ts'

/** Amounts that a file states for the whole order, on its first line or on each. */
export const ORDER_AMOUNTS = ['order_discount', 'shipping', 'order_tax', 'order_total', 'refunded']

const PAGE = 2000
const SHIPPING = { sku: 'SHIPPING', product_name: 'Shipping', category: 'Shipping' }

interface Line {
  line: number
  order_number: string
  sku: string
  quantity: string
  unit_price: string
  amount: string
  discount_said: string | null
  tax_said: string | null
}

interface Order {
  order_number: string
  line: number
  tip: string | null
  order_discount: string | null
  shipping: string | null
  order_tax: string | null
  order_total: string | null
  refunded: string | null
}

interface Spread {
  lines: Record<string, unknown>[]
  /** Lines that are a discount of the order, which the others have now. */
  absorbed: number[]
  shipping?: Record<string, unknown>
  fault?: { line: number; reason: string }
}

/**
 * Gives the lines of each order their part of what the file states for the whole order: its discount and tax, by what
 * each line costs, and shipping as a line of its own. So the order has the total that the file states, and is rejected
 * if it has not.
 */
export async function spreadOrderAmounts(db: Transaction, context: ImportContext): Promise<void> {
  const concerned = sql`(has_discount_line or coalesce(order_discount, shipping, order_tax, order_total, refunded) is not null)`
  await sql`create index on import_order (order_number) where ${concerned}`.execute(db)
  for (let after = ''; ; ) {
    const { rows: orders } = await sql<Order>`
      select order_number, line, tip, order_discount, shipping, order_tax, order_total, refunded from import_order o
      where ${concerned} and order_number > ${after} and not exists (
        select from import_line row where row.order_number = o.order_number and row.reason is not null)
      order by order_number limit ${PAGE}`.execute(db)
    const last = orders.at(-1)
    if (last === undefined) return
    after = last.order_number

    const { rows } = await sql<Line>`
      select line, order_number, sku, quantity, unit_price, amount, discount_said, tax_said from import_line
      where order_number = any(${orders.map((order) => order.order_number)}) order by order_number, line`.execute(db)
    const lines = new Map(orders.map((order) => [order.order_number, [] as Line[]]))
    for (const row of rows) lines.get(row.order_number)?.push(row)
    const spread = orders.map((order) => spreadOrder(order, lines.get(order.order_number) ?? [], context))
    await write(db, spread)
  }
}

async function write(db: Transaction, spread: Spread[]): Promise<void> {
  const lines = spread.flatMap((order) => order.lines)
  await sql`
    update import_line line
    set gross_sales = n.gross_sales, discount = n.discount, tax = n.tax, tax_rate = n.tax_rate
    from jsonb_to_recordset(${JSON.stringify(lines)}::jsonb)
      as n (line integer, gross_sales numeric, discount numeric, tax numeric, tax_rate numeric)
    where n.line = line.line`.execute(db)
  const absorbed = spread.flatMap((order) => order.absorbed)
  await sql`delete from import_line where line = any(${absorbed})`.execute(db)
  const shipping = spread.flatMap((order) => order.shipping ?? [])
  await sql`
    insert into import_line (line, raw, order_number, sku, product_name, category, quantity, unit_price, gross_sales,
      discount, tax, tax_rate)
    select line, '[]', order_number, ${SHIPPING.sku}, ${SHIPPING.product_name}, ${SHIPPING.category}, 1, unit_price,
      gross_sales, discount, tax, tax_rate
    from jsonb_to_recordset(${JSON.stringify(shipping)}::jsonb) as n (line integer, order_number text,
      unit_price numeric, gross_sales numeric, discount numeric, tax numeric, tax_rate numeric)`.execute(db)
  const faults = spread.flatMap((order) => order.fault ?? [])
  await sql`
    update import_line line set reason = n.reason
    from jsonb_to_recordset(${JSON.stringify(faults)}::jsonb) as n (line integer, reason text)
    where n.line = line.line`.execute(db)
}

function spreadOrder(order: Order, all: Line[], context: ImportContext): Spread {
  const { business } = context
  const absorbed = all.filter((row) => new Decimal(row.unit_price).isNegative())
  const lines = all.filter((row) => !absorbed.includes(row))
  const refuse = (reason: string): Spread => ({
    lines: [],
    absorbed: [],
    fault: { line: all[0]?.line ?? order.line, reason },
  })

  const sold = lines.filter((row) => !new Decimal(row.quantity).isNegative())
  const taxed = sold.length > 0 ? sold : lines
  const paid = (row: Line) => new Decimal(row.amount).minus(row.discount_said ?? 0)
  const ofOrder = sum([order.order_discount ?? 0, ...absorbed.map((row) => row.amount)])
  if (ofOrder.gt(sum(sold.map(paid)))) {
    return refuse(`the discount of the order, ${ofOrder.toFixed()}, is more than its ${sum(sold.map(paid)).toFixed()}`)
  }
  const discounts = share(ofOrder, sold.map(paid), business)
  const discountOf = (row: Line) => new Decimal(row.discount_said ?? 0).plus(discounts[sold.indexOf(row)] ?? 0)

  const stated = lines.some((row) => row.tax_said !== null)
  const ofLines = sum(lines.map((row) => new Decimal(row.tax_said ?? 0).times(Math.sign(Number(row.quantity)))))
  const hasShipping = new Decimal(order.shipping ?? 0).gt(0)
  const rest = order.order_tax === null ? new Decimal(0) : new Decimal(order.order_tax).minus(stated ? ofLines : 0)
  if (stated && !rest.isZero() && (!hasShipping || rest.isNegative())) {
    return refuse(`order_tax ${order.order_tax} is not what its lines have, ${ofLines.toFixed()}`)
  }
  const weights = taxed.map((row) => new Decimal(row.amount).minus(discountOf(row)))
  const taxes = stated || order.order_tax === null ? [] : share(rest, weights, business)
  const taxOf = (row: Line) => (row.tax_said === null ? taxes[taxed.indexOf(row)] : new Decimal(row.tax_said))

  const spread = lines.map((row) => {
    const quantity = new Decimal(row.quantity)
    const price = new Decimal(row.amount).div(quantity.abs())
    const tax = taxOf(row) ?? (taxes.length > 0 ? new Decimal(0) : undefined)
    const amounts = amountsOf({ quantity, price, discount: discountOf(row), tax }, ratesOf(row.sku, context), business)
    return { line: row.line, ...amounts }
  })
  const shipping = hasShipping
    ? shippingOf(order, stated || order.order_tax !== null ? (stated ? rest : new Decimal(0)) : undefined, context)
    : undefined

  const total = sum([...spread, ...(shipping ? [shipping] : [])].map(totalOf)).plus(order.tip ?? 0)
  if (order.order_total !== null && !total.eq(order.order_total)) {
    return refuse(
      `order_total is ${money(order.order_total, business)}, but its lines, discounts, shipping, tax and tip make ${money(total, business)}`,
    )
  }
  if (order.refunded !== null && new Decimal(order.refunded).gt(total)) {
    return refuse(`refunded ${money(order.refunded, business)} is more than the order's ${money(total, business)}`)
  }
  return { lines: spread, absorbed: absorbed.map((row) => row.line), ...(shipping ? { shipping } : {}) }
}

type Amounts = ReturnType<typeof amountsOf>

function shippingOf(order: Order, tax: Decimal | undefined, context: ImportContext) {
  const price = new Decimal(order.shipping ?? 0)
  const { business } = context
  const amounts = amountsOf({ quantity: new Decimal(1), price, tax }, ratesOf(SHIPPING.sku, context), business)
  // Lines of the file have positive numbers.
  return { line: -order.line, order_number: order.order_number, unit_price: price.toFixed(), ...amounts }
}

const totalOf = ({ gross_sales, discount, tax }: Amounts) => new Decimal(gross_sales).minus(discount).plus(tax)
const sum = (values: Decimal.Value[]) => Decimal.sum(0, ...values)
const money = (value: Decimal.Value, { currencyDigits }: ImportBusiness) => new Decimal(value).toFixed(currencyDigits)

/** Shares an amount by weights, exactly: the parts are whole minor units and add up to it. */
function share(amount: Decimal, weights: Decimal[], { currencyDigits }: ImportBusiness): Decimal[] {
  const whole = sum(weights)
  let before = new Decimal(0)
  let given = new Decimal(0)
  return weights.map((weight) => {
    before = before.plus(weight)
    const until = whole.isZero() ? new Decimal(0) : amount.times(before).div(whole).toDecimalPlaces(currencyDigits)
    const part = until.minus(given)
    given = until
    return part
  })
}
