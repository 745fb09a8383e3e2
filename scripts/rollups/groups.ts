/** Groups of sales that do not stand in them: the city of their client, the category and supplier of their product. */
import { type Kind, lockRows, oneByOne } from './facts.ts'

/** A row of a table, named by facts, and what it says of them. It may say something else later; moves.ts follows it. */
export interface Grouping {
  table: string
  /** The column of facts that names it. */
  key: string
  /** The values by which cells are grouped: SQL of a row with an alias. */
  values: Record<string, (alias: string) => string>
}

const GROUPINGS: Record<Kind, Grouping | null> = {
  // An empty text is no city, or no client.
  sales: { table: 'customer', key: 'customer_id', values: { city: (alias) => `city_name(${alias}.city)` } },
  lines: {
    table: 'product',
    key: 'product_id',
    values: { category_id: (alias) => `${alias}.category_id`, supplier_id: (alias) => `${alias}.supplier_id` },
  },
  payments: null,
}

export const groupingOf = (kind: Kind) => GROUPINGS[kind]

export const groupColumns = (kind: Kind) => Object.keys(GROUPINGS[kind]?.values ?? {})

/** The columns of groups, of facts that are joined with them. */
export const groupValues = (kind: Kind) =>
  Object.entries(GROUPINGS[kind]?.values ?? {}).map(([column, value]) => `${value('g')} as ${column}`)

/** Joins facts `f` with the rows `g` that group them. */
export const withGroups: Record<'oneByOne' | 'inBulk', (kind: Kind) => string> = {
  oneByOne: (kind) => joined(kind, (table, condition) => oneByOne(table, 'g', condition, { isOuter: true })),
  inBulk: (kind) => joined(kind, (table, condition) => `left join ${table} g on ${condition}`),
}

function joined(kind: Kind, join: (table: string, condition: string) => string): string {
  const grouping = GROUPINGS[kind]
  if (grouping === null) return ''
  return join(grouping.table, `g.business_id = f.business_id and g.id = f.${grouping.key}`)
}

/**
 * Locks the rows that group some facts, as the foreign key of a new order or line does: who regroups a row waits for
 * the sales under way, and they for it. A statement of its own, because the next one then sees what it waited for.
 */
export function lockGroups(kind: Kind, rows: string): string {
  const { table, key } = GROUPINGS[kind] as Grouping
  return lockRows(table, key, rows, 'key share')
}
