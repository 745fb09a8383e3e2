import type { Decimal } from '../../money/money.ts'

/** A part of an order line: units, the money for them without tax (`returns`), and the tax on it. */
export interface LinePart {
  quantity: Decimal
  returns: Decimal
  tax: Decimal
}

/** What the customer pays or gets back for a part, including tax. */
export function paidFor({ returns, tax }: LinePart): Decimal {
  return returns.plus(tax)
}

/** Whether a part has neither units nor money. */
export function isNothing({ quantity, returns, tax }: LinePart): boolean {
  return quantity.isZero() && returns.isZero() && tax.isZero()
}

/** What is left of a line after its refunds so far; nothing for a return line, whose quantity is negative. */
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
 * The part that goes back with some units: their share of what is left, rounded half up to the minor unit. The share is
 * of the rest, not of the original line, and the last units take all of it, so that no cent is left over or paid twice.
 * @param quantity more than 0, at most what is left
 */
export function partOfUnits(left: LinePart, quantity: Decimal, currencyDigits: number): LinePart {
  if (quantity.eq(left.quantity)) return left
  const share = (of: Decimal) => of.times(quantity).div(left.quantity).toDecimalPlaces(currencyDigits)
  // Rounds the amount paid back and its tax; the amount without tax is their difference, so that all agree to the cent.
  const tax = share(left.tax)
  return { quantity, returns: share(paidFor(left)).minus(tax), tax }
}

/**
 * The part that goes back as money while the customer keeps the goods, with the tax in it.
 * @param amount including tax, more than 0, at most what is left
 */
export function partOfMoney(left: LinePart, amount: Decimal, currencyDigits: number): LinePart {
  const paid = paidFor(left)
  const tax = amount.eq(paid) ? left.tax : left.tax.times(amount).div(paid).toDecimalPlaces(currencyDigits)
  return { quantity: left.quantity.minus(left.quantity), returns: amount.minus(tax), tax }
}
