import { Type } from '@sinclair/typebox'
import { ServiceError } from '../../src/errors.ts'
import { AllBusinesses, forWantedBusinesses } from '../../src/mcp/all-businesses.ts'
import { LocationId } from '../../src/mcp/arguments.ts'
import { type BusinessContext, defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, type Currency, formatAmount, percentChange, quantity } from '../../src/money/money.ts'
import { largestDiscounts, largestRefunds, lowStockSold } from '../../src/pos/intents/day-notable.ts'
import { type Day, DaySchema, FULL, summarizeDays } from '../../src/pos/intents/day-text.ts'
import {
  historyBefore,
  hourFindings,
  staffFindings,
  statementsOf,
  stoppedOnDay,
} from '../../src/pos/intents/stands-out.ts'
import { hourSums, staffSums, stoppedProduct } from '../../src/pos/intents/stands-out-queries.ts'
import { termsOf, timeless, withTax } from '../../src/pos/intents/summary-phrases.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { doPricesIncludeTax } from '../../src/pos/organisation/price-tags.ts'
import { paymentsByMethod, paymentsTotal } from '../../src/pos/reports/payments.ts'
import { comparedSales } from '../../src/pos/reports/period-comparison.ts'
import { rankedProducts } from '../../src/pos/reports/product-sales.ts'
import { salesByBucket, salesOnDates, salesTotal, salesWithoutTime } from '../../src/pos/reports/sales.ts'
import {
  addSums,
  NO_SALES,
  netSales,
  type SalesSums,
  salesFigures,
  withoutSums,
} from '../../src/pos/reports/sales-figures.ts'
import { salesSince } from '../../src/pos/reports/sales-since.ts'
import { salesScope } from '../../src/pos/scope.ts'
import { LocalDate } from '../../src/results/schema.ts'
import { clean, variantName } from '../../src/results/text.ts'
import { untrusted } from '../../src/results/untrusted.ts'
import { type Compared, comparisonsOf } from '../../src/time/comparison.ts'
import { addDays, localNow, weekday } from '../../src/time/local.ts'
import { FIRST_DAY } from '../../src/time/window.ts'

const WEEKS = [1, 2, 3, 4]

export default defineTool({
  name: 'summarize_day',
  title: 'Summarize a day',
  description:
    'How a day went, or goes so far: sales against the same weekday before, hours, products, payments, refunds, ' +
    'discounts, low stock, what stands out. For "how was today?"; exact rows: get_sales_report.',
  scopes: ['pos:intents'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    date: Type.Optional(LocalDate('Local day, as YYYY-MM-DD; default: today')),
    locationId: LocationId,
    allBusinesses: AllBusinesses,
  }),
  output: Type.Object({ days: Type.Array(DaySchema, { description: 'One per business' }), leftOut: Type.String() }),
  async handler({ date, locationId, allBusinesses }, context) {
    const all = await forWantedBusinesses(context, { allBusinesses, locationId }, (each) =>
      summarizeDay(each, date, locationId),
    )
    const { days, text, leftOut } = summarizeDays(all)
    return {
      text,
      data: { days, leftOut },
      ...(allBusinesses ? { covers: days.map((day) => day.business) } : {}),
    }
  },
})

