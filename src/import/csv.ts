import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { ServiceError } from '../errors.ts'
import { fromCell } from './formulas.ts'

const MAX_RECORD_BYTES = 100_000

/** The columns of a kind of file, by our names. */
export interface Columns {
  required: readonly string[]
  optional: readonly string[]
}

export interface CsvRow {
  /** Line of the file on which the row begins; the header is on line 1. */
  line: number
  /** All values as in the file, to write a rejected row back out. */
  raw: string[]
  /** The values of the columns we know, `''` where the row has none. */
  cells: Record<string, string>
  /** What is wrong with the row as a whole. */
  fault: string | undefined
}

export interface CsvFile {
  header: string[]
  /** Headers that we do not use. */
  unused: string[]
  rows: AsyncGenerator<CsvRow>
  /** Closes the file before its end. */
  close(): Promise<void>
}

/**
 * Reads `--map`: `column=Header,…`.
 * @param known the columns of all files given
 * @returns headers by column
 * @throws ServiceError naming the part that is malformed, or the unknown column and the known ones
 */
export function parseMap(map: readonly string[], known: readonly string[]): Map<string, string> {
  const parts = map.flatMap((value) => value.split(','))
  return new Map(
    parts.map((part) => {
      const [, column, header] = /^\s*([^=]*?)\s*=\s*(.+?)\s*$/.exec(part) ?? []
      if (!column || !header) throw invalid(`--map: "${part}" is not of the form column=Header.`)
      if (!known.includes(column)) throw invalid(`--map: there is no column ${column}. Columns: ${known.join(', ')}.`)
      return [column, header]
    }),
  )
}

/**
 * Opens a CSV file (UTF-8 or UTF-16 with a byte order mark) and matches its header, in any case, with our columns.
 * @param map headers by column, for columns whose header is different from their name
 * @param onBytes called with the bytes read so far and the total
 * @throws ServiceError when the file cannot be read, is not CSV, or lacks a column; then with the headers found
 */
export async function openCsv(
  file: string,
  columns: Columns,
  map: ReadonlyMap<string, string>,
  onBytes: (done: number, total: number) => void = () => {},
): Promise<CsvFile> {
  const records = readRecords(file, await sizeOf(file), onBytes)
  const close = async () => void (await records.return(undefined))
  try {
    const first = await records.next()
    if (first.done) throw invalid(`${basename(file)} is empty: its first line has to name the columns.`)

    const header = first.value.values
    const positions = matchHeader(basename(file), header, columns, map)
    const used = new Set(positions.values())
    return {
      header,
      unused: header.filter((name, index) => name !== '' && !used.has(index)),
      rows: rowsOf(records, header.length, positions),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface CsvRecord {
  values: string[]
  line: number
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (cause) {
    throw unreadable(file, cause)
  }
}

async function* readRecords(
  file: string,
  size: number,
  onBytes: (done: number, total: number) => void,
): AsyncGenerator<CsvRecord> {
  const input = createReadStream(file)
  const parser = parse({
    bom: true,
    info: true,
    relax_column_count: true,
    skip_records_with_empty_values: true,
    max_record_size: MAX_RECORD_BYTES,
  })
  // Errors of either stream surface where the parser is iterated.
  pipeline(input, parser, () => {})
  // The parser counts a CR LF inside a value as two lines.
  let surplus = 0
  let read = 0
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRecord>) {
      const breaks = record.flatMap((value) => value.match(/\r\n|\r|\n/g) ?? [])
      surplus += breaks.filter((lineBreak) => lineBreak === '\r\n').length
      if (input.bytesRead !== read) onBytes(input.bytesRead, size)
      read = input.bytesRead
      yield { values: record.map(cleanCell), line: info.lines - surplus - breaks.length }
    }
  } catch (error) {
    throw error instanceof CsvError ? notCsv(file, error) : unreadable(file, error)
  }
}

interface ParsedRecord {
  record: string[]
  info: { lines: number }
}

/** Replaces control characters and halves of surrogate pairs, which mean nothing; the database rejects NUL. */
function cleanCell(value: string): string {
  return value.replace(/[\p{Cc}\p{Cs}]+/gu, ' ').trim()
}

async function* rowsOf(
  records: AsyncGenerator<CsvRecord>,
  width: number,
  positions: ReadonlyMap<string, number>,
): AsyncGenerator<CsvRow> {
  for await (const { values, line } of records) {
    const cells = Object.fromEntries([...positions].map(([column, index]) => [column, fromCell(values[index] ?? '')]))
    yield { line, raw: values, cells, fault: faultOf(values, width) }
  }
}

function faultOf(values: string[], width: number): string | undefined {
  if (values.length !== width) return `it has ${values.length} values where the header has ${width}`
  // The replacement character: decoding puts it in place of bytes that are not UTF-8.
  if (values.some((value) => value.includes('\ufffd'))) return 'it holds bytes that are not UTF-8 text'
  return undefined
}

function matchHeader(
  file: string,
  header: string[],
  columns: Columns,
  map: ReadonlyMap<string, string>,
): Map<string, number> {
  const names = header.map((name) => fromCell(name).toLowerCase())
  const positions = new Map<string, number>()
  const missing: string[] = []
  for (const column of [...columns.required, ...columns.optional]) {
    const name = (map.get(column) ?? column).toLowerCase()
    const index = names.indexOf(name)
    if (index !== names.lastIndexOf(name)) throw invalid(`${file} has two columns named ${header[index]}.`)
    if (index >= 0) positions.set(column, index)
    else if (map.has(column)) missing.push(`${map.get(column)} (mapped to ${column})`)
    else if (columns.required.includes(column)) missing.push(column)
  }
  if (missing.length > 0) {
    throw invalid(
      `${file} has no column ${missing.join(', ')}. Found: ${header.join(', ').slice(0, 500)}. ` +
        'Name a column that is called otherwise with --map column=Header.',
    )
  }
  return positions
}

function notCsv(file: string, error: CsvError): ServiceError {
  const where = `${basename(file)}, line ${error.lines}`
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    return invalid(`${where}: a row is longer than ${MAX_RECORD_BYTES} bytes. Is a quote opened and not closed?`)
  }
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') return invalid(`${where}: a quote is opened and not closed.`)
  return invalid(`${where}: this is not CSV. A value with a quote in it is quoted itself, and its quotes are doubled.`)
}

function unreadable(file: string, cause: unknown): ServiceError {
  const code = (cause as { code?: string }).code
  if (code === undefined) throw cause
  const reason =
    { ENOENT: 'there is no such file', EACCES: 'it may not be read', EISDIR: 'it is a folder' }[code] ?? code
  return new ServiceError('invalid_argument', `${file} cannot be read: ${reason}.`, { cause })
}

function invalid(message: string): ServiceError {
  return new ServiceError('invalid_argument', message)
}
