import { stringify } from 'csv-stringify/sync'
import { ServiceError } from '../errors.ts'
import type { Cell } from './cells.ts'

/** How a CSV file separates cells and writes decimals. */
export interface CsvDialect {
  delimiter: ',' | ';'
  decimalMark: '.' | ','
}

export const PLAIN_CSV: CsvDialect = { delimiter: ',', decimalMark: '.' }

// A spreadsheet runs a cell that begins with one of these, unless an apostrophe stands before it.
const FORMULA = /^[=+\-@\t\r＝＋－＠]/

/**
 * What Excel expects where people write as in a locale: a semicolon where the comma is the decimal mark.
 * @throws ServiceError `invalid_argument` for a name that is no locale
 */
export function excelDialect(locale: string): CsvDialect {
  try {
    const decimal = new Intl.NumberFormat(locale).formatToParts(1.5).find(({ type }) => type === 'decimal')?.value
    return decimal === ',' ? { delimiter: ';', decimalMark: ',' } : PLAIN_CSV
  } catch {
    throw new ServiceError('invalid_argument', 'locale must be a language and country such as es-GT or de-DE.')
  }
}

/** The lines of a CSV file, in UTF-8 with a byte order mark, by which Excel knows the encoding. */
export async function* csvOf(
  titles: readonly string[],
  pages: AsyncIterable<Cell[][]>,
  { delimiter, decimalMark }: CsvDialect,
): AsyncGenerator<string> {
  const lines = (rows: readonly (readonly string[])[]) =>
    stringify(rows as string[][], { delimiter, record_delimiter: 'windows' })
  yield `\ufeff${lines([titles])}`
  for await (const rows of pages) yield lines(rows.map((row) => row.map(textOf)))

  function textOf(cell: Cell): string {
    if (cell === null) return ''
    if (typeof cell === 'string') return FORMULA.test(cell) ? `'${cell}` : cell
    if ('number' in cell) return cell.number.replace('.', decimalMark)
    return cell.time === undefined ? cell.date : `${cell.date} ${cell.time}`
  }
}
