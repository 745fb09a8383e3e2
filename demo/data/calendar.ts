import { Temporal } from 'temporal-polyfill'
import { instantOf, localDate } from '../../src/time/local.ts'

/** A local day of a business, numbered from its first day. */
export interface LocalDay {
  /** `YYYY-MM-DD` */
  date: string
  /** 0 on the first day. */
  index: number
  /** 1 is Monday. */
  weekday: number
  /** 1 is January. */
  month: number
  isHoliday: boolean
  /** The instant of a time of day, in seconds since midnight; exact from 03:00 on. */
  at(secondOfDay: number): Date
}

/** Instants within `after < instant <= until`. */
export interface Window {
  after: Date
  until: Date
}

export interface Calendar {
  /** The instant of the first midnight. */
  start: Date
  day(index: number): LocalDay
  /** The index of the local day of an instant. */
  indexOf(instant: Date): number
}

const HOLIDAYS = new Set(['12-25', '01-01'])

/** The days of a business in its zone, from its first local day on, `YYYY-MM-DD`. */
export function createCalendar(timezone: string, firstDay: string): Calendar {
  const first = Temporal.PlainDate.from(firstDay)
  const days = new Map<number, LocalDay>()

  function day(index: number): LocalDay {
    const known = days.get(index)
    if (known) return known
    const date = first.add({ days: index })
    // Clocks change in the early morning, so that counting from noon gives the right offset for the rest of the day.
    const noon = instantOf(`${date}T12:00:00`, timezone).getTime()
    const made: LocalDay = {
      date: date.toString(),
      index,
      weekday: date.dayOfWeek,
      month: date.month,
      isHoliday: HOLIDAYS.has(date.toString().slice(5)),
      at: (secondOfDay) => new Date(noon + (secondOfDay - 43_200) * 1000),
    }
    days.set(index, made)
    return made
  }

  return {
    start: instantOf(`${firstDay}T00:00:00`, timezone),
    day,
    indexOf: (instant) =>
      first.until(Temporal.PlainDate.from(localDate(instant, timezone)), { largestUnit: 'days' }).days,
  }
}

export function isWithin(instant: Date, { after, until }: Window): boolean {
  return instant > after && instant <= until
}
