import { Decimal } from '../../money/money.ts'

// The days by which stock is judged. They end with yesterday, because today's sales are not complete yet.
export const VELOCITY_DAYS = 30
export const DEAD_DAYS = 90
export const OVERSTOCK_DAYS = 180

/** Days between two reviews of the stock: an order has to last until the next one arrives. */
export const REVIEW_DAYS = 7
/** Used if neither the stock nor its supplier says how long a delivery takes. */
export const DEFAULT_LEAD_DAYS = 7

/** How the figures are computed, for people. */
export const REPLENISHMENT_FORMULA =
  `per day = (sold − returned in ${VELOCITY_DAYS} days) ÷ ${VELOCITY_DAYS}; cover = on hand ÷ per day; ` +
  `suggested = per day × (lead days + ${REVIEW_DAYS}) + safety stock − on hand, at least the reorder quantity at or below ` +
  `the reorder point, in whole packs, up to max stock; lead days: of the stock, else its supplier, else ` +
  `${DEFAULT_LEAD_DAYS}; revenue at risk = net sales per day × days without stock before a delivery`

export interface OrderNeed {
  /** What is missing from the stock, more than 0. */
  wanted: Decimal.Value
  /** Null for single units. */
  packSize: Decimal.Value | null
  /** How much the maximum leaves room for; null without a maximum. */
  room: Decimal.Value | null
}

/** How much to order: rounded up to whole packs, but only as many as there is room for. */
export function orderQuantity({ wanted, packSize, room }: OrderNeed): Decimal {
  const pack = new Decimal(packSize ?? 1)
  const packs = new Decimal(wanted).div(pack).ceil()
  if (room === null) return packs.times(pack)
  return Decimal.max(0, Decimal.min(packs, new Decimal(room).div(pack).floor())).times(pack)
}
