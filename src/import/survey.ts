import type { CsvRow } from './csv.ts'
import { type DayOrder, shownOrder } from './dates.ts'
import type { Kind } from './kind.ts'
import { type Evidence, evidentMark } from './numbers.ts'

/** What the values of a whole file show about how it is to be read. */
export interface Survey {
  /** The decimal mark of its amounts, and of its quantities, with the first line that shows it. */
  amounts: Evidence | undefined
  quantities: Evidence | undefined
  /** Whether 3/4 is in March or in April; undefined if the dates don't show it, or show both. */
  dayOrder: DayOrder | undefined
}

/**
 * Reads a file once before it is imported, because a value such as 1.990 or 3/4/2026 can only be read by
 * what others show.
 */
export async function survey(
  rows: AsyncIterable<CsvRow>,
  { numbers, dates }: Pick<Kind, 'numbers' | 'dates'>,
  currency: string,
): Promise<Survey> {
  const found: Survey = { amounts: undefined, quantities: undefined, dayOrder: undefined }
  const evidence = ({ cells, line }: CsvRow, columns: readonly string[]): Evidence | undefined => {
    for (const column of columns) {
      const mark = evidentMark(cells[column] ?? '', currency)
      if (mark !== undefined) return { mark, line }
    }
    return undefined
  }
  const orders = new Set<DayOrder>()
  for await (const row of rows) {
    for (const column of dates) {
      const order = shownOrder(row.cells[column] ?? '')
      if (order !== undefined) orders.add(order)
    }
    found.amounts ??= evidence(row, numbers.amounts)
    found.quantities ??= evidence(row, numbers.quantities)
  }
  return { ...found, dayOrder: orders.size === 1 ? [...orders][0] : undefined }
}
