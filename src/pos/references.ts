import { Type } from '@sinclair/typebox'
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import { ServiceError } from '../errors.ts'
import { clean } from '../results/text.ts'
import { isUuid } from '../uuid.ts'
import { isOnSale } from './conditions.ts'
import type { Basis } from './scope.ts'
import { searching } from './search.ts'
import { didYouMean, nameAndCode, nearClients, nearProducts, productByWords, wordsOfName } from './suggestions.ts'

// A person or a model names a row by its id, by its code or by its name as a list prints it. A text in the form of an
// id is an id and nothing else, so that nobody can take over a row by giving another one its id as a code or a name.
// Of the other meanings the surest that fits anything decides, and it must fit one row only. Blanks around a text are
// nobody's, unless a code has them, as the product's own may. A read, whose answer names the row, also takes words that
// one row alone has ("Luis"); a write never does.

const MAX_CHOICES = 20
const MAX_CANDIDATES = 10

/** A row that a reference may mean; the lower its tier, the surer it is meant. */
interface Candidate {
  id: string
  name: string
  tier: number
}

export interface Named {
  id: string
  name: string
}

/** What a read takes. */
export interface Read {
  /** Names it for the answer to say, if it is meant by words alone. */
  taken?: string
}

/**
 * Refuses a new code, SKU or number in the form of an id, which would look like the id of another row.
 * @throws ServiceError `invalid_argument`
 */
export function requireNoIdForm(argument: string, code: string): void {
  if (!isUuid(code)) return
  throw new ServiceError('invalid_argument', `${argument} must not have the form of an id (a UUID).`, {
    hint: 'Choose a shorter one, which people can read.',
  })
}

/**
 * The row that a reference means.
 * @returns undefined if it means none
 * @throws ServiceError `invalid_argument` with the candidates if it means several
 */
export function theOne<Row extends Candidate>(
  rows: readonly Row[],
  {
    argument,
    reference,
    describe = nameAndId,
  }: { argument: string; reference: string; describe?: (row: Row) => string },
): Row | undefined {
  const surest = Math.min(...rows.map(({ tier }) => tier))
  const [only, ...others] = rows.filter(({ tier }) => tier === surest)
  if (only === undefined || others.length === 0) return only
  const named = [only, ...others].slice(0, MAX_CANDIDATES).map(describe)
  throw new ServiceError('invalid_argument', `${argument}: ${quoted(reference)} means several: ${named.join('; ')}.`, {
    hint: 'Pass the code or id of one.',
  })
}

export function nameAndId({ id, name }: Named): string {
  return `${quoted(name)} (${id})`
}

/** A text of people in an error: cleaned, cut and within quotes. */
export function quoted(text: string): string {
  return JSON.stringify(clean(text, 60))
}

/** What a result says of it that has no terms of its own. */
export const Taken = Type.Optional(Type.String({ description: 'What words of a name were taken to mean' }))

/** Who asks: a read may be told a part of a name. */
export interface Asking {
  isRead?: boolean
}

/** The tier of rows that are meant only if no other row has the words, too. */
const BY_WORDS = 9

/** What an answer says of a row that a read took. */
export function read({ tier }: Candidate, named: string): Read {
  return tier === BY_WORDS ? { taken: named } : {}
}

/** What an answer says where none is asked for, in whatever words. */
export const NONE: Read = { taken: 'none' }

/**
 * What was taken by words alone, for the terms of an answer; empty for what was named in full.
 * @param read by the arguments that mean it
 */
export function describeTaken(read: Record<string, Read | null | undefined>): string {
  return Object.entries(read)
    .map(([argument, one]) => (one?.taken === undefined ? '' : `${argument}: ${one.taken}; `))
    .join('')
}

/** The same as a sentence of its own; undefined for what was named in full. */
export function sentenceOfTaken(read: Record<string, Read | null | undefined>): string | undefined {
  const taken = describeTaken(read)
  return taken === '' ? undefined : taken.replace(/; $/, '.')
}

/** Whether each word of a reference begins one of a name, whose words end at blanks and at punctuation. */
function hasWords(name: RawBuilder<string>, reference: string, { isRead = false }: Asking): RawBuilder<SqlBool> {
  const words = isRead ? wordsOfName(reference) : []
  if (words.length === 0) return sql<SqlBool>`false`
  const areThere = words.map((word) => sql`${name} ~ ('(^|[[:space:][:punct:]])' || search_text(${word}))`)
  return sql<SqlBool>`(${sql.join(areThere, sql` and `)})`
}

/**
 * The condition and the tier of rows with a name and no code, in queries of a table with `id` and `name`.
 * @param alias of the table, in a query of several
 */
