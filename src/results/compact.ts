import { grouped } from '../money/money.ts'

/**
 * Rows of a long list, as short as a model can still read them: texts in the order of the columns, without the blanks
 * at the end.
 */
export interface Compact {
  columns: string[]
  rows: string[][]
  /** What every row has in a column that is therefore left out. */
  same: Record<string, string>
}

/** Leaves out the columns in which all rows are blank or, if there are several, the same. */
export function compact(columns: readonly string[], rows: readonly (readonly string[])[]): Compact {
  const same: Record<string, string> = {}
  const kept = columns.flatMap((column, index) => {
    const [first = ''] = rows.map((row) => row[index] ?? '')
    if (rows.length === 0 || rows.some((row) => row[index] !== first)) return [index]
    if (first === '') return []
    if (rows.length === 1 || index === 0) return [index]
    same[column] = first
    return []
  })
  return {
    columns: kept.map((index) => columns[index] as string),
    rows: rows.map((row) => trimmed(kept.map((index) => row[index] as string))),
    same,
  }
}

function trimmed(row: string[]): string[] {
  return row.slice(0, row.findLastIndex((cell) => cell !== '') + 1)
}

/**
 * Such rows as text: a line for each, with a bar before each cell.
 * @param amounts the columns of amounts, which text groups by thousands
 */
export function compactText(
  { columns, same }: Omit<Compact, 'rows'>,
  rows: readonly (readonly string[])[],
  amounts: readonly string[] = [],
): string {
  const line = (cells: readonly string[]) => `|${cells.map((cell) => cell.replaceAll('|', '/')).join('|')}`
  const shown = (cell: string, column: string | undefined) =>
    column !== undefined && amounts.includes(column) ? grouped(cell) : cell
  const shared = Object.entries(same).map(([column, value]) => `${column} ${shown(value, column)}`)
  return [
    ...(shared.length === 0 ? [] : [`All rows below: ${shared.join(', ')}.`]),
    line(columns),
    ...rows.map((row) => line(row.map((cell, index) => shown(cell, columns[index])))),
  ].join('\n')
}
