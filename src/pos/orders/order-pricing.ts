import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { type Currency, Decimal, formatMoney, money, quantity } from '../../money/money.ts'
import { clean } from '../../results/text.ts'
import { doPricesIncludeTax } from '../organisation/price-tags.ts'
import { type Variant, variantsOf } from '../references.ts'
import { lineAmounts } from './line-amounts.ts'

/** A requested line. */
export interface ItemInput {
  /** SKU or variant id. */
  product: string
  quantity: string
  unitPrice?: string
  discount?: string
}

/** A line of an order to write. Amounts are without tax, exact to the minor unit. */
export interface SaleLine {
  variant: Variant
  quantity: Decimal
  unitPrice: Decimal
  taxIncluded: boolean
  grossSales: string
  discount: string
  tax: string
  /** What the customer pays for it. */
  total: Decimal
}

/**
 * Prices the lines of a sale.
 * @throws ServiceError `not_found` or `invalid_argument` naming the item
 */
export async function priceLines(
  db: Transaction,
  business: Currency & { id: string },
  items: readonly ItemInput[],
): Promise<SaleLine[]> {
  const references = items.map(({ product }) => product)
  const [variants, taxIncluded] = await Promise.all([
    variantsOf(db, business.id, references, 'items.product'),
    doPricesIncludeTax(db, business.id),
  ])
  const { currencyDigits } = business

  return variants.map((variant, index) => {
    const item = items[index] as ItemInput
    const name = `items.${index}`
    if (!variant.is_active) {
      const sku = clean(variant.sku, 60)
      throw new ServiceError('invalid_argument', `${name}.product: ${sku} is switched off and not on sale.`, {
        hint: 'Switch it on with update_product, or choose another with get_products.',
      })
    }
    const count = new Decimal(item.quantity)
    if (count.lte(0)) throw new ServiceError('invalid_argument', `${name}.quantity must be more than 0.`)
    const unitPrice = new Decimal(item.unitPrice ?? variant.price)
    const off = inMinorUnits(item.discount ?? '0', `${name}.discount`, business)
    const tag = count.times(unitPrice).toDecimalPlaces(currencyDigits)
    if (off.gt(tag)) {
      const worth = formatMoney(money(tag, business))
      throw new ServiceError('invalid_argument', `${name}.discount must not be more than the line's ${worth}.`)
    }
    const priced = { quantity: count, unitPrice, discount: off, taxRate: variant.tax_rate, taxIncluded, currencyDigits }
    const amounts = lineAmounts(priced)
    const total = new Decimal(amounts.grossSales).minus(amounts.discount).plus(amounts.tax)
    return { variant, quantity: count, unitPrice, taxIncluded, ...amounts, total }
  })
}

export interface PaymentInput {
  method: string
  amount: string
  reference?: string
}

export interface Payment {
  method: string
  amount: Decimal
  reference: string | null
}

/**
 * The payments of an order: those given, which must add up to its total, or else one for the whole total.
 * @throws ServiceError `invalid_argument` with the total
 */
export function payInFull(
  total: Decimal,
  { payments, paymentMethod }: { payments?: readonly PaymentInput[]; paymentMethod?: string },
  currency: Currency,
): Payment[] {
  if (payments === undefined) {
    const method = paymentMethodOf(paymentMethod ?? 'cash', 'paymentMethod')
    return total.isZero() ? [] : [{ method, amount: total, reference: null }]
  }
  if (paymentMethod !== undefined) {
    throw new ServiceError('invalid_argument', 'Give either payments or paymentMethod, not both.')
  }
  const paid = payments.map(({ method, amount, reference }, index) => ({
    method: paymentMethodOf(method, `payments.${index}.method`),
    amount: inMinorUnits(amount, `payments.${index}.amount`, currency),
    reference: reference ?? null,
  }))
  const sum = Decimal.sum(0, ...paid.map(({ amount }) => amount))
  if (!sum.eq(total)) {
    const [want, have] = [total, sum].map((amount) => formatMoney(money(amount, currency)))
    throw new ServiceError('invalid_argument', `payments must add up to the total of ${want}; they are ${have}.`)
  }
  return paid
}

/**
 * A payment method as reports group by it, without invisible characters.
 * @throws ServiceError `invalid_argument` if nothing is left
 */
export function paymentMethodOf(text: string, argument: string): string {
  const method = clean(text, 40)
  if (method === '') throw new ServiceError('invalid_argument', `${argument} must be a word such as cash or card.`)
  return method
}

/**
 * An amount that can be paid.
 * @throws ServiceError `invalid_argument` for fractions of the currency's minor unit
 */
export function inMinorUnits(amount: string, argument: string, { currency, currencyDigits }: Currency): Decimal {
  const value = new Decimal(amount)
  if (value.decimalPlaces() <= currencyDigits) return value
  throw new ServiceError(
    'invalid_argument',
    `${argument} must have at most ${currencyDigits} decimals, as ${currency} has.`,
  )
}

/**
 * Compares an amount with what the caller expects.
 * @param what names the amount in the error: "the total"
 * @throws ServiceError `conflict` with the amount
 */
export function expectAmount(
  actual: Decimal,
  expected: string | undefined,
  what: { argument: string; name: string },
  currency: Currency,
): void {
  if (expected === undefined || actual.eq(expected)) return
  const amount = formatMoney(money(actual, currency))
  throw new ServiceError(
    'conflict',
    `${what.argument} is ${quantity(expected)}, but ${what.name} is ${amount}. Nothing was written.`,
    { hint: 'Show it to the person who asked before you go on.' },
  )
}
