import { type Static, Type } from '@sinclair/typebox'
import { notSeen, seesTotals } from '../../src/auth/costs.ts'
import { together } from '../../src/database/together.ts'
import { ServiceError } from '../../src/errors.ts'
import { Id } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, Decimal, formatAmount, grouped, quantity } from '../../src/money/money.ts'
import { favouriteProducts, findClient, salesOfClient } from '../../src/pos/clients/clients.ts'
import { findOrders } from '../../src/pos/orders/orders.ts'
import { clientIdOf, clientOf } from '../../src/pos/references.ts'
import { counted } from '../../src/results/counted.ts'
import { NullableText } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean, cleanOrNull, variantName } from '../../src/results/text.ts'
import { untrusted } from '../../src/results/untrusted.ts'
import { addDays, exactTime, localDate } from '../../src/time/local.ts'
import { describeDays, WINDOW_INPUT, WindowSchema, windowIfAsked } from '../../src/time/window.ts'

const LAST_ORDERS = 5
const FAVOURITES = 5
const FAVOURITE_DAYS = 365

const ClientSchema = Type.Object({
  client: Type.Object({
    id: Type.String(),
    code: Type.String(),
    name: Type.String(),
    email: NullableText,
    phone: NullableText,
    taxId: NullableText,
    city: NullableText,
    country: NullableText,
    isActive: Type.Boolean(),
    note: NullableText,
    updatedAt: Type.String(),
  }),
  sales: Type.Object({
    orders: Type.Optional(Type.Integer({ description: 'Absent for roles that see their own sales alone' })),
    netSales: Type.Optional(Type.String()),
    averageSale: Type.Optional(NullableText),
    firstPurchase: NullableText,
    lastPurchase: NullableText,
    currency: Type.String(),
    timezone: Type.String(),
  }),
  period: Type.Optional(
    Type.Object({
      window: WindowSchema,
      orders: Type.Integer(),
      netSales: Type.String({ description: 'Less returns, without tax' }),
      total: Type.String({ description: 'With tax and tips' }),
    }),
  ),
  lastOrders: Type.Array(
    Type.Object({
      orderNumber: Type.String(),
      status: Type.String(),
      day: Type.String(),
      total: Type.String(),
    }),
  ),
  favouriteProducts: Type.Array(
    Type.Object({ sku: Type.String(), name: Type.String(), units: Type.Optional(Type.String()) }),
  ),
})

export default defineTool({
  name: 'get_client',
  title: 'Client',
  description:
    'One client: contact, note, lifetime orders and net sales, and those of a period if asked; first and last ' +
    'purchase, last 5 orders, favourite products.',
  scopes: ['pos:read'],
  aboutClients: true,
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ client: Id('Code, tax id, name or id'), ...WINDOW_INPUT }),
  output: ClientSchema,
  async handler({ client: idOrCode, ...input }, { db, business, principal, now }) {
    const { timezone, currency } = business
    const hasTotals = seesTotals(principal, business)
    const today = localDate(now, timezone)
    const window = windowIfAsked(input, now, timezone)
    if (window !== undefined && !hasTotals) {
      throw notSeen(input.from === undefined ? 'preset' : 'from', 'what clients spent', business)
    }
    const favouriteDays = { from: addDays(today, 1 - FAVOURITE_DAYS), to: today, timezone }
    const readAbout = (reference: string) => {
      const clientId = clientIdOf(db, business.id, reference)
      const ofClient = { businessId: business.id, clientId }
      return together([
        findClient(db, business.id, reference),
        window && salesOfClient(db, ofClient, window),
        findOrders(db, business.id, { clientId, limit: LAST_ORDERS }),
        favouriteProducts(db, ofClient, favouriteDays, FAVOURITES),
      ])
    }
    // Words of a name are looked for in all names, and so only if the reference is none of its own.
    const [row, inWindow, orders, favourites] = await readAbout(idOrCode).catch(async (error: unknown) => {
      if (!(error instanceof ServiceError) || error.code !== 'not_found') throw error
      return readAbout((await clientOf(db, business.id, idOrCode, 'client', { isRead: true })).id)
    })
    const day = (instant: Date | null) => (instant === null ? null : localDate(instant, timezone))
    const average = row.orders === '0' ? null : new Decimal(row.net_sales).div(row.orders)
    const data = {
      client: {
        id: row.id,
        code: clean(row.code, 100),
        name: clean(row.name, 200),
        email: cleanOrNull(row.email, 254),
        phone: cleanOrNull(row.phone, 60),
        taxId: cleanOrNull(row.tax_id, 60),
        city: cleanOrNull(row.city, 100),
        country: cleanOrNull(row.country, 100),
        isActive: row.is_active,
        note: untrusted(row.note, 1000),
        updatedAt: exactTime(row.updated_at, timezone),
      },
      sales: {
        ...(hasTotals
          ? {
              orders: Number(row.orders),
              netSales: amountOf(row.net_sales, business),
              averageSale: average === null ? null : amountOf(average, business),
            }
          : {}),
        firstPurchase: day(row.first_at),
        lastPurchase: day(row.last_at),
        currency,
        timezone,
      },
      ...(window === undefined || inWindow === undefined
        ? {}
        : {
            period: {
              window: { ...window, currency },
              orders: inWindow.orders,
              netSales: amountOf(inWindow.net_sales, business),
              total: amountOf(inWindow.total, business),
            },
          }),
      lastOrders: orders.map((order) => ({
        orderNumber: clean(order.order_number, 60),
        status: order.status,
        day: localDate(order.completed_at ?? order.opened_at, timezone),
        total: amountOf(order.total, business),
      })),
      favouriteProducts: favourites.map((product) => ({
        sku: clean(product.sku, 60),
        name: variantName(product, 80),
        ...(hasTotals ? { units: quantity(product.units) } : {}),
      })),
    }
    return { text: describeClient(data), data }
  },
})

