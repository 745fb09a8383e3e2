import { Type } from '@sinclair/typebox'
import { ServiceError } from '../errors.ts'
import { grouped } from '../money/money.ts'
import { LocalDate } from '../results/schema.ts'
import { addDays, addMonths, daysBetween, localNow, monthEnd, monthStart, quarterStart, weekStart } from './local.ts'

export const PRESETS = [
  'today',
  'yesterday',
  'this_week',
  'last_week',
  'this_month',
  'last_month',
  'this_quarter',
  'last_quarter',
  'last_7_days',
  'last_30_days',
  'last_90_days',
  'this_year',
  'last_year',
] as const
type Unit = 'days' | 'weeks' | 'months' | 'years'
export type Preset = (typeof PRESETS)[number] | `last_${number}_${Unit}`

const LAST = 'last_([1-9]\\d{0,3})_(days|weeks|months|years)'
/** Ends the error of a preset that is none. */
export const OTHER_DAYS = 'last_14_days or as many days, weeks, months or years as you like; other days by from and to'

/** The arguments for a window of local days. */
export const WINDOW_INPUT = {
  from: Type.Optional(LocalDate('YYYY-MM-DD')),
  to: Type.Optional(LocalDate('Default: today')),
  // Published by examples: the whole list, in every tool with a window, would cost more than a tool.
  preset: Type.Optional(
    Type.Unsafe<Preset>({
      type: 'string',
      pattern: `^(${PRESETS.join('|')}|${LAST})$`,
      expected: `one of: ${PRESETS.join(', ')}, ${OTHER_DAYS}`,
      description: 'today, yesterday, last_week, this_month, last_90_days, this_year, …',
    }),
  ),
}

/** The window of a result. */
export const WindowSchema = Type.Object({
  from: Type.String({ description: 'First local day' }),
  to: Type.String({ description: 'Last local day, counted' }),
  timezone: Type.String({ description: 'IANA zone in which the days are cut' }),
  currency: Type.String(),
  soFar: Type.Optional(Type.String({ description: 'Local time now; absent: the window is over' })),
  requestedFrom: Type.Optional(Type.String({ description: 'Asked for; cut off at the first sale on file' })),
  requestedTo: Type.Optional(Type.String({ description: 'Asked for; cut off at today' })),
})

/** Local days, including both ends. */
export interface Days {
  from: string
  to: string
}

/** Local days in words: `2026-11-01 to 2026-11-30`, or the only one. */
export function describeDays({ from, to }: Days): string {
  return from === to ? from : `${from} to ${to}`
}

/** Local days that have begun, as asked for. */
export interface Window extends Days {
  /** The local time now, `04:48`, if the last day is today. */
  soFar?: string
  /** The first day asked for, if it is cut off because nothing was sold before. */
  requestedFrom?: string
  /** The last day asked for, if it is after today. */
  requestedTo?: string
}

export interface WindowInput {
  from?: string
  to?: string
  preset?: Preset
}

export const MAX_DAYS = 1100
/** The first day that tools accept: earlier time zones and calendars are a science of their own. */
export const FIRST_DAY = '1900-01-01'
const LAST_DAY = '2999-12-31'

/**
 * Local days from a tool's arguments, cut off at today.
 * @param fallback the preset if neither days nor preset are given
 * @param maxDays null: of any length
 * @throws ServiceError `invalid_argument` naming the argument, and today's date for a window that has not begun
 */
export function windowOf(
  input: WindowInput,
  now: Date,
  timezone: string,
  fallback: Preset,
  maxDays: number | null = MAX_DAYS,
): Window {
  const { date: today, time } = localNow(now, timezone)
  const { from, to } = daysAsked(input, today, fallback)
  if (from > today) {
    throw new ServiceError(
      'invalid_argument',
      `The window has not begun: from is ${from}, and today is ${today} in ${timezone}.`,
    )
  }
  if (maxDays !== null && daysBetween(from, to) > maxDays) throw tooLong(to < today ? to : today, maxDays)
  return {
    from,
    to: to < today ? to : today,
    ...(to < today ? {} : { soFar: time.slice(0, 5) }),
    ...(to > today ? { requestedTo: to } : {}),
  }
}

