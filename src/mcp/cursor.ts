import { ServiceError } from '../errors.ts'

/** Values of the last row of a page, by which the next page begins. */
export type CursorValues = readonly string[]

/** An opaque cursor. */
function encodeCursor(values: CursorValues): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url')
}

/**
 * The values in a cursor.
 * @param count how many there must be
 * @throws ServiceError `invalid_argument` for anything that no tool gave out
 */
export function decodeCursor(cursor: string | undefined, count: number): string[] | undefined {
  if (cursor === undefined) return undefined
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(values) && values.length === count && values.every((value) => typeof value === 'string'))
      return values
  } catch {
    // Falls through to the one answer for every broken cursor.
  }
  throw new ServiceError(
    'invalid_argument',
    'cursor is not one that this tool gave: pass nextCursor of the page before.',
  )
}

/**
 * Cuts a page off rows of which one more than the limit was asked for.
 * @param keyOf the values by which the rows are ordered, as the query compares them
 */
export function page<Row>(rows: Row[], limit: number, keyOf: (row: Row) => CursorValues) {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const nextCursor = rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : undefined
  return { shown, hasMore: nextCursor !== undefined, ...(nextCursor === undefined ? {} : { nextCursor }) }
}
