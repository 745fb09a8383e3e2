import { Decimal } from '../../money/money.ts'
import { sharePercent } from '../../money/share.ts'

/** Sums of a rollup or report, as decimal strings. */
export interface MarginSums {
  net_sales: Decimal.Value
  /** Net sales of the lines whose cost is known. */
  costed_net_sales: Decimal.Value
  /** The cost of these. */
  cost: Decimal.Value
}

export interface Margin {
  /** Net sales of the lines whose cost is known, less their cost, unrounded; null if there are none. */
  margin: string | null
  /** The margin as a share of these net sales. */
  marginPercent: string | null
  /** How much of all net sales these are, in percent: a margin says nothing about the rest. */
  costedShare: string | null
}

/** The margin of sales, of which some have an unknown cost. */
export function margin({ net_sales, costed_net_sales, cost }: MarginSums): Margin {
  const costedShare = sharePercent(costed_net_sales, net_sales)
  if ([costed_net_sales, cost].every((sum) => new Decimal(sum).isZero())) {
    return { margin: null, marginPercent: null, costedShare }
  }
  const difference = new Decimal(costed_net_sales).minus(cost)
  return { margin: difference.toFixed(), marginPercent: sharePercent(difference, costed_net_sales), costedShare }
}
