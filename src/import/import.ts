import { access, constants } from 'node:fs/promises'
import { basename } from 'node:path'
import { sql } from 'kysely'
import type { Database, Transaction } from '../database/database.ts'
import { withZones } from '../database/zones.ts'
import { ServiceError } from '../errors.ts'
import { clean } from '../results/text.ts'
import { isTimezone } from '../time/local.ts'
import { clients } from './clients.ts'
import { allColumns, parseMap } from './columns.ts'
import { type CsvOptions, openCsv } from './csv.ts'
import { dateReader } from './dates.ts'
import { type ImportContext, type Kind, type Outcome, withoutLoops } from './kind.ts'
import { type DecimalMark, numberReader } from './numbers.ts'
import { orders } from './orders.ts'
import { platformNamed } from './platforms.ts'
import { firstRows, type PreviewRow } from './preview.ts'
import { products } from './products.ts'
import { listRejects, type Reject, writeRejects } from './rejects.ts'
import { stage } from './staging.ts'
import { survey } from './survey.ts'
import { parseValues, withValues } from './values.ts'

/** What is known once a file has been opened. */
type FromFile = 'numbers' | 'readDate' | 'onWritten'

/** In the order of import: orders come after the clients and products that they refer to. */
const KINDS: readonly Kind[] = [clients, products, orders]

export interface ImportOptions {
  businessId: string
  /** Paths of the files. */
  files: Partial<Record<Kind['name'], string>>
  /** `column=Header` pairs, `column=` for none; one value may hold several, separated by commas. */
  map?: readonly string[]
  /** `column:value=ours`, for words that are not known: `status:angelegt=open`. */
  mapValues?: readonly string[] | undefined
  /** The platform whose export it is; recognised by its headers by default. */
  from?: string | undefined
  /** Format of dates; by default those that have one meaning are read. */
  dateFormat?: string | undefined
  /** IANA zone of the file's local times, and of nothing else; by default the zone of the order's location. */
  timezone?: string | undefined
  /** The decimal mark, where the file leaves it open. */
  decimal?: string | undefined
  /** What separates values, and how the text is encoded; recognised by default. */
  delimiter?: string | undefined
  encoding?: string | undefined
  /** Stands before the order numbers of the file, to tell shops with the same numbers apart. */
  numberPrefix?: string | undefined
  /** Location for rows that name none; by default the first of the business. */
  location?: string | undefined
  /** Imports the good rows and writes the rejected ones to `<file>.rejected.csv`. */
  skipBad?: boolean | undefined
  /** Does everything and takes it back, so that one sees what would be loaded. No file of rejected rows is written. */
  preview?: boolean | undefined
  now?: Date
  onProgress?: (progress: Progress) => void
}

export interface Progress {
  file: string
  step: 'checking' | 'reading' | 'writing'
  done: number
  total: number
}

export interface FileReport extends Outcome {
  kind: Kind['name']
  file: string
  /** False when rows were rejected, so that nothing of the file was kept; of a preview, whether it would be. */
  imported: boolean
  /** Rows read, without the header. */
  rows: number
  /** Rows that count nothing: void, or a total of the others. */
  leftOut: number
  /** Rows not kept. */
  rejected: number
  /** The first of the rejected rows. */
  rejects: Reject[]
  rejectedFile: string | null
  /** Headers by the column that they are used as. */
  usedHeaders: Record<string, string>
  /** Headers of the file that we do not use. */
  unusedHeaders: string[]
  /** Of a preview: the first rows, as they are read. */
  firstRows?: PreviewRow[]
}

export interface ImportReport {
  /** Amounts are in its currency. */
  business: { id: string; name: string; currency: string }
  isPreview: boolean
  /** In order of import; ends with the first file that was not imported. */
  files: FileReport[]
}

/** Runs work in a transaction of the business. */
type Within = <Result>(mode: 'read' | 'write', work: (db: Transaction) => Promise<Result>) => Promise<Result>

