import { describe, expect, it } from 'vitest'
import { Decimal } from '../../../src/money/money.ts'
import {
  type AdviceInput,
  advice,
  extremes,
  type PeriodDay,
  periodDays,
  rate,
  trend,
} from '../../../src/pos/intents/period-rules.ts'
import { NO_SALES, salesFigures } from '../../../src/pos/reports/sales-figures.ts'
import { addDays } from '../../../src/time/local.ts'

const GTQ = { currency: 'GTQ', currencyDigits: 2 }

/** Days from a date on; null: a day without orders. */
const days = (from: string, nets: (number | null)[], { isComplete = true } = {}): PeriodDay[] =>
  nets.map((net, index) => ({
    date: addDays(from, index),
    orders: net === null ? 0 : 1,
    net: new Decimal(net ?? 0),
    isWhole: isComplete || index < nets.length - 1,
  }))
const many = (from: string, count: number, options?: { isComplete: boolean }) =>
  days(from, Array<number>(count).fill(1), options)
const sums = (gross: string, returns: string, discounts: string, orders = '1') => ({
  ...NO_SALES,
  gross_sales: gross,
  returns,
  discounts,
  orders,
})

describe('periodDays', () => {
  it('has every day in order, with net = gross − returns − discounts, and marks a running last day', () => {
    const found = new Map([['2026-03-02', sums('30', '5', '1.5', '2')]])
    expect(periodDays({ from: '2026-03-01', to: '2026-03-02' }, found, false)).toEqual([
      { date: '2026-03-01', orders: 0, net: new Decimal(0), isWhole: true },
      { date: '2026-03-02', orders: 2, net: new Decimal('23.5'), isWhole: false },
    ])
  })
})

describe('trend', () => {
  it.each([
    [31, 'day', 31],
    [32, 'week', 6],
    [120, 'week', 18],
    [121, 'month', 4],
  ])('of %i days goes by %s', (count, by, buckets) => {
    // A Sunday: the first week has one day.
    const found = trend(many('2026-03-01', count))
    expect([found.by, found.buckets.length]).toEqual([by, buckets])
    expect(found.buckets.reduce((total, { net }) => total.plus(net), new Decimal(0)).toNumber()).toBe(count)
  })

  it('marks the first and last bucket where the window cuts them', () => {
    // Wednesday 2026-03-04 to Sunday 2026-04-05: five days, then four whole weeks.
    const { buckets } = trend(many('2026-03-04', 33))
    expect(buckets.map(({ from, net, isPartial }) => [from, net.toNumber(), isPartial])).toEqual([
      ['2026-03-04', 5, true],
      ['2026-03-09', 7, false],
      ['2026-03-16', 7, false],
      ['2026-03-23', 7, false],
      ['2026-03-30', 7, false],
    ])
    // 2026-01-01 to 2026-05-30: a day of May is missing.
    expect(trend(many('2026-01-01', 150)).buckets.map(({ isPartial }) => isPartial)).toEqual([
      false,
      false,
      false,
      false,
      true,
    ])
  })

  it('marks the bucket of a running day, also where it ends with that day', () => {
    expect(trend(many('2026-03-02', 2, { isComplete: false })).buckets.map(({ isPartial }) => isPartial)).toEqual([
      false,
      true,
    ])
    // Five whole weeks, of which the last Sunday is today.
    expect(trend(many('2026-03-02', 35, { isComplete: false })).buckets.at(-1)?.isPartial).toBe(true)
  })
})

describe('extremes', () => {
  const of = (each: PeriodDay[]) => {
    const { best, worst, mean } = extremes(each, 2)
    return { best: best?.date, worst: worst?.date, mean: mean?.toFixed() }
  }

  it('takes a day without orders for the worst only on a weekday with orders in half of its weeks', () => {
    // Two weeks from Monday 2026-03-02. Sundays are always without orders, the second Monday is an exception.
    const week = [50, 60, 70, 80, 90, 100, null]
    const open = days('2026-03-02', [...week, null, 60, 70, 80, 90, 99, null])
    // (450 + 399) / 14 = 60.642…
    expect(of(open)).toEqual({ best: '2026-03-07', worst: '2026-03-09', mean: '60.64' })
    // Only one of three Mondays had orders, which is less than half, so that the other two do not count.
    const closed = days('2026-03-02', [...week, null, 60, 70, 80, 90, 99, null, null, 60])
    expect(of(closed).worst).toBe('2026-03-02')
  })

  it('counts what a day gave back', () => {
    const each = days('2026-03-02', [50, 40, 60])
    each[1] = { ...(each[1] as PeriodDay), net: new Decimal(-5) }
    expect(of(each)).toEqual({ best: '2026-03-04', worst: '2026-03-03', mean: '35' })
  })

  it('leaves the running day out of the worst and the mean, not out of the best', () => {
    expect(of(days('2026-03-02', [50, 40, 1], { isComplete: false }))).toMatchObject({
      worst: '2026-03-03',
      mean: '45',
    })
    expect(of(days('2026-03-02', [50, 40, 99], { isComplete: false })).best).toBe('2026-03-04')
  })

  it('names the earlier one of equal days, and no worst day if there is only one', () => {
    expect(of(days('2026-03-02', [7, 7, 7]))).toEqual({ best: '2026-03-02', worst: undefined, mean: '7' })
    expect(of(days('2026-03-02', [null, null]))).toEqual({ best: undefined, worst: undefined, mean: '0' })
    expect(of(days('2026-03-02', [5], { isComplete: false }))).toEqual({ best: '2026-03-02' })
  })
})

