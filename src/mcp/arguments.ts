import { Type } from '@sinclair/typebox'

/**
 * A reference as in results: an id, code or name. The query finds out what it means: another tenant's looks like an
 * unknown one.
 */
export function Id(description: string) {
  return Type.String({ minLength: 1, maxLength: 200, description })
}

/** A reference whose name says what it takes: an id, a code or an exact name. */
export const Reference = Type.Optional(Type.String({ minLength: 1, maxLength: 100 }))

/** The employee who did what a write records. */
export const DoneBy = Type.Optional(Id('Default: you'))

export const LocationId = Type.Optional(Id('Name or id; default: all'))

export const Search = Type.Optional(
  Type.String({ minLength: 1, maxLength: 100, description: 'Part of a name or code' }),
)

/** An amount of money, not negative. A decimal string is exact, while a JSON number would be a float. */
export function Amount(description?: string) {
  const expected = 'a decimal number such as "12.50", not negative and with at most 4 decimals'
  const described = description === undefined ? {} : { description }
  return Type.String({ pattern: '^\\d{1,12}(\\.\\d{1,4})?$', expected, ...described })
}

/** A quantity as a decimal string; it may be negative. */
export function Quantity(description: string) {
  const expected = 'a decimal number such as "2.5", with at most 3 decimals'
  return Type.String({ pattern: '^-?\\d{1,10}(\\.\\d{1,3})?$', expected, description })
}

/** A product's tax rate in percent, below 100; empty for the business's rate. */
export const TaxRatePercent = Type.Optional(
  Type.String({
    pattern: '^(\\d{1,2}(\\.\\d{1,4})?)?$',
    expected: 'a percentage such as "12" or "5.5", below 100, or "" for the rate of the business',
    description: '"" for the rate of the business',
  }),
)
