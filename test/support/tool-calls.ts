import type { Tool } from '../../src/mcp/tool.ts'
import { type HostileShop, INJECTIONS } from './hostile-shop.ts'

type Args = Record<string, unknown>

/**
 * Calls of a tool with the largest possible results: those below, or one with its largest page or a month.
 * @throws Error for a tool that needs arguments and is not below
 */
export function callsOf(tool: Tool, shop: HostileShop): Args[] {
  const known = knownCalls(shop)[tool.name]
  if (known !== undefined) return known
  const { properties, required = [] } = tool.input
  if (required.some((name) => properties[name]?.default === undefined)) {
    throw new Error(`say in test/support/tool-calls.ts how ${tool.name} is called`)
  }
  return [
    {
      ...(properties.limit === undefined ? {} : { limit: properties.limit.maximum }),
      ...(properties.preset === undefined ? {} : { preset: 'last_30_days' }),
    },
  ]
}

function knownCalls(shop: HostileShop): Record<string, Args[]> {
  const [locationId] = shop.locations
  const window = { preset: 'last_30_days' }
  const everything = { limit: 100 }
  return {
    adjust_inventory: [{ product: shop.sku, locationId, change: '1', note: INJECTIONS[0] }],
    cancel_order: [{ order: shop.orderNumber, reason: INJECTIONS[1] }],
    create_client: [{ name: INJECTIONS[1] }],
    create_order: [{ items: [{ product: shop.sku, quantity: '1' }], locationId, note: INJECTIONS[1] }],
    create_product: [{ name: INJECTIONS[1], sku: 'NEW', price: '1' }],
    export_data: [{ what: 'list_orders' }],
    get_client: [{ client: shop.clientCode }],
    get_inventory: [everything, { ...everything, status: 'low' }],
    get_order: [{ order: shop.orderNumber }, { order: 'N-3' }],
    get_product: [{ product: shop.sku }],
    get_psa_board: [{ board: shop.boardId }],
    get_psa_time_report: ['board', 'person', 'client', 'step', 'day'].map((groupBy) => ({ ...window, groupBy })),
    get_sales_by_category: [{ ...window, compare: 'both' }],
    get_sales_by_location: [{ ...window, compare: 'both' }],
    get_sales_report: [
      ...['day', 'week', 'hour', 'employee'].map((each) => ({ ...window, groupBy: [each], compare: 'both' })),
      ...['location', 'category', 'variant', 'client', 'city', 'payment_method', 'order_type', 'tax_rate'].map(
        (each) => ({
          ...window,
          groupBy: [each, 'week'],
          compare: 'previous',
        }),
      ),
      { ...window, groupBy: ['variant', 'client'], limit: 100 },
      { ...window, groupBy: ['product'], filters: ['total=0-'] },
    ],
    get_top_products: [{ ...window, limit: 50, compare: 'both' }],
    list_psa_steps: [{ ...everything, overdue: true }],
    refund_order: [{ order: shop.orderNumber, reason: INJECTIONS[1], restock: true }],
    summarize_day: [{}, { allBusinesses: true }],
    summarize_period: [window, { ...window, allBusinesses: true }],
    transfer_inventory: [
      { fromLocationId: locationId, toLocationId: shop.otherLocation, items: [{ product: shop.sku, quantity: '1' }] },
    ],
    update_client: [{ client: shop.clientCode, name: INJECTIONS[1] }],
    update_product: [{ variant: shop.sku, name: INJECTIONS[1] }],
  }
}
