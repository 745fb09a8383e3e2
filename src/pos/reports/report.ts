import type { AuthorizedBusiness } from '../../auth/principal.ts'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { grouped } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { type Compared, comparisonsOf, type Stretch } from '../../time/comparison.ts'
import { addDays, addMonths, daysBetween, localNow, monthEnd } from '../../time/local.ts'
import type { Days, Window } from '../../time/window.ts'
import { countOrders } from '../orders/orders.ts'
import type { Place } from '../organisation/locations.ts'
import { doPricesIncludeTax } from '../organisation/price-tags.ts'
import { salesScope } from '../scope.ts'
import { type Calendar, type Dimension, isPerDay, isTime, PLURAL, type Time } from './dimensions.ts'
import { type Filters, filterNames, type Named } from './filters.ts'
import { MEASURES, type Measure, type MeasureName, measureOf, type Sums } from './measures.ts'
import { ordersBehind } from './orders-behind.ts'
import { type PaymentSums, paymentsTotal } from './payments.ts'
import { type ComparedStretch, comparable, describeIncomparable } from './period-comparison.ts'
import { periodCount, wholeDays } from './periods.ts'
import { type Plan, planOf } from './plan.ts'
import { MAX_RAW_ORDERS } from './question-cells.ts'
import { isFewOrders, type ReportName, rawOrders, reportRows } from './report-query.ts'
import type { Ranking, Shift } from './report-question.ts'
import { salesTotal } from './sales.ts'
import { netSales } from './sales-figures.ts'
import { salesSince } from './sales-since.ts'

/** One exact question about sales. */
export interface Question {
  window: Window
  place: Place
  groupBy: readonly Dimension[]
  /** Empty: those that suit the question. */
  measures: readonly MeasureName[]
  filters: Filters
  compare: 'none' | 'previous' | 'year' | 'both'
  /** A measure or `change`, that of the first one; highest first; with a minus, lowest first. */
  sort?: string | undefined
  limit?: number | undefined
  /** Whether it is for a file, which has all rows: no model reads it. */
  isFile?: boolean
}

/** What a window is compared with, and whether each row has its like there. */
export interface Comparison {
  kind: 'previous' | 'year'
  stretch: ComparedStretch
  /** The place of its sums in those of a row; null without figures. */
  index: number | null
  hasRows: boolean
}

/** A row of an answer, or the total of some. */
export interface Line {
  keys: readonly [string | null, string | null]
  names: readonly [ReportName | null, ReportName | null]
  sums: readonly Sums[]
  /** The first measure over whole days, and how many of these there are. */
  whole: { value: string; days: number } | null
}

/** The figures of an answer, exact and in order. */
export interface Report extends Question {
  plan: Plan
  comparisons: readonly Comparison[]
  totals: Line
  /** The place of the sums that rows are ranked by the change from; null: by something else. */
  rankedAgainst: number | null
  /** The rows, of one or two dimensions. */
  lines: readonly Line[]
  /** With two dimensions, the totals over the rows of each. */
  marginals: readonly [readonly Line[], readonly Line[]]
  /** How many rows, or values of the ranked dimension without the row of none, there are. */
  shown: { of: number; what: string }
  /** How many whole days a row has, of which means are. */
  daysOf: (keys: Line['keys']) => number
  salesSince: string | null
  pricesIncludeTax: boolean
  /** What a filter of hours leaves out because its time is not known. */
  leftOut: string
  /** All sales of the place beside what was paid and paid back for them; null where only some are asked for. */
  all: {
    orders: string
    net_sales: string
    tax: string
    tips: string
    paid: PaymentSums
  } | null
  /** How many orders `list_orders` finds for it; null where it cannot, or for more than are worth counting. */
  listed: number | null
}

const DEFAULT_ROWS = 20
const DEFAULT_VALUES = 15
const MAX_PERIODS = 53
/** More would not fit what a model reads in one result. */
const MAX_CELLS = 450
const MAX_FILE_ROWS = 20_000
const MAX_FILE_CELLS = 150_000

/**
 * Answers a question.
 * @throws ServiceError `invalid_argument` that says what can be asked instead
 */
