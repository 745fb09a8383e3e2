import { type Static, Type } from '@sinclair/typebox'
import { describeBusiness } from '../../auth/principal.ts'
import { formatAmount, grouped } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { EntityRef, Nullable, NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { describeDays, WindowSchema } from '../../time/window.ts'
import { ComparedSalesSchema } from '../reports/period-comparison.ts'
import { askedFrom, atPlace, describeChange } from '../reports/phrases.ts'
import { describeFigures, SalesFiguresSchema } from '../reports/sales-figures.ts'
import {
  describeCompared,
  describeLeftOut,
  type Fullness,
  fitting,
  fullnessOf,
  headline,
  MAX_BUSINESSES,
  shortTermsOf,
  WithoutTimeSchema,
} from './summary-phrases.ts'

const RateSchema = Type.Object({
  percent: Nullable(Type.String(), { description: 'Of gross sales' }),
  before: NullableText,
})
const DaySchema = Type.Object({ date: Type.String(), weekday: Type.String(), netSales: Type.String() })
const MoverSchema = Type.Object({
  sku: Type.String(),
  name: Type.String(),
  netSalesBefore: Type.String(),
  netSales: Type.String(),
})

export const PeriodSchema = Type.Object({
  business: EntityRef,
  window: WindowSchema,
  days: Type.Integer(),
  location: Nullable(EntityRef),
  terms: Type.String({ description: 'What the amounts mean' }),
  salesSince: Nullable(Type.String(), { description: 'First day with a sale on file' }),
  salesWithTax: Type.Optional(Type.String({ description: 'Net sales and tax, where prices include it' })),
  figures: SalesFiguresSchema,
  comparison: Type.Object({ previous: ComparedSalesSchema, year: Type.Optional(ComparedSalesSchema) }),
  withoutTime: WithoutTimeSchema,
  returns: RateSchema,
  discounts: RateSchema,
  trend: Type.Object({
    by: Type.String({ description: 'day, week (from Monday), month or quarter' }),
    rows: Type.Array(
      Type.Object({
        label: Type.String(),
        from: Type.String(),
        to: Type.String(),
        days: Type.Integer(),
        isPartial: Type.Boolean(),
        netSales: Type.String(),
      }),
    ),
  }),
  bestDay: Nullable(DaySchema),
  slowestDay: Nullable(DaySchema, { description: 'Of the whole days with orders' }),
  meanPerDay: Nullable(Type.Object({ netSales: Type.String(), wholeDays: Type.Integer() })),
  bestWeekday: Nullable(
    Type.Object({ weekday: Type.String(), meanNetSales: Type.String(), wholeDays: Type.Integer() }),
    { description: 'null in less than four weeks' },
  ),
  changesCompare: Nullable(
    Type.Object({
      days: Type.Object({ from: Type.String(), to: Type.String() }),
      with: Type.Object({ from: Type.String(), to: Type.String() }),
    }),
    { description: 'Whole days of which products and categories tell changes; null: not comparable' },
  ),
  topProducts: Type.Array(
    Type.Object({
      sku: Type.String(),
      name: Type.String(),
      unitsSold: Type.String(),
      netSales: Type.String(),
      changePercent: NullableText,
    }),
  ),
  productsSold: Type.Integer(),
  movers: Type.Object({ up: Type.Array(MoverSchema), down: Type.Array(MoverSchema) }),
  categories: Type.Array(Type.Object({ name: Type.String(), netSales: Type.String(), changePercent: NullableText })),
  categoriesSold: Type.Integer(),
  clients: Type.Object({ new: Type.Integer(), returning: Type.Integer() }),
  standsOut: Type.Array(Type.String(), { description: "Against the shop's own history" }),
})
export type Period = Static<typeof PeriodSchema>

/** How much detail each business gets. */
interface Detail {
  products: number
  movers: number
  categories: number
  standsOut: number
  form: Fullness
}

/** The full detail, for a single business. */
export const FULL: Detail = { products: 5, movers: 3, categories: 5, standsOut: 3, form: 'full' }
const SHORTEST: Detail = { products: 0, movers: 0, categories: 0, standsOut: 1, form: 'shortest' }
/** The details for so many businesses, and what is told where they do not fit. */
const DETAILS: Record<Fullness, Detail[]> = {
  full: [
    FULL,
    { products: 4, movers: 2, categories: 4, standsOut: 2, form: 'full' },
    { products: 3, movers: 1, categories: 3, standsOut: 1, form: 'full' },
    { products: 1, movers: 1, categories: 1, standsOut: 1, form: 'full' },
  ],
  short: [{ products: 1, movers: 1, categories: 1, standsOut: 1, form: 'short' }, SHORTEST],
  shortest: [SHORTEST, { ...SHORTEST, standsOut: 0 }],
}

/** Summaries cut to the detail for so many businesses, the same in text and data, and what was left out. */
export function presentPeriods(all: readonly Period[], { namesBusiness }: { namesBusiness: boolean }) {
  return fitting(DETAILS[fullnessOf(all.length)], (detail) => presentWith(all, detail, namesBusiness))
}

function presentWith(all: readonly Period[], detail: Detail, namesBusiness: boolean) {
  const periods = all.slice(0, MAX_BUSINESSES).map((period) => shorten(period, detail))
  const leftOut = describeLeftOut(all.length, 'The trend and the year before are')
  const texts = periods.map((period) => describePeriod(period, namesBusiness))
  return { text: [...texts, leftOut].filter(Boolean).join('\n\n'), periods, leftOut }
}

function shorten(period: Period, { products, movers, categories, standsOut, form }: Detail): Period {
  return {
    ...period,
    ...(form !== 'full' && {
      terms: shortTermsOf(period.window),
      comparison: { previous: period.comparison.previous },
      trend: { ...period.trend, rows: [] },
      bestWeekday: null,
    }),
    ...(form === 'shortest' && {
      returns: UNTOLD,
      discounts: UNTOLD,
      bestDay: null,
      slowestDay: null,
      meanPerDay: null,
      changesCompare: null,
    }),
    topProducts: period.topProducts.slice(0, products),
    movers: { up: period.movers.up.slice(0, movers), down: period.movers.down.slice(0, movers) },
    categories: period.categories.slice(0, categories),
    standsOut: period.standsOut.slice(0, standsOut),
  }
}

const UNTOLD = { percent: null, before: null }

type Say = (amount: string) => string

function describePeriod(period: Period, namesBusiness: boolean): string {
  const { figures, window, location, comparison, standsOut, clients } = period
  const { currency } = window
  const say: Say = (amount) => formatAmount(amount, currency)
  const whose = namesBusiness ? `${describeBusiness(period.business)}: ` : ''
  return [
    `${whose}${headline(figures, period.salesWithTax, currency)} — ${describeSpan(period)}${atPlace(location)}.`,
    describeSince(period),
    describeCompared(comparison.previous, currency),
    comparison.year === undefined ? '' : describeCompared(comparison.year, currency),
    describeWithoutTime(period, say),
    `${describeFigures(figures, currency)} · ${counted(figures.refunds, 'refund')} · ${counted(figures.unitsSold, 'unit')}`,
    period.returns.percent === null && period.discounts.percent === null
      ? ''
      : `Of gross sales: returns ${describeRate(period.returns)}, discounts ${describeRate(period.discounts)}.`,
    ...describeCourse(period, say),
    ...describeProducts(period),
    `Clients with an order: ${clients.new} new, ${clients.returning} returning.`,
    ...(standsOut.length === 0 ? [] : [`Stands out:\n${standsOut.map((each) => `- ${each}`).join('\n')}`]),
    period.terms,
  ]
    .filter((line) => line !== '')
    .join('\n')
}

function describeSpan({ window: { from, to, soFar, requestedFrom, requestedTo }, days }: Period): string {
  const span = days === 1 ? from : `${from} to ${to}, ${counted(days, 'day')}`
  const cut = requestedTo === undefined ? '' : ` (asked up to ${requestedTo})`
  const start = requestedFrom === undefined ? '' : ` (${askedFrom(requestedFrom)})`
  return `${span}${start}${cut}${soFar === undefined ? '' : `, so far (${soFar})`}`
}

function describeSince({ window, salesSince }: Period): string {
  return salesSince !== null && salesSince > window.from && salesSince <= window.to
    ? `Sales on file begin on ${salesSince}; means and rows count days from then on.`
    : ''
}

function describeWithoutTime({ withoutTime, window }: Period, say: Say): string {
  if (withoutTime === undefined) return ''
  const { netSales, comparedDays } = withoutTime
  return (
    `Sales without a time of day are on neither side of "up to ${window.soFar}": ${say(netSales)} of today` +
    `${comparedDays === undefined ? '' : `, ${say(comparedDays)} of the days compared with`}.`
  )
}

function describeRate({ percent, before }: Static<typeof RateSchema>): string {
  if (percent === null) return '–'
  return `${percent} %${before === null ? '' : ` (before ${before} %)`}`
}

function describeCourse(period: Period, say: Say): string[] {
  const { window, trend, bestDay, slowestDay, meanPerDay, bestWeekday } = period
  if (window.from === window.to) return []
  const rows = trend.rows.map(({ label, from, to, days, isPartial, netSales }) => {
    const part = isPartial
      ? from === to && trend.by === 'day'
        ? ' (so far)'
        : ` (${from} to ${to}, ${counted(days, 'day')})`
      : ''
    return `${label.replace('week from ', '')}${part} ${grouped(netSales)}`
  })
  const by = trend.by === 'week' ? 'week, by its Monday' : trend.by
  const day = (what: string, each: Static<typeof DaySchema> | null) =>
    each === null ? [] : [`${what} ${each.weekday} ${each.date} ${say(each.netSales)}`]
  const marks = [
    ...day('best day', bestDay),
    ...day('slowest with orders', slowestDay),
    ...(meanPerDay === null
      ? []
      : [`mean of ${counted(meanPerDay.wholeDays, 'whole day')} ${say(meanPerDay.netSales)}`]),
    ...(bestWeekday === null
      ? []
      : [`best weekday ${bestWeekday.weekday} (mean of ${bestWeekday.wholeDays}: ${say(bestWeekday.meanNetSales)})`]),
  ].join(', ')
  return [
    rows.length === 0 ? '' : `Net by ${by}: ${rows.join('; ')}`,
    marks === '' ? '' : `${marks.charAt(0).toUpperCase()}${marks.slice(1)}.`,
  ]
}

function describeProducts(period: Period): string[] {
  const { topProducts, productsSold, movers, categories, categoriesSold, changesCompare } = period
  const lines: string[] = []
  if (changesCompare !== null) {
    const { days, with: other } = changesCompare
    lines.push(
      `Changes below compare ${describeDays(days)} with ${describeDays(other)}, ${days.from === days.to ? 'a whole day' : 'whole days'}.`,
    )
  }
  if (topProducts.length > 0) {
    lines.push(
      `Top ${topProducts.length} of ${counted(productsSold, 'product')}, net:`,
      table(
        ['product', 'SKU', 'units', 'net', 'change'],
        topProducts.map((row) => [
          row.name,
          row.sku,
          row.unitsSold,
          grouped(row.netSales),
          shortChange(row.changePercent),
        ]),
      ),
    )
  }
  for (const [what, rows] of [
    ['Gained most', movers.up],
    ['Lost most', movers.down],
  ] as const) {
    const each = rows.map((row) => `${row.name} [${row.sku}] ${grouped(row.netSalesBefore)} → ${grouped(row.netSales)}`)
    if (each.length > 0) lines.push(`${what}: ${each.join('; ')}`)
  }
  if (categories.length > 0) {
    const each = categories.map((row) => `${row.name} ${grouped(row.netSales)} (${shortChange(row.changePercent)})`)
    lines.push(`Categories, ${categories.length} of ${categoriesSold}: ${each.join('; ')}`)
  }
  return lines
}

function shortChange(percent: string | null): string {
  return percent === null ? '–' : describeChange(percent)
}
