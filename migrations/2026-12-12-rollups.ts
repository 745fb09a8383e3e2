import { readFile } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'

const FUNCTIONS = new URL('2026-12-12-rollup-functions.sql', import.meta.url)
const FUNCTIONS_BEFORE = new URL('2026-12-11-rollup-functions.sql', import.meta.url)

/** A change looks up each row that it names by its key, whatever the statistics say of the business. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql.raw(await readFile(FUNCTIONS, 'utf8')).execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql.raw(await readFile(FUNCTIONS_BEFORE, 'utf8')).execute(db)
}
