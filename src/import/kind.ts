import { type RawBuilder, sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import type { Columns } from './columns.ts'
import type { CsvRow } from './csv.ts'
import type { DateReader } from './dates.ts'
import type { NumberReader } from './numbers.ts'
import type { StagedRow } from './staging.ts'

/** The business to import into. */
export interface ImportBusiness {
  id: string
  name: string
  currency: string
  currencyDigits: number
  timezone: string
  pricesIncludeTax: boolean
  taxRate: string
}

export interface ImportContext {
  business: ImportBusiness
  /** Name of the location for rows that name none. */
  location: string
  /** Zones of the existing locations, by name in lower case. */
  zones: ReadonlyMap<string, string>
  /** Zone for the file's local times, if not the location's own. */
  timezone: string | undefined
  readDate: DateReader
  numbers: NumberReader
  /** Stands before the order numbers of the file, to tell shops with the same numbers apart. */
  numberPrefix: string
  /** Tax rates of the products that have their own, by SKU in lower case. */
  taxRates: ReadonlyMap<string, string>
  now: Date
  /** Called with how much is written so far, and the total. */
  onWritten(done: number, total: number): void
}

/** The outcome of a file. It counts rows of the file's own kind: orders, products or clients. */
export interface Outcome {
  made: number
  updated: number
  unchanged: number
  /** Rows that were created because the file names them. */
  madeOnTheWay: Partial<Record<'products' | 'clients' | 'employees' | 'categories' | 'suppliers' | 'locations', number>>
  /** First and last local day of the new orders, by the clock of the business. */
  from?: string | null
  to?: string | null
  /** Of the new completed orders, in the currency of the business: net sales, tax, and these with tips. */
  netSales?: string
  tax?: string
  total?: string
  /** What the file says was paid back of them. */
  refunded?: string
}

/** One kind of file: how its rows are read, checked against each other, and written. */
export interface Kind {
  name: 'orders' | 'products' | 'clients'
  columns: Columns
  /** Which of the columns hold amounts, and which other numbers. */
  numbers: { amounts: readonly string[]; quantities: readonly string[] }
  dates: readonly string[]
  /** The temporary table, and the columns that it has besides the common ones. */
  table: string
  staged: Record<string, string>
  read(row: CsvRow, context: ImportContext): StagedRow | undefined
  /** Rejects rows that contradict each other. */
  check(db: Transaction, context: ImportContext): Promise<void>
  /** Writes the staged rows, after the rejected ones have been removed. */
  write(db: Transaction, context: ImportContext): Promise<Outcome>
}

/**
 * Runs look-ups without nested loops. The planner's statistics do not know a business that was created a moment ago:
 * where it expects one row, it would loop over all of them.
 */
export async function withoutLoops<T>(db: Transaction, work: () => Promise<T>): Promise<T> {
  await sql`set local enable_nestloop = off`.execute(db)
  const result = await work()
  await sql`set local enable_nestloop to default`.execute(db)
  return result
}

/**
 * Creates the categories, suppliers or locations that are named but do not exist yet, ignoring upper and lower case.
 * @param names query of one column, nulls allowed
 * @param values further columns of the new rows
 * @returns how many were created
 */
export async function makeNamed(
  db: Transaction,
  table: 'category' | 'supplier' | 'location',
  businessId: string,
  names: RawBuilder<unknown>,
  values: Record<string, string> = {},
): Promise<number> {
  const columns = Object.keys(values).map((column) => sql`, ${sql.ref(column)}`)
  const given = Object.values(values).map((value) => sql`, ${value}::text`)
  // Ordered, so that two imports lock names in the same order.
  const { numAffectedRows } = await sql`
    insert into ${sql.table(table)} (business_id, name${sql.join(columns, sql``)})
    select ${businessId}::uuid, min(name)${sql.join(given, sql``)} from (${names}) named (name)
    where name is not null group by lower(name) order by lower(name)
    on conflict (business_id, lower(name)) do nothing`.execute(db)
  return Number(numAffectedRows ?? 0)
}
