import type { BusinessContext, BusinessTool } from '../mcp/tool.ts'
import { type Cell, cellOf } from './cells.ts'
import { rowsOf } from './columns.ts'

/** Rows that are in memory at a time. */
const PAGE = 1000
/** More than any report has. */
const WHOLE = 20_000

/**
 * All rows of a tool that lists or reports, page by page, by the tool's own query.
 * @param input its arguments, checked, without limit and cursor
 * @param context of one transaction, so that no row is lost or doubled between pages
 */
export async function* pagesOf(
  tool: BusinessTool,
  input: Record<string, unknown>,
  context: BusinessContext,
): AsyncGenerator<Cell[][]> {
  const { property, columns } = rowsOf(tool.output)
  const { limit, cursor } = tool.input.properties
  const size = limit === undefined ? {} : { limit: cursor === undefined ? WHOLE : PAGE }
  let next: unknown
  do {
    const after = next === undefined ? {} : { cursor: next }
    const data = (await tool.handler({ ...input, ...size, ...after }, context)).data as Record<string, unknown>
    yield (data[property] as Record<string, unknown>[]).map((row) => columns.map((column) => cellOf(column, row)))
    next = data.nextCursor
  } while (next !== undefined)
}

/** The same pages, once the first of them is read. @throws what reading it throws */
export async function begun<Page>(pages: AsyncGenerator<Page>): Promise<AsyncGenerator<Page>> {
  const first = await pages.next()
  return (async function* () {
    if (first.done !== true) yield first.value
    yield* pages
  })()
}

/** The same pages; tells the number of rows of each. */
export async function* counted<Row>(pages: AsyncIterable<Row[]>, tell: (rows: number) => void): AsyncGenerator<Row[]> {
  for await (const page of pages) {
    tell(page.length)
    yield page
  }
}
