import { expect, it } from 'vitest'
import { margin } from '../../../src/pos/reports/margin.ts'

it.each([
  // Everything has a cost: 100 − 60.
  ['100', '100', '60', '40', '40.0', '100.0'],
  // An imported 990 without a cost, and a sale at 10 that cost 4: 6 of 10, which are 1 % of the sales.
  ['1000', '10', '4', '6', '60.0', '1.0'],
  // Nothing cost anything: a service.
  ['50', '50', '0', '50', '100.0', '100.0'],
  ['50', '0', '0', null, null, '0.0'],
  // Given away: at a loss.
  ['0', '0', '3', '-3', null, null],
  ['90', '80', '100.5', '-20.5', '-25.6', '88.9'],
  // More came back than was sold; the goods are on the shelf again, except 2.
  ['-30', '-20', '-18', '-2', null, null],
  // What came back has no cost.
  ['75', '100', '70', '30', '30.0', '133.3'],
  ['0', '0', '0', null, null, null],
])('of net sales %s, %s with a cost of %s, is %s', (net_sales, costed_net_sales, cost, value, percent, share) => {
  expect(margin({ net_sales, costed_net_sales, cost })).toEqual({
    margin: value,
    marginPercent: percent,
    costedShare: share,
  })
})
