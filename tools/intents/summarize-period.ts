import { Type } from '@sinclair/typebox'
import { AllBusinesses, forWantedBusinesses } from '../../src/mcp/all-businesses.ts'
import { LocationId } from '../../src/mcp/arguments.ts'
import { type BusinessContext, defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, Decimal, formatAmount, percentChange, quantity } from '../../src/money/money.ts'
import { clientCounts, type ProductChange, periodChanges } from '../../src/pos/intents/period-queries.ts'
import { bestWeekday, extremes, type PeriodDay, periodDays, rate, trend } from '../../src/pos/intents/period-rules.ts'
import { FULL, type Period, PeriodSchema, presentPeriods } from '../../src/pos/intents/period-text.ts'
import {
  historyOf,
  hourFindings,
  staffFindings,
  statementsOf,
  stoppedFinding,
} from '../../src/pos/intents/stands-out.ts'
import { hourSums, staffSums } from '../../src/pos/intents/stands-out-queries.ts'
import { termsOf, timeless, withTax } from '../../src/pos/intents/summary-phrases.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { doPricesIncludeTax } from '../../src/pos/organisation/price-tags.ts'
import { comparable, comparedSales } from '../../src/pos/reports/period-comparison.ts'
import { salesByBucket, salesOf, salesWithoutTime } from '../../src/pos/reports/sales.ts'
import { addSums, NO_SALES, salesFigures, withoutSums } from '../../src/pos/reports/sales-figures.ts'
import { salesSince } from '../../src/pos/reports/sales-since.ts'
import { salesWindow } from '../../src/pos/reports/sales-window.ts'
import { salesScope } from '../../src/pos/scope.ts'
import { clean, variantName } from '../../src/results/text.ts'
import { type Compared, comparisonsOf } from '../../src/time/comparison.ts'
import { addDays, daysBetween, localNow, weekday } from '../../src/time/local.ts'
import { type Days, describeDays, WINDOW_INPUT, type WindowInput } from '../../src/time/window.ts'

const NAME = 40

