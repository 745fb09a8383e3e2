import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import type { CsvRow } from './csv.ts'

const BATCH = 1000

/** A row to stage: its values by staging column, or the reason why it is rejected. */
export interface StagedRow {
  line: number
  raw: string[]
  reason: string | null
  [column: string]: unknown
}

/**
 * Copies the rows of a file into a temporary table of the transaction. The database can then check and write a file of
 * any size, while this process holds only one batch.
 *
 * Besides its own columns the table has `line`, `raw` (the row's values as in the file), `reason` (why it is rejected,
 * else null) and `follows` (rejected only because another row was).
 * @param columns SQL types by name
 * @param read turns a row of the file into a staged row, or into undefined if it is to count nothing
 * @returns how many rows the file has, and how many of them count nothing
 */
export async function stage(
  db: Transaction,
  table: string,
  columns: Record<string, string>,
  rows: AsyncIterable<CsvRow>,
  read: (row: CsvRow) => StagedRow | undefined,
): Promise<{ rows: number; leftOut: number }> {
  const all = { line: 'integer', raw: 'jsonb', reason: 'text', ...columns }
  const names = sql.join(Object.keys(all).map((name) => sql.ref(name)))
  const defined = sql.join(Object.entries(all).map(([name, type]) => sql`${sql.ref(name)} ${sql.raw(type)}`))
  await sql`
    create temporary table ${sql.table(table)} (${defined}, follows boolean not null default false, primary key (line))
    on commit drop`.execute(db)

  const count = { rows: 0, leftOut: 0 }
  for await (const batch of batches(rows)) {
    const kept = batch.map(read).filter((row) => row !== undefined)
    const staged = JSON.stringify(kept)
    await sql`
      insert into ${sql.table(table)} (${names})
      select ${names} from jsonb_to_recordset(${staged}::jsonb) as row (${defined})`.execute(db)
    count.rows += batch.length
    count.leftOut += batch.length - kept.length
  }
  // Autovacuum does not analyze temporary tables, and without statistics the plans are poor.
  await sql`analyze ${sql.table(table)}`.execute(db)
  return count
}

async function* batches(rows: AsyncIterable<CsvRow>): AsyncGenerator<CsvRow[]> {
  let batch: CsvRow[] = []
  for await (const row of rows) {
    batch.push(row)
    if (batch.length === BATCH) {
      yield batch
      batch = []
    }
  }
  if (batch.length > 0) yield batch
}
