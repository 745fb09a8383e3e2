import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency, formatAmount, grouped } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { clean } from '../../results/text.ts'
import { MAX_PURCHASES, type sumPurchases } from './movements.ts'

/** What all purchases that match cost, and by supplier. */
export const PurchasesSchema = Type.Object({
  count: Type.Integer(),
  withoutCost: Type.Integer({ description: 'Not in cost' }),
  cost: Type.String({ description: 'Without tax' }),
  currency: Type.String(),
  suppliers: Type.Integer(),
  bySupplier: Type.Array(
    Type.Object({ supplier: Type.String(), count: Type.Integer(), withoutCost: Type.Integer(), cost: Type.String() }),
    { description: 'The dearest ones' },
  ),
})
type Purchases = Static<typeof PurchasesSchema>

/** The sums of purchases; undefined if there is none, or too many to add up. */
export function purchasesOf(rows: Awaited<ReturnType<typeof sumPurchases>>, currency: Currency): Purchases | undefined {
  const [first] = rows
  if (first === undefined || first.all_purchases > MAX_PURCHASES) return undefined
  return {
    count: first.all_purchases,
    withoutCost: first.all_without_cost,
    cost: amountOf(first.all_cost, currency),
    currency: currency.currency,
    suppliers: first.suppliers,
    bySupplier: rows.map(({ supplier, purchases, cost, without_cost }) => ({
      supplier: supplier === null ? 'no supplier' : clean(supplier, 60),
      count: purchases,
      withoutCost: without_cost,
      cost: amountOf(cost, currency),
    })),
  }
}

/** The sums as text. */
export function describePurchases(
  { count, withoutCost, cost, suppliers, bySupplier }: Purchases,
  currency: string,
): string {
  const unknown = (of: number, all: number) =>
    of === 0 ? '' : of === all ? ', without a known cost' : `, ${grouped(String(of))} of them without a known cost`
  const shares = bySupplier.map(
    (row) =>
      `${row.supplier} ${grouped(row.cost)} (${counted(row.count, 'purchase')}${unknown(row.withoutCost, row.count)})`,
  )
  const more = suppliers > bySupplier.length ? `; ${counted(suppliers - bySupplier.length, 'more supplier')}` : ''
  return (
    `Bought for ${formatAmount(cost, currency)} at cost, without tax, in ${counted(count, 'purchase')}` +
    `${unknown(withoutCost, count)}: ${shares.join('; ')}${more}.`
  )
}
