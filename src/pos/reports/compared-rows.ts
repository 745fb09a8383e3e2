import { amountOf, type Currency, Decimal, formatAmount, grouped, percentChange } from '../../money/money.ts'
import type { Sums } from './measures.ts'
import { changeCells, describeIncomparable, describeStretch } from './period-comparison.ts'
import { describeChange } from './phrases.ts'
import type { Line, Report } from './report.ts'

/**
 * The comparisons of a report by one amount, for tools that tell its rows in a form of their own.
 * @param key the name of the amount in data, and `label` in text
 * @param amountIn the amount of some rows: in the window for index 0, else in what it is compared with
 * @param totalIn the amount of all of it, also of what comes to too little for a row
 */
export function comparedRows(
  report: Report,
  {
    key,
    label,
    amountIn,
    totalIn,
  }: {
    key: string
    label: string
    amountIn: (lines: readonly Line[], index: number) => Decimal
    totalIn: (report: Report, index: number) => Decimal
  },
  currency: Currency,
) {
  const told = report.comparisons.map(({ kind, stretch, index }) => {
    if (index === null) return { kind, data: stretch, text: describeIncomparable(stretch) }
    const [now, before] = [0, index].map((each) => totalIn(report, each)) as [Decimal, Decimal]
    const [amount, change] = [amountOf(before, currency), percentChange(now, before)]
    const against = `Against ${kind === 'year' ? 'a year before, ' : ''}${describeStretch(stretch)}`
    return {
      kind,
      data: { ...stretch, totals: { [key]: amount }, changePercent: { [key]: change } },
      text: `${against}: ${label} ${formatAmount(amount, currency.currency)} (${describeChange(change)}).`,
    }
  })
  const shown = report.comparisons.flatMap(({ kind, index }) => (index === null ? [] : [{ kind, index }]))
  const names = {
    previous: { before: `${key}Before`, change: 'changePercent', headers: [`${label} before`, 'change %'] },
    year: {
      before: `${key}YearBefore`,
      change: 'yearChangePercent',
      headers: [`${label} year before`, 'year change %'],
    },
  }
  return {
    data: told.length === 0 ? {} : { comparison: Object.fromEntries(told.map(({ kind, data }) => [kind, data])) },
    text: told.map(({ text }) => text),
    headers: shown.flatMap(({ kind }) => names[kind].headers),
    /** What a row made of some lines adds, in data and as cells. */
    rowOf(lines: readonly Line[]) {
      return comparing((index) => amountIn(lines, index))
    },
    /** What the row of all adds. */
    rowOfAll() {
      return comparing((index) => totalIn(report, index))
    },
  }

  function comparing(amountAt: (index: number) => Decimal) {
    const values = shown.map(({ kind, index }) => {
      const [now, before] = [amountAt(0), amountAt(index)]
      return { ...names[kind], amount: amountOf(before, currency), percent: percentChange(now, before) }
    })
    return {
      data: Object.fromEntries(
        values.flatMap((each): [string, string | null][] => [
          [each.before, each.amount],
          [each.change, each.percent],
        ]),
      ),
      cells: values.flatMap(({ amount, percent }) => changeCells(grouped(amount), percent)),
    }
  }
}

/** The sum of a column over rows, in the window or in what it is compared with. */
export function sumOver(lines: readonly Line[], index: number, name: keyof Sums): Decimal {
  return lines.reduce((sum, { sums }) => sum.plus(sums[index]?.[name] ?? 0), new Decimal(0))
}
