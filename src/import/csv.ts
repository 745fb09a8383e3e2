import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { pipeline } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { parse as parseText } from 'csv-parse/sync'
import { ServiceError } from '../errors.ts'
import { type Columns, type Match, matchHeader, noSuchColumns } from './columns.ts'
import { fromCell } from './formulas.ts'
import { type Platform, platformOf } from './platforms.ts'
import { type Encoding, encodingOf, firstText, readText, unreadable } from './text-file.ts'

const MAX_RECORD_BYTES = 100_000
/** Titles, the period and the like may stand before the header. */
const TITLE_LINES = 20
const DELIMITERS = [',', ';', '\t', '|']

export interface CsvRow {
  /** Line of the file on which the row begins; the header is usually on line 1. */
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
  encoding: Encoding
  delimiter: string
  platform: Platform | undefined
  /** Headers by the column that they are used as. */
  used: Record<string, string>
  /** Headers that we do not use. */
  unused: string[]
  /**
   * The rows below the header, from the first one on with every call.
   * @param onBytes called with the bytes read so far and the total
   */
  rows(onBytes?: (done: number, total: number) => void): AsyncGenerator<CsvRow>
}

export interface CsvOptions {
  /** Headers by column, for columns whose header is different from their name; `''` for none. */
  map?: ReadonlyMap<string, string>
  /** Otherwise the one by which the header has its columns. */
  delimiter?: string | undefined
  encoding?: string | undefined
  /** The platform whose export it is; otherwise recognised by its headers. */
  platform?: Platform | undefined
}

/**
 * Opens a CSV file, finds its header and matches it, in any case, with our columns.
 * @throws ServiceError when the file cannot be read, is not CSV, or lacks a column; then with the headers found
 */
export async function openCsv(file: string, columns: Columns, options: CsvOptions = {}): Promise<CsvFile> {
  if (options.delimiter !== undefined && options.delimiter.length !== 1) {
    throw invalid(`--delimiter: "${options.delimiter}" is not one character, such as ; or tab.`)
  }
  const encoding = await encodingOf(file, options.encoding)
  const { delimiter, match } = await findHeader(file, encoding, columns, options)
  const { header, platform, positions } = match
  const taken = new Set(positions.values())
  return {
    header,
    encoding,
    delimiter,
    platform,
    used: Object.fromEntries(
      [...positions].sort(([, a], [, b]) => a - b).map(([column, index]) => [column, header[index] ?? '']),
    ),
    unused: header.filter((name, index) => name !== '' && !taken.has(index)),
    async *rows(onBytes = () => {}) {
      const records = readRecords(file, { encoding, delimiter }, onBytes)
      const headerText = JSON.stringify(header)
      let isBelow = false
      for await (const { values, line } of records) {
        if (isBelow) yield rowOf(values, line, header.length, positions)
        else isBelow = JSON.stringify(values) === headerText
      }
    },
  }
}

function rowOf(values: string[], line: number, width: number, positions: ReadonlyMap<string, number>): CsvRow {
  const cells = Object.fromEntries([...positions].map(([column, index]) => [column, fromCell(values[index] ?? '')]))
  return { line, raw: values, cells, fault: faultOf(values, width) }
}

function faultOf(values: string[], width: number): string | undefined {
  if (values.length !== width) return `it has ${values.length} values where the header has ${width}`
  // The replacement character: decoding puts it in place of bytes that mean nothing in the file's encoding.
  if (values.some((value) => value.includes('\ufffd'))) return 'it holds bytes that are not UTF-8 text'
  return undefined
}

