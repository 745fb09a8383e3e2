import { type RawBuilder, sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import type { Money } from '../money/money.ts'
import type { Columns, CsvRow } from './csv.ts'
import type { DateReader } from './dates.ts'
import type { StagedRow } from './staging.ts'

/** The business that is loaded into. */
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
  /** Name of the location of rows that name none. */
  location: string
  /** Zones of the locations there are, by name in lower case. */
  zones: ReadonlyMap<string, string>
  /** Zone of the file's local times, in the place of the location's own. */
  timezone: string | undefined
  readDate: DateReader
  /** Tax rates of the products that have one of their own, by SKU. */
  taxRates: ReadonlyMap<string, string>
  now: Date
  /** Told how much of how much is written. */
  onWritten(done: number, total: number): void
}

/** What became of a file. Counts are of its own kind: orders, products or clients. */
export interface Outcome {
  made: number
  updated: number
  unchanged: number
  /** What the file named and was not there. */
  madeOnTheWay: Partial<Record<'products' | 'clients' | 'categories' | 'suppliers' | 'locations', number>>
  /** First and last local day of the orders made, by the clock of the business. */
  from?: string | null
  to?: string | null
  /** Net sales of the completed orders made. */
  netSales?: Money
}

/** One kind of file: how its rows are read, checked among each other, and written. */
export interface Kind {
  name: 'orders' | 'products' | 'clients'
  columns: Columns
  /** The temporary table, and its columns besides those that every one has. */
  table: string
  staged: Record<string, string>
  read(row: CsvRow, context: ImportContext): StagedRow
  /** Rejects rows that contradict each other. */
  check(db: Transaction, context: ImportContext): Promise<void>
  /** Writes what is staged; rejected rows are gone by then. */
  write(db: Transaction, context: ImportContext): Promise<Outcome>
}

/**
 * Runs look-ups with the planner kept from nested loops. Its statistics do not know a business that was made a moment
 * ago, and where it expects one row it would loop over all of them.
 */
export async function withoutLoops<T>(db: Transaction, work: () => Promise<T>): Promise<T> {
  await sql`set local enable_nestloop = off`.execute(db)
  const result = await work()
  await sql`set local enable_nestloop to default`.execute(db)
  return result
}

/**
 * Makes the categories, suppliers or locations that are named and not there yet; upper and lower case are the same.
 * @param names query of one column, nulls allowed
 * @param values further columns of the new rows
 * @returns how many were made
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
  // Ordered, so that two imports lock the same names in the same order.
  const { numAffectedRows } = await sql`
    insert into ${sql.table(table)} (business_id, name${sql.join(columns, sql``)})
    select ${businessId}::uuid, min(name)${sql.join(given, sql``)} from (${names}) named (name)
    where name is not null group by lower(name) order by lower(name)
    on conflict (business_id, lower(name)) do nothing`.execute(db)
  return Number(numAffectedRows ?? 0)
}
