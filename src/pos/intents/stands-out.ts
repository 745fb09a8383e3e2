import { Decimal } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { addDays, daysBetween, isoWeekday, weekdayName } from '../../time/local.ts'
import type { Days } from '../../time/window.ts'

// What stands out of a window against the shop's own history. The rules contain no queries, so that each can be checked
// by hand. What is usual is the mean of the same weekdays before: a Saturday says nothing of a Monday.

/** How many statements a summary makes at most. */
const MOST_STATEMENTS = 3
/** Longer windows are not looked at: they hold several seasons, and their history would be as long again. */
const LONGEST_WINDOW = 92
const LEAST_HISTORY = 28
/** Of each weekday, fewer days than these make no habit. */
const LEAST_DAYS = 3
/** Refunds and discounts stand out from so many times what is usual… */
const TIMES_USUAL = 3
/** …and from such a part of gross sales, now or usually, in percent: below it they are small change. */
const LEAST_PERCENT = 2
/** An hour stands out below such a part of its usual sales, in percent… */
const FALLEN_PERCENT = 50
/** …if its orders are so many standard deviations of a chance count (its root) fewer: one hour in 150 by chance. */
const DEVIATIONS = 2.5
/** A product stands out that would usually have sold so many units, and sold none. */
export const STOPPED_UNITS = 10

/** The rules in words, for the terms of a result. */
export const STANDS_OUT_TERMS =
  `Stands out, against the same weekdays before: refunds or discounts from ${TIMES_USUAL} × the usual and ` +
  `${LEAST_PERCENT} % of gross sales; an hour under ${FALLEN_PERCENT} % of its usual sales, ${DEVIATIONS} × √usual fewer ` +
  `orders; a product that sold none, usually ${STOPPED_UNITS} units; at most ${MOST_STATEMENTS}.`

/** A window and the days before it that tell what is usual. */
export interface History {
  days: Days
  before: Days
  /** The hour that is running on the last day of the window; null: the window is over. */
  runningHour: number | null
}

/**
 * The days to look back on: as many as the window in whole weeks, at least four weeks.
 * @param soFar the local time now, if the window ends today
 * @returns null for a window that is too long
 */
export function historyOf(days: Days, soFar: string | null): History | null {
  return daysBetween(days.from, days.to) > LONGEST_WINDOW ? null : historyBefore(days, soFar)
}

/** The same for a window that is not too long, as a day is. */
export function historyBefore({ from, to }: Days, soFar: string | null): History {
  const back = Math.max(LEAST_HISTORY, Math.ceil(daysBetween(from, to) / 7) * 7)
  return {
    days: { from, to },
    before: { from: addDays(from, -back), to: addDays(from, -1) },
    runningHour: soFar === null ? null : Number(soFar.slice(0, 2)),
  }
}

/** Sums of one ISO weekday, of the window or of the days before it. */
interface OfWeekday {
  weekday: number
  isNow: boolean
}

/** Refunds by an employee, and discounts on what the employee sold; null: by nobody known. */
export interface StaffSums extends OfWeekday {
  employee: string | null
  refunds: string
  discounts: string
  /** Of the whole shop, in rows of nobody. */
  grossSales: string
}

/** Sales of an hour that was over when the window ended; without an hour: orders of which the time is not known. */
export interface HourSums extends OfWeekday {
  hour: number | null
  orders: string
  netSales: string
}

/** Something that stands out: its figure and what would be usual, both over the whole window. */
export interface Finding {
  kind: 'refunds' | 'discounts' | 'hour' | 'stopped'
  what: string
  now: Decimal
  usual: Decimal
  /** Over what it is usual. */
  over: string
  /** Orders of an hour, or units of a product. */
  count?: { now: Decimal; usual: Decimal }
}

/** How many days of each weekday are compared, of which the first sales and the running hour leave some out. */
class Calendar {
  readonly #now = new Map<number, number>()
  readonly #before = new Map<number, number>()
  readonly #history: History
  readonly #from: string