async function summarizeDay(context: BusinessContext, date: string | undefined, locationId?: string): Promise<Day> {
  const { db, business, now } = context
  const place = await placeOf(db, business, locationId)
  const { timezone, location } = place
  const today = localNow(now, timezone)
  const day = date ?? today.date
  if (day > today.date) {
    throw new ServiceError('invalid_argument', `date must not be after today, which is ${today.date} in ${timezone}.`)
  }
  if (day < FIRST_DAY) throw new ServiceError('invalid_argument', `date must not be before ${FIRST_DAY}.`)
  const scope = salesScope(business.id, place)
  const days = { from: day, to: day }

  // A running day is compared with the same hours of earlier days: comparing half a day with whole ones says nothing.
  const until = day < today.date ? null : today.time
  const { previous, year } = comparisonsOf(days, today)
  const dates = WEEKS.map((weeks) => addDays(day, -7 * weeks))
  const yearDate = year !== null && 'from' in year ? [year.from] : []
  const ranking = { by: 'net_sales', order: 'best', limit: FULL.products, soldOnly: true } as const
  const history = historyBefore(days, until)
  // Sent together, in one round trip.
  const [
    total,
    before,
    withoutTime,
    since,
    hasTax,
    hours,
    products,
    payments,
    paid,
    refunds,
    discounts,
    lowStock,
    staff,
    usualHours,
    stopped,
  ] = await Promise.all([
    salesTotal(db, scope, days),
    salesOnDates(db, scope, [...dates, ...yearDate], until, timezone),
    salesWithoutTime(db, scope, until === null ? [day] : [day, ...dates, ...yearDate]),
    salesSince(db, scope),
    doPricesIncludeTax(db, business.id),
    salesByBucket(db, scope, days, 'hour'),
    rankedProducts(db, scope, days, ranking),
    paymentsByMethod(db, { ...scope, ...days, limit: FULL.payments }),
    paymentsTotal(db, scope, days),
    largestRefunds(db, { ...scope, day, timezone, limit: FULL.notable }),
    largestDiscounts(db, { ...scope, day, timezone, limit: FULL.notable }),
    lowStockSold(db, { ...scope, day, limit: FULL.stocks }),
    staffSums(db, scope, history, timezone),
    hourSums(db, scope, history),
    until === null ? stoppedProduct(db, scope, day, dates) : undefined,
  ])

  const figures = salesFigures(total, business)
  const compared = until === null ? total : withoutSums(total, withoutTime.get(day) ?? NO_SALES)
  const besides = (stretch: Compared) => {
    const sums = 'from' in stretch ? before.get(stretch.from) : undefined
    return comparedSales(stretch, since, { now: compared, before: sums ?? NO_SALES }, business)
  }
  const window = { ...days, timezone, currency: business.currency }
  const missing = netSales(total).plus(total.tax).plus(total.tips).minus(paid.amount).plus(paid.refunded)
  const findings =
    since === null
      ? []
      : [
          ...staffFindings(staff, history, since),
          ...hourFindings(usualHours, history, since),
          ...(stopped
            ? stoppedOnDay(
                `${variantName(stopped, 60)} [${clean(stopped.sku, 40)}]`,
                { units: stopped.units, netSales: stopped.net_sales },
                history,
                since,
              )
            : []),
        ]

  return {
    business: { id: business.id, name: business.name },
    window: { ...window, ...(until && { soFar: until.slice(0, 5) }) },
    weekday: weekday(day),
    location,
    terms: termsOf(window),
    salesSince: since,
    ...(hasTax && { salesWithTax: withTax(figures) }),
    figures,
    comparison: {
      previous: besides(previous),
      meanOfLastFour: meanOf(dates, since, before, compared, business),
      year: besides(year ?? previous),
    },
    ...(withoutTime.size > 0 && { withoutTime: timeless(day, withoutTime, business) }),
    byHour: [...hours]
      // Cancelled orders can leave hours without orders; an hour that is not known has no number.
      .filter(([hour, sums]) => hour !== '' && (Number(sums.orders) > 0 || Number(sums.refunds) > 0))
      .map(([hour, sums]) => ({
        hour: Number(hour),
        orders: Number(sums.orders),
        netSales: amountOf(netSales(sums), business),
      }))
      .sort((a, b) => a.hour - b.hour),
    topProducts: products.map((row) => ({
      sku: clean(row.sku, 40),
      name: variantName(row, 60),
      unitsSold: quantity(row.units_sold),
      netSales: amountOf(row.net_sales, business),
    })),
    payments: payments.map((row) => ({
      method: clean(row.method, 40),
      payments: Number(row.payments),
      amount: amountOf(row.amount, business),
      refunded: amountOf(row.refunded, business),
    })),
    ...(missing.isZero() ? {} : { withoutPayment: amountOf(missing, business) }),
    refunds: refunds.map((row) => ({
      orderNumber: clean(row.order_number, 40),
      total: amountOf(row.total, business),
      reason: untrusted(row.reason, 50),
    })),
    discounts: discounts.map((row) => ({
      orderNumber: clean(row.order_number, 40),
      discount: amountOf(row.discounts, business),
      grossSales: amountOf(row.gross_sales, business),
    })),
    lowStockNow: lowStock.map((row) => ({
      sku: clean(row.sku, 40),
      name: variantName(row, 60),
      location: clean(row.location, 60),
      onHand: quantity(row.on_hand),
      reorderPoint: quantity(row.reorder_point),
    })),
    standsOut: statementsOf(findings, days, {
      amount: (value) => formatAmount(amountOf(value, business), business.currency),
      soFar: until !== null,
    }),
  }
}

/** The mean of the earlier days since there are sales. */
function meanOf(
  dates: readonly string[],
  since: string | null,
  before: ReadonlyMap<string, SalesSums>,
  compared: SalesSums,
  currency: Currency,
): Day['comparison']['meanOfLastFour'] {
  const known = dates.filter((date) => since !== null && date >= since)
  if (known.length === 0) return { dates: [] }
  const mean = netSales(addSums(known.map((date) => before.get(date) ?? NO_SALES))).div(known.length)
  return {
    dates: known,
    netSales: amountOf(mean, currency),
    changePercent: percentChange(netSales(compared), mean),
  }
}
