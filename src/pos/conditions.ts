import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Days } from '../time/window.ts'

/**
 * Whether an instant falls on local days of a zone, cut exactly as the rollups cut them: a midnight that happens twice
 * belongs to the new day both times. The range around it is for the index; no clock moves further than three hours.
 */
export function onDays(column: string, { from, to }: Days, timezone: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`(
    ${sql.ref(column)} >= (${from}::timestamp at time zone ${timezone}) - interval '3 hours'
    and ${sql.ref(column)} < ((${to}::date + 1)::timestamp at time zone ${timezone}) + interval '3 hours'
    and (${sql.ref(column)} at time zone ${timezone})::date between ${from} and ${to})`
}

/** Whether a row belongs to a location; any, where none is asked for. */
export function atLocation(column: string, locationId: string | undefined): RawBuilder<SqlBool> {
  return locationId === undefined ? sql<SqlBool>`true` : sql<SqlBool>`${sql.ref(column)} = ${locationId}`
}

/** A pattern for LIKE that finds a text anywhere in what `search_text` makes of another. */
export function searchPattern(search: string): RawBuilder<string> {
  return sql<string>`search_pattern(${search})`
}
