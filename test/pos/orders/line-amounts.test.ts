import { describe, expect, it } from 'vitest'
import { lineAmounts } from '../../../src/pos/orders/line-amounts.ts'

const GUATEMALA = { taxRate: '0.12', taxIncluded: true, currencyDigits: 2 }
const NEW_YORK = { taxRate: '0.08875', taxIncluded: false, currencyDigits: 2 }

// Worked by hand: what is paid less 12/112 of it, half-up at the cent.
describe('lineAmounts with tax inside the price', () => {
  it.each([
    // 3 × 11.20 = 33.60; tax 3.60
    [
      { quantity: '3', unitPrice: '11.20' },
      { grossSales: '30.0000', discount: '0.0000', tax: '3.6000' },
    ],
    // 25.00 × 12/112 = 2.678571… → 2.68
    [
      { quantity: '1', unitPrice: '25' },
      { grossSales: '22.3200', discount: '0.0000', tax: '2.6800' },
    ],
    // paid 22.50: tax 2.410714… → 2.41, net 20.09; the tag of 25.00 is 22.32 without tax
    [
      { quantity: '1', unitPrice: '25', discount: '2.50' },
      { grossSales: '22.3200', discount: '2.2300', tax: '2.4100' },
    ],
    // 72.00 is 64.29 without tax whether it is discounted or not: 68.40 paid, tax 7.328571… → 7.33, net 61.07
    [
      { quantity: '1', unitPrice: '72' },
      { grossSales: '64.2900', discount: '0.0000', tax: '7.7100' },
    ],
    [
      { quantity: '1', unitPrice: '72', discount: '3.60' },
      { grossSales: '64.2900', discount: '3.2200', tax: '7.3300' },
    ],
    // a return mirrors its sale
    [
      { quantity: '-1', unitPrice: '25', discount: '2.50' },
      { grossSales: '-22.3200', discount: '-2.2300', tax: '-2.4100' },
    ],
    // fully comped: nothing is paid, nothing is taxed
    [
      { quantity: '1', unitPrice: '25', discount: '25' },
      { grossSales: '22.3200', discount: '22.3200', tax: '0.0000' },
    ],
    // 0.5 kg × 19.99 = 9.995 → 10.00 half-up; tax 1.071428… → 1.07
    [
      { quantity: '0.5', unitPrice: '19.99' },
      { grossSales: '8.9300', discount: '0.0000', tax: '1.0700' },
    ],
  ])('%j', (line, amounts) => {
    expect(lineAmounts({ ...GUATEMALA, ...line })).toEqual(amounts)
  })
})

describe('lineAmounts with tax on top', () => {
  it.each([
    // 2 × 9.99 = 19.98; × 0.08875 = 1.773225 → 1.77
    [
      { quantity: '2', unitPrice: '9.99' },
      { grossSales: '19.9800', discount: '0.0000', tax: '1.7700' },
    ],
    // 18.98 × 0.08875 = 1.684475 → 1.68
    [
      { quantity: '2', unitPrice: '9.99', discount: '1' },
      { grossSales: '19.9800', discount: '1.0000', tax: '1.6800' },
    ],
    [
      { quantity: '-2', unitPrice: '9.99' },
      { grossSales: '-19.9800', discount: '0.0000', tax: '-1.7700' },
    ],
  ])('%j', (line, amounts) => {
    expect(lineAmounts({ ...NEW_YORK, ...line })).toEqual(amounts)
  })
})

describe('lineAmounts with a tax that its source states', () => {
  it('keeps net plus tax what was paid', () => {
    const line = { quantity: '1', unitPrice: '112', tax: '12.01', ...GUATEMALA }
    expect(lineAmounts(line)).toEqual({ grossSales: '99.9900', discount: '0.0000', tax: '12.0100' })
    expect(lineAmounts({ ...line, taxIncluded: false })).toEqual({
      grossSales: '112.0000',
      discount: '0.0000',
      tax: '12.0100',
    })
  })
})

it('knows currencies without a minor unit', () => {
  const line = { quantity: '3', unitPrice: '333', taxRate: '0.1', taxIncluded: false, currencyDigits: 0 }
  expect(lineAmounts(line)).toEqual({ grossSales: '999.0000', discount: '0.0000', tax: '100.0000' })
})
