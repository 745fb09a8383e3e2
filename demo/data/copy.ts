import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Insertable } from 'kysely'
import pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { DB } from '../../src/database/types.ts'

const LINES_PER_PIECE = 2000

/**
 * Writes rows with one COPY and one INSERT, so that statement triggers fire only once. COPY writes to a temporary
 * table, because PostgreSQL refuses it on a table whose row security applies to the login.
 * @param rows all with the same columns
 * @param onConflict the end of the INSERT
 * @throws the server's error; the transaction is lost then
 */
export async function copyRows<T extends keyof DB & string>(
  client: pg.ClientBase,
  table: T,
  rows: readonly Insertable<DB[T]>[],
  onConflict: '' | 'on conflict do nothing' = '',
): Promise<void> {
  const first = rows[0]
  if (!first) return
  const names = Object.keys(first) as (keyof typeof first & string)[]
  const columns = names.map((name) => pg.escapeIdentifier(name)).join(', ')
  const stage = pg.escapeIdentifier(`staged_${table}`)
  const target = pg.escapeIdentifier(table)

  await client.query(`create temp table ${stage} on commit drop as select ${columns} from ${target} with no data`)
  await pipeline(Readable.from(pieces(rows, names)), client.query(copyFrom(`copy ${stage} (${columns}) from stdin`)))
  await client.query(`insert into ${target} (${columns}) select ${columns} from ${stage} ${onConflict}`)
  await client.query(`drop table ${stage}`)
}

function* pieces<R extends object>(rows: readonly R[], names: readonly (keyof R)[]): Generator<string> {
  for (let start = 0; start < rows.length; start += LINES_PER_PIECE) {
    const lines = rows.slice(start, start + LINES_PER_PIECE)
    yield lines.map((row) => `${names.map((name) => field(row[name])).join('\t')}\n`).join('')
  }
}

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' }

function field(value: unknown): string {
  if (value === null || value === undefined) return '\\N'
  if (value instanceof Date) return value.toISOString()
  return typeof value === 'string' ? value.replace(/[\\\t\n\r]/g, (found) => ESCAPES[found] ?? '') : String(value)
}
