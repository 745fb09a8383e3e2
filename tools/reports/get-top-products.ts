import { type Static, Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { type Currency, Decimal, formatMoney, money, percentChange, quantity } from '../../src/money/money.ts'
import { sharePercent } from '../../src/money/share.ts'
import { categoryOf } from '../../src/pos/catalogue/categories.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import {
  Compare,
  ComparisonSchema,
  changeCells,
  comparedPeriod,
  comparison,
  describeComparison,
} from '../../src/pos/reports/period-comparison.ts'
import { describeWindow } from '../../src/pos/reports/phrases.ts'
import {
  type Measure,
  type ProductSums,
  type RankedProduct,
  rankedProducts,
  salesOfProducts,
} from '../../src/pos/reports/product-sales.ts'
import { salesTotal } from '../../src/pos/reports/sales.ts'
import { netSales } from '../../src/pos/reports/sales-figures.ts'
import { page } from '../../src/results/cursor.ts'
import { EntityRef, Limit, Nullable, NullableText, StringEnum } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean, variantName } from '../../src/results/text.ts'
import { WINDOW_INPUT, WindowSchema, windowOf } from '../../src/time/window.ts'

const MEASURES = ['net_sales', 'units', 'margin'] as const
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
type Row = Static<typeof RowSchema>

export default defineTool({
  name: 'get_top_products',
  title: 'Top products',
  description:
    'The best or worst selling products of a period by net sales, units or margin. For what does not sell at all use ' +
    'get_inventory_health. Default: the best 10 by net sales of last_30_days.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    by: StringEnum(MEASURES, { default: 'net_sales', description: 'Default net_sales' }),
    order: StringEnum(['best', 'worst'], { default: 'best', description: 'Default best' }),
    category: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Name or id' })),
    locationId: LocationId,
    limit: Limit({ default: 10, maximum: 50 }),
    compare: Compare,
  }),
  output: Type.Object({
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
  }),
  async handler({ by, order, category, locationId, limit, compare, ...input }, { db, business, now }) {
    const { timezone, location } = await placeOf(db, business, locationId)
    const days = windowOf(input, now, timezone, 'last_30_days')
    const scope = { businessId: business.id, locationId }
    const found = category === undefined ? null : await categoryOf(db, business.id, category)
    const total = netSales(await salesTotal(db, scope, days)).toString()
    const ranked = await rankedProducts(db, scope, days, { by, order, limit: limit + 1, categoryId: found?.id })

    const period = compare ? comparedPeriod(days, now, timezone) : undefined
    const variantIds = ranked.map((row) => row.variant_id)
    const earlier = period && (await salesOfProducts(db, scope, period, variantIds))
    const totalBefore = period && netSales(await salesTotal(db, scope, period)).toString()

    const { items: rows, hasMore } = page(
      ranked,
      limit,
      () => [],
      (row) => ({
        ...describeRow(row, total, business),
        ...(earlier === undefined ? {} : change(by, row, earlier.get(row.variant_id), business)),
      }),
    )
    const shown = rows.reduce((sum, row) => sum.plus(row.netSales), new Decimal(0))
    const data = {
      window: { ...days, timezone, currency: business.currency },
      location,
      category: found && { id: found.id, name: clean(found.name, 60) },
      totals: {
        netSales: money(total, business).amount,
        shownNetSales: money(shown, business).amount,
        shownSharePercent: sharePercent(shown, total),
      },
      ...(period === undefined || totalBefore === undefined
        ? {}
        : { comparison: comparison(period, { now: total, before: totalBefore }, business) }),
      by,
      rows,
      hasMore,
    }

    const of = data.category === null ? '' : ` of ${data.category.name}`
    const when = describeWindow(days, { timezone, location }, of)
    if (rows.length === 0) return { text: `No products sold, ${when}.`, data }
    const cut = hasMore && rows.length < limit ? `Only ${rows.length} of the ${limit} asked for fit. ` : ''
    const share = data.totals.shownSharePercent === null ? '' : ` (${data.totals.shownSharePercent} %)`
    return {
      text: [
        `${cut}The ${rows.length} ${order === 'best' ? 'best' : 'worst'} products by ${MEASURE_NAME[by]}, ${when}: ` +
          `${formatMoney(money(shown, business))} of ${formatMoney(money(total, business))} net sales${share}.`,
        ...(data.comparison === undefined ? [] : [describeComparison(data.comparison, business.currency)]),
        productTable(rows, by, compare),
        `Amounts in ${business.currency}; margin = net sales − what the sold lines cost, – where no cost is known.`,
      ].join('\n'),
      data,
    }
  },
})

function describeRow(row: RankedProduct, total: string, currency: Currency): Row {
  return {
    productId: row.product_id,
    variantId: row.variant_id,
    name: variantName(row, 60),
    sku: clean(row.sku, 40),
    unitsSold: quantity(row.units_sold),
    unitsReturned: quantity(row.units_returned),
    netSales: money(row.net_sales, currency).amount,
    sharePercent: sharePercent(row.net_sales, total),
    cost: row.cost === null ? null : money(row.cost, currency).amount,
    margin: row.margin === null ? null : money(row.margin, currency).amount,
    marginPercent: row.margin === null ? null : sharePercent(row.margin, row.net_sales),
  }
}

/** The measure that products are ranked by, in the period before, and its change. */
function change(by: Measure, now: ProductSums, before: ProductSums | undefined, currency: Currency) {
  const value = (sums: ProductSums | undefined) =>
    by === 'margin' ? (sums?.margin ?? null) : (sums?.[by === 'units' ? 'units_sold' : 'net_sales'] ?? '0')
  const [is, was] = [value(now), value(before)]
  if (was === null) return { before: null, changePercent: null }
  return {
    before: by === 'units' ? quantity(was) : money(was, currency).amount,
    changePercent: is === null ? null : percentChange(is, was),
  }
}

function productTable(rows: readonly Row[], by: Measure, compare: boolean): string {
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