/** Thrown to take a preview back. */
class TakenBack extends Error {}

/**
 * Imports a merchant's CSV files, each in one transaction: either the whole file or, if rows are rejected, nothing. A
 * preview has one for all, so that orders find the clients and products of the files before them.
 * @throws ServiceError for wrong options, an unknown business, or a file that cannot be read at all
 */
export async function importFiles(database: Database, options: ImportOptions): Promise<ImportReport> {
  const given = KINDS.flatMap((kind) => {
    const file = options.files[kind.name]
    return file === undefined ? [] : [{ kind, file }]
  })
  if (given.length === 0) throw invalid('Name a file to import: --orders, --products or --clients.')
  const known = given.flatMap(({ kind }) => allColumns(kind.columns))
  const map = parseMap(options.map ?? [], [...new Set(known)])
  if (options.timezone !== undefined && !isTimezone(options.timezone)) {
    throw invalid(`--timezone: ${options.timezone} is no IANA time zone, such as America/Guatemala.`)
  }
  if (options.decimal !== undefined && !isDecimalMark(options.decimal)) {
    throw invalid(`--decimal: "${options.decimal}" is neither . nor ,`)
  }
  dateReader(options.dateFormat)
  const platform = platformNamed(options.from)
  const values = parseValues(options.mapValues ?? [], known)
  for (const { file } of given) await checkReadable(file)

  const { businessId, preview = false } = options
  const report: ImportReport = { business: { id: businessId, name: '', currency: '' }, isPreview: preview, files: [] }
  const importAll = async (within: Within) => {
    report.files = []
    for (const { kind, file } of given) {
      const context = await loadContext(within, options)
      const { name, currency } = context.business
      report.business = { id: businessId, name: clean(name, 80), currency }
      const own = new Map([...map].filter(([column]) => allColumns(kind.columns).includes(column)))
      const load = () => importFile(within, kind, file, { ...options, map: own, platform }, values, context, options)
      // Whatever meets an unknown zone is done again, of a preview all.
      const result = preview ? await load() : await withZones(database, load)
      report.files.push(result)
      if (!result.imported) break
    }
  }
  if (!preview) {
    await importAll((mode, work) => database.within({ businessId }, mode, work))
    return report
  }
  const taken = new TakenBack()
  const work = async (db: Transaction) => {
    await importAll((_mode, work) => work(db))
    throw taken
  }
  await withZones(database, () => database.within({ businessId }, 'write', work)).catch((error: unknown) => {
    if (error !== taken) throw error
  })
  return report
}

async function importFile(
  within: Within,
  kind: Kind,
  file: string,
  form: CsvOptions,
  values: ReadonlyMap<string, string>,
  base: Omit<ImportContext, FromFile>,
  { businessId, skipBad, preview, decimal, dateFormat, onProgress = () => {} }: ImportOptions,
): Promise<FileReport> {
  const name = basename(file)
  const progress = (step: Progress['step']) => (done: number, total: number) =>
    onProgress({ file: name, step, done, total })
  try {
    const csv = await openCsv(file, kind.columns, form)
    const shown = await survey(csv.rows(progress('checking')), kind, base.business.currency)
    const numbers = numberReader(base.business, { ...shown, decimal: isDecimalMark(decimal) ? decimal : undefined })
    const readDate = dateReader(dateFormat, shown.dayOrder)
    const context = { ...base, numbers, readDate, onWritten: progress('writing') }
    return await within('write', async (db) => {
      const counts = await stage(db, kind.table, kind.staged, csv.rows(progress('reading')), (row) =>
        kind.read(withValues(row, values), context),
      )
      // Imports of a business run one at a time, because each creates orders and products that the next must find.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`import:${businessId}`}, 0))`.execute(db)
      await kind.check(db, context)
      const rejects = await listRejects(db, kind.table)
      const report = {
        ...{ kind: kind.name, file, ...counts, ...rejects, rejectedFile: null },
        ...{ usedHeaders: csv.used, unusedHeaders: csv.unused },
        ...(preview ? { firstRows: await firstRows(db, kind, context.business.timezone) } : {}),
      }
      if (rejects.rejected > 0 && !skipBad) {
        // Only temporary tables have been written so far: nothing needs to be rolled back.
        return { ...report, imported: false, made: 0, updated: 0, unchanged: 0, madeOnTheWay: {} }
      }
      const rejectedFile = rejects.rejected > 0 && !preview ? `${file}.rejected.csv` : null
      if (rejectedFile !== null) await writeRejects(db, kind.table, csv, rejectedFile)
      if (rejects.rejected > 0) {
        await sql`delete from ${sql.table(kind.table)} where reason is not null`.execute(db)
      }
      return { ...report, rejectedFile, imported: true, ...(await kind.write(db, context)) }
    })
  } catch (error) {
    throw translate(name, error)
  }
}

