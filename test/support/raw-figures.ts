import { Decimal as DecimalJs } from 'decimal.js'
import { Temporal } from 'temporal-polyfill'
import type { TestDatabase } from './database.ts'

// The figures of every report a second time, from the raw rows only, without the database's sums or the service's code.
// Rounds half up, as accountants do.
const Decimal = DecimalJs.clone({ precision: 60, rounding: DecimalJs.ROUND_HALF_UP })
type Decimal = DecimalJs

interface BusinessRow {
  timezone: string
  currency: string
  currency_digits: number
}
interface LocationRow {
  id: string
  name: string
  timezone: string
}
interface ProductRow {
  id: string
  category_id: string | null
  supplier_id: string | null
}
export interface OrderRow {
  id: string
  order_number: string
  location_id: string
  customer_id: string | null
  status: 'open' | 'completed' | 'cancelled'
  completed_at: Date | null
  /** False: only the day is known. */
  has_time: boolean
  order_type: string
  sold_by: string | null
  tips: string
}
interface ItemRow {
  order_id: string
  line_number: number
  product_id: string
  variant_id: string
  quantity: string
  /** Null: not stated. */
  tax_rate: string | null
  gross_sales: string
  discount: string
  tax: string
  unit_cost: string | null
}
interface PaymentRow {
  order_id: string
  payment_number: number
  method: string
  amount: string
}
interface RefundRow {
  id: string
  order_id: string
  location_id: string
  refunded_at: Date
  has_time: boolean
  method: string
  tips: string
}
interface RefundPartRow {
  refund_id: string
  method: string
  amount: string
}
interface RefundLineRow {
  refund_id: string
  order_id: string
  line_number: number
  product_id: string
  variant_id: string
  quantity: string
  returns: string
  tax: string
  unit_cost: string | null
  restocked: boolean
}
interface MovementRow {
  location_id: string
  variant_id: string
  quantity: string
}

/** All rows of a business that a figure can depend on, as stored. */
export interface RawRows {
  business: BusinessRow
  locations: LocationRow[]
  products: ProductRow[]
  suppliers: { id: string; name: string }[]
  variants: { id: string; sku: string }[]
  customers: { id: string; code: string; city: string | null }[]
  orders: OrderRow[]
  items: ItemRow[]
  payments: PaymentRow[]
  refunds: RefundRow[]
  /** What went back by other methods than those of the refunds. */
  refundParts: RefundPartRow[]
  refundLines: RefundLineRow[]
  movements: MovementRow[]
}

/** Reads the rows of one business, bypassing row-level security. */
export async function readRawRows({ asOwner }: TestDatabase, businessId: string): Promise<RawRows> {
  const all = <Row extends object>(table: string) =>
    asOwner<Row & Record<string, unknown>>(`select * from ${table} where business_id = $1`, [businessId])
  const [business] = await asOwner<BusinessRow & Record<string, unknown>>('select * from business where id = $1', [
    businessId,
  ])
  return {
    business: business as BusinessRow,
    locations: await all<LocationRow>('location'),
    variants: await all<{ id: string; sku: string }>('product_variant'),
    products: await all<ProductRow>('product'),
    suppliers: await all<{ id: string; name: string }>('supplier'),
    customers: await all<{ id: string; code: string; city: string | null }>('customer'),
    orders: await all<OrderRow>('orders'),
    items: await all<ItemRow>('order_item'),
    payments: await all<PaymentRow>('order_payment'),
    refunds: await all<RefundRow>('order_refund'),
    refundParts: await all<RefundPartRow>('order_refund_payment'),
    refundLines: await all<RefundLineRow>('order_refund_line'),
    movements: await all<MovementRow>('inventory_movement'),
  }
}

/** Local days, including both ends. */
export interface Days {
  from: string
  to: string
}

export type Group = 'day' | 'week' | 'month' | 'weekday' | 'hour'

/** When something happened, in the local time of a report. */
interface Local {
  date: string
  time: Temporal.PlainTime
  /** Whether the time is known. */
  hasTime?: boolean
}

/** What one order, line or refund adds to the figures; amounts without tax. */
interface Entry extends Local {
  orders: number
  refunds: number
  unitsSold: Decimal
  unitsReturned: Decimal
  gross: Decimal
  discounts: Decimal
  returns: Decimal
  tax: Decimal
  tips: Decimal
  /** Only for a line. */
  line?: { productId: string; variantId: string; taxRate: string | null; cost: Decimal | null }
}

