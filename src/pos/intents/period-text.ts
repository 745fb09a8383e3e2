import { type Static, Type } from '@sinclair/typebox'
import { describeBusiness } from '../../auth/principal.ts'
import { formatMoney } from '../../money/money.ts'
import { EntityRef, Nullable, NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { daysBetween, weekday } from '../../time/local.ts'
import { WindowSchema } from '../../time/window.ts'
import {
  atPlace,
  describeChange,
  describeLeftOut,
  describeTerms,
  type Fullness,
  fullnessOf,
  headline,
  MAX_BUSINESSES,
  signed,
} from '../reports/phrases.ts'
import { describeFigures, SalesFiguresSchema } from '../reports/sales-figures.ts'

export const SalesComparisonSchema = Type.Object({
  from: Type.String(),
  to: Type.String(),
  orders: Type.Integer(),
  netSales: Type.String(),
  averageSale: NullableText,
  changePercent: Type.Object({ netSales: NullableText, orders: NullableText, averageSale: NullableText }),
})
const RateSchema = Type.Object({
  percent: Nullable(Type.String(), { description: 'Of gross sales' }),
  before: NullableText,
  change: Nullable(Type.String(), { description: 'In points' }),
})
const DaySchema = Type.Object({ date: Type.String(), netSales: Type.String() })
export const ProductChangeSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  sku: Type.String(),
  unitsSold: Type.String(),
  netSales: Type.String(),
  netSalesBefore: Type.String(),
  changePercent: NullableText,
})
type Product = Static<typeof ProductChangeSchema>

export const PeriodSchema = Type.Object({
  business: EntityRef,
  window: WindowSchema,
  requestedTo: Type.String({ description: 'Last day asked for; days after today are cut off' }),
  location: Nullable(EntityRef),
  isComplete: Type.Boolean({ description: 'false: the last day is today so far' }),
  figures: SalesFiguresSchema,
  before: SalesComparisonSchema,
  yearBefore: Nullable(SalesComparisonSchema, { description: 'null: no sales a year before' }),
  returns: RateSchema,
  discounts: RateSchema,
  trend: Type.Object({
    by: Type.String({ description: 'day, week or month' }),
    buckets: Type.Array(
      Type.Object({
        from: Type.String({ description: 'First local day' }),
        netSales: Type.String(),
        isPartial: Type.Boolean(),
      }),
    ),
  }),
  bestDay: Nullable(DaySchema),
  worstDay: Nullable(DaySchema, { description: 'Of the whole days on which the shop usually opens' }),
  meanPerDay: Nullable(Type.String(), { description: 'Net sales per whole day' }),
  topProducts: Type.Array(ProductChangeSchema),
  productsSold: Type.Integer(),
  movers: Type.Object({ up: Type.Array(ProductChangeSchema), down: Type.Array(ProductChangeSchema) }),
  categories: Type.Array(
    Type.Object({
      id: NullableText,
      name: Type.String(),
      netSales: Type.String(),
      netSalesBefore: Type.String(),
      changePercent: NullableText,
    }),
  ),
  categoriesSold: Type.Integer(),
  clients: Type.Object({ new: Type.Integer(), returning: Type.Integer() }),
  worthDoing: Type.Array(Type.String()),
})
export type Period = Static<typeof PeriodSchema>

/** How much detail each business gets. */
interface Detail {
  products: number
  movers: number
  categories: number
  advice: number
  form: Fullness
}

/** The full detail, for a single business. */
export const FULL: Detail = { products: 5, movers: 3, categories: 5, advice: 3, form: 'full' }
const DETAILS: Record<Fullness, Detail> = {
  full: FULL,
  short: { products: 3, movers: 1, categories: 2, advice: 1, form: 'short' },
  shortest: { products: 0, movers: 0, categories: 0, advice: 1, form: 'shortest' },
}

/** Summaries cut to the detail for so many businesses, the same in text and data, and what was left out. */
export function presentPeriods(all: readonly Period[], { namesBusiness }: { namesBusiness: boolean }) {
  const detail = DETAILS[fullnessOf(all.length)]
  const periods = all.slice(0, MAX_BUSINESSES).map((period) => shorten(period, detail))
  const leftOut = describeLeftOut(all.length, {
    withoutShort: 'The trend is',
    limits:
      `At most ${detail.products} products, ${detail.movers} up and down, and ${detail.categories} categories are named; ` +
      'payment methods: get_sales_by_payment_method.',
  })
  const text = [...periods.map((period) => describePeriod(period, namesBusiness, detail)), leftOut].join('\n\n')
  return { text, periods, leftOut }
}

function shorten(period: Period, { products, movers, categories, advice, form }: Detail): Period {
  return {
    ...period,
    trend: form === 'full' ? period.trend : { ...period.trend, buckets: [] },
    topProducts: period.topProducts.slice(0, products),
    movers: { up: period.movers.up.slice(0, movers), down: period.movers.down.slice(0, movers) },
    categories: period.categories.slice(0, categories),
    worthDoing: period.worthDoing.slice(0, advice),
  }
}

