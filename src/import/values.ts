import { ServiceError } from '../errors.ts'
import type { CsvRow } from './csv.ts'

/**
 * Reads `--map-value`: `column:value=ours`.
 * @returns our values by `column:value`, the value in lower case
 */
export function parseValues(values: readonly string[], known: readonly string[]): Map<string, string> {
  return new Map(
    values.map((value) => {
      const [, column = '', said, ours] = /^\s*([^:=]*?)\s*:\s*(.*?)\s*=\s*([^=]*?)\s*$/.exec(value) ?? []
      if (said === undefined || ours === undefined) {
        throw invalid(`--map-value: "${value}" is not of the form column:value=ours, such as status:paid=completed.`)
      }
      if (!known.includes(column)) {
        throw invalid(`--map-value: there is no column ${column}. Columns: ${known.join(', ')}.`)
      }
      return [`${column}:${said.toLowerCase()}`, ours]
    }),
  )
}

/** A row with our values in place of those that `--map-value` names. */
export function withValues(row: CsvRow, values: ReadonlyMap<string, string>): CsvRow {
  if (values.size === 0) return row
  const cells = Object.entries(row.cells).map(([column, value]) => [
    column,
    values.get(`${column}:${value.toLowerCase()}`) ?? value,
  ])
  return { ...row, cells: Object.fromEntries(cells) }
}

function invalid(message: string): ServiceError {
  return new ServiceError('invalid_argument', message)
}
