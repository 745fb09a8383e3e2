import { Decimal } from '../../money/money.ts'
import { sharePercent } from '../../money/share.ts'
import { addDays, daysBetween, monthStart, quarterStart, weekday, weekStart } from '../../time/local.ts'
import type { Days } from '../../time/window.ts'
import { NO_SALES, netSales, type SalesSums } from '../reports/sales-figures.ts'

// The rules of a period's summary. They contain no queries, so that each can be checked by hand.

// At most 15 rows, or 14 quarters.
const MAX_DAILY = 14
const MAX_WEEKLY = 98
const MAX_MONTHLY = 430

/** The sales of one local day of a window. */
export interface PeriodDay {
  date: string
  orders: number
  net: Decimal
  /** False while the day is still running. */
  isWhole: boolean
}

/**
 * Every local day of a window in order, including days without sales.
 * @param isComplete false while the last day is still running
 */
export function periodDays({ from, to }: Days, sums: ReadonlyMap<string, SalesSums>, isComplete: boolean): PeriodDay[] {
  return Array.from({ length: daysBetween(from, to) }, (_, index) => {
    const date = addDays(from, index)
    const day = sums.get(date) ?? NO_SALES
    return { date, orders: Number(day.orders), net: netSales(day), isWhole: isComplete || date !== to }
  })
}

/** A row of the trend, with the days of the window that it holds. */
export interface TrendRow {
  /** `2026-11-03 Tue`, `week from 2026-11-02`, `2026-11` or `2026 Q4`. */
  label: string
  from: string
  to: string
  days: number
  net: Decimal
  /** Whether the window holds only a part of it, or its last day is still running. */
  isPartial: boolean
}

/** By day in windows of up to 14 days, by week (from Monday) up to 98, by calendar month up to 430, else by quarter. */
export function trend(days: readonly PeriodDay[]): { by: keyof typeof TRENDS; rows: TrendRow[] } {
  const by =
    days.length <= MAX_DAILY
      ? 'day'
      : days.length <= MAX_WEEKLY
        ? 'week'
        : days.length <= MAX_MONTHLY
          ? 'month'
          : 'quarter'
  const { startOf, labelOf } = TRENDS[by]
  const rows = groups(days, startOf).map(([start, group]) => {
    const [first, last] = [group[0], group.at(-1)] as [PeriodDay, PeriodDay]
    const isPartial = first.date !== start || startOf(addDays(last.date, 1)) === start || !last.isWhole
    return { label: labelOf(start), from: first.date, to: last.date, days: group.length, net: sum(group), isPartial }
  })
  return { by, rows }
}

const TRENDS = {
  day: { startOf: (date: string) => date, labelOf: (date: string) => `${date} ${weekday(date).slice(0, 3)}` },
  week: { startOf: weekStart, labelOf: (monday: string) => `week from ${monday}` },
  month: { startOf: monthStart, labelOf: (first: string) => first.slice(0, 7) },
  quarter: {
    startOf: quarterStart,
    labelOf: (first: string) => `${first.slice(0, 4)} Q${(Number(first.slice(5, 7)) + 2) / 3}`,
  },
}

export interface Extremes {
  best: PeriodDay | null
  slowest: PeriodDay | null
  /** Mean net sales of the whole days, including days without sales. */
  mean: Decimal | null
  wholeDays: number
}

/**
 * Of the days with orders, the best and the slowest, and the mean of the whole days. A day without orders is none on
 * which the shop was slow: it was closed. A day that is still running is never the slowest, and is no part of the mean.
 * Of equal days, the earlier one counts.
 */
export function extremes(days: readonly PeriodDay[]): Extremes {
  const selling = days.filter(({ orders }) => orders > 0)
  const whole = days.filter(({ isWhole }) => isWhole)
  const best = first(selling, (a, b) => a.net.gt(b.net))
  const slowest = first(
    selling.filter(({ isWhole }) => isWhole),
    (a, b) => a.net.lt(b.net),
  )
  return {
    best,
    slowest: slowest === best ? null : slowest,
    mean: whole.length === 0 ? null : sum(whole).div(whole.length),
    wholeDays: whole.length,
  }
}

/** Mean net sales of the weekday that sells most. */
export interface BestWeekday {
  name: string
  mean: Decimal
  days: number
}

/** The weekday with the highest mean of its whole days; null in less than four weeks, where one day decides. */
export function bestWeekday(days: readonly PeriodDay[]): BestWeekday | null {
  const whole = days.filter(({ isWhole }) => isWhole)
  if (whole.length < WEEKDAY_DAYS) return null
  const means = groups(whole, weekday).map(([name, group]) => ({
    name,
    mean: sum(group).div(group.length),
    days: group.length,
  }))
  return first(means, (a, b) => a.mean.gt(b.mean))
}

const WEEKDAY_DAYS = 28

/** A part of gross sales in percent, with one digit; null without gross sales. */
export interface Rate {
  percent: string | null
  /** That of the stretch compared with. */
  before: string | null
}

/** The share of returns or discounts in gross sales. @param before null if nothing is comparable */
export function rate(part: 'returns' | 'discounts', now: SalesSums, before: SalesSums | null): Rate {
  return {
    percent: sharePercent(now[part], now.gross_sales),
    before: before && sharePercent(before[part], before.gross_sales),
  }
}

/** Groups days by a key made from their dates, in order of first appearance. */
function groups(days: readonly PeriodDay[], keyOf: (date: string) => string): [string, PeriodDay[]][] {
  const found = new Map<string, PeriodDay[]>()
  for (const day of days) {
    const key = keyOf(day.date)
    const group = found.get(key)
    if (group === undefined) found.set(key, [day])
    else group.push(day)
  }
  return [...found]
}

function first<T>(rows: readonly T[], isBetter: (a: T, b: T) => boolean): T | null {
  return rows.reduce<T | null>((found, row) => (found === null || isBetter(row, found) ? row : found), null)
}

function sum(days: readonly PeriodDay[]): Decimal {
  return days.reduce((total, { net }) => total.plus(net), new Decimal(0))
}
