import { Decimal as DecimalJs } from 'decimal.js'
import { Temporal } from 'temporal-polyfill'
import type { Days, RawRows } from './raw-figures.ts'

// The answers of get_sales_report a second time, from the raw rows only: facts with all that they can be grouped and
// filtered by, added up without the database or the service's code.
const Decimal = DecimalJs.clone({ precision: 60, rounding: DecimalJs.ROUND_HALF_UP })
type Decimal = DecimalJs

/** What a fact is grouped by: the values as a result names them. */
interface Fact {
  at: Date
  hasTime: boolean
  location: string
  product: string
  supplier: string
  tax_rate: string
  client: string
  discounted: string
  /** Of the order: its total, with tax and tip. */
  total: Decimal
  methods: readonly string[]
  net: Decimal
  orders: number
}

export type CubeGroup =
  | 'day'
  | 'week'
  | 'month'
  | 'weekday'
  | 'hour'
  | 'location'
  | 'product'
  | 'supplier'
  | 'tax_rate'
  | 'client'
  | 'discounted'

export interface CubeFilters {
  /** Hours from and to, the second not counted. */
  hours?: readonly [number, number]
  /** ISO weekdays. */
  weekdays?: readonly number[]
  discounted?: boolean
  atLeast?: string
  method?: string
}

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const LINE_GROUPS: readonly CubeGroup[] = ['product', 'supplier', 'tax_rate']

const NO_LINE = { product: '', supplier: '', tax_rate: '' }

/** Sums of a business by its own clock, or of one location by the clock of that location. */
export class Cube {
  private readonly timezone: string
  private readonly digits: number
  private readonly ofOrders: Fact[] = []
  private readonly ofLines: Fact[] = []

  constructor(raw: RawRows, locationId?: string) {
    const location = raw.locations.find(({ id }) => id === locationId)
    this.timezone = (location ?? raw.business).timezone
    this.digits = raw.business.currency_digits
    const isHere = (id: string) => locationId === undefined || id === locationId
    const nameOf = (rows: readonly { id: string }[], id: string) =>
      (rows.find((row) => row.id === id) as unknown as { name: string }).name
    const productOf = (id: string) => {
      const supplierId = raw.products.find((row) => row.id === id)?.supplier_id ?? null
      return {
        product: nameOf(raw.products, id),
        supplier: supplierId === null ? 'no supplier' : nameOf(raw.suppliers, supplierId),
      }
    }
    const net = (item: { gross_sales: string; discount: string }) => new Decimal(item.gross_sales).minus(item.discount)

    for (const order of raw.orders) {
      const items = raw.items.filter((item) => item.order_id === order.id)
      const total = items.reduce((sum, item) => sum.plus(net(item)).plus(item.tax), new Decimal(order.tips))
      const ofOrder = {
        client: order.customer_id === null ? 'no client' : nameOf(raw.customers, order.customer_id),
        discounted: items.some((item) => new Decimal(item.quantity).gt(0) && new Decimal(item.discount).gt(0))
          ? 'discounted'
          : 'not discounted',
        total,
        methods: raw.payments.filter((payment) => payment.order_id === order.id).map(({ method }) => method),
      }
      const rate = (lineNumber: number) => {
        const taxRate = items.find((item) => item.line_number === lineNumber)?.tax_rate
        return taxRate == null ? 'rate not stated' : `${new Decimal(taxRate).times(100).toFixed()} %`
      }
      if (order.status === 'completed' && isHere(order.location_id)) {
        const hasTime = order.has_time
        const when = {
          at: order.completed_at as Date,
          hasTime,
          location: nameOf(raw.locations, order.location_id),
          ...ofOrder,
        }
        const isSale = items.length === 0 || items.some(({ quantity }) => new Decimal(quantity).gt(0))
        const all = items.reduce((sum, item) => sum.plus(net(item)), new Decimal(0))
        this.ofOrders.push({ ...when, ...NO_LINE, net: all, orders: isSale ? 1 : 0 })
        for (const item of items) {
          this.ofLines.push({
            ...when,
            ...productOf(item.product_id),
            tax_rate: rate(item.line_number),
            net: net(item),
            orders: 0,
          })
        }
      }
      for (const refund of raw.refunds.filter((each) => each.order_id === order.id && isHere(each.location_id))) {
        const lines = raw.refundLines.filter((line) => line.refund_id === refund.id)
        const when = {
          at: refund.refunded_at,
          hasTime: refund.has_time,
          location: nameOf(raw.locations, refund.location_id),
          ...ofOrder,
        }
        const back = lines.reduce((sum, line) => sum.minus(line.returns), new Decimal(0))
        this.ofOrders.push({ ...when, ...NO_LINE, net: back, orders: 0 })
        for (const line of lines) {
          const given = new Decimal(line.returns).negated()
          this.ofLines.push({
            ...when,
            ...productOf(line.product_id),
            tax_rate: rate(line.line_number),
            net: given,
            orders: 0,
          })
        }
      }
    }
  }

