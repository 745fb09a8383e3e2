import { Type } from '@sinclair/typebox'
import { LocationId, Reference } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { Decimal, grouped } from '../../src/money/money.ts'
import { sharePercent } from '../../src/money/share.ts'
import {
  type BoughtAlone,
  boughtTogether,
  MAX_ORDERS,
  MAX_PRODUCTS,
  MIN_ORDERS,
} from '../../src/pos/reports/bought-together.ts'
import { filtersOf } from '../../src/pos/reports/filter-input.ts'
import { describeWindow } from '../../src/pos/reports/phrases.ts'
import { salesWindow } from '../../src/pos/reports/sales-window.ts'
import { salesScope } from '../../src/pos/scope.ts'
import { areShown, counted } from '../../src/results/counted.ts'
import { page } from '../../src/results/cursor.ts'
import { EntityRef, Limit, Nullable } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean } from '../../src/results/text.ts'
import { WINDOW_INPUT, WindowSchema } from '../../src/time/window.ts'

const MAX_DAYS = 366
// Of many orders, few have the same two products.
const SUPPORT_DIGITS = 2

const AloneRow = Type.Object({
  product: Type.String(),
  sku: Type.String(),
  orders: Type.Integer(),
  alone: Type.Integer(),
  alonePercent: Nullable(Type.String()),
})
const AloneList = Type.Optional(Type.Object({ products: Type.Integer(), rows: Type.Array(AloneRow) }))

export default defineTool({
  name: 'get_bought_together',
  title: 'Bought together',
  description:
    'Products bought in the same order (pairs, support, lift) or alone, of one or all. ' +
    'At most a year. Default: last_90_days.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    product: Reference,
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
    alone: Type.Object(
      { own: Type.Optional(AloneRow), mostly: AloneList, never: AloneList },
      { description: 'Of one product or all: in how many orders nothing else was bought' },
    ),
    terms: Type.String(),
  }),
  async handler({ product, locationId, limit, ...input }, { db, business, now }) {
    const { place, filters } = await filtersOf(db, business, { locationId, product })
    const asked = await salesWindow(db, business.id, place, { input, now, fallback: 'last_90_days', maxDays: MAX_DAYS })
    const found = await boughtTogether(db, salesScope(business.id, place), {
      days: asked,
      timezone: place.timezone,
      productId: filters.product?.productId,
      limit: limit + 1,
    })
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
      `times as often together as by chance; below 1, rather not. Alone: without another product. ` +
      `${filters.product === undefined ? 'Pairs and products' : 'Pairs'} in at least ${MIN_ORDERS} orders` +
      `${filters.product === undefined ? `, of the ${MAX_PRODUCTS} products in most orders` : ''}; refunds do not change what was bought.`
    const own = found.own && aloneRow(found.own)
    const [mostly, never] = [found.mostly, found.never].map((all) => ({
      products: all[0]?.products ?? 0,
      rows: all.map(aloneRow),
    })) as [AloneProducts, AloneProducts]
    const data = {
      window: { ...window, timezone: place.timezone, currency: business.currency },
      location: place.location,
      product: filters.product === undefined ? null : filters.product.name,
      cut,
      orders: found.orders,
      pairs: found.count,
      rows,
      alone: filters.product === undefined ? { mostly, never } : own === undefined ? {} : { own },
      terms,
    }
    const aloneText =
      filters.product === undefined
        ? [
            describeAlone('Mostly bought alone, in more than half of their orders', mostly),
            describeAlone('Never bought alone', never),
          ]
        : own === undefined
          ? []
          : [
              `${filters.product.name} was bought alone in ${grouped(String(own.alone))} of its ${counted(own.orders, 'order')} (${own.alonePercent} %).`,
            ]
    const when = describeWindow(window, place, filters.product === undefined ? '' : ` with ${filters.product.name}`)
    const covers =
      cut === null
        ? ''
        : `Only ${window.from} to ${window.to}: at most ${grouped(String(MAX_ORDERS))} orders and refunds are read, the ` +
          `latest whole days first, and ${cut.asked.from} to ${cut.asked.to} has ${grouped(String(cut.asked.orders))}. `
    const shown = rows.length < found.count ? `Only ${areShown(rows.length, 'pairs', found.count)}. ` : ''
    if (rows.length === 0) {
      const none = `${covers}No two products were sold together in ${MIN_ORDERS} orders or more, ${when}.`
      return { text: [none, ...aloneText].join('\n'), data }
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
        ...aloneText,
        terms,
      ].join('\n'),
      data,
    }
  },
})

type AloneProducts = { products: number; rows: ReturnType<typeof aloneRow>[] }

function aloneRow({ name, sku, orders, alone }: BoughtAlone) {
  return {
    product: clean(name, 60),
    sku: clean(sku, 40),
    orders,
    alone,
    alonePercent: sharePercent(alone, orders),
  }
}

function describeAlone(what: string, { products, rows }: AloneProducts): string {
  const named = rows.map(
    ({ product, sku, orders, alone }) => `${product} [${sku}] ${grouped(String(alone))} of ${counted(orders, 'order')}`,
  )
  const more = products > rows.length ? '; …' : ''
  return `${what} (${products}): ${named.join('; ') || 'none'}${more}.`
}
