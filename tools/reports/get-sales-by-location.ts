import { Type } from '@sinclair/typebox'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { filtersOf } from '../../src/pos/reports/filter-input.ts'
import { runReport } from '../../src/pos/reports/report.ts'
import { answerOf } from '../../src/pos/reports/report-answer.ts'
import { CompareWith, SalesReportSchema } from '../../src/pos/reports/report-schema.ts'
import { salesWindow } from '../../src/pos/reports/sales-window.ts'
import { WINDOW_INPUT } from '../../src/time/window.ts'

const MAX_ROWS = 50

export default defineTool({
  name: 'get_sales_by_location',
  title: 'Sales by location',
  description:
    'Sales of each location: returns, discounts, tax, tips, orders, average sale. One by its own clock: ' +
    'get_sales_report. Default: last_30_days.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ ...WINDOW_INPUT, compare: CompareWith }),
  output: SalesReportSchema,
  async handler({ compare, ...input }, { db, business, now, forFile }) {
    const { place, filters } = await filtersOf(db, business, {})
    const report = await runReport(
      db,
      business,
      {
        window: await salesWindow(db, business.id, place, { input, now, fallback: 'last_30_days' }),
        place,
        groupBy: ['location'],
        measures: [
          ...(['net_sales', 'gross_sales', 'returns', 'discounts', 'tax', 'tips', 'total'] as const),
          ...(['orders', 'average_sale', 'share'] as const),
        ],
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
