import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { Id, LocationId, Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { OrderSummarySchema, orderSummary } from '../../src/pos/orders/order-summary.ts'
import { findOrders, ORDER_STATUSES } from '../../src/pos/orders/orders.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { clientOf } from '../../src/pos/references.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, Limit, StringEnum } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { WINDOW_INPUT, windowIfAsked } from '../../src/time/window.ts'

export default defineTool({
  name: 'list_orders',
  title: 'Orders',
  description:
    'Orders, the newest first, by the local day on which they were opened, with status, location, client and ' +
    'totals. Use it to find an order; for sums use get_sales_report, for lines get_order.',
  scopes: ['pos:read'],
  aboutClients: ({ clientId }) => clientId !== undefined,
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    search: Search,
    status: Type.Optional(StringEnum(ORDER_STATUSES)),
    locationId: LocationId,
    clientId: Type.Optional(Id('Only orders of this client')),
    limit: Limit({ default: 20, maximum: 100 }),
    cursor: Cursor,
  }),
  output: Type.Object({
    orders: Type.Array(OrderSummarySchema),
    timezone: Type.String({ description: 'In which the days of the filter are cut' }),
    ...PAGE_OUTPUT,
  }),
  async handler({ search, status, locationId, clientId, limit, cursor, ...input }, { db, business, now }) {
    const [{ timezone, location }, client] = await together([
      placeOf(db, business, locationId),
      clientId === undefined ? undefined : clientOf(db, business.id, clientId, 'clientId'),
    ])
    const days = windowIfAsked(input, now, timezone)
    const after = decodeCursor(cursor, 2)
    const rows = await findOrders(db, business.id, {
      days,
      search,
      status,
      locationId: location?.id,
      clientId: client?.id,
      limit: limit + 1,
      after,
    })
    const { items: orders, ...more } = page(
      rows,
      limit,
      (row) => [row.opened_at_text, row.id],
      (row) => orderSummary(row, business),
    )
    return {
      text: listText({
        what: 'orders',
        headers: [
          'order',
          'status',
          'opened',
          'location',
          'client',
          `net ${business.currency}`,
          'total',
          'refunded',
          'id',
        ],
        rows: orders.map((order) => [
          order.orderNumber,
          order.status,
          order.openedAt,
          order.location.name,
          order.client?.name ?? '–',
          order.netSales.amount,
          order.total.amount,
          order.refunded.amount,
          order.id,
        ]),
        nextCursor: more.nextCursor,
      }),
      data: { orders, timezone, ...more },
    }
  },
})
