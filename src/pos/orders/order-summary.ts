import { type Static, Type } from '@sinclair/typebox'
import { type Currency, MoneySchema, money } from '../../money/money.ts'
import { EntityRef, Nullable, NullableText } from '../../results/schema.ts'
import { clean } from '../../results/text.ts'
import { withOffset } from '../../time/local.ts'
import type { OrderRow } from './orders.ts'

/** An order as lists show it. */
export const OrderSummarySchema = Type.Object({
  id: Type.String(),
  orderNumber: Type.String(),
  status: Type.String({ description: 'open, completed or cancelled' }),
  orderType: Type.String(),
  openedAt: Type.String({ description: 'On the clock of its location' }),
  completedAt: NullableText,
  location: EntityRef,
  client: Nullable(EntityRef),
  netSales: MoneySchema,
  tax: MoneySchema,
  tips: MoneySchema,
  total: MoneySchema,
  refunded: MoneySchema,
})
export type OrderSummary = Static<typeof OrderSummarySchema>

/** Makes a summary of a database row; texts of strangers are cleaned. */
export function orderSummary(row: OrderRow, currency: Currency): OrderSummary {
  return {
    id: row.id,
    orderNumber: clean(row.order_number, 60),
    status: row.status,
    orderType: clean(row.order_type, 40),
    openedAt: withOffset(row.opened_at, row.timezone),
    completedAt: row.completed_at === null ? null : withOffset(row.completed_at, row.timezone),
    location: { id: row.location_id, name: clean(row.location, 60) },
    client:
      row.customer_id === null || row.customer === null ? null : { id: row.customer_id, name: clean(row.customer, 80) },
    netSales: money(row.net_sales, currency),
    tax: money(row.tax, currency),
    tips: money(row.tips, currency),
    total: money(row.total, currency),
    refunded: money(row.refunded, currency),
  }
}
