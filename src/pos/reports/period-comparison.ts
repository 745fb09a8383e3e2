import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency, type Decimal, formatMoney, percentChange } from '../../money/money.ts'
import { NullableText } from '../../results/schema.ts'
import { localDate } from '../../time/local.ts'
import { type Days, periodBefore } from '../../time/window.ts'
import { describeChange, signed } from './phrases.ts'

/** The argument that asks for the period before. */
export const Compare = Type.Boolean({ default: false, description: 'With the period before; default false' })

/** The period before a report's window. */
export const PeriodBeforeSchema = Type.Object({
  from: Type.String(),
  to: Type.String(),
  isComplete: Type.Boolean({ description: 'false: the window is not over, yet compared with a whole period' }),
})

/** Net sales of the period before, and the change since. */
export const ComparisonSchema = Type.Object({
  ...PeriodBeforeSchema.properties,
  netSales: Type.String(),
  changePercent: NullableText,
})
type Comparison = Static<typeof ComparisonSchema>

/** What the rows of a compared report add about the period before. */
export const ROW_COMPARISON = {
  netSalesBefore: Type.Optional(Type.String()),
  changePercent: Type.Optional(NullableText),
}

/** The period before a window, and whether the window is over by the clock of `timezone`. */
export function comparedPeriod(days: Days, now: Date, timezone: string): Static<typeof PeriodBeforeSchema> {
  return { ...periodBefore(days), isComplete: days.to < localDate(now, timezone) }
}

/** A comparison from the net sales of both periods. */
export function comparison(
  period: Static<typeof PeriodBeforeSchema>,
  net: { now: string; before: string },
  currency: Currency,
): Comparison {
  return {
    ...period,
    netSales: amountOf(net.before, currency),
    changePercent: percentChange(net.now, net.before),
  }
}

/** The comparison of a row, from its net sales in both periods. */
export function rowComparison(net: { now: Decimal.Value; before: string }, currency: Currency) {
  return { netSalesBefore: amountOf(net.before, currency), changePercent: percentChange(net.now, net.before) }
}

/** The cells of a table that compare: the earlier value, and the change in percent with its sign. */
export function changeCells(before: string | null | undefined, changePercent: string | null | undefined): string[] {
  return [before ?? '–', changePercent == null ? '–' : signed(changePercent)]
}

/** One line of text about a comparison. */
export function describeComparison({ netSales, changePercent, ...period }: Comparison, currency: string): string {
  const before = formatMoney({ amount: netSales, currency })
  return `${against(period)}: net sales ${before} (${describeChange(changePercent)}).${unfinished(period)}`
}

/** The first words of a comparison. */
export function against({ from, to }: Days): string {
  return `Against ${from} to ${to}`
}

/** A remark if an unfinished window is compared with a whole period; else an empty text. */
export function unfinished({ isComplete }: { isComplete: boolean }): string {
  return isComplete ? '' : ' The period is not over: its sales so far stand against a whole one.'
}
