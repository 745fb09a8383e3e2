// The days by which stock is judged. They end with yesterday, because today's sales are not complete yet.
export const VELOCITY_DAYS = 30
export const DEAD_DAYS = 90
export const OVERSTOCK_DAYS = 180

/** Days between two reviews of the stock: an order has to last until the next one arrives. */
export const REVIEW_DAYS = 7
/** Used if neither the stock nor its supplier says how long a delivery takes. */
export const DEFAULT_LEAD_DAYS = 7
/** Without a maximum, a location keeps what sells in so many days, and can give the rest to another. */
export const KEPT_DAYS = 90

/** How the quantities are computed, for people. */
export const REPLENISHMENT_TERMS =
  `per day: (sold − returned in ${VELOCITY_DAYS} days) ÷ ${VELOCITY_DAYS}; cover: on hand ÷ per day; wanted: per day × ` +
  `(lead days + ${REVIEW_DAYS}) + safety stock − on hand, and at or below the reorder point at least the reorder quantity ` +
  'and what reaches the reorder point; lead days: of the stock, else its supplier, else ' +
  `${DEFAULT_LEAD_DAYS}; transfer: what another location has above its maximum (without one, above ${KEPT_DAYS} days of ` +
  'sales + safety stock) and above its own need and reorder point; order: wanted − transfers, in whole packs, up to the ' +
  'maximum but never below the reorder point'
