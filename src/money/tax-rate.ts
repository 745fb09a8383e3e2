import { type Currency, Decimal } from './money.ts'

/**
 * The rate behind an amount of tax that somebody else has computed.
 * @param net without tax, negative for what came back, and so is the tax
 * @param knownRates as fractions; of those that are equally near, the first counts
 * @returns the known rate nearest to tax ÷ net of those that give this tax to the minor unit, on top of the price or
 *   inside it; zero for no tax; null if the rate is not stated
 */
export function rateOf(
  net: Decimal.Value,
  tax: Decimal.Value,
  knownRates: readonly string[],
  { currencyDigits }: Pick<Currency, 'currencyDigits'>,
): string | null {
  const stated = new Decimal(tax)
  const paid = stated.plus(net)
  const gives = (rate: string) =>
    [new Decimal(net).times(rate), paid.times(rate).div(new Decimal(rate).plus(1))].some((exact) =>
      exact.toDecimalPlaces(currencyDigits).eq(stated),
    )
  const ratio = new Decimal(net).isZero() ? null : stated.div(net)
  const distance = (rate: string) => ratio?.minus(rate).abs().toNumber() ?? 0
  const [nearest] = knownRates.filter(gives).toSorted((a, b) => distance(a) - distance(b))
  return nearest ?? (stated.isZero() ? '0' : null)
}
