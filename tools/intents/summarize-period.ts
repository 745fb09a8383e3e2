import { type Static, Type } from '@sinclair/typebox'
import { AllBusinesses, forWantedBusinesses } from '../../src/mcp/all-businesses.ts'
import { LocationId } from '../../src/mcp/arguments.ts'
import { type BusinessContext, defineTool, readOnly } from '../../src/mcp/tool.ts'
import { type Currency, money, percentChange, quantity } from '../../src/money/money.ts'
import { clientCounts, type ProductChange, periodChanges } from '../../src/pos/intents/period-queries.ts'
import { advice, extremes, type PeriodDay, periodDays, rate, trend } from '../../src/pos/intents/period-rules.ts'
import {
  FULL,
  type Period,
  PeriodSchema,
  type ProductChangeSchema,
  presentPeriods,
  type SalesComparisonSchema,
} from '../../src/pos/intents/period-text.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { salesByBucket, salesTotal } from '../../src/pos/reports/sales.ts'
import { addSums, type SalesFigures, salesFigures } from '../../src/pos/reports/sales-figures.ts'
import { clean, variantName } from '../../src/results/text.ts'
import { type Days, periodBefore, WINDOW_INPUT, type WindowInput, windowOf, yearBefore } from '../../src/time/window.ts'

const NAME = 40

export default defineTool({
  name: 'summarize_period',
  title: 'Summarize a period',
  description:
    'How a period went: net sales and orders against the period before and a year before, best and worst day, ' +
    'movers, clients. For "how was last month?"; one day: summarize_day. Default: last_30_days.',
  scopes: ['pos:intents'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ ...WINDOW_INPUT, locationId: LocationId, allBusinesses: AllBusinesses }),
  output: Type.Object({
    periods: Type.Array(PeriodSchema, { description: 'One per business' }),
    leftOut: Type.String(),
  }),
  async handler({ locationId, allBusinesses, ...input }, context) {
    const all = await forWantedBusinesses(context, { allBusinesses, locationId }, (each) =>
      summarizePeriod(each, input, locationId),
    )
    const { text, periods, leftOut } = presentPeriods(all, { namesBusiness: allBusinesses })
    return {
      text,
      data: { periods, leftOut },
      ...(allBusinesses ? { covers: periods.map((period) => period.business) } : {}),
    }
  },
})

async function summarizePeriod(context: BusinessContext, input: WindowInput, locationId?: string): Promise<Period> {
  const { db, business, now } = context
  const { timezone, location } = await placeOf(db, business, locationId)
  const window = windowOf(input, now, timezone, 'last_30_days')
  const days = { from: window.from, to: window.to }
  const isComplete = window.soFar === undefined
  const before = periodBefore(days)
  const aYearBefore = yearBefore(days)
  const scope = { businessId: business.id, locationId: location?.id }

  // Sent together, in one round trip.
  const [sumsByDay, sumsBefore, sumsYear, { products, categories }, clients] = await Promise.all([
    salesByBucket(db, scope, days, 'day'),
    salesTotal(db, scope, before),
    salesTotal(db, scope, aYearBefore),
    periodChanges(db, scope, { days, before }, FULL),
    clientCounts(db, scope, days, timezone),
  ])
  const sums = addSums([...sumsByDay.values()])
  const figures = salesFigures(sums, business)
  const figuresBefore = salesFigures(sumsBefore, business)
  const figuresYear = salesFigures(sumsYear, business)

  const each = periodDays(days, sumsByDay, isComplete)
  const { best, worst, mean } = extremes(each, business.currencyDigits)
  const { by, buckets } = trend(each)
  const rates = { returns: rate('returns', sums, sumsBefore), discounts: rate('discounts', sums, sumsBefore) }
  const dayOf = (day: PeriodDay | null) =>
    day === null ? null : { date: day.date, netSales: money(day.net, business).amount }
  const listed = (list: 'top' | 'up' | 'down') =>
    products
      .filter((row) => row[list] !== null)
      .sort((a, b) => Number(a[list]) - Number(b[list]))
      .map((row) => productOf(row, business))

  return {
    business: { id: business.id, name: business.name },
    window: { ...window, timezone, currency: business.currency },
    requestedTo: window.requestedTo ?? days.to,
    location,
    isComplete,
    figures,
    before: compare(figures, before, figuresBefore),
    yearBefore: hasSales(figuresYear) ? compare(figures, aYearBefore, figuresYear) : null,
    ...rates,
    trend: { by, buckets: buckets.map(({ net, ...bucket }) => ({ ...bucket, netSales: money(net, business).amount })) },
    bestDay: dayOf(best),
    worstDay: dayOf(worst),
    meanPerDay: mean === null ? null : money(mean, business).amount,
    topProducts: listed('top'),
    productsSold: products[0]?.sold ?? 0,
    movers: { up: listed('up'), down: listed('down') },
    categories: categories.map((row) => ({
      id: row.id,
      name: row.name === null ? 'No category' : clean(row.name, NAME),
      netSales: money(row.net_sales, business).amount,
      netSalesBefore: money(row.net_before, business).amount,
      changePercent: percentChange(row.net_sales, row.net_before),
    })),
    categoriesSold: categories[0]?.sold ?? 0,
    clients,
    worthDoing: advice({
      figures,
      figuresBefore,
      ...rates,
      days: each,
      mostReturned: namedProduct(products.find((row) => row.most_returned !== null)),
      biggestFaller: namedProduct(products.find((row) => row.down === 1)),
      currency: business,
    }),
  }
}

function compare(now: SalesFigures, { from, to }: Days, then: SalesFigures): Static<typeof SalesComparisonSchema> {
  return {
    from,
    to,
    orders: then.orders,
    netSales: then.netSales,
    averageSale: then.averageSale,
    changePercent: {
      netSales: percentChange(now.netSales, then.netSales),
      orders: percentChange(now.orders, then.orders),
      averageSale: now.averageSale && then.averageSale && percentChange(now.averageSale, then.averageSale),
    },
  }
}

function hasSales({ orders, refunds }: SalesFigures): boolean {
  return orders > 0 || refunds > 0
}

function productOf(row: ProductChange, currency: Currency): Static<typeof ProductChangeSchema> {
  return {
    id: row.product_id,
    name: variantName(row, NAME),
    sku: clean(row.sku, NAME),
    unitsSold: quantity(row.units_sold),
    netSales: money(row.net_sales, currency).amount,
    netSalesBefore: money(row.net_before, currency).amount,
    changePercent: percentChange(row.net_sales, row.net_before),
  }
}

function namedProduct(row: ProductChange | undefined) {
  if (row === undefined) return null
  const { net_sales: net, net_before: before, returns: returned } = row
  return { name: variantName(row, NAME), sku: clean(row.sku, NAME), net, before, returned }
}
