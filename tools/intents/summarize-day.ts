import { type Static, Type } from '@sinclair/typebox'
import { ServiceError } from '../../src/errors.ts'
import { AllBusinesses, forWantedBusinesses } from '../../src/mcp/all-businesses.ts'
import { LocationId } from '../../src/mcp/arguments.ts'
import { describeBusiness } from '../../src/mcp/resolve-business.ts'
import { EntityRef, LocalDate, Nullable } from '../../src/mcp/schema.ts'
import { clean, table, variantName } from '../../src/mcp/text.ts'
import { type BusinessContext, defineTool, readOnly } from '../../src/mcp/tool.ts'
import { formatMoney, MoneySchema, money, percentChange, quantity } from '../../src/money/money.ts'
import { largestDiscounts, largestRefunds, lowStockSold } from '../../src/pos/day.ts'
import { placeOf } from '../../src/pos/locations.ts'
import { paymentsByMethod, salesByBucket, salesTotal, salesUntil, topProducts } from '../../src/pos/sales.ts'
import {
  addSums,
  describeFigures,
  NO_SALES,
  netSales,
  SalesFiguresSchema,
  salesFigures,
} from '../../src/pos/sales-figures.ts'
import { describeChange, describeTerms, headline } from '../../src/pos/summary-text.ts'
import { addDays, localDate, localTime, weekday } from '../../src/time/local.ts'
import { WindowSchema } from '../../src/time/window.ts'

const TOP = 5
const NOTABLE = 3
const WEEKS = [1, 2, 3, 4]

const NullableText = Nullable(Type.String())

const DaySchema = Type.Object({
  business: EntityRef,
  window: WindowSchema,
  location: Nullable(EntityRef),
  isComplete: Type.Boolean({ description: 'false: the day is still running' }),
  until: Nullable(Type.String(), { description: 'Local time up to which it is compared' }),
  figures: SalesFiguresSchema,
  comparison: Type.Object({
    lastWeek: Type.Object({ date: Type.String(), netSales: MoneySchema, changePercent: NullableText }),
    meanOfLastFour: Type.Object({
      dates: Type.Array(Type.String()),
      netSales: MoneySchema,
      changePercent: NullableText,
    }),
  }),
  byHour: Type.Array(Type.Object({ hour: Type.Integer(), orders: Type.Integer(), netSales: MoneySchema })),
  topProducts: Type.Array(
    Type.Object({ product: EntityRef, sku: Type.String(), unitsSold: Type.String(), netSales: MoneySchema }),
  ),
  payments: Type.Array(
    Type.Object({ method: Type.String(), payments: Type.Integer(), amount: MoneySchema, refunded: MoneySchema }),
  ),
  refundsWorthALook: Type.Array(
    Type.Object({ orderId: Type.String(), orderNumber: Type.String(), total: MoneySchema, reason: NullableText }),
  ),
  discountsWorthALook: Type.Array(
    Type.Object({ orderId: Type.String(), orderNumber: Type.String(), discount: MoneySchema, grossSales: MoneySchema }),
  ),
  lowStockSoldToday: Type.Array(
    Type.Object({
      variantId: Type.String(),
      sku: Type.String(),
      name: Type.String(),
      location: Type.String(),
      onHand: Type.String(),
      reorderPoint: Type.String(),
    }),
  ),
})
type Day = Static<typeof DaySchema>

