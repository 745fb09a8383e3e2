import { type Static, Type } from '@sinclair/typebox'
import { type Currency, formatMoney } from '../../money/money.ts'
import { Nullable, NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { WindowSchema } from '../../time/window.ts'
import { ComparisonSchema, changeCells, describeComparison, ROW_COMPARISON } from './period-comparison.ts'
import { type SalesSums, salesFigures } from './sales-figures.ts'

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
export type LocationReportRow = Static<typeof RowSchema>

/** Sales by location. */
export const LocationSalesSchema = Type.Object({
  window: WindowSchema,
  totals: FiguresSchema,
  netSalesByBusinessClock: Type.String(),
  comparison: Type.Optional(ComparisonSchema),
  rows: Type.Array(RowSchema),
})
type LocationReport = Static<typeof LocationSalesSchema>

/** Sums as figures. */
export function locationFigures(sums: SalesSums, currency: Currency): Static<typeof FiguresSchema> {
  const figures = salesFigures(sums, currency)
  return {
    orders: figures.orders,
    refunds: figures.refunds,
    grossSales: figures.grossSales,
    returns: figures.returns,
    discounts: figures.discounts,
    netSales: figures.netSales,
    tax: figures.tax,
    tips: figures.tips,
    total: figures.total,
    averageSale: figures.averageSale,
  }
}

/**
 * A report as text.
 * @param locations how many there are
 * @param isOneClock whether all of them are in the time zone of the business
 */
export function describeLocationSales(
  { window, totals, netSalesByBusinessClock, comparison, rows }: LocationReport,
  { locations, isOneClock }: { locations: number; isOneClock: boolean },
): string {
  const { currency, timezone } = window
  const say = (amount: string) => formatMoney({ amount, currency })
  return [
    `Net sales ${say(totals.netSales)} from ${totals.orders} orders in ${locations} ` +
      `locations, ${window.from} to ${window.to}.`,
    isOneClock
      ? `Days of ${timezone}.`
      : `Each location's days are cut by its own clock, and the total is their sum. By the clock of the business ` +
        `(${timezone}), as in get_sales_report, net sales are ${say(netSalesByBusinessClock)}.`,
    ...(comparison === undefined ? [] : [describeComparison(comparison, currency)]),
    locationTable(rows, totals, comparison),
    `Amounts in ${currency}; net = gross − returns − discounts, total = net + tax + tips.`,
  ].join('\n')
}

function locationTable(
  rows: readonly LocationReportRow[],
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
