import type { TObject, TSchema } from '@sinclair/typebox'

/**
 * The tools whose rows can be taken as a file. Columns and rows are those of the tool's own result, so that a file
 * never differs from the list.
 */
export const EXPORTABLE = [
  'list_orders',
  'list_refunds',
  'get_products',
  'list_categories',
  'list_clients',
  'get_inventory',
  'get_reorder_list',
  'list_inventory_movements',
  'list_employees',
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

type Row = Record<string, unknown>

/** The rows of a result, and what their columns are. */
export interface Table {
  columns: readonly Column[]
  rows: readonly Row[]
}

// The last word of a name whose values are never figures.
const WORDS =
  /(?:^|[a-z])(?:id|code|key|ref|order|contact|number|sku|name|barcode|phone|e?mail|reference|note|reason|status|type|city|country|author|method|timezone|label|title|person|assignee)$/i

/**
 * The property of a tool's result that has its rows.
 * @throws Error for a tool that returns no list of rows
 */
export function rowsProperty({ properties }: TObject): string {
  const lists = Object.keys(properties).filter((name) => properties[name]?.type === 'array' && name !== 'columns')
  const property = ['rows', 'lines'].find((name) => lists.includes(name)) ?? lists[0]
  if (property === undefined) throw new Error('the tool returns no rows')
  return property
}

/** The table in a result of a tool. */
export function tableOf(output: TObject, data: Row): Table {
  const property = rowsProperty(output)
  const rows = data[property] as Row[]
  const items = output.properties[property]?.items as TSchema
  if (isObject(items)) return { columns: columnsOf(items), rows }
  if (items.type === 'array') return { columns: compactColumns(data.columns as string[]), rows }
  return { columns: figureColumns(rows, (data.columns as { names: string[] } | undefined)?.names ?? []), rows }
}

/** Of rows that are texts in the order of named columns. */
function compactColumns(names: readonly string[]): Column[] {
  return names.map((name, index) => ({
    title: name.charAt(0).toUpperCase() + name.slice(1),
    path: [String(index)],
    isText: WORDS.test(name),
  }))
}

/** Of rows of figures by name; one that is a list has a figure for each of `names`, one that is an object several. */
function figureColumns(rows: readonly Row[], names: readonly string[], prefix: readonly string[] = []): Column[] {
  const examples = new Map(rows.flatMap((row) => Object.entries(row)))
  return [...examples].flatMap(([name, example]) => {
    const path = [...prefix, name]
    if (Array.isArray(example)) {
      return example.map((_, index) => ({
        title: `${titleOf(path)} ${names[index] ?? index + 1}`,
        path: [...path, String(index)],
        isText: false,
      }))
    }
    if (typeof example === 'object' && example !== null) {
      return figureColumns(
        rows.map((row) => (row[name] ?? {}) as Row),
        names,
        path,
      )
    }
    return [{ title: titleOf(path), path, isText: WORDS.test(name) }]
  })
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
