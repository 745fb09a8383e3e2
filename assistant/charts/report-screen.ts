import type { Say } from './format.ts'
import { comparedWith, periodUnit, stretchCall } from './period-screen.ts'
import {
  type Asked,
  type Call,
  type Chart,
  type Fact,
  fact,
  type Json,
  listOf,
  numberOf,
  objectOf,
  type Point,
  placeOf,
  type Screen,
  scopeOf,
  textOf,
  textsOf,
} from './screen.ts'

const MAX_COLUMNS = 24
const MAX_FACTS = 4
const CALENDAR = ['day', 'week', 'month', 'quarter']
const COUNTS = ['orders', 'refunds']
const QUANTITIES = ['unitsSold', 'itemsPerOrder']
/** How rows of a dimension are looked into: each is kept by a filter, and divided by another dimension. */
const NEXT: Record<string, string> = { category: 'product', product: '', variant: '', location: 'category' }
/** The filter of a dimension, where it has another name. */
const FILTER: Record<string, string> = { variant: 'product' }
const UNFILTERED = ['discounted', 'tax_rate']

/** The answer of `get_sales_report`: each measure is a tab. */
export function reportScreen(data: Json, asked: Asked, say: Say): Screen {
  const { words } = say
  const currency = textOf(objectOf(data.window).currency)
  const about = objectOf(data.about)
  const groupBy = textsOf(about.groupBy)
  const totals = objectOf(data.totals)
  const comparison = objectOf(data.comparison)
  const rows = listOf(data.rows)
  const isMatrix = data.columns !== undefined
  const cellsOf = (row: Json) => (isMatrix ? objectOf(row.all) : row)
  const measures = Object.keys(words.measures).filter((key) => rows.some((row) => cellsOf(row)[key] !== undefined))
  const write = (measure: string, value: unknown) => writeMeasure(measure, textOf(value), currency, say)
  const columns = isMatrix ? textsOf(objectOf(data.columns).names) : []

  const charts = measures.map((measure): Chart => {
    const by = groupBy.length === 1 || isMatrix ? rowDimension(groupBy, rows, isMatrix) : ''
    const isTime = CALENDAR.includes(by) || by === 'weekday' || by === 'hour'
    const before = rows.some((row) => cellsOf(row)[`${measure}Before`] !== undefined)
      ? `${measure}Before`
      : rows.some((row) => cellsOf(row)[`${measure}YearBefore`] !== undefined)
        ? `${measure}YearBefore`
        : undefined
    const points = rows.map((row): Point => {
      const cells = cellsOf(row)
      const values = Array.isArray(row[measure]) ? (row[measure] as unknown[]) : []
      return {
        label: labelOf(row, by, say),
        value: numberOf(cells[measure]),
        text: write(measure, cells[measure]),
        ...(before !== undefined && {
          before: numberOf(cells[before]),
          beforeText: write(measure, cells[before]),
        }),
        ...(isMatrix && {
          note: columns
            .map((name, index) => [name, values[index]] as const)
            .filter(([, value]) => value !== null && value !== undefined)
            .map(([name, value]) => `${name} ${write(measure, value)}`)
            .join(', '),
        }),
        ...callOf(data, asked, by, row),
      }
    })
    const beforeWord = before?.endsWith('YearBefore') ? words.yearBefore : words.before
    return {
      name: words.measures[measure] as string,
      kind: !isTime ? 'rows' : points.length > MAX_COLUMNS ? 'line' : 'columns',
      legend: { value: words.measures[measure] as string, ...(before !== undefined && { before: beforeWord }) },
      points,
    }
  })

  const beside = comparison.previous === undefined ? comparison.year : comparison.previous
  const stretch = objectOf(beside)
  const facts = [...new Set([...measures, ...Object.keys(totals)])]
    .filter((measure) => totals[measure] !== undefined && words.measures[measure] !== undefined)
    .slice(0, MAX_FACTS)
    .map(
      (measure): Fact =>
        fact(
          words.measures[measure] as string,
          write(measure, totals[measure]),
          objectOf(stretch.changePercent)[measure],
          say,
        ),
    )
  return {
    title: textOf(objectOf(data.business).name),
    subtitle: [scopeOf(data, say), comparedWith(stretch, say), ...textsOf(about.filters)].filter(Boolean).join(' · '),
    facts,
    charts: charts.filter(({ points }) => points.length > 0),
    notes: [textOf(about.cut), ...textsOf(about.notes)].filter((note) => note !== ''),
  }
}

/** Which of two dimensions the rows are of: that whose values the columns are not. */
function rowDimension(groupBy: string[], rows: Json[], isMatrix: boolean): string {
  if (!isMatrix) return groupBy[0] ?? ''
  const keys = rows.map((row) => textOf(row.key))
  const looksLike: Record<string, RegExp> = {
    day: /^\d{4}-\d{2}-\d{2}$/,
    week: /^\d{4}-\d{2}-\d{2}$/,
    month: /^\d{4}-\d{2}$/,
    quarter: /^\d{4}-Q\d$/,
    hour: /^\d{2}:00$/,
    weekday: /^(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day$/,
  }
  const time = groupBy.find((each) => looksLike[each] && keys.every((key) => looksLike[each]?.test(key)))
  return time ?? groupBy.find((each) => looksLike[each] === undefined) ?? ''
}

function labelOf(row: Json, by: string, say: Say): string {
  const key = Array.isArray(row.keys) ? textsOf(row.keys).join(' · ') : textOf(row.key)
  if (by === 'day') return say.weekday(key)
  return CALENDAR.includes(by) ? say.stretch(key) : key
}

function writeMeasure(measure: string, value: string, currency: string, say: Say): string {
  if (value === '') return say.words.unknown
  if (measure === 'sharePercent') return say.percent(value)
  return COUNTS.includes(measure) || QUANTITIES.includes(measure) ? say.number(value) : say.money(value, currency)
}

/** What a tap on a row asks: a stretch of time, or the row by itself, within the filters of the report. */
function callOf(data: Json, asked: Asked, by: string, row: Json): { call?: Call } {
  const window = objectOf(data.window)
  const [from, to] = [textOf(window.from), textOf(window.to)]
  const key = textOf(row.ref) || textOf(row.key)
  const filters = textsOf(asked.arguments.filters)
  const { groupBy: _groupBy, sort: _sort, limit: _limit, preset: _preset, ...rest } = asked.arguments
  const base = { ...placeOf(data), ...rest, from, to }
  const report = (more: Record<string, unknown>): { call: Call } => ({
    call: { name: 'get_sales_report', arguments: { ...base, ...more } },
  })
  if (key === '') return {}
  if (CALENDAR.includes(by)) {
    const days = { from: textOf(row.from) || key, to: textOf(row.to) || key }
    if (!/^\d{4}-\d{2}-\d{2}$/.test(days.from) || !/^\d{4}-\d{2}-\d{2}$/.test(days.to)) return {}
    if (filters.length === 0) return { call: stretchCall(data, days) }
    return days.from === from && days.to === to ? {} : report({ ...days, groupBy: [periodUnit(days.from, days.to)] })
  }
  const name = FILTER[by] ?? by
  if (
    by === '' ||
    UNFILTERED.includes(by) ||
    filters.some((each) => new RegExp(`^\\s*${name}\\s*[=:<>]`, 'i').test(each))
  )
    return {}
  const value = by === 'hour' ? /^(\d{2}):00$/.exec(key)?.[1] : key
  if (value === undefined) return {}
  return report({ groupBy: [NEXT[by] || periodUnit(from, to)], filters: [...filters, `${name}=${value}`] })
}
