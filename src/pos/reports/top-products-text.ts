import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency, formatMoney, percentChange, quantity } from '../../money/money.ts'
import { sharePercent } from '../../money/share.ts'
import { EntityRef, Nullable, NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { clean, variantName } from '../../results/text.ts'
import { WindowSchema } from '../../time/window.ts'
import { ComparisonSchema, changeCells, describeComparison } from './period-comparison.ts'
import { describeWindow } from './phrases.ts'
import type { Measure, RankedProduct } from './product-sales.ts'

const MEASURE_NAME: Record<Measure, string> = { net_sales: 'net sales', units: 'units sold', margin: 'margin' }

const RowSchema = Type.Object({
  productId: Type.String(),
  variantId: Type.String(),
  name: Type.String(),
  sku: Type.String(),
  unitsSold: Type.String(),
  unitsReturned: Type.String(),
  netSales: Type.String(),
  sharePercent: NullableText,
  cost: Nullable(Type.String(), { description: 'What the sold lines cost; null: unknown' }),
  margin: NullableText,
  marginPercent: NullableText,
  before: Type.Optional(Nullable(Type.String(), { description: 'What it is ranked by, in the period before' })),
  changePercent: Type.Optional(NullableText),
})
type ProductReportRow = Static<typeof RowSchema>

/** Products by a measure. */
export const TopProductsSchema = Type.Object({
  window: WindowSchema,
  location: Nullable(EntityRef),
  category: Nullable(EntityRef),
  totals: Type.Object({
    netSales: Type.String({ description: 'Of all products in the window' }),
    shownNetSales: Type.String(),
    shownSharePercent: NullableText,
  }),
  comparison: Type.Optional(ComparisonSchema),
  by: Type.String(),
  rows: Type.Array(RowSchema),
  hasMore: Type.Boolean(),
})
type TopProducts = Static<typeof TopProductsSchema>

/** A row from its sums. */
export function productRow(row: RankedProduct, total: string, currency: Currency): ProductReportRow {
  return {
    productId: row.product_id,
    variantId: row.variant_id,
    name: variantName(row, 60),
    sku: clean(row.sku, 40),
    unitsSold: quantity(row.units_sold),
    unitsReturned: quantity(row.units_returned),
    netSales: amountOf(row.net_sales, currency),
    sharePercent: sharePercent(row.net_sales, total),
    cost: row.cost === null ? null : amountOf(row.cost, currency),
    margin: row.margin === null ? null : amountOf(row.margin, currency),
    marginPercent: row.margin === null ? null : sharePercent(row.margin, row.net_sales),
  }
}

/** The measure that products are ranked by, in the period before, and its change. */
export function productChange(by: Measure, row: RankedProduct, currency: Currency) {
  const is = by === 'margin' ? row.margin : by === 'units' ? row.units_sold : row.net_sales
  // A product without sales had no margin, and sold 0 units.
  const was = by === 'margin' ? row.before : (row.before ?? '0')
  if (was === null) return { before: null, changePercent: null }
  return {
    before: by === 'units' ? quantity(was) : amountOf(was, currency),
    changePercent: is === null ? null : percentChange(is, was),
  }
}

/**
 * Products as text.
 * @param asked how the products are ranked, and how many were asked for
 */
export function describeTopProducts(
  { window, location, category, totals, comparison, rows, hasMore }: TopProducts,
  { by, order, limit }: { by: Measure; order: 'best' | 'worst'; limit: number },
): string {
  const { currency } = window
  const of = category === null ? '' : ` of ${category.name}`
  const when = describeWindow(window, { timezone: window.timezone, location }, of)
  if (rows.length === 0) return `No products sold, ${when}.`
  const cut = hasMore && rows.length < limit ? `Only ${rows.length} of the ${limit} asked for fit. ` : ''
  const share = totals.shownSharePercent === null ? '' : ` (${totals.shownSharePercent} %)`
  const [shown, all] = [totals.shownNetSales, totals.netSales].map((amount) => formatMoney({ amount, currency }))
  return [
    `${cut}The ${rows.length} ${order} products by ${MEASURE_NAME[by]}, ${when}: ${shown} of ${all} net sales${share}.`,
    ...(comparison === undefined ? [] : [describeComparison(comparison, currency)]),
    productTable(rows, by, comparison !== undefined),
    `Amounts in ${currency}; margin = net sales − what the sold lines cost, – where no cost is known.`,
  ].join('\n')
}

function productTable(rows: readonly ProductReportRow[], by: Measure, compare: boolean): string {
  return table(
    [
      ...['product', 'SKU', 'sold', 'returned', 'net', 'share %', 'cost', 'margin', 'margin %'],
      ...(compare ? [`${MEASURE_NAME[by]} before`, 'change %'] : []),
      'variant id',
    ],
    rows.map((row) => [
      row.name,
      row.sku,
      row.unitsSold,
      row.unitsReturned,
      row.netSales,
      row.sharePercent ?? '–',
      row.cost ?? '–',
      row.margin ?? '–',
      row.marginPercent ?? '–',
      ...(compare ? changeCells(row.before, row.changePercent) : []),
      row.variantId,
    ]),
  )
}
