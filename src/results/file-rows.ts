/** The rows of a list for a file: all of its columns, whatever its result leaves out for a model. */
export interface FileRows {
  columns: readonly string[]
  rows: readonly (readonly FileValue[])[]
}
export type FileValue = string | number | boolean | null

type Row = Record<string, unknown>

/**
 * The rows of a result without rows of its own for a file: those of its first list of objects. Values of a second group
 * become columns of their own, and lists within a row have no place in a table.
 */
export function fileRowsOf(data: Record<string, unknown>): FileRows {
  const lists = Object.entries(data).filter((entry): entry is [string, Row[]] => isRows(entry[1]))
  const [, rows = []] = lists.find(([name]) => name === 'rows') ?? lists[0] ?? []
  const across = (data.columns as { names?: unknown } | undefined)?.names
  const flat = rows.map((row) => flatten(row, Array.isArray(across) ? across.map(String) : []))
  const columns = [...new Set(flat.flatMap((row) => [...row.keys()]))]
  return { columns, rows: flat.map((row) => columns.map((column) => row.get(column) ?? null)) }
}

function isRows(value: unknown): value is Row[] {
  return Array.isArray(value) && value.every((row) => typeof row === 'object' && row !== null && !Array.isArray(row))
}

function flatten(row: Row, across: readonly string[], prefix = ''): Map<string, FileValue> {
  const cells = new Map<string, FileValue>()
  for (const [name, value] of Object.entries(row)) {
    const title = titleOf(`${prefix}${name}`)
    if (Array.isArray(value)) {
      if (value.length !== across.length) continue
      // In brackets, so that a title tells by its own last word what the values are, whatever people call a column.
      for (const [index, column] of across.entries()) cells.set(`${title} (${column})`, plain(value[index]))
    } else if (typeof value === 'object' && value !== null) {
      const inner = value as Row
      // A thing of the shop is told by its name.
      if (typeof inner.name === 'string') cells.set(title, inner.name)
      else for (const [key, cell] of flatten(inner, across, `${title} `)) cells.set(key, cell)
    } else cells.set(title, plain(value))
  }
  return cells
}

function plain(value: unknown): FileValue {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}

/** `netSales` and `net_sales` become `Net sales`. */
function titleOf(name: string): string {
  const words = name.replaceAll('_', ' ').replace(/[a-z][A-Z]/g, ([a = '', b = '']) => `${a} ${b.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}
