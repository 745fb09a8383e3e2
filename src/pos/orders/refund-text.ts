import { type Static, Type } from '@sinclair/typebox'
import { formatMoney } from '../../money/money.ts'
import { NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { StockChangesSchema } from './order-stock.ts'

/** A new refund. */
export const RefundSchema = Type.Object({
  refund: Type.Object({
    id: NullableText,
    method: Type.String(),
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
    }),
  ),
  stock: StockChangesSchema,
  hasMore: Type.Boolean({ description: 'lines and stock were cut' }),
})

/** The same as text, without the stock. A refund without an id is one of a dry run. */
export function describeRefund({ refund, order, currency, refundable, lines }: Static<typeof RefundSchema>): string {
  const isDry = refund.id === null
  const text = [
    `${isDry ? 'Would refund' : 'Refunded'} ${formatMoney({ amount: refund.total, currency })} by ${refund.method} (returns ${refund.returns}, tax ${refund.tax}, tips ${refund.tips}) from order ${order.number}; ${refundable} ${isDry ? 'would be' : 'is'} left refundable.`,
  ]
  if (lines.length > 0) {
    const rows = lines.map((line) => [line.line, line.sku, line.quantity, line.total])
    text.push(table(['line', 'SKU', 'quantity', 'total'], rows))
  }
  return text.join('\n')
}
