import { type Kysely, sql } from 'kysely'
import type { DB } from '../database/types.ts'

/** Enough for an operator who migrates or looks at the trail once in a quarter; later rows wait in the default one. */
const MONTHS_AHEAD = 3

/**
 * Makes the partitions of the audit trail for this month and the coming ones, unless they are there, and moves rows
 * into them that have waited without one.
 * @param db as the owner of the schema, or in the role of the commands
 * @returns the months that were made, `YYYY-MM`
 */
export async function makeAuditPartitions(db: Kysely<DB>): Promise<string[]> {
  const { rows } = await sql<{ month: string }>`
    select made as month from make_audit_partitions(${MONTHS_AHEAD}) made`.execute(db)
  return rows.map(({ month }) => month)
}

/**
 * Takes the months before one out of the audit trail. They stay as tables of their own, unless they are dropped, along
 * with those that were taken out earlier.
 * @param before first day of the first month that stays
 * @returns the names of the tables
 */
export async function detachAuditPartitions(db: Kysely<DB>, before: string, isDropped: boolean): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select detached as name from detach_audit_partitions(${before}::date, ${isDropped}) detached`.execute(db)
  return rows.map(({ name }) => name)
}
