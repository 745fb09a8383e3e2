import { formatMoney } from '../../money/money.ts'
import type { Days } from '../../time/window.ts'
import type { Place } from '../organisation/locations.ts'
import type { SalesFigures } from './sales-figures.ts'

// Phrases that reports and the summaries of a day and of a period share.

/** Where figures are of, after other words: ` at Centro`, or nothing for the whole business. */
export function atPlace(location: Place['location']): string {
  return location === null ? '' : ` at ${location.name}`
}

/**
 * What figures are of: `2026-11-01 to 2026-11-30 at Centro (days of America/Guatemala)`.
 * @param of what narrows them beside the location, with a space before it
 */
export function describeWindow({ from, to }: Days, { timezone, location }: Place, of = ''): string {
  return `${from} to ${to}${of}${atPlace(location)} (days of ${timezone})`
}

/** The first words of a summary: net sales, orders and average sale. */
export function headline({ netSales, orders, averageSale }: SalesFigures): string {
  const average = averageSale === null ? '' : `, average sale ${formatMoney(averageSale)}`
  return `Net sales ${formatMoney(netSales)} from ${orders} orders${average}`
}

/** A change in percent with its sign, or that there is none. */
export function describeChange(percent: string | null): string {
  return percent === null ? 'nothing to compare' : `${signed(percent)} %`
}

/** A decimal with its sign, also where it is positive. */
export function signed(value: string): string {
  return value.startsWith('-') ? value : `+${value}`
}

/** How fully a business is told of: the more there are, the less, so that all of it stays one screen. */
export type Fullness = 'full' | 'short' | 'shortest'

export const MAX_BUSINESSES = 8
const MAX_SHORT = 3

/** How fully each of so many businesses is told of. */
export function fullnessOf(businesses: number): Fullness {
  return businesses <= 1 ? 'full' : businesses <= MAX_SHORT ? 'short' : 'shortest'
}

/**
 * What a summary of so many businesses does not tell.
 * @param withoutShort what the short form lacks: "Hours are"
 * @param limits how much is named at most, as a sentence
 */
export function describeLeftOut(
  businesses: number,
  { withoutShort, limits }: Record<'withoutShort' | 'limits', string>,
) {
  const others = businesses > MAX_BUSINESSES ? `${businesses - MAX_BUSINESSES} more businesses are left out. ` : ''
  switch (fullnessOf(businesses)) {
    case 'full':
      return limits
    case 'short':
      return `${withoutShort} left out; with businessId one business is told in full. ${limits}`
    case 'shortest':
      return `${others}Only the main figures of each; with businessId one is told in full.`
  }
}

/** How the figures were made: zone, currency and the definition of net sales. */
export function describeTerms({ timezone, currency }: { timezone: string; currency: string }): string {
  return `Days of ${timezone}, amounts in ${currency}; net = gross − returns − discounts.`
}
