import { Type } from '@sinclair/typebox'
import { ServiceError } from '../../src/errors.ts'
import { Id } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { money, quantity } from '../../src/money/money.ts'
import { orderSummary } from '../../src/pos/orders/order-summary.ts'
import { describeOrder, OrderDetailSchema } from '../../src/pos/orders/order-text.ts'
import { findOrder, noSuchOrder } from '../../src/pos/orders/orders.ts'
import { decodeCursor, page } from '../../src/results/cursor.ts'
import { Cursor } from '../../src/results/schema.ts'
import { clean, cleanOrNull } from '../../src/results/text.ts'
import { untrusted } from '../../src/results/untrusted.ts'
import { withOffset } from '../../src/time/local.ts'

const MAX_LINES = 100

export default defineTool({
  name: 'get_order',
  title: 'Order',
  description:
    'One order with its lines, payments and refunds. Use list_orders to find it. Line amounts are without tax, the ' +
    'price is as on the tag.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ order: Id('Id or order number'), cursor: Cursor }),
  output: OrderDetailSchema,
  async handler({ order: idOrNumber, cursor }, { db, business }) {
    const after = lineOf(cursor)
    const found = await findOrder(db, business.id, idOrNumber, { limit: MAX_LINES + 1, after })
    if (found === null) throw noSuchOrder()
    const { timezone } = found.order
    const order = orderSummary(found.order, business)
    const { items: lines, ...more } = page(
      found.items,
      MAX_LINES,
      (item) => [String(item.line_number)],
      (item) => ({
        line: item.line_number,
        variantId: item.variant_id,
        sku: clean(item.sku, 60),
        name: clean(item.name),
        quantity: quantity(item.quantity),
        unitPrice: money(item.unit_price, business).amount,
        priceIncludesTax: item.tax_included,
        discount: money(item.discount, business).amount,
        netSales: money(item.net_sales, business).amount,
        tax: money(item.tax, business).amount,
      }),
    )
    const payments = found.payments.map((payment) => ({
      method: clean(payment.method, 40),
      amount: money(payment.amount, business),
      paidAt: withOffset(payment.paid_at, timezone),
      reference: cleanOrNull(payment.reference, 60),
    }))
    const refunds = found.refunds.map((refund) => ({
      id: refund.id,
      refundedAt: withOffset(refund.refunded_at, timezone),
      method: clean(refund.method, 40),
      total: money(refund.total, business),
      reason: untrusted(refund.reason, 80),
    }))
    const data = {
      order,
      grossSales: money(found.order.gross_sales, business),
      discounts: money(found.order.discounts, business),
      returns: money(found.order.returns, business),
      note: untrusted(found.order.note, 200),
      cancelReason: untrusted(found.order.cancel_reason, 200),
      lines,
      ...more,
      payments,
      refunds,
    }
    return { text: describeOrder(data), data }
  },
})

/** @throws ServiceError `invalid_argument` for a cursor of another tool */
function lineOf(cursor: string | undefined): number {
  const [line = '0'] = decodeCursor(cursor, 1) ?? []
  if (/^\d{1,6}$/.test(line)) return Number(line)
  throw new ServiceError('invalid_argument', 'cursor is not one that get_order gave.')
}
