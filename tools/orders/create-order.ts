import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { ServiceError } from '../../src/errors.ts'
import { Amount, DoneBy, Id, Quantity } from '../../src/mcp/arguments.ts'
import { additive, defineTool } from '../../src/mcp/tool.ts'
import { amountOf, Decimal, money, quantity } from '../../src/money/money.ts'
import { requirePrices } from '../../src/pos/orders/limits.ts'
import { describeNewOrder, NewOrderSchema } from '../../src/pos/orders/new-order-text.ts'
import { expectAmount, inMinorUnits, payInFull, priceLines } from '../../src/pos/orders/order-pricing.ts'
import { countShown, describeCut, describeStockChanges } from '../../src/pos/orders/order-stock.ts'
import { writeOrder } from '../../src/pos/orders/order-writing.ts'
import { doerOf } from '../../src/pos/orders/staff.ts'
import { locationToWrite } from '../../src/pos/organisation/locations.ts'
import { clientOf } from '../../src/pos/references.ts'
import { clean } from '../../src/results/text.ts'

export default defineTool({
  name: 'create_order',
  title: 'Create order',
  description:
    'Records a sale now: prices it with tax, takes payment and draws stock; refused where stock is short. Find ' +
    'products with get_products; dryRun tells the total. Prices include tax as the price tags do.',
  scopes: ['pos:write'],
  aboutClients: ({ clientId }) => clientId !== undefined,
  annotations: additive,
  mode: 'write',
  input: Type.Object({
    items: Type.Array(
      Type.Object({
        product: Type.String({ minLength: 1, maxLength: 100, description: 'SKU or variant id' }),
        quantity: Quantity('More than 0'),
        unitPrice: Type.Optional(Amount('Default: the price tag')),
        discount: Type.Optional(Amount('Off the whole line')),
      }),
      { minItems: 1, maxItems: 100, description: 'At most 100' },
    ),
    locationId: Type.Optional(Id('Needed if several')),
    clientId: Type.Optional(Id('Id or code')),
    tip: Type.Optional(Amount('On top')),
    payments: Type.Optional(
      Type.Array(
        Type.Object({
          method: Type.String({ minLength: 1, maxLength: 40 }),
          amount: Amount('E.g. "12.50"'),
          reference: Type.Optional(Type.String({ minLength: 1, maxLength: 60 })),
        }),
        { maxItems: 10, description: 'Must add up to the total' },
      ),
    ),
    paymentMethod: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 40,
        description: 'Of the whole total; default cash',
      }),
    ),
    orderType: Type.String({
      minLength: 1,
      maxLength: 40,
      default: 'retail',
      description: 'Default retail',
    }),
    note: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    open: Type.Boolean({ default: false, description: 'true: not paid yet' }),
    employee: DoneBy,
    expectedTotal: Type.Optional(Amount('Refuse if the total differs')),
  }),
  output: NewOrderSchema,
  async handler({ items, locationId, clientId, tip, open, expectedTotal, employee, ...input }, context) {
    const { db, business, principal, now, dryRun } = context
    const [{ location }, client, doer] = await together([
      locationToWrite(db, business, locationId),
      clientId === undefined ? null : clientOf(db, business.id, clientId, 'clientId'),
      doerOf(context, employee),
    ])
    const orderType = clean(input.orderType, 40)
    if (orderType === '') throw new ServiceError('invalid_argument', 'orderType must be a word such as retail.')
    const tips = inMinorUnits(tip ?? '0', 'tip', business)
    const lines = await priceLines(db, business, items)
    requirePrices(context, lines)
    const total = Decimal.sum(tips, ...lines.map((line) => line.total))
    expectAmount(total, expectedTotal, { argument: 'expectedTotal', name: 'the total' }, business)
    if (open && (input.payments !== undefined || input.paymentMethod !== undefined)) {
      throw new ServiceError('invalid_argument', 'open: an order that is paid is not open; leave the payments out.')
    }
    const payments = open ? [] : payInFull(total, input, business)

    const author = { businessId: business.id, createdBy: principal.ref, now, employee: doer }
    const { id, number, stock } = await writeOrder(db, author, {
      locationId: location.id,
      clientId: client?.id ?? null,
      orderType,
      note: input.note ?? null,
      lines,
      tip: tips,
      status: open ? 'open' : 'completed',
      payments,
    })

    const amount = (value: Decimal.Value) => amountOf(value, business)
    const tax = Decimal.sum(...lines.map((line) => line.tax))
    const isDiscounted = lines.some(({ discount }) => Number(discount) !== 0)
    const sold = lines.map((line, index) => ({
      line: index + 1,
      sku: clean(line.variant.sku, 60),
      quantity: quantity(line.quantity),
      unitPrice: money(line.unitPrice, business).amount,
      // As on the price tag, so that the row adds up.
      ...(isDiscounted && {
        discount: amount(line.taxIncluded ? line.quantity.times(line.unitPrice).minus(line.total) : line.discount),
      }),
      total: amount(line.total),
    }))
    const shown = countShown(sold, stock)
    const data = {
      order: {
        ...(dryRun ? { id: null, number: null } : { id, number }),
        status: open ? 'open' : 'completed',
        soldBy: doer?.name ?? null,
      },
      location: location.name,
      client: client?.name ?? null,
      currency: business.currency,
      pricesIncludeTax: lines.every((line) => line.taxIncluded),
      totals: {
        netSales: amount(total.minus(tips).minus(tax)),
        tax: amount(tax),
        tips: amount(tips),
        total: amount(total),
        refundable: amount(open ? 0 : total),
      },
      lines: sold.slice(0, shown),
      payments: payments.map((payment) => ({ method: payment.method, amount: amount(payment.amount) })),
      stock: stock.slice(0, shown),
      hasMore: lines.length > shown,
    }
    const text = [
      ...describeCut(lines, shown),
      describeNewOrder(data),
      describeStockChanges(stock, shown, dryRun),
    ].join('\n')
    return { text, data, subject: `order ${id}` }
  },
})