describe('rate', () => {
  it('gives percent of gross sales and the change in points, each rounded once', () => {
    // 10 / 185 = 5.405 %; 2 / 160 = 1.25 %; the change is 4.155 points.
    expect(rate('returns', sums('185', '10', '12'), sums('160', '2', '0'))).toEqual({
      percent: '5.4',
      before: '1.3',
      change: '4.2',
    })
    expect(rate('discounts', sums('185', '10', '12'), sums('160', '2', '0'))).toMatchObject({ change: '6.5' })
  })

  it('is null without gross sales', () => {
    expect(rate('returns', sums('0', '10', '0'), sums('100', '1', '0'))).toEqual({
      percent: null,
      before: '1.0',
      change: null,
    })
  })
})

describe('advice', () => {
  const FLAT = { percent: '2.0', before: '1.0', change: '1.0' }
  const ROSE = { percent: '2.1', before: '1.0', change: '1.1' }
  const figures = (net: string, orders: number) => salesFigures(sums(net, '0', '0', String(orders)), GTQ)
  const of = (input: Partial<AdviceInput>) =>
    advice({
      figures: figures('1000', 100),
      figuresBefore: figures('1000', 100),
      returns: FLAT,
      discounts: FLAT,
      days: many('2026-03-02', 7),
      mostReturned: null,
      biggestFaller: null,
      currency: GTQ,
      ...input,
    })
  const product = { name: 'Pan', sku: 'PAN', net: '1250', before: '1300', returned: '12.5' }

  it('is empty if nothing stands out', () => {
    expect(of({})).toEqual([])
  })

  it('names the most returned product where returns rose by more than a point', () => {
    expect(of({ returns: ROSE, mostReturned: product })).toEqual([
      'Returns rose from 1.0 % to 2.1 % of gross sales: look at Pan [PAN], the most returned with GTQ 12.50.',
    ])
    expect(of({ returns: { percent: '9.0', before: null, change: null } })).toEqual([])
  })

  it.each([
    // Net −12 %: with orders −6 % it is the average sale, with −7 % rather the orders.
    [
      '880',
      94,
      'Net sales fell by 12.0 % with only 6.0 % fewer orders: the average sale went from GTQ 10.00 to GTQ 9.36.',
    ],
    ['880', 100, 'Net sales fell by 12.0 % with no fewer orders: the average sale went from GTQ 10.00 to GTQ 8.80.'],
    ['880', 93, undefined],
    ['900', 100, undefined],
  ])('tells that the average sale fell: net %s from %i orders', (net, orders, sentence) => {
    expect(of({ figures: figures(net, orders) })).toEqual(sentence === undefined ? [] : [sentence])
  })

  it('names a product that lost at least 5 % of the net sales before', () => {
    expect(of({ biggestFaller: product })).toEqual([
      'Net sales of Pan [PAN] fell most, by GTQ 50.00 to GTQ 1,250.00: check its stock and price.',
    ])
    expect(of({ biggestFaller: { ...product, net: '1250.01' } })).toEqual([])
  })

  it('names a weekday 25 % above the mean day, of four weeks or more', () => {
    // Saturdays bring 40, the other days 20: mean 160 / 7 = 22.857, and 40 is 75.0 % more.
    const week = [20, 20, 20, 20, 20, 40, 20]
    const month = days('2026-03-02', [...week, ...week, ...week, ...week])
    expect(of({ days: month })).toEqual([
      'Saturday brings GTQ 40.00 a day, 75.0 % above the mean day: plan staff and stock for it.',
    ])
    expect(of({ days: month.slice(1) })).toEqual([])
    expect(of({ days: many('2026-03-02', 28) })).toEqual([])
  })

  it('compares nothing with a period of few days that is still running', () => {
    const all = { returns: ROSE, discounts: ROSE, biggestFaller: product, figures: figures('880', 100) }
    expect(of({ ...all, days: many('2026-03-02', 6, { isComplete: false }) })).toEqual([])
    expect(of({ ...all, days: many('2026-03-02', 7, { isComplete: false }) })).toHaveLength(3)
  })

  it('is at most three sentences, returns first and discounts after products', () => {
    const all = { returns: ROSE, discounts: ROSE, biggestFaller: product, figures: figures('880', 100) }
    expect(of(all).map((sentence) => sentence.split(' ').slice(0, 3).join(' '))).toEqual([
      'Returns rose from',
      'Net sales fell',
      'Net sales of',
    ])
    expect(of({ discounts: ROSE })).toEqual([
      'Discounts rose from 1.0 % to 2.1 % of gross sales: check whether they bring orders.',
    ])
  })
})