function daysAsked(input: WindowInput, today: string, fallback: Preset): Days {
  if (input.preset !== undefined && (input.from !== undefined || input.to !== undefined)) {
    throw new ServiceError('invalid_argument', 'Give either preset, or from and to, not both.')
  }
  if (input.from === undefined && input.to !== undefined) {
    throw new ServiceError('invalid_argument', 'from is required with to.')
  }
  if (input.from === undefined) return presetWindow(input.preset ?? fallback, today)
  // An open end is now. A day that has not begun is refused by its own date.
  const window = { from: input.from, to: input.to ?? (input.from > today ? input.from : today) }
  if (window.from < FIRST_DAY || window.to > LAST_DAY) {
    throw new ServiceError('invalid_argument', `from and to must lie between ${FIRST_DAY} and ${LAST_DAY}.`)
  }
  if (window.from > window.to) throw new ServiceError('invalid_argument', 'from must not be after to.')
  return window
}

/** Says which window would do instead of one that is too long. @param to its last day */
export function tooLong(to: string, maxDays: number): ServiceError {
  return new ServiceError(
    'invalid_argument',
    `from and to may span at most ${grouped(String(maxDays))} days: up to ${to}, from may be ${addDays(to, 1 - maxDays)} or later.`,
    { hint: 'Ask for earlier days apart, with their own from and to.' },
  )
}

/** The window of a list, with its zone; undefined if none is given, which lists everything. */
export function windowIfAsked(
  input: WindowInput,
  now: Date,
  timezone: string,
): (Window & { timezone: string }) | undefined {
  if (input.from === undefined && input.to === undefined && input.preset === undefined) return undefined
  // A list comes by pages, however long its window.
  return { ...windowOf(input, now, timezone, 'today', null), timezone }
}

function presetWindow(preset: Preset, today: string): Days {
  const lastMonthEnd = addDays(monthStart(today), -1)
  const lastQuarter = addMonths(quarterStart(today), -3)
  const lastYear = String(Number(today.slice(0, 4)) - 1)
  switch (preset) {
    case 'today':
      return { from: today, to: today }
    case 'yesterday':
      return { from: addDays(today, -1), to: addDays(today, -1) }
    case 'this_week':
      return { from: weekStart(today), to: today }
    case 'last_week':
      return { from: addDays(weekStart(today), -7), to: addDays(weekStart(today), -1) }
    case 'this_month':
      return { from: monthStart(today), to: today }
    case 'last_month':
      return { from: monthStart(lastMonthEnd), to: lastMonthEnd }
    case 'this_quarter':
      return { from: quarterStart(today), to: today }
    case 'last_quarter':
      return { from: lastQuarter, to: monthEnd(addMonths(lastQuarter, 2)) }
    case 'this_year':
      return { from: `${today.slice(0, 4)}-01-01`, to: today }
    case 'last_year':
      return { from: `${lastYear}-01-01`, to: `${lastYear}-12-31` }
    default:
      return { from: firstOfLast(today, preset), to: today }
  }
}

/** The first day of the last few days, weeks, months or years that a preset names, and no earlier one than there is. */
function firstOfLast(today: string, preset: string): string {
  const [, count, unit] = new RegExp(`^${LAST}$`).exec(preset) ?? []
  const many = -Number(count)
  const before =
    unit === 'months' || unit === 'years'
      ? addMonths(today, unit === 'years' ? many * 12 : many)
      : addDays(today, unit === 'weeks' ? many * 7 : many)
  return before < FIRST_DAY ? FIRST_DAY : addDays(before, 1)
}
