import { Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { DIMENSIONS } from '../../src/pos/reports/dimensions.ts'
import { FilterList, filtersOf, parseFilters } from '../../src/pos/reports/filter-input.ts'
import { MEASURES } from '../../src/pos/reports/measures.ts'
import { finestFor, runReport } from '../../src/pos/reports/report.ts'
import { answerOf } from '../../src/pos/reports/report-answer.ts'
import { CompareWith, SalesReportSchema } from '../../src/pos/reports/report-schema.ts'
import { salesWindow } from '../../src/pos/reports/sales-window.ts'
import { StringEnum } from '../../src/results/schema.ts'
import { WINDOW_INPUT } from '../../src/time/window.ts'

export default defineTool({
  name: 'get_sales_report',
  title: 'Sales report',
  description: 'Any question about sales: by one or two groups, filtered, compared. Default: today.',
  scopes: ['reports:read'],
  aboutClients: ({ groupBy, filters }) =>
    groupBy?.some((each) => each === 'client' || each === 'city') === true ||
    filters.some((filter) => /^\s*(client|city)/i.test(filter)),
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    groupBy: Type.Optional(Type.Array(StringEnum(DIMENSIONS), { maxItems: 2 })),
    measures: Type.Array(StringEnum(MEASURES), { default: [], maxItems: MEASURES.length }),
    locationId: LocationId,
    filters: FilterList,
    compare: CompareWith,
    sort: Type.Optional(Type.String({ maxLength: 30, description: '"-tax": least first; "change"' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
  }),
  output: SalesReportSchema,
  async handler({ groupBy, measures, compare, sort, limit, locationId, ...input }, { db, business, now, forFile }) {
    const { place, filters } = await filtersOf(db, business, { locationId, ...parseFilters(input.filters) })
    const window = await salesWindow(db, business.id, place, { input, now, fallback: 'today' })
    const question = {
      ...{ window, place, measures, filters, compare, sort, limit, isFile: forFile },
      groupBy: groupBy ?? [forFile ? 'day' : finestFor(window)],
    }
    return answerOf(await runReport(db, business, question, now), business, forFile)
  },
})
