import { Type } from '@sinclair/typebox'
import { amountOf, type Currency, grouped } from '../../money/money.ts'

/** What a result says of a price that is below the cost. */
export const BelowCostSchema = Type.Optional(
  Type.Object(
    { priceWithoutTax: Type.String(), cost: Type.String() },
    { description: 'Only where the price is below the cost' },
  ),
)

/** The same, as data and as a sentence. */
export function belowCost(row: { netPrice: string; cost: string } | null, currency: Currency, dryRun: boolean) {
  if (row === null) return { data: {}, text: '' }
  const told = { priceWithoutTax: amountOf(row.netPrice, currency), cost: amountOf(row.cost, currency) }
  return {
    data: { belowCost: told },
    text: `It ${dryRun ? 'would be' : 'is'} sold below its cost: ${grouped(told.priceWithoutTax)} without tax, cost ${grouped(told.cost)}.`,
  }
}
