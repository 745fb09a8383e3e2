import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { clean } from '../results/text.ts'
import { searchingProducts } from './product-search.ts'
import { beginsWords, NEAR, searching } from './search.ts'

// What somebody may have meant by a reference that fits nothing, named with the reference to use instead.

const MAX_SUGGESTIONS = 5

/** A product that a reference may mean. */
interface NearProduct {
  productId: string
  variantId: string
  name: string
  label: string | null
  sku: string
  /** Whether every word of the reference is in it, not only one like it. */
  hasAllWords: boolean
}

/** The products on sale that a reference is nearest to: those that have all its words first. */
export async function nearProducts(db: Transaction, businessId: string, reference: string): Promise<NearProduct[]> {
  const { isMatch, nearness, mayBeEither } = searchingProducts(reference)
  const rows = await db
    .selectFrom('product_variant as v')
    .innerJoin('product as p', (join) => join.on('p.business_id', '=', businessId).onRef('p.id', '=', 'v.product_id'))
    .select(['p.id as productId', 'v.id as variantId', 'p.name', 'v.label', 'v.sku', isMatch.as('hasAllWords')])
    .where('v.business_id', '=', businessId)
    .where('v.is_active', '=', true)
    .where('p.is_active', '=', true)
    .where(mayBeEither)
    .where(orNear(isMatch, nearness))
    .orderBy('hasAllWords', 'desc')
    .orderBy(nearness, 'desc')
    .orderBy('p.name')
    .orderBy('v.sku')
    .limit(MAX_SUGGESTIONS)
    .execute()
  return rows.map((row) => ({ ...row, hasAllWords: row.hasAllWords === true }))
}

/** Words without numbers: a code that is only a part of another one means nothing. */
const NAME = /^[^\p{N}]*\p{L}{3}[^\p{N}]*$/u

/** The words by which a read may find the only row that has them all; none of a reference with numbers. */
export function wordsOfName(reference: string): string[] {
  return NAME.test(reference) ? (reference.normalize('NFC').match(/\p{L}+/gu) ?? []) : []
}

/**
 * What a reference that fits nothing is near to.
 * @returns the products as `nearProducts`, and for reads, whose answers name it, the only one that has all its words, if
 *   these begin words of it: mate is not meant for tomate
 */
export async function productByWords(
  db: Transaction,
  businessId: string,
  reference: string,
): Promise<{ near: NearProduct[]; only: NearProduct | undefined }> {
  const near = await nearProducts(db, businessId, reference)
  const [one, ...others] = NAME.test(reference) ? near.filter(({ hasAllWords }) => hasAllWords) : []
  const isMeant =
    one !== undefined && others.length === 0 && beginsWords(`${one.name} ${one.label ?? ''}`, wordsOfName(reference))
  return { near, only: isMeant ? one : undefined }
}

/** Of more clients than this, none is looked for that is only near: that compares the name of each. */
const MAX_COMPARED = 100_000

/** Whether a business has few enough clients for that. */
export function hasFewClients(businessId: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`((
    select count(*) from (select from customer k where k.business_id = ${businessId} limit ${MAX_COMPARED + 1}) k
  ) <= ${MAX_COMPARED})`
}

/** The active clients that a reference is nearest to, by name. */
export function nearClients(db: Transaction, businessId: string, reference: string) {
  const { isMatch, nearness } = searching(sql<string>`c.name_key`, reference)
  return db
    .selectFrom('customer as c')
    .select(['c.id', 'c.name', 'c.code'])
    .where('c.business_id', '=', businessId)
    .where('c.is_active', '=', true)
    .where(sql<SqlBool>`(${isMatch} or ${hasFewClients(businessId)} and ${nearness} >= ${NEAR})`)
    .orderBy(isMatch, 'desc')
    .orderBy(nearness, 'desc')
    .orderBy('c.code')
    .limit(MAX_SUGGESTIONS)
    .execute()
}

function orNear(isMatch: RawBuilder<SqlBool>, nearness: RawBuilder<number>): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${isMatch} or ${nearness} >= ${NEAR})`
}

/** A question to follow an error: ` Did you mean "Tea" (SKU T-1)?`, or nothing. */
export function didYouMean(names: readonly string[]): string {
  return names.length === 0 ? '' : ` Did you mean ${names.join('; ')}?`
}

/** A client in such a question. */
export function nameAndCode({ name, code }: { name: string; code: string }): string {
  return `${JSON.stringify(clean(name, 60))} (${clean(code, 60)})`
}
