import { type Currency, grouped } from '../../money/money.ts'
import { table } from '../../results/table.ts'
import { type Dimension, isCalendar, isTime, type Time } from './dimensions.ts'
import { type MeasureName, measureOf, type Sums } from './measures.ts'
import { isOnWeekdays, periodsOf } from './periods.ts'
import type { Line, Report } from './report.ts'
import { hasFigures, measureValue, perDayOf, textOf } from './report-cells.ts'
import { nameOfKey } from './report-names.ts'
import { namedInFile } from './report-rows.ts'

/** A value of one of the two dimensions, with its total over the other. */
interface Entry {
  key: string
  line: Line
}

/**
 * The rows of a report of two dimensions as a table for each measure: the dimension with fewer values makes the columns.
 * What sold nothing is null.
 */
export function matrixOf(report: Report, currency: Currency, maxRows: number) {
  const { groupBy, window, plan, totals, lines, comparisons } = report
  const entries = groupBy.map((_dimension, index) => entriesOf(report, index, currency)) as [Entry[], Entry[]]
  const across = entries[1].length <= entries[0].length ? 1 : 0
  const down = across === 1 ? 0 : 1
  const columns = entries[across]
  const rows = entries[down].slice(0, maxRows)
  const cells = new Map(lines.map((line) => [`${line.keys[down]} ${line.keys[across]}`, line]))
  const nameOf = (index: number) => (entry: Entry) =>
    nameOfKey(groupBy[index] as Dimension, entry.key, entry.line.names[index] ?? null, window)
  const columnNames = columns.map(nameOf(across))
  const rowNames = rows.map(nameOf(down))
  const [first] = plan.measures as [MeasureName]

  const views = [
    ...plan.measures.map((name) => ({ name, index: 0, ...titles(name, plan.grain, null) })),
    ...comparisons
      .filter((each) => each.index !== null && each.hasRows)
      .map(({ kind, index }) => ({ name: first, index: index as number, ...titles(first, plan.grain, kind) })),
  ]
  const value = (line: Line | undefined, { name, index }: { name: MeasureName; index: number }) =>
    line === undefined
      ? null
      : measureValue(name, {
          grain: plan.grain,
          sums: line.sums[index] as Sums,
          total: totals.sums[index] as Sums,
          currency,
        })
  const perDay = (line: Line) => perDayOf(first, plan.grain, line.whole, currency)
  const hasDays = isTime(groupBy[down]) && !isCalendar(groupBy[down]) && rows.some(({ line }) => perDay(line) !== null)
  const isWhole = isTime(groupBy[across]) && !isCalendar(groupBy[across])
  const hasColumnDays = isWhole && columns.some(({ line }) => perDay(line) !== null)
  const noDays = hasDays ? ['–', '–'] : []
  const firstKey = measureOf(first, plan.grain).key
  // The dimension that is not of time is ranked and cut, whichever way the table lies.
  const ranked = groupBy.findIndex((dimension) => !isTime(dimension))
  const named = (ranked === down ? rows : columns).filter(({ key }) => key !== '')
  const { what } = report.shown

  const figures = rows.map((entry) => ({
    ...Object.fromEntries(
      views.map((view) => [view.key, columns.map((column) => value(cells.get(`${entry.key} ${column.key}`), view))]),
    ),
    // Not `total`, which a measure is called.
    all: Object.fromEntries(views.map((view) => [view.key, value(entry.line, view)])),
    ...(hasDays ? { days: entry.line.whole?.days, [`${firstKey}PerDay`]: perDay(entry.line) } : {}),
  }))

  return {
    rows: rows.length,
    cuts: [
      ...(ranked === -1 ? [] : [{ shown: named.length, of: Math.max(report.shown.of, named.length), what }]),
      ...(isTime(groupBy[down]) ? [{ shown: rows.length, of: entries[down].length, what: 'rows' }] : []),
    ],
    data: {
      rows: rowNames.map(({ key, ref }, row) => ({ key, ...(ref === undefined ? {} : { ref }), ...figures[row] })),
      columns: {
        names: columnNames.map(({ key }) => key),
        totals: Object.fromEntries(views.map((view) => [view.key, columns.map(({ line }) => value(line, view))])),
        ...(hasColumnDays
          ? {
              days: columns.map(({ line }) => line.whole?.days ?? 0),
              perDay: columns.map(({ line }) => perDay(line)),
            }
          : {}),
      },
    },
    file: {
      rows: rowNames.map((name, row) => ({ ...namedInFile([groupBy[down] as Dimension], [name]), ...figures[row] })),
      // Two clients may have the same name.
      columns: { names: columnNames.map(({ key, ref }) => (ref === undefined ? key : `${key} ${ref}`)) },
    },
    text: views.map((view, index) => {
      const isFirst = index === 0
      const said = (line: Line | undefined) => textOf(view.name, value(line, view))
      return [
        ...(views.length > 1 ? [`${view.label}:`] : []),
        table(
          [
            `${(groupBy[down] as string).replace('_', ' ')} \\ ${view.label}`,
            ...columnNames.map(({ text }) => text),
            'all',
            ...(isFirst && hasDays ? ['days', 'per day'] : []),
          ],
          [
            ...rows.map((entry, row) => [
              refText(rowNames[row]),
              ...columns.map((column) => said(cells.get(`${entry.key} ${column.key}`))),
              said(entry.line),
              ...(isFirst && hasDays ? [entry.line.whole?.days ?? '–', amountText(perDay(entry.line))] : []),
            ]),
            ['All', ...columns.map(({ line }) => said(line)), said(totals), ...(isFirst ? noDays : [])],
            ...(isFirst && hasColumnDays
              ? [
                  ['Days', ...columns.map(({ line }) => line.whole?.days ?? '–'), '–', ...noDays],
                  ['Per day', ...columns.map(({ line }) => amountText(perDay(line))), '–', ...noDays],
                ]
              : []),
          ],
        ),
      ].join('\n')
    }),
  }
}