export default defineTool({
  name: 'summarize_day',
  title: 'Summarize a day',
  description:
    'How a day went: net sales so far or of the whole day, against the same weekday last week and the mean of the ' +
    'last four, hours, top products, payments, refunds, discounts, low stock of what sold. Use it for "how was ' +
    'today?"; for exact rows use get_sales_report. Default: today.',
  scopes: ['pos:intents'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    date: Type.Optional(LocalDate('Local day, as YYYY-MM-DD; default: today')),
    locationId: LocationId,
    allBusinesses: AllBusinesses,
  }),
  output: Type.Object({ days: Type.Array(DaySchema, { description: 'One per business' }) }),
  async handler({ date, locationId, allBusinesses }, context) {
    const days = await forWantedBusinesses(context, { allBusinesses, locationId }, (each) =>
      summarizeDay(each, date, locationId),
    )
    return {
      text: days.map((day) => describeDay(day, allBusinesses)).join('\n\n'),
      data: { days },
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
  const isComplete = day < today
  const scope = { businessId: business.id, locationId }
  const days = { from: day, to: day }

  const figures = salesFigures(await salesTotal(db, scope, days), business)
  // A running day is compared with the same hours of the days before: half a day against whole ones says nothing.
  const until = isComplete ? null : localTime(now, timezone)
  const dates = WEEKS.map((weeks) => addDays(day, -7 * weeks))
  const before =
    until === null
      ? await salesByBucket(db, scope, { from: addDays(day, -28), to: addDays(day, -7) }, 'day')
      : await salesUntil(db, scope, dates, until, timezone)
  const sumsBefore = dates.map((each) => before.get(each) ?? NO_SALES)
  const lastWeek = netSales(sumsBefore[0] ?? NO_SALES)
  const mean = netSales(addSums(sumsBefore)).div(WEEKS.length).toDecimalPlaces(business.currencyDigits)
  const net = figures.netSales.amount

  const hours = await salesByBucket(db, scope, days, 'hour')
  const products = await topProducts(db, scope, days, TOP)
  const payments = await paymentsByMethod(db, scope, days, timezone)
  const refunds = await largestRefunds(db, scope, day, timezone, NOTABLE)
  const discounts = await largestDiscounts(db, scope, day, timezone, NOTABLE)
  const lowStock = await lowStockSold(db, scope, day, TOP)

  return {
    business: { id: business.id, name: business.name },
    window: { ...days, timezone, currency: business.currency },
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
      .map(([hour, sums]) => ({
        hour: Number(hour),
        orders: Number(sums.orders),
        netSales: money(netSales(sums), business),
      }))
      .sort((a, b) => a.hour - b.hour),
    topProducts: products.map((row) => ({
      product: { id: row.product_id, name: variantName(row, 80) },
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
      reason: row.reason === null ? null : clean(row.reason, 80),
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
      name: variantName(row, 80),
      location: clean(row.location, 60),
      onHand: quantity(row.on_hand),
      reorderPoint: quantity(row.reorder_point),
    })),
  }
}

function describeDay(day: Day, namesBusiness: boolean): string {
  const { figures, comparison, window, location } = day
  const { lastWeek, meanOfLastFour } = comparison
  const where = location === null ? '' : ` at ${location.name}`
  const whose = namesBusiness ? `${describeBusiness(day.business)}: ` : ''
  const when = `${weekday(window.from)} ${window.from}${day.until === null ? '' : `, so far (${day.until})`}`
  const same = day.until === null ? '' : ' up to the same time'

  const lines = [
    `${whose}${headline(figures)} — ${when}${where}.`,
    `Against last ${weekday(lastWeek.date)}${same}: ${formatMoney(lastWeek.netSales)} (${describeChange(lastWeek.changePercent)}); ` +
      `mean of the last four${same}: ${formatMoney(meanOfLastFour.netSales)} (${describeChange(meanOfLastFour.changePercent)}).`,
    `${describeFigures(figures)} · refunds ${figures.refunds}`,
  ]
  if (day.byHour.length > 0) {
    lines.push(`By hour: ${day.byHour.map(({ hour, netSales: { amount } }) => `${hour}h ${amount}`).join(', ')}`)
  }
  if (day.topProducts.length > 0) {
    lines.push(
      `Top ${day.topProducts.length} products:`,
      table(
        ['product', 'SKU', 'units', 'net'],
        day.topProducts.map((row) => [row.product.name, row.sku, row.unitsSold, row.netSales.amount]),
      ),
    )
  }
  if (day.payments.length > 0) {
    lines.push(
      `Paid, with tax and tips: ${day.payments
        .map(
          ({ method, amount, refunded }) =>
            `${method} ${amount.amount}${Number(refunded.amount) === 0 ? '' : ` (refunded ${refunded.amount})`}`,
        )
        .join(', ')}`,
    )
  }
  if (day.refundsWorthALook.length > 0) {
    lines.push(
      `Refunds to look at: ${day.refundsWorthALook
        .map(
          ({ orderNumber, total, reason }) => `${orderNumber} ${total.amount}${reason === null ? '' : ` “${reason}”`}`,
        )
        .join('; ')}`,
    )
  }
  if (day.discountsWorthALook.length > 0) {
    lines.push(
      `Largest discounts: ${day.discountsWorthALook
        .map(({ orderNumber, discount, grossSales }) => `${orderNumber} ${discount.amount} of ${grossSales.amount}`)
        .join('; ')}`,
    )
  }
  if (day.lowStockSoldToday.length > 0) {
    lines.push(
      `Low stock of what sold: ${day.lowStockSoldToday
        .map(
          ({ name, sku, location: place, onHand, reorderPoint }) =>
            `${name} [${sku}] ${onHand} left at ${place} (reorder at ${reorderPoint})`,
        )
        .join('; ')}`,
    )
  }
  lines.push(
    `${describeTerms(window)} At most ${TOP} products and low stocks, ${NOTABLE} refunds and discounts are named.`,
  )
  return lines.join('\n')
}