export async function runReport(
  db: Transaction,
  business: AuthorizedBusiness,
  question: Question,
  now: Date,
): Promise<Report> {
  const { window, place, groupBy, filters } = question
  const { timezone } = place
  requireDimensions(groupBy)
  const sorting = sortingOf(question)
  const asksFor = { groupBy, measures: question.measures, filters: filterNames(filters) }
  const asked = planOf(asksFor)
  // A measure that rows are sorted by is shown, too.
  const plan =
    sorting === null || sorting.name === CHANGE || asked.measures.includes(sorting.name)
      ? asked
      : planOf({ ...asksFor, measures: [...asked.measures, sorting.name] })
  const scope = salesScope(business.id, place)
  const { ranked, limit, isRanking } = layoutOf(question, plan, sorting !== null)
  const measures = plan.measures.map((name) => measureOf(name, plan.grain)) as [Measure, ...Measure[]]
  const [first] = measures

  const today = localNow(now, timezone)
  const wanted = comparedStretches(question, today)
  const known = wanted.filter((each): each is { kind: 'previous' | 'year'; stretch: Stretch } => 'from' in each.stretch)
  const stretches = [
    { stretch: { from: window.from, to: window.to, until: null }, shift: { days: 0 }, hasRows: true },
    ...known.map(({ stretch }) => {
      const shift = shiftOf(window, stretch)
      return { stretch, shift, hasRows: isAlignedWith(groupBy, shift) }
    }),
  ]
  const byDefault: Ranking | null = isRanking ? { measure: first, isAscending: false } : null
  const ranking = sorting === null ? byDefault : rankingOf(sorting, { plan, stretches, wanted })
  const query = {
    ...{ plan, scope, timezone, groupBy, filters, stretches, ranking, limit, ranked, today: today.date, measures },
    currencyDigits: business.currencyDigits,
  }
  // Sent together, in one round trip.
  const isOfAll = Object.keys(filters).length === 0
  const behind = ordersBehind(question)
  const [read, rows, since, pricesIncludeTax, sold, paid, behindIt] = await Promise.all([
    rawOrders(db, query),
    reportRows(db, query),
    salesSince(db, scope),
    doPricesIncludeTax(db, business.id),
    isOfAll ? salesTotal(db, scope, window) : null,
    isOfAll ? paymentsTotal(db, scope, window) : null,
    behind && countOrders(db, business.id, behind, isFewOrders(scope, window)),
  ])
  if (read > MAX_RAW_ORDERS) throw tooManyOrders(read, window)

  const days = wholeDays(
    [0, 1].map((index) => (isTime(groupBy[index]) ? (groupBy[index] as Time) : null)),
    window,
    { salesSince: since, weekdays: filters.weekdays },
  )
  const lines = rows.map(
    ({ keys, names, sums, whole }): Line => ({
      keys,
      names,
      sums,
      whole: isPerDay(groupBy) && whole !== null ? { value: whole, days: days(keys) } : null,
    }),
  )
  const isLevel = (first: boolean, second: boolean) => (line: Line) =>
    (line.keys[0] !== null) === first && (line.keys[1] !== null) === second
  const totals = lines.find(isLevel(false, false)) as Line
  const listed = groupBy.length > 1 ? lines.filter(isLevel(true, true)) : lines.filter(isLevel(true, false))
  const marginals = [lines.filter(isLevel(true, false)), lines.filter(isLevel(false, true))] as const
  const count = Math.max(0, ...rows.map((row) => row.count))
  const what = ranked === null ? 'rows' : PLURAL[groupBy[ranked] as Dimension]
  if (question.isFile === true && !isListedWhole(question) && count > limit) throw tooLongForFile(count, limit, what)
  const comparisons = wanted.map(({ kind, stretch }) => {
    const index = known.findIndex((each) => each.kind === kind)
    const told = comparable(stretch, since)
    const isTold = index !== -1 && told.reason === undefined
    return {
      kind,
      stretch: told,
      index: isTold ? index + 1 : null,
      hasRows: isTold && stretches[index + 1]?.hasRows === true,
    }
  })
  const rankedAgainst = ranking?.against ?? null
  if (rankedAgainst !== null && comparisons.every(({ index }) => index !== rankedAgainst)) {
    throw noChange(comparisons.map(({ stretch }) => describeIncomparable(stretch)).join(' '))
  }
  return {
    ...question,
    plan,
    comparisons,
    rankedAgainst,
    totals,
    lines: listed,
    marginals: groupBy.length > 1 ? marginals : [[], []],
    shown: { of: count, what },
    daysOf: days,
    salesSince: since,
    pricesIncludeTax,
    leftOut: rows[0]?.leftOut ?? '0',
    all: sold && paid && { ...sold, net_sales: netSales(sold).toString(), paid },
    listed: behindIt,
  }
}

