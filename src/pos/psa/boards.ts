import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { isUuid } from '../../uuid.ts'

export const BOARD_STATUSES = ['planned', 'active', 'paused', 'completed', 'archived'] as const
export const HEALTHS = ['green', 'amber', 'red'] as const

/** A status of a board, `open` for those on which work may still come, or `all`. */
export type BoardStatusFilter = (typeof BOARD_STATUSES)[number] | 'open' | 'all'

export const DAYS_UNTIL_RED = 7

export interface BoardRow {
  id: string
  name: string
  client_id: string | null
  client: string | null
  vertical: string
  status: string
  starts_on: string | null
  due_on: string | null
  /** For order and cursor: a board without a due day comes last. */
  due_key: string
  steps: number
  steps_done: number
  overdue: number
  blocked: number
  health: string
}

/** Whether a board (alias b) is one on which work may still come. */
export const isOpenBoard = sql<SqlBool>`b.status not in ('completed', 'archived')`

/** Whether the steps of a board (alias b) can be overdue: nobody works on a paused one. */
export const isRunningBoard = sql<SqlBool>`b.status in ('planned', 'active')`

/** The boards of a business with the figures of their steps, as of a local day; filters go by alias b, c and f. */
function boards(businessId: string, today: string): { columns: RawBuilder<unknown>; tables: RawBuilder<unknown> } {
  const day = sql`${today}::date`
  return {
    columns: sql`
      b.id, b.name, c.id as client_id, c.name as client, b.vertical, b.status, b.starts_on::text, b.due_on::text,
      coalesce(b.due_on, 'infinity')::text as due_key, f.*`,
    // One pass over the steps of all boards: they have no index by board.
    tables: sql`
      psa_board b
      left join customer c on c.business_id = b.business_id and c.id = b.customer_id
      left join (
        select board_id, count(*)::int as steps, count(*) filter (where status = 'done')::int as done,
          count(*) filter (where status = 'blocked')::int as blocked,
          count(*) filter (where status <> 'done' and due_on < ${day})::int as late,
          min(due_on) filter (where status <> 'done') as first_due
        from psa_step where business_id = ${businessId} group by board_id
      ) s on s.board_id = b.id
      cross join lateral (
        select coalesce(s.steps, 0) as steps, coalesce(s.done, 0) as steps_done, coalesce(s.blocked, 0) as blocked,
          case when ${isRunningBoard} then coalesce(s.late, 0) else 0 end as overdue,
          case
            when not ${isOpenBoard} then 'green'
            when b.due_on < ${day} or (${isRunningBoard} and s.first_due < ${day} - ${DAYS_UNTIL_RED}::int) then 'red'
            when s.blocked > 0 or (${isRunningBoard} and s.first_due < ${day}) then 'amber'
            else 'green'
          end as health
      ) f`,
  }
}

export interface BoardQuery {
  status: BoardStatusFilter
  clientId?: string | undefined
  health?: (typeof HEALTHS)[number] | undefined
  /** Part of the name of a board, or of its client's name, code or e-mail address. */
  search?: string | undefined
  /** The business's local day. */
  today: string
  limit: number
  /** Due day or `infinity`, name and id of the last row before. */
  after?: readonly [due: string, name: string, id: string] | undefined
}

/** Boards by due day, those without one last. */
export async function findBoards(db: Transaction, businessId: string, query: BoardQuery): Promise<BoardRow[]> {
  const { columns, tables } = boards(businessId, query.today)
  const conditions = [sql<SqlBool>`b.business_id = ${businessId}`]
  if (query.status === 'open') conditions.push(isOpenBoard)
  else if (query.status !== 'all') conditions.push(sql<SqlBool>`b.status = ${query.status}`)
  if (query.clientId !== undefined) conditions.push(sql<SqlBool>`b.customer_id = ${query.clientId}`)
  if (query.health !== undefined) conditions.push(sql<SqlBool>`f.health = ${query.health}`)
  if (query.search !== undefined) {
    const pattern = sql`search_pattern(${query.search})`
    conditions.push(sql<SqlBool>`(search_text(b.name) like ${pattern} or c.search like ${pattern})`)
  }
  if (query.after !== undefined) {
    const [due, name, id] = query.after
    conditions.push(sql<SqlBool>`(coalesce(b.due_on, 'infinity'), b.name, b.id) > (${due}::date, ${name}, ${id}::uuid)`)
  }
  const { rows } = await sql<BoardRow>`
    select ${columns} from ${tables} where ${sql.join(conditions, sql` and `)}
    order by coalesce(b.due_on, 'infinity'), b.name, b.id limit ${query.limit}`.execute(db)
  return rows
}

/**
 * The boards that an id or an exact name means, in any case and with or without accents. An id means one board, even
 * where another has it for a name.
 */
export async function findBoardsCalled(
  db: Transaction,
  businessId: string,
  { idOrName, today, limit }: { idOrName: string; today: string; limit: number },
): Promise<BoardRow[]> {
  const { columns, tables } = boards(businessId, today)
  const byName = sql<SqlBool>`search_text(b.name) = search_text(${idOrName})`
  const match = isUuid(idOrName) ? sql<SqlBool>`(b.id = ${idOrName} or ${byName})` : byName
  const { rows } = await sql<BoardRow>`
    select ${columns} from ${tables} where b.business_id = ${businessId} and ${match}
    order by coalesce(b.due_on, 'infinity'), b.id limit ${limit}`.execute(db)
  const own = rows.find(({ id }) => id === idOrName.toLowerCase())
  return own === undefined ? rows : [own]
}

/**
 * Makes sure that `boardId` is one of this business: an empty answer for a wrong id would read as "nothing to do".
 * @throws ServiceError `not_found`, alike for a foreign and an unknown one
 */
export async function requireBoard(db: Transaction, businessId: string, boardId: string | undefined): Promise<void> {
  if (boardId === undefined || (await isRowOf(db, 'psa_board', businessId, boardId))) return
  throw new ServiceError('not_found', 'boardId: there is no such board in this business.', {
    hint: 'Use list_psa_boards to find its id.',
  })
}

/**
 * Makes sure that `clientId` is one of this business.
 * @throws ServiceError `not_found`, alike for a foreign and an unknown one
 */
export async function requireClient(db: Transaction, businessId: string, clientId: string | undefined): Promise<void> {
  if (clientId === undefined || (await isRowOf(db, 'customer', businessId, clientId))) return
  throw new ServiceError('not_found', 'clientId: there is no such client in this business.', {
    hint: 'Use list_clients to find its id, or search by its name.',
  })
}

async function isRowOf(db: Transaction, table: 'psa_board' | 'customer', businessId: string, id: string) {
  if (!isUuid(id)) return false
  const row = await db
    .selectFrom(table)
    .select('id')
    .where('business_id', '=', businessId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row !== undefined
}
