import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { ServiceError } from '../../src/errors.ts'
import { Amount, DoneBy, Id, Quantity } from '../../src/mcp/arguments.ts'
import { changing, defineTool } from '../../src/mcp/tool.ts'
import { amountOf, Decimal, quantity } from '../../src/money/money.ts'
import { requireRefundable } from '../../src/pos/orders/limits.ts'
import { expectAmount, paymentMethodOf } from '../../src/pos/orders/order-pricing.ts'
import { countShown, describeCut, describeStockChanges } from '../../src/pos/orders/order-stock.ts'
import { type LockedOrder, lockOrder } from '../../src/pos/orders/order-writing.ts'
import { methodsBack, methodsLeft } from '../../src/pos/orders/refund-methods.ts'
import { paidFor } from '../../src/pos/orders/refund-parts.ts'
import { describeRefund, RefundSchema } from '../../src/pos/orders/refund-text.ts'
import { findRefundable, partsToRefund, writeRefund } from '../../src/pos/orders/refund-writing.ts'
import { doerOf } from '../../src/pos/orders/staff.ts'
import { clean } from '../../src/results/text.ts'

export default defineTool({
  name: 'refund_order',
  title: 'Refund order',
  description:
    'Gives money back for a completed order, in part or whole, as it was paid. Line numbers are in get_order; without ' +
    'lines, all that is left goes back. To undo a sale of today use cancel_order.',
  scopes: ['pos:write'],
  annotations: changing,
  mode: 'write',
  input: Type.Object({
    order: Id('Number, its end, or id'),
    lines: Type.Optional(
      Type.Array(
        Type.Object({
          line: Type.Integer({ minimum: 1 }),
          quantity: Type.Optional(Quantity('Units that come back')),
          amount: Type.Optional(Amount('Instead: money with tax, goods kept')),
          restock: Type.Optional(Type.Boolean()),
        }),
        { minItems: 1, maxItems: 100 },
      ),
    ),
    reason: Type.String({ minLength: 1, maxLength: 300 }),
    method: Type.Optional(Type.String({ minLength: 1, maxLength: 40, description: 'Default: as paid' })),
    refundTip: Type.Optional(Type.Boolean({ description: 'Default: true if nothing else is left' })),
    restock: Type.Optional(Type.Boolean({ description: 'Goods back on the shelf? Ask; false for broken goods' })),
    employee: DoneBy,
    expectedRefundable: Type.Optional(Amount('Refuse if what is left before differs')),
  }),
  output: RefundSchema,
  async handler({ order: reference, lines, reason, method, refundTip, restock, employee, ...input }, context) {
    const { db, business, principal, now, dryRun } = context
    const [order, doer] = await together([lockOrder(db, business.id, reference), doerOf(context, employee)])
    assertCompleted(order)
    const [before, left] = await Promise.all([
      findRefundable(db, business.id, order),
      methodsLeft(db, business.id, order.id),
    ])
    const guard = { argument: 'expectedRefundable', name: 'what is left to refund' }
    expectAmount(before.total, input.expectedRefundable, guard, business)

    const parts = partsToRefund(before, lines, restock, business)
    const items = Decimal.sum(0, ...parts.map(({ part }) => paidFor(part)))
    const leavesTipOnly = before.total.minus(items).eq(before.tips)
    const tips = (refundTip ?? leavesTipOnly) ? before.tips : new Decimal(0)
    if (parts.length === 0 && tips.isZero()) {
      throw new ServiceError('conflict', 'Nothing of the order is left to refund. Nothing was written.')
    }
    const total = items.plus(tips)
    requireRefundable(context, order, { before: before.total, total })
    const asked = method === undefined ? undefined : paymentMethodOf(method, 'method')
    const methods = methodsBack(total, asked, { left, refundable: before.total }, business)
    const author = { businessId: business.id, createdBy: principal.ref, now, employee: doer }
    const { id, stock } = await writeRefund(db, author, order, { parts, tips, reason, methods })

    const amount = (value: Decimal.Value) => amountOf(value, business)
    const refunded = parts.map(({ line, part, restock }) => ({
      line: line.line,
      sku: clean(line.sku, 60),
      quantity: quantity(part.quantity),
      total: amount(paidFor(part)),
      // No stock may be kept of the product.
      restocked: restock && part.quantity.gt(0) && stock.some(({ sku }) => sku === clean(line.sku, 60)),
    }))
    const shown = countShown(refunded, stock)
    const data = {
      refund: {
        id: dryRun ? null : id,
        methods: methods.map((part) => ({ method: clean(part.method, 40), amount: amount(part.amount) })),
        returns: amount(Decimal.sum(0, ...parts.map(({ part }) => part.returns))),
        tax: amount(Decimal.sum(0, ...parts.map(({ part }) => part.tax))),
        tips: amount(tips),
        total: amount(total),
      },
      order: { id: order.id, number: clean(order.order_number, 60) },
      currency: business.currency,
      refundable: amount(before.total.minus(total)),
      lines: refunded.slice(0, shown),
      stock: stock.slice(0, shown),
      hasMore: parts.length > shown,
    }
    const text = [...describeCut(parts, shown), describeRefund(data), describeStockChanges(stock, shown, dryRun)].join(
      '\n',
    )
    return { text, data, subject: `refund ${id}` }
  },
})

function assertCompleted({ status }: LockedOrder): void {
  if (status === 'completed') return
  throw new ServiceError('conflict', `Only a completed order can be refunded; this one is ${status}.`, {
    ...(status === 'open' ? { hint: 'Use cancel_order for an open order.' } : {}),
  })
}