function requireDimensions(groupBy: readonly Dimension[]): void {
  if (groupBy.length > 2 || new Set(groupBy).size < groupBy.length) {
    throw new ServiceError('invalid_argument', 'groupBy takes one or two different ones.', {
      hint: 'A third is answered by a filter: ask once for each of its values.',
    })
  }
}

const CHANGE = 'change'

interface Sorting {
  name: MeasureName | typeof CHANGE
  isAscending: boolean
}

function sortingOf({ sort, groupBy, compare }: Question): Sorting | null {
  if (sort === undefined || groupBy.includes(sort.replace(/^-/, '') as Dimension)) return null
  const name = [...MEASURES, CHANGE].find((each): each is Sorting['name'] => each === sort.replace(/^[-+]/, ''))
  if (name === undefined) {
    throw new ServiceError(
      'invalid_argument',
      `sort must be one of: ${MEASURES.join(', ')}, or with compare ${CHANGE}; with - the lowest come first.`,
    )
  }
  if (name === CHANGE && compare === 'none')
    throw noChange('There is nothing to compare with.', 'Add compare: "previous" or "year".')
  return { name, isAscending: sort.startsWith('-') }
}

/** What rows are ranked by: of several stretches, the change from the first that has their like. */
function rankingOf(
  { name, isAscending }: Sorting,
  {
    plan,
    stretches,
    wanted,
  }: { plan: Plan; stretches: readonly { hasRows: boolean }[]; wanted: ReturnType<typeof comparedStretches> },
): Ranking {
  if (name !== CHANGE) return { measure: measureOf(name, plan.grain), isAscending }
  const [first] = plan.measures as [MeasureName]
  if (first === 'share')
    throw noChange('It is that of the first of measures, which is a share.', 'Put net_sales first.')
  const against = stretches.findIndex(({ hasRows }, index) => index > 0 && hasRows)
  if (against === -1) {
    const [without] = wanted.flatMap(({ stretch }) => ('reason' in stretch ? [describeIncomparable(stretch)] : []))
    if (without !== undefined) throw noChange(without)
    throw noChange(
      'The rows before do not hold the same days.',
      'Use another groupBy, or a window of whole weeks or months.',
    )
  }
  return { measure: measureOf(first, plan.grain), isAscending, against }
}

function noChange(why: string, hint?: string): ServiceError {
  return new ServiceError(
    'invalid_argument',
    `sort ${CHANGE} is not possible. ${why}`,
    hint === undefined ? {} : { hint },
  )
}

/** Which rows are ranked and cut, and at how many. */
function layoutOf({ window, groupBy, isFile = false, ...question }: Question, plan: Plan, isSorted: boolean) {
  const asked = isFile ? MAX_FILE_ROWS : question.limit
  const maxPeriods = isFile ? MAX_FILE_ROWS : MAX_PERIODS
  const maxCells = isFile ? MAX_FILE_CELLS : MAX_CELLS
  const [first, second] = groupBy
  const periods = groupBy.filter(isTime).map((time) => ({ time, count: periodCount(time, window) }))
  const width = plan.measures.length
  if (second === undefined) {
    const isInOrder = isTime(first) && !isSorted
    if (isInOrder && (periods[0]?.count ?? 0) > maxPeriods) throw tooManyPeriods(first, window)
    const limit = isInOrder ? (asked ?? MAX_PERIODS + 2) : (asked ?? DEFAULT_ROWS)
    return { ranked: first === undefined ? null : (0 as const), limit, isRanking: !isInOrder && first !== undefined }
  }
  const cells = Math.floor(maxCells / width)
  const [period, otherPeriod] = periods
  if (period !== undefined && otherPeriod === undefined) {
    if (period.count > Math.min(maxPeriods, cells)) throw tooManyPeriods(period.time, window)
    const limit = Math.min(asked ?? DEFAULT_VALUES, Math.max(1, Math.floor(cells / period.count)))
    return { ranked: isTime(first) ? (1 as const) : (0 as const), limit, isRanking: true }
  }
  if (period !== undefined && otherPeriod !== undefined) {
    if (!isSorted && period.count * otherPeriod.count > maxCells) {
      throw tooManyPeriods(period.count > otherPeriod.count ? period.time : otherPeriod.time, window)
    }
    return { ranked: null, limit: isSorted ? (asked ?? DEFAULT_ROWS) : maxCells, isRanking: false }
  }
  return { ranked: null, limit: asked ?? DEFAULT_ROWS, isRanking: true }
}

