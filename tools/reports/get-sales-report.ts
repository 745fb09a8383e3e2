import { Type } from '@sinclair/typebox'
import { ServiceError } from '../../src/errors.ts'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { formatMoney, percentChange } from '../../src/money/money.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import {
  against,
  Compare,
  comparedPeriod,
  PeriodBeforeSchema,
  unfinished,
} from '../../src/pos/reports/period-comparison.ts'
import { describeChange, describeWindow } from '../../src/pos/reports/phrases.ts'
import { salesByBucket, salesTotal } from '../../src/pos/reports/sales.ts'
import {
  describeFigures,
  NO_SALES,
  type SalesFigures,
  SalesFiguresSchema,
  salesFigures,
} from '../../src/pos/reports/sales-figures.ts'
import { EntityRef, Nullable, NullableText, StringEnum } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { addDays, daysBetween, monthStart, weekday, weekdayName, weekStart } from '../../src/time/local.ts'
import { WINDOW_INPUT, WindowSchema, windowOf } from '../../src/time/window.ts'

const GROUPS = ['day', 'week', 'month', 'weekday', 'hour'] as const
type Group = (typeof GROUPS)[number]
// A year of weeks; more would be more than a model reads in one result.
const MAX_ROWS = 53
// Characters; the same rows as data cost about as much again.
const MAX_TABLE_LENGTH = 5700

const AMOUNTS = ['grossSales', 'returns', 'discounts', 'netSales', 'tax', 'tips', 'total'] as const
const SHORT = ['gross', 'returns', 'discounts', 'net', 'tax', 'tips', 'total']
const COMPARED = [...AMOUNTS, 'orders', 'refunds', 'unitsSold', 'averageSale'] as const

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
    groupBy: StringEnum(GROUPS, { default: 'day', description: 'What a row is; default day' }),
    locationId: LocationId,
    compare: Compare,
  }),
  output: Type.Object({
    window: WindowSchema,
    location: Nullable(EntityRef),
    totals: SalesFiguresSchema,
    comparison: Type.Optional(
      Type.Object({
        ...PeriodBeforeSchema.properties,
        totals: SalesFiguresSchema,
        changePercent: Type.Object(Object.fromEntries(COMPARED.map((name) => [name, NullableText])), {
          description: 'Per figure; null: nothing to compare with',
        }),
      }),
    ),
    groupBy: Type.String(),
    rows: Type.Array(
      Type.Object({
        key: Type.String({ description: 'First local day, weekday name, or hour of the day' }),
        orders: Type.Integer(),
        refunds: Type.Integer(),
        ...Object.fromEntries(AMOUNTS.map((name) => [name, Type.String()])),
      }),
    ),
  }),
  async handler({ groupBy, locationId, compare, ...input }, { db, business, now }) {
    const { timezone, location } = await placeOf(db, business, locationId)
    const days = windowOf(input, now, timezone, 'today')
    const buckets = bucketsOf(groupBy, days)
    const scope = { businessId: business.id, locationId }
    const totals = salesFigures(await salesTotal(db, scope, days), business)
    const period = compare ? comparedPeriod(days, now, timezone) : undefined
    const comparison = period && {
      ...period,
      ...compareFigures(totals, salesFigures(await salesTotal(db, scope, period), business)),
    }
    const sums = await salesByBucket(db, scope, days, groupBy)
    const rows = buckets.map(({ key, label }) => {
      const figures = salesFigures(sums.get(key) ?? NO_SALES, business)
      const amounts = Object.fromEntries(AMOUNTS.map((name) => [name, figures[name].amount]))
      return { key: label, orders: figures.orders, refunds: figures.refunds, amounts }
    })
    return {
      text: [
        `Net sales ${formatMoney(totals.netSales)} from ${totals.orders} orders, ` +
          `${describeWindow(days, { timezone, location })}.`,
        `${describeFigures(totals)} · refunds ${totals.refunds}`,
        ...(comparison === undefined ? [] : [describeChanges(comparison)]),
        ...reportTable(groupBy, rows),
        `Amounts in ${business.currency}; net = gross − returns − discounts, total = net + tax + tips.`,
      ].join('\n'),
      data: {
        window: { ...days, timezone, currency: business.currency },
        location,
        totals,
        ...(comparison === undefined ? {} : { comparison }),
        groupBy,
        rows: rows.map(({ amounts, ...row }) => ({ ...row, ...amounts })),
      },
    }
  },
})

interface Row {
  key: string
  orders: number
  amounts: Record<string, string>
}

/** Rows as a table, with net sales and total alone where all columns would be more than a model reads. */
function reportTable(groupBy: Group, rows: readonly Row[]): string[] {
  const of = (columns: readonly number[]) =>
    table(
      [groupBy, 'orders', ...columns.map((column) => SHORT[column] ?? '')],
      rows.map(({ key, orders, amounts }) => [
        groupBy === 'day' ? `${key} ${weekday(key).slice(0, 3)}` : key,
        orders,
        ...columns.map((column) => amounts[AMOUNTS[column] ?? ''] ?? ''),
      ]),
    )
  const whole = of([...AMOUNTS.keys()])
  if (whole.length <= MAX_TABLE_LENGTH) return [whole]
  const narrow = of([AMOUNTS.indexOf('netSales'), AMOUNTS.indexOf('total')])
  return [narrow, 'The other figures of each row are in the structured result; a shorter period shows them here too.']
}

/** Totals of the period before, with the change of each figure since. */
function compareFigures(now: SalesFigures, before: SalesFigures) {
  const value = (figure: SalesFigures[(typeof COMPARED)[number]]) =>
    figure !== null && typeof figure === 'object' ? figure.amount : (figure ?? 0)
  return {
    totals: before,
    changePercent: Object.fromEntries(
      COMPARED.map((name) => [name, now[name] === null ? null : percentChange(value(now[name]), value(before[name]))]),
    ),
  }
}

function describeChanges(
  comparison: { from: string; to: string; isComplete: boolean } & ReturnType<typeof compareFigures>,
): string {
  const { totals, changePercent } = comparison
  const change = (name: (typeof COMPARED)[number]) => describeChange(changePercent[name] ?? null)
  const amounts = AMOUNTS.map((name, index) => `${SHORT[index]} ${formatMoney(totals[name])} (${change(name)})`)
  return (
    `${against(comparison)}: ${amounts.join(' · ')} · orders ${totals.orders} (${change('orders')}) · ` +
    `refunds ${totals.refunds} (${change('refunds')}).${unfinished(comparison)}`
  )
}

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
    if (keys.length === MAX_ROWS) {
      const coarser = group === 'day' ? 'week or month' : 'month'
      throw new ServiceError(
        'invalid_argument',
        `groupBy ${group} gives more than ${MAX_ROWS} rows for ${daysBetween(from, to)} days. Use groupBy ${coarser}, or a shorter period.`,
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