/** The delimiter by which one of the first lines names our columns, and that line. */
async function findHeader(
  file: string,
  encoding: Encoding,
  columns: Columns,
  { map = new Map(), delimiter, platform }: CsvOptions,
): Promise<{ delimiter: string; match: Match }> {
  const name = basename(file)
  const start = await firstText(file, encoding, MAX_RECORD_BYTES)
  if (start.trim() === '') throw invalid(`${name} is empty: its first line has to name the columns.`)
  const said = delimiter ?? /^sep=(.)\r?\n/i.exec(start)?.[1]

  let closest: { header: string[]; missing: string[] } | undefined
  for (const candidate of said === undefined ? DELIMITERS : [said]) {
    for (const header of firstRecords(start, candidate)) {
      const platforms = platform ? [platform] : [undefined, ...platformOf(header)]
      for (const each of platforms) {
        const match = matchHeader(header, columns, map, each, name)
        if (!('missing' in match)) return { delimiter: candidate, match }
        if (closest === undefined || isCloser({ header, ...match }, closest)) closest = { header, ...match }
      }
    }
  }
  if (closest === undefined) {
    // Nothing can be parsed: reading the file says where and why.
    for await (const _ of readRecords(file, { encoding, delimiter: said ?? ',' }, () => {})) break
  }
  throw noSuchColumns(name, closest?.missing ?? columns.required, closest?.header ?? [])
}

const isCloser = (a: { header: string[]; missing: string[] }, b: { header: string[]; missing: string[] }) =>
  a.missing.length < b.missing.length || (a.missing.length === b.missing.length && a.header.length > b.header.length)

function firstRecords(start: string, delimiter: string): string[][] {
  // The text may end within a quoted value, or be no CSV further down.
  for (const to of [TITLE_LINES, 1]) {
    try {
      const records = parseText(start, { ...FORM, delimiter, to }) as string[][]
      return records.map((record) => record.map(cleanCell))
    } catch (error) {
      if (!(error instanceof CsvError)) throw error
    }
  }
  return []
}

const FORM = {
  bom: true,
  relax_column_count: true,
  skip_records_with_empty_values: true,
  max_record_size: MAX_RECORD_BYTES,
} as const

interface CsvRecord {
  values: string[]
  line: number
}

async function* readRecords(
  file: string,
  { encoding, delimiter }: { encoding: Encoding; delimiter: string },
  onBytes: (done: number, total: number) => void,
): AsyncGenerator<CsvRecord> {
  const size = await sizeOf(file)
  const { bytes, text } = readText(file, encoding)
  const parser = parse({ ...FORM, info: true, delimiter })
  // Errors of either stream surface where the parser is iterated.
  pipeline(bytes, text, parser, () => {})
  const bytesRead = () => (bytes as { bytesRead?: number }).bytesRead ?? 0
  // The parser counts a CR LF inside a value as two lines.
  let surplus = 0
  let read = 0
  try {
    for await (const { record, info } of parser as AsyncIterable<ParsedRecord>) {
      const breaks = record.flatMap((value) => value.match(/\r\n|\r|\n/g) ?? [])
      surplus += breaks.filter((lineBreak) => lineBreak === '\r\n').length
      if (bytesRead() !== read) onBytes(bytesRead(), size)
      read = bytesRead()
      yield { values: record.map(cleanCell), line: info.lines - surplus - breaks.length }
    }
  } catch (error) {
    throw error instanceof CsvError ? notCsv(file, error) : unreadable(file, error)
  } finally {
    bytes.destroy()
  }
}

interface ParsedRecord {
  record: string[]
  info: { lines: number }
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size
  } catch (cause) {
    throw unreadable(file, cause)
  }
}

/** Replaces control characters and halves of surrogate pairs, which mean nothing; the database rejects NUL. */
function cleanCell(value: string): string {
  return value.replace(/[\p{Cc}\p{Cs}]+/gu, ' ').trim()
}

function notCsv(file: string, error: CsvError): ServiceError {
  const where = `${basename(file)}, line ${error.lines}`
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    return invalid(`${where}: a row is longer than ${MAX_RECORD_BYTES} bytes. Is a quote opened and not closed?`)
  }
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') return invalid(`${where}: a quote is opened and not closed.`)
  return invalid(`${where}: this is not CSV. A value with a quote in it is quoted itself, and its quotes are doubled.`)
}

function invalid(message: string): ServiceError {
  return new ServiceError('invalid_argument', message)
}
