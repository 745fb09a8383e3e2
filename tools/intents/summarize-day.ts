import { Type } from '@sinclair/typebox'
import { ServiceError } from '../../src/errors.ts'
import { AllBusinesses, forWantedBusinesses } from '../../src/mcp/all-businesses.ts'
import { LocationId } from '../../src/mcp/arguments.ts'
import { type BusinessContext, defineTool, readOnly } from '../../src/mcp/tool.ts'
import { money, percentChange, quantity } from '../../src/money/money.ts'
import { largestDiscounts, largestRefunds, lowStockSold } from '../../src/pos/intents/day-notable.ts'
import { type Day, DaySchema, FULL, summarizeDays } from '../../src/pos/intents/day-text.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { paymentsByMethod } from '../../src/pos/reports/payments.ts'
import { rankedProducts } from '../../src/pos/reports/product-sales.ts'
import { salesByBucket, salesTotal, salesUntil } from '../../src/pos/reports/sales.ts'
import { addSums, NO_SALES, netSales, salesFigures } from '../../src/pos/reports/sales-figures.ts'
import { LocalDate } from '../../src/results/schema.ts'
import { clean, variantName } from '../../src/results/text.ts'
import { untrusted } from '../../src/results/untrusted.ts'
import { addDays, localDate, localTime } from '../../src/time/local.ts'
import { FIRST_DAY } from '../../src/time/window.ts'

const WEEKS = [1, 2, 3, 4]

export default defineTool({
  name: 'summarize_day',
  title: 'Summarize a day',
  description:
    'How a day went, or goes so far: net sales against the same weekday before, hours, top products, payments, ' +
    'refunds, discounts, low stock that sold. For "how was today?"; exact rows: get_sales_report.',
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
  const { timezone, location } = await placeOf(db, business, locationId)
  const today = localDate(now, timezone)
  const day = date ?? today
  if (day > today) {
    throw new ServiceError('invalid_argument', `date must not be after today, which is ${today} in ${timezone}.`)
  }
  if (day < FIRST_DAY) throw new ServiceError('invalid_argument', `date must not be before ${FIRST_DAY}.`)
  const isComplete = day < today
  const scope = { businessId: business.id, locationId: location?.id }
  const days = { from: day, to: day }

  // A running day is compared with the same hours of earlier days: comparing half a day with whole ones says nothing.
  const until = isComplete ? null : localTime(now, timezone)
  const dates = WEEKS.map((weeks) => addDays(day, -7 * weeks))
  const ranking = { by: 'net_sales', order: 'best', limit: FULL.products, soldOnly: true } as const
  // Sent together, in one round trip.
  const [total, before, hours, products, payments, refunds, discounts, lowStock] = await Promise.all([
    salesTotal(db, scope, days),
    until === null
      ? salesByBucket(db, scope, { from: addDays(day, -28), to: addDays(day, -7) }, 'day')
      : salesUntil(db, scope, dates, until, timezone),
    salesByBucket(db, scope, days, 'hour'),
    rankedProducts(db, scope, days, ranking),
    paymentsByMethod(db, { ...scope, ...days, limit: FULL.payments }),
    largestRefunds(db, { ...scope, day, timezone, limit: FULL.notable }),
    largestDiscounts(db, { ...scope, day, timezone, limit: FULL.notable }),
    lowStockSold(db, { ...scope, day, limit: FULL.stocks }),
  ])

  const figures = salesFigures(total, business)
  const sumsBefore = dates.map((each) => before.get(each) ?? NO_SALES)
  const lastWeek = netSales(sumsBefore[0] ?? NO_SALES)
  const mean = netSales(addSums(sumsBefore)).div(WEEKS.length).toDecimalPlaces(business.currencyDigits)
  const net = figures.netSales

  return {
    business: { id: business.id, name: business.name },
    window: { ...days, timezone, currency: business.currency, ...(until && { soFar: until.slice(0, 5) }) },
    location,
    isComplete,
    until: until?.slice(0, 5) ?? null,
    figures,
    comparison: {
      lastWeek: {
        date: dates[0] as string,
        netSales: money(lastWeek, business),
        changePercent: percentChange(net, lastWeek),
      },
      meanOfLastFour: { dates, netSales: money(mean, business), changePercent: percentChange(net, mean) },
    },
    byHour: [...hours]
      // Cancelled orders can leave hours without orders.
      .filter(([, sums]) => Number(sums.orders) > 0 || Number(sums.refunds) > 0)
      .map(([hour, sums]) => ({
        hour: Number(hour),
        orders: Number(sums.orders),
        netSales: money(netSales(sums), business),
      }))
      .sort((a, b) => a.hour - b.hour),
    topProducts: products.map((row) => ({
      product: { id: row.product_id, name: variantName(row, 60) },
      sku: clean(row.sku, 40),
      unitsSold: quantity(row.units_sold),
      netSales: money(row.net_sales, business),
    })),
    payments: payments.map((row) => ({
      method: clean(row.method, 40),
      payments: Number(row.payments),
      amount: money(row.amount, business),
      refunded: money(row.refunded, business),
    })),
    refundsWorthALook: refunds.map((row) => ({
      orderId: row.order_id,
      orderNumber: clean(row.order_number, 40),
      total: money(row.total, business),
      reason: untrusted(row.reason, 80),
    })),
    discountsWorthALook: discounts.map((row) => ({
      orderId: row.order_id,
      orderNumber: clean(row.order_number, 40),
      discount: money(row.discounts, business),
      grossSales: money(row.gross_sales, business),
    })),
    lowStockSoldToday: lowStock.map((row) => ({
      variantId: row.variant_id,
      sku: clean(row.sku, 40),
      name: variantName(row, 60),
      location: clean(row.location, 60),
      onHand: quantity(row.on_hand),
      reorderPoint: quantity(row.reorder_point),
    })),
  }
}
