import { expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Product, ProductVariant } from '../database/types.ts'

/**
 * Whether an instant falls on local days of a zone, cut exactly as in the rollups: a midnight that occurs twice belongs
 * to the new day both times. The wider range is for the index; no clock shifts by more than three hours.
 */
export function onDays(
  column: string,
  { from, to }: { from: string | RawBuilder<unknown>; to: string },
  timezone: string,
): RawBuilder<SqlBool> {
  return sql<SqlBool>`(
    ${sql.ref(column)} >= (${from}::timestamp at time zone ${timezone}) - interval '3 hours'
    and ${sql.ref(column)} < ((${to}::date + 1)::timestamp at time zone ${timezone}) + interval '3 hours'
    and (${sql.ref(column)} at time zone ${timezone})::date between ${from} and ${to})`
}

/** The ISO weekday of a date, 1 = Monday, by arithmetic: `extract` makes a numeric of each. 1900-01-01 was a Monday. */
export function isoWeekday(date: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`((${date} - '1900-01-01'::date) % 7 + 1)`
}

/** Whether a row belongs to a location; always true if none is given. */
export function atLocation(column: string, locationId: string | undefined): RawBuilder<SqlBool> {
  return locationId === undefined ? sql<SqlBool>`true` : sql<SqlBool>`${sql.ref(column)} = ${locationId}`
}

/** A LIKE pattern that finds a text anywhere in a value normalised by `search_text`. */
export function searchPattern(search: string): RawBuilder<string> {
  return sql<string>`search_pattern(${search})`
}

const eb = expressionBuilder<{ p: Product; v: ProductVariant }, 'p' | 'v'>()

/** Whether a variant `v` of a product `p` is on sale: both must be. */
export const isOnSale = eb.and([eb.ref('p.is_active'), eb.ref('v.is_active')]).$castTo<boolean>()

/** What is searched of a variant `v` and its product `p`: name, label, SKU and barcode. */
export const PRODUCT_TEXT = sql<string>`(p.search || ' ' || v.search)`
