import { type Currency, Decimal, formatMoney, money, percentChange } from '../../money/money.ts'
import { sharePercent } from '../../money/share.ts'
import { addDays, daysBetween, monthStart, weekday, weekStart } from '../../time/local.ts'
import type { Days } from '../../time/window.ts'
import { NO_SALES, netSales, type SalesFigures, type SalesSums } from '../reports/sales-figures.ts'

// The rules of a period's summary. They contain no queries, so that each can be checked by hand.

const MAX_DAILY = 31
const MAX_WEEKLY = 120

/** The sales of one local day of a window. */
export interface PeriodDay {
  date: string
  orders: number
  net: Decimal
  /** False while the day is still running. */
  isWhole: boolean
}

/**
 * Every local day of a window in order, including days without sales.
 * @param isComplete false while the last day is still running
 */
export function periodDays({ from, to }: Days, sums: ReadonlyMap<string, SalesSums>, isComplete: boolean): PeriodDay[] {
  return Array.from({ length: daysBetween(from, to) }, (_, index) => {
    const date = addDays(from, index)
    const day = sums.get(date) ?? NO_SALES
    return { date, orders: Number(day.orders), net: netSales(day), isWhole: isComplete || date !== to }
  })
}

export interface TrendBucket {
  /** Its first local day within the window. */
  from: string
  net: Decimal
  /** Whether the window holds only a part of it, or its last day is still running. */
  isPartial: boolean
}

/** Net sales by day in windows of up to 31 days, by week (from Monday) up to 120, else by calendar month. */
export function trend(days: readonly PeriodDay[]): { by: 'day' | 'week' | 'month'; buckets: TrendBucket[] } {
  const by = days.length <= MAX_DAILY ? 'day' : days.length <= MAX_WEEKLY ? 'week' : 'month'
  const startOf = { day: (date: string) => date, week: weekStart, month: monthStart }[by]
  const buckets = groups(days, startOf).map(([start, group]) => {
    const [first, last] = [group[0], group.at(-1)] as [PeriodDay, PeriodDay]
    const isPartial = first.date !== start || startOf(addDays(last.date, 1)) === start || !last.isWhole
    return { from: first.date, net: sum(group), isPartial }
  })
  return { by, buckets }
}

export interface Extremes {
  best: PeriodDay | null
  worst: PeriodDay | null
  /** Mean net sales of the whole days, including days without sales. */
  mean: Decimal | null
  wholeDays: number
}

/**
 * The best day with orders, the worst day and the mean. A day without orders can be the worst only if the shop usually
 * opens on its weekday: if that weekday had orders in at least half of the weeks of the window. A day that is still
 * running is never the worst. Of equal days, the earlier one counts.
 */
export function extremes(days: readonly PeriodDay[], currencyDigits: number): Extremes {
  const selling = days.filter(({ orders }) => orders > 0)
  const whole = days.filter(({ isWhole }) => isWhole)
  const openOn = groups(days, weekday)
    .filter(([, same]) => same.filter(({ orders }) => orders > 0).length * 2 >= same.length)
    .map(([name]) => name)
  const candidates = whole.filter(({ date, orders }) => orders > 0 || openOn.includes(weekday(date)))
  const best = first(selling, (a, b) => a.net.gt(b.net))
  const worst = first(candidates, (a, b) => a.net.lt(b.net))
  return {
    best,
    worst: worst === null || worst === best ? null : worst,
    mean: whole.length === 0 ? null : sum(whole).div(whole.length).toDecimalPlaces(currencyDigits),
    wholeDays: whole.length,
  }
}

/** A part of gross sales, and its change against the period before. */
export interface Rate {
  /** Percent of gross sales, with one digit; null without gross sales. */
  percent: string | null
  before: string | null
  /** Change in percentage points, with one digit; null if there is nothing to compare. */
  change: string | null
}

/** The share of returns or discounts in gross sales. */
export function rate(part: 'returns' | 'discounts', now: SalesSums, before: SalesSums): Rate {
  const [grossNow, grossBefore] = [new Decimal(now.gross_sales), new Decimal(before.gross_sales)]
  const isComparable = grossNow.gt(0) && grossBefore.gt(0)
  return {
    percent: sharePercent(now[part], grossNow),
    before: sharePercent(before[part], grossBefore),
    change: isComparable
      ? points(new Decimal(now[part]).div(grossNow), new Decimal(before[part]).div(grossBefore))
      : null,
  }
}

function points(now: Decimal, before: Decimal): string {
  const change = now.minus(before).times(100).toDecimalPlaces(1)
  return change.isZero() ? '0.0' : change.toFixed(1)
}

/** A product that advice names, with its net sales or returns. */
interface NamedProduct {
  name: string
  sku: string
  net: Decimal.Value
  before: Decimal.Value
  returned: Decimal.Value
}

export interface AdviceInput {
  figures: SalesFigures
  figuresBefore: SalesFigures
  returns: Rate
  discounts: Rate
  days: readonly PeriodDay[]
  mostReturned: NamedProduct | null
  biggestFaller: NamedProduct | null
  currency: Currency
}

