import { describe, expect, it } from 'vitest'
import { areShown, counted, countedOf, ofNumber } from '../../src/results/counted.ts'

describe('a count in words', () => {
  it.each([
    [1, 'order', '1 order'],
    [0, 'order', '0 orders'],
    [2400, 'order', '2,400 orders'],
    ['1', 'unit', '1 unit'],
    ['1.00', 'unit', '1.00 unit'],
    ['0.5', 'unit', '0.5 units'],
    [-1, 'unit', '-1 units'],
    [2, 'category', '2 categories'],
    [2, 'day', '2 days'],
    [2, 'business', '2 businesses'],
  ])('of %s %s is %j', (count, one, words) => {
    expect(counted(count, one)).toBe(words)
  })

  it.each([
    [1, 'categories', '1 category'],
    [1, 'businesses', '1 business'],
    [1, 'blocked steps', '1 blocked step'],
    [1, 'rows of stock', '1 row of stock'],
    [1, 'tax rates', '1 tax rate'],
    [2, 'cities', '2 cities'],
  ])('of %s "%s" is %j', (count, many, words) => {
    expect(countedOf(count, many)).toBe(words)
  })

  it('says how many are shown', () => {
    expect([areShown(1, 'orders'), areShown(2, 'orders'), areShown(1, 'orders', 2)]).toEqual([
      '1 order is shown',
      '2 orders are shown',
      '1 of 2 orders is shown',
    ])
  })

  it('may leave the number to the sentence', () => {
    expect([ofNumber(1, 'box'), ofNumber(3, 'box')]).toEqual(['box', 'boxes'])
  })
})