function describeClient({ client, sales, period, lastOrders, favouriteProducts }: Static<typeof ClientSchema>): string {
  const known = Object.entries({
    'e-mail': client.email,
    phone: client.phone,
    'tax id': client.taxId,
    city: client.city,
    country: client.country,
  }).filter(([, value]) => value !== null)
  const average =
    sales.averageSale == null ? '' : `, average sale ${formatAmount(sales.averageSale, sales.currency)} without tax`
  const sold =
    sales.netSales === undefined || sales.orders === undefined
      ? '.'
      : `: ${counted(sales.orders, 'order')}, net sales ${formatAmount(sales.netSales, sales.currency)} without tax${average}.`
  const lines = [
    `Client ${client.name} (${client.code}), ${client.isActive ? 'active' : 'switched off'}${sold}`,
    ...(period === undefined ? [] : [describePeriod(period)]),
    sales.lastPurchase === null
      ? 'No purchase yet.'
      : `First purchase ${sales.firstPurchase}, last ${sales.lastPurchase} (days of ${sales.timezone}).`,
    known.length === 0
      ? 'No contact is known.'
      : `Contact: ${known.map(([name, value]) => `${name} ${value}`).join(' · ')}`,
    `Id ${client.id}, updated ${client.updatedAt}.`,
  ]
  if (lastOrders.length > 0) {
    lines.push(
      `Last ${counted(lastOrders.length, 'order')}:`,
      table(
        ['order', 'status', 'day', `total with tax, ${sales.currency}`],
        lastOrders.map((order) => [order.orderNumber, order.status, order.day, grouped(order.total)]),
      ),
    )
  }
  if (favouriteProducts.length > 0) {
    lines.push(
      `Most units in the last ${FAVOURITE_DAYS} days:`,
      table(
        ['product', 'SKU', ...(sales.orders === undefined ? [] : ['units'])],
        favouriteProducts.map(({ name, sku, units }) => [name, sku, ...(units === undefined ? [] : [units])]),
      ),
    )
  }
  if (client.note !== null) lines.push(`Note: ${client.note}`)
  return lines.join('\n')
}

function describePeriod({
  window,
  orders,
  netSales,
  total,
}: NonNullable<Static<typeof ClientSchema>['period']>): string {
  const soFar = window.soFar === undefined ? '' : ` so far (${window.soFar})`
  return (
    `${describeDays(window)}${soFar}: ${counted(orders, 'order')}, net sales ${formatAmount(netSales, window.currency)} ` +
    `without tax, less returns; total ${formatAmount(total, window.currency)} with tax and tips.`
  )
}