export function byName(
  reference: string,
  asking: Asking = {},
  alias?: string,
): { isMeant: RawBuilder<SqlBool>; tier: RawBuilder<number> } {
  const text = reference.trim()
  const of = alias === undefined ? '' : `${alias}.`
  const [id, name] = [sql.ref(`${of}id`), sql.ref(`${of}name`)]
  return {
    isMeant: isUuid(text)
      ? sql`${id} = ${text}`
      : sql`(search_text(${name}) = search_text(${text}) or ${hasWords(sql`search_text(${name})`, text, asking)})`,
    tier: sql<number>`case when ${name} = ${text} then 0 when lower(${name}) = lower(${text}) then 1
      when ${id}::text = lower(${text}) or search_text(${name}) = search_text(${text}) then 2
      else ${sql.lit(BY_WORDS)} end`,
  }
}

export interface LocationRow extends Named {
  timezone: string
  basis: Basis
}

/**
 * A location by id or name.
 * @throws ServiceError `invalid_argument` that names the valid ones
 */
export async function locationOf(
  db: Transaction,
  businessId: string,
  reference: string,
  argument = 'locationId',
  asking: Asking = {},
): Promise<LocationRow & Read> {
  const found = locationAmong(await locationsFor(db, businessId, reference, asking), reference, argument)
  return { ...found, ...read(found, quoted(found.name)) }
}

/** All locations of a business by name, each with its tier for a reference; null if it is not meant. */
export function locationsFor(db: Transaction, businessId: string, reference: string, asking: Asking = {}) {
  const { isMeant, tier } = byName(reference, asking)
  return (
    db
      .selectFrom('location')
      .select(['id', 'name', 'timezone', 'is_active'])
      // As the sums are at this moment: what is remembered of the business may be of a moment ago.
      .select(sql<Basis>`location_basis(business_id, id)`.as('basis'))
      .select(sql<number | null>`case when ${isMeant} then ${tier} end`.as('tier'))
      .where('business_id', '=', businessId)
      .orderBy('name')
      .orderBy('id')
      .execute()
  )
}

/**
 * The location among some that a reference means.
 * @throws ServiceError `invalid_argument` that names the valid ones
 */
export function locationAmong<Row extends Named & { tier: number | null }>(
  locations: readonly Row[],
  reference: string | undefined,
  argument: string,
): Row & Candidate {
  const meant = locations.flatMap((row) => (row.tier === null ? [] : [{ ...row, tier: row.tier }]))
  const found = reference === undefined ? undefined : theOne(meant, { argument, reference })
  if (found !== undefined) return found
  throw new ServiceError('invalid_argument', `${argument} must be one of this business: ${choicesOf(locations)}.`, {
    hint: 'An id or a name is taken; list_locations tells more.',
  })
}

function choicesOf(rows: readonly Named[]): string {
  const shown = rows.slice(0, MAX_CHOICES).map(nameAndId)
  return shown.join('; ') + (rows.length > MAX_CHOICES ? ' and more' : '')
}

/**
 * A category by id or name.
 * @throws ServiceError `not_found` that names valid ones; `invalid_argument` if several have that name
 */
export function categoryOf(
  db: Transaction,
  businessId: string,
  reference: string,
  argument = 'category',
  asking: Asking = {},
): Promise<Named & Read> {
  return namedRow(db, 'category', businessId, reference, {
    ...{ argument, asking },
    hint: 'list_categories searches them; create_product makes a new one with createCategory: true.',
  })
}

/**
 * A supplier by id or name.
 * @throws ServiceError `not_found` that names valid ones; `invalid_argument` if several have that name
 */
export function supplierOf(
  db: Transaction,
  businessId: string,
  reference: string,
  argument = 'supplierId',
  asking: Asking = {},
): Promise<Named & Read> {
  return namedRow(db, 'supplier', businessId, reference, { argument, asking, hint: 'list_suppliers searches them.' })
}

async function namedRow(
  db: Transaction,
  table: 'category' | 'supplier',
  businessId: string,
  reference: string,
  { argument, asking, hint }: { argument: string; asking: Asking; hint: string },
): Promise<Named & Read> {
  const found = theOne(await findNamed(db, table, businessId, reference, asking), { argument, reference })
  if (found !== undefined) return { id: found.id, name: found.name, ...read(found, quoted(found.name)) }
  const others = await db
    .selectFrom(table)
    .select(['id', 'name'])
    .where('business_id', '=', businessId)
    .where('is_active', '=', true)
    // What is like the reference comes first.
    .orderBy(searching(sql<string>`search_text(name)`, reference).nearness, 'desc')
    .orderBy('name')
    .limit(MAX_CHOICES + 1)
    .execute()
  const choices = others.length === 0 ? 'There is none yet' : `There are ${choicesOf(others)}`
  throw new ServiceError('not_found', `${argument}: no ${table} of this business has that id or name. ${choices}.`, {
    hint,
  })
}