export default defineTool({
  name: 'summarize_period',
  title: 'Summarize a period',
  description:
    'How a period went: sales and orders against the like period before and a year before, trend, best and slowest ' +
    'day, movers, clients, what stands out. One day: summarize_day. Default: last_30_days.',
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
  const place = await placeOf(db, business, locationId)
  const { timezone, location } = place
  const { from, to, ...ending } = await salesWindow(db, business.id, place, { input, now, fallback: 'last_30_days' })
  const days = { from, to }
  const { previous, year } = comparisonsOf(days, localNow(now, timezone))
  const scope = salesScope(business.id, place)
  const isRunning = ending.soFar !== undefined
  const changes = wholeDays(days, previous, isRunning)
  const lastDays = [to, ...[previous, year].flatMap((stretch) => (stretch && 'to' in stretch ? [stretch.to] : []))]
  const sumsOf = (stretch: Compared | null) =>
    stretch === null || 'reason' in stretch ? NO_SALES : salesOf(db, scope, stretch, timezone)

  const history = historyOf(days, ending.soFar ?? null)
  // Sent together, in one round trip.
  const [since, hasTax, sumsByDay, sumsBefore, sumsYear, withoutTime, { products, categories }, clients, staff, hours] =
    await Promise.all([
      salesSince(db, scope),
      doPricesIncludeTax(db, business.id),
      salesByBucket(db, scope, days, 'day'),
      sumsOf(previous),
      sumsOf(year),
      isRunning ? salesWithoutTime(db, scope, lastDays) : new Map(),
      periodChanges(
        db,
        scope,
        { whole: changes.days, running: isRunning ? { from: to, to } : null, before: changes.with },
        FULL,
      ),
      clientCounts(db, scope, days, timezone),
      history === null ? [] : staffSums(db, scope, history, timezone),
      history === null ? [] : hourSums(db, scope, history),
    ])
  const sums = addSums([...sumsByDay.values()])
  const figures = salesFigures(sums, business)
  const compared = withoutSums(sums, withoutTime.get(to) ?? NO_SALES)
  const besides = (stretch: Compared, before: typeof sums) =>
    comparedSales(stretch, since, { now: compared, before }, business)
  const isComparable = comparable(previous, since).reason === undefined
  const changesCompare =
    isComparable && changes.days !== null && changes.with !== null ? { days: changes.days, with: changes.with } : null

  // Days before the first sale are not days without sales.
  const known = { from: since !== null && since > from && since <= to ? since : from, to }
  const each = periodDays(known, sumsByDay, !isRunning)
  const { best, slowest, mean, wholeDays: count } = extremes(each)
  const { by, rows } = trend(each)
  const weekdays = bestWeekday(each)
  const dayOf = (day: PeriodDay | null) =>
    day && { date: day.date, weekday: weekday(day.date), netSales: amountOf(day.net, business) }
  const change = (row: { net_whole: string; net_before: string }) =>
    changesCompare && percentChange(row.net_whole, row.net_before)
  const listed = (list: 'top' | 'up' | 'down') =>
    products.filter((row) => row[list] !== null).sort((a, b) => Number(a[list]) - Number(b[list]))
  const movers = (list: 'up' | 'down') => {
    if (changesCompare === null) return []
    return listed(list).map((row) => ({
      ...nameOf(row),
      netSalesBefore: amountOf(row.net_before, business),
      netSales: amountOf(row.net_whole, business),
    }))
  }
  const window = { from, to, timezone, currency: business.currency }
  const stopped = changesCompare && products.find((row) => row.stopped !== null)
  const findings = [
    ...(history === null || since === null
      ? []
      : [...staffFindings(staff, history, since), ...hourFindings(hours, history, since)]),
    ...(stopped && changesCompare
      ? stoppedFinding(`${nameOf(stopped).name} [${nameOf(stopped).sku}]`, {
          units: new Decimal(stopped.units_before),
          netSales: new Decimal(stopped.net_before),
          over: describeDays(changesCompare.with),
        })
      : []),
  ]

  return {
    business: { id: business.id, name: business.name },
    window: { ...window, ...ending },
    days: daysBetween(from, to),
    location,
    terms: termsOf(window),
    salesSince: since,
    ...(hasTax && { salesWithTax: withTax(figures) }),
    figures,
    comparison: {
      previous: besides(previous, sumsBefore),
      ...(year !== null && { year: besides(year, sumsYear) }),
    },
    ...(withoutTime.size > 0 && { withoutTime: timeless(to, withoutTime, business) }),
    returns: rate('returns', sums, isComparable ? sumsBefore : null),
    discounts: rate('discounts', sums, isComparable ? sumsBefore : null),
    trend: { by, rows: rows.map(({ net, ...row }) => ({ ...row, netSales: amountOf(net, business) })) },
    bestDay: dayOf(best),
    slowestDay: dayOf(slowest),
    meanPerDay: mean && { netSales: amountOf(mean, business), wholeDays: count },
    bestWeekday: weekdays && {
      weekday: weekdays.name,
      meanNetSales: amountOf(weekdays.mean, business),
      wholeDays: weekdays.days,
    },
    changesCompare,
    topProducts: listed('top').map((row) => ({
      ...nameOf(row),
      unitsSold: quantity(row.units_sold),
      netSales: amountOf(row.net_sales, business),
      changePercent: change(row),
    })),
    productsSold: products[0]?.sold ?? 0,
    movers: { up: movers('up'), down: movers('down') },
    categories: categories.map((row) => ({
      name: row.name === null ? 'No category' : clean(row.name, NAME),
      netSales: amountOf(row.net_sales, business),
      changePercent: change(row),
    })),
    categoriesSold: categories[0]?.sold ?? 0,
    clients,
    standsOut: statementsOf(findings, days, {
      amount: (value) => formatAmount(amountOf(value, business), business.currency),
      soFar: isRunning,
    }),
  }
}

/** The whole days of a window, and as many of the stretch that it is compared with; null where there are none. */
function wholeDays(days: Days, previous: Compared, isRunning: boolean): { days: Days | null; with: Days | null } {
  const whole = ({ from, to }: Days) => {
    if (!isRunning) return { from, to }
    return from === to ? null : { from, to: addDays(to, -1) }
  }
  return { days: whole(days), with: 'reason' in previous ? null : whole(previous) }
}

function nameOf(row: ProductChange) {
  return { sku: clean(row.sku, NAME), name: variantName(row, NAME) }
}
