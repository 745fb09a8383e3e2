import { Type } from '@sinclair/typebox'
import { ServiceError } from '../errors.ts'
import { estimateTokens } from './text.ts'

// A result has its rows twice, as data and as shorter text: together they stay under 8,000 tokens.
export const MAX_PAGE_TOKENS = 3800
/** The most rows that a tool gives a model. Only files, which no model reads, are made of longer pages. */
const MAX_LIMIT = 100

/** What the result of every list contains besides its rows. */
export const PAGE_OUTPUT = { hasMore: Type.Boolean(), nextCursor: Type.Optional(Type.String()) }

/** Values of the last row of a page, after which the next page begins. */
export type CursorValues = readonly string[]

/** An opaque cursor. */
function encodeCursor(values: CursorValues): string {
  return Buffer.from(JSON.stringify(values)).toString('base64url')
}

interface Values {
  1: readonly [string]
  2: readonly [string, string]
  3: readonly [string, string, string]
  4: readonly [string, string, string, string]
  5: readonly [string, string, string, string, string]
}

/**
 * The values in a cursor.
 * @param count how many there must be
 * @throws ServiceError `invalid_argument` for a cursor that no tool issued
 */
export function decodeCursor<Count extends keyof Values>(
  cursor: string | undefined,
  count: Count,
): Values[Count] | undefined {
  if (cursor === undefined) return undefined
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(values) && values.length === count && values.every((value) => typeof value === 'string'))
      return values as unknown as Values[Count]
  } catch {
    // Falls through to the error for all invalid cursors.
  }
  throw new ServiceError(
    'invalid_argument',
    'cursor is not one that this tool gave: pass nextCursor of the page before.',
  )
}

/**
 * Where a list goes on that can be sorted in several ways.
 * @returns value that it is sorted by, and id, of the last row
 * @throws ServiceError `invalid_argument` for a cursor of another list, or of this one sorted otherwise
 */
export function sortedCursor(cursor: string | undefined, sort: string): readonly [string, string] | undefined {
  const values = decodeCursor(cursor, 3)
  if (values === undefined) return undefined
  const [sorted, key, id] = values
  if (sorted !== sort) throw new ServiceError('invalid_argument', 'cursor belongs to another sort: begin anew.')
  return [key, id]
}

/**
 * Makes a page of results from rows, of which the query fetched one more than the limit. A page also ends before it
 * would exceed what a model can read in one result; the cursor continues from there.
 * @param keyOf the values that the rows are ordered by, as the query compares them
 * @param maxTokens of the rows as data, if their text is shorter or they are mostly digits
 */
export function page<Row, Item>(
  rows: readonly Row[],
  limit: number,
  keyOf: (row: Row) => CursorValues,
  build: (row: Row) => Item,
  maxTokens = MAX_PAGE_TOKENS,
) {
  const items: Item[] = []
  let size = 0
  for (const row of rows.slice(0, limit)) {
    const item = build(row)
    size += estimateTokens(JSON.stringify(item))
    // Its cursor, in both halves of the result, may be as long as a name.
    const whole = size + estimateTokens(encodeCursor(keyOf(row)))
    if (whole > maxTokens && items.length > 0 && limit <= MAX_LIMIT) break
    items.push(item)
  }
  const last = rows[items.length - 1]
  const nextCursor = rows.length > items.length && last !== undefined ? encodeCursor(keyOf(last)) : undefined
  return { items, hasMore: nextCursor !== undefined, ...(nextCursor === undefined ? {} : { nextCursor }) }
}
