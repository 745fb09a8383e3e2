import { describe, expect, it } from 'vitest'
import { formatMoney, money, percentChange } from '../../src/money/money.ts'

const GTQ = { currency: 'GTQ', currencyDigits: 2 }

describe('money', () => {
  it.each([
    ['1234.5000', '1234.50'],
    ['0', '0.00'],
    ['-2.5', '-2.50'],
    // a unit price keeps digits below the cent if they are not zero
    ['0.0350', '0.035'],
    ['9999999999999999.9999', '9999999999999999.9999'],
  ])('%s is exactly %s', (amount, shown) => {
    expect(money(amount, GTQ)).toEqual({ amount: shown, currency: 'GTQ' })
  })

  it('has no digits after the point for a currency without a minor unit', () => {
    expect(money('1200.0000', { currency: 'JPY', currencyDigits: 0 }).amount).toBe('1200')
  })
})

it('formats with grouped digits', () => {
  expect(formatMoney(money('1234567.8', GTQ))).toBe('GTQ 1,234,567.80')
  expect(formatMoney(money('-1234.5', GTQ))).toBe('GTQ -1,234.50')
  expect(formatMoney({ amount: '1200', currency: 'JPY' })).toBe('JPY 1,200')
})

describe('percentChange', () => {
  it.each([
    ['110', '100', '10.0'],
    ['87.5', '100', '-12.5'],
    // from a loss of 50 to a gain of 50: up by twice the loss
    ['50', '-50', '200.0'],
    ['100', '0', null],
    ['999.99', '1000', '0.0'],
  ])('from %s against %s is %s', (now, before, percent) => {
    expect(percentChange(now, before)).toBe(percent)
  })
})
