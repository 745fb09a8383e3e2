interface CompactList {
  columns: string[]
  same: Record<string, string>
  [rows: string]: unknown
}

/** The rows of a compact list as objects, with what all of them have; a column that is blank everywhere is left out. */
export function compactRows(data: unknown, name: string): Record<string, string>[] {
  const { columns, same, [name]: rows } = data as CompactList
  return (rows as string[][]).map((cells) => ({
    ...same,
    ...Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? ''])),
  }))
}
