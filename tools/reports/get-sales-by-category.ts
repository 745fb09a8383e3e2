import { Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { sharePercent } from '../../src/money/share.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { Compare, comparedPeriod, comparison, rowComparison } from '../../src/pos/reports/period-comparison.ts'
import { addCategorySums, type CategorySums, salesByCategory } from '../../src/pos/reports/sales-by-category.ts'
import {
  type CategoryReportRow,
  CategorySalesSchema,
  categoryFigures,
  describeCategorySales,
} from '../../src/pos/reports/sales-by-category-text.ts'
import { page } from '../../src/results/cursor.ts'
import { clean } from '../../src/results/text.ts'
import { WINDOW_INPUT, windowOf } from '../../src/time/window.ts'

const MAX_ROWS = 50
const NO_CATEGORY = 'No category'

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
  output: CategorySalesSchema,
  async handler({ locationId, compare, ...input }, { db, business, now }) {
    const { currency } = business
    const { timezone, location } = await placeOf(db, business, locationId)
    const days = windowOf(input, now, timezone, 'last_30_days')
    const period = compare ? comparedPeriod(days, now, timezone) : undefined
    const sales = await salesByCategory(db, { businessId: business.id, locationId: location?.id }, days, period)
    const sums = addCategorySums(sales)
    const totals = categoryFigures(sums, business)

    const build = (id: string | null, name: string, row: CategorySums): CategoryReportRow => ({
      id,
      name,
      ...categoryFigures(row, business),
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
    return { text: describeCategorySales(data, sales.length), data }
  },
})
