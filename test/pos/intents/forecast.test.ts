import { describe, expect, it } from 'vitest'
import { Decimal } from '../../../src/money/money.ts'
import { backtest, forecastDay } from '../../../src/pos/intents/forecast.ts'
import { addDays } from '../../../src/time/local.ts'

/** Sales on a weekday, the latest first, a week apart. */
const weekly = (latest: string, amounts: number[]) =>
  new Map(amounts.map((amount, weeks) => [addDays(latest, -7 * weeks), new Decimal(amount)]))
const numbers = (day: ReturnType<typeof forecastDay>) =>
  day && [day.expected, day.low, day.high].map((value) => value.toNumber()).concat(day.weeks)

describe('forecastDay', () => {
  it('expects the median of the last eight same weekdays, within their 10th to 90th percentile', () => {
    // Four weeks sold 180 like the four before, so that there is no trend.
    // Sorted 10 20 30 40 50 60 70 80: median 45; at 0.7 of the way 10 → 20: 17; at 6.3: 70 + 0.3 × 10 = 73.
    const sales = weekly('2026-11-21', [50, 10, 80, 40, 60, 20, 70, 30, 9999])
    expect(numbers(forecastDay('2026-11-28', sales, { since: '2020-01-01', known: '2026-11-27' }))).toEqual([
      45, 17, 73, 8,
    ])
  })

  it('counts days without sales since the first one, and no earlier days', () => {
    // 40, 0 (closed), 20, 30: sorted 0 20 30 40; median 25; 0.3 → 6; 2.7 → 37.
    const sales = weekly('2026-11-21', [40, 0, 20, 30])
    sales.delete('2026-11-14')
    const known = '2026-11-27'
    expect(numbers(forecastDay('2026-11-28', sales, { since: '2026-10-31', known }))).toEqual([25, 6, 37, 4])
    expect(forecastDay('2026-11-28', sales, { since: '2026-11-01', known })).toBeNull()
  })

  it('skips weekdays that are not known yet, for a day some weeks ahead', () => {
    const sales = weekly('2026-11-21', [40, 10, 20, 30])
    expect(numbers(forecastDay('2026-12-19', sales, { since: '2026-10-31', known: '2026-11-27' }))).toEqual([
      25, 13, 37, 4,
    ])
  })
})

describe('backtest', () => {
  it('forecasts each past day from what was known before it', () => {
    // Five Saturdays of 10, 10, 10, 10 and at last 20, and nothing on other days. Days with four weekdays before them:
    // the last Saturday (10 forecast, 20 sold) and, from the first day on, each other day after 28 days (0 and 0).
    const sales = weekly('2026-11-28', [20, 10, 10, 10, 10])
    const found = backtest(sales, { since: '2026-10-31', known: '2026-11-28' })
    expect(found && [found.days, found.errorPercent?.toNumber(), found.biasPercent?.toNumber()]).toEqual([1, 50, -50])
    expect(found?.withinRangePercent.toNumber()).toBe(0)
    expect(backtest(sales, { since: '2026-11-01', known: '2026-11-28' })).toBeNull()
  })
})
