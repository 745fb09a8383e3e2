import { type Currency, grouped } from '../../money/money.ts'
import { table } from '../../results/table.ts'
import { type Dimension, isOrdered, isTime, type Time } from './dimensions.ts'
import type { MeasureName, Sums } from './measures.ts'
import { measureOf } from './measures.ts'
import { changeCells } from './period-comparison.ts'
import { isOnWeekdays, periodOf, periodsOf } from './periods.ts'
import { signed } from './phrases.ts'
import { isListedWhole, type Line, type Report } from './report.ts'
import {
  cellsOf,
  changeNames,
  changeOf,
  differenceOf,
  isPercent,
  measureValue,
  perDayOf,
  pointsBetween,
  textOf,
} from './report-cells.ts'
import { nameOfKey } from './report-names.ts'

/** The rows of a report of one dimension, or of two that are ranked together. */
export function listOf(report: Report, currency: Currency, maxRows: number) {
  const { groupBy, window, plan, comparisons, totals, rankedAgainst } = report
  const all = isListedWhole(report) ? timeLines(report) : sortedLines(report)
  const of = isListedWhole(report) ? all.length : report.shown.of
  const lines = all.slice(0, isListedWhole(report) ? Math.min(maxRows, report.limit ?? maxRows) : maxRows)
  const [first] = plan.measures as [MeasureName]
  const hasDays = lines.some(({ whole }) => whole !== null)
  const compared = comparisons.filter((each) => each.index !== null && each.hasRows)
  const total = totals.sums[0] as Sums
  const firstKey = measureOf(first, plan.grain).key
  const measuredIn = (line: Line, index: number) =>
    measureValue(first, {
      grain: plan.grain,
      sums: line.sums[index] as Sums,
      total: totals.sums[index] as Sums,
      currency,
    })
  // The change of a percentage is in points already.
  const isRankedByAmount = rankedAgainst !== null && !isPercent(first)

  const rows = lines.map((line) => {
    const names = groupBy.map((dimension, index) =>
      nameOfKey(dimension, line.keys[index] ?? '', line.names[index] ?? null, window),
    )
    const cells = cellsOf(plan.measures, { grain: plan.grain, sums: line.sums[0] as Sums, total, currency })
    const [dimension] = groupBy as [Dimension]
    const period =
      isTime(dimension) && groupBy.length === 1 ? periodOf(dimension, line.keys[0] ?? '', window) : undefined
    const days = line.whole === null || line.keys.includes('') ? undefined : line.whole.days
    const perDay = days === undefined ? null : perDayOf(first, plan.grain, line.whole, currency)
    const beside = compared.map(({ kind, index }) => {
      const before = line.sums[index as number] as Sums
      const was = measuredIn(line, index as number)
      return {
        kind,
        value: was,
        change: isPercent(first)
          ? pointsBetween(measuredIn(line, 0), was)
          : changeOf(first, plan.grain, line.sums[0] as Sums, before),
      }
    })
    const difference = !isRankedByAmount
      ? []
      : [
          differenceOf(
            first,
            plan.grain,
            { now: line.sums[0] as Sums, before: line.sums[rankedAgainst] as Sums },
            currency,
          ),
        ]
    const refs = names.flatMap(({ ref }) => ref ?? [])
    const figures = {
      ...Object.fromEntries(cells.map(({ key, value }) => [key, value])),
      ...(days === undefined ? {} : { days, ...(perDay === null ? {} : { [`${firstKey}PerDay`]: perDay }) }),
      ...Object.fromEntries(
        beside.flatMap(({ kind, value, change }) => [
          [kind === 'previous' ? `${firstKey}Before` : `${firstKey}YearBefore`, value],
          [changeNames(first, kind).key, change],
        ]),
      ),
      ...Object.fromEntries(difference.map((value) => [`${firstKey}Change`, value])),
    }
    const stretch =
      period?.days === undefined
        ? {}
        : { ...period.days, days: daysIn(period.days), isPartial: period.isPartial ?? false }
    return {
      file: { ...namedInFile(groupBy, names), ...(dimension === 'day' ? {} : stretch), ...figures },
      data: {
        ...(names.length === 1 ? { key: names[0]?.key ?? '' } : { keys: names.map(({ key }) => key) }),
        ...(refs.length === 0 ? {} : { ref: refs.join(' / ') }),
        ...stretch,
        ...figures,
      },
      text: [
        ...names.map(({ text, ref }) => (ref === undefined ? text : `${text} [${ref}]`)),
        ...cells.map(({ text }) => text),
        ...(hasDays ? [days === undefined ? '–' : String(days), perDay === null ? '–' : grouped(perDay)] : []),
        ...beside.flatMap(({ value, change }) => changeCells(textOf(first, value), change)),
        ...difference.map((value) => (value === null ? '–' : signed(textOf(first, value)))),
      ],
    }
  })
  const shown = isListedWhole(report) || groupBy.length > 1 ? rows.length : lines.filter(isNamed).length
  const labels = cellsOf(plan.measures, { grain: plan.grain, sums: total, total, currency }).map(({ label }) => label)
  const { label } = measureOf(first, plan.grain)
  const headers = [
    ...groupBy.map((dimension) => dimension.replace('_', ' ')),
    ...labels,
    ...(hasDays ? ['days', `${label} per day`] : []),
    ...compared.flatMap(({ kind }) => [
      `${label} ${kind === 'previous' ? 'before' : 'year before'}`,
      changeNames(first, kind).label,
    ]),
    ...(isRankedByAmount ? [`${label} change`] : []),
  ]
  return {
    rows: rows.length,
    cuts: [{ shown, of, what: report.shown.what }],
    data: { rows: rows.map(({ data }) => data) },
    file: { rows: rows.map(({ file }) => file) },
    text:
      rows.length === 0
        ? []
        : [
            table(
              headers,
              rows.map(({ text }) => text),
            ),
          ],
  }
}

