import type { TObject, TSchema } from '@sinclair/typebox'

/**
 * The tools whose rows can be taken as a file. Columns and rows are those of the tool's own result, so that a file
 * never differs from the list.
 */
export const EXPORTABLE = [
  'list_orders',
  'get_products',
  'list_categories',
  'list_clients',
  'get_inventory',
  'list_inventory_movements',
  'list_locations',
  'list_suppliers',
  'list_psa_boards',
  'list_psa_steps',
  'get_sales_report',
  'get_sales_by_category',
  'get_sales_by_location',
  'get_sales_by_payment_method',
  'get_tax_report',
  'get_top_products',
  'get_psa_time_report',
] as const
export type Exportable = (typeof EXPORTABLE)[number]

export interface Column {
  title: string
  /** Where the value is in a row of the result. */
  path: readonly string[]
  /** Words, even if they look like a number: SKUs, phone numbers, order numbers. */
  isText: boolean
}

/** The columns of a tool's rows, and the property of its result that has them. */
export interface Rows {
  property: string
  columns: readonly Column[]
}

// The last word of a name whose values are never figures.
const WORDS =
  /(?:^|[a-z])(?:id|code|number|sku|name|barcode|phone|e?mail|reference|note|reason|status|type|city|country|author|method|timezone|label|title|person|assignee)$/i

/** @throws Error for a tool that returns no list of rows */
export function rowsOf(output: TObject): Rows {
  const lists = Object.entries(output.properties).filter(([, { type, items }]) => type === 'array' && isObject(items))
  const [property, list] = lists.find(([name]) => name === 'rows') ?? lists[0] ?? []
  if (property === undefined || list === undefined) throw new Error('the tool returns no rows')
  return { property, columns: columnsOf(list.items as TObject) }
}

function columnsOf({ properties }: TObject, prefix: readonly string[] = []): Column[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const path = [...prefix, name]
    if (isObject(schema)) {
      const inner = Object.keys(schema.properties)
      // A thing of the shop is told by its name.
      if (inner.includes('amount')) return [{ title: titleOf(path), path: [...path, 'amount'], isText: false }]
      if (inner.includes('name')) return [{ title: titleOf(path), path: [...path, 'name'], isText: true }]
      return columnsOf(schema, path)
    }
    // Lists within a row have no place in a table.
    if ([schema.type].flat().includes('array')) return []
    return [{ title: titleOf(path), path, isText: WORDS.test(name) }]
  })
}

/** `netSales` becomes `Net sales`. */
function titleOf(path: readonly string[]): string {
  const words = path.map((name) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)).join(' ')
  const title = words.charAt(0).toUpperCase() + words.slice(1)
  return title.replace(/\b(sku|id)\b/gi, (short) => short.toUpperCase())
}

function isObject(schema: TSchema | undefined): schema is TObject {
  return schema?.properties !== undefined
}
