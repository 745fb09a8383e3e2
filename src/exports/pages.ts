import type { BusinessContext, BusinessTool } from '../mcp/tool.ts'
import { type FileRows, fileRowsOf } from '../results/file-rows.ts'
import { type Cell, cellOf } from './cells.ts'

/** Rows that are in memory at a time. */
const PAGE = 1000
/** More than any report has. */
const WHOLE = 20_000

/** What a file is made of. */
export interface FileContent {
  titles: readonly string[]
  pages: AsyncGenerator<Cell[][]>
}

/**
 * All rows of a tool that lists or reports, page by page, by the tool's own query.
 * @param input its arguments, checked, without limit and cursor
 * @param context of one transaction, so that no row is lost or doubled between pages
 * @param tell the number of rows of each page
 * @throws what reading the first page throws
 */
export async function contentOf(
  tool: BusinessTool,
  input: Record<string, unknown>,
  context: BusinessContext,
  tell: (rows: number) => void,
): Promise<FileContent> {
  const pages = fileRows(tool, input, context)
  const first = await pages.next()
  const { columns, rows } = first.value ?? { columns: [], rows: [] }
  const cells = (page: FileRows['rows']) => {
    tell(page.length)
    return page.map((row) => columns.map((title, index) => cellOf(title, row[index] ?? null)))
  }
  async function* all() {
    yield cells(rows)
    for await (const page of pages) yield cells(page.rows)
  }
  return { titles: columns.map((title) => title.charAt(0).toUpperCase() + title.slice(1)), pages: all() }
}

async function* fileRows(
  tool: BusinessTool,
  input: Record<string, unknown>,
  context: BusinessContext,
): AsyncGenerator<FileRows, undefined> {
  const { limit, cursor } = tool.input.properties
  const size = limit === undefined ? {} : { limit: cursor === undefined ? WHOLE : PAGE }
  let next: unknown
  do {
    const after = next === undefined ? {} : { cursor: next }
    const { data, file } = await tool.handler({ ...input, ...size, ...after }, context)
    yield file ?? fileRowsOf(data as Record<string, unknown>)
    next = (data as { nextCursor?: unknown }).nextCursor
  } while (next !== undefined)
}
