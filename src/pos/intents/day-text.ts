import { type Static, Type } from '@sinclair/typebox'
import { describeBusiness } from '../../auth/principal.ts'
import { formatAmount, grouped } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { EntityRef, Nullable, NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { WindowSchema } from '../../time/window.ts'
import { describeMissing } from '../reports/payments.ts'
import { ComparedSalesSchema } from '../reports/period-comparison.ts'
import { atPlace, describeChange } from '../reports/phrases.ts'
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

/** A day of one business; amounts are in the currency of the window. */
export const DaySchema = Type.Object({
  business: EntityRef,
  window: WindowSchema,
  weekday: Type.String(),
  location: Nullable(EntityRef),
  terms: Type.String({ description: 'What the amounts mean' }),
  salesSince: Nullable(Type.String(), { description: 'First day with a sale on file' }),
  salesWithTax: Type.Optional(Type.String({ description: 'Net sales and tax, where prices include it' })),
  figures: SalesFiguresSchema,
  comparison: Type.Object({
    previous: ComparedSalesSchema,
    meanOfLastFour: Type.Object(
      {
        dates: Type.Array(Type.String()),
        netSales: Type.Optional(Type.String()),
        changePercent: Type.Optional(NullableText),
      },
      { description: 'The same weekday before, as far as sales are on file' },
    ),
    year: ComparedSalesSchema,
  }),
  withoutTime: WithoutTimeSchema,
  byHour: Type.Array(Type.Object({ hour: Type.Integer(), orders: Type.Integer(), netSales: Type.String() })),
  topProducts: Type.Array(
    Type.Object({ sku: Type.String(), name: Type.String(), unitsSold: Type.String(), netSales: Type.String() }),
  ),
  payments: Type.Array(
    Type.Object({ method: Type.String(), payments: Type.Integer(), amount: Type.String(), refunded: Type.String() }),
    { description: 'With tax and tips' },
  ),
  withoutPayment: Type.Optional(
    Type.String({ description: 'Sales with tax and tips less what was paid, net: no known payment' }),
  ),
  refunds: Type.Array(Type.Object({ orderNumber: Type.String(), total: Type.String(), reason: NullableText }), {
    description: 'The largest, with tax and tips',
  }),
  discounts: Type.Array(
    Type.Object({ orderNumber: Type.String(), discount: Type.String(), grossSales: Type.String() }),
    { description: 'The largest' },
  ),
  lowStockNow: Type.Array(
    Type.Object({
      sku: Type.String(),
      name: Type.String(),
      location: Type.String(),
      onHand: Type.String(),
      reorderPoint: Type.String(),
    }),
    { description: 'Of what sold that day' },
  ),
  standsOut: Type.Array(Type.String(), { description: "Against the shop's own history" }),
})
export type Day = Static<typeof DaySchema>

/** How much detail each business gets. */
interface Detail {
  products: number
  payments: number
  notable: number
  stocks: number
  standsOut: number
  hasHours: boolean
}

/** The full detail, for a single business. */
export const FULL: Detail = { products: 5, payments: 8, notable: 3, stocks: 5, standsOut: 3, hasHours: true }
const SHORT: Detail = { products: 3, payments: 3, notable: 1, stocks: 1, standsOut: 1, hasHours: false }
const SHORTEST: Detail = { products: 0, payments: 0, notable: 0, stocks: 0, standsOut: 1, hasHours: false }
/** The details for so many businesses, and what is told where they do not fit. */
const DETAILS: Record<Fullness, Detail[]> = {
  full: [
    FULL,
    { products: 4, payments: 6, notable: 2, stocks: 3, standsOut: 2, hasHours: true },
    { products: 3, payments: 4, notable: 1, stocks: 2, standsOut: 1, hasHours: true },
    { products: 2, payments: 2, notable: 1, stocks: 1, standsOut: 1, hasHours: true },
  ],
  short: [SHORT, { ...SHORT, products: 1, payments: 2 }, SHORTEST],
  shortest: [SHORTEST, { ...SHORTEST, standsOut: 0 }],
}

/** Days cut to the detail for so many businesses, the same in text and data, and what was left out. */
export function summarizeDays(all: readonly Day[]): { days: Day[]; text: string; leftOut: string } {
  return fitting(DETAILS[fullnessOf(all.length)], (detail) => summarizeWith(all, detail))
}

function summarizeWith(all: readonly Day[], detail: Detail) {
  const days = all.slice(0, MAX_BUSINESSES).map((day) => shorten(day, detail))
  const leftOut = [describeLeftOut(all.length, 'Hours are'), describeLimits(days, detail)].filter(Boolean).join(' ')
  const texts = days.map((day) => describeDay(day, all.length > 1))
  return { days, text: [...texts, leftOut].filter(Boolean).join(all.length > 1 ? '\n\n' : '\n'), leftOut }
}

/** Which lists are as long as they may be; an empty text if none is. */
function describeLimits(days: readonly Day[], { products, payments, notable, stocks }: Detail): string {
  const isFull = (limit: number, list: (day: Day) => readonly unknown[]) =>
    limit > 0 && days.some((day) => list(day).length === limit)
  const cut = [
    isFull(products, (day) => day.topProducts) && counted(products, 'product'),
    isFull(payments, (day) => day.payments) && counted(payments, 'payment method'),
    isFull(stocks, (day) => day.lowStockNow) && counted(stocks, 'low stock'),
    isFull(notable, (day) => day.refunds) && counted(notable, 'refund'),
    isFull(notable, (day) => day.discounts) && counted(notable, 'discount'),
  ].filter((each) => each !== false)
  return cut.length === 0 ? '' : `At most ${cut.join(', ')} are named.`
}

function shorten(day: Day, detail: Detail): Day {
  return {
    ...day,
    ...(!detail.hasHours && { terms: shortTermsOf(day.window), byHour: [] }),
    topProducts: day.topProducts.slice(0, detail.products),
    payments: day.payments.slice(0, detail.payments),
    refunds: day.refunds.slice(0, detail.notable),
    discounts: day.discounts.slice(0, detail.notable),
    lowStockNow: day.lowStockNow.slice(0, detail.stocks),
    standsOut: day.standsOut.slice(0, detail.standsOut),
  }
}

function describeDay(day: Day, namesBusiness: boolean): string {
  const { figures, comparison, window, location } = day
  const { currency, from, soFar } = window
  const say = (amount: string) => formatAmount(amount, currency)
  const whose = namesBusiness ? `${describeBusiness(day.business)}: ` : ''
  const when = `${day.weekday} ${from}${soFar === undefined ? '' : `, so far (${soFar})`}`
  const list = <Row>(what: string, rows: readonly Row[], one: (row: Row) => string) =>
    rows.length === 0 ? '' : `${what}: ${rows.map(one).join('; ')}`

  return [
    `${whose}${headline(figures, day.salesWithTax, currency)} — ${when}${atPlace(location)}.`,
    describeCompared(comparison.previous, currency),
    describeMean(day, say),
    describeCompared(comparison.year, currency),
    describeWithoutTime(day, say),
    `${describeFigures(figures, currency)} · ${counted(figures.refunds, 'refund')} · ${counted(figures.unitsSold, 'unit')}`,
    list(
      'By hour, net (orders)',
      day.byHour,
      (row) => `${row.hour}h ${grouped(row.netSales)} (${grouped(String(row.orders))})`,
    ),
    ...(day.topProducts.length === 0
      ? []
      : [
          `Top ${counted(day.topProducts.length, 'product')}, net:`,
          table(
            ['product', 'SKU', 'units', 'net'],
            day.topProducts.map((row) => [row.name, row.sku, row.unitsSold, grouped(row.netSales)]),
          ),
        ]),
    list(
      'Paid, with tax and tips',
      day.payments,
      ({ method, payments, amount, refunded }) =>
        `${method} ${grouped(amount)} in ${counted(payments, 'payment')}${Number(refunded) === 0 ? '' : ` (refunded ${grouped(refunded)})`}`,
    ),
    day.withoutPayment === undefined ? '' : describeMissing(day.withoutPayment, currency),
    list(
      'Largest refunds, with tax and tips',
      day.refunds,
      ({ orderNumber, total, reason }) => `${orderNumber} ${grouped(total)}${reason === null ? '' : ` ${reason}`}`,
    ),
    list(
      'Largest discounts, of gross sales without tax',
      day.discounts,
      (row) => `${row.orderNumber} ${grouped(row.discount)} of ${grouped(row.grossSales)}`,
    ),
    list(
      'Low stock now, of what sold',
      day.lowStockNow,
      (row) => `${row.name} [${row.sku}] ${row.onHand} left at ${row.location} (reorder at ${row.reorderPoint})`,
    ),
    ...(day.standsOut.length === 0 ? [] : [`Stands out:\n${day.standsOut.map((each) => `- ${each}`).join('\n')}`]),
    day.terms,
  ]
    .filter((line) => line !== '')
    .join('\n')
}

function describeMean({ weekday, window, comparison }: Day, say: (amount: string) => string): string {
  const { dates, netSales, changePercent } = comparison.meanOfLastFour
  if (netSales === undefined) return ''
  const same = window.soFar === undefined ? '' : ` up to ${window.soFar}`
  const days =
    dates.length === 1 ? `${weekday} before` : `last ${dates.length} ${weekday}s (${dates.at(-1)} to ${dates[0]})`
  return `Mean of the ${days}${same}: ${say(netSales)} net, without tax (${describeChange(changePercent ?? null)}).`
}

function describeWithoutTime({ withoutTime, window }: Day, say: (amount: string) => string): string {
  if (withoutTime === undefined) return ''
  const { netSales, comparedDays } = withoutTime
  if (window.soFar === undefined) return `Of these, ${say(netSales)} have no time of day and are in no hour.`
  return (
    `Sales without a time of day are in no hour and on neither side of "up to ${window.soFar}": ${say(netSales)} of ` +
    `today${comparedDays === undefined ? '' : `, ${say(comparedDays)} of the days compared with`}.`
  )
}
