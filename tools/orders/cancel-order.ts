import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { ServiceError } from '../../src/errors.ts'
import { DoneBy, Id } from '../../src/mcp/arguments.ts'
import { changing, defineTool } from '../../src/mcp/tool.ts'
import { amountOf, formatAmount } from '../../src/money/money.ts'
import { requireOwnOfToday } from '../../src/pos/orders/limits.ts'
import { countShown, describeStockChanges, StockChangesSchema } from '../../src/pos/orders/order-stock.ts'
import { cancelOrder, lockOrder } from '../../src/pos/orders/order-writing.ts'
import { doerOf } from '../../src/pos/orders/staff.ts'
import { StringEnum } from '../../src/results/schema.ts'
import { clean } from '../../src/results/text.ts'

export default defineTool({
  name: 'cancel_order',
  title: 'Cancel order',
  description:
    'Undoes an order: it counts in no report any more, and its stock is put back. For an open order, or a sale of the ' +
    'same local day without refunds; otherwise use refund_order.',
  scopes: ['pos:write'],
  annotations: changing,
  mode: 'write',
  input: Type.Object({
    order: Id('Number, its end, or id'),
    reason: Type.String({ minLength: 1, maxLength: 300 }),
    employee: DoneBy,
    expectedStatus: Type.Optional(StringEnum(['open', 'completed'], { description: 'Refuse if it is another' })),
  }),
  output: Type.Object({
    order: Type.Object({
      id: Type.String(),
      number: Type.String(),
      status: Type.String(),
      previousStatus: Type.String(),
      total: Type.String(),
      refundable: Type.String(),
    }),
    currency: Type.String(),
    stock: StockChangesSchema,
    hasMore: Type.Boolean({ description: 'stock was cut' }),
  }),
  async handler({ order: reference, reason, expectedStatus, employee }, context) {
    const { db, business, principal, now, dryRun } = context
    const [order, doer] = await together([lockOrder(db, business.id, reference), doerOf(context, employee)])
    requireOwnOfToday(context, order, doer)
    if (expectedStatus !== undefined && order.status !== expectedStatus) {
      throw new ServiceError('conflict', `expectedStatus: the order is ${order.status}. Nothing was written.`)
    }
    const author = { businessId: business.id, createdBy: principal.ref, now, employee: doer }
    const stock = await cancelOrder(db, author, order, reason)

    const number = clean(order.order_number, 60)
    const total = amountOf(order.total, business)
    const payBack =
      order.status === 'completed' ? ` What ${dryRun ? 'is' : 'was'} paid for it is to be given back.` : ''
    const cancelled = dryRun
      ? `Would cancel order ${number}, which is ${order.status}`
      : `Order ${number} was ${order.status} and is now cancelled`
    const shown = countShown(stock)
    return {
      text: [
        `${cancelled}; its total ${dryRun ? 'is' : 'was'} ${formatAmount(total, business.currency)} with tax and tips.${payBack}`,
        describeStockChanges(stock, shown, dryRun),
      ].join('\n'),
      data: {
        order: {
          id: order.id,
          number,
          status: 'cancelled',
          previousStatus: order.status,
          total,
          refundable: amountOf(0, business),
        },
        currency: business.currency,
        stock: stock.slice(0, shown),
        hasMore: stock.length > shown,
      },
      subject: `order ${order.id}`,
    }
  },
})
