import type { Say } from './format.ts'
import {
  type Asked,
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

/** The answer of `summarize_day`: the hours of one day, or one bar for each business. */
export function dayScreen(data: Json, _asked: Asked, say: Say): Screen {
  const days = listOf(data.days)
  const [day] = days
  if (day === undefined) throw new Error('no day')
  if (days.length > 1) return businessesScreen(days, 'summarize_day', ({ from }) => ({ date: from }), say)

  const { words } = say
  const window = objectOf(day.window)
  const currency = textOf(window.currency)
  const date = textOf(window.from)
  const figures = objectOf(day.figures)
  const mean = objectOf(objectOf(day.comparison).meanOfLastFour)
  const dates = textsOf(mean.dates)
  const money = (amount: unknown) => say.money(textOf(amount), currency)
  const withTax = textOf(day.salesWithTax)
  const since = words.versusUsual(say.weekdayName(date), dates.length)
  const hours = hoursChart(listOf(day.byHour), money, say)
  const products: Chart = {
    name: words.products,
    kind: 'rows',
    legend: { value: words.netSales },
    points: listOf(day.topProducts).map((product) => ({
      label: textOf(product.name),
      value: numberOf(product.netSales),
      text: money(product.netSales),
      note: say.number(textOf(product.unitsSold)),
      call: {
        name: 'get_sales_report',
        arguments: {
          ...placeOf(day),
          from: date,
          to: date,
          groupBy: ['hour'],
          filters: [`product=${textOf(product.sku)}`],
        },
      },
    })),
    noteTitle: words.unitsSold,
  }
  const [first, last] = [dates.at(-1), dates[0]]
  return {
    title: textOf(objectOf(day.business).name),
    subtitle: [scopeOf(day, say), numberOf(mean.changePercent) !== null && since].filter(Boolean).join(' · '),
    facts: [
      fact(words.netSales, money(figures.netSales), mean.changePercent, say),
      ...(withTax === '' ? [] : [{ label: words.withTax, text: money(withTax) }]),
      { label: words.orders, text: say.number(textOf(figures.orders)) },
      { label: words.averageSale, text: money(figures.averageSale) },
    ],
    charts: [hours, products].filter(({ points }) => points.length > 0),
    notes: textsOf(day.standsOut),
    ...(hours.points.length > 0 &&
      first !== undefined &&
      last !== undefined && {
        more: {
          label: words.compareUsual,
          call: {
            name: 'get_sales_report',
            arguments: {
              ...placeOf(day),
              from: first,
              to: last,
              groupBy: ['hour'],
              filters: [`weekday=${textOf(day.weekday)}`],
              limit: 24,
            },
          },
          merge: (answer, screen) => withUsual(screen, objectOf(answer), money, say),
        },
      }),
  }
}

function hoursChart(rows: Json[], money: (amount: unknown) => string, say: Say): Chart {
  const { words } = say
  const byHour = new Map(rows.map((row) => [Number(row.hour), row]))
  const known = [...byHour.keys()].filter((hour) => Number.isInteger(hour) && hour >= 0 && hour < 24)
  // Also the hours in between, in which nothing was sold: the course of the day is what one looks for.
  const [first, last] = [Math.min(...known), Math.max(...known)]
  const points = Array.from({ length: known.length === 0 ? 0 : last - first + 1 }, (_, index) => {
    const row = byHour.get(first + index)
    return {
      label: say.hour(first + index),
      value: row === undefined ? 0 : numberOf(row.netSales),
      text: row === undefined ? words.unknown : money(row.netSales),
      note: row === undefined ? '0' : say.number(textOf(row.orders)),
    }
  })
  return { name: words.hours, kind: 'columns', legend: { value: words.netSales }, points, noteTitle: words.orders }
}

/** The hours again, beside their mean on the same weekday before. */
function withUsual(screen: Screen, report: Json, money: (amount: unknown) => string, say: Say): Screen {
  const usual = new Map(
    listOf(report.rows).flatMap((row): [number, unknown][] => {
      const hour = /^(\d{2}):00$/.exec(textOf(row.key))?.[1]
      return hour === undefined || row.netSalesPerDay === undefined ? [] : [[Number(hour), row.netSalesPerDay]]
    }),
  )
  const [hours, ...others] = screen.charts
  const { more: _asked, ...rest } = screen
  if (hours === undefined || usual.size === 0) return rest
  const byLabel = new Map(hours.points.map((point) => [point.label, point]))
  const all = Array.from({ length: 24 }, (_, hour) => ({ hour, label: say.hour(hour) }))
  const shown = all.filter(({ hour, label }) => byLabel.has(label) || Number(usual.get(hour) ?? 0) !== 0)
  const [first, last] = [shown[0]?.hour ?? 0, shown.at(-1)?.hour ?? -1]
  const points = all.slice(first, last + 1).map(({ hour, label }) => {
    const before = usual.get(hour)
    return {
      ...(byLabel.get(label) ?? { label, value: null, text: say.words.unknown, note: '0' }),
      before: numberOf(before) ?? 0,
      beforeText: before === undefined ? say.words.unknown : money(before),
    }
  })
  const legend = { ...hours.legend, before: say.words.usual }
  return { ...rest, charts: [{ ...hours, legend, points }, ...others] }
}

/** One bar for each business; bars of different currencies would lie. */
export function businessesScreen(
  all: Json[],
  tool: string,
  ask: (window: { from: string; to: string }) => Record<string, unknown>,
  say: Say,
): Screen {
  const { words } = say
  const rows = all.map((each) => {
    const window = objectOf(each.window)
    const [from, to, currency] = [textOf(window.from), textOf(window.to), textOf(window.currency)]
    const netSales = textOf(objectOf(each.figures).netSales)
    return { each, from, to, currency, netSales, text: say.money(netSales, currency) }
  })
  if (rows.some(({ netSales }) => netSales === '')) throw new Error('no figures')
  const isComparable = new Set(rows.map(({ currency }) => currency)).size === 1
  const points = rows.map(({ each, from, to, netSales, text }) => ({
    label: textOf(objectOf(each.business).name),
    value: isComparable ? numberOf(netSales) : null,
    text,
    note: say.number(textOf(objectOf(each.figures).orders)),
    call: { name: tool, arguments: { ...placeOf(each), ...ask({ from, to }) } },
  }))
  return {
    title: words.businesses,
    subtitle: scopeOf({ window: all[0]?.window }, say),
    facts: [],
    charts: [
      { name: words.businesses, kind: 'rows', legend: { value: words.netSales }, points, noteTitle: words.orders },
    ],
    notes: [],
  }
}
