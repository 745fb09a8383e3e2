import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'

export const TIME_GROUPS = ['board', 'person', 'client', 'step', 'day', 'week'] as const
export type TimeGroup = (typeof TIME_GROUPS)[number]

export interface TimeQuery {
  /** Local days on which the work was done, both ends counted. */
  from: string
  to: string
  boardId?: string | undefined
  userId?: string | undefined
  /** To which each entry's amount is rounded, half-up. */
  currencyDigits: number
}

/** Sums over time entries; minutes and amounts as decimal strings. */
export interface TimeSums {
  entries: number
  minutes: string
  billable_minutes: string
  billable_amount: string
  /** Billable entries without a rate: their hours count, and no amount does. */
  unrated_entries: number
}

export interface TimeRow extends TimeSums {
  /** Id of the group; the day, or the Monday, where there is none; null for time without a client. */
  key: string | null
  name: string | null
  /** The board of a step. */
  board: string | null
  display_name: string | null
  email: string | null
  /** How many groups there are in all. */
  groups: number
}

// The zeros make the division exact to where rounding looks: with few of them a quotient just below half would be
// rounded twice.
function sums({ currencyDigits }: TimeQuery): RawBuilder<unknown> {
  const amount = sql`round(e.minutes * e.hourly_rate / 60.000000000000, ${currencyDigits}::int)`
  return sql`
    count(*)::int as entries, coalesce(sum(e.minutes), 0)::text as minutes,
    coalesce(sum(e.minutes) filter (where e.is_billable), 0)::text as billable_minutes,
    coalesce(sum(${amount}) filter (where e.is_billable), 0)::text as billable_amount,
    count(*) filter (where ${isUnrated})::int as unrated_entries`
}

const isUnrated = sql<SqlBool>`e.is_billable and e.hourly_rate is null`

const tables = sql`
  psa_time_entry e
  join psa_step s on s.business_id = e.business_id and s.id = e.step_id
  join psa_board b on b.business_id = s.business_id and b.id = s.board_id
  left join customer c on c.business_id = b.business_id and c.id = b.customer_id
  left join app_user u on u.id = e.user_id`

function matches(businessId: string, query: TimeQuery): RawBuilder<SqlBool> {
  const conditions = [
    sql<SqlBool>`e.business_id = ${businessId}`,
    sql<SqlBool>`e.worked_on between ${query.from}::date and ${query.to}::date`,
  ]
  if (query.boardId !== undefined) conditions.push(sql<SqlBool>`s.board_id = ${query.boardId}`)
  if (query.userId !== undefined) conditions.push(sql<SqlBool>`e.user_id = ${query.userId}`)
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`
}

const NO_NAME = sql`null::text`
const DAY = sql`e.worked_on::text`
const WEEK = sql`date_trunc('week', e.worked_on)::date::text`
const GROUP_COLUMNS: Record<TimeGroup, { key: RawBuilder<unknown>; name: RawBuilder<unknown> }> = {
  board: { key: sql`b.id::text`, name: sql`b.name` },
  person: { key: sql`e.user_id::text`, name: NO_NAME },
  client: { key: sql`c.id::text`, name: sql`c.name` },
  step: { key: sql`s.id::text`, name: sql`s.name` },
  day: { key: DAY, name: DAY },
  week: { key: WEEK, name: WEEK },
}

/** Time by group: days and weeks in order and only those with work, the others by most time. */
export async function timeByGroup(
  db: Transaction,
  businessId: string,
  query: TimeQuery & { groupBy: TimeGroup; limit: number },
): Promise<TimeRow[]> {
  const { groupBy } = query
  const { key, name } = GROUP_COLUMNS[groupBy]
  const order = groupBy === 'day' || groupBy === 'week' ? sql`key` : sql`sum(e.minutes) desc, key`
  const { rows } = await sql<TimeRow>`
    select ${key} as key, ${name} as name, ${groupBy === 'step' ? sql`b.name` : NO_NAME} as board,
      ${groupBy === 'person' ? sql`u.display_name` : NO_NAME} as display_name,
      ${groupBy === 'person' ? sql`u.email` : NO_NAME} as email, ${sums(query)}, count(*) over ()::int as groups
    from ${tables} where ${matches(businessId, query)}
    group by 1, 2, 3, 4, 5 order by ${order} limit ${query.limit}`.execute(db)
  return rows
}

/** Time of a whole window. */
export async function timeTotal(db: Transaction, businessId: string, query: TimeQuery): Promise<TimeSums> {
  const { rows } = await sql<TimeSums>`
    select ${sums(query)} from ${tables} where ${matches(businessId, query)}`.execute(db)
  return rows[0] as TimeSums
}

export interface UnratedEntry {
  worked_on: string
  minutes: number
  step: string
  board: string
  display_name: string | null
  email: string | null
}

/** Billable entries without a rate, the latest first. */
export async function unratedEntries(
  db: Transaction,
  businessId: string,
  query: TimeQuery & { limit: number },
): Promise<UnratedEntry[]> {
  const { rows } = await sql<UnratedEntry>`
    select e.worked_on::text, e.minutes, s.name as step, b.name as board, u.display_name, u.email
    from ${tables} where ${matches(businessId, query)} and ${isUnrated}
    order by e.worked_on desc, e.id limit ${query.limit}`.execute(db)
  return rows
}

export interface BoardTime {
  estimated_minutes: string
  minutes: string
  billable_minutes: string
}

/** Time estimated for the steps of a board, and spent on them since it began. */
export async function timeOfBoard(db: Transaction, businessId: string, boardId: string): Promise<BoardTime> {
  const { rows } = await sql<BoardTime>`
    select coalesce(sum(s.estimated_minutes), 0)::text as estimated_minutes,
      coalesce(sum(t.minutes), 0)::text as minutes, coalesce(sum(t.billable_minutes), 0)::text as billable_minutes
    from psa_step s
    left join (
      select step_id, sum(minutes) as minutes, sum(minutes) filter (where is_billable) as billable_minutes
      from psa_time_entry where business_id = ${businessId} group by step_id
    ) t on t.step_id = s.id
    where s.business_id = ${businessId} and s.board_id = ${boardId}`.execute(db)
  return rows[0] as BoardTime
}
