import { businessesScreen } from './day-screen.ts'
import type { Say } from './format.ts'
import {
  type Asked,
  type Call,
  type Chart,
  fact,
  type Json,
  listOf,
  numberOf,
  objectOf,
  placeOf,
  type Screen,
  scopeOf,
  textOf,
  textsOf,
} from './screen.ts'

// More columns than this are too thin to tell apart.
const MAX_COLUMNS = 16

/** The answer of `summarize_period`: its course, products and categories, or one bar for each business. */
export function periodScreen(data: Json, _asked: Asked, say: Say): Screen {
  const periods = listOf(data.periods)
  const [period] = periods
  if (period === undefined) throw new Error('no period')
  if (periods.length > 1) return businessesScreen(periods, 'summarize_period', (window) => window, say)

  const { words } = say
  const window = objectOf(period.window)
  const [from, to, currency] = [textOf(window.from), textOf(window.to), textOf(window.currency)]
  const figures = objectOf(period.figures)
  const { previous, year } = objectOf(period.comparison)
  const money = (amount: unknown) => say.money(textOf(amount), currency)
  const withTax = textOf(period.salesWithTax)
  const report = (filter: string, groupBy: string): Call => ({
    name: 'get_sales_report',
    arguments: { ...placeOf(period), from, to, groupBy: [groupBy], filters: [filter] },
  })
  const change = (value: unknown) => (numberOf(value) === null ? {} : { note: say.change(textOf(value)) })

  const charts: Chart[] = [
    trendChart(period, money, say),
    {
      name: words.products,
      kind: 'rows',
      legend: { value: words.netSales },
      points: listOf(period.topProducts).map((product) => ({
        label: textOf(product.name),
        value: numberOf(product.netSales),
        text: money(product.netSales),
        ...change(product.changePercent),
        call: report(`product=${textOf(product.sku)}`, periodUnit(from, to)),
      })),
      noteTitle: words.change,
    },
    {
      name: words.categories,
      kind: 'rows',
      legend: { value: words.netSales },
      points: listOf(period.categories).map((category) => ({
        label: textOf(category.name),
        value: numberOf(category.netSales),
        text: money(category.netSales),
        ...change(category.changePercent),
        call: report(`category=${textOf(category.name)}`, 'product'),
      })),
      noteTitle: words.change,
    },
  ]
  const changeOf = (stretch: unknown, what: string) => objectOf(objectOf(stretch).changePercent)[what]
  const byYear = numberOf(changeOf(year, 'netSales'))
  return {
    title: textOf(objectOf(period.business).name),
    subtitle: [scopeOf(period, say), comparedWith(previous, say)].filter(Boolean).join(' · '),
    facts: [
      fact(words.netSales, money(figures.netSales), changeOf(previous, 'netSales'), say),
      ...(withTax === '' ? [] : [{ label: words.withTax, text: money(withTax) }]),
      ...(byYear === null
        ? []
        : [fact(words.yearBefore, money(objectOf(year).netSales), changeOf(year, 'netSales'), say)]),
      fact(words.orders, say.number(textOf(figures.orders)), changeOf(previous, 'orders'), say),
      fact(words.averageSale, money(figures.averageSale), changeOf(previous, 'averageSale'), say),
    ],
    charts: charts.filter(({ points }) => points.length > 0),
    notes: textsOf(period.standsOut),
  }
}

function trendChart(period: Json, money: (amount: unknown) => string, say: Say): Chart {
  const trend = objectOf(period.trend)
  const by = textOf(trend.by)
  const rows = listOf(trend.rows)
  return {
    name: say.words.trend,
    kind: rows.length > MAX_COLUMNS ? 'line' : 'columns',
    legend: { value: say.words.netSales },
    points: rows.map((row) => {
      const [from, to] = [textOf(row.from), textOf(row.to)]
      return {
        label: labelOf(by, textOf(row.label), from, say),
        value: numberOf(row.netSales),
        text: money(row.netSales),
        ...(row.isPartial === true && { note: say.words.partial }),
        call: stretchCall(period, { from, to }),
      }
    }),
  }
}

function labelOf(by: string, label: string, from: string, say: Say): string {
  if (by === 'day') return say.weekday(from)
  if (by === 'month') return say.stretch(from.slice(0, 7))
  return by === 'week' ? say.stretch(from) : label
}

/** With which stretch figures are compared, where they are. */
export function comparedWith(stretch: unknown, say: Say): string {
  const { from, to, changePercent } = objectOf(stretch)
  return changePercent === undefined ? '' : say.words.versus(say.days(textOf(from), textOf(to)))
}

/** The summary of a day or of a longer stretch. */
export function stretchCall(data: Json, { from, to }: { from: string; to: string }): Call {
  return from === to
    ? { name: 'summarize_day', arguments: { ...placeOf(data), date: from } }
    : { name: 'summarize_period', arguments: { ...placeOf(data), from, to } }
}

/** The unit of time that draws a stretch of days in a good number of points. */
export function periodUnit(from: string, to: string): 'hour' | 'day' | 'week' | 'month' {
  const days = (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1
  if (days <= 1) return 'hour'
  if (days <= 62) return 'day'
  return days <= 366 ? 'week' : 'month'
}
