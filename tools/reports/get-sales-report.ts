import { Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { Compare, comparedPeriod } from '../../src/pos/reports/period-comparison.ts'
import { salesByBucket, salesTotal } from '../../src/pos/reports/sales.ts'
import { NO_SALES, salesFigures } from '../../src/pos/reports/sales-figures.ts'
import { REPORT_GROUPS, reportBuckets } from '../../src/pos/reports/sales-report-rows.ts'
import {
  compareFigures,
  describeSalesReport,
  reportRow,
  SalesReportSchema,
} from '../../src/pos/reports/sales-report-text.ts'
import { StringEnum } from '../../src/results/schema.ts'
import { WINDOW_INPUT, windowOf } from '../../src/time/window.ts'

export default defineTool({
  name: 'get_sales_report',
  title: 'Sales report',
  description:
    'Sales by day, week, month, weekday or hour: gross and net sales, returns, discounts, tax, tips, total. For ' +
    'exact figures; for "how was today?" use summarize_day. Default: today. At most 53 rows.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    groupBy: StringEnum(REPORT_GROUPS, { default: 'day', description: 'What a row is; default day' }),
    locationId: LocationId,
    compare: Compare,
  }),
  output: SalesReportSchema,
  async handler({ groupBy, locationId, compare, ...input }, { db, business, now }) {
    const { timezone, location } = await placeOf(db, business, locationId)
    const days = windowOf(input, now, timezone, 'today')
    const buckets = reportBuckets(groupBy, days)
    const scope = { businessId: business.id, locationId: location?.id }
    const period = compare ? comparedPeriod(days, now, timezone) : undefined
    const [sums, sumsBefore, sumsByKey] = await Promise.all([
      salesTotal(db, scope, days),
      period && salesTotal(db, scope, period),
      salesByBucket(db, scope, days, groupBy),
    ])
    const totals = salesFigures(sums, business)
    const comparison = period &&
      sumsBefore && { ...period, ...compareFigures(totals, salesFigures(sumsBefore, business)) }
    const rows = buckets.map(({ key, label }) => reportRow(label, sumsByKey.get(key) ?? NO_SALES, business))
    const report = {
      window: { ...days, timezone, currency: business.currency },
      location,
      totals,
      ...(comparison === undefined ? {} : { comparison }),
      groupBy,
    }
    return {
      text: describeSalesReport(report, rows),
      data: { ...report, rows: rows.map(({ amounts, ...row }) => ({ ...row, ...amounts })) },
    }
  },
})
