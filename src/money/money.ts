import { type Static, Type } from '@sinclair/typebox'
import { Decimal } from 'decimal.js'

// Rounds half up, away from zero, as accountants do, with more digits than numeric(20,4) can hold.
Decimal.set({ precision: 40, rounding: Decimal.ROUND_HALF_UP, toExpNeg: -30, toExpPos: 40 })

export { Decimal }

export const MoneySchema = Type.Object(
  {
    amount: Type.String({ description: 'Exact decimal, e.g. "1234.50"' }),
    currency: Type.String({ description: 'ISO 4217 code' }),
  },
  { title: 'Money' },
)
export type Money = Static<typeof MoneySchema>

export interface Currency {
  currency: string
  currencyDigits: number
}

/**
 * An amount with its currency.
 * @param amount major units; the database's `numeric` arrives as a decimal string
 * @returns at least the digits of the minor unit, and more only if they are not zero (a unit price of 0.0350)
 */
export function money(amount: Decimal.Value, { currency, currencyDigits }: Currency): Money {
  const value = new Decimal(amount)
  return { amount: value.toFixed(Math.max(currencyDigits, value.decimalPlaces())), currency }
}

/** An amount in a result: a decimal string rounded once, half up, to the currency's minor unit. */
export function amountOf(value: Decimal.Value, { currencyDigits }: Currency): string {
  return new Decimal(value).toFixed(currencyDigits)
}

/** A quantity without the trailing zeros that the database adds. */
export function quantity(value: Decimal.Value): string {
  return new Decimal(value).toFixed()
}

/** An amount as text for people, where the currency is named beside it: `1,234.50`. */
export function grouped(amount: string): string {
  const [whole = '0', fraction] = amount.split('.')
  const thousands = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? thousands : `${thousands}.${fraction}`
}

/** An amount as text for people, with its currency: `GTQ 1,234.50`. */
export function formatAmount(amount: string, currency: string): string {
  return `${currency} ${grouped(amount)}`
}

/** As `formatAmount`, for an amount that has its currency with it. */
export function formatMoney({ amount, currency }: Money): string {
  return formatAmount(amount, currency)
}

/**
 * The change from one amount to another in percent.
 * @returns a signed decimal string with one digit (`"-12.5"`), or null where there is nothing to compare with
 */
export function percentChange(now: Decimal.Value, before: Decimal.Value): string | null {
  const base = new Decimal(before)
  if (base.isZero()) return null
  const percent = new Decimal(now).minus(base).div(base.abs()).times(100).toDecimalPlaces(1)
  return percent.isZero() ? '0.0' : percent.toFixed(1)
}
