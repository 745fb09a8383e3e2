/** Words of other systems for what an order's line is, by ours. */
const STATUS: Record<string, 'open' | 'completed' | 'cancelled' | 'refunded'> = {
  ...{ open: 'open', 'on hold': 'open', 'on-hold': 'open', pending: 'open', 'pending payment': 'open', draft: 'open' },
  ...{ unpaid: 'open', authorized: 'open', 'awaiting payment': 'open' },
  ...{ completed: 'completed', complete: 'completed', paid: 'completed', closed: 'completed', processing: 'completed' },
  ...{ fulfilled: 'completed', shipped: 'completed', delivered: 'completed', captured: 'completed' },
  ...{ cancelled: 'cancelled', canceled: 'cancelled', voided: 'cancelled', void: 'cancelled', failed: 'cancelled' },
  ...{ declined: 'cancelled', expired: 'cancelled', denied: 'cancelled', abandoned: 'cancelled' },
  ...{ refunded: 'refunded', partially_refunded: 'refunded', 'partially refunded': 'refunded' },
}
export const statusOf = (word: string) => STATUS[word.toLowerCase()]

const REFUND = /refund|return|credit note|reversal|chargeback|devoluci|reembolso/i
const SALE = /sale|sold|payment|purchase|order|checkout|invoice|charge|venta/i

/** What a `type` column says: a sale, a refund, something to leave out, or undefined for neither. */
export function typeOf(word: string): 'sale' | 'refund' | 'skip' | undefined {
  if (word.toLowerCase() === 'skip') return 'skip'
  return REFUND.test(word) ? 'refund' : SALE.test(word) ? 'sale' : undefined
}

/** Reports end with lines that add up the others. */
export const isTotalsWord = (text: string) => /^(grand )?totals?:?$/i.test(text)
