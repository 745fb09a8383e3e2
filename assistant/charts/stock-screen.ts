import type { Say } from './format.ts'
import {
  type Asked,
  type Chart,
  type Json,
  listOf,
  numberOf,
  objectOf,
  placeOf,
  type Screen,
  textOf,
  textsOf,
} from './screen.ts'

/** The answer of `get_inventory_health`: what runs out when, what does not sell, and what there is too much of. */
export function stockScreen(data: Json, _asked: Asked, say: Say): Screen {
  const { words } = say
  const window = objectOf(data.window)
  const currency = textOf(window.currency)
  const [from, to] = [textOf(window.from), textOf(window.to)]
  const totals = objectOf(data.totals)
  const toReorder = objectOf(data.toReorder)
  const money = (amount: unknown) => say.money(textOf(amount), currency)
  const { locationId: _location, ...business } = placeOf(data)
  const sales = (row: Json) => ({
    call: {
      name: 'get_sales_report',
      arguments: { ...business, from, to, groupBy: ['day'], filters: [`product=${textOf(row.sku)}`] },
    },
  })
  const label = (row: Json) => [textOf(row.name), textOf(row.location)].filter(Boolean).join(' · ')
  const valued = (name: string, rows: Json[]): Chart => ({
    name,
    kind: 'rows',
    legend: { value: words.value },
    points: rows.map((row) => ({
      label: label(row),
      value: numberOf(row.value),
      text: numberOf(row.value) === null ? words.unknown : money(row.value),
      note: words.onHand(say.number(textOf(row.onHand))),
      ...sales(row),
    })),
  })
  const charts: Chart[] = [
    {
      name: words.runsOut,
      kind: 'rows',
      legend: { value: words.daysLeft, before: words.leadDays },
      points: listOf(data.reorder)
        .map((row) => ({
          label: label(row),
          value: numberOf(row.coverDays),
          text: numberOf(row.coverDays) === null ? words.notSelling : words.days(say.number(textOf(row.coverDays))),
          before: numberOf(row.leadDays),
          beforeText: words.days(say.number(textOf(row.leadDays))),
          note: [
            words.onHand(say.number(textOf(row.onHand))),
            words.order(say.number(textOf(row.order))),
            textOf(row.transfer),
          ]
            .filter(Boolean)
            .join(', '),
          ...sales(row),
        }))
        .sort((a, b) => (a.value ?? Number.POSITIVE_INFINITY) - (b.value ?? Number.POSITIVE_INFINITY)),
    },
    valued(words.dead, listOf(data.dead)),
    valued(words.overstock, listOf(data.overstocked)),
  ]
  return {
    title: textOf(objectOf(data.business).name),
    subtitle: [say.days(from, to), textOf(objectOf(data.location).name)].filter(Boolean).join(' · '),
    facts: [
      { label: words.stockValue, text: money(totals.stockValue) },
      { label: words.atRisk, text: money(toReorder.revenueAtRisk) },
      { label: words.outOfStock, text: say.number(textOf(totals.outOfStockSelling)) },
      { label: words.toReorder, text: say.number(textOf(toReorder.orders)) },
    ],
    charts: charts.filter(({ points }) => points.length > 0),
    notes: textsOf(data.advice),
  }
}