  /** @param salesSince before it, days are not without sales but unknown */
  constructor(history: History, salesSince: string) {
    this.#history = history
    const { days, before } = history
    for (let date = days.from; date <= days.to; date = addDays(date, 1)) count(this.#now, isoWeekday(date))
    this.#from = before.from < salesSince ? salesSince : before.from
    for (let date = this.#from; date <= before.to; date = addDays(date, 1)) count(this.#before, isoWeekday(date))
  }

  /** Whether every weekday of the window has enough days before it. */
  get isEnough(): boolean {
    return [...this.#now.keys()].every((weekday) => (this.#before.get(weekday) ?? 0) >= LEAST_DAYS)
  }

  /** In words, over what days something is usual. */
  get over(): string {
    const { days, before } = this.#history
    if (days.from !== days.to) return `usual by the weekdays of ${this.#from} to ${before.to}`
    const weekday = isoWeekday(days.to)
    return `mean of the last ${this.#before.get(weekday)} ${weekdayName(weekday)}s`
  }

  /** What the window would usually have, from sums of the days before. @param hour of which the sums are */
  usual<Row extends OfWeekday>(rows: readonly Row[], of: (row: Row) => Decimal.Value, hour?: number): Decimal {
    return total(rows, (row) => {
      const before = this.#before.get(row.weekday) ?? 0
      return row.isNow || before === 0 ? 0 : new Decimal(of(row)).times(this.#daysNow(row.weekday, hour)).div(before)
    })
  }

  #daysNow(weekday: number, hour: number | undefined): number {
    const { days, runningHour } = this.#history
    const isToCome = hour !== undefined && runningHour !== null && hour >= runningHour
    return (this.#now.get(weekday) ?? 0) - (isToCome && weekday === isoWeekday(days.to) ? 1 : 0)
  }
}

/**
 * Refunds and discounts well above what is usual, at most one of each: of the employee with the most above it, or of
 * all. The running day is compared as if it were over, so that nothing stands out too early.
 */
export function staffFindings(rows: readonly StaffSums[], history: History, salesSince: string): Finding[] {
  const calendar = new Calendar(history, salesSince)
  if (!calendar.isEnough) return []
  const gross = total(rows, (row) => (row.isNow ? row.grossSales : 0))
  const least = Decimal.max(
    gross,
    calendar.usual(rows, (row) => row.grossSales),
  )
    .times(LEAST_PERCENT)
    .div(100)
  const names = [...new Set(rows.map(({ employee }) => employee))].filter((name) => name !== null)
  return (['refunds', 'discounts'] as const).flatMap((kind) => {
    const find = (own: readonly StaffSums[], what: string): Finding[] => {
      const now = total(own, (row) => (row.isNow ? row[kind] : 0))
      const usual = calendar.usual(own, (row) => row[kind])
      const isFound = now.gt(0) && now.gte(least) && now.gte(usual.times(TIMES_USUAL))
      return isFound ? [{ kind, what, now, usual, over: calendar.over }] : []
    }
    const byEmployee = names.flatMap((name) =>
      find(
        rows.filter(({ employee }) => employee === name),
        kind === 'refunds' ? `Refunds by ${name}` : `Discounts on sales by ${name}`,
      ),
    )
    const found = byEmployee.length > 0 ? byEmployee : find(rows, kind === 'refunds' ? 'Refunds' : 'Discounts')
    return found.toSorted(byDifference).slice(0, 1)
  })
}

/** The hour that fell most below its usual sales, unless times of day are not known or nothing was sold at all. */
export function hourFindings(rows: readonly HourSums[], history: History, salesSince: string): Finding[] {
  const calendar = new Calendar(history, salesSince)
  const isTimeUnknown = rows.some(({ hour, orders }) => hour === null && Number(orders) !== 0)
  const isOpen = rows.some(({ isNow, orders }) => isNow && Number(orders) > 0)
  if (!calendar.isEnough || isTimeUnknown || !isOpen) return []
  const hours = [...new Set(rows.map(({ hour }) => hour))].filter((hour) => hour !== null)
  const found = hours.flatMap((hour): Finding[] => {
    const own = rows.filter((row) => row.hour === hour)
    const [now, orders] = (['netSales', 'orders'] as const).map((of) => total(own, (row) => (row.isNow ? row[of] : 0)))
    const [usual, usualOrders] = (['netSales', 'orders'] as const).map((of) =>
      calendar.usual(own, (row) => row[of], hour),
    )
    if (now === undefined || orders === undefined || usual === undefined || usualOrders === undefined) return []
    const isFallen = now.lt(usual.times(FALLEN_PERCENT).div(100))
    if (!isFallen || usualOrders.lte(0) || orders.gt(usualOrders.minus(usualOrders.sqrt().times(DEVIATIONS)))) return []
    const count = { now: orders, usual: usualOrders }
    return [{ kind: 'hour', what: `${clock(hour)} to ${clock(hour + 1)}`, now, usual, over: calendar.over, count }]
  })
  return found.toSorted(byDifference).slice(0, 1)
}

/** A product that sold none in the window. @param usual mean units and net sales, and over what */
export function stoppedFinding(what: string, usual: { units: Decimal; netSales: Decimal; over: string }): Finding[] {
  if (usual.units.lt(STOPPED_UNITS)) return []
  const now = new Decimal(0)
  const count = { now, usual: usual.units }
  return [{ kind: 'stopped', what, now, usual: usual.netSales, over: usual.over, count }]
}

/** The same for one whole day, from the sums of a product over the same weekdays before, on each of which it sold. */
export function stoppedOnDay(
  what: string,
  sums: { units: Decimal.Value; netSales: Decimal.Value },
  history: History,
  salesSince: string,
): Finding[] {
  const calendar = new Calendar(history, salesSince)
  if (!calendar.isEnough) return []
  const mean = (sum: Decimal.Value) =>
    calendar.usual([{ weekday: isoWeekday(history.days.to), isNow: false }], () => sum)
  return stoppedFinding(what, { units: mean(sums.units), netSales: mean(sums.netSales), over: calendar.over })
}

/**
 * The statements of a summary: the largest differences in money, each with its figure, the usual one and over what.
 * @param soFar whether the window ends today
 */
export function statementsOf(
  findings: readonly Finding[],
  { from, to }: Days,
  { amount, soFar }: { amount: (value: Decimal) => string; soFar: boolean },
): string[] {
  const when = `${from === to ? `on ${to}` : `in these ${counted(daysBetween(from, to), 'day')}`}${soFar ? ' so far' : ''}`
  return findings
    .toSorted(byDifference)
    .slice(0, MOST_STATEMENTS)
    .map((finding) => describeFinding(finding, when, amount))
}

function describeFinding(
  { kind, what, now, usual, over, count }: Finding,
  when: string,
  amount: (value: Decimal) => string,
): string {
  const usualCount = count?.usual.toDecimalPlaces(1).toFixed()
  switch (kind) {
    case 'refunds':
      return `${what}: ${amount(now)} with tax and tips ${when}; ${over}: ${amount(usual)}.`
    case 'discounts':
      return `${what}: ${amount(now)} without tax ${when}; ${over}: ${amount(usual)}.`
    case 'hour':
      return `${what}: ${amount(now)} net, without tax, in ${counted(count?.now.toFixed() ?? '0', 'order')} ${when}; ${over}: ${amount(usual)} in ${counted(usualCount ?? '0', 'order')}.`
    case 'stopped':
      return `${what} sold none ${when}; ${over}: ${counted(usualCount ?? '0', 'unit')}, ${amount(usual)} net, without tax.`
  }
}

function clock(hour: number): string {
  return `${String(hour).padStart(2, '0')}:00`
}

function byDifference(a: Finding, b: Finding): number {
  return b.now.minus(b.usual).abs().cmp(a.now.minus(a.usual).abs())
}

function count(counts: Map<number, number>, weekday: number): void {
  counts.set(weekday, (counts.get(weekday) ?? 0) + 1)
}

function total<Row>(rows: readonly Row[], of: (row: Row) => Decimal.Value): Decimal {
  return rows.reduce((sum, row) => sum.plus(of(row)), new Decimal(0))
}