interface Paid extends Local {
  method: string
  payments: number
  amount: Decimal
  refunds: number
  refunded: Decimal
}

const ZERO = new Decimal(0)
const UNKNOWN_TIME = 'unknown time'
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

const sum = <Row>(rows: readonly Row[], of: (row: Row) => DecimalJs.Value): Decimal =>
  rows.reduce((total, row) => total.plus(of(row)), ZERO)
const groupBy = <Row>(rows: readonly Row[], of: (row: Row) => string): Map<string, Row[]> => {
  const groups = new Map<string, Row[]>()
  for (const row of rows) groups.set(of(row), [...(groups.get(of(row)) ?? []), row])
  return groups
}
/** Highest first; equal ones by id. */
const ranked = <Row>(rows: readonly Row[], of: (row: Row) => Decimal, idOf: (row: Row) => string): Row[] =>
  rows.toSorted((a, b) => of(b).cmp(of(a)) || (idOf(a) < idOf(b) ? -1 : 1))

export function localTime(at: Date, timezone: string): Local {
  const zoned = Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(timezone)
  return { date: zoned.toPlainDate().toString(), time: zoned.toPlainTime() }
}

/** The sales of a business by its own clock, or of one location by the clock of that location. */
export class Sales {
  readonly timezone: string
  readonly currency: string
  private readonly raw: RawRows
  private readonly entries: Entry[]
  private readonly paid: Paid[]
  private readonly isHere: (locationId: string) => boolean

  constructor(raw: RawRows, locationId?: string) {
    const location = raw.locations.find(({ id }) => id === locationId)
    this.raw = raw
    this.timezone = (location ?? raw.business).timezone
    this.currency = raw.business.currency
    this.isHere = (id) => locationId === undefined || id === locationId
    const orders = this.completedOrders()
    const refunds = raw.refunds.filter((refund) => this.isHere(refund.location_id))
    this.entries = [
      ...orders.flatMap((order) => this.orderEntries(order)),
      ...refunds.flatMap((refund) => this.refundEntries(refund)),
    ]
    this.paid = [
      ...orders.flatMap((order) =>
        raw.payments
          .filter((payment) => payment.order_id === order.id)
          .map(({ method, amount }) => ({
            ...this.local(order.completed_at),
            method,
            // A negative payment is money back.
            ...(new Decimal(amount).lt(0)
              ? { payments: 0, amount: ZERO, refunds: 1, refunded: new Decimal(amount).negated() }
              : { payments: 1, amount: new Decimal(amount), refunds: 0, refunded: ZERO }),
          })),
      ),
      ...refunds.flatMap((refund) =>
        this.wentBack(refund).map(({ method, amount }) => ({
          ...this.local(refund.refunded_at),
          method,
          payments: 0,
          amount: ZERO,
          refunds: 1,
          refunded: amount,
        })),
      ),
    ]
  }

  /** By which methods a refund went back: its own takes what no other did. */
  private wentBack(refund: RefundRow): { method: string; amount: Decimal }[] {
    const others = this.raw.refundParts
      .filter((part) => part.refund_id === refund.id)
      .map(({ method, amount }) => ({ method, amount: new Decimal(amount) }))
      .sort((a, b) => b.amount.cmp(a.amount) || (a.method < b.method ? -1 : 1))
    const rest = this.refundTotal(refund).minus(sum(others, ({ amount }) => amount))
    return [{ method: refund.method, amount: rest }, ...others]
  }

  /** An amount rounded once, to the minor unit. */
  minor(value: DecimalJs.Value): string {
    return new Decimal(value).toFixed(this.raw.business.currency_digits)
  }

  /** What percentage one amount is of another; null if the whole is not positive. */
  share(part: DecimalJs.Value, whole: DecimalJs.Value): string | null {
    if (new Decimal(whole).lte(0)) return null
    const percent = new Decimal(part).times(100).div(whole).toDecimalPlaces(1)
    return percent.isZero() ? '0.0' : percent.toFixed(1)
  }

  /** The mean of some amounts, at the minor unit. */
  mean(amounts: readonly DecimalJs.Value[]): string {
    const total = sum(amounts, (amount) => amount)
    return this.minor(total.div(amounts.length))
  }

  /** Sales in Square's terms. @param until wall-clock time at which each day ends, exclusive */
  figures(days: Days, until?: Temporal.PlainTime) {
    return this.figuresOf(this.within(days, until))
  }

