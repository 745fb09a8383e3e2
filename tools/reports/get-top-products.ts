import { Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { filtersOf } from '../../src/pos/reports/filter-input.ts'
import { runReport } from '../../src/pos/reports/report.ts'
import { answerOf } from '../../src/pos/reports/report-answer.ts'
import { CompareWith, SalesReportSchema } from '../../src/pos/reports/report-schema.ts'
import { salesWindow } from '../../src/pos/reports/sales-window.ts'
import { Limit, StringEnum } from '../../src/results/schema.ts'
import { WINDOW_INPUT } from '../../src/time/window.ts'

const RANKINGS = ['net_sales', 'units', 'margin'] as const

export default defineTool({
  name: 'get_top_products',
  title: 'Top products',
  description:
    'The best or worst selling products of a period. What does not sell: get_inventory_health. Default: the best 10 of ' +
    'last_30_days.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    by: StringEnum(RANKINGS, { default: 'net_sales', description: 'Default net_sales' }),
    order: StringEnum(['best', 'worst'], { default: 'best', description: 'Default best' }),
    category: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Name or id' })),
    locationId: LocationId,
    limit: Limit({ default: 10, maximum: 50 }),
    compare: CompareWith,
  }),
  output: SalesReportSchema,
  async handler({ by, order, category, locationId, limit, compare, ...input }, { db, business, now, forFile }) {
    const { place, filters } = await filtersOf(db, business, { locationId, category })
    const report = await runReport(
      db,
      business,
      {
        window: await salesWindow(db, business.id, place, { input, now, fallback: 'last_30_days' }),
        place,
        groupBy: ['variant'],
        // What they are ranked by is compared, and so stands first.
        measures: [by, ...RANKINGS.filter((each) => each !== by), 'share'],
        filters,
        compare,
        sort: order === 'best' ? by : `-${by}`,
        limit,
        isFile: forFile,
      },
      now,
    )
    return answerOf(report, business, forFile)
  },
})
