import { amountOf, type Currency, Decimal, grouped, percentChange, quantity } from '../../money/money.ts'
import { sharePercent } from '../../money/share.ts'
import { changeFrom, type Grain, type Measure, type MeasureName, measureOf, type Sums, valueFrom } from './measures.ts'
import type { Line, Report } from './report.ts'

/** A figure of a result, the same in data and text. */
export interface Cell {
  key: string
  label: string
  value: string | number | null
  text: string
}

/** Figures of some sums, with what belongs to them: a margin has the share of net sales that it is of. */
export function cellsOf(
  measures: readonly MeasureName[],
  { grain, sums, total, currency }: { grain: Grain; sums: Sums; total: Sums; currency: Currency },
): Cell[] {
  const cells = measures.flatMap((name) => {
    const value = measureValue(name, { grain, sums, total, currency })
    const { key, label } = measureOf(name, grain)
    const cell = { key, label, value, text: textOf(name, value) }
    return name === 'margin' || name === 'margin_percent' ? [cell, ...marginCells(sums)] : [cell]
  })
  // A margin and its share, both asked for, have the same beside them.
  return cells.filter(({ key }, index) => cells.findIndex((each) => each.key === key) === index)
}

/** One figure of some sums. */
export function measureValue(
  name: MeasureName,
  { grain, sums, total, currency }: { grain: Grain; sums: Sums; total: Sums; currency: Currency },
): string | number | null {
  const measure = measureOf(name, grain)
  const value = valueFrom(measure, sums)
  if (value === null) return null
  if (measure.unit !== 'share') return written(measure, value, currency)
  const whole = valueFrom(measure, total)
  return whole && sharePercent(value, whole)
}

function written({ name, unit }: Measure, value: Decimal, currency: Currency): string | number | null {
  switch (unit) {
    case 'money':
      return amountOf(value, currency)
    case 'count':
      return value.toNumber()
    case 'quantity':
      return name === 'items_per_order' ? value.toFixed(2) : quantity(value)
    default:
      return sharePercent(value, 100)
  }
}

/** Whether anything that is shown of a line is not zero: a measure of the window, or the first one of what is compared. */
export function hasFigures(
  { plan: { measures, grain }, comparisons, totals }: Pick<Report, 'plan' | 'comparisons' | 'totals'>,
  { sums }: Line,
  currency: Currency,
): boolean {
  const isFigure = (name: MeasureName, index: number) => {
    const total = totals.sums[index] as Sums
    const value = measureValue(name, { grain, sums: sums[index] as Sums, total, currency })
    // Goods sold at their cost have a margin of 0 %.
    return name === 'margin_percent' ? value !== null : Number(value ?? 0) !== 0
  }
  return (
    measures.some((name) => isFigure(name, 0)) ||
    comparisons.some(({ index, hasRows }) => index !== null && hasRows && isFigure(measures[0] as MeasureName, index))
  )
}

function marginCells(sums: Sums): Cell[] {
  const margin = valueFrom(measureOf('margin', 'lines'), sums)
  const percent = margin && sharePercent(margin, sums.costed_net_sales ?? 0)
  const costed = sharePercent(sums.costed_net_sales ?? 0, sums.net_sales ?? 0)
  return [
    { key: 'marginPercent', label: 'margin %', value: percent, text: percent ?? '–' },
    { key: 'costedPercent', label: 'cost known, % of net', value: costed, text: costed ?? '–' },
  ]
}

/** A figure in a table. */
export function textOf(name: MeasureName, value: string | number | null): string {
  if (value === null) return '–'
  return isPercent(name) ? String(value) : grouped(String(value))
}

/** Whether a measure is a percentage itself, so that its change is told in points. */
export function isPercent(name: MeasureName): boolean {
  return name === 'share' || name === 'margin_percent'
}

/** What the change of a measure is called in the data and text of rows. */
export function changeNames(name: MeasureName, kind: 'previous' | 'year'): { key: string; label: string } {
  const [key, label] = isPercent(name) ? ['Points', 'change in points'] : ['Percent', 'change %']
  return kind === 'previous' ? { key: `change${key}`, label } : { key: `yearChange${key}`, label: `year ${label}` }
}

/** The difference of two percentages. */
export function pointsBetween(now: string | number | null, before: string | number | null): string | null {
  return now === null || before === null ? null : new Decimal(now).minus(before).toFixed(1)
}

/** How much more a measure is than before, which rows can be ranked by. */
export function differenceOf(
  name: MeasureName,
  grain: Grain,
  sums: Record<'now' | 'before', Sums>,
  currency: Currency,
) {
  const measure = measureOf(name, grain)
  const change = changeFrom(measure, sums.now, sums.before)
  return change && written(measure, change, currency)
}

/** The change of a measure from some sums to others, in percent; null where there is nothing to compare. */
export function changeOf(name: MeasureName, grain: Grain, now: Sums, before: Sums): string | null {
  const measure = measureOf(name, grain)
  const [is, was] = [valueFrom(measure, now), valueFrom(measure, before)]
  return is === null || was === null ? null : percentChange(is, was)
}

/** The mean per day of the first measure; null where there is no whole day. */
export function perDayOf(
  name: MeasureName,
  grain: Grain,
  whole: { value: string; days: number } | null,
  currency: Currency,
): string | null {
  const { unit } = measureOf(name, grain)
  if (whole === null || whole.days === 0) return null
  const mean = new Decimal(whole.value).div(whole.days)
  return unit === 'money' ? amountOf(mean, currency) : mean.toFixed(mean.abs().lt(1) ? 2 : 1)
}