/** The finest stretches of the calendar of which a window has few enough for one answer. */
export function finestFor(window: Days): Calendar {
  return CALENDARS.find((each) => periodCount(each, window) <= MAX_UNASKED) ?? 'quarter'
}

// Nobody asked for rows, so that they may be few.
const MAX_UNASKED = 31
const CALENDARS: readonly Calendar[] = ['day', 'week', 'month', 'quarter']

function tooManyPeriods(time: Time, { from, to }: Days): ServiceError {
  const fitting = (['week', 'month', 'quarter'] as const).filter(
    (each) => each !== time && periodCount(each, { from, to }) <= MAX_PERIODS,
  )
  const coarser = time === 'hour' ? 'weekday' : fitting.join(' or ')
  return new ServiceError(
    'invalid_argument',
    `groupBy ${time} gives more rows than fit one answer for ${counted(daysBetween(from, to), 'day')}. Use groupBy ${coarser}, or a shorter period.`,
    { hint: 'With sort and limit, the highest or lowest rows are given: sort "net_sales", limit 10.' },
  )
}

function tooLongForFile(count: number, limit: number, what: string): ServiceError {
  return new ServiceError(
    'invalid_argument',
    `A file of this report holds at most ${grouped(String(limit))} ${what}; there are ${grouped(String(count))}.`,
    { hint: 'Ask for a shorter period, a filter, fewer measures, or groupBy month instead of day.' },
  )
}

function tooManyOrders(orders: number, { from, to }: Days): ServiceError {
  const days = Math.max(1, Math.floor((daysBetween(from, to) * MAX_RAW_ORDERS) / orders))
  return new ServiceError(
    'invalid_argument',
    `This needs each of ${counted(orders, 'order')}; at most ${MAX_RAW_ORDERS} are read for one answer.`,
    {
      hint:
        `Ask for about ${counted(days, 'day')}, or with fewer filters and groups: time, hour, location, employee, order_type and ` +
        'discounted go together for any period, and so do time and location with client, product or payment_method.',
    },
  )
}

function comparedStretches({ window, compare }: Question, now: { date: string; time: string }) {
  if (compare === 'none') return []
  const { previous, year } = comparisonsOf({ from: window.from, to: window.to }, now)
  const before: { kind: 'previous' | 'year'; stretch: Compared } = { kind: 'previous', stretch: previous }
  // Of a year, the period before is the year before.
  const yearBefore: typeof before = { kind: 'year', stretch: year ?? previous }
  if (compare === 'previous') return [before]
  return compare === 'year' || year === null ? [yearBefore] : [before, yearBefore]
}

/** How far a stretch lies before the window: whole months where it has the same days of a month, else days. */
function shiftOf(window: Days, stretch: Days): Shift {
  const days = daysBetween(stretch.from, window.from) - 1
  const month = (date: string) => Number(date.slice(0, 4)) * 12 + Number(date.slice(5, 7))
  const months = month(window.from) - month(stretch.from)
  const isSameEnd =
    addMonths(stretch.to, months) === window.to ||
    (stretch.to === monthEnd(stretch.to) && window.to === monthEnd(window.to))
  const isByMonth = months > 0 && addDays(stretch.from, days) === addMonths(stretch.from, months) && isSameEnd
  return isByMonth && daysBetween(window.from, window.to) > 7 ? { months } : { days }
}

/** Whether each row of a report has a like in a stretch: the same number of the same days. */
function isAlignedWith(groupBy: readonly Dimension[], shift: Shift): boolean {
  const isWeeks = 'days' in shift && shift.days % 7 === 0
  return groupBy.every((dimension) => {
    if (dimension === 'weekday' || dimension === 'week') return isWeeks
    if (dimension === 'day') return isWeeks || 'months' in shift
    if (dimension === 'month') return 'months' in shift
    return dimension !== 'quarter' || ('months' in shift && shift.months % 3 === 0)
  })
}

/** Whether the rows of a question are days, weeks, … or weekdays, which are listed also without sales. */
export function isListedWhole({ groupBy, sort }: Pick<Question, 'groupBy' | 'sort'>): boolean {
  return groupBy.length === 1 && isTime(groupBy[0]) && groupBy[0] !== 'hour' && sort === undefined
}

export type { Named }
