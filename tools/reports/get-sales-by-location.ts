import { Type } from '@sinclair/typebox'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, type Currency, Decimal } from '../../src/money/money.ts'
import { sharePercent } from '../../src/money/share.ts'
import { Compare, comparedPeriod, comparison, rowComparison } from '../../src/pos/reports/period-comparison.ts'
import { salesTotal } from '../../src/pos/reports/sales.ts'
import { type LocationSales, salesByLocation } from '../../src/pos/reports/sales-by-location.ts'
import {
  describeLocationSales,
  type LocationReportRow,
  LocationSalesSchema,
  locationFigures,
} from '../../src/pos/reports/sales-by-location-text.ts'
import { addSums, netSales, type SalesSums } from '../../src/pos/reports/sales-figures.ts'
import { page } from '../../src/results/cursor.ts'
import { clean } from '../../src/results/text.ts'
import { localDate } from '../../src/time/local.ts'
import { WINDOW_INPUT, windowOf } from '../../src/time/window.ts'

const MAX_ROWS = 50

export default defineTool({
  name: 'get_sales_by_location',
  title: 'Sales by location',
  description:
    'Sales of each location, each by its own clock: orders, gross and net sales, returns, discounts, tax, tips, ' +
    'average sale, share. For the days of one use get_sales_report. Default: last_30_days.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ ...WINDOW_INPUT, compare: Compare }),
  output: LocationSalesSchema,
  async handler({ compare, ...input }, { db, business, now }) {
    const { timezone, currency } = business
    const days = windowOf(input, now, timezone, 'last_30_days')
    const period = compare ? comparedPeriod(days, now, timezone) : undefined
    const [sales, sumsByBusinessClock] = await Promise.all([
      salesByLocation(db, business.id, days, period),
      salesTotal(db, { businessId: business.id }, days),
    ])
    const zones = new Set(sales.map((row) => row.timezone))
    const sums = addSums(sales)
    const net = netSales(sums).toString()
    const totals = locationFigures(sums, business)
    const byBusinessClock = amountOf(netSales(sumsByBusinessClock), business)

    const build = (row: LocationSales): LocationReportRow => ({
      id: row.id,
      name: clean(row.name, 60),
      timezone: row.timezone,
      isActive: row.is_active,
      ...locationFigures(row, business),
      ...beside(row, net, compare, business),
    })
    const { items: rows } = page(sales, MAX_ROWS, () => [], build)
    const others = sales.slice(rows.length)
    if (others.length > 0) {
      const sum = { ...addSums(others), net_sales_before: netBefore(others) }
      rows.push({
        id: null,
        name: `Other (${others.length} locations)`,
        timezone: null,
        isActive: others.some((row) => row.is_active),
        ...locationFigures(sum, business),
        ...beside(sum, net, compare, business),
      })
    }

    // The window is over only when it is over in every time zone.
    const isComplete = [timezone, ...zones].every((zone) => days.to < localDate(now, zone))
    const against = period && comparison({ ...period, isComplete }, { now: net, before: netBefore(sales) }, business)
    const isOneClock = [...zones].every((zone) => zone === timezone)
    const data = {
      window: { ...days, timezone, currency },
      totals,
      netSalesByBusinessClock: byBusinessClock,
      ...(against === undefined ? {} : { comparison: against }),
      rows,
    }
    return { text: describeLocationSales(data, { locations: sales.length, isOneClock }), data }
  },
})

function netBefore(rows: readonly LocationSales[]): string {
  return rows.reduce((sum, row) => sum.plus(row.net_sales_before), new Decimal(0)).toString()
}

function beside(sums: SalesSums & { net_sales_before: string }, total: string, compare: boolean, currency: Currency) {
  const net = netSales(sums)
  return {
    sharePercent: sharePercent(net, total),
    ...(compare ? rowComparison({ now: net, before: sums.net_sales_before }, currency) : {}),
  }
}
