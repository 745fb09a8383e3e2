import { Type } from '@sinclair/typebox'
import { amountOf, type Currency, Decimal, formatAmount } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { estimateTokens } from '../../results/text.ts'
import { type ComparedSales, describeIncomparable, describeStretch } from '../reports/period-comparison.ts'
import { describeChange } from '../reports/phrases.ts'
import { addSums, NO_SALES, netSales, type SalesFigures, type SalesSums } from '../reports/sales-figures.ts'
import { STANDS_OUT_TERMS } from './stands-out.ts'

// What the summaries of a day and of a period have in common.

/** How much detail each business gets: the more businesses, the less detail, so that the whole fits one screen. */
export type Fullness = 'full' | 'short' | 'shortest'

export const MAX_BUSINESSES = 8
const MAX_SHORT = 3

/** The detail for each of so many businesses. */
export function fullnessOf(businesses: number): Fullness {
  return businesses <= 1 ? 'full' : businesses <= MAX_SHORT ? 'short' : 'shortest'
}

/** Each half of a summary stays under 2,000 tokens, also where names are long or of costly scripts. */
const MAX_TOKENS = 1950

/** A summary with the most detail that fits, of details that get less. */
export function fitting<Detail, Summary extends { text: string }>(
  details: readonly Detail[],
  summarize: (detail: Detail) => Summary,
): Summary {
  const [first, ...less] = details as [Detail, ...Detail[]]
  const summary = summarize(first)
  const { text, ...data } = summary
  const tokens = Math.max(estimateTokens(text), estimateTokens(JSON.stringify(data)))
  return tokens <= MAX_TOKENS || less.length === 0 ? summary : fitting(less, summarize)
}

/** What a summary of so many businesses leaves out; an empty text for a single one, which is told in full. */
export function describeLeftOut(businesses: number, withoutShort: string): string {
  const others =
    businesses > MAX_BUSINESSES
      ? `${counted(businesses - MAX_BUSINESSES, 'more business')} ${businesses - MAX_BUSINESSES === 1 ? 'is' : 'are'} left out. `
      : ''
  switch (fullnessOf(businesses)) {
    case 'full':
      return ''
    case 'short':
      return `${withoutShort} left out; with businessId one business is told in full.`
    case 'shortest':
      return `${others}Only the main figures of each; with businessId one is told in full.`
  }
}

/** Net sales with the tax on them, as on the receipts. */
export function withTax({ netSales, tax }: SalesFigures): string {
  return new Decimal(netSales).plus(tax).toFixed(decimalsOf(netSales))
}

function decimalsOf(amount: string): number {
  return amount.split('.')[1]?.length ?? 0
}

/** The first words of a summary. @param salesWithTax where prices include tax */
export function headline(
  { netSales, orders, averageSale }: SalesFigures,
  salesWithTax: string | undefined,
  currency: string,
): string {
  const net = formatAmount(netSales, currency)
  const sales =
    salesWithTax === undefined
      ? `Net sales ${net} without tax`
      : `Sales ${formatAmount(salesWithTax, currency)} with tax (${net} net, without tax)`
  const average = averageSale === null ? '' : `, average sale ${formatAmount(averageSale, currency)} without tax`
  return `${sales} from ${counted(orders, 'order')}${average}`
}

/** What the amounts of a summary mean. */
export function termsOf({ timezone, currency }: { timezone: string; currency: string }): string {
  return (
    `Days of ${timezone}, weeks from Monday. Amounts in ${currency}, without tax unless said; ` +
    `net = gross − returns − discounts, total = net + tax + tips. ${STANDS_OUT_TERMS}`
  )
}

/** The same in short, where several businesses are told at once. */
export function shortTermsOf({ timezone, currency }: { timezone: string; currency: string }): string {
  return `Days of ${timezone}; ${currency} without tax unless said.`
}

/** Sales whose time of day is not known, of a window and of the days that it is compared with. */
export const WithoutTimeSchema = Type.Optional(
  Type.Object(
    { netSales: Type.String(), comparedDays: Type.Optional(Type.String()) },
    { description: 'Net sales without a time of day: in no hour, and in neither side of "up to"' },
  ),
)

/** How much of the sales of some days has no time of day. @param day the day of the window */
export function timeless(day: string, sums: ReadonlyMap<string, SalesSums>, currency: Currency) {
  const others = [...sums].filter(([date]) => date !== day).map(([, each]) => each)
  return {
    netSales: amountOf(netSales(sums.get(day) ?? NO_SALES), currency),
    ...(others.length > 0 && { comparedDays: amountOf(netSales(addSums(others)), currency) }),
  }
}

/** One line about a comparison: the figures with their changes, or why there are none. */
export function describeCompared(compared: ComparedSales, currency: string): string {
  const { netSales, orders, averageSale, changePercent } = compared
  if (netSales === undefined || changePercent === undefined) return describeIncomparable(compared)
  const against = `Against ${describeStretch(compared)}`
  if (orders === 0 && Number(netSales) === 0) return `${against}: no sales, nothing to compare.`
  const average =
    averageSale == null
      ? ''
      : `, average sale ${formatAmount(averageSale, currency)} without tax (${describeChange(changePercent.averageSale)})`
  return (
    `${against}: ${formatAmount(netSales, currency)} net, without tax (${describeChange(changePercent.netSales)}), ` +
    `${counted(orders ?? 0, 'order')} (${describeChange(changePercent.orders)})${average}.`
  )
}
