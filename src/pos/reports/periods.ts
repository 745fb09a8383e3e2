import {
  addDays,
  addMonths,
  daysBetween,
  isoWeekday,
  monthEnd,
  monthStart,
  quarterStart,
  weekday,
  weekdayName,
  weekStart,
} from '../../time/local.ts'
import type { Days, Window } from '../../time/window.ts'
import { type Calendar, isCalendar, type Time } from './dimensions.ts'
import { clock } from './filters.ts'

/** What a row of a dimension of time stands for. */
export interface Period {
  key: string
  /** In data, and in text where it is whole. */
  label: string
  /** In text: also what it is a part of, and that it is still running. */
  text: string
  /** Of stretches of the calendar, as far as they lie within the window. */
  days?: Days
  isPartial?: boolean
}

/** The first day of the day, week, month or quarter of a day. */
function periodStart(time: Calendar, date: string): string {
  switch (time) {
    case 'day':
      return date
    case 'week':
      return weekStart(date)
    case 'month':
      return monthStart(date)
    case 'quarter':
      return quarterStart(date)
  }
}

function periodEnd(time: Calendar, start: string): string {
  if (time === 'day') return start
  return time === 'week' ? addDays(start, 6) : monthEnd(time === 'month' ? start : addMonths(start, 2))
}

/** A stretch of the calendar by its first day: 2026-11-01, the week of 2026-10-26, 2026-10, 2026-Q4. */
function calendarLabel(time: Calendar, start: string): string {
  if (time === 'month') return start.slice(0, 7)
  return time === 'quarter' ? `${start.slice(0, 4)}-Q${Math.ceil(Number(start.slice(5, 7)) / 3)}` : start
}

/** How many rows a window has at most by a dimension of time. */
export function periodCount(time: Time, { from, to }: Days): number {
  if (!isCalendar(time)) return time === 'weekday' ? 7 : 24
  const days = daysBetween(periodStart(time, from), to)
  return Math.ceil(days / { day: 1, week: 7, month: 30.4, quarter: 91 }[time])
}

/** Every row of a window by a dimension of time, in order. */
export function periodsOf(time: Time, window: Window): Period[] {
  if (time === 'weekday') return numbered(1, 7, weekdayName)
  if (time === 'hour') return numbered(0, 23, clock)
  const periods: Period[] = []
  for (let start = periodStart(time, window.from); start <= window.to; start = addDays(periodEnd(time, start), 1)) {
    periods.push(calendarPeriod(time, start, window))
  }
  return periods
}

/** Whether a day or weekday is one of those that a filter leaves; longer periods have days of all. */
export function isOnWeekdays(time: Time, key: string, weekdays: readonly number[] | undefined): boolean {
  if (weekdays === undefined || (time !== 'day' && time !== 'weekday')) return true
  return weekdays.includes(time === 'day' ? isoWeekday(key) : Number(key))
}

/** The period with a key. */
export function periodOf(time: Time, key: string, window: Window): Period {
  return isCalendar(time)
    ? calendarPeriod(time, key, window)
    : ({ weekday: numbered(1, 7, weekdayName), hour: numbered(0, 23, clock) }[time].find(
        (each) => each.key === key,
      ) ?? {
        key,
        label: 'unknown time',
        text: 'unknown time',
      })
}

function numbered(first: number, last: number, label: (value: number) => string): Period[] {
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    key: String(first + index),
    label: label(first + index),
    text: label(first + index),
  }))
}

function calendarPeriod(time: Calendar, start: string, window: Window): Period {
  const end = periodEnd(time, start)
  const days = { from: start < window.from ? window.from : start, to: end > window.to ? window.to : end }
  const isRunning = window.soFar !== undefined && days.to === window.to
  const isPartial = days.from !== start || days.to !== end || isRunning
  const label = calendarLabel(time, start)
  return { key: start, label, text: periodText(time, label, days, { isPartial, isRunning }), days, isPartial }
}

function periodText(
  time: Calendar,
  label: string,
  { from, to }: Days,
  { isPartial, isRunning }: { isPartial: boolean; isRunning: boolean },
): string {
  const soFar = isRunning ? ', so far' : ''
  if (time === 'day') return `${label} ${weekday(label).slice(0, 3)}${soFar}`
  if (!isPartial) return time === 'week' ? `week of ${label}` : label
  return `${from} to ${to}, part of ${time === 'week' ? `the week of ${label}` : label}${soFar}`
}

/**
 * How many days each row has of which sums may be divided: whole days since the first sale on file, within the filter of
 * weekdays. The running day does not count.
 * @returns by the keys of the dimensions; an hour has as many days as there are
 */
export function wholeDays(
  times: readonly (Time | null)[],
  window: Window,
  { salesSince, weekdays }: { salesSince: string | null; weekdays?: readonly number[] | undefined },
): (keys: readonly (string | null)[]) => number {
  const counts = new Map<string, number>()
  const last = window.soFar === undefined ? window.to : addDays(window.to, -1)
  const first = salesSince !== null && salesSince > window.from ? salesSince : window.from
  for (let date = first; date <= last; date = addDays(date, 1)) {
    const isoDay = isoWeekday(date)
    if (weekdays !== undefined && !weekdays.includes(isoDay)) continue
    // Once for rows of both dimensions, and once for the totals over each of them.
    const [first = '', second = ''] = times.map((time) => keyOfDay(time, date, isoDay))
    for (const key of new Set([`${first},${second}`, `${first},*`, `*,${second}`])) {
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  return (keys) => {
    const [first = '*', second = '*'] = times.map((time, index) =>
      keys[index] == null ? '*' : time === null || time === 'hour' ? '' : keys[index],
    )
    return counts.get(`${first},${second}`) ?? 0
  }
}

function keyOfDay(time: Time | null, date: string, isoDay: number): string {
  if (time === null || time === 'hour') return ''
  return time === 'weekday' ? String(isoDay) : periodStart(time, date)
}
