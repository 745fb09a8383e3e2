import { type Currency, formatAmount, grouped, quantity } from '../../money/money.ts'
import { basisOf } from './basis.ts'
import { measureOf } from './measures.ts'
import { describeStretch } from './period-comparison.ts'
import type { Report } from './report.ts'
import { leftOutMeasure } from './report-query.ts'

/** What follows the rows: what they leave out, what the amounts are, and how one can check them. */
export function reportNotes(report: Report, currency: Currency) {
  const notes = [
    ...unknowns(report, currency),
    ...ranking(report),
    ...rowComparisons(report),
    ...parts(report),
    ...bands(report),
    ...shares(report),
    ...otherClocks(report),
  ]
  const terms = termsOf(report, currency)
  const basis = basisOf(report, currency)
  return {
    data: { ...(notes.length === 0 ? {} : { notes }), terms, basis: basis.data },
    text: [...notes, terms, basis.text],
  }
}

/** That a window begins before the first sale on file, so that its sums are not of the whole of it. */
export function salesBegin({ salesSince, window }: Pick<Report, 'salesSince' | 'window'>): string[] {
  return salesSince !== null && salesSince > window.from ? [`Sales on file begin on ${salesSince}.`] : []
}

function unknowns({ leftOut, plan, groupBy, salesSince, window, totals }: Report, currency: Currency): string[] {
  const { label, unit } = leftOutMeasure(plan)
  const amount =
    unit === 'money'
      ? formatAmount(Number(leftOut).toFixed(currency.currencyDigits), currency.currency)
      : grouped(quantity(leftOut))
  const left = Number(leftOut) === 0 ? [] : [`Sales whose time of day is not known are left out: ${label} ${amount}.`]
  const since = salesBegin({ salesSince, window })
  const mean =
    totals.whole !== null
      ? [
          `Per day: over whole days${window.soFar === undefined ? '' : ', without the running one'}; what did not sell counts as 0.`,
        ]
      : []
  const silent = groupBy.includes('hour') ? ['Hours without sales are left out.'] : []
  const closed = groupBy.join() === 'location' ? ['Locations without sales are left out.'] : []
  return [...left, ...since, ...mean, ...silent, ...closed]
}

function ranking({ comparisons, rankedAgainst, plan }: Report): string[] {
  const against = comparisons.find(({ index }) => index !== null && index === rankedAgainst)
  if (against === undefined) return []
  const { label } = measureOf(plan.measures[0] as never, plan.grain)
  return [`In the order of the change of ${label} against ${describeStretch(against.stretch)}.`]
}

function rowComparisons({ comparisons, groupBy }: Report): string[] {
  const without = comparisons.filter(({ index, hasRows }) => index !== null && !hasRows)
  if (without.length === 0 || groupBy.length === 0) return []
  const which = without.map(({ kind }) => (kind === 'previous' ? 'before' : 'a year before')).join(' and ')
  return [`Only the totals are compared with ${which}: the rows there do not hold the same days.`]
}

function parts({ groupBy, plan }: Report): string[] {
  if (plan.grain !== 'lines' || !plan.measures.includes('orders')) return []
  return [
    `Orders are those with such a line; an order with several ${groupBy.join(' or ')} counts in each, and once in the total.`,
  ]
}

/** By what orders are put into bands. */
function bands({ groupBy }: Report): string[] {
  if (!groupBy.includes('order_total')) return []
  return [
    'Bands are of what an order came to when it was sold, with tax and tips; refunds count in the band of their order. The filter total is of the same amount.',
  ]
}

/** Of what shares are, where that is not all sales. */
function shares({ plan, filters }: Report): string[] {
  if (!plan.measures.includes('share') || Object.keys(filters).length === 0) return []
  return ['Shares are of what the filters leave, not of all sales.']
}

/** That days are those of the business, where locations have another zone; a location that is asked for has its own. */
function otherClocks({ groupBy, lines, marginals, place }: Report): string[] {
  const index = groupBy.indexOf('location')
  // Of a ranked dimension, the totals have the names.
  const named = [...lines, ...(marginals[index] ?? [])]
  const zones = new Set(named.flatMap(({ names }) => names[index]?.timezone ?? []))
  zones.delete(place.timezone)
  if (zones.size === 0) return []
  return [
    `All days are of ${place.timezone}; with locationId, get_sales_report counts those of a location by its own clock (here also ${[...zones].sort().slice(0, 5).join(', ')}).`,
  ]
}

/** What the amounts of a report are, with or without tax. */
export function termsOf({ plan, pricesIncludeTax, filters, groupBy }: Report, { currency }: Currency): string {
  const tags = pricesIncludeTax ? ' (price tags include it)' : ''
  const margin = plan.measures.some((name) => name === 'margin' || name === 'margin_percent')
    ? ' Margin = net − cost of the lines whose cost is known, which are the given % of net; margin % is of these.'
    : ''
  const kinds = (['category', 'supplier'] as const).filter(
    (each) => groupBy.includes(each) || filters[each] !== undefined,
  )
  const ofToday = kinds.length === 0 ? '' : ` Products count with their ${kinds.join(' and ')} of today.`
  if (plan.grain === 'payments') {
    return (
      `Amounts in ${currency} with tax and tips: paid for completed orders less paid back; what drawers held before is not on file. ` +
      'No known payment: what orders come to less what was paid for them.'
    )
  }
  if (plan.grain === 'lines') {
    return `Amounts in ${currency} without tax${tags}, tax apart; net = gross − returns − discounts.${ofToday}${margin}`
  }
  const paid =
    filters.paymentMethod === undefined
      ? ''
      : filters.paymentMethod === null
        ? ' Orders whose known payments do not add up to their total count with their whole sum.'
        : ' Orders that were also paid by another method count with their whole sum.'
  return `Amounts in ${currency} without tax${tags}; only total is with it: net + tax + tips. Net = gross − returns − discounts.${margin}${paid}`
}