  /** Net sales with all their digits. */
  exactNetSales(days: Days, until?: Temporal.PlainTime): Decimal {
    return sum(this.within(days, until), netOf)
  }

  /** The same as figures, with only the last day ending at a time. */
  figuresUntil({ from, to }: Days, until: Temporal.PlainTime | null) {
    if (until === null) return this.figures({ from, to })
    const before = Temporal.PlainDate.from(to).subtract({ days: 1 }).toString()
    const whole = from < to ? this.within({ from, to: before }) : []
    return this.figuresOf([...whole, ...this.within({ from: to, to }, until)])
  }

  /** The first day with a completed sale; null if there is none. */
  since(): string | null {
    const days = this.entries.filter(({ orders }) => orders > 0).map(({ date }) => date)
    return days.toSorted()[0] ?? null
  }

  /** Net sales by day, week, month or quarter, with the days of the window in each. */
  parts(by: 'day' | 'week' | 'month' | 'quarter', days: Days) {
    const keyOf = (date: Temporal.PlainDate) =>
      by === 'quarter'
        ? `${date.year} ${Math.ceil(date.month / 3)}`
        : by === 'month'
          ? `${date.year} ${date.month}`
          : by === 'week'
            ? `${date.yearOfWeek} ${date.weekOfYear}`
            : date.toString()
    return [...groupBy(dates(days), keyOf).values()].map((group) => {
      const [from, to] = [String(group[0]), String(group.at(-1))]
      return { from, to, days: group.length, netSales: this.minor(sum(this.within({ from, to }), netOf)) }
    })
  }

  /** One order as it was sold, whatever its status, and its refunds. */
  order({ id, status, tips }: OrderRow, show = (value: DecimalJs.Value) => this.minor(value)) {
    const items = this.raw.items.filter((item) => item.order_id === id)
    const net = sum(items, (item) => new Decimal(item.gross_sales).minus(item.discount))
    const tax = sum(items, (item) => item.tax)
    const refunds = this.raw.refunds.filter((refund) => refund.order_id === id)
    return {
      id,
      status,
      netSales: show(net),
      tax: show(tax),
      tips: show(tips),
      total: show(net.plus(tax).plus(tips)),
      refunded: show(sum(refunds, (refund) => this.refundTotal(refund))),
    }
  }

  /** What one refund gave back. */
  refund(refundId: string) {
    const refund = this.raw.refunds.find(({ id }) => id === refundId)
    if (refund === undefined) throw new Error('no such refund')
    const lines = this.raw.refundLines.filter((line) => line.refund_id === refundId)
    return {
      id: refundId,
      methods: this.wentBack(refund).map(({ method, amount }) => ({ method, amount: this.minor(amount) })),
      returns: this.minor(sum(lines, ({ returns }) => returns)),
      tax: this.minor(sum(lines, ({ tax }) => tax)),
      tips: this.minor(refund.tips),
      total: this.minor(this.refundTotal(refund)),
    }
  }

  /** The rows of a report, including those without sales; by hour last what has no time, if anything. */
  rows(group: Group, days: Days) {
    const keyOf = (date: Temporal.PlainDate, hour: number): string => {
      if (group === 'hour') return `${String(hour).padStart(2, '0')}:00`
      if (group === 'weekday') return WEEKDAYS[date.dayOfWeek - 1] as string
      if (group === 'month') return date.with({ day: 1 }).toString()
      return (group === 'week' ? date.subtract({ days: date.dayOfWeek - 1 }) : date).toString()
    }
    const hours = Array.from({ length: 24 }, (_, hour) => keyOf(Temporal.PlainDate.from(days.from), hour))
    const keys = group === 'hour' ? hours : group === 'weekday' ? WEEKDAYS : dates(days).map((date) => keyOf(date, 0))
    // Of what has no time, the hour is unknown.
    const entries = groupBy(this.within(days), ({ date, time, hasTime }) =>
      group === 'hour' && hasTime === false ? UNKNOWN_TIME : keyOf(Temporal.PlainDate.from(date), time.hour),
    )
    return [...new Set([...keys, ...(entries.has(UNKNOWN_TIME) ? [UNKNOWN_TIME] : [])])].map((key) => {
      const { averageSale: _, unitsSold: __, ...figures } = this.figuresOf(entries.get(key) ?? [])
      return { key, ...figures }
    })
  }

