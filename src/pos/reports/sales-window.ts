import type { Transaction } from '../../database/database.ts'
import { addDays, daysBetween } from '../../time/local.ts'
import { MAX_DAYS, type Preset, tooLong, type Window, type WindowInput, windowOf } from '../../time/window.ts'
import type { Place } from '../organisation/locations.ts'
import { salesScope } from '../scope.ts'
import { salesSince } from './sales-since.ts'

/**
 * The window of a report about sales, as `windowOf`. One that is too long but begins before the first sale of its place
 * begins with that instead, since there is nothing before: people ask for everything by an early date.
 * @throws ServiceError `invalid_argument` for a window that is still too long, with one that would do
 */
export async function salesWindow(
  db: Transaction,
  businessId: string,
  place: Place,
  { input, now, fallback, maxDays = MAX_DAYS }: { input: WindowInput; now: Date; fallback: Preset; maxDays?: number },
): Promise<Window> {
  const asked = windowOf(input, now, place.timezone, fallback, null)
  if (daysBetween(asked.from, asked.to) <= maxDays) return asked
  const since = (await salesSince(db, salesScope(businessId, place))) ?? asked.to
  // Where nothing was sold in the whole window, any part of it says so.
  const latest = addDays(asked.to, 1 - maxDays)
  const from = since > asked.to ? latest : since
  if (from < latest) throw tooLong(asked.to, maxDays)
  return { ...asked, from, requestedFrom: asked.from }
}
