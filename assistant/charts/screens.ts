import { dayScreen } from './day-screen.ts'
import type { Say } from './format.ts'
import { periodScreen } from './period-screen.ts'
import { reportScreen } from './report-screen.ts'
import { type Asked, type Json, objectOf, type Screen, type ToScreen } from './screen.ts'
import { stockScreen } from './stock-screen.ts'

/** Known by what only its answer has: hosts need not say which tool was called. */
const SCREENS: readonly [is: (data: Json) => boolean, screen: ToScreen][] = [
  [(data) => Array.isArray(data.days), dayScreen],
  [(data) => Array.isArray(data.periods), periodScreen],
  [(data) => data.toReorder !== undefined && data.overstock !== undefined, stockScreen],
  [(data) => Array.isArray(data.rows) && data.about !== undefined && data.totals !== undefined, reportScreen],
]

/**
 * What to show of a tool's answer.
 * @returns undefined for an answer that has no picture
 */
export function screenOf(structuredContent: unknown, asked: Asked, say: Say): Screen | undefined {
  const data = objectOf(structuredContent)
  const found = SCREENS.find(([is]) => is(data))
  try {
    return found?.[1](data, asked, say)
  } catch {
    return undefined
  }
}
