/** The tools of each scope, written by hand. */
export const TOOLS_OF = {
  any: ['get_context'],
  'pos:read': [
    'get_client',
    'get_inventory',
    'get_order',
    'get_product',
    'get_products',
    'list_categories',
    'list_clients',
    'list_inventory_movements',
    'list_locations',
    'list_orders',
    'list_suppliers',
  ],
  'pos:write': [
    'adjust_inventory',
    'cancel_order',
    'create_client',
    'create_order',
    'create_product',
    'refund_order',
    'transfer_inventory',
    'update_client',
    'update_product',
  ],
  'reports:read': [
    'get_sales_by_category',
    'get_sales_by_location',
    'get_sales_by_payment_method',
    'get_sales_report',
    'get_tax_report',
    'get_top_products',
  ],
  'psa:read': ['get_psa_board', 'get_psa_time_report', 'list_psa_boards', 'list_psa_steps'],
  'pos:intents': ['get_client_health', 'get_inventory_health', 'summarize_day', 'summarize_period'],
} as const

/** The tools of some scopes in the order of `tools/list`. */
export function toolsOf(...scopes: (keyof typeof TOOLS_OF)[]): string[] {
  return ['any' as const, ...scopes].flatMap((scope) => [...TOOLS_OF[scope]]).sort()
}
