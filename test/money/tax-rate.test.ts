import { describe, expect, it } from 'vitest'
import { rateOf } from '../../src/money/tax-rate.ts'

const CENTS = { currencyDigits: 2 }

describe('the rate of a stated tax', () => {
  it.each([
    ['100', '12', ['0.12'], '0.12'],
    // 33.33 × 0.12 is 3.9996.
    ['33.33', '4.00', ['0.12'], '0.12'],
    ['100', '5', ['0.12', '0.05'], '0.05'],
    // A cent too much, and a rate that is not known.
    ['100', '12.01', ['0.12'], null],
    ['100', '21', ['0.12', '0.05'], null],
    ['100', '12', [], null],
    // What came back.
    ['-100', '-12', ['0.12'], '0.12'],
    ['-100', '12', ['0.12'], null],
    // Inside a price of 0.42: 0.42 × 0.12 ÷ 1.12 is 0.045; on top of 0.37 it would be 0.0444.
    ['0.37', '0.05', ['0.12'], '0.12'],
    // All three give 0.01 on 0.10: 0.005, 0.012, 0.009. A tenth is nearest to 9 %.
    ['0.10', '0.01', ['0.05', '0.12', '0.09'], '0.09'],
    // 8 % and 12 % are equally near.
    ['0.10', '0.01', ['0.08', '0.12'], '0.08'],
    ['0.10', '0.01', ['0.12', '0.08'], '0.12'],
    ['1249.95', '103.12', ['0.0825', '0.08'], '0.0825'],
  ])('%s with %s, where %j are known, is %s', (net, tax, known, rate) => {
    expect(rateOf(net, tax, known, CENTS)).toBe(rate)
  })

  it.each([
    ['100', ['0.12'], '0'],
    ['100', ['0.12', '0'], '0'],
    ['100', [], '0'],
    // 12 % of 0.04 is nothing.
    ['0.04', ['0.12'], '0.12'],
    // Given away: at the first, which is that of the product.
    ['0', ['0.05', '0.12'], '0.05'],
  ])('%s without tax, where %j are known, is %s', (net, known, rate) => {
    expect(rateOf(net, '0', known, CENTS)).toBe(rate)
  })

  it('knows the minor unit', () => {
    // 33.3 and 33.27.
    expect(rateOf('333', '33', ['0.1'], { currencyDigits: 0 })).toBe('0.1')
    expect(rateOf('333', '34', ['0.1'], { currencyDigits: 0 })).toBeNull()
    expect(rateOf('1.000', '0.125', ['0.125'], { currencyDigits: 3 })).toBe('0.125')
    expect(rateOf('1.000', '0.125', ['0.12'], CENTS)).toBeNull()
  })
})
