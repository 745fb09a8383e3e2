import { Type } from '@sinclair/typebox'
import { ServiceError } from '../errors.ts'
import { LocalDate, StringEnum } from '../mcp/schema.ts'
import { addDays, daysBetween, localDate, monthStart, weekStart } from './local.ts'

const PRESETS = [
  'today',
  'yesterday',
  'this_week',
  'last_week',
  'this_month',
  'last_month',
  'last_7_days',
  'last_30_days',
  'this_year',
] as const
type Preset = (typeof PRESETS)[number]

/** The arguments by which a tool takes a window of local days. */
export const WINDOW_INPUT = {
  from: Type.Optional(LocalDate('First local day, as YYYY-MM-DD')),
  to: Type.Optional(LocalDate('Last local day, counted, as YYYY-MM-DD; default: the same as from')),
  preset: Type.Optional(StringEnum(PRESETS, { description: 'In place of from and to. Weeks begin on Monday' })),
}

/** The window that a result is about. */
export const WindowSchema = Type.Object({
  from: Type.String({ description: 'First local day' }),
  to: Type.String({ description: 'Last local day, counted' }),
  timezone: Type.String({ description: 'IANA zone in which the days are cut' }),
  currency: Type.String(),
})

export interface WindowInput {
  from?: string
  to?: string
  preset?: Preset
}

const LONGEST_DAYS = 1100
const FIRST_DAY = '1900-01-01'
const LAST_DAY = '2999-12-31'

/**
 * Local days from a tool's arguments.
 * @param fallback the preset when neither days nor preset are given
 * @throws ServiceError `invalid_argument` naming the argument
 */
export function windowOf(
  input: WindowInput,
  now: Date,
  timezone: string,
  fallback: Preset,
): { from: string; to: string } {
  if (input.preset !== undefined && (input.from !== undefined || input.to !== undefined)) {
    throw new ServiceError('invalid_argument', 'Give either preset, or from and to, not both.')
  }
  if (input.from === undefined && input.to !== undefined) {
    throw new ServiceError('invalid_argument', 'from is required with to.')
  }
  if (input.from === undefined) return presetWindow(input.preset ?? fallback, localDate(now, timezone))
  const window = { from: input.from, to: input.to ?? input.from }
  if (window.from < FIRST_DAY || window.to > LAST_DAY) {
    throw new ServiceError('invalid_argument', `from and to must lie between ${FIRST_DAY} and ${LAST_DAY}.`)
  }
  if (window.from > window.to) throw new ServiceError('invalid_argument', 'from must not be after to.')
  if (daysBetween(window.from, window.to) > LONGEST_DAYS) {
    throw new ServiceError('invalid_argument', `from and to may span at most ${LONGEST_DAYS} days.`)
  }
  return window
}

function presetWindow(preset: Preset, today: string): { from: string; to: string } {
  const lastMonthEnd = addDays(monthStart(today), -1)
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
    case 'last_7_days':
      return { from: addDays(today, -6), to: today }
    case 'last_30_days':
      return { from: addDays(today, -29), to: today }
    case 'this_year':
      return { from: `${today.slice(0, 4)}-01-01`, to: today }
  }
}