/** What the codes of a dimension's values are called, by which other tools take them. */
const CODES: Partial<Record<Dimension, string>> = { variant: 'SKU', client: 'client code', employee: 'employee number' }

/** What a row is about, in columns of a file: each dimension under its own name. */
export function namedInFile(groupBy: readonly Dimension[], names: readonly { key: string; ref?: string }[]) {
  return Object.fromEntries(
    groupBy.flatMap((dimension, index) => {
      const code = CODES[dimension]
      return [[dimension, names[index]?.key ?? ''], ...(code === undefined ? [] : [[code, names[index]?.ref ?? '']])]
    }),
  )
}

/** Whether a row is one of what is asked for: "no client" is none of the clients. */
function isNamed({ keys }: Line): boolean {
  return keys[0] !== ''
}

function daysIn({ from, to }: { from: string; to: string }): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) + 1
}

/** Every stretch or weekday of a window that the filters leave, also those without sales. */
function timeLines(report: Report): Line[] {
  const byKey = new Map(report.lines.map((line) => [line.keys[0], line]))
  const time = report.groupBy[0] as Time
  const isMean = time === 'weekday' && report.totals.whole !== null
  const whole = (key: string) => (isMean ? { value: '0', days: report.daysOf([key, null]) } : null)
  return periodsOf(time, report.window)
    .filter(({ key }) => byKey.has(key) || isOnWeekdays(time, key, report.filters.weekdays))
    .map(
      ({ key }) =>
        byKey.get(key) ?? {
          keys: [key, null],
          names: [null, null],
          sums: report.totals.sums.map(() => ({})),
          whole: whole(key),
        },
    )
}

/** Rows as ranked; times and bands of totals in their order where nothing sorts them, those of no known time last. */
function sortedLines({ lines, groupBy, sort }: Report): readonly Line[] {
  if (sort !== undefined || !groupBy.every(isOrdered)) return lines
  const order = (key: string | null | undefined) => (key === '' || key == null ? '~' : key.padStart(10, '0'))
  return lines.toSorted((a, b) => {
    const [left, right] = [a, b].map(({ keys }) => keys.map(order).join()) as [string, string]
    return left < right ? -1 : 1
  })
}