  /** Sales and returns by variant, best first; by margin, those without a known cost come last. */
  products(days: Days, by: 'netSales' | 'unitsSold' | 'margin' = 'netSales') {
    const lines = this.within(days).filter(({ line }) => line !== undefined)
    const products = [...groupBy(lines, ({ line }) => line?.variantId ?? '')].map(([variantId, group]) => ({
      ...costed(group),
      variantId,
      productId: group[0]?.line?.productId ?? '',
      unitsSold: sum(group, ({ unitsSold }) => unitsSold),
      unitsReturned: sum(group, ({ unitsReturned }) => unitsReturned),
      gross: sum(group, ({ gross }) => gross),
      discounts: sum(group, ({ discounts }) => discounts),
      returns: sum(group, ({ returns }) => returns),
      netSales: sum(group, netOf),
    }))
    const sold = products.filter((row) => ![row.unitsSold, row.unitsReturned, row.netSales].every((n) => n.isZero()))
    const byNet = ranked(
      sold,
      (row) => row.netSales,
      (row) => row.variantId,
    )
    const value = (row: (typeof byNet)[number]) => row[by] ?? new Decimal(Number.NEGATIVE_INFINITY)
    return byNet.toSorted((a, b) => value(b).cmp(value(a)))
  }

  /** The same by each product's present category; null for none. */
  categories(days: Days) {
    const categoryOf = new Map(this.raw.products.map(({ id, category_id }) => [id, category_id]))
    const groups = groupBy(this.products(days), ({ productId }) => categoryOf.get(productId) ?? '')
    return [...groups].map(([id, group]) => ({
      id: id === '' ? null : id,
      unitsSold: sum(group, ({ unitsSold }) => unitsSold),
      gross: sum(group, ({ gross }) => gross),
      discounts: sum(group, ({ discounts }) => discounts),
      returns: sum(group, ({ returns }) => returns),
      netSales: sum(group, ({ netSales }) => netSales),
      ...withMargin(
        sum(group, ({ costedNetSales }) => costedNetSales),
        sum(group, ({ cost }) => cost ?? 0),
      ),
    }))
  }

  /** What was paid and paid back by method, with tax and tips, on the day of the sale or of the refund. */
  paymentMethods(days: Days) {
    const groups = groupBy(
      this.paid.filter(({ date }) => isWithin(date, days)),
      ({ method }) => method,
    )
    return [...groups].map(([method, group]) => ({
      method,
      payments: group.reduce((count, { payments }) => count + payments, 0),
      amount: sum(group, ({ amount }) => amount),
      refunds: group.reduce((count, { refunds }) => count + refunds, 0),
      refunded: sum(group, ({ refunded }) => refunded),
    }))
  }

  /** Net sales and tax by the rate of the sold line, highest rate first, last what has none. */
  taxRates(days: Days) {
    const lines = this.within(days).filter(({ line }) => line !== undefined)
    const rateOf = ({ line }: Entry) => (line?.taxRate == null ? '' : new Decimal(line.taxRate).toFixed())
    const rates = [...groupBy(lines, rateOf)].map(([rate, group]) => ({
      rate: rate === '' ? null : new Decimal(rate),
      netSales: sum(group, netOf),
      tax: sum(group, ({ tax }) => tax),
    }))
    return rates.toSorted((a, b) => (b.rate ?? new Decimal(-1)).cmp(a.rate ?? -1))
  }

  /** The day with the highest net sales among days with orders; the first of equal ones. */
  bestDay(days: Days): { date: string; netSales: string } | null {
    const selling = dates(days)
      .map((day) => ({ date: day.toString(), entries: this.within({ from: day.toString(), to: day.toString() }) }))
      .filter(({ entries }) => entries.some(({ orders }) => orders > 0))
      .map(({ date, entries }) => ({ date, net: sum(entries, netOf) }))
    const [best] = selling.toSorted((a, b) => b.net.cmp(a.net))
    return best === undefined ? null : { date: best.date, netSales: this.minor(best.net) }
  }

  /** Clients with a sale in a window: new ones, whose first sale at any location falls in it, and returning ones. */
  clientCounts(days: Days) {
    const orders = this.completedOrders().filter(
      ({ id, completed_at }) => ticketOf(this.raw, id).isSale && isWithin(this.local(completed_at).date, days),
    )
    const clients = new Set(orders.map(({ customer_id }) => customer_id).filter((id) => id !== null))
    const isNew = (id: string) =>
      this.raw.orders
        .filter((order) => order.status === 'completed' && order.customer_id === id)
        .filter((order) => ticketOf(this.raw, order.id).isSale)
        .every(({ completed_at }) => this.local(completed_at).date >= days.from)
    const fresh = [...clients].filter(isNew).length
    return { new: fresh, returning: clients.size - fresh }
  }

