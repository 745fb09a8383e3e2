import { ServiceError } from '../errors.ts'
import { fromCell } from './formulas.ts'
import type { Platform } from './platforms.ts'

/** The columns of a kind of file, by our names. */
export interface Columns {
  required: readonly string[]
  /** Of each of these groups the file has at least one. */
  oneOf?: readonly (readonly string[])[]
  optional: readonly string[]
}

export const allColumns = ({ required, oneOf = [], optional }: Columns) => [...required, ...oneOf.flat(), ...optional]

/** How the header of a file goes with our columns. */
export interface Match {
  header: string[]
  platform: Platform | undefined
  /** Positions in a row, by our names. */
  positions: ReadonlyMap<string, number>
}

/**
 * Reads `--map`: `column=Header,…`; `column=` is for a column that the file has not, whatever its headers say.
 * @param known the columns of all files given
 * @returns headers by column, `''` for none
 * @throws ServiceError naming the part that is malformed, or the unknown column and the known ones
 */
export function parseMap(map: readonly string[], known: readonly string[]): Map<string, string> {
  // A header may hold commas: a new pair begins only where a name and an equals sign follow.
  const parts = map.flatMap((value) => value.split(/,(?=[^,=]*=)/))
  return new Map(
    parts.map((part) => {
      const [, column, header] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(part) ?? []
      if (!column || header === undefined) throw invalid(`--map: "${part}" is not of the form column=Header.`)
      if (!known.includes(column)) throw invalid(`--map: there is no column ${column}. Columns: ${known.join(', ')}.`)
      return [column, header]
    }),
  )
}

/**
 * Matches a header, in any case, with our columns.
 * @returns the match, or what is missing
 * @throws ServiceError when a column is there twice
 */
export function matchHeader(
  header: string[],
  columns: Columns,
  map: ReadonlyMap<string, string>,
  platform: Platform | undefined,
  file: string,
): Match | { missing: string[] } {
  const names = header.map((name) => fromCell(name).toLowerCase())
  const positions = new Map<string, number>()
  const missing: string[] = []
  for (const column of allColumns(columns)) {
    const wanted = map.get(column) ?? platform?.columns[column] ?? (platform ? '' : column)
    if (wanted === '') continue
    const index = names.indexOf(wanted.toLowerCase())
    if (index >= 0 && index !== names.lastIndexOf(wanted.toLowerCase())) {
      throw invalid(`${file} has two columns named ${header[index]}.`)
    }
    if (index >= 0) positions.set(column, index)
    else if (map.has(column)) missing.push(`${wanted} (mapped to ${column})`)
  }
  missing.push(...columns.required.filter((column) => !positions.has(column) && !map.get(column)))
  for (const group of columns.oneOf ?? []) {
    if (!group.some((column) => positions.has(column) || map.get(column))) missing.push(group.join(' or '))
  }
  return missing.length > 0 ? { missing } : { header, platform, positions }
}

export function noSuchColumns(file: string, missing: readonly string[], header: readonly string[]): ServiceError {
  return invalid(
    `${file} has no column ${missing.join(', ')}. Found: ${header.join(', ').slice(0, 500)}. ` +
      'Name a column that is called otherwise with --map column=Header.',
  )
}

function invalid(message: string): ServiceError {
  return new ServiceError('invalid_argument', message)
}
