import { readFile } from 'node:fs/promises'

/** A row by column name, in lower case without underscores, which makes the names of both scripts the same. */
type Row = ReadonlyMap<string, string | null>

export interface Chinook {
  /** Totals in cents; days as YYYY-MM-DD. */
  invoices: { id: string; customerId: string; day: string; cents: number }[]
  lines: { invoiceId: string; trackId: string; unitPrice: string; quantity: number; cents: number }[]
  tracks: Map<string, { name: string; genre: string }>
  customers: { id: string; name: string; email: string; city: string; country: string }[]
}

const VERSION = '1.4.5'
const INSTRUCTION =
  `Download ChinookDatabase/DataSources/Chinook_Sqlite.sql (or Chinook_PostgreSql.sql), version ${VERSION}, from ` +
  'github.com/lerocha/chinook-database, and name it: CHINOOK_SQL=path/to/Chinook_Sqlite.sql npm run test:reference'

/**
 * The sales of the Chinook sample database, from the script that fills it.
 * @throws Error that says what to download, if the file is missing or a different one
 */
export async function readChinook(file: string | undefined): Promise<Chinook> {
  if (!file) throw new Error(`CHINOOK_SQL is not set. ${INSTRUCTION}`)
  const script = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`CHINOOK_SQL: ${file} cannot be read. ${INSTRUCTION}`, { cause })
  })
  if (!script.slice(0, 1000).includes(`Chinook Database - Version ${VERSION}`)) {
    throw new Error(`CHINOOK_SQL: ${file} is not the script of version ${VERSION}. ${INSTRUCTION}`)
  }

  const tables = parseInserts(script)
  const rowsOf = (table: string) => {
    const rows = tables.get(table)
    if (!rows) throw new Error(`CHINOOK_SQL: ${file} inserts nothing into ${table}. ${INSTRUCTION}`)
    return rows
  }
  const genres = new Map(rowsOf('genre').map((row) => [text(row, 'genreid'), text(row, 'name')]))
  return {
    invoices: rowsOf('invoice').map((row) => ({
      id: text(row, 'invoiceid'),
      customerId: text(row, 'customerid'),
      day: dayOf(text(row, 'invoicedate')),
      cents: centsOf(text(row, 'total')),
    })),
    lines: rowsOf('invoiceline').map((row) => {
      const unitPrice = text(row, 'unitprice')
      const quantity = Number(text(row, 'quantity'))
      const cents = centsOf(unitPrice) * quantity
      return { invoiceId: text(row, 'invoiceid'), trackId: text(row, 'trackid'), unitPrice, quantity, cents }
    }),
    tracks: new Map(
      rowsOf('track').map((row) => [
        text(row, 'trackid'),
        { name: text(row, 'name'), genre: present(genres.get(text(row, 'genreid')), 'genre of a track') },
      ]),
    ),
    customers: rowsOf('customer').map((row) => ({
      id: text(row, 'customerid'),
      name: `${text(row, 'firstname')} ${text(row, 'lastname')}`,
      email: text(row, 'email'),
      city: text(row, 'city'),
      country: text(row, 'country'),
    })),
  }
}

const INSERT = /^INSERT INTO \[?(\w+)\]? \(([^)]+)\) VALUES/gm
// A value and its end: 'text' with doubled quotes, N'text', a number or NULL.
const VALUE = /\s*(?:N?'((?:[^']|'')*)'|(-?[\d.]+|NULL))\s*([,)])/y
const NEXT_ROW = /\s*([(,;])/y

/** The rows of every INSERT statement, by table. */
function parseInserts(script: string): Map<string, Row[]> {
  const tables = new Map<string, Row[]>()
  for (const { 0: head, 1: table = '', 2: columns = '', index } of script.matchAll(INSERT)) {
    const names = columns.split(',').map(plain)
    const rows = tables.get(plain(table)) ?? []
    tables.set(plain(table), rows)
    let at = index + head.length
    const take = (pattern: RegExp) => {
      pattern.lastIndex = at
      const match = pattern.exec(script)
      if (!match) throw new Error(`CHINOOK_SQL: not understood at "${script.slice(at, at + 60)}"`)
      at = pattern.lastIndex
      return match
    }
    for (let mark = take(NEXT_ROW)[1]; mark !== ';'; mark = take(NEXT_ROW)[1]) {
      if (mark === ',') continue
      const values: (string | null)[] = []
      let end: string | undefined
      do {
        const [, quoted, bare, next] = take(VALUE)
        values.push(quoted?.replaceAll("''", "'") ?? (bare === 'NULL' ? null : present(bare, 'value')))
        end = next
      } while (end === ',')
      if (values.length !== names.length) throw new Error(`CHINOOK_SQL: a row of ${table} has ${values.length} values`)
      rows.push(new Map(names.map((name, column) => [name, values[column] ?? null])))
    }
  }
  return tables
}

function plain(name: string): string {
  return name.replace(/[[\]_\s]/g, '').toLowerCase()
}

function text(row: Row, column: string): string {
  return present(row.get(column), column)
}

function present<Value>(value: Value | null | undefined, what: string): Value {
  if (value === null || value === undefined) throw new Error(`CHINOOK_SQL: ${what} is missing`)
  return value
}

/** Both forms of the scripts: 2021-01-01 00:00:00 and 2021/1/1. */
function dayOf(date: string): string {
  const [, year, month = '', day = ''] = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?: 00:00:00)?$/.exec(date) ?? []
  if (year === undefined) throw new Error(`CHINOOK_SQL: ${date} is no day`)
  return `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
}

/** Whole cents, read digit by digit, because a float would round. */
function centsOf(amount: string): number {
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d{1,2}))?$/.exec(amount) ?? []
  if (whole === undefined) throw new Error(`CHINOOK_SQL: ${amount} is no amount`)
  return Number(whole) * 100 + Number(fraction.padEnd(2, '0'))
}
