import { Decimal } from './money.ts'

/**
 * What percentage one amount is of another.
 * @returns a decimal string with one digit (`"12.5"`) or as many as asked for, or null if the whole is not positive
 */
export function sharePercent(part: Decimal.Value, whole: Decimal.Value, digits = 1): string | null {
  const base = new Decimal(whole)
  if (base.lte(0)) return null
  const percent = new Decimal(part).times(100).div(base).toDecimalPlaces(digits)
  return (percent.isZero() ? new Decimal(0) : percent).toFixed(digits)
}
