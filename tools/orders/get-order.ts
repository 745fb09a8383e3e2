import { Type } from '@sinclair/typebox'
import { ServiceError } from '../../src/errors.ts'
import { Id } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, type Decimal, money, quantity } from '../../src/money/money.ts'
import { noSuchOrder } from '../../src/pos/orders/order-references.ts'
import { localStamp, ORDER_TERMS, orderSummary } from '../../src/pos/orders/order-summary.ts'
import { describeOrder, OrderDetailSchema } from '../../src/pos/orders/order-text.ts'
import { findOrder } from '../../src/pos/orders/orders.ts'
import { refundMethods } from '../../src/pos/orders/refunds.ts'
import { decodeCursor, page } from '../../src/results/cursor.ts'
import { Cursor } from '../../src/results/schema.ts'
import { clean, cleanOrNull } from '../../src/results/text.ts'
import { untrusted } from '../../src/results/untrusted.ts'
import { localMinute } from '../../src/time/local.ts'

const MAX_LINES = 100
// The text of a line is as long as its data.
const MAX_TOKENS = 3400

export default defineTool({
  name: 'get_order',
  title: 'Order',
  description:
    'One order with its lines, payments and refunds. Use list_orders to find it. Line amounts are without tax, the ' +
    'price is as on the tag.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ order: Id('Number, its end, or id'), cursor: Cursor }),
  output: OrderDetailSchema,
  async handler({ order: reference, cursor }, { db, business }) {
    const after = lineOf(cursor)
    const found = await findOrder(db, business.id, reference, { limit: MAX_LINES + 1, after })
    if (found === null) throw await noSuchOrder(db, business.id, reference)
    const { timezone, has_time: hasTime } = found.order
    const amount = (value: Decimal.Value) => amountOf(value, business)
    const { items: lines, ...more } = page(
      found.items,
      MAX_LINES,
      (item) => [String(item.line_number)],
      (item) => ({
        line: item.line_number,
        sku: clean(item.sku, 60),
        name: clean(item.name),
        quantity: quantity(item.quantity),
        unitPrice: money(item.unit_price, business).amount,
        discount: amount(item.discount),
        netSales: amount(item.net_sales),
        tax: amount(item.tax),
      }),
      MAX_TOKENS,
    )
    const payments = found.payments.map((payment) => ({
      method: clean(payment.method, 40),
      amount: amount(payment.amount),
      paidAt: localStamp(payment.paid_at, timezone, hasTime),
      reference: cleanOrNull(payment.reference, 60),
    }))
    const refunds = found.refunds.map((refund) => ({
      refundedAt: localStamp(refund.refunded_at, timezone, refund.has_time),
      methods: refundMethods(refund, business),
      total: amount(refund.total),
      refundedBy: cleanOrNull(refund.refunded_by, 60),
      reason: untrusted(refund.reason, 80),
    }))
    const price = found.items[0]?.tax_included === true ? 'with tax' : 'without tax'
    const data = {
      order: orderSummary(found.order, business),
      currency: business.currency,
      terms: `${ORDER_TERMS}; gross, returns and the amounts of lines are without tax, unit prices ${price}`,
      grossSales: amount(found.order.gross_sales),
      discounts: amount(found.order.discounts),
      returns: amount(found.order.returns),
      discountedBy: cleanOrNull(found.order.discounted_by, 60),
      note: untrusted(found.order.note, 200),
      cancelledAt: found.order.cancelled_at === null ? null : localMinute(found.order.cancelled_at, timezone),
      cancelledBy: cleanOrNull(found.order.cancelled_by, 60),
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
