import { type AliasableExpression, type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { DB } from '../../database/types.ts'
import { searchPattern } from '../conditions.ts'

export const TIME_GROUPS = ['board', 'person', 'client', 'step', 'day', 'week'] as const
export type TimeGroup = (typeof TIME_GROUPS)[number]

export interface TimeQuery {
  /** Local days of the work, including both ends. */
  from: string
  to: string
  boardId?: string | undefined
  userId?: string | undefined
  /** Part of a person's name or e-mail address. */
  person?: string | undefined
  /** Each entry's amount is rounded half up to so many digits. */
  currencyDigits: number
}

/** Time entries of a business (alias e) with step (s), board (b), client (c) and person (u). */
function entriesOf(db: Transaction, businessId: string, { from, to, boardId, userId, person }: TimeQuery) {
  let entries = db
    .selectFrom('psa_time_entry as e')
    .innerJoin('psa_step as s', (join) =>
      join.onRef('s.business_id', '=', 'e.business_id').onRef('s.id', '=', 'e.step_id'),
    )
    .innerJoin('psa_board as b', (join) =>
      join.onRef('b.business_id', '=', 's.business_id').onRef('b.id', '=', 's.board_id'),
    )
    .leftJoin('customer as c', (join) =>
      join.onRef('c.business_id', '=', 'b.business_id').onRef('c.id', '=', 'b.customer_id'),
    )
    .leftJoin('app_user as u', 'u.id', 'e.user_id')
    .where('e.business_id', '=', businessId)
    .where((eb) => eb.between('e.worked_on', from, to))
  if (boardId !== undefined) entries = entries.where('s.board_id', '=', boardId)
  if (userId !== undefined) entries = entries.where('e.user_id', '=', userId)
  if (person !== undefined) {
    const name = sql<string>`search_text(concat_ws(' ', u.display_name, u.email))`
    entries = entries.where(sql<SqlBool>`${name} like ${searchPattern(person)}`)
  }
  return entries
}

interface Aliases {
  e: DB['psa_time_entry']
  s: DB['psa_step']
  b: DB['psa_board']
  c: DB['customer']
  u: DB['app_user']
}
const eb = expressionBuilder<Aliases, keyof Aliases>()

const isUnrated = eb.and([eb.ref('e.is_billable'), eb('e.hourly_rate', 'is', null)])

/** Sums over time entries; minutes and amounts as decimal strings. */
export type TimeSums = Awaited<ReturnType<typeof timeTotal>>

function sums({ currencyDigits }: TimeQuery) {
  const { cast, fn, ref } = eb
  const isBillable = ref('e.is_billable')
  // The zeros make the quotient precise enough for the rounding: otherwise one just below half would be rounded twice.
  const amount = sql<string>`
    round(${ref('e.minutes')} * ${ref('e.hourly_rate')} / 60.000000000000, ${currencyDigits}::int)`
  return [
    cast<number>(fn.countAll(), 'integer').as('entries'),
    fn.coalesce(fn.sum<string>('e.minutes'), sql.lit('0')).as('minutes'),
    fn.coalesce(fn.sum<string>('e.minutes').filterWhere(isBillable), sql.lit('0')).as('billable_minutes'),
    fn.coalesce(fn.sum<string>(amount).filterWhere(isBillable), sql.lit('0')).as('billable_amount'),
    // They add hours but no amount.
    cast<number>(fn.countAll().filterWhere(isUnrated), 'integer').as('unrated_entries'),
  ] as const
}

/** Total time of a window. */
export function timeTotal(db: Transaction, businessId: string, query: TimeQuery) {
  return entriesOf(db, businessId, query).select(sums(query)).executeTakeFirstOrThrow()
}

type Column = AliasableExpression<string | null>
const NOTHING: Column = sql`null::text`
const day = eb.cast<string | null>('e.worked_on', 'text')
const week = sql<string | null>`date_trunc('week', ${eb.ref('e.worked_on')})::date::text`
const idOf = (column: 'b.id' | 'c.id' | 'e.user_id' | 's.id') => eb.cast<string | null>(column, 'text')
const GROUP_COLUMNS: Record<TimeGroup, Record<'key' | 'name', Column>> = {
  board: { key: idOf('b.id'), name: eb.ref('b.name') },
  person: { key: idOf('e.user_id'), name: NOTHING },
  client: { key: idOf('c.id'), name: eb.ref('c.name') },
  step: { key: idOf('s.id'), name: eb.ref('s.name') },
  day: { key: day, name: day },
  week: { key: week, name: week },
}

/**
 * A row of a group. `key` is the id of the group, or its day or Monday, or null for time without a client. `board` is
 * the board of a step, and `groups` is the number of all groups.
 */
export type TimeRow = Awaited<ReturnType<typeof timeByGroup>>[number]

/** Time by group: days and weeks with work in order, other groups with the most time first. */
export function timeByGroup(
  db: Transaction,
  businessId: string,
  query: TimeQuery & { groupBy: TimeGroup; limit: number },
) {
  const { groupBy } = query
  const { key, name } = GROUP_COLUMNS[groupBy]
  const onlyOf = (group: TimeGroup, column: Column) => (groupBy === group ? column : NOTHING)
  const groups = entriesOf(db, businessId, query)
    .select([
      key.as('key'),
      name.as('name'),
      onlyOf('step', eb.ref('b.name')).as('board'),
      onlyOf('person', eb.ref('u.display_name')).as('display_name'),
      onlyOf('person', eb.ref('u.email')).as('email'),
    ])
    .select(sums(query))
    .select(({ cast, fn }) => cast<number>(fn.countAll().over(), 'integer').as('groups'))
    .groupBy(sql`1, 2, 3, 4, 5`)
  const ordered = groupBy === 'day' || groupBy === 'week' ? groups : groups.orderBy(eb.fn.sum('e.minutes'), 'desc')
  return ordered.orderBy('key').limit(query.limit).execute()
}

/** What was done, latest first: each entry with its note. */
export function timeEntries(db: Transaction, businessId: string, query: TimeQuery & { limit: number }) {
  return entriesOf(db, businessId, query)
    .select(['e.worked_on', 'e.minutes', 'e.note', 'e.is_billable', 's.name as step', 'b.name as board'])
    .select(['u.display_name', 'u.email'])
    .orderBy('e.worked_on', 'desc')
    .orderBy('e.id')
    .limit(query.limit)
    .execute()
}

/** A billable entry without a rate. */
export type UnratedEntry = Awaited<ReturnType<typeof unratedEntries>>[number]

/** Billable entries without a rate, latest first. */
export function unratedEntries(db: Transaction, businessId: string, query: TimeQuery & { limit: number }) {
  return entriesOf(db, businessId, query)
    .select(['e.worked_on', 'e.minutes', 's.name as step', 'b.name as board', 'u.display_name', 'u.email'])
    .where(isUnrated)
    .orderBy('e.worked_on', 'desc')
    .orderBy('e.id')
    .limit(query.limit)
    .execute()
}

/** The time estimated for the steps of a board, and the time spent on them so far. */
export function timeOfBoard(db: Transaction, businessId: string, boardId: Expression<string>) {
  const spent = db
    .selectFrom('psa_time_entry')
    .select(({ fn }) => [
      'step_id',
      fn.sum<string>('minutes').as('minutes'),
      fn.sum<string>('minutes').filterWhere('is_billable', '=', true).as('billable_minutes'),
    ])
    .where('business_id', '=', businessId)
    .groupBy('step_id')
    .as('t')
  return db
    .selectFrom('psa_step as s')
    .leftJoin(spent, 't.step_id', 's.id')
    .select(({ fn }) => [
      fn.coalesce(fn.sum<string>('s.estimated_minutes'), sql.lit('0')).as('estimated_minutes'),
      fn.coalesce(fn.sum<string>('t.minutes'), sql.lit('0')).as('minutes'),
      fn.coalesce(fn.sum<string>('t.billable_minutes'), sql.lit('0')).as('billable_minutes'),
    ])
    .where('s.business_id', '=', businessId)
    .where('s.board_id', '=', boardId)
    .executeTakeFirstOrThrow()
}
