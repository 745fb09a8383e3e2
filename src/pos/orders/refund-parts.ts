import type { Decimal } from '../../money/money.ts'

/** Some of an order line: units, and the money for them without tax (`returns`) with its tax beside it. */
export interface LinePart {
  quantity: Decimal
  returns: Decimal
  tax: Decimal
}

/** What the customer pays or gets back for a part, tax included. */
export function paidFor({ returns, tax }: LinePart): Decimal {
  return returns.plus(tax)
}

/** Whether neither units nor money are in a part. */
export function isNothing({ quantity, returns, tax }: LinePart): boolean {
  return quantity.isZero() && returns.isZero() && tax.isZero()
}

/** What is left of a line after its refunds so far; a return line, of negative quantity, leaves nothing. */
export function leftOf(sold: LinePart, refunded: LinePart): LinePart {
  const isReturn = sold.quantity.isNegative()
  const left = (of: Decimal, taken: Decimal) => (isReturn || taken.gt(of) ? of.minus(of) : of.minus(taken))
  return {
    quantity: left(sold.quantity, refunded.quantity),
    returns: left(sold.returns, refunded.returns),
    tax: left(sold.tax, refunded.tax),
  }
}

/**
 * The part that goes back with some units: their share of what is left, half-up at the minor unit. Shares are taken of
 * the rest, not of the line as it was sold, and the last units take all of it: no cent is left over or paid twice.
 * @param quantity more than 0, at most what is left
 */
export function partOfUnits(left: LinePart, quantity: Decimal, currencyDigits: number): LinePart {
  if (quantity.eq(left.quantity)) return left
  const share = (of: Decimal) => of.times(quantity).div(left.quantity).toDecimalPlaces(currencyDigits)
  // What the customer gets is rounded, and its tax; what remains is without tax, so that both agree to the cent.
  const tax = share(left.tax)
  return { quantity, returns: share(paidFor(left)).minus(tax), tax }
}

/**
 * The part that goes back as money while the goods are kept, with the tax that is in it.
 * @param amount with tax, more than 0, at most what is left
 */
export function partOfMoney(left: LinePart, amount: Decimal, currencyDigits: number): LinePart {
  const paid = paidFor(left)
  const tax = amount.eq(paid) ? left.tax : left.tax.times(amount).div(paid).toDecimalPlaces(currencyDigits)
  return { quantity: left.quantity.minus(left.quantity), returns: amount.minus(tax), tax }
}