/** The categories or suppliers that a reference may mean. */
export function findNamed(
  db: Transaction,
  table: 'category' | 'supplier',
  businessId: string,
  reference: string,
  asking: Asking = {},
) {
  const { isMeant, tier } = byName(reference, asking)
  return db
    .selectFrom(table)
    .select(['id', 'name', tier.as('tier')])
    .where('business_id', '=', businessId)
    .where(isMeant)
    .orderBy('tier')
    .orderBy('id')
    .limit(MAX_CANDIDATES + 1)
    .execute()
}

/** The rows `c` of clients that are meant, and how surely: by id, else by code, code in any case, tax id, or name. */
export function clientMeaning(reference: string): { isMeant: RawBuilder<SqlBool>; tier: RawBuilder<number> } {
  const text = reference.trim()
  if (isUuid(text)) return { isMeant: sql`c.id = ${text}`, tier: sql`0::integer` }
  const key = text.replace(/[^\p{L}\p{N}]/gu, '').toUpperCase()
  // A tax id without a digit is no one's own: "CF" is what Guatemalan receipts say where no number is given.
  const taxKey = /\d/.test(key) ? key : null
  return {
    isMeant: sql`(c.code = ${reference} or c.code_key = lower(${text}) or c.tax_key = ${taxKey} or c.name_key = search_text(${text}))`,
    tier: sql`case when c.code in (${reference}, ${text}) then 1 when c.code_key = lower(${text}) then 2
      when c.tax_key = ${taxKey} then 3 else 4 end`,
  }
}

/** The id of the client that a reference means, as an expression for queries sent together. */
export function clientIdOf(db: Transaction, businessId: string, reference: string): Expression<string> {
  return clientsMeant(db, businessId, reference).select('c.id').limit(1).$asScalar()
}

function clientsMeant(db: Transaction, businessId: string, reference: string) {
  const { isMeant, tier } = clientMeaning(reference)
  return db
    .selectFrom('customer as c')
    .where('c.business_id', '=', businessId)
    .where(isMeant)
    .orderBy(tier)
    .orderBy('c.code')
}

/**
 * A client by id, code, tax id or name; for a read, also by several words of one name alone.
 * @param argument name of the argument with `reference`, for the error
 * @throws ServiceError `not_found`; `invalid_argument` with the candidates if several have that name or those words
 */
export async function clientOf(
  db: Transaction,
  businessId: string,
  reference: string,
  argument = 'client',
  asking: Asking = {},
): Promise<Named & Read & { code: string }> {
  const rows = await clientsMeant(db, businessId, reference)
    .select(['c.id', 'c.name', 'c.code'])
    .select(clientMeaning(reference).tier.as('tier'))
    .limit(MAX_CANDIDATES + 1)
    .execute()
  const [byWords, near] =
    rows.length > 0
      ? [[], []]
      : await Promise.all([clientsByWords(db, businessId, reference, asking), nearClients(db, businessId, reference)])
  const client = theClient([...rows, ...byWords], reference, argument, near)
  const [name, code] = [clean(client.name, 80), clean(client.code, 60)]
  return { id: client.id, name, code, ...read(client, nameAndCode(client)) }
}

/** The clients, also those switched off, that have all words of a reference; none for a single word. */
async function clientsByWords(db: Transaction, businessId: string, reference: string, asking: Asking) {
  if (asking.isRead !== true || wordsOfName(reference).length < 2) return []
  return db
    .selectFrom('customer as c')
    .select(['c.id', 'c.name', 'c.code', sql<number>`${sql.lit(BY_WORDS)}`.as('tier')])
    .where('c.business_id', '=', businessId)
    .where(hasWords(sql`c.name_key`, reference, asking))
    .orderBy('c.code')
    .limit(MAX_CANDIDATES + 1)
    .execute()
}

/**
 * The client that a reference means, of those with a tier.
 * @throws ServiceError as `clientOf`
 */
