import { open, rm } from 'node:fs/promises'
import { stringify } from 'csv-stringify/sync'
import { sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { clean } from '../results/text.ts'
import type { CsvFile } from './csv.ts'
import { toCell } from './formulas.ts'
import { encodeText } from './text-file.ts'

const LISTED = 20
const PAGE = 1000

export interface Reject {
  line: number
  reason: string
}

/**
 * Rejects every row that has the same key as an earlier row of the file.
 * @param key SQL of the key, such as `sku, lower(location)`
 * @param what the name of the key in the reason
 */
export async function rejectRepeated(db: Transaction, table: string, key: string, what: string): Promise<void> {
  await sql`
    update ${sql.table(table)} row set reason = ${what}::text || ' is on line ' || repeated.first || ' already'
    from (
      select line, min(line) over (partition by ${sql.raw(key)}) as first from ${sql.table(table)} where reason is null
    ) repeated
    where row.line = repeated.line and repeated.first < repeated.line`.execute(db)
}

/** The number of rejected rows, and the first of them: rows with their own fault first, then those they drag along. */
export async function listRejects(db: Transaction, table: string): Promise<{ rejected: number; rejects: Reject[] }> {
  const { rows } = await sql<Reject & { rejected: number }>`
    select line, reason, (count(*) over ())::integer as rejected from ${sql.table(table)}
    where reason is not null and line > 0 order by follows, line limit ${LISTED}`.execute(db)
  return {
    rejected: rows[0]?.rejected ?? 0,
    rejects: rows.map(({ line, reason }) => ({ line, reason: clean(reason, 500) })),
  }
}

/**
 * Writes the rejected rows to a CSV file, each with line number and reason before its original values, so that the file
 * can be corrected and imported, in the form of the file. It holds personal data: only its owner may read it, and it is always a new file, never
 * one that a link leads to.
 */
export async function writeRejects(
  db: Transaction,
  table: string,
  { header, encoding, delimiter }: Pick<CsvFile, 'header' | 'encoding' | 'delimiter'>,
  path: string,
): Promise<void> {
  await rm(path, { force: true })
  const output = await open(path, 'wx', 0o600)
  const write = (rows: unknown[][], isStart = false) =>
    output.write(encodeText(stringify(rows, { delimiter }), encoding, isStart))
  try {
    await write([['rejected_line', 'rejected_reason', ...header.map(toCell)]], true)
    for (let after = 0; ; ) {
      const { rows } = await sql<Reject & { raw: string[] }>`
        select line, reason, raw from ${sql.table(table)}
        where reason is not null and line > ${after} order by line limit ${PAGE}`.execute(db)
      const last = rows.at(-1)
      if (last === undefined) break
      await write(rows.map(({ line, reason, raw }) => [line, toCell(reason), ...raw.map(toCell)]))
      after = last.line
    }
  } finally {
    await output.close()
  }
}
