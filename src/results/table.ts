import { describePage } from './counted.ts'
/** A compact Markdown table. Cells are plain text: bars, which would break the row, are replaced. */
export function table(headers: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '/')).join(' | ')} |`
  return [line(headers), `|${'---|'.repeat(headers.length)}`, ...rows.map(line)].join('\n')
}

/** A list as text. It begins with how many match and, if it was cut, how many of them are shown. */
export function listText(list: {
  /** What the rows are, in the plural: "products". */
  what: string
  headers: readonly string[]
  rows: readonly (readonly (string | number)[])[]
  /** How many match, whatever the page. */
  total: number
  nextCursor?: string | undefined
  /** What holds for all that match: it begins with how many they are. */
  answer?: string
}): string {
  const { what, headers, rows, total, nextCursor, answer } = list
  if (rows.length === 0) return `No ${what} match.`
  const isWhole = rows.length === total
  const page = describePage({ what, shown: rows.length, total, nextCursor })
  return [
    ...(answer !== undefined && isWhole ? [] : [page]),
    ...(answer === undefined ? [] : [answer]),
    table(headers, rows),
  ].join('\n')
}
