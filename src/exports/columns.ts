/** The tools whose rows can be taken as a file, which has the rows that the list or report has. */
export const EXPORTABLE = [
  'list_orders',
  'list_refunds',
  'get_products',
  'list_categories',
  'list_clients',
  'get_inventory',
  'list_inventory_movements',
  'get_reorder_list',
  'list_locations',
  'list_employees',
  'list_suppliers',
  'list_psa_boards',
  'list_psa_steps',
  'get_sales_report',
  'get_sales_by_category',
  'get_sales_by_location',
  'get_sales_by_payment_method',
  'get_tax_report',
  'get_top_products',
  'get_bought_together',
  'get_psa_time_report',
] as const

// The last word of a title whose values are words, even if they look like a number: SKUs, phones, order numbers.
const WORDS =
  /\b(id|nit|code|number|sku|name|barcode|phone|e-?mail|reference|ref|key|note|reason|status|state|type|city|country|address|author|by|method|time zone|timezone|label|title|person|assignee|order|product|variant|category|client|location|from|to|supplier|position|employee|board|step|phase)$/i

/** Whether the values of a column are words, by its title. */
export function isText(title: string): boolean {
  return WORDS.test(title)
}
