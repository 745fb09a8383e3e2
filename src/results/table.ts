import { areShown } from './counted.ts'
/** A compact Markdown table. Cells are plain text: bars, which would break the row, are replaced. */
export function table(headers: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '/')).join(' | ')} |`
  return [line(headers), `|${'---|'.repeat(headers.length)}`, ...rows.map(line)].join('\n')
}

/** A list as text. If it was cut, the text begins by saying so. */
export function listText(list: {
  /** What the rows are, in the plural: "products". */
  what: string
  headers: readonly string[]
  rows: readonly (readonly (string | number)[])[]
  nextCursor?: string | undefined
}): string {
  const { what, headers, rows, nextCursor } = list
  if (rows.length === 0) return `No ${what} match.`
  const cut =
    nextCursor === undefined ? '' : `Only ${areShown(rows.length, what)}; more follow with cursor ${nextCursor}\n`
  return cut + table(headers, rows)
}
