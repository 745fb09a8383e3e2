import { describe, expect, it } from 'vitest'
import { comparedSales, describeIncomparable, describeStretch } from '../../../src/pos/reports/period-comparison.ts'
import { NO_SALES } from '../../../src/pos/reports/sales-figures.ts'

const GTQ = { currency: 'GTQ', currencyDigits: 2 }
const STRETCH = { from: '2026-11-16', to: '2026-11-21', until: '04:48:12.000' }
const DAYS = { from: '2026-11-16', to: '2026-11-21', until: '04:48' }
const sums = {
  // 1,100 − 50 − 60 = 990 of 4 orders, against 900 of 5: +10 %, −20 %, and 247.50 against 180.00 a sale.
  now: { ...NO_SALES, gross_sales: '1100', returns: '50', discounts: '60', orders: '4' },
  before: { ...NO_SALES, gross_sales: '900', orders: '5' },
}

describe('comparedSales', () => {
  it('gives net sales, orders and average sale with their changes', () => {
    expect(comparedSales(STRETCH, '2026-11-16', sums, GTQ)).toEqual({
      ...DAYS,
      netSales: '900.00',
      orders: 5,
      averageSale: '180.00',
      changePercent: { netSales: '10.0', orders: '-20.0', averageSale: '37.5' },
    })
  })

  it('has no average of no orders', () => {
    expect(comparedSales(STRETCH, '2026-01-01', { now: sums.now, before: NO_SALES }, GTQ)).toMatchObject({
      netSales: '0.00',
      averageSale: null,
      changePercent: { netSales: null, orders: null, averageSale: null },
    })
  })

  it('gives neither amount nor percentage where the first sale is later than the first day', () => {
    const compared = comparedSales(STRETCH, '2026-11-17', sums, GTQ)
    expect(compared).toEqual({ ...DAYS, reason: 'sales on file begin on 2026-11-17' })
    expect(describeIncomparable(compared)).toBe(
      'Not compared with 2026-11-16 to 2026-11-21, its last day up to 04:48: sales on file begin on 2026-11-17.',
    )
    expect(comparedSales(STRETCH, null, sums, GTQ)).toEqual({ ...DAYS, reason: 'there are no sales on file' })
  })

  it('passes on why there is no stretch', () => {
    const compared = comparedSales({ reason: '2026-02 has no day 30' }, '2020-01-01', sums, GTQ)
    expect(compared).toEqual({ reason: '2026-02 has no day 30' })
    expect(describeIncomparable(compared)).toBe('Not compared: 2026-02 has no day 30.')
  })
})

it('names a single day by its weekday', () => {
  expect(describeStretch({ from: '2026-11-17', to: '2026-11-17' })).toBe('Tuesday 2026-11-17')
  expect(describeStretch({ from: '2026-11-21', to: '2026-11-21', until: '04:48' })).toBe(
    'Saturday 2026-11-21 up to 04:48',
  )
  expect(describeStretch({ from: '2026-10-01', to: '2026-10-31' })).toBe('2026-10-01 to 2026-10-31')
})
