import type { BusinessContext, BusinessTool } from '../mcp/tool.ts'
import { type Cell, cellOf } from './cells.ts'
import { tableOf } from './columns.ts'

/** Rows that are in memory at a time. */
const PAGE = 1000
/** More than any report has. */
const WHOLE = 20_000

/** A page of a file. All pages of one have the same titles. */
export interface Page {
  titles: string[]
  rows: Cell[][]
}

/**
 * All rows of a tool that lists or reports, page by page, by the tool's own query.
 * @param input its arguments, checked, without limit and cursor
 * @param context of one transaction, so that no row is lost or doubled between pages
 */
export async function* pagesOf(
  tool: BusinessTool,
  input: Record<string, unknown>,
  context: BusinessContext,
): AsyncGenerator<Page> {
  const { limit, cursor } = tool.input.properties
  const size = limit === undefined ? {} : { limit: cursor === undefined ? WHOLE : PAGE }
  let next: unknown
  do {
    const after = next === undefined ? {} : { cursor: next }
    const { data } = await tool.handler({ ...input, ...size, ...after }, { ...context, forFile: true })
    const { columns, rows } = tableOf(tool.output, data)
    yield {
      titles: columns.map(({ title }) => title),
      rows: rows.map((row) => columns.map((each) => cellOf(each, row))),
    }
    next = (data as { nextCursor?: unknown }).nextCursor
  } while (next !== undefined)
}

/**
 * The titles, and the rows of all pages, once the first of them is read.
 * @throws what reading it throws
 */
export async function begun(
  pages: AsyncGenerator<Page>,
): Promise<{ titles: string[]; pages: AsyncGenerator<Cell[][]> }> {
  const first = await pages.next()
  if (first.done === true) return { titles: [], pages: (async function* () {})() }
  return {
    titles: first.value.titles,
    pages: (async function* () {
      yield first.value.rows
      for await (const { rows } of pages) yield rows
    })(),
  }
}

/** The same pages; tells the number of rows of each. */
export async function* counted<Row>(pages: AsyncIterable<Row[]>, tell: (rows: number) => void): AsyncGenerator<Row[]> {
  for await (const page of pages) {
    tell(page.length)
    yield page
  }
}