const MAX_ADVICE = 3
const RATE_POINTS = 1
const NET_FALL_PERCENT = 10
const FALLER_PERCENT = 5
const WEEKDAY_PERCENT = 25
const WEEKDAY_DAYS = 28
// Comparing a running day with a whole one says little, unless it is one of many.
const RUNNING_DAYS = 7

/**
 * What is worth doing: at most three sentences with figures, in this order; none if nothing stands out:
 * returns up by more than 1 point of gross sales; net sales down by more than 10 % with orders down at most half as
 * much; a product that lost at least 5 % of the net sales of the period before; discounts up by more than 1 point; a
 * weekday at least 25 % above the mean day, in 28 whole days or more.
 */
export function advice(input: AdviceInput): string[] {
  const isComparable = input.days.length >= RUNNING_DAYS || input.days.every(({ isWhole }) => isWhole)
  const compared = isComparable ? [returnsRose, averageFell, productFell, discountsRose] : []
  return [...compared, bestWeekday]
    .map((rule) => rule(input))
    .filter((sentence) => sentence !== null)
    .slice(0, MAX_ADVICE)
}

function returnsRose({ returns, mostReturned, currency }: AdviceInput): string | null {
  if (Number(returns.change) <= RATE_POINTS) return null
  const most =
    mostReturned === null
      ? ''
      : `: look at ${nameWithSku(mostReturned)}, the most returned with ${amount(mostReturned.returned, currency)}`
  return `Returns rose from ${returns.before} % to ${returns.percent} % of gross sales${most}.`
}

function averageFell({ figures, figuresBefore, currency }: AdviceInput): string | null {
  const net = percentChange(figures.netSales, figuresBefore.netSales)
  const orders = percentChange(figures.orders, figuresBefore.orders)
  if (net === null || orders === null || figures.averageSale === null || figuresBefore.averageSale === null) return null
  if (Number(net) >= -NET_FALL_PERCENT || Number(orders) * 2 < Number(net)) return null
  const ordersWere = Number(orders) < 0 ? `only ${unsigned(orders)} % fewer orders` : 'no fewer orders'
  return (
    `Net sales fell by ${unsigned(net)} % with ${ordersWere}: the average sale went from ` +
    `${amount(figuresBefore.averageSale, currency)} to ${amount(figures.averageSale, currency)}.`
  )
}

function productFell({ biggestFaller, figuresBefore, currency }: AdviceInput): string | null {
  if (biggestFaller === null) return null
  const { net, before } = biggestFaller
  const fall = new Decimal(before).minus(net)
  const least = new Decimal(figuresBefore.netSales).times(FALLER_PERCENT).div(100)
  if (fall.lte(0) || fall.lt(least)) return null
  return (
    `Net sales of ${nameWithSku(biggestFaller)} fell most, by ${amount(fall, currency)} to ` +
    `${amount(net, currency)}: check its stock and price.`
  )
}

function discountsRose({ discounts }: AdviceInput): string | null {
  if (Number(discounts.change) <= RATE_POINTS) return null
  return `Discounts rose from ${discounts.before} % to ${discounts.percent} % of gross sales: check whether they bring orders.`
}

function bestWeekday({ days, currency }: AdviceInput): string | null {
  const whole = days.filter(({ isWhole }) => isWhole)
  if (whole.length < WEEKDAY_DAYS) return null
  const mean = sum(whole).div(whole.length)
  const means = groups(whole, weekday).map(([name, group]) => ({
    name,
    mean: sum(group).div(group.length),
  }))
  const best = first(means, (a, b) => a.mean.gt(b.mean))
  if (best === null || !mean.isPositive()) return null
  const above = percentChange(best.mean, mean)
  if (above === null || Number(above) < WEEKDAY_PERCENT) return null
  return (
    `${best.name} brings ${amount(best.mean.toDecimalPlaces(currency.currencyDigits), currency)} a day, ${above} % ` +
    'above the mean day: plan staff and stock for it.'
  )
}

/** Groups days by a key made from their dates, in order of first appearance. */
function groups(days: readonly PeriodDay[], keyOf: (date: string) => string): [string, PeriodDay[]][] {
  const found = new Map<string, PeriodDay[]>()
  for (const day of days) {
    const key = keyOf(day.date)
    const group = found.get(key)
    if (group === undefined) found.set(key, [day])
    else group.push(day)
  }
  return [...found]
}

function first<T>(rows: readonly T[], isBetter: (a: T, b: T) => boolean): T | null {
  return rows.reduce<T | null>((found, row) => (found === null || isBetter(row, found) ? row : found), null)
}

function sum(days: readonly PeriodDay[]): Decimal {
  return days.reduce((total, { net }) => total.plus(net), new Decimal(0))
}

function amount(value: Decimal.Value, currency: Currency): string {
  return formatMoney(money(value, currency))
}

function nameWithSku({ name, sku }: NamedProduct): string {
  return `${name} [${sku}]`
}

function unsigned(value: string): string {
  return value.replace(/^-/, '')
}
