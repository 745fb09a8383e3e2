import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency, type Decimal, percentChange } from '../../money/money.ts'
import { NullableText } from '../../results/schema.ts'
import type { Compared } from '../../time/comparison.ts'
import { weekday } from '../../time/local.ts'
import { signed } from './phrases.ts'
import { netSales, type SalesSums } from './sales-figures.ts'

/** A stretch that is compared with a window, or why it is not. */
export const ComparedSchema = Type.Object({
  from: Type.Optional(Type.String()),
  to: Type.Optional(Type.String()),
  weekday: Type.Optional(Type.String({ description: 'Of a single day' })),
  until: Type.Optional(Type.String({ description: 'Local time up to which the last day counts' })),
  reason: Type.Optional(Type.String({ description: 'Why there are no figures' })),
})
export type ComparedStretch = Static<typeof ComparedSchema>

/**
 * What may be said of a stretch beside a window: nothing but the reason if the first sale on file is later than its
 * first day, because what was sold before is not known.
 */
export function comparable(stretch: Compared, salesSince: string | null): ComparedStretch {
  if ('reason' in stretch) return stretch
  const { from, to, until } = stretch
  const days = {
    from,
    to,
    ...(from === to && { weekday: weekday(from) }),
    ...(until === null ? {} : { until: until.slice(0, 5) }),
  }
  if (salesSince === null) return { ...days, reason: 'there are no sales on file' }
  return salesSince <= from ? days : { ...days, reason: `sales on file begin on ${salesSince}` }
}

/** Sales of a stretch, and the changes since, for a result; only the reason if they may not stand beside a window. */
export const ComparedSalesSchema = Type.Object({
  ...ComparedSchema.properties,
  netSales: Type.Optional(Type.String()),
  orders: Type.Optional(Type.Integer()),
  averageSale: Type.Optional(NullableText),
  changePercent: Type.Optional(
    Type.Object({ netSales: NullableText, orders: NullableText, averageSale: NullableText }),
  ),
})
export type ComparedSales = Static<typeof ComparedSalesSchema>

/** @param sums of the window, up to now, and of the stretch */
export function comparedSales(
  stretch: Compared,
  salesSince: string | null,
  sums: { now: SalesSums; before: SalesSums },
  currency: Currency,
): ComparedSales {
  const days = comparable(stretch, salesSince)
  if (days.reason !== undefined) return days
  const [now, before] = [sums.now, sums.before].map((each) => {
    const [net, orders] = [netSales(each), Number(each.orders)]
    return { net, orders, average: orders === 0 ? null : net.div(orders) }
  }) as [Means, Means]
  return {
    ...days,
    netSales: amountOf(before.net, currency),
    orders: before.orders,
    averageSale: before.average && amountOf(before.average, currency),
    changePercent: {
      netSales: percentChange(now.net, before.net),
      orders: percentChange(now.orders, before.orders),
      averageSale: now.average && before.average && percentChange(now.average, before.average),
    },
  }
}

interface Means {
  net: Decimal
  orders: number
  average: Decimal | null
}

/** The days of a stretch in words: `Tuesday 2026-11-17 up to 04:48`. */
export function describeStretch({ from = '', to = '', until }: ComparedStretch): string {
  if (from === to) return `${weekday(from)} ${from}${until === undefined ? '' : ` up to ${until}`}`
  return `${from} to ${to}${until === undefined ? '' : `, its last day up to ${until}`}`
}

/** A sentence instead of figures that would not be comparable. */
export function describeIncomparable(compared: ComparedStretch): string {
  const what = compared.from === undefined ? '' : ` with ${describeStretch(compared)}`
  return `Not compared${what}: ${compared.reason}.`
}

/** The cells of a table that compare: the earlier value, and the change in percent with its sign. */
export function changeCells(before: string | null | undefined, changePercent: string | null | undefined): string[] {
  return [before ?? '–', changePercent == null ? '–' : signed(changePercent)]
}
