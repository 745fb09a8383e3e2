import { describeDays, type Window } from '../../time/window.ts'
import type { Place } from '../organisation/locations.ts'

// Phrases shared by reports and the summaries of a day and of a period.

/** The place of some figures, to follow other words: ` at Centro`, or nothing for the whole business. */
export function atPlace(location: Place['location']): string {
  return location === null ? '' : ` at ${location.name}`
}

/**
 * The window and place of some figures: `2026-11-01 to 2026-11-30 at Centro (days of America/Guatemala)`.
 * @param of a further restriction besides the location, beginning with a space
 */
export function describeWindow(
  { soFar, requestedFrom, ...days }: Window,
  { timezone, location }: Place,
  of = '',
): string {
  const running = soFar === undefined ? '' : `; so far (${soFar})`
  const start = requestedFrom === undefined ? '' : `; ${askedFrom(requestedFrom)}`
  return `${describeDays(days)}${of}${atPlace(location)} (days of ${timezone}${start}${running})`
}

/** That a window begins with the first sale instead of an earlier day. */
export function askedFrom(requestedFrom: string): string {
  return `asked from ${requestedFrom}, before the first sale on file`
}

/** A change in percent with its sign, or that there is none. */
export function describeChange(percent: string | null): string {
  return percent === null ? 'nothing to compare' : `${signed(percent)} %`
}

/** A decimal with its sign, even if it is positive. */
export function signed(value: string): string {
  return value.startsWith('-') ? value : `+${value}`
}
