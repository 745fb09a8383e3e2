import { addDays, addMonths, daysBetween, type LocalNow, monthEnd, monthStart } from './local.ts'
import type { Days } from './window.ts'

/** Local days, of which the last may count only up to a time of day. */
export interface Stretch extends Days {
  /** Local wall-clock time, exclusive, up to which the last day counts; null: all of it. */
  until: string | null
}

/** A stretch to compare with, or why there is none. */
export type Compared = Stretch | { reason: string }

/** What a window is compared with. */
export interface Comparisons {
  /** The same kind of window just before. */
  previous: Compared
  /** The same window a year before; null if `previous` is that already. */
  year: Compared | null
}

/** A day or a few are compared by weekday; 52 weeks are the whole weeks of a year. */
const WEEK = 7
const YEAR_OF_WEEKS = 52 * WEEK
const HALF_YEAR = 6

/**
 * The stretches that are like a window, so that their sums may stand beside each other:
 * up to seven days are compared with the same weekdays a week and 52 weeks before; calendar months, also to date, with
 * the same days of as many months before; a year to date, and more than half a year of months, with the same dates of
 * the year before; other windows with as many days just before. Where the window ends today, the other stretch ends at
 * the same time of day.
 * @param days a window that has begun, cut off at today
 */
export function comparisonsOf(days: Days, now: LocalNow): Comparisons {
  const until = days.to === now.date ? now.time : null
  const length = daysBetween(days.from, days.to)
  if (length <= WEEK) {
    return { previous: { ...earlier(days, WEEK), until }, year: { ...earlier(days, YEAR_OF_WEEKS), until } }
  }
  const year = monthsBefore(days, 12, until)
  if (days.from !== monthStart(days.from)) return { previous: { ...earlier(days, length), until }, year }
  const months = monthsBetween(days)
  const isWhole = days.to === monthEnd(days.to)
  const isOfYear = days.from.endsWith('-01-01') && months > 1 && !isWhole
  if (months === 12 || (months < 12 && (isOfYear || months > HALF_YEAR))) return { previous: year, year: null }
  return { previous: monthsBefore(days, months, until), year }
}

/** How many calendar months a window touches. */
function monthsBetween({ from, to }: Days): number {
  const month = (date: string) => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7))
  return month(to) - month(from) + 1
}

function earlier({ from, to }: Days, days: number): Days {
  return { from: addDays(from, -days), to: addDays(to, -days) }
}

/** The same days some months before: a whole month stays whole, and a day that the earlier month lacks has no like. */
function monthsBefore({ from, to }: Days, months: number, until: string | null): Compared {
  const [first, last] = [addMonths(from, -months), addMonths(to, -months)]
  if (from === monthStart(from) && to === monthEnd(to) && until === null) {
    return { from: first, to: monthEnd(last), until }
  }
  const missing = [from, to].find((day) => addMonths(day, -months).slice(8) !== day.slice(8))
  if (missing !== undefined) {
    return { reason: `${addMonths(missing, -months).slice(0, 7)} has no day ${Number(missing.slice(8))}` }
  }
  return { from: first, to: last, until }
}