export function theClient<Row extends Candidate & { code: string }>(
  rows: readonly Row[],
  reference: string,
  argument = 'client',
  near: readonly { name: string; code: string }[] = [],
): Row {
  const describe = ({ id, name, code }: Row) => `${quoted(name)} (${clean(code, 60)}, id ${id})`
  const client = theOne(rows, { argument, reference, describe })
  if (client !== undefined) return client
  throw new ServiceError(
    'not_found',
    `${argument}: no client of this business has that id, code, tax id or name.${didYouMean(near.map(nameAndCode))}`,
    { hint: near.length === 0 ? 'Find it with list_clients.' : 'Pass the code of one, or find it with list_clients.' },
  )
}

/** What a reference can mean among products. */
interface ProductMeaning {
  reference: string
  tier: number
  product_id: string
  /** Null for a product as a whole. */
  variant_id: string | null
}

/**
 * All that references can mean: the id of a variant or of a product; else a SKU, a SKU in another case, a barcode, or a
 * name as lists print it, which is that of the product and the label of the variant. A query for another query's `from`.
 */
export function productMeanings(businessId: string, references: readonly string[]): RawBuilder<ProductMeaning> {
  const texts = references.map((reference) => reference.trim())
  const ids = texts.map((text) => (isUuid(text) ? text : null))
  const wanted = sql`(select reference, text, lower(text) as key, id
    from unnest(${references}::text[], ${texts}::text[], ${ids}::uuid[]) as wanted (reference, text, id) offset 0) r`
  const names = references.flatMap((reference, index) =>
    isUuid(texts[index] as string)
      ? []
      : splitsOf(texts[index] as string).map(([name, label]) => ({ reference, name, label })),
  )
  // The functions are called apart from the joins: row security keeps an index from being used beside them.
  const printed = sql`(select reference, search_text(name) as name, search_text(label) as label from unnest(${names.map(({ reference }) => reference)}::text[], ${names.map(({ name }) => name)}::text[],
    ${names.map(({ label }) => label)}::text[])
    as printed (reference, name, label) offset 0) r`
  return sql<ProductMeaning>`(
    select r.reference, 0 as tier, v.product_id, v.id as variant_id
    from ${wanted} join product_variant v on v.business_id = ${businessId} and v.id = r.id
    union all
    select r.reference, 1, p.id, null from ${wanted} join product p on p.business_id = ${businessId} and p.id = r.id
    union all
    select r.reference, 2, v.product_id, v.id
    from ${wanted} join product_variant v on v.business_id = ${businessId} and v.sku = any(array[r.text, r.reference])
      and r.id is null
    union all
    select r.reference, 3, v.product_id, v.id
    from ${wanted} join product_variant v on v.business_id = ${businessId} and v.sku_key = r.key and r.id is null
    union all
    select r.reference, 4, v.product_id, v.id
    from ${wanted} join product_variant v on v.business_id = ${businessId} and v.barcode = r.text and r.id is null
    union all
    select r.reference, 5, p.id, v.id
    from ${printed} join product p on p.business_id = ${businessId} and p.search = r.name
    left join product_variant v on v.business_id = ${businessId} and v.product_id = p.id and r.label <> ''
      and search_text(v.label) = r.label
    where r.label = '' or v.id is not null
  )`
}

const MAX_WORDS = 40

/** The ways to read a printed name as the name of a product and the label of a variant, which may be empty. */
function splitsOf(text: string): [name: string, label: string][] {
  const words = text.split(' ').slice(0, MAX_WORDS)
  return words.map((_word, index) => [words.slice(0, index + 1).join(' '), words.slice(index + 1).join(' ')])
}

/** A sellable unit, with what an order line copies from it. */
export type Variant = Omit<Awaited<ReturnType<typeof findVariants>>[number], 'reference' | 'tier'>

/**
 * Variants by id, SKU, barcode or name, or by the id or name of a product that has only one, in the order of the
 * references.
 * @param argument name of the argument with the references, for the error
 * @throws ServiceError `not_found` naming those that are not in this business; `invalid_argument` with the candidates
 *   for one that means several
 */
export async function variantsOf(
  db: Transaction,
  businessId: string,
  references: readonly string[],
  argument: string,
): Promise<Variant[]> {
  const wanted = [...new Set(references)]
  const rows = await findVariants(db, businessId, wanted)
  const found = new Map<string, Variant>()
  for (const reference of wanted) {
    const meant = rows.filter((row) => row.reference === reference).map((row) => ({ ...row, id: row.variant_id }))
    const one = theOne(meant, { argument, reference, describe: nameAndSku })
    if (one !== undefined) found.set(reference, one)
  }
  const missing = wanted.filter((reference) => !found.has(reference))
  if (missing.length > 0) {
    throw noProduct(missing, argument, await nearProducts(db, businessId, missing[0] as string))
  }
  return references.map((reference) => found.get(reference) as Variant)
}

