import { readFile } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'

const FUNCTIONS = new URL('2026-12-11-rollup-functions.sql', import.meta.url)
const FUNCTIONS_BEFORE = new URL('2026-12-05-rollup-functions.sql', import.meta.url)

/** The rollups of a sale look up the zones of its business and location once, and not each for itself. */
// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function up(db: Kysely<any>): Promise<void> {
  await sql.raw(await readFile(FUNCTIONS, 'utf8')).execute(db)
}

// biome-ignore lint/suspicious/noExplicitAny: a migration is frozen in time and must not follow today's types
export async function down(db: Kysely<any>): Promise<void> {
  await sql.raw(await readFile(FUNCTIONS_BEFORE, 'utf8')).execute(db)
}
