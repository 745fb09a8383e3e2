import { describe, expect, it } from 'vitest'
import { Decimal } from '../../../src/money/money.ts'
import {
  bestWeekday,
  extremes,
  type PeriodDay,
  periodDays,
  rate,
  trend,
} from '../../../src/pos/intents/period-rules.ts'
import { NO_SALES } from '../../../src/pos/reports/sales-figures.ts'
import { addDays } from '../../../src/time/local.ts'

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
    [14, 'day', 14],
    [15, 'week', 3],
    [98, 'week', 15],
    [99, 'month', 4],
    [430, 'month', 15],
    [431, 'quarter', 6],
    [1100, 'quarter', 13],
  ])('of %i days goes by %s', (count, by, expected) => {
    // A Sunday: the first week has one day.
    const found = trend(many('2026-03-01', count))
    expect([found.by, found.rows.length]).toEqual([by, expected])
    expect(found.rows.reduce((total, { net }) => total.plus(net), new Decimal(0)).toNumber()).toBe(count)
    expect(found.rows.reduce((total, { days }) => total + days, 0)).toBe(count)
  })

  it('says which days a row holds, and which rows are parts', () => {
    // Wednesday 2026-03-04 to Sunday 2026-04-05: five days, then four whole weeks.
    const { rows } = trend(many('2026-03-04', 33))
    expect(rows.map(({ net, ...row }) => ({ ...row, net: net.toNumber() })).slice(0, 2)).toEqual([
      { label: 'week from 2026-03-02', from: '2026-03-04', to: '2026-03-08', days: 5, isPartial: true, net: 5 },
      { label: 'week from 2026-03-09', from: '2026-03-09', to: '2026-03-15', days: 7, isPartial: false, net: 7 },
    ])
    expect(rows.map(({ isPartial }) => isPartial)).toEqual([true, false, false, false, false])
    // 2026-01-01 to 2026-05-30: a day of May is missing.
    const months = trend(many('2026-01-01', 150)).rows
    expect(months.map(({ label, days, isPartial }) => [label, days, isPartial])).toEqual([
      ['2026-01', 31, false],
      ['2026-02', 28, false],
      ['2026-03', 31, false],
      ['2026-04', 30, false],
      ['2026-05', 30, true],
    ])
    expect(trend(many('2026-01-01', 600)).rows.map(({ label }) => label)[4]).toBe('2027 Q1')
  })

  it('marks the row of a running day, also where it ends with that day', () => {
    const days = trend(many('2026-03-02', 2, { isComplete: false })).rows
    expect(days.map(({ label, isPartial }) => [label, isPartial])).toEqual([
      ['2026-03-02 Mon', false],
      ['2026-03-03 Tue', true],
    ])
    // Five whole weeks, of which the last Sunday is today.
    expect(trend(many('2026-03-02', 35, { isComplete: false })).rows.at(-1)?.isPartial).toBe(true)
  })
})

describe('extremes', () => {
  const of = (each: PeriodDay[]) => {
    const { best, slowest, mean, wholeDays } = extremes(each)
    return { best: best?.date, slowest: slowest?.date, mean: mean?.toDecimalPlaces(2).toFixed(), wholeDays }
  }

  it('calls no closed day slow, not even a holiday with a refund', () => {
    const each = days('2026-03-02', [50, 60, 70, null, 40, 100, null])
    each[3] = { ...(each[3] as PeriodDay), net: new Decimal(-43.76) }
    // 276.24 / 7 = 39.46…
    expect(of(each)).toEqual({ best: '2026-03-07', slowest: '2026-03-06', mean: '39.46', wholeDays: 7 })
  })

  it('counts what a day with orders gave back', () => {
    const each = days('2026-03-02', [50, 40, 60])
    each[1] = { ...(each[1] as PeriodDay), net: new Decimal(-5) }
    expect(of(each)).toMatchObject({ best: '2026-03-04', slowest: '2026-03-03', mean: '35' })
  })

  it('leaves the running day out of the slowest and the mean, not out of the best', () => {
    expect(of(days('2026-03-02', [50, 40, 1], { isComplete: false }))).toMatchObject({
      slowest: '2026-03-03',
      mean: '45',
      wholeDays: 2,
    })
    expect(of(days('2026-03-02', [50, 40, 99], { isComplete: false })).best).toBe('2026-03-04')
  })

  it('names the earlier one of equal days, and no slowest day if there is only one', () => {
    expect(of(days('2026-03-02', [7, 7, 7]))).toMatchObject({ best: '2026-03-02', slowest: undefined, mean: '7' })
    expect(of(days('2026-03-02', [null]))).toMatchObject({ best: undefined, slowest: undefined, mean: '0' })
    expect(of(days('2026-03-02', [7], { isComplete: false }))).toMatchObject({ best: '2026-03-02', mean: undefined })
  })
})

describe('bestWeekday', () => {
  it('compares means of whole days, since a window holds more of some weekdays', () => {
    // 29 days from Monday 2026-03-02: five Mondays of 30 are more than four Saturdays of 35, and less a day.
    const each = many('2026-03-02', 29).map((day, index) => ({
      ...day,
      net: new Decimal(index % 7 === 0 ? 30 : index % 7 === 5 ? 35 : 1),
    }))
    expect(bestWeekday(each)).toEqual({ name: 'Saturday', mean: new Decimal(35), days: 4 })
  })

  it('says nothing about less than four weeks', () => {
    expect(bestWeekday(many('2026-03-02', 27))).toBeNull()
  })
})

describe('rate', () => {
  it('gives percent of gross sales, and that of before if it is comparable', () => {
    // 10 / 185 = 5.405 %; 2 / 160 = 1.25 %.
    const [now, before] = [sums('185', '10', '12'), sums('160', '2', '0')]
    expect(rate('returns', now, before)).toEqual({ percent: '5.4', before: '1.3' })
    expect(rate('discounts', now, null)).toEqual({ percent: '6.5', before: null })
    expect(rate('returns', sums('0', '10', '0'), before)).toEqual({ percent: null, before: '1.3' })
  })
})
