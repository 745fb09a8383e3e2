import { formatAmount } from '../../money/money.ts'
import type { Window } from '../../time/window.ts'
import type { Place } from '../organisation/locations.ts'
import type { SalesFigures } from './sales-figures.ts'

// Phrases shared by reports and the summaries of a day and of a period.

/** The place of some figures, to follow other words: ` at Centro`, or nothing for the whole business. */
export function atPlace(location: Place['location']): string {
  return location === null ? '' : ` at ${location.name}`
}

/**
 * The window and place of some figures: `2026-11-01 to 2026-11-30 at Centro (days of America/Guatemala)`.
 * @param of a further restriction besides the location, beginning with a space
 */
export function describeWindow({ from, to, soFar }: Window, { timezone, location }: Place, of = ''): string {
  const running = soFar === undefined ? '' : `; so far (${soFar})`
  return `${from} to ${to}${of}${atPlace(location)} (days of ${timezone}${running})`
}

/** The first words of a summary: net sales, orders and average sale. */
export function headline({ netSales, orders, averageSale }: SalesFigures, currency: string): string {
  const average = averageSale === null ? '' : `, average sale ${formatAmount(averageSale, currency)}`
  return `Net sales ${formatAmount(netSales, currency)} from ${orders} orders${average}`
}

/** A change in percent with its sign, or that there is none. */
export function describeChange(percent: string | null): string {
  return percent === null ? 'nothing to compare' : `${signed(percent)} %`
}

/** A decimal with its sign, even if it is positive. */
export function signed(value: string): string {
  return value.startsWith('-') ? value : `+${value}`
}

/** How much detail each business gets: the more businesses, the less detail, so that the whole fits one screen. */
export type Fullness = 'full' | 'short' | 'shortest'

export const MAX_BUSINESSES = 8
const MAX_SHORT = 3

/** The detail for each of so many businesses. */
export function fullnessOf(businesses: number): Fullness {
  return businesses <= 1 ? 'full' : businesses <= MAX_SHORT ? 'short' : 'shortest'
}

/**
 * Says what a summary of so many businesses leaves out.
 * @param withoutShort what the short form lacks: "Hours are"
 * @param limits a sentence about how much is named at most
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