  /** The largest refunds of a day, with tax and tips. */
  largestRefunds(date: string) {
    const rows = this.raw.refunds
      .filter(({ location_id, refunded_at }) => this.isHere(location_id) && this.local(refunded_at).date === date)
      .map((refund) => ({ id: refund.id, orderId: refund.order_id, total: this.refundTotal(refund) }))
      .filter(({ total }) => total.gt(0))
    const largest = ranked(
      rows,
      ({ total }) => total,
      ({ id }) => id,
    )
    return largest.map(({ orderId, total }) => ({ orderId, total: this.minor(total) }))
  }

  /** The sales of a day with the largest discounts. */
  largestDiscounts(date: string) {
    const rows = this.completedOrders()
      .filter(({ completed_at }) => this.local(completed_at).date === date)
      .map((order) => ({ orderId: order.id, discount: sum(this.orderEntries(order), ({ discounts }) => discounts) }))
      .filter(({ discount }) => discount.gt(0))
    const largest = ranked(
      rows,
      ({ discount }) => discount,
      ({ orderId }) => orderId,
    )
    return largest.map(({ orderId, discount }) => ({ orderId, discount: this.minor(discount) }))
  }

  private figuresOf(entries: readonly Entry[]) {
    const net = sum(entries, netOf)
    const [tax, tips] = [sum(entries, (entry) => entry.tax), sum(entries, (entry) => entry.tips)]
    const orders = entries.reduce((count, entry) => count + entry.orders, 0)
    return {
      grossSales: this.minor(sum(entries, ({ gross }) => gross)),
      returns: this.minor(sum(entries, ({ returns }) => returns)),
      discounts: this.minor(sum(entries, ({ discounts }) => discounts)),
      netSales: this.minor(net),
      tax: this.minor(tax),
      tips: this.minor(tips),
      total: this.minor(net.plus(tax).plus(tips)),
      orders,
      refunds: entries.reduce((count, { refunds }) => count + refunds, 0),
      unitsSold: sum(entries, ({ unitsSold }) => unitsSold).toFixed(),
      averageSale: orders === 0 ? null : this.minor(net.div(orders)),
    }
  }

  private within(days: Days, until?: Temporal.PlainTime): Entry[] {
    return this.entries.filter(
      ({ date, time, hasTime }) =>
        isWithin(date, days) &&
        (until === undefined || (hasTime !== false && Temporal.PlainTime.compare(time, until) < 0)),
    )
  }

  private completedOrders(): OrderRow[] {
    return this.raw.orders.filter(({ status, location_id }) => status === 'completed' && this.isHere(location_id))
  }

  private local(at: Date | null): Local {
    if (at === null) throw new Error('a completed order without its time')
    return localTime(at, this.timezone)
  }

  private orderEntries(order: OrderRow): Entry[] {
    const when = { ...this.local(order.completed_at), hasTime: order.has_time }
    const lines = this.raw.items.filter((item) => item.order_id === order.id)
    const { isSale, hasReturns } = ticketOf(this.raw, order.id)
    return [
      entry(when, { orders: isSale ? 1 : 0, refunds: hasReturns ? 1 : 0, tips: new Decimal(order.tips) }),
      ...lines.map((item) => {
        const quantity = new Decimal(item.quantity)
        const net = new Decimal(item.gross_sales).minus(item.discount)
        return entry(when, {
          ...(quantity.gt(0)
            ? { unitsSold: quantity, gross: new Decimal(item.gross_sales), discounts: new Decimal(item.discount) }
            : { unitsReturned: quantity.negated(), returns: net.negated() }),
          tax: new Decimal(item.tax),
          line: {
            productId: item.product_id,
            variantId: item.variant_id,
            taxRate: item.tax_rate,
            cost: costOf(item.quantity, item.unit_cost),
          },
        })
      }),
    ]
  }

