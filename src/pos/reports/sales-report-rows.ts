import { ServiceError } from '../../errors.ts'
import { addDays, daysBetween, monthStart, nextMonth, weekdayName, weekStart } from '../../time/local.ts'
import type { Days } from '../../time/window.ts'

/** What the rows of a sales report can be. */
export const REPORT_GROUPS = ['day', 'week', 'month', 'weekday', 'hour'] as const
export type ReportGroup = (typeof REPORT_GROUPS)[number]

// A year of weeks; a model cannot read more in one result.
const MAX_ROWS = 53

/**
 * Every row of a report in order, including rows without sales.
 * @returns for each the key of its sums, as in `salesByBucket`, and its label
 * @throws ServiceError `invalid_argument` if there are too many
 */
export function reportBuckets(group: ReportGroup, { from, to }: Days): { key: string; label: string }[] {
  if (group === 'hour') return numbered(0, 23, (hour) => `${String(hour).padStart(2, '0')}:00`)
  if (group === 'weekday') return numbered(1, 7, weekdayName)
  const keys: string[] = []
  const first = group === 'day' ? from : group === 'week' ? weekStart(from) : monthStart(from)
  const next = { day: (key: string) => addDays(key, 1), week: (key: string) => addDays(key, 7), month: nextMonth }[
    group
  ]
  for (let key = first; key <= to; key = next(key)) {
    if (keys.length === MAX_ROWS) {
      const coarser = group === 'day' ? 'week or month' : 'month'
      throw new ServiceError(
        'invalid_argument',
        `groupBy ${group} gives more than ${MAX_ROWS} rows for ${daysBetween(from, to)} days. Use groupBy ${coarser}, or a shorter period.`,
      )
    }
    keys.push(key)
  }
  return keys.map((key) => ({ key, label: key }))
}

function numbered(first: number, last: number, label: (value: number) => string) {
  return Array.from({ length: last - first + 1 }, (_, index) => ({
    key: String(first + index),
    label: label(first + index),
  }))
}
