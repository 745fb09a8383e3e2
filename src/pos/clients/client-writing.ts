import { Type } from '@sinclair/typebox'
import { type Expression, expressionBuilder, type Selectable, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { together } from '../../database/together.ts'
import type { Customer, DB } from '../../database/types.ts'
import { ServiceError } from '../../errors.ts'
import { Nullable, NullableText } from '../../results/schema.ts'
import { clean } from '../../results/text.ts'
import { untrusted } from '../../results/untrusted.ts'
import { exactTime } from '../../time/local.ts'
import { clientIdOf, clientOf, requireNoIdForm } from '../references.ts'

const TEXT_COLUMNS = {
  name: 'name',
  code: 'code',
  email: 'email',
  phone: 'phone',
  taxId: 'tax_id',
  city: 'city',
  country: 'country',
  note: 'note',
} as const satisfies Record<string, keyof Customer>
type TextField = keyof typeof TEXT_COLUMNS
type TextColumn = (typeof TEXT_COLUMNS)[TextField]
const TEXT_FIELDS = Object.keys(TEXT_COLUMNS) as TextField[]

// The form that browsers accept in an e-mail field, but with a domain of at least two parts. Empty means none.
const EMAIL =
  "^$|^[\\w.!#$%&'*+/=?^`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+$"

const optionalText = (maxLength: number) => Type.Optional(Type.String({ maxLength }))
/** The most digits of a code of the form C-0001. */
const MAX_CODE_DIGITS = 12
const ANY_LENGTH = Number.POSITIVE_INFINITY

/** The arguments that describe a client, besides the name; an empty text means none. */
export const CLIENT_INPUT = {
  code: optionalText(100),
  email: Type.Optional(
    Type.String({ maxLength: 254, pattern: EMAIL, expected: 'an e-mail address such as ana@example.com' }),
  ),
  phone: optionalText(40),
  taxId: optionalText(40),
  city: optionalText(100),
  country: optionalText(100),
  note: optionalText(1000),
}

export const ClientName = Type.String({ minLength: 1, maxLength: 200 })

/** Another client with the same e-mail, tax id or name, who may be the same person. */
export const SameClientSchema = Nullable(
  Type.Object({ id: Type.String(), code: Type.String(), name: Type.String(), shares: Type.String() }),
)
export interface SameClient {
  id: string
  code: string
  name: string
  /** What is the same: "e-mail", "tax id" or "name". */
  shares: string
}

/** A client in the results of the tools that write; what a dry run cannot know is null. */
export const WrittenClientSchema = Type.Object({
  id: NullableText,
  code: NullableText,
  name: Type.String(),
  updatedAt: NullableText,
})

/** Makes such a client from the written row. */
export function writtenClient({ id, code, name }: WrittenClient, updatedAt: Date, timezone: string) {
  return { id, code: clean(code), name: clean(name), updatedAt: exactTime(updatedAt, timezone) }
}

export type ClientTexts = { [Field in TextField]?: string | undefined }

export interface WrittenClient {
  id: string
  code: string
  name: string
}

/**
 * Creates a client. Without a code it gets the next free one of the form C-0001.
 * @throws ServiceError `conflict` for a code that is taken, or for a likely duplicate that is not allowed
 */
export async function createClient(
  db: Transaction,
  businessId: string,
  input: ClientTexts & { name: string },
  { allowDuplicate, now }: { allowDuplicate: boolean; now: Date },
): Promise<{ client: WrittenClient; sameAs: SameClient | null }> {
  const texts = storedTexts(input)
  const [, code, sameAs, namesake] = await together([
    lockClients(db, businessId),
    texts.code === undefined ? nextCode(db, businessId) : freeCode(db, businessId, texts.code),
    findSame(db, businessId, texts),
    findNamesake(db, businessId, input.name),
  ])
  if (sameAs !== null && !allowDuplicate) {
    throw new ServiceError('conflict', `A client with this ${sameAs.shares} is there already: ${coded(sameAs)}.`, {
      hint: 'Use that client, or update_client to change it; allowDuplicate: true makes another one all the same.',
    })
  }
  const client = await db
    .insertInto('customer')
    .values({ business_id: businessId, name: input.name, ...texts, code, created_at: now, updated_at: now })
    .onConflict((conflict) => conflict.columns(['business_id', 'code']).doNothing())
    .returning(['id', 'code', 'name'])
    .executeTakeFirst()
  // An import does not wait for the lock, and may have taken the code.
  if (client === undefined) {
    throw new ServiceError('conflict', `code: ${clean(code)} was taken a moment ago. Nothing was written.`, {
      retryAfterSeconds: 1,
    })
  }
  return { client, sameAs: sameAs ?? namesake }
}

export interface ClientChange {
  field: string
  from: string | null
  to: string | null
}

export interface ClientUpdate {
  texts: ClientTexts
  active?: boolean | undefined
  /** `updatedAt` as the caller last saw it; the change is refused if the client has changed since. */
  expectedUpdatedAt?: string | undefined
}

/**
 * Changes the given fields of a client, found by id, code, tax id or name.
 * @returns old and new value of each field that changed; if none did, the row is not touched
 * @throws ServiceError `not_found`; `conflict` for a stale `expectedUpdatedAt` or a code that is taken;
 *   `invalid_argument` if no field is given
 */
export async function updateClient(
  db: Transaction,
  { id: businessId, timezone }: { id: string; timezone: string },
  reference: string,
  { texts, active, expectedUpdatedAt }: ClientUpdate,
  now: Date,
): Promise<{ client: WrittenClient; updatedAt: Date; changes: ClientChange[]; sameAs: SameClient | null }> {
  const wanted = {
    ...storedTexts(texts),
    ...(active === undefined ? {} : { is_active: active }),
  }
  if (texts.code !== undefined && wanted.code === undefined)
    throw new ServiceError('invalid_argument', 'code must not be empty.')
  if (Object.keys(wanted).length === 0) {
    throw new ServiceError('invalid_argument', `Give at least one of ${TEXT_FIELDS.join(', ')} or active to change.`)
  }
  const [, , before] = await together([
    lockClients(db, businessId),
    clientOf(db, businessId, reference),
    db
      .selectFrom('customer as c')
      .selectAll()
      .where('c.business_id', '=', businessId)
      .where('c.id', '=', clientIdOf(db, businessId, reference))
      .forUpdate()
      .executeTakeFirstOrThrow(),
  ])

  const differences = FIELDS.filter(({ column }) => column in wanted && wanted[column] !== before[column])
  if (expectedUpdatedAt !== undefined && new Date(expectedUpdatedAt).getTime() !== before.updated_at.getTime()) {
    const asked = FIELDS.filter(({ column }) => column in wanted)
    // An error has no place for what people wrote at length.
    const current = asked.map(({ field, column }) =>
      column === 'note' ? 'note (see get_client)' : `${field} ${JSON.stringify(shown(column, before[column]))}`,
    )
    throw new ServiceError(
      'conflict',
      `client: ${coded(before)} was changed since; now: ${current.join(', ')}, updatedAt ${exactTime(before.updated_at, timezone)}.`,
      { hint: 'If the change is still wanted, repeat it with this updatedAt as expectedUpdatedAt.' },
    )
  }
  const changes = differences.map(({ field, column }) => ({
    field,
    from: shown(column, before[column]),
    to: shown(column, wanted[column] ?? null),
  }))
  const after = { ...before, ...wanted }
  if (changes.length === 0) return { client: before, updatedAt: before.updated_at, changes, sameAs: null }

  if (after.code !== before.code) await freeCode(db, businessId, after.code)
  // Always later than the last change, whatever the clocks say, so that every change makes `expectedUpdatedAt` stale.
  const updatedAt = new Date(Math.max(now.getTime(), before.updated_at.getTime() + 1))
  const changed = Object.fromEntries(differences.map(({ column }) => [column, wanted[column]]))
  const [sameAs] = await Promise.all([
    'email' in changed || 'tax_id' in changed ? findSame(db, businessId, changed, before.id) : null,
    db
      .updateTable('customer')
      .set({ ...changed, updated_at: updatedAt })
      .where('business_id', '=', businessId)
      .where('id', '=', before.id)
      .execute(),
  ])
  return { client: after, updatedAt, changes, sameAs }
}

/** A client's name and ids in a sentence. */
export function named({ name, code, id }: WrittenClient): string {
  return `${clean(name, 80)} (${clean(code, 60)}, id ${id})`
}

/** A client in an error, which must not contain texts written by people. */
function coded({ code, id }: Omit<WrittenClient, 'name'>): string {
  return `${clean(code, 60)} (id ${id})`
}

const FIELDS = [
  ...TEXT_FIELDS.map((field) => ({ field, column: TEXT_COLUMNS[field] })),
  { field: 'active', column: 'is_active' } as const,
]

function shown(column: TextColumn | 'is_active', value: string | boolean | null): string | null {
  if (value === null) return null
  return column === 'note' ? untrusted(String(value)) : clean(String(value), 254)
}

type StoredTexts = Partial<Pick<Selectable<Customer>, TextColumn>>

/**
 * Texts as the table stores them: an empty text becomes null, an empty code is left out. Only a note keeps line breaks.
 * @throws ServiceError `invalid_argument` for a blank name
 */
function storedTexts(input: ClientTexts): StoredTexts {
  const given = TEXT_FIELDS.filter((field) => input[field] !== undefined)
  const texts = Object.fromEntries(
    given.map((field) => {
      const text = input[field] ?? ''
      return [TEXT_COLUMNS[field], (field === 'note' ? text.trim() : clean(text, ANY_LENGTH)) || null]
    }),
  )
  if (texts.name === null) throw new ServiceError('invalid_argument', 'name must not be blank.')
  if (texts.code === null) delete texts.code
  return texts as StoredTexts
}

/**
 * Until it ends, lets only this transaction assign codes and look for duplicates in a business. Queries sent together
 * with this one, but after it, run when the lock is held.
 */
async function lockClients(db: Transaction, businessId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`clients of ${businessId}`}, 0))`.execute(db)
}

/** Returns the requested code if it is free, neither in the form of an id nor beyond the numbering. */
async function freeCode(db: Transaction, businessId: string, code: string): Promise<string> {
  requireNoIdForm('code', code)
  if (/^C-\d+$/.test(code) && code.length > 'C-'.length + MAX_CODE_DIGITS) {
    throw new ServiceError('invalid_argument', `code: C- and a number has at most ${MAX_CODE_DIGITS} digits.`, {
      hint: 'Choose a shorter code, or leave it out for the next free one.',
    })
  }
  const holder = await db
    .selectFrom('customer')
    .select(['id', 'code'])
    .where('business_id', '=', businessId)
    .where('code', '=', code)
    .executeTakeFirst()
  if (holder === undefined) return code
  throw new ServiceError('conflict', `code is taken already by client ${coded(holder)}.`, {
    hint: 'Look at that client with get_client, or choose another code.',
  })
}

/**
 * The code after the highest one whose successor is free, so that a code such as C-999999999999, which has none, does
 * not end the numbering.
 */
async function nextCode(db: Transaction, businessId: string): Promise<string> {
  const number = sql<string>`substr(code, 3)::bigint`
  const { highest } = await db
    .selectFrom((from) =>
      from
        .selectFrom('customer')
        .select([number.as('n'), sql<string | null>`lead(${number}) over (order by ${number})`.as('next')])
        .where('business_id', '=', businessId)
        .where('code', 'like', 'C-%')
        .where('code', '~', `^C-\\d{1,${MAX_CODE_DIGITS}}$`)
        .as('used'),
    )
    .select(sql<string>`coalesce(max(n), 0)`.as('highest'))
    .where('n', '<', String(10 ** MAX_CODE_DIGITS - 1))
    .where(({ eb, or }) => or([eb('next', 'is', null), eb('next', '>', sql<string>`n + 1`)]))
    .executeTakeFirstOrThrow()
  return `C-${String(Number(highest) + 1).padStart(4, '0')}`
}

/**
 * A client with the same e-mail, ignoring case, or the same tax id, ignoring case and punctuation. A tax id without a
 * digit does not count: Guatemalan receipts say "CF" (consumidor final) for everybody who gives no number.
 */
async function findSame(
  db: Transaction,
  businessId: string,
  { email = null, tax_id = null }: Pick<StoredTexts, 'email' | 'tax_id'>,
  exceptId: string | null = null,
): Promise<SameClient | null> {
  if (email === null && tax_id === null) return null
  const taxKey = (value: Expression<string | null>) =>
    sql<string>`upper(regexp_replace(${value}, '[^[:alnum:]]', '', 'g'))`
  const taxId = sql<string>`${tax_id}::text`
  let clients = db
    .selectFrom('customer')
    .select(['id', 'code', 'name'])
    .select((eb) => eb.case().when(hasEmail(email)).then('e-mail').else('tax id').end().as('shares'))
    .where('business_id', '=', businessId)
    .where((eb) =>
      eb.or([hasEmail(email), eb.and([eb(taxId, '~', sql.lit('\\d')), eb('tax_key', '=', taxKey(taxId))])]),
    )
  if (exceptId !== null) clients = clients.where('id', '!=', exceptId)
  const same = await clients.orderBy('is_active', 'desc').orderBy('code').limit(1).executeTakeFirst()
  return same === undefined ? null : { ...same, code: clean(same.code, 60), name: clean(same.name, 80) }
}

/** A client with the same name, ignoring case and accents: told, but not refused, since people share names. */
async function findNamesake(db: Transaction, businessId: string, name: string): Promise<SameClient | null> {
  const same = await db
    .selectFrom('customer')
    .select(['id', 'code', 'name'])
    .where('business_id', '=', businessId)
    .where('name_key', '=', sql<string>`search_text(${clean(name, ANY_LENGTH)})`)
    .orderBy('is_active', 'desc')
    .orderBy('code')
    .limit(1)
    .executeTakeFirst()
  return same === undefined
    ? null
    : { id: same.id, code: clean(same.code, 60), name: clean(same.name, 80), shares: 'name' }
}

function hasEmail(email: string | null) {
  const eb = expressionBuilder<DB, 'customer'>()
  return eb(eb.fn<string>('lower', ['email']), '=', sql<string>`lower(${email}::text)`)
}
