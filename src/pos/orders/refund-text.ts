import { type Static, Type } from '@sinclair/typebox'
import { formatAmount, grouped } from '../../money/money.ts'
import { NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { StockChangesSchema } from './order-stock.ts'

/** A new refund. */
export const RefundSchema = Type.Object({
  refund: Type.Object({
    id: NullableText,
    methods: Type.Array(Type.Object({ method: Type.String(), amount: Type.String() })),
    returns: Type.String({ description: 'Without tax' }),
    tax: Type.String(),
    tips: Type.String(),
    total: Type.String(),
  }),
  order: Type.Object({ id: Type.String(), number: Type.String() }),
  currency: Type.String(),
  refundable: Type.String({ description: 'Left after it, with tax and tips' }),
  lines: Type.Array(
    Type.Object({
      line: Type.Integer(),
      sku: Type.String(),
      quantity: Type.String({ description: '0: goods kept' }),
      total: Type.String({ description: 'With tax' }),
      restocked: Type.Boolean(),
    }),
  ),
  stock: StockChangesSchema,
  hasMore: Type.Boolean({ description: 'lines and stock were cut' }),
})

/** The same as text, without the stock. A refund without an id is one of a dry run. */
export function describeRefund({ refund, order, currency, refundable, lines }: Static<typeof RefundSchema>): string {
  const by = refund.methods.map(({ method, amount }) => `${method} ${grouped(amount)}`).join(', ')
  const parts = `returns ${grouped(refund.returns)} without tax, tax ${grouped(refund.tax)}, tips ${grouped(refund.tips)}`
  const isDry = refund.id === null
  const text = [
    `${isDry ? 'Would refund' : 'Refunded'} ${formatAmount(refund.total, currency)} from order ${order.number}: ${by} (${parts}); ${grouped(refundable)} ${isDry ? 'would be' : 'is'} left refundable.`,
  ]
  if (lines.length > 0) {
    const rows = lines.map((line) => [
      line.line,
      line.sku,
      line.quantity,
      grouped(line.total),
      line.quantity === '0' ? 'goods kept' : line.restocked ? 'yes' : 'no',
    ])
    text.push(
      table(
        ['line', 'SKU', 'quantity', `total ${currency} with tax`, isDry ? 'would be restocked' : 'restocked'],
        rows,
      ),
    )
  }
  return text.join('\n')
}
