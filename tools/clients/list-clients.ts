import { Type } from '@sinclair/typebox'
import { Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { formatMoney, MoneySchema, money } from '../../src/money/money.ts'
import { CLIENT_SORTS, findClients, sumClients } from '../../src/pos/clients/clients.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, Limit, NullableText, StringEnum } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { clean, cleanOrNull } from '../../src/results/text.ts'
import { localDate } from '../../src/time/local.ts'

export default defineTool({
  name: 'list_clients',
  title: 'Clients',
  description:
    'The clients with contact, lifetime orders, net sales and last purchase, and the sum of all that match. Use it to ' +
    'find or rank clients; for one use get_client. Default: active clients by name, 25 rows.',
  scopes: ['pos:read'],
  aboutClients: true,
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    search: Search,
    country: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    active: Type.Boolean({ default: true, description: 'Default true' }),
    sort: StringEnum(CLIENT_SORTS, {
      default: 'name',
      description: 'Default name',
    }),
    limit: Limit({ default: 25, maximum: 100 }),
    cursor: Cursor,
  }),
  output: Type.Object({
    clients: Type.Array(
      Type.Object({
        id: Type.String(),
        code: Type.String(),
        name: Type.String(),
        email: NullableText,
        phone: NullableText,
        city: NullableText,
        country: NullableText,
        isActive: Type.Boolean(),
        orders: Type.Integer(),
        netSales: Type.String(),
        lastPurchase: NullableText,
      }),
    ),
    matching: Type.Object({ clients: Type.Integer(), orders: Type.Integer(), netSales: MoneySchema }),
    timezone: Type.String(),
    ...PAGE_OUTPUT,
  }),
  async handler({ sort, limit, cursor, ...filter }, { db, business }) {
    const after = decodeCursor(cursor, 2)
    const [rows, sums] = await Promise.all([
      findClients(db, business.id, { ...filter, sort, limit: limit + 1, after }),
      sumClients(db, business.id, filter),
    ])
    const { items: clients, ...more } = page(
      rows,
      limit,
      (row) => [row.sort_key, row.id],
      (row) => ({
        id: row.id,
        code: clean(row.code, 40),
        name: clean(row.name, 80),
        email: cleanOrNull(row.email, 80),
        phone: cleanOrNull(row.phone, 30),
        city: cleanOrNull(row.city, 40),
        country: cleanOrNull(row.country, 40),
        isActive: row.is_active,
        orders: Number(row.orders),
        netSales: money(row.net_sales, business).amount,
        lastPurchase: row.last_at === null ? null : localDate(row.last_at, business.timezone),
      }),
    )
    const matching = {
      clients: sums.clients,
      orders: Number(sums.orders),
      netSales: money(sums.net_sales, business),
    }
    const list = listText({
      what: 'clients',
      headers: ['client', 'code', 'e-mail', 'phone', 'place', 'orders', `net ${business.currency}`, 'last', 'id'],
      rows: clients.map((client) => [
        client.name,
        client.code,
        client.email ?? '–',
        client.phone ?? '–',
        [client.city, client.country].filter((part) => part !== null).join(', ') || '–',
        client.orders,
        client.netSales,
        client.lastPurchase ?? '–',
        client.id,
      ]),
      nextCursor: more.nextCursor,
    })
    return {
      text:
        `${list}\nAll ${matching.clients} ${filter.active ? 'active' : 'switched-off'} clients that match: ` +
        `${matching.orders} orders, net sales ${formatMoney(matching.netSales)}, lifetime. Days of ${business.timezone}.`,
      data: { clients, matching, timezone: business.timezone, ...more },
    }
  },
})
