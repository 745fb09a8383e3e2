import { type Static, Type } from '@sinclair/typebox'
import { describeBusiness } from '../../auth/principal.ts'
import { formatMoney, MoneySchema } from '../../money/money.ts'
import { EntityRef, Nullable, NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { weekday } from '../../time/local.ts'
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
} from '../reports/phrases.ts'
import { describeFigures, SalesFiguresSchema } from '../reports/sales-figures.ts'

/** A day of one business; amounts in rows are in the currency of the window. */
export const DaySchema = Type.Object({
  business: EntityRef,
  window: WindowSchema,
  location: Nullable(EntityRef),
  isComplete: Type.Boolean({ description: 'false: the day is still running' }),
  until: Nullable(Type.String(), { description: 'Local time up to which it is compared' }),
  figures: SalesFiguresSchema,
  comparison: Type.Object({
    lastWeek: Type.Object({ date: Type.String(), netSales: MoneySchema, changePercent: NullableText }),
    meanOfLastFour: Type.Object({
      dates: Type.Array(Type.String()),
      netSales: MoneySchema,
      changePercent: NullableText,
    }),
  }),
  byHour: Type.Array(Type.Object({ hour: Type.Integer(), orders: Type.Integer(), netSales: MoneySchema })),
  topProducts: Type.Array(
    Type.Object({ product: EntityRef, sku: Type.String(), unitsSold: Type.String(), netSales: MoneySchema }),
  ),
  payments: Type.Array(
    Type.Object({ method: Type.String(), payments: Type.Integer(), amount: MoneySchema, refunded: MoneySchema }),
  ),
  refundsWorthALook: Type.Array(
    Type.Object({ orderId: Type.String(), orderNumber: Type.String(), total: MoneySchema, reason: NullableText }),
  ),
  discountsWorthALook: Type.Array(
    Type.Object({ orderId: Type.String(), orderNumber: Type.String(), discount: MoneySchema, grossSales: MoneySchema }),
  ),
  lowStockSoldToday: Type.Array(
    Type.Object({
      variantId: Type.String(),
      sku: Type.String(),
      name: Type.String(),
      location: Type.String(),
      onHand: Type.String(),
      reorderPoint: Type.String(),
    }),
  ),
})
export type Day = Static<typeof DaySchema>

/** How much detail each business gets. */
interface Detail {
  products: number
  payments: number
  notable: number
  stocks: number
  hasHours: boolean
}

/** The full detail, for a single business. */
export const FULL: Detail = { products: 5, payments: 8, notable: 3, stocks: 5, hasHours: true }
const DETAILS: Record<Fullness, Detail> = {
  full: FULL,
  short: { products: 3, payments: 3, notable: 1, stocks: 1, hasHours: false },
  shortest: { products: 0, payments: 0, notable: 0, stocks: 0, hasHours: false },
}

/** Days cut to the detail for so many businesses, the same in text and data, and what was left out. */
export function summarizeDays(all: readonly Day[]): { days: Day[]; text: string; leftOut: string } {
  const detail = DETAILS[fullnessOf(all.length)]
  const days = all.slice(0, MAX_BUSINESSES).map((day) => shorten(day, detail))
  const leftOut = describeLeftOut(all.length, {
    withoutShort: 'Hours are',
    limits: `At most ${detail.products} products, ${detail.payments} payment methods, ${detail.stocks} low stocks, ${detail.notable} refunds and discounts are named.`,
  })
  const texts = days.map((day) => describeDay(day, { namesBusiness: all.length > 1, detail }))
  return { days, text: [...texts, leftOut].join(all.length > 1 ? '\n\n' : '\n'), leftOut }
}

function shorten(day: Day, detail: Detail): Day {
  return {
    ...day,
    byHour: detail.hasHours ? day.byHour : [],
    topProducts: day.topProducts.slice(0, detail.products),
    payments: day.payments.slice(0, detail.payments),
    refundsWorthALook: day.refundsWorthALook.slice(0, detail.notable),
    discountsWorthALook: day.discountsWorthALook.slice(0, detail.notable),
    lowStockSoldToday: day.lowStockSoldToday.slice(0, detail.stocks),
  }
}

function describeDay(day: Day, { namesBusiness, detail }: { namesBusiness: boolean; detail: Detail }): string {
  const { figures, comparison, window, location } = day
  const { lastWeek, meanOfLastFour } = comparison
  const whose = namesBusiness ? `${describeBusiness(day.business)}: ` : ''
  const when = `${weekday(window.from)} ${window.from}${day.until === null ? '' : `, so far (${day.until})`}`
  const same = day.until === null ? '' : ' up to the same time'

  const lines = [
    `${whose}${headline(figures, window.currency)} — ${when}${atPlace(location)}.`,
    `Against last ${weekday(lastWeek.date)}${same}: ${formatMoney(lastWeek.netSales)} (${describeChange(lastWeek.changePercent)}); ` +
      `mean of the last four${same}: ${formatMoney(meanOfLastFour.netSales)} (${describeChange(meanOfLastFour.changePercent)}).`,
  ]
  if (detail.hasHours) lines.push(`${describeFigures(figures, window.currency)} · refunds ${figures.refunds}`)
  if (day.byHour.length > 0) {
    lines.push(`By hour: ${day.byHour.map(({ hour, netSales: { amount } }) => `${hour}h ${amount}`).join(', ')}`)
  }
  if (day.topProducts.length > 0) {
    lines.push(
      `Top ${day.topProducts.length} products:`,
      table(
        ['product', 'SKU', 'units', 'net'],
        day.topProducts.map((row) => [row.product.name, row.sku, row.unitsSold, row.netSales.amount]),
      ),
    )
  }
  if (day.payments.length > 0) {
    lines.push(
      `Paid, with tax and tips: ${day.payments
        .map(
          ({ method, amount, refunded }) =>
            `${method} ${amount.amount}${Number(refunded.amount) === 0 ? '' : ` (refunded ${refunded.amount})`}`,
        )
        .join(', ')}`,
    )
  }
  if (day.refundsWorthALook.length > 0) {
    lines.push(
      `Refunds to look at: ${day.refundsWorthALook
        .map(({ orderNumber, total, reason }) => `${orderNumber} ${total.amount}${reason === null ? '' : ` ${reason}`}`)
        .join('; ')}`,
    )
  }
  if (day.discountsWorthALook.length > 0) {
    lines.push(
      `Largest discounts: ${day.discountsWorthALook
        .map(({ orderNumber, discount, grossSales }) => `${orderNumber} ${discount.amount} of ${grossSales.amount}`)
        .join('; ')}`,
    )
  }
  if (day.lowStockSoldToday.length > 0) {
    lines.push(
      `Low stock of what sold: ${day.lowStockSoldToday
        .map(
          ({ name, sku, location: place, onHand, reorderPoint }) =>
            `${name} [${sku}] ${onHand} left at ${place} (reorder at ${reorderPoint})`,
        )
        .join('; ')}`,
    )
  }
  lines.push(describeTerms(window))
  return lines.join('\n')
}
