import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency, Decimal, formatMoney, quantity } from '../../money/money.ts'
import { sharePercent } from '../../money/share.ts'
import { EntityRef, Nullable, NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { WindowSchema } from '../../time/window.ts'
import { ComparisonSchema, changeCells, describeComparison, ROW_COMPARISON } from './period-comparison.ts'
import { describeWindow } from './phrases.ts'
import type { CategorySums } from './sales-by-category.ts'

const FIGURES = {
  unitsSold: Type.String(),
  grossSales: Type.String(),
  discounts: Type.String(),
  returns: Type.String(),
  netSales: Type.String(),
  costedNetSales: Type.String({ description: 'Net sales of lines whose cost is known; margin is of these' }),
  margin: NullableText,
  marginPercent: NullableText,
}
const FiguresSchema = Type.Object(FIGURES)
type Figures = Static<typeof FiguresSchema>
const RowSchema = Type.Object({
  id: NullableText,
  name: Type.String(),
  ...FIGURES,
  sharePercent: NullableText,
  ...ROW_COMPARISON,
})
export type CategoryReportRow = Static<typeof RowSchema>

/** Sales by category. */
export const CategorySalesSchema = Type.Object({
  window: WindowSchema,
  location: Nullable(EntityRef),
  totals: FiguresSchema,
  comparison: Type.Optional(ComparisonSchema),
  rows: Type.Array(RowSchema),
})
type CategoryReport = Static<typeof CategorySalesSchema>

/** Sums as figures. */
export function categoryFigures(sums: CategorySums, currency: Currency): Figures {
  // Without any known cost there is no margin; a margin of zero needs known costs.
  const isCosted = ![sums.costed_net_sales, sums.cost].every((sum) => new Decimal(sum).isZero())
  const margin = new Decimal(sums.costed_net_sales).minus(sums.cost)
  return {
    unitsSold: quantity(sums.units_sold),
    grossSales: amountOf(sums.gross_sales, currency),
    discounts: amountOf(sums.discounts, currency),
    returns: amountOf(sums.returns, currency),
    netSales: amountOf(sums.net_sales, currency),
    costedNetSales: amountOf(sums.costed_net_sales, currency),
    margin: isCosted ? amountOf(margin, currency) : null,
    marginPercent: isCosted ? sharePercent(margin, sums.costed_net_sales) : null,
  }
}

/**
 * A report as text.
 * @param categories how many sold
 */
export function describeCategorySales(
  { window, location, totals, comparison, rows }: CategoryReport,
  categories: number,
): string {
  const { currency } = window
  const when = describeWindow(window, { timezone: window.timezone, location })
  if (rows.length === 0) return `No sales, ${when}.`
  const isPartlyCosted = totals.margin !== null && !new Decimal(totals.costedNetSales).eq(totals.netSales)
  const costed = formatMoney({ amount: totals.costedNetSales, currency })
  return [
    `Net sales ${formatMoney({ amount: totals.netSales, currency })} in ${categories} categories, ${when}.`,
    ...(comparison === undefined ? [] : [describeComparison(comparison, currency)]),
    categoryTable(rows, totals, comparison),
    `Amounts in ${currency}; net = gross − returns − discounts; margin = net sales − what the sold lines cost, – ` +
      `where no cost is known${isPartlyCosted ? `. Margins are of the products whose cost is known: ${costed} of net sales` : ''}.`,
  ].join('\n')
}

function categoryTable(
  rows: readonly CategoryReportRow[],
  totals: Figures,
  against: Static<typeof ComparisonSchema> | undefined,
): string {
  const cells = (row: Figures, share: string | null) => [
    row.unitsSold,
    row.grossSales,
    row.discounts,
    row.returns,
    row.netSales,
    share ?? '–',
    row.margin ?? '–',
    row.marginPercent ?? '–',
  ]
  const changed = (before: string | undefined, percent: string | null | undefined) =>
    against === undefined ? [] : changeCells(before, percent)
  return table(
    [
      ...['category', 'units', 'gross', 'discounts', 'returns', 'net', 'share %', 'margin', 'margin %'],
      ...(against === undefined ? [] : ['net before', 'change %']),
      'id',
    ],
    [
      ...rows.map((row) => [
        row.name,
        ...cells(row, row.sharePercent),
        ...changed(row.netSalesBefore, row.changePercent),
        row.id ?? '–',
      ]),
      ['All', ...cells(totals, null), ...changed(against?.netSales, against?.changePercent), '–'],
    ],
  )
}
