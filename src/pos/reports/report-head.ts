import { type Currency, formatAmount } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { describeDays, type Window } from '../../time/window.ts'
import { describeFilters } from './filter-words.ts'
import { type MeasureName, measureOf, type Sums, TOTALS_OF, valueFrom } from './measures.ts'
import { describeIncomparable, describeStretch } from './period-comparison.ts'
import { askedFrom, atPlace, signed } from './phrases.ts'
import type { Comparison, Report } from './report.ts'
import { type Cell, cellsOf, changeOf, isPercent } from './report-cells.ts'

/** The measures of the totals: those of the grain that the source tells, and those that are asked for. */
function totalMeasures({ plan, totals }: Pick<Report, 'plan' | 'totals'>): MeasureName[] {
  const usual = TOTALS_OF[plan.grain].filter((name) =>
    measureOf(name, plan.grain).sums.every((sum) => plan.sums.includes(sum)),
  )
  const isCosted = valueFrom(measureOf('margin', plan.grain), totals.sums[0] as Sums) !== null
  return [...new Set([...usual, ...plan.measures])].filter(
    (name) => name !== 'share' && (name !== 'margin' || isCosted || plan.measures.includes(name)),
  )
}

/** The window and what is in it: dates, filters, place, zone, and that it is still running. */
function describeScope({ window, place, filters }: Report, currency: string): string {
  const words = describeFilters(filters, currency).map((each) => ` ${each}`)
  return `${describeDays(window)}${words.join(',')}${atPlace(place.location)} (days of ${place.timezone}${soFar(window)})`
}

function soFar({ soFar, requestedFrom, requestedTo }: Window): string {
  const start = requestedFrom === undefined ? '' : `; ${askedFrom(requestedFrom)}`
  const cut = requestedTo === undefined ? '' : `, asked up to ${requestedTo}`
  return `${start}${soFar === undefined ? '' : `; so far (${soFar})${cut}`}`
}

/** What comes before the rows: the window, the totals and what they are compared with. */
export function reportHead(report: Report, currency: Currency) {
  const { plan, totals, window, place, comparisons, filters } = report
  const measures = totalMeasures(report)
  const sums = totals.sums[0] as Sums
  const cells = cellsOf(measures, { grain: plan.grain, sums, total: sums, currency })
  const words = describeFilters(filters, currency.currency)
  const compared = comparisons.map((each) => ({ ...each, ...comparedTotals(report, each, measures, currency) }))
  return {
    data: {
      window: { ...window, timezone: place.timezone, currency: currency.currency },
      location: place.location,
      totals: Object.fromEntries(cells.map(({ key, value }) => [key, value])),
      ...(compared.length === 0
        ? {}
        : { comparison: Object.fromEntries(compared.map(({ kind, data }) => [kind, data])) }),
    },
    about: words.length === 0 ? {} : { filters: words },
    text: [
      `${headline(report, currency)}, ${describeScope(report, currency.currency)}.`,
      describeCells(cells),
      ...compared.map(({ text }) => text),
    ],
  }
}

function headline(report: Report, currency: Currency): string {
  const { plan, totals, pricesIncludeTax } = report
  const sums = totals.sums[0] as Sums
  const say = (value: NonNullable<ReturnType<typeof valueFrom>>) =>
    formatAmount(value.toFixed(currency.currencyDigits), currency.currency)
  const value = (name: MeasureName) => valueFrom(measureOf(name, plan.grain), sums)
  if (plan.grain === 'payments') return `Paid less refunds, with tax and tips: ${say(value('total') as never)}`
  const [net, tax] = [value('net_sales'), value('tax')]
  if (net === null || tax === null) return ''
  const orders = plan.sums.includes('orders') ? ` from ${counted(sums.orders ?? 0, 'order')}` : ''
  return pricesIncludeTax
    ? `Sales ${say(net.plus(tax))} with tax (${say(net)} net, without tax)${orders}`
    : `Net sales ${say(net)} without tax${orders}`
}

function describeCells(cells: readonly Cell[]): string {
  return cells.map(({ label, text }) => `${label} ${text}`).join(' · ')
}

function comparedTotals(report: Report, { kind, stretch, index }: Comparison, all: MeasureName[], currency: Currency) {
  if (index === null) return { data: stretch, text: describeIncomparable(stretch) }
  const { plan, totals } = report
  const [now, before] = [totals.sums[0] as Sums, totals.sums[index] as Sums]
  // As many as one reads: those that are asked for.
  const measures = all.filter((name) => plan.measures.includes(name))
  const cells = cellsOf(measures, { grain: plan.grain, sums: before, total: before, currency })
  const changes = measures
    .filter((name) => !isPercent(name))
    .map((name) => ({
      key: measureOf(name, plan.grain).key,
      change: changeOf(name, plan.grain, now, before),
    }))
  const changed = (key: string) => changes.find((each) => each.key === key)
  const said = cells.map(({ key, label, text }) => {
    const found = changed(key)
    if (found === undefined) return `${label} ${text}`
    return `${label} ${text} (${found.change === null ? 'nothing to compare' : `${signed(found.change)} %`})`
  })
  return {
    data: {
      ...stretch,
      totals: Object.fromEntries(cells.map(({ key, value }) => [key, value])),
      changePercent: Object.fromEntries(changes.map(({ key, change }) => [key, change])),
    },
    text: `Against ${kind === 'year' ? 'a year before, ' : ''}${describeStretch(stretch)}: ${said.join(' · ')}.`,
  }
}
