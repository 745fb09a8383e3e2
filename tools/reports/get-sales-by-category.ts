import { type Static, Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { type Currency, Decimal, formatMoney, money, quantity } from '../../src/money/money.ts'
import { sharePercent } from '../../src/money/share.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
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
import { describeWindow } from '../../src/pos/reports/phrases.ts'
import { addCategorySums, type CategorySums, salesByCategory } from '../../src/pos/reports/sales-by-category.ts'
import { page } from '../../src/results/cursor.ts'
import { EntityRef, Nullable, NullableText } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean } from '../../src/results/text.ts'
import { WINDOW_INPUT, WindowSchema, windowOf } from '../../src/time/window.ts'

const MAX_ROWS = 50
const NO_CATEGORY = 'No category'

const FIGURES = {
  unitsSold: Type.String(),
  grossSales: Type.String(),
  discounts: Type.String(),
  returns: Type.String(),
  netSales: Type.String(),
  costedNetSales: Type.String({ description: 'Net sales of products whose cost is known; margin is of these' }),
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
type Row = Static<typeof RowSchema>

export default defineTool({
  name: 'get_sales_by_category',
  title: 'Sales by category',
  description:
    'Sales of each product category in a period, as products are filed today: units, gross and net sales, ' +
    'discounts, returns, margin, share. Products of one: get_top_products. Default: last_30_days.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ ...WINDOW_INPUT, locationId: LocationId, compare: Compare }),
  output: Type.Object({
    window: WindowSchema,
    location: Nullable(EntityRef),
    totals: FiguresSchema,
    comparison: Type.Optional(ComparisonSchema),
    rows: Type.Array(RowSchema),
  }),
  async handler({ locationId, compare, ...input }, { db, business, now }) {
    const { currency } = business
    const { timezone, location } = await placeOf(db, business, locationId)
    const days = windowOf(input, now, timezone, 'last_30_days')
    const period = compare ? comparedPeriod(days, now, timezone) : undefined
    const sales = await salesByCategory(db, { businessId: business.id, locationId }, days, period)
    const sums = addCategorySums(sales)
    const totals = figuresOf(sums, business)

    const build = (id: string | null, name: string, row: CategorySums): Row => ({
      id,
      name,
      ...figuresOf(row, business),
      sharePercent: sharePercent(row.net_sales, sums.net_sales),
      ...(compare ? rowComparison({ now: row.net_sales, before: row.net_sales_before }, business) : {}),
    })
    const { items: rows } = page(
      sales,
      MAX_ROWS,
      () => [],
      (row) => build(row.id, row.name === null ? NO_CATEGORY : clean(row.name, 60), row),
    )
    const others = sales.slice(rows.length)
    if (others.length > 0) rows.push(build(null, `Other (${others.length} categories)`, addCategorySums(others)))

    const against = period && comparison(period, { now: sums.net_sales, before: sums.net_sales_before }, business)
    const data = {
      window: { ...days, timezone, currency },
      location,
      totals,
      ...(against === undefined ? {} : { comparison: against }),
      rows,
    }
    const when = describeWindow(days, { timezone, location })
    if (rows.length === 0) return { text: `No sales, ${when}.`, data }
    const isPartlyCosted = totals.margin !== null && !new Decimal(sums.costed_net_sales).eq(sums.net_sales)
    const costed = formatMoney({ amount: totals.costedNetSales, currency })
    return {
      text: [
        `Net sales ${formatMoney({ amount: totals.netSales, currency })} in ${sales.length} categories, ${when}.`,
        ...(against === undefined ? [] : [describeComparison(against, currency)]),
        categoryTable(rows, totals, against),
        `Amounts in ${currency}; net = gross − returns − discounts; margin = net sales − what the sold lines cost, – ` +
          `where no cost is known${isPartlyCosted ? `. Margins are of the products whose cost is known: ${costed} of net sales` : ''}.`,
      ].join('\n'),
      data,
    }
  },
})

function figuresOf(sums: CategorySums, currency: Currency): Figures {
  // Where no product has a cost there is no margin; a margin of zero needs costs that are known.
  const isCosted = Number(sums.costed_lines) > 0
  const margin = new Decimal(sums.costed_net_sales).minus(sums.cost)
  return {
    unitsSold: quantity(sums.units_sold),
    grossSales: money(sums.gross_sales, currency).amount,
    discounts: money(sums.discounts, currency).amount,
    returns: money(sums.returns, currency).amount,
    netSales: money(sums.net_sales, currency).amount,
    costedNetSales: money(sums.costed_net_sales, currency).amount,
    margin: isCosted ? money(margin, currency).amount : null,
    marginPercent: isCosted ? sharePercent(margin, sums.costed_net_sales) : null,
  }
}

function categoryTable(
  rows: readonly Row[],
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
