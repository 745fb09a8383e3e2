import type { Stretch } from '../../time/comparison.ts'
import type { SalesScope } from '../scope.ts'
import type { Dimension } from './dimensions.ts'
import type { Filters } from './filters.ts'
import type { Measure } from './measures.ts'
import type { Plan } from './plan.ts'

/** How far a stretch lies before the window, so that its rows get the keys of the rows that they stand beside. */
export type Shift = { days: number } | { months: number }

export interface ReportQuestion {
  plan: Plan
  scope: SalesScope
  timezone: string
  groupBy: readonly Dimension[]
  filters: Filters
  /** The window, then what it is compared with, and whether rows stand beside their like there. */
  stretches: readonly { stretch: Stretch; shift: Shift; hasRows: boolean }[]
  /** What rows are ranked by, and which way; without it, they come in the order of their keys. */
  ranking: Ranking | null
  /** At most so many rows, or values of the ranked dimension. */
  limit: number
  /** Which dimension is ranked and cut; null: the rows of both together. */
  ranked: 0 | 1 | null
  /** The running day, which means leave out. */
  today: string
  /** What is shown of each row; the first is compared, and added up over whole days for means. */
  measures: readonly [Measure, ...Measure[]]
  currencyDigits: number
}

/** By a measure, or by its change against a stretch, of which the place is given. */
export interface Ranking {
  measure: Measure
  isAscending: boolean
  against?: number | undefined
}
