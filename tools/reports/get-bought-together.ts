import { Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { Decimal, grouped } from '../../src/money/money.ts'
import { sharePercent } from '../../src/money/share.ts'
import { boughtTogether, MAX_ORDERS, MAX_PRODUCTS, MIN_ORDERS } from '../../src/pos/reports/bought-together.ts'
import { filtersOf } from '../../src/pos/reports/filter-input.ts'
import { describeWindow } from '../../src/pos/reports/phrases.ts'
import { salesWindow } from '../../src/pos/reports/sales-window.ts'
import { areShown, counted } from '../../src/results/counted.ts'
import { page } from '../../src/results/cursor.ts'
import { EntityRef, Limit, Nullable } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean } from '../../src/results/text.ts'
import { WINDOW_INPUT, WindowSchema } from '../../src/time/window.ts'

const MAX_DAYS = 366
// Of many orders, few have the same two products.
const SUPPORT_DIGITS = 2

export default defineTool({
  name: 'get_bought_together',
  title: 'Bought together',
  description:
    'Products bought in the same order: pairs with support and lift, of one product or all. ' +
    'At most a year. Default: last_90_days.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    product: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'SKU, name or id' })),
    locationId: LocationId,
    limit: Limit({ default: 10, maximum: 50 }),
  }),
  output: Type.Object({
    window: WindowSchema,
    location: Nullable(EntityRef),
    product: Nullable(Type.String()),
    cut: Nullable(
      Type.Object({
        asked: Type.Object({ from: Type.String(), to: Type.String(), orders: Type.Integer() }),
        maxOrders: Type.Integer(),
      }),
      {
        description: 'Where more orders and refunds were asked for than are read: the window has their latest days',
      },
    ),
    orders: Type.Integer({ description: 'All orders of the window' }),
    pairs: Type.Integer({ description: 'How many there are' }),
    rows: Type.Array(
      Type.Object({
        first: Type.String(),
        firstSku: Type.String(),
        second: Type.String(),
        secondSku: Type.String(),
        orders: Type.Integer(),
        supportPercent: Nullable(Type.String()),
        confidencePercent: Nullable(Type.String()),
        lift: Type.String(),
      }),
    ),
    terms: Type.String(),
  }),
  async handler({ product, locationId, limit, ...input }, { db, business, now }) {
    const { place, filters } = await filtersOf(db, business, { locationId, product })
    const asked = await salesWindow(db, business.id, place, { input, now, fallback: 'last_90_days', maxDays: MAX_DAYS })
    const found = await boughtTogether(
      db,
      { businessId: business.id, locationId: place.location?.id },
      { days: asked, timezone: place.timezone, productId: filters.product?.productId, limit: limit + 1 },
    )
    const cut =
      found.from === asked.from
        ? null
        : {
            asked: { from: asked.requestedFrom ?? asked.from, to: asked.to, orders: found.windowOrders },
            maxOrders: MAX_ORDERS,
          }
    const { requestedFrom: _, ...rest } = asked
    const window = cut === null ? asked : { ...rest, from: found.from }
    const { items: rows } = page(
      found.pairs,
      limit,
      () => [],
      (pair) => {
        const [both, first, second] = [pair.orders, pair.first_orders, pair.second_orders].map(Number) as [
          number,
          number,
          number,
        ]
        return {
          first: clean(pair.first, 60),
          firstSku: clean(pair.first_sku, 40),
          second: clean(pair.second, 60),
          secondSku: clean(pair.second_sku, 40),
          orders: both,
          supportPercent: sharePercent(both, found.orders, SUPPORT_DIGITS),
          confidencePercent: sharePercent(both, first),
          // How many times as often as if the two had nothing to do with each other.
          lift: new Decimal(both).times(found.orders).div(first).div(second).toFixed(2),
        }
      },
    )
    const terms =
      'Support: orders with both, in % of all orders. Confidence: in % of the orders with the first. Lift: how many ' +
      `times as often together as by chance; below 1, rather not. Pairs in at least ${MIN_ORDERS} orders` +
      `${filters.product === undefined ? `, of the ${MAX_PRODUCTS} products in most orders` : ''}; refunds do not change what was bought.`
    const data = {
      window: { ...window, timezone: place.timezone, currency: business.currency },
      location: place.location,
      product: filters.product === undefined ? null : filters.product.name,
      cut,
      orders: found.orders,
      pairs: found.count,
      rows,
      terms,
    }
    const when = describeWindow(window, place, filters.product === undefined ? '' : ` with ${filters.product.name}`)
    const covers =
      cut === null
        ? ''
        : `Only ${window.from} to ${window.to}: at most ${grouped(String(MAX_ORDERS))} orders and refunds are read, the ` +
          `latest whole days first, and ${cut.asked.from} to ${cut.asked.to} has ${grouped(String(cut.asked.orders))}. `
    const shown = rows.length < found.count ? `Only ${areShown(rows.length, 'pairs', found.count)}. ` : ''
    if (rows.length === 0) {
      return { text: `${covers}No two products were sold together in ${MIN_ORDERS} orders or more, ${when}.`, data }
    }
    return {
      text: [
        `${covers}${shown}Products bought together, of ${counted(found.orders, 'order')} in all, ${when}:`,
        table(
          ['first', 'second', 'orders with both', 'support %', 'confidence %', 'lift'],
          rows.map((row) => [
            `${row.first} [${row.firstSku}]`,
            `${row.second} [${row.secondSku}]`,
            grouped(String(row.orders)),
            row.supportPercent ?? '–',
            row.confidencePercent ?? '–',
            row.lift,
          ]),
        ),
        terms,
      ].join('\n'),
      data,
    }
  },
})
