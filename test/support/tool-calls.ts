import { type HostileShop, INJECTIONS } from './hostile-shop.ts'

/** For every tool, calls with the largest possible results. */
export function callsOf(shop: HostileShop): Record<string, Record<string, unknown>[]> {
  const [locationId] = shop.locations
  const window = { preset: 'last_30_days' }
  const everything = { limit: 100 }
  return {
    adjust_inventory: [{ product: shop.sku, locationId, change: '1', note: INJECTIONS[0] }],
    cancel_order: [{ order: shop.orderNumber, reason: INJECTIONS[1] }],
    create_client: [{ name: INJECTIONS[1] }],
    create_order: [{ items: [{ product: shop.sku, quantity: '1' }], locationId, note: INJECTIONS[1] }],
    create_product: [{ name: INJECTIONS[1], sku: 'NEW', price: '1' }],
    get_client: [{ client: shop.clientCode }],
    get_client_health: [{}],
    get_inventory: [everything, { ...everything, status: 'low' }],
    get_inventory_health: [{}],
    get_order: [{ order: shop.orderNumber }, { order: 'N-3' }],
    get_product: [{ product: shop.sku }],
    get_products: [everything],
    get_psa_board: [{ board: shop.boardId }],
    get_psa_time_report: ['board', 'person', 'client', 'step', 'day'].map((groupBy) => ({ ...window, groupBy })),
    get_sales_by_category: [{ ...window, compare: true }],
    get_sales_by_location: [{ ...window, compare: true }],
    get_sales_by_payment_method: [window],
    get_sales_report: ['day', 'week', 'hour'].map((groupBy) => ({ ...window, groupBy, compare: true })),
    get_tax_report: [window],
    get_top_products: [{ ...window, limit: 50, compare: true }],
    list_categories: [everything],
    list_clients: [everything],
    list_inventory_movements: [everything],
    list_locations: [everything],
    list_orders: [everything],
    list_psa_boards: [{ limit: 50 }],
    list_psa_steps: [{ ...everything, overdue: true }],
    list_suppliers: [everything],
    refund_order: [{ order: shop.orderNumber, reason: INJECTIONS[1] }],
    summarize_day: [{}, { allBusinesses: true }],
    summarize_period: [window, { ...window, allBusinesses: true }],
    transfer_inventory: [
      { fromLocationId: locationId, toLocationId: shop.otherLocation, items: [{ product: shop.sku, quantity: '1' }] },
    ],
    update_client: [{ client: shop.clientCode, name: INJECTIONS[1] }],
    update_product: [{ variant: shop.sku, name: INJECTIONS[1] }],
  }
}
