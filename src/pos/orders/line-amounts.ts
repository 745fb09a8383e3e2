import { Decimal } from '../../money/money.ts'

export interface LineInput {
  /** Negative for a return. */
  quantity: Decimal.Value
  /** As on the price tag, with or without tax as `taxIncluded` says. */
  unitPrice: Decimal.Value
  /** Off the whole line, on the same side of tax as the price; the sign of the quantity is put on it. */
  discount?: Decimal.Value
  taxRate: Decimal.Value
  taxIncluded: boolean
  /** Digits of the currency's minor unit. */
  currencyDigits: number
  /** The tax of the line where its source states it, instead of computing it. */
  tax?: Decimal.Value
}

export interface LineAmounts {
  grossSales: string
  discount: string
  tax: string
}

/**
 * Amounts of an order line without tax, exact at the minor unit: net sales is gross sales less discount, and net sales
 * plus tax is what the customer pays. Tax is taken per line, half-up; out of the price where the price includes it.
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

  // A stated tax sets the rate that the undiscounted price is freed of, too.
  const tagTax = input.tax === undefined || paid.isZero() ? includedTax(tag) : round(tax.times(tag).div(paid))
  const gross = tag.minus(tagTax)
  return amounts(gross, gross.minus(paid.minus(tax)), tax)
}

function amounts(gross: Decimal, discount: Decimal, tax: Decimal): LineAmounts {
  return { grossSales: gross.toFixed(4), discount: discount.toFixed(4), tax: tax.toFixed(4) }
}
