import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, Decimal } from '../../src/money/money.ts'
import { sharePercent } from '../../src/money/share.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { categoryOf } from '../../src/pos/references.ts'
import { Compare, comparedPeriod, comparison } from '../../src/pos/reports/period-comparison.ts'
import { rankedProducts } from '../../src/pos/reports/product-sales.ts'
import { salesTotal } from '../../src/pos/reports/sales.ts'
import { netSales } from '../../src/pos/reports/sales-figures.ts'
import {
  describeTopProducts,
  productChange,
  productRow,
  TopProductsSchema,
} from '../../src/pos/reports/top-products-text.ts'
import { page } from '../../src/results/cursor.ts'
import { Limit, StringEnum } from '../../src/results/schema.ts'
import { clean } from '../../src/results/text.ts'
import { WINDOW_INPUT, windowOf } from '../../src/time/window.ts'

const MEASURES = ['net_sales', 'units', 'margin'] as const

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
  output: TopProductsSchema,
  async handler({ by, order, category, locationId, limit, compare, ...input }, { db, business, now }) {
    const [{ timezone, location, days }, found] = await together([
      placeOf(db, business, locationId).then((place) => ({
        ...place,
        days: windowOf(input, now, place.timezone, 'last_30_days'),
      })),
      category === undefined ? null : categoryOf(db, business.id, category),
    ])
    const scope = { businessId: business.id, locationId: location?.id }
    const period = compare ? comparedPeriod(days, now, timezone) : undefined
    const query = { by, order, limit: limit + 1, categoryId: found?.id, before: period }
    const [sums, sumsBefore, ranked] = await Promise.all([
      salesTotal(db, scope, days),
      period && salesTotal(db, scope, period),
      rankedProducts(db, scope, days, query),
    ])
    const total = netSales(sums).toString()

    const { items: rows, hasMore } = page(
      ranked,
      limit,
      () => [],
      (row) => ({
        ...productRow(row, total, business),
        ...(compare ? productChange(by, row, business) : {}),
      }),
    )
    const shown = rows.reduce((sum, row) => sum.plus(row.netSales), new Decimal(0))
    const data = {
      window: { ...days, timezone, currency: business.currency },
      location,
      category: found && { id: found.id, name: clean(found.name, 60) },
      totals: {
        netSales: amountOf(total, business),
        shownNetSales: amountOf(shown, business),
        shownSharePercent: sharePercent(shown, total),
      },
      ...(period === undefined || sumsBefore === undefined
        ? {}
        : { comparison: comparison(period, { now: total, before: netSales(sumsBefore).toString() }, business) }),
      by,
      rows,
      hasMore,
    }
    return { text: describeTopProducts(data, { by, order, limit }), data }
  },
})
