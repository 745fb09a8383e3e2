import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency } from '../../money/money.ts'
import { Nullable, NullableText } from '../../results/schema.ts'
import { clean, cleanOrNull } from '../../results/text.ts'
import { localDate, localMinute } from '../../time/local.ts'
import type { OrderRow } from './orders.ts'

/** A client as orders name it. */
export const ClientRef = Type.Object({ code: Type.String(), name: Type.String() })

/** An order by itself. */
export const OrderSummarySchema = Type.Object({
  id: Type.String(),
  orderNumber: Type.String(),
  status: Type.String({ description: 'open, completed or cancelled' }),
  orderType: Type.String(),
  openedAt: Type.String({ description: 'On the clock of its location' }),
  completedAt: NullableText,
  location: Type.String(),
  client: Nullable(ClientRef),
  soldBy: NullableText,
  netSales: Type.String(),
  tax: Type.String(),
  tips: Type.String(),
  total: Type.String(),
  refunded: Type.String(),
})
export type OrderSummary = Static<typeof OrderSummarySchema>

/** What the amounts of orders mean. */
export const ORDER_TERMS =
  'net and discounts are without tax; total and refunded are with tax and tips; tax = total − net − tips'

/** An instant on the clock of a place; the day alone if the time is not known. */
export function localStamp(instant: Date, timezone: string, hasTime: boolean): string {
  return hasTime ? localMinute(instant, timezone) : localDate(instant, timezone)
}

/** Makes a summary of a database row; texts of strangers are cleaned. */
export function orderSummary(row: OrderRow, currency: Currency): OrderSummary {
  const stamp = (instant: Date) => localStamp(instant, row.timezone, row.has_time)
  return {
    id: row.id,
    orderNumber: clean(row.order_number, 60),
    status: row.status,
    orderType: clean(row.order_type, 40),
    openedAt: stamp(row.opened_at),
    completedAt: row.completed_at === null ? null : stamp(row.completed_at),
    location: clean(row.location, 60),
    client:
      row.client === null || row.client_code === null
        ? null
        : { code: clean(row.client_code, 40), name: clean(row.client, 80) },
    soldBy: cleanOrNull(row.sold_by, 60),
    netSales: amountOf(row.net_sales, currency),
    tax: amountOf(row.tax, currency),
    tips: amountOf(row.tips, currency),
    total: amountOf(row.total, currency),
    refunded: amountOf(row.refunded, currency),
  }
}
