import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { PRODUCT_TEXT } from './conditions.ts'
import { searching, type TextSearch } from './search.ts'

/**
 * A search of variants `v` and their products `p`. An index finds few that may be meant, and only those are compared: each
 * condition and nearness stands beside the one that says where to look.
 */
export interface ProductSearch extends TextSearch {
  /** Where to look for matches. */
  mayMatch: RawBuilder<SqlBool>
  /** Where to look for what is near. */
  mayBeNear: RawBuilder<SqlBool>
  /** Where to look for either. */
  mayBeEither: RawBuilder<SqlBool>
}

/** How products are searched by their name, label, SKU and barcode. */
export function searchingProducts(search: string): ProductSearch {
  const found = searching(PRODUCT_TEXT, search)
  const { indexed, nearWords } = found
  const near = sql`select variants_near(${nearWords}::text[])`
  const matching = sql`select variants_with(${indexed})`
  // Without a pattern all must be looked through.
  const unless = (condition: RawBuilder<SqlBool>) => (indexed === null ? sql<SqlBool>`true` : condition)
  return {
    ...found,
    mayMatch: unless(sql`v.id in (${matching})`),
    mayBeNear: sql`v.id in (${near})`,
    mayBeEither: unless(sql`v.id in (${matching} union ${near})`),
  }
}
