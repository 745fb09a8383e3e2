import { Type } from '@sinclair/typebox'
import { ServiceError } from '../../src/errors.ts'
import { Amount, Id, Quantity } from '../../src/mcp/arguments.ts'
import { changing, defineTool } from '../../src/mcp/tool.ts'
import { Decimal, money, quantity } from '../../src/money/money.ts'
import { expectAmount, paymentMethodOf } from '../../src/pos/orders/order-pricing.ts'
import { describeCut, describeStockChanges, MAX_SHOWN } from '../../src/pos/orders/order-stock.ts'
import { type LockedOrder, lockOrder } from '../../src/pos/orders/order-writing.ts'
import { paidFor } from '../../src/pos/orders/refund-parts.ts'
import { describeRefund, RefundSchema } from '../../src/pos/orders/refund-text.ts'
import {
  findRefundable,
  largestPaymentMethod,
  partsToRefund,
  writeRefund,
} from '../../src/pos/orders/refund-writing.ts'
import { clean } from '../../src/results/text.ts'

export default defineTool({
  name: 'refund_order',
  title: 'Refund order',
  description:
    'Gives money back for a completed order, in part or whole, and restocks the goods. Line numbers are in get_order; ' +
    'without lines, all that is left goes back. To undo a sale of today use cancel_order.',
  scopes: ['pos:write'],
  annotations: changing,
  mode: 'write',
  input: Type.Object({
    order: Id('Id or order number'),
    lines: Type.Optional(
      Type.Array(
        Type.Object({
          line: Type.Integer({ minimum: 1 }),
          quantity: Type.Optional(Quantity('Units that come back')),
          amount: Type.Optional(Amount('Instead: money with tax, goods kept')),
        }),
        { minItems: 1, maxItems: 100 },
      ),
    ),
    reason: Type.String({ minLength: 1, maxLength: 300 }),
    method: Type.Optional(Type.String({ minLength: 1, maxLength: 40, description: 'Default: of the largest payment' })),
    refundTip: Type.Optional(Type.Boolean({ description: 'Default: true if nothing else is left' })),
    restock: Type.Boolean({ default: true, description: 'Default true' }),
    expectedRefundable: Type.Optional(Amount('Refuse if what is left before differs')),
  }),
  output: RefundSchema,
  async handler({ order: idOrNumber, lines, reason, method, refundTip, restock, ...input }, context) {
    const { db, business, principal, now, dryRun } = context
    const order = await lockOrder(db, business.id, idOrNumber)
    assertCompleted(order)
    const [before, usualMethod] = await Promise.all([
      findRefundable(db, business.id, order),
      largestPaymentMethod(db, business.id, order.id),
    ])
    const guard = { argument: 'expectedRefundable', name: 'what is left to refund' }
    expectAmount(before.total, input.expectedRefundable, guard, business)

    const parts = partsToRefund(before, lines, business)
    const items = Decimal.sum(0, ...parts.map(({ part }) => paidFor(part)))
    const leavesTipOnly = before.total.minus(items).eq(before.tips)
    const tips = (refundTip ?? leavesTipOnly) ? before.tips : new Decimal(0)
    if (parts.length === 0 && tips.isZero()) {
      throw new ServiceError('conflict', 'Nothing of the order is left to refund. Nothing was written.')
    }
    const paidBy = method === undefined ? usualMethod : paymentMethodOf(method, 'method')
    const author = { businessId: business.id, createdBy: principal.ref, now }
    const { id, stock } = await writeRefund(db, author, order, { parts, tips, reason, method: paidBy, restock })

    const amount = (value: Decimal.Value) => money(value, business).amount
    const total = items.plus(tips)
    const data = {
      refund: {
        id: dryRun ? null : id,
        method: clean(paidBy, 40),
        returns: amount(Decimal.sum(0, ...parts.map(({ part }) => part.returns))),
        tax: amount(Decimal.sum(0, ...parts.map(({ part }) => part.tax))),
        tips: amount(tips),
        total: amount(total),
      },
      order: { id: order.id, number: clean(order.order_number, 60) },
      currency: business.currency,
      refundable: amount(before.total.minus(total)),
      lines: parts.slice(0, MAX_SHOWN).map(({ line, part }) => ({
        line: line.line,
        sku: clean(line.sku, 60),
        quantity: quantity(part.quantity),
        total: amount(paidFor(part)),
      })),
      stock: stock.slice(0, MAX_SHOWN),
      hasMore: parts.length > MAX_SHOWN,
    }
    const text = [...describeCut(parts), describeRefund(data), describeStockChanges(stock, dryRun)].join('\n')
    return { text, data, subject: `refund ${id}` }
  },
})

function assertCompleted({ status }: LockedOrder): void {
  if (status === 'completed') return
  throw new ServiceError('conflict', `Only a completed order can be refunded; this one is ${status}.`, {
    ...(status === 'open' ? { hint: 'Use cancel_order for an open order.' } : {}),
  })
}
