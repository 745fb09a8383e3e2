import { type Static, Type } from '@sinclair/typebox'
import { formatAmount, grouped } from '../../money/money.ts'
import { areShown } from '../../results/counted.ts'
import { PAGE_OUTPUT } from '../../results/cursor.ts'
import { NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { OrderSummarySchema } from './order-summary.ts'

const MethodAmounts = Type.Array(Type.Object({ method: Type.String(), amount: Type.String() }))

/** An order with its lines, payments and refunds. */
export const OrderDetailSchema = Type.Object({
  order: OrderSummarySchema,
  currency: Type.String(),
  terms: Type.String(),
  grossSales: Type.String(),
  discounts: Type.String(),
  returns: Type.String(),
  discountedBy: NullableText,
  note: NullableText,
  cancelledAt: NullableText,
  cancelledBy: NullableText,
  cancelReason: NullableText,
  lines: Type.Array(
    Type.Object({
      line: Type.Integer(),
      sku: Type.String(),
      name: Type.String(),
      quantity: Type.String({ description: 'Negative: a return' }),
      unitPrice: Type.String(),
      discount: Type.String(),
      netSales: Type.String(),
      tax: Type.String(),
    }),
  ),
  ...PAGE_OUTPUT,
  payments: Type.Array(
    Type.Object({ method: Type.String(), amount: Type.String(), paidAt: Type.String(), reference: NullableText }),
  ),
  refunds: Type.Array(
    Type.Object({
      refundedAt: Type.String(),
      methods: MethodAmounts,
      total: Type.String(),
      refundedBy: NullableText,
      reason: NullableText,
    }),
  ),
})

/** The same as text. */
export function describeOrder(data: Static<typeof OrderDetailSchema>): string {
  const { order, currency } = data
  const client = order.client === null ? '' : `, client ${order.client.name} (${order.client.code})`
  const seller = order.soldBy === null ? '' : `, sold by ${order.soldBy}`
  const discounter = data.discountedBy === null ? '' : ` (by ${data.discountedBy})`
  const amounts = (parts: readonly { method: string; amount: string }[]) =>
    parts.map(({ method, amount }) => `${method} ${grouped(amount)}`).join(', ')
  const lines = [
    `Order ${order.orderNumber} is ${order.status}: total ${formatAmount(order.total, currency)} with tax, refunded ${formatAmount(order.refunded, currency)}.`,
    `Opened ${order.openedAt} at ${order.location}${order.completedAt === null ? '' : `, completed ${order.completedAt}`}, ${order.orderType}${client}${seller}.`,
    `gross ${grouped(data.grossSales)} · returns ${grouped(data.returns)} · discounts ${grouped(data.discounts)}${discounter} · net ${grouped(order.netSales)} · tax ${grouped(order.tax)} · tips ${grouped(order.tips)}`,
    table(
      ['line', 'product', 'SKU', 'quantity', 'unit price', 'discount', 'net', 'tax'],
      data.lines.map((line) => [
        line.line,
        line.name,
        line.sku,
        line.quantity,
        grouped(line.unitPrice),
        grouped(line.discount),
        grouped(line.netSales),
        grouped(line.tax),
      ]),
    ),
  ]
  if (data.nextCursor !== undefined) {
    lines.unshift(
      `Only ${areShown(data.lines.length, 'lines')}; more follow with cursor ${data.nextCursor} (the totals cover all).`,
    )
  }
  for (const payment of data.payments) {
    const reference = payment.reference === null ? '' : ` (${payment.reference})`
    lines.push(`Paid ${payment.paidAt}: ${payment.method} ${grouped(payment.amount)}${reference}`)
  }
  for (const refund of data.refunds) {
    const by = refund.refundedBy === null ? '' : ` by ${refund.refundedBy}`
    const reason = refund.reason === null ? '' : ` — ${refund.reason}`
    lines.push(
      `Refund ${refund.refundedAt}${by}: ${formatAmount(refund.total, currency)} (${amounts(refund.methods)})${reason}`,
    )
  }
  if (order.status === 'cancelled') {
    const by = data.cancelledBy === null ? '' : ` by ${data.cancelledBy}`
    lines.push(`Cancelled${data.cancelledAt === null ? '' : ` ${data.cancelledAt}`}${by}: ${data.cancelReason ?? '–'}`)
  }
  if (data.note !== null) lines.push(`Note: ${data.note}`)
  lines.push(`Amounts in ${currency}: ${data.terms}.`)
  return lines.join('\n')
}
