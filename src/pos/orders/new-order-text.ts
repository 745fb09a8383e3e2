import { type Static, Type } from '@sinclair/typebox'
import { formatAmount, grouped } from '../../money/money.ts'
import { NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { StockChangesSchema } from './order-stock.ts'

/** A new order. */
export const NewOrderSchema = Type.Object({
  order: Type.Object({ id: NullableText, number: NullableText, status: Type.String(), soldBy: NullableText }),
  location: Type.String(),
  client: NullableText,
  currency: Type.String(),
  pricesIncludeTax: Type.Boolean({ description: 'Of unitPrice' }),
  totals: Type.Object({
    netSales: Type.String(),
    tax: Type.String(),
    tips: Type.String(),
    total: Type.String(),
    refundable: Type.String(),
  }),
  lines: Type.Array(
    Type.Object({
      line: Type.Integer(),
      sku: Type.String(),
      quantity: Type.String(),
      unitPrice: Type.String(),
      discount: Type.Optional(Type.String({ description: 'Off the whole line, as on the price tag' })),
      total: Type.String({ description: 'With tax' }),
    }),
  ),
  payments: Type.Array(Type.Object({ method: Type.String(), amount: Type.String() })),
  stock: StockChangesSchema,
  hasMore: Type.Boolean({ description: 'lines and stock were cut' }),
})

/** The same as text, without the stock. An order without a number is one of a dry run. */
export function describeNewOrder({ order, location, client, totals, ...data }: Static<typeof NewOrderSchema>): string {
  const made =
    order.number === null ? `Would record an order, ${order.status}` : `Order ${order.number} is ${order.status}`
  const owner = client === null ? '' : `, for ${client}`
  const seller = order.soldBy === null ? '' : `, sold by ${order.soldBy}`
  const paid = data.payments.map(({ method, amount }) => `${method} ${grouped(amount)}`).join(', ')
  const tax = `${data.pricesIncludeTax ? 'with' : 'without'} tax`
  const isDiscounted = data.lines.some(({ discount }) => discount !== undefined)
  return [
    `${made} at ${location}${owner}${seller}: total ${formatAmount(totals.total, data.currency)} with tax and tips (net ${grouped(totals.netSales)} without tax, tax ${grouped(totals.tax)}, tips ${grouped(totals.tips)}), ${paid === '' ? 'nothing paid' : `paid ${paid}`}. ${order.number === null ? 'Would be refundable' : 'Refundable'}: ${grouped(totals.refundable)}.`,
    table(
      ['line', 'SKU', 'quantity', `unit price ${tax}`, ...(isDiscounted ? [`discount ${tax}`] : []), 'total with tax'],
      data.lines.map((line) => [
        ...[line.line, line.sku, line.quantity, grouped(line.unitPrice)],
        ...(isDiscounted ? [grouped(line.discount ?? '0')] : []),
        grouped(line.total),
      ]),
    ),
  ].join('\n')
}