  /**
   * Net sales by the values of some groups, without those that round to zero.
   * @param until wall-clock time at which the last day ends
   */
  netSales(days: Days, groups: readonly CubeGroup[], filters: CubeFilters, until?: string): Map<string, string> {
    const rounded = [...this.exact(days, groups, filters, until)].map(([key, sum]): [string, string] => [
      key,
      sum.toFixed(this.digits),
    ])
    return new Map(rounded.filter(([, sum]) => Number(sum) !== 0))
  }

  /**
   * How much more each value of a group sold than before, the largest fall first; without those that round to zero in
   * both.
   * @param until wall-clock time at which the last day before ends
   */
  changes(days: Record<'now' | 'before', Days>, group: CubeGroup, filters: CubeFilters, until?: string) {
    const [now, before] = [this.exact(days.now, [group], filters), this.exact(days.before, [group], filters, until)]
    const none = new Decimal(0)
    return [...new Set([...now.keys(), ...before.keys()])]
      .map((key) => ({ key, is: now.get(key) ?? none, was: before.get(key) ?? none }))
      .filter(({ is, was }) => [is, was].some((sum) => Number(sum.toFixed(this.digits)) !== 0))
      .toSorted((a, b) => a.is.minus(a.was).comparedTo(b.is.minus(b.was)) || b.is.comparedTo(a.is))
      .map(({ key, is, was }) => ({
        key,
        netSales: is.toFixed(this.digits),
        netSalesChange: is.minus(was).toFixed(this.digits),
      }))
  }

  private exact(days: Days, groups: readonly CubeGroup[], filters: CubeFilters, until?: string): Map<string, Decimal> {
    const sums = new Map<string, Decimal>()
    for (const fact of this.facts(days, groups, filters, until)) {
      const key = groups.map((group) => this.valueOf(fact, group)).join(' / ')
      sums.set(key, (sums.get(key) ?? new Decimal(0)).plus(fact.net))
    }
    return sums
  }

  /** The net sales of all. */
  total(days: Days, groups: readonly CubeGroup[], filters: CubeFilters, until?: string): string {
    const net = this.facts(days, groups, filters, until).reduce((sum, fact) => sum.plus(fact.net), new Decimal(0))
    return net.toFixed(this.digits)
  }

  private facts({ from, to }: Days, groups: readonly CubeGroup[], filters: CubeFilters, until?: string): Fact[] {
    const { hours, weekdays, discounted, atLeast, method } = filters
    const facts = groups.some((group) => LINE_GROUPS.includes(group)) ? this.ofLines : this.ofOrders
    return facts.filter((fact) => {
      const local = this.local(fact.at)
      const date = local.toPlainDate().toString()
      const isBefore =
        until === undefined || date < to || (fact.hasTime && Temporal.PlainTime.compare(local.toPlainTime(), until) < 0)
      return (
        from <= date &&
        date <= to &&
        isBefore &&
        (hours === undefined || (fact.hasTime && hours[0] <= local.hour && local.hour < hours[1])) &&
        (weekdays === undefined || weekdays.includes(local.dayOfWeek)) &&
        (discounted === undefined || (fact.discounted === 'discounted') === discounted) &&
        (atLeast === undefined || fact.total.gte(atLeast)) &&
        (method === undefined || fact.methods.includes(method))
      )
    })
  }

  private local(at: Date) {
    return Temporal.Instant.fromEpochMilliseconds(at.getTime()).toZonedDateTimeISO(this.timezone)
  }

  private valueOf(fact: Fact, group: CubeGroup): string {
    const local = this.local(fact.at)
    const date = local.toPlainDate()
    switch (group) {
      case 'day':
        return date.toString()
      case 'week':
        return date.subtract({ days: date.dayOfWeek - 1 }).toString()
      case 'month':
        return date.toString().slice(0, 7)
      case 'weekday':
        return WEEKDAYS[date.dayOfWeek - 1] as string
      case 'hour':
        return !fact.hasTime ? 'unknown time' : `${String(local.hour).padStart(2, '0')}:00`
      default:
        return fact[group]
    }
  }
}
