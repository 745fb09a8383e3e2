import { Temporal } from 'temporal-polyfill'
import { offsetAt } from './zones.ts'

// JavaScript reads a date without a time as midnight UTC, where every day has 24 hours.
const DAY_MS = 24 * 3600_000

/** The calendar day of an instant in a zone, as YYYY-MM-DD. */
export function localDate(instant: Date, timezone: string): string {
  return wallClock(instant, timezone).slice(0, 10)
}

/** The wall-clock time of an instant in a zone, as HH:MM:SS.mmm. */
export function localTime(instant: Date, timezone: string): string {
  return wallClock(instant, timezone).slice(11)
}

/** The local day and wall-clock time of an instant. */
export interface LocalNow {
  /** YYYY-MM-DD */
  date: string
  /** HH:MM:SS.mmm */
  time: string
}

/** The local day and wall-clock time of an instant in a zone. */
export function localNow(instant: Date, timezone: string): LocalNow {
  return { date: localDate(instant, timezone), time: localTime(instant, timezone) }
}

/** An instant on the clock of a zone, to the minute: `2026-11-22 09:30`. */
export function localMinute(instant: Date, timezone: string): string {
  return wallClock(instant, timezone).slice(0, 16).replace('T', ' ')
}

/** An instant with the offset of a zone, to the second: `2026-11-22T09:30:00-06:00`. */
export function withOffset(instant: Date, timezone: string): string {
  const offset = offsetAt(instant.getTime(), timezone)
  // Before zones, clocks had offsets with seconds.
  const text = new Date(Math.abs(offset) * 1000).toISOString().slice(11, offset % 60 === 0 ? 16 : 19)
  return `${wallClock(instant, timezone).slice(0, 19)}${offset < 0 ? '-' : '+'}${text}`
}

/**
 * The instant at which the clocks of a zone show a time. A time that occurs twice is the earlier one; one that is left
 * out is as much after the change as it would be without the change.
 * @param local `2026-11-22T09:30:00`, with or without a fraction
 */
export function instantOf(local: string, timezone: string): Date {
  const asUtc = Date.parse(`${local}Z`)
  const [before, after] = [asUtc - DAY_MS, asUtc + DAY_MS].map((at) => offsetAt(at, timezone) * 1000) as [
    number,
    number,
  ]
  const isThere = (offset: number) => offsetAt(asUtc - offset, timezone) * 1000 === offset
  return new Date(asUtc - (isThere(before) || !isThere(after) ? before : after))
}

/** An instant with the offset of a zone, exact to the millisecond, as a result gives it for the next call to return. */
export function exactTime(instant: Date, timezone: string): string {
  if (instant.getUTCMilliseconds() === 0) return withOffset(instant, timezone)
  const milliseconds = String(instant.getUTCMilliseconds()).padStart(3, '0')
  return withOffset(instant, timezone).replace(/(?=(Z|[+-]\d\d:\d\d(:\d\d)?)$)/, `.${milliseconds}`)
}

/** A local day some days later, or earlier for negative numbers. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10)
}

/** The same day some months later or earlier, or the last day of a month that is shorter. */
export function addMonths(date: string, months: number): string {
  return Temporal.PlainDate.from(date).add({ months }).toString()
}

/** How many local days a window has, including both ends. */
export function daysBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / DAY_MS + 1
}

const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const

/** English name of a local day's weekday. */
export function weekday(date: string): string {
  return weekdayName(isoWeekday(date))
}

/** English name of an ISO weekday, 1 = Monday. */
export function weekdayName(isoDay: number): string {
  return WEEKDAYS[isoDay - 1] as string
}

/** The Monday of a local day's week. */
export function weekStart(date: string): string {
  return addDays(date, 1 - isoWeekday(date))
}

/** The ISO weekday of a local day, 1 = Monday. */
export function isoWeekday(date: string): number {
  return new Date(date).getUTCDay() || 7
}

/** The first day of a local day's month. */
export function monthStart(date: string): string {
  return `${date.slice(0, 7)}-01`
}

/** The last day of a local day's month. */
export function monthEnd(date: string): string {
  return addDays(nextMonth(date), -1)
}

/** The first day of the month after a local day. */
export function nextMonth(date: string): string {
  return monthStart(addDays(monthStart(date), 31))
}

/** The first day of a local day's quarter of the calendar year. */
export function quarterStart(date: string): string {
  const month = Math.floor((Number(date.slice(5, 7)) - 1) / 3) * 3 + 1
  return `${date.slice(0, 4)}-${String(month).padStart(2, '0')}-01`
}

/** Whether a name is a time zone of the IANA database. An offset such as `+01:00` is not: it has no summer time. */
export function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/** What a clock on the wall shows: `2026-11-22T09:30:00.000`. */
function wallClock(instant: Date, timezone: string): string {
  return new Date(instant.getTime() + offsetAt(instant.getTime(), timezone) * 1000).toISOString().slice(0, -1)
}