function describePeriod(period: Period, namesBusiness: boolean, detail: Detail): string {
  const { figures, window, location } = period
  const say = (amount: string) => formatMoney({ amount, currency: window.currency })
  const whose = namesBusiness ? `${describeBusiness(period.business)}: ` : ''
  const lines = [
    `${whose}${headline(figures, window.currency)} — ${describeDays(period)}${atPlace(location)}.`,
    describeSalesComparison('the period before', period.before, say),
    period.yearBefore === null ? '' : describeSalesComparison('a year before', period.yearBefore, say),
  ]
  if (!period.isComplete) lines.push('Today is not over, while the days it is compared with are whole.')
  if (detail.form === 'full') lines.push(`${describeFigures(figures, window.currency)} · refunds ${figures.refunds}`)
  if (detail.form !== 'shortest') {
    lines.push(
      `Of gross sales: returns ${describeRate(period.returns)}, discounts ${describeRate(period.discounts)}.`,
      ...describeCourse(period, say),
      ...describeProducts(period, detail),
      `Clients with an order: ${period.clients.new} new, ${period.clients.returning} returning.`,
    )
  }
  if (period.worthDoing.length > 0)
    lines.push(`Worth doing:\n${period.worthDoing.map((each) => `- ${each}`).join('\n')}`)
  lines.push(describeTerms(window))
  return lines.filter((line) => line !== '').join('\n')
}

function describeDays({ window: { from, to }, requestedTo, isComplete }: Period): string {
  const count = daysBetween(from, to)
  const days = count === 1 ? `${weekday(from)} ${from}` : `${from} to ${to}, ${count} days`
  if (isComplete) return days
  const cut = requestedTo === to ? '' : ` (cut at today, asked up to ${requestedTo})`
  return `${days}${cut}, ${count === 1 ? 'today so far' : 'the last one today so far'}`
}

function describeSalesComparison(
  what: string,
  { from, to, orders, netSales, averageSale, changePercent }: Static<typeof SalesComparisonSchema>,
  say: (amount: string) => string,
): string {
  const days = from === to ? from : `${from} to ${to}`
  if (orders === 0 && Number(netSales) === 0) return `Against ${what}, ${days}: no sales, nothing to compare.`
  const average =
    averageSale === null ? '' : `, average sale ${say(averageSale)} (${describeChange(changePercent.averageSale)})`
  return (
    `Against ${what}, ${days}: net ${say(netSales)} (${describeChange(changePercent.netSales)}), ` +
    `${orders} orders (${describeChange(changePercent.orders)})${average}.`
  )
}

function describeRate({ percent, change }: Static<typeof RateSchema>): string {
  if (percent === null) return '–'
  return `${percent} %${change === null ? '' : ` (${signed(change)} points)`}`
}

function describeCourse(period: Period, say: (amount: string) => string): string[] {
  const { window, trend, bestDay, worstDay, meanPerDay } = period
  if (window.from === window.to) return []
  const label = (from: string) =>
    trend.by === 'day' ? `${from.slice(5)} ${weekday(from).slice(0, 3)}` : trend.by === 'week' ? from.slice(5) : from
  const buckets = trend.buckets.map(
    ({ from, netSales, isPartial }) => `${label(from)} ${netSales}${isPartial ? '*' : ''}`,
  )
  const partial = trend.buckets.some(({ isPartial }) => isPartial) ? ' (* not a whole one)' : ''
  const day = (what: string, each: Static<typeof DaySchema> | null) =>
    each === null ? [] : [`${what} ${weekday(each.date)} ${each.date} ${say(each.netSales)}`]
  const mean = meanPerDay === null ? [] : [`mean of the whole days ${say(meanPerDay)}`]
  const marks = [...day('best day', bestDay), ...day('worst of the usual days', worstDay), ...mean].join(', ')
  return [
    buckets.length === 0 ? '' : `Net by ${trend.by}${partial}: ${buckets.join(', ')}`,
    marks === '' ? '' : `${marks.charAt(0).toUpperCase()}${marks.slice(1)}.`,
  ]
}

function describeProducts(period: Period, { form }: Detail): string[] {
  const { topProducts, productsSold, movers, categories, categoriesSold } = period
  const lines: string[] = []
  if (topProducts.length > 0) {
    const title = `Top ${topProducts.length} of ${productsSold} products:`
    if (form === 'full') lines.push(title, describeTop(topProducts))
    else lines.push(`${title} ${topProducts.map((row) => `${row.name} [${row.sku}] ${row.netSales}`).join('; ')}`)
  }
  for (const [what, rows] of [
    ['Most up', movers.up],
    ['Most down', movers.down],
  ] as const) {
    const each = rows.map((row: Product) => `${row.name} [${row.sku}] ${row.netSalesBefore} → ${row.netSales}`)
    if (each.length > 0) lines.push(`${what}: ${each.join('; ')}`)
  }
  if (categories.length > 0) {
    const each = categories.map((row) => `${row.name} ${row.netSales} (${shortChange(row.changePercent)})`)
    lines.push(`Categories, ${categories.length} of ${categoriesSold}: ${each.join('; ')}`)
  }
  return lines
}

function describeTop(products: readonly Product[]): string {
  return table(
    ['product', 'SKU', 'units', 'net', 'change'],
    products.map((row) => [row.name, row.sku, row.unitsSold, row.netSales, shortChange(row.changePercent)]),
  )
}

function shortChange(percent: string | null): string {
  return percent === null ? '–' : describeChange(percent)
}