/**
 * The variant that a read is about: as `variantsOf`, or else of the only product that has all words of the reference.
 * @returns `taken` names it in that case, for the answer to say
 */
export async function variantToRead(db: Transaction, businessId: string, reference: string): Promise<Variant & Read> {
  const argument = 'product'
  const rows = (await findVariants(db, businessId, [reference])).map((row) => ({ ...row, id: row.variant_id }))
  const one = theOne(rows, { argument, reference, describe: nameAndSku })
  if (one !== undefined) return one
  const { only, near } = await productByWords(db, businessId, reference)
  if (only === undefined) throw noProduct([reference], argument, near)
  const [variant] = (await variantsOf(db, businessId, [only.variantId], argument)) as [Variant]
  return { ...variant, taken: nameAndSku(variant) }
}

/** That no product is meant by some references, with those that are near to the first. */
export function noProduct(
  references: readonly string[],
  argument: string,
  near: Awaited<ReturnType<typeof nearProducts>>,
): ServiceError {
  const names = references.slice(0, MAX_CANDIDATES).map(quoted)
  return new ServiceError(
    'not_found',
    `${argument}: no product of this business has the SKU, id or name ${names.join(', ')}.${didYouMean(near.map(nameAndSku))}`,
    { hint: near.length === 0 ? 'Find it with get_products.' : 'Pass the SKU of one, or find it with get_products.' },
  )
}

/** A variant in an error that lets people choose. */
export function nameAndSku({ name, label, sku }: { name: string; label: string | null; sku: string }): string {
  return `${quoted(label === null ? name : `${name} ${label}`)} (SKU ${clean(sku, 60)})`
}

/** The variants that each reference can mean. The tax rate is the product's, else the business's. */
function findVariants(db: Transaction, businessId: string, references: readonly string[]) {
  return db
    .selectFrom(productMeanings(businessId, references).as<'m'>(sql`m`))
    .innerJoin('business as b', (join) => join.on('b.id', '=', businessId))
    .innerJoin('product_variant as v', (join) =>
      join
        .on('v.business_id', '=', businessId)
        .onRef('v.product_id', '=', 'm.product_id')
        .on((own) => own.or([own('m.variant_id', 'is', null), own('v.id', '=', own.ref('m.variant_id'))])),
    )
    .innerJoin('product as p', (join) => join.on('p.business_id', '=', businessId).onRef('p.id', '=', 'v.product_id'))
    .select(['m.reference', 'm.tier', 'v.id as variant_id', 'v.product_id', 'v.sku', 'p.name', 'v.label'])
    .select(['v.price', 'v.cost', 'p.supplier_id'])
    .select((own) => [own.fn.coalesce('p.tax_rate', 'b.tax_rate').as('tax_rate'), isOnSale.as('is_active')])
    .orderBy('m.tier')
    .orderBy('v.sku')
    .execute()
}

/**
 * An employee by id, number or exact name, ignoring case and accents; for a read, also by words of one name alone.
 * @throws ServiceError `invalid_argument` with the valid ones
 */
export async function employeeOf(
  db: Transaction,
  businessId: string,
  reference: string,
  argument = 'employee',
  asking: Asking = {},
): Promise<Candidate & Read & { number: string }> {
  const text = reference.trim()
  const tier = isUuid(text)
    ? sql<number | null>`case when id = ${text} then 0 end`
    : sql<number | null>`case when number = ${text} then 0 when lower(number) = lower(${text}) then 1
        when search_text(name) = search_text(${text}) then 2
        when ${hasWords(sql`search_text(name)`, text, asking)} then ${sql.lit(BY_WORDS)} end`
  const all = await db
    .selectFrom('employee')
    .select(['id', 'number', 'name', tier.as('tier')])
    .where('business_id', '=', businessId)
    .orderBy(searching(sql<string>`search_text(name)`, reference).nearness, 'desc')
    .orderBy('is_active', 'desc')
    .orderBy('name')
    .orderBy('id')
    .execute()
  const describe = ({ name, number }: { name: string; number: string }) =>
    `${JSON.stringify(clean(name, 40))} (${clean(number, 20)})`
  const meant = all.flatMap(({ tier, ...row }) => (tier === null ? [] : [{ ...row, tier }]))
  const found = theOne(meant, { argument, reference, describe })
  if (found !== undefined) return { ...found, ...read(found, describe(found)) }
  const choices = all.slice(0, MAX_CHOICES).map(describe)
  throw new ServiceError(
    'invalid_argument',
    `${argument} must be one of this business: ${choices.join('; ') || 'there is none'}.`,
    { hint: 'Give the number or exact name of one.' },
  )
}
