import { describe, expect, it } from 'vitest'
import { Decimal } from '../../../src/money/money.ts'
import { lineAmounts } from '../../../src/pos/orders/line-amounts.ts'
import {
  isNothing,
  type LinePart,
  leftOf,
  paidFor,
  partOfMoney,
  partOfUnits,
} from '../../../src/pos/orders/refund-parts.ts'

const part = (quantity: string, returns: string, tax: string): LinePart => ({
  quantity: new Decimal(quantity),
  returns: new Decimal(returns),
  tax: new Decimal(tax),
})
const plain = ({ quantity, returns, tax }: LinePart) => [quantity, returns, tax].map((value) => value.toFixed())
const minus = (left: LinePart, taken: LinePart) => leftOf(left, taken)

/** Takes units off a line one refund after the other. */
function refundAll(sold: LinePart, quantities: string[], digits = 2): string[][] {
  let left = sold
  const taken = quantities.map((quantity) => {
    const now = partOfUnits(left, new Decimal(quantity), digits)
    left = minus(left, now)
    return plain(now)
  })
  expect(isNothing(left)).toBe(true)
  return taken
}

describe('units of a line', () => {
  it('go back one by one at what each was paid, to the cent', () => {
    // 3 × 10.00 with 12 % inside: tax 30 × 12/112 = 3.214… → 3.21, net 26.79. A unit: 10.00, of which tax 1.07.
    expect(refundAll(part('3', '26.79', '3.21'), ['1', '1', '1'])).toEqual([
      ['1', '8.93', '1.07'],
      ['1', '8.93', '1.07'],
      ['1', '8.93', '1.07'],
    ])
  })

  it('give odd cents to the first, and the rest to the last', () => {
    // 10.00 for 3 units without tax: 3.333… → 3.33, then 6.67 / 2 = 3.335 → 3.34, then 3.33.
    expect(refundAll(part('3', '10', '0'), ['1', '1', '1'])).toEqual([
      ['1', '3.33', '0'],
      ['1', '3.34', '0'],
      ['1', '3.33', '0'],
    ])
    // One cent for 4 units: half of a cent is rounded up once, and there is none left.
    expect(refundAll(part('4', '0.01', '0'), ['1', '1', '2'])).toEqual([
      ['1', '0', '0'],
      ['1', '0', '0'],
      ['2', '0.01', '0'],
    ])
  })

  it('go back at the discounted price', () => {
    // 2 × 25.00 less 5.00 with 12 % inside: paid 45.00, tax 45 × 12/112 = 4.821… → 4.82, net 40.18. Half: 22.50.
    const { grossSales, discount, tax } = lineAmounts({
      quantity: '2',
      unitPrice: '25',
      discount: '5',
      taxRate: '0.12',
      taxIncluded: true,
      currencyDigits: 2,
    })
    const net = new Decimal(grossSales).minus(discount).toFixed()
    expect(refundAll(part('2', net, tax), ['1', '1'])).toEqual([
      ['1', '20.09', '2.41'],
      ['1', '20.09', '2.41'],
    ])
  })

  it('know currencies without a minor unit, and weighed goods', () => {
    // JPY 1,000 with 10 % inside, 3 units: tax 91, net 909. Paid 333, 334 (667 / 2 = 333.5), 333; tax 30, 31, 30.
    expect(refundAll(part('3', '909', '91'), ['1', '1', '1'], 0)).toEqual([
      ['1', '303', '30'],
      ['1', '303', '31'],
      ['1', '303', '30'],
    ])
    // 0.750 kg for 9.99: a third of it for 0.250 kg.
    expect(refundAll(part('0.750', '9.99', '0'), ['0.25', '0.5'])).toEqual([
      ['0.25', '3.33', '0'],
      ['0.5', '6.66', '0'],
    ])
  })

  it('never take more than is left, whatever the amounts', () => {
    for (let cents = 0; cents < 60; cents++) {
      for (let taxCents = 0; taxCents <= cents; taxCents++) {
        const sold = part('7', String((cents - taxCents) / 100), String(taxCents / 100))
        const taken = refundAll(sold, ['1', '2', '1', '2', '1'])
        expect(taken.flat().some((value) => value.startsWith('-'))).toBe(false)
        const sum = (column: number) => Decimal.sum(...taken.map((row) => row[column] as string)).toFixed()
        expect([sum(1), sum(2)]).toEqual([sold.returns.toFixed(), sold.tax.toFixed()])
      }
    }
  })
})

describe('money without goods', () => {
  it('carries its tax, and the rest takes what is left', () => {
    const sold = part('3', '26.79', '3.21')
    // 5.00 × 3.21 / 30 = 0.535 → 0.54
    const first = partOfMoney(sold, new Decimal('5'), 2)
    expect(plain(first)).toEqual(['0', '4.46', '0.54'])
    const left = minus(sold, first)
    expect(plain(partOfMoney(left, paidFor(left), 2))).toEqual(['0', '22.33', '2.67'])
    // A unit that comes back afterwards is worth a third of the 25.00 left: 8.33, tax 2.67 / 3 = 0.89.
    expect(plain(partOfUnits(left, new Decimal('1'), 2))).toEqual(['1', '7.44', '0.89'])
  })

  it('leaves the goods, which can be returned later for no more money', () => {
    const sold = part('2', '20', '0')
    const left = minus(sold, partOfMoney(sold, new Decimal('20'), 2))
    expect(plain(left)).toEqual(['2', '0', '0'])
    expect(plain(partOfUnits(left, new Decimal('1'), 2))).toEqual(['1', '0', '0'])
  })
})

describe('what is left', () => {
  it('is nothing for a return, and never negative', () => {
    expect(isNothing(leftOf(part('-1', '-10', '-1.2'), part('0', '0', '0')))).toBe(true)
    expect(plain(leftOf(part('1', '10', '1'), part('2', '11', '0')))).toEqual(['0', '0', '1'])
  })
})
