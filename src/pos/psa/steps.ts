import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { isOpenBoard, isRunningBoard } from './boards.ts'

export const STEP_STATUSES = ['todo', 'in_progress', 'blocked', 'done'] as const

/** A status of a step, `open` for what is not done on boards that are neither completed nor archived, or `all`. */
export type StepStatusFilter = (typeof STEP_STATUSES)[number] | 'open' | 'all'

interface Step {
  id: string
  name: string
  phase: string
  kind: string
  status: string
  blocked_reason: string | null
  display_name: string | null
  email: string | null
  /** Null: nobody. */
  assignee_id: string | null
  due_on: string | null
  /** 0 where it is not overdue. */
  days_overdue: number
}

/** Columns of a step (alias s) of a board (b) and phase (ph), with its assignee (u). */
function stepColumns(today: string): RawBuilder<unknown> {
  return sql`
    s.id, s.name, ph.name as phase, s.kind, s.status, s.blocked_reason, s.assignee_id, u.display_name, u.email,
    s.due_on::text, case when ${isOverdue(today)} then ${today}::date - s.due_on else 0 end as days_overdue`
}

function isOverdue(today: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`(s.status <> 'done' and s.due_on < ${today}::date and ${isRunningBoard})`
}

export interface StepRow extends Step {
  board_id: string
  board: string
  /** For order and cursor: due day or `infinity`, then board, then place on it. */
  due_key: string
  board_key: string
  place_key: string
}

export interface StepQuery {
  status: StepStatusFilter
  overdue: boolean
  blocked: boolean
  boardId?: string | undefined
  assigneeId?: string | undefined
  /** Part of an assignee's name or e-mail address. */
  assignee?: string | undefined
  /** Only steps due earlier than this local day. */
  dueBefore?: string | undefined
  /** The business's local day. */
  today: string
  limit: number
  /** The three keys of the last row before. */
  after?: readonly [due: string, board: string, place: string] | undefined
}

/** Steps of all boards by due day, those without one last, then by board and place on it. */
export async function findSteps(db: Transaction, businessId: string, query: StepQuery): Promise<StepRow[]> {
  const conditions = [sql<SqlBool>`s.business_id = ${businessId}`]
  if (query.status === 'open') conditions.push(sql<SqlBool>`s.status <> 'done'`, isOpenBoard)
  else if (query.status !== 'all') conditions.push(sql<SqlBool>`s.status = ${query.status}`)
  if (query.overdue) conditions.push(isOverdue(query.today))
  if (query.blocked) conditions.push(sql<SqlBool>`s.status = 'blocked'`)
  if (query.boardId !== undefined) conditions.push(sql<SqlBool>`s.board_id = ${query.boardId}`)
  if (query.assigneeId !== undefined) conditions.push(sql<SqlBool>`s.assignee_id = ${query.assigneeId}`)
  if (query.assignee !== undefined) {
    const name = sql`search_text(concat_ws(' ', u.display_name, u.email))`
    conditions.push(sql<SqlBool>`${name} like search_pattern(${query.assignee})`)
  }
  if (query.dueBefore !== undefined) conditions.push(sql<SqlBool>`s.due_on < ${query.dueBefore}::date`)
  // Arrays compare member by member, and as text they fit a cursor: positions are unique within a board.
  const due = sql`coalesce(s.due_on, 'infinity')`
  const board = sql`array[b.name, b.id::text]`
  const place = sql`array[ph.position, s.position]`
  if (query.after !== undefined) {
    const [afterDue, afterBoard, afterPlace] = query.after
    conditions.push(
      sql<SqlBool>`(${due}, ${board}, ${place}) > (${afterDue}::date, ${afterBoard}::text[], ${afterPlace}::int[])`,
    )
  }
  const { rows } = await sql<StepRow>`
    select ${stepColumns(query.today)}, b.id as board_id, b.name as board,
      ${due}::text as due_key, ${board}::text as board_key, ${place}::text as place_key
    from psa_step s
    join psa_board b on b.business_id = s.business_id and b.id = s.board_id
    join psa_phase ph on ph.business_id = s.business_id and ph.id = s.phase_id
    left join app_user u on u.id = s.assignee_id
    where ${sql.join(conditions, sql` and `)}
    order by ${due}, ${board}, ${place} limit ${query.limit}`.execute(db)
  return rows
}

export interface PhaseFigures {
  phase_id: string
  phase: string
  phase_position: number
  phase_steps: number
  phase_done: number
}

export interface BoardStepRow extends PhaseFigures, Step {
  position: number
  estimated_minutes: number | null
  spent_minutes: string
}

/** A phase without steps. */
export interface EmptyPhaseRow extends PhaseFigures {
  id: null
}

/**
 * The steps of a board with the time spent on them, and a row for every phase without any. The open ones come first,
 * so that a limit leaves out what is done; `position` and `phase_position` give their order on the board.
 */
export async function findStepsOfBoard(
  db: Transaction,
  businessId: string,
  { boardId, today, limit }: { boardId: string; today: string; limit: number },
): Promise<(BoardStepRow | EmptyPhaseRow)[]> {
  const { rows } = await sql<BoardStepRow | EmptyPhaseRow>`
    select ${stepColumns(today)}, s.position, s.estimated_minutes, coalesce(t.minutes, 0)::text as spent_minutes,
      ph.id as phase_id, ph.position as phase_position,
      count(s.id) over (partition by ph.id)::int as phase_steps,
      count(s.id) filter (where s.status = 'done') over (partition by ph.id)::int as phase_done
    from psa_phase ph
    join psa_board b on b.business_id = ph.business_id and b.id = ph.board_id
    left join psa_step s on s.business_id = ph.business_id and s.phase_id = ph.id
    left join app_user u on u.id = s.assignee_id
    left join (
      select step_id, sum(minutes) as minutes from psa_time_entry where business_id = ${businessId} group by step_id
    ) t on t.step_id = s.id
    where ph.business_id = ${businessId} and ph.board_id = ${boardId}
    order by coalesce(s.status, 'todo') = 'done', ph.position, s.position limit ${limit}`.execute(db)
  return rows
}
