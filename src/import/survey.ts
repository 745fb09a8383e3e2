import type { CsvRow } from './csv.ts'
import { type Evidence, evidentMark } from './numbers.ts'

/** What the values of a whole file show about how it is to be read. */
export interface Survey {
  /** The decimal mark of its amounts, and of its quantities, with the first line that shows it. */
  amounts: Evidence | undefined
  quantities: Evidence | undefined
}

/**
 * Reads a file once before it is imported, because a value such as 1.990 can only be read by what others show.
 * @param numbers the columns of numbers
 */
export async function survey(
  rows: AsyncIterable<CsvRow>,
  numbers: { amounts: readonly string[]; quantities: readonly string[] },
  currency: string,
): Promise<Survey> {
  const found: Survey = { amounts: undefined, quantities: undefined }
  const evidence = ({ cells, line }: CsvRow, columns: readonly string[]): Evidence | undefined => {
    for (const column of columns) {
      const mark = evidentMark(cells[column] ?? '', currency)
      if (mark !== undefined) return { mark, line }
    }
    return undefined
  }
  for await (const row of rows) {
    found.amounts ??= evidence(row, numbers.amounts)
    found.quantities ??= evidence(row, numbers.quantities)
  }
  return found
}