/** Turns a database error that occurs although every row is valid into a sentence. */
function translate(name: string, error: unknown): unknown {
  const { code } = ((error as Error).cause ?? error) as { code?: string }
  // SQLSTATE numeric value out of range: each number fits, but their sum does not.
  if (code === '22003') {
    const message = `The amounts or quantities of ${name} add up to more than can be kept. Nothing of it was imported.`
    return new ServiceError('invalid_argument', message, { cause: error })
  }
  // SQLSTATE unique violation and deadlock: the shop changed the same data at the same time.
  if (code === '23505' || code === '40P01') {
    const message = `Someone changed the same data meanwhile. Nothing of ${name} was imported: run it again.`
    return new ServiceError('conflict', message, { cause: error })
  }
  return error
}

async function loadContext(
  within: Within,
  { businessId, location, timezone, numberPrefix = '', now = new Date() }: ImportOptions,
): Promise<Omit<ImportContext, FromFile>> {
  return within('read', async (db) => {
    const [business, locations] = await Promise.all([
      db
        .selectFrom('business')
        .where('id', '=', businessId)
        .select(['id', 'name', 'currency', 'currency_digits as currencyDigits', 'timezone'])
        .select(['prices_include_tax as pricesIncludeTax', 'tax_rate as taxRate'])
        .executeTakeFirst(),
      db
        .selectFrom('location')
        .where('business_id', '=', businessId)
        .orderBy('is_active', 'desc')
        .orderBy('created_at')
        .orderBy('id')
        .select(['name', 'timezone'])
        .execute(),
    ])
    if (!business) throw new ServiceError('not_found', `There is no business ${businessId}.`)
    const first = location?.trim() || locations[0]?.name
    if (first === undefined) throw invalid('The business has no location yet: name one with --location.')
    const zones = new Map(locations.map((row) => [row.name.toLowerCase(), row.timezone]))
    const taxRates = await loadTaxRates(db, businessId)
    return { business, location: first, zones, timezone, numberPrefix, taxRates, now }
  })
}

async function loadTaxRates(db: Transaction, businessId: string): Promise<Map<string, string>> {
  const rows = await withoutLoops(db, () =>
    db
      .selectFrom('product_variant as v')
      .innerJoin('product as p', (join) =>
        join.onRef('p.business_id', '=', 'v.business_id').onRef('p.id', '=', 'v.product_id'),
      )
      .select(['v.sku', 'p.tax_rate'])
      .where('v.business_id', '=', businessId)
      .where('p.tax_rate', 'is not', null)
      .$narrowType<{ tax_rate: string }>()
      .execute(),
  )
  return new Map(rows.map((row) => [row.sku.toLowerCase(), row.tax_rate]))
}

function isDecimalMark(text: string | undefined): text is DecimalMark {
  return text === '.' || text === ','
}

async function checkReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK)
  } catch (cause) {
    throw new ServiceError('invalid_argument', `${file} is not there or may not be read.`, { cause })
  }
}

function invalid(message: string): ServiceError {
  return new ServiceError('invalid_argument', message)
}
