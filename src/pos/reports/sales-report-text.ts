import { type Static, Type } from '@sinclair/typebox'
import { type Currency, formatAmount, percentChange } from '../../money/money.ts'
import { EntityRef, Nullable, NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { weekday } from '../../time/local.ts'
import { WindowSchema } from '../../time/window.ts'
import { against, PeriodBeforeSchema, unfinished } from './period-comparison.ts'
import { describeChange, describeWindow } from './phrases.ts'
import {
  describeFigures,
  type SalesFigures,
  SalesFiguresSchema,
  type SalesSums,
  salesFigures,
} from './sales-figures.ts'

// In characters; the same rows as data cost about as much again.
const MAX_TABLE_LENGTH = 5700

const AMOUNTS = ['grossSales', 'returns', 'discounts', 'netSales', 'tax', 'tips', 'total'] as const
const SHORT = ['gross', 'returns', 'discounts', 'net', 'tax', 'tips', 'total']
const COMPARED = [...AMOUNTS, 'orders', 'refunds', 'unitsSold', 'averageSale'] as const

const ChangesSchema = Type.Object({
  ...PeriodBeforeSchema.properties,
  totals: SalesFiguresSchema,
  changePercent: Type.Object(Object.fromEntries(COMPARED.map((name) => [name, NullableText])), {
    description: 'Per figure; null: nothing to compare with',
  }),
})

/** Sales of a period in rows by time. */
export const SalesReportSchema = Type.Object({
  window: WindowSchema,
  location: Nullable(EntityRef),
  totals: SalesFiguresSchema,
  comparison: Type.Optional(ChangesSchema),
  groupBy: Type.String(),
  rows: Type.Array(
    Type.Object({
      key: Type.String({ description: 'First local day, weekday name, or hour of the day' }),
      orders: Type.Integer(),
      refunds: Type.Integer(),
      ...Object.fromEntries(AMOUNTS.map((name) => [name, Type.String()])),
    }),
  ),
})
type SalesReport = Static<typeof SalesReportSchema>

/** A row of a report; amounts by the name of their figure. */
export interface ReportRow {
  key: string
  orders: number
  refunds: number
  amounts: Record<string, string>
}

/** A row from its sums. */
export function reportRow(label: string, sums: SalesSums, currency: Currency): ReportRow {
  const figures = salesFigures(sums, currency)
  const amounts = Object.fromEntries(AMOUNTS.map((name) => [name, figures[name]]))
  return { key: label, orders: figures.orders, refunds: figures.refunds, amounts }
}

/** Totals of the period before, with the change of each figure since. */
export function compareFigures(now: SalesFigures, before: SalesFigures) {
  const value = (figure: SalesFigures[(typeof COMPARED)[number]]) => figure ?? 0
  return {
    totals: before,
    changePercent: Object.fromEntries(
      COMPARED.map((name) => [name, now[name] === null ? null : percentChange(value(now[name]), value(before[name]))]),
    ),
  }
}

/** A report as text. */
export function describeSalesReport(
  { window, location, totals, comparison, groupBy }: Omit<SalesReport, 'rows'>,
  rows: readonly ReportRow[],
): string {
  return [
    `Net sales ${formatAmount(totals.netSales, window.currency)} from ${totals.orders} orders, ` +
      `${describeWindow(window, { timezone: window.timezone, location })}.`,
    `${describeFigures(totals, window.currency)} · refunds ${totals.refunds}`,
    ...(comparison === undefined ? [] : [describeChanges(comparison, window.currency)]),
    ...reportTable(groupBy, rows),
    `Amounts in ${window.currency}; net = gross − returns − discounts, total = net + tax + tips.`,
  ].join('\n')
}

/** Rows as a table; only net sales and total if all columns would be more than a model can read. */
function reportTable(groupBy: string, rows: readonly ReportRow[]): string[] {
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

function describeChanges(comparison: Static<typeof ChangesSchema>, currency: string): string {
  const { totals, changePercent } = comparison
  const change = (name: (typeof COMPARED)[number]) => describeChange(changePercent[name] ?? null)
  const amounts = AMOUNTS.map(
    (name, index) => `${SHORT[index]} ${formatAmount(totals[name], currency)} (${change(name)})`,
  )
  return (
    `${against(comparison)}: ${amounts.join(' · ')} · orders ${totals.orders} (${change('orders')}) · ` +
    `refunds ${totals.refunds} (${change('refunds')}).${unfinished(comparison)}`
  )
}
