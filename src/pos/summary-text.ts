import { formatMoney } from '../money/money.ts'
import type { SalesFigures } from './sales-figures.ts'

// Phrases that the summaries of a day and of a period share.

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

/** How the figures were made: zone, currency and the definition of net sales. */
export function describeTerms({ timezone, currency }: { timezone: string; currency: string }): string {
  return `Days of ${timezone}, amounts in ${currency}; net = gross − returns − discounts.`
}
