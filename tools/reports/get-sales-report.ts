import { Type } from '@sinclair/typebox'
import { ServiceError } from '../../src/errors.ts'
import { LocationId } from '../../src/mcp/arguments.ts'
import { EntityRef, Nullable, StringEnum } from '../../src/mcp/schema.ts'
import { table } from '../../src/mcp/text.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { formatMoney } from '../../src/money/money.ts'
import { placeOf } from '../../src/pos/locations.ts'
import { salesByBucket, salesTotal } from '../../src/pos/sales.ts'
import { describeFigures, NO_SALES, SalesFiguresSchema, salesFigures } from '../../src/pos/sales-figures.ts'
import { addDays, daysBetween, monthStart, weekday, weekdayName, weekStart } from '../../src/time/local.ts'
import { WINDOW_INPUT, WindowSchema, windowOf } from '../../src/time/window.ts'

const GROUPS = ['day', 'week', 'month', 'weekday', 'hour'] as const
type Group = (typeof GROUPS)[number]
const MOST_ROWS = 62

const Place = Nullable(EntityRef)

export default defineTool({
  name: 'get_sales_report',
  title: 'Sales report',
  description:
    'Sales of a period in rows: by day, week, month, weekday or hour, with gross sales, returns, discounts, net sales, ' +
    'tax, tips and totals. Use it for exact figures and tables; for "how was today?" use summarize_day. A sale counts ' +
    'on the local day of its completion, a refund on the local day of the refund; cancelled and open orders never. ' +
    `Default: today by day. At most ${MOST_ROWS} rows.`,
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    groupBy: StringEnum(GROUPS, { default: 'day', description: 'What a row is; default day' }),
    locationId: LocationId,
  }),
  output: Type.Object({
    window: WindowSchema,
    location: Place,
    totals: SalesFiguresSchema,
    groupBy: Type.String(),
    rows: Type.Array(
      Type.Object({
        key: Type.String({ description: 'First local day, weekday name, or hour of the day' }),
        figures: SalesFiguresSchema,
      }),
    ),
  }),
  async handler({ groupBy, locationId, ...input }, { db, business, now }) {
    const { timezone, location } = await placeOf(db, business, locationId)
    const days = windowOf(input, now, timezone, 'today')
    const buckets = bucketsOf(groupBy, days)
    const scope = { businessId: business.id, locationId }
    const totals = salesFigures(await salesTotal(db, scope, days), business)
    const sums = await salesByBucket(db, scope, days, groupBy)
    const rows = buckets.map(({ key, label }) => ({
      key: label,
      figures: salesFigures(sums.get(key) ?? NO_SALES, business),
    }))
    const window = { ...days, timezone, currency: business.currency }
    return {
      text: [
        `Net sales ${formatMoney(totals.netSales)} from ${totals.orders} orders, ${days.from} to ${days.to}` +
          `${location === null ? '' : ` at ${location.name}`} (days of ${timezone}).`,
        `${describeFigures(totals)} · refunds ${totals.refunds}`,
        table(
          [groupBy, 'orders', 'gross', 'returns', 'discounts', 'net', 'tax', 'tips', 'total'],
          rows.map(({ key, figures }) => [
            groupBy === 'day' ? `${key} ${weekday(key).slice(0, 3)}` : key,
            figures.orders,
            figures.grossSales.amount,
            figures.returns.amount,
            figures.discounts.amount,
            figures.netSales.amount,
            figures.tax.amount,
            figures.tips.amount,
            figures.total.amount,
          ]),
        ),
        `Amounts in ${business.currency}; net = gross − returns − discounts, total = net + tax + tips.`,
      ].join('\n'),
      data: { window, location, totals, groupBy, rows },
    }
  },
})

/** Every row of a report, those without sales included, in order. */
function bucketsOf(group: Group, { from, to }: { from: string; to: string }): { key: string; label: string }[] {
  if (group === 'hour') return numbered(0, 23, (hour) => `${String(hour).padStart(2, '0')}:00`)
  if (group === 'weekday') return numbered(1, 7, weekdayName)
  const keys: string[] = []
  const first = group === 'day' ? from : group === 'week' ? weekStart(from) : monthStart(from)
  const next = { day: (key: string) => addDays(key, 1), week: (key: string) => addDays(key, 7), month: nextMonth }[
    group
  ]
  for (let key = first; key <= to; key = next(key)) {
    if (keys.length === MOST_ROWS) {
      const coarser = group === 'day' ? 'week or month' : 'month'
      throw new ServiceError(
        'invalid_argument',
        `groupBy ${group} gives more than ${MOST_ROWS} rows for ${daysBetween(from, to)} days. Use groupBy ${coarser}, or a shorter period.`,
      )
    }
    keys.push(key)
  }
  return keys.map((key) => ({ key, label: key }))
}

function numbered(first: number, last: number, label: (value: number) => string) {
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    key: String(first + index),
    label: label(first + index),
  }))
}

function nextMonth(key: string): string {
  return monthStart(addDays(key, 31))
}
