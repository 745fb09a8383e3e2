/** A compact Markdown table. Cells are plain text; a bar in one would break the row. */
export function table(headers: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '/')).join(' | ')} |`
  return [line(headers), `|${'---|'.repeat(headers.length)}`, ...rows.map(line)].join('\n')
}

/** A list as text; one that was cut says so first. */
export function listText(list: {
  /** What the rows are, in plural: "products". */
  what: string
  headers: readonly string[]
  rows: readonly (readonly (string | number)[])[]
  nextCursor?: string | undefined
}): string {
  const { what, headers, rows, nextCursor } = list
  if (rows.length === 0) return `No ${what} match.`
  const cut =
    nextCursor === undefined ? '' : `Only ${rows.length} ${what} are shown; more follow with cursor ${nextCursor}\n`
  return cut + table(headers, rows)
}
