import { Decimal } from '../../money/money.ts'

export interface LineInput {
  /** Negative for a return. */
  quantity: Decimal.Value
  /** As on the price tag; `taxIncluded` says whether it includes tax. */
  unitPrice: Decimal.Value
  /** Off the whole line, with or without tax like the price; it gets the sign of the quantity. */
  discount?: Decimal.Value
  taxRate: Decimal.Value
  taxIncluded: boolean
  /** Digits of the currency's minor unit. */
  currencyDigits: number
  /** The tax of the line, if its source states it; otherwise it is computed. */
  tax?: Decimal.Value
}

export interface LineAmounts {
  grossSales: string
  discount: string
  tax: string
}

/**
 * Amounts of an order line without tax, exact to the minor unit. Net sales is gross sales less discount; net sales plus
 * tax is what the customer pays. Tax is computed per line, rounded half up, and taken out of prices that include it.
 */
export function lineAmounts(input: LineInput): LineAmounts {
  const { taxIncluded, currencyDigits } = input
  const round = (value: Decimal) => value.toDecimalPlaces(currencyDigits)
  const rate = new Decimal(input.taxRate)
  const quantity = new Decimal(input.quantity)
  const tag = round(quantity.times(input.unitPrice))
  const off = round(new Decimal(input.discount ?? 0)).times(quantity.isNegative() ? -1 : 1)
  const paid = tag.minus(off)
  const includedTax = (amount: Decimal) => round(amount.times(rate).div(rate.plus(1)))

  const tax =
    input.tax !== undefined ? round(new Decimal(input.tax)) : taxIncluded ? includedTax(paid) : round(paid.times(rate))
  if (!taxIncluded) return amounts(tag, off, tax)

  // A stated tax also sets the rate at which tax is taken out of the undiscounted price.
  const tagTax = input.tax === undefined || paid.isZero() ? includedTax(tag) : round(tax.times(tag).div(paid))
  const gross = tag.minus(tagTax)
  return amounts(gross, gross.minus(paid.minus(tax)), tax)
}

function amounts(gross: Decimal, discount: Decimal, tax: Decimal): LineAmounts {
  return { grossSales: gross.toFixed(4), discount: discount.toFixed(4), tax: tax.toFixed(4) }
}