function titles(name: MeasureName, grain: Report['plan']['grain'], kind: 'previous' | 'year' | null) {
  const { key, label } = measureOf(name, grain)
  if (kind === null) return { key, label }
  return kind === 'previous'
    ? { key: `${key}Before`, label: `${label} before` }
    : { key: `${key}YearBefore`, label: `${label} a year before` }
}

function refText(name: { text: string; ref?: string } | undefined): string {
  if (name === undefined) return ''
  return name.ref === undefined ? name.text : `${name.text} [${name.ref}]`
}

function amountText(amount: string | null): string {
  return amount === null ? '–' : grouped(amount)
}

/** The values of a dimension in order; the calendar's are whole, other times those with a figure in any cell. */
function entriesOf(report: Report, index: number, currency: Currency): Entry[] {
  const dimension = report.groupBy[index] as Dimension
  const all = (report.marginals[index] ?? []).map((line) => ({ key: line.keys[index] ?? '', line }))
  if (dimension === 'order_total' && report.sort === undefined) {
    return all.toSorted((a, b) => Number(a.key) - Number(b.key))
  }
  // These were chosen where they were ranked.
  if (!isTime(dimension)) return all
  const figures = report.lines.filter((line) => hasFigures(report, line, currency)).map(({ keys }) => keys[index] ?? '')
  const withFigures = new Set(figures)
  const found = all.filter(({ key, line }) => withFigures.has(key) || hasFigures(report, line, currency))
  const byKey = new Map(found.map((entry) => [entry.key, entry]))
  const empty: Line = { keys: [null, null], names: [null, null], sums: report.totals.sums.map(() => ({})), whole: null }
  const isListed = (key: string) => isCalendar(dimension) && isOnWeekdays(dimension, key, report.filters.weekdays)
  const inOrder = periodsOf(dimension as Time, report.window).flatMap(({ key }): Entry[] =>
    [byKey.get(key) ?? (isListed(key) ? { key, line: empty } : [])].flat(),
  )
  return [...inOrder, ...found.filter(({ key }) => key === '')]
}
