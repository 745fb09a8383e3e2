import { Type } from '@sinclair/typebox'
import { compact, compactText } from './compact.ts'
import { describePage } from './counted.ts'
import { type CursorValues, MAX_PAGE_TOKENS, PAGE_OUTPUT, page } from './cursor.ts'
import { estimateTokens } from './text.ts'

/** The rows of a list in compact form, in the schema of its result. */
export const CompactRows = Type.Array(Type.Array(Type.String()), { description: 'By columns' })

/** What the result of such a list contains besides its rows. */
export const COMPACT_OUTPUT = {
  matching: Type.Optional(Type.Integer({ description: 'All that match; absent: too many to count' })),
  nearest: Type.Optional(Type.Boolean({ description: 'true: nothing matches the search; these are only near to it' })),
  columns: Type.Array(Type.String()),
  same: Type.Record(Type.String(), Type.String(), { description: 'What all rows have in columns left out' }),
  ...PAGE_OUTPUT,
}

/**
 * A page of a list in compact rows, as data and as text. A blank cell is what is not known or not there.
 * @param rows of which the query fetched one more than the limit
 * @param keyOf the values that the rows are ordered by, as the query compares them
 */
export function compactPage<Row>(list: {
  /** What the rows are, in the plural: "products". */
  what: string
  columns: readonly string[]
  /** Which of them are amounts. */
  amounts?: readonly string[]
  rows: readonly Row[]
  limit: number
  /** What each half of the result has beside the rows and may be long; there are fewer rows then. */
  beside?: unknown
  /** How many match; absent if they are too many to count. */
  total?: number | undefined
  /** Whether nothing matches a search, and the rows are the nearest to it. */
  isNearest?: boolean
  keyOf: (row: Row) => CursorValues
  cells: (row: Row) => string[]
}) {
  const { what, total, isNearest = false } = list
  const cells = list.rows.map(list.cells)
  const { columns, same, rows: all } = compact(list.columns, cells)
  const { items: rows, ...more } = page(
    list.rows.map((row, index) => ({ row, cells: all[index] as string[] })),
    list.limit,
    ({ row }) => list.keyOf(row),
    ({ cells }) => cells,
    MAX_PAGE_TOKENS - estimateTokens(JSON.stringify([same, list.beside])),
  )
  const head = () => {
    if (isNearest) return `No ${what} match the search; nearest are:`
    return describePage({ what, shown: rows.length, total, nextCursor: more.nextCursor })
  }
  return {
    rows,
    file: { columns: list.columns, rows: cells.slice(0, rows.length) },
    text: rows.length === 0 ? `No ${what} match.` : `${head()}\n${compactText({ columns, same }, rows, list.amounts)}`,
    data: {
      ...(total === undefined ? {} : { matching: total }),
      ...(isNearest && rows.length > 0 ? { nearest: true } : {}),
      columns,
      same,
      ...more,
    },
  }
}
