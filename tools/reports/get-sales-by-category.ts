import { Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { filtersOf } from '../../src/pos/reports/filter-input.ts'
import { runReport } from '../../src/pos/reports/report.ts'
import { answerOf } from '../../src/pos/reports/report-answer.ts'
import { CompareWith, SalesReportSchema } from '../../src/pos/reports/report-schema.ts'
import { salesWindow } from '../../src/pos/reports/sales-window.ts'
import { WINDOW_INPUT } from '../../src/time/window.ts'

const MAX_ROWS = 50

export default defineTool({
  name: 'get_sales_by_category',
  title: 'Sales by category',
  description:
    'Sales of each product category, as products are filed today: units, discounts, returns, margin. ' +
    'Products of one: get_top_products. Default: last_30_days.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ ...WINDOW_INPUT, locationId: LocationId, compare: CompareWith }),
  output: SalesReportSchema,
  async handler({ locationId, compare, ...input }, { db, business, now, forFile }) {
    const { place, filters } = await filtersOf(db, business, { locationId })
    const report = await runReport(
      db,
      business,
      {
        window: await salesWindow(db, business.id, place, { input, now, fallback: 'last_30_days' }),
        place,
        groupBy: ['category'],
        measures: ['net_sales', 'units', 'gross_sales', 'discounts', 'returns', 'margin', 'share'],
        filters,
        compare,
        limit: MAX_ROWS,
        isFile: forFile,
      },
      now,
    )
    return answerOf(report, business, forFile)
  },
})
