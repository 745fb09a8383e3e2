import { type Static, Type } from '@sinclair/typebox'
import { formatMoney, MoneySchema } from '../../money/money.ts'
import { PAGE_OUTPUT } from '../../results/cursor.ts'
import { NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { OrderSummarySchema } from './order-summary.ts'

/** An order with its lines, payments and refunds. */
export const OrderDetailSchema = Type.Object({
  order: OrderSummarySchema,
  grossSales: MoneySchema,
  discounts: MoneySchema,
  returns: MoneySchema,
  note: NullableText,
  cancelReason: NullableText,
  lines: Type.Array(
    Type.Object({
      line: Type.Integer(),
      variantId: Type.String(),
      sku: Type.String(),
      name: Type.String(),
      quantity: Type.String({ description: 'Negative: a return' }),
      unitPrice: Type.String(),
      priceIncludesTax: Type.Boolean(),
      discount: Type.String(),
      netSales: Type.String(),
      tax: Type.String(),
    }),
    { description: 'Amounts in the currency of the order' },
  ),
  ...PAGE_OUTPUT,
  payments: Type.Array(
    Type.Object({ method: Type.String(), amount: MoneySchema, paidAt: Type.String(), reference: NullableText }),
  ),
  refunds: Type.Array(
    Type.Object({
      id: Type.String(),
      refundedAt: Type.String(),
      method: Type.String(),
      total: MoneySchema,
      reason: NullableText,
    }),
  ),
})

/** The same as text. */
export function describeOrder(data: Static<typeof OrderDetailSchema>): string {
  const { order } = data
  const client = order.client === null ? '' : ` for ${order.client.name} (${order.client.id})`
  const lines = [
    `Order ${order.orderNumber} is ${order.status}: total ${formatMoney(order.total)}, refunded ${formatMoney(order.refunded)}.`,
    `Opened ${order.openedAt} at ${order.location.name}${client}${order.completedAt === null ? '' : `, completed ${order.completedAt}`}. Id ${order.id}.`,
    `gross ${data.grossSales.amount} · returns ${data.returns.amount} · discounts ${data.discounts.amount} · net ${order.netSales.amount} · tax ${order.tax.amount} · tips ${order.tips.amount}`,
    table(
      ['line', 'product', 'SKU', 'quantity', 'unit price', 'discount', 'net', 'tax'],
      data.lines.map((line) => [
        line.line,
        line.name,
        line.sku,
        line.quantity,
        line.unitPrice,
        line.discount,
        line.netSales,
        line.tax,
      ]),
    ),
  ]
  if (data.nextCursor !== undefined) {
    lines.unshift(
      `Only ${data.lines.length} lines are shown; more follow with cursor ${data.nextCursor} (the totals cover all).`,
    )
  }
  if (data.payments.length > 0) {
    lines.push(`Paid: ${data.payments.map(({ method, amount }) => `${method} ${amount.amount}`).join(', ')}`)
  }
  for (const refund of data.refunds) {
    lines.push(
      `Refund ${refund.refundedAt}: ${refund.total.amount}${refund.reason === null ? '' : ` — ${refund.reason}`}`,
    )
  }
  if (data.cancelReason !== null) lines.push(`Cancelled: ${data.cancelReason}`)
  if (data.note !== null) lines.push(`Note: ${data.note}`)
  return lines.join('\n')
}
