import { type Static, Type } from '@sinclair/typebox'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { type Currency, Decimal, formatMoney, money } from '../../src/money/money.ts'
import { sharePercent } from '../../src/money/share.ts'
import {
  Compare,
  ComparisonSchema,
  changeCells,
  comparedPeriod,
  comparison,
  describeComparison,
  ROW_COMPARISON,
  rowComparison,
} from '../../src/pos/reports/period-comparison.ts'
import { salesTotal } from '../../src/pos/reports/sales.ts'
import { type LocationSales, salesByLocation } from '../../src/pos/reports/sales-by-location.ts'
import { addSums, netSales, type SalesSums, salesFigures } from '../../src/pos/reports/sales-figures.ts'
import { page } from '../../src/results/cursor.ts'
import { Nullable, NullableText } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean } from '../../src/results/text.ts'
import { localDate } from '../../src/time/local.ts'
import { WINDOW_INPUT, WindowSchema, windowOf } from '../../src/time/window.ts'

const MAX_ROWS = 50

const FIGURES = {
  orders: Type.Integer(),
  refunds: Type.Integer(),
  grossSales: Type.String(),
  returns: Type.String(),
  discounts: Type.String(),
  netSales: Type.String(),
  tax: Type.String(),
  tips: Type.String(),
  total: Type.String(),
  averageSale: NullableText,
}
const FiguresSchema = Type.Object(FIGURES)
const RowSchema = Type.Object({
  id: Nullable(Type.String(), { description: 'null: several locations in one row' }),
  name: Type.String(),
  timezone: Nullable(Type.String(), { description: 'Cuts the days of this row' }),
  isActive: Type.Boolean(),
  ...FIGURES,
  sharePercent: NullableText,
  ...ROW_COMPARISON,
})
type Row = Static<typeof RowSchema>

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
  output: Type.Object({
    window: WindowSchema,
    totals: FiguresSchema,
    netSalesByBusinessClock: Type.String(),
    comparison: Type.Optional(ComparisonSchema),
    rows: Type.Array(RowSchema),
  }),
  async handler({ compare, ...input }, { db, business, now }) {
    const { timezone, currency } = business
    const days = windowOf(input, now, timezone, 'last_30_days')
    const period = compare ? comparedPeriod(days, now, timezone) : undefined
    const sales = await salesByLocation(db, business.id, days, period)
    const zones = new Set(sales.map((row) => row.timezone))
    const sums = addSums(sales)
    const net = netSales(sums).toString()
    const totals = figuresOf(sums, business)
    const byBusinessClock = money(netSales(await salesTotal(db, { businessId: business.id }, days)), business)

    const build = (row: LocationSales): Row => ({
      id: row.id,
      name: clean(row.name, 60),
      timezone: row.timezone,
      isActive: row.is_active,
      ...figuresOf(row, business),
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
        ...figuresOf(sum, business),
        ...beside(sum, net, compare, business),
      })
    }

    // The window is over only when it is over on every clock.
    const isComplete = [timezone, ...zones].every((zone) => days.to < localDate(now, zone))
    const against = period && comparison({ ...period, isComplete }, { now: net, before: netBefore(sales) }, business)
    const isOneClock = [...zones].every((zone) => zone === timezone)
    return {
      text: [
        `Net sales ${formatMoney({ amount: totals.netSales, currency })} from ${totals.orders} orders in ${sales.length} ` +
          `locations, ${days.from} to ${days.to}.`,
        isOneClock
          ? `Days of ${timezone}.`
          : `Each location's days are cut by its own clock, and the total is their sum. By the clock of the business ` +
            `(${timezone}), as in get_sales_report, net sales are ${formatMoney(byBusinessClock)}.`,
        ...(against === undefined ? [] : [describeComparison(against, currency)]),
        locationTable(rows, totals, against),
        `Amounts in ${currency}; net = gross − returns − discounts, total = net + tax + tips.`,
      ].join('\n'),
      data: {
        window: { ...days, timezone, currency },
        totals,
        netSalesByBusinessClock: byBusinessClock.amount,
        ...(against === undefined ? {} : { comparison: against }),
        rows,
      },
    }
  },
})

function figuresOf(sums: SalesSums, currency: Currency): Static<typeof FiguresSchema> {
  const figures = salesFigures(sums, currency)
  return {
    orders: figures.orders,
    refunds: figures.refunds,
    grossSales: figures.grossSales.amount,
    returns: figures.returns.amount,
    discounts: figures.discounts.amount,
    netSales: figures.netSales.amount,
    tax: figures.tax.amount,
    tips: figures.tips.amount,
    total: figures.total.amount,
    averageSale: figures.averageSale?.amount ?? null,
  }
}

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

function locationTable(
  rows: readonly Row[],
  totals: Static<typeof FiguresSchema>,
  against: Static<typeof ComparisonSchema> | undefined,
): string {
  const cells = (row: Static<typeof FiguresSchema>) => [
    row.orders,
    row.grossSales,
    row.returns,
    row.discounts,
    row.netSales,
    row.tax,
    row.tips,
    row.total,
    row.averageSale ?? '–',
  ]
  const changed = (before: string | undefined, percent: string | null | undefined) =>
    against === undefined ? [] : changeCells(before, percent)
  return table(
    [
      ...['location', 'id', 'zone', 'orders', 'gross', 'returns', 'discounts', 'net', 'tax', 'tips', 'total'],
      ...['average', 'share %'],
      ...(against === undefined ? [] : ['net before', 'change %']),
    ],
    [
      ...rows.map((row) => [
        row.isActive ? row.name : `${row.name} (inactive)`,
        row.id ?? '–',
        row.timezone ?? '–',
        ...cells(row),
        row.sharePercent ?? '–',
        ...changed(row.netSalesBefore, row.changePercent),
      ]),
      ['All', '–', '–', ...cells(totals), '–', ...changed(against?.netSales, against?.changePercent)],
    ],
  )
}