  private refundEntries(refund: RefundRow): Entry[] {
    const when = { ...this.local(refund.refunded_at), hasTime: refund.has_time }
    const lines = this.raw.refundLines.filter((line) => line.refund_id === refund.id)
    return [
      entry(when, { refunds: 1, tips: new Decimal(refund.tips).negated() }),
      ...lines.map((line) =>
        entry(when, {
          unitsReturned: new Decimal(line.quantity),
          returns: new Decimal(line.returns),
          tax: new Decimal(line.tax).negated(),
          line: {
            productId: line.product_id,
            variantId: line.variant_id,
            taxRate:
              this.raw.items.find((item) => item.order_id === line.order_id && item.line_number === line.line_number)
                ?.tax_rate ?? null,
            cost: line.restocked || line.unit_cost === null ? costOf(`-${line.quantity}`, line.unit_cost) : ZERO,
          },
        }),
      ),
    ]
  }

  private refundTotal(refund: RefundRow): Decimal {
    const lines = this.raw.refundLines.filter((line) => line.refund_id === refund.id)
    return sum(lines, ({ returns, tax }) => new Decimal(returns).plus(tax)).plus(refund.tips)
  }
}

/** A ticket that only takes goods back is a refund, not an order. */
function ticketOf(raw: RawRows, orderId: string) {
  const lines = raw.items.filter((item) => item.order_id === orderId)
  const hasReturns = lines.some(({ quantity }) => new Decimal(quantity).lt(0))
  return { hasReturns, isSale: !hasReturns || lines.some(({ quantity }) => new Decimal(quantity).gt(0)) }
}

/** What each client bought so far, less refunds, with the local day of the last sale. */
export function clientsOf(raw: RawRows) {
  const sales = new Sales(raw)
  return raw.customers.map(({ id, code }) => {
    const own = raw.orders.filter((order) => order.customer_id === id)
    const completed = own.filter(({ status }) => status === 'completed')
    const isIn = (orders: readonly OrderRow[]) => (row: { order_id: string }) =>
      orders.some((order) => order.id === row.order_id)
    const bought = sum(raw.items.filter(isIn(completed)), (item) => new Decimal(item.gross_sales).minus(item.discount))
    const purchases = completed.filter((order) => ticketOf(raw, order.id).isSale)
    const days = purchases.map(({ completed_at }) => localTime(completed_at as Date, sales.timezone).date)
    return {
      code,
      orders: String(purchases.length),
      net: sales.minor(bought.minus(sum(raw.refundLines.filter(isIn(own)), ({ returns }) => returns))),
      'last purchase': days.toSorted().at(-1) ?? '',
    }
  })
}

/** Stock on hand according to the ledger, if it has an entry. */
export function stockOf(raw: RawRows) {
  const groups = groupBy(raw.movements, ({ variant_id, location_id }) => `${variant_id} ${location_id}`)
  return new Map([...groups].map(([key, group]) => [key, sum(group, ({ quantity }) => quantity).toFixed()]))
}

function entry(when: Local, part: Partial<Entry>): Entry {
  return {
    ...when,
    orders: 0,
    refunds: 0,
    unitsSold: ZERO,
    unitsReturned: ZERO,
    gross: ZERO,
    discounts: ZERO,
    returns: ZERO,
    tax: ZERO,
    tips: ZERO,
    ...part,
  }
}

function netOf({ gross, returns, discounts }: Entry): Decimal {
  return gross.minus(returns).minus(discounts)
}

/** Null if the cost is unknown. */
function costOf(quantity: string, unitCost: string | null): Decimal | null {
  return unitCost === null ? null : new Decimal(quantity).times(unitCost).toDecimalPlaces(4)
}

/** Net sales of the lines whose cost is known, their cost and margin; null if nothing with a known cost is left. */
function costed(lines: readonly Entry[]) {
  const known = lines.filter(({ line }) => line?.cost)
  const costedNetSales = sum(known, netOf)
  const cost = sum(known, ({ line }) => line?.cost ?? ZERO)
  return withMargin(costedNetSales, cost)
}

function withMargin(costedNetSales: Decimal, cost: Decimal) {
  const isKnown = !costedNetSales.isZero() || !cost.isZero()
  return { costedNetSales, cost: isKnown ? cost : null, margin: isKnown ? costedNetSales.minus(cost) : null }
}

function isWithin(date: string, { from, to }: Days): boolean {
  return from <= date && date <= to
}

function dates({ from, to }: Days): Temporal.PlainDate[] {
  const [first, last] = [Temporal.PlainDate.from(from), Temporal.PlainDate.from(to)]
  return Array.from({ length: first.until(last).days + 1 }, (_, days) => first.add({ days }))
}
