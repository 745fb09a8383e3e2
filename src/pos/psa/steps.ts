import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { DB } from '../../database/types.ts'
import { searchPattern } from '../conditions.ts'
import { isOpenBoard, isRunningBoard } from './boards.ts'

export const STEP_STATUSES = ['todo', 'in_progress', 'blocked', 'done'] as const

/** A status of a step, `open` for steps to do on boards that are neither completed nor archived, or `all`. */
type StepStatusFilter = (typeof STEP_STATUSES)[number] | 'open' | 'all'

// The aliases of a step (s) in a phase (ph) of a board (b), with its assignee (u).
interface Aliases {
  s: DB['psa_step']
  ph: DB['psa_phase']
  b: DB['psa_board']
  u: DB['app_user']
}
const eb = expressionBuilder<Aliases, keyof Aliases>()

function isOverdue(today: string) {
  return eb.and([eb('s.status', '<>', 'done'), eb('s.due_on', '<', today), isRunningBoard])
}

/** Days overdue; 0 for a step that is not. */
function daysOverdue(today: string) {
  const days = sql<number>`${today}::date - ${eb.ref('s.due_on')}`
  return eb.case().when(isOverdue(today)).then(days).else(eb.lit(0)).end()
}

const STEP_COLUMNS = [
  's.id',
  's.name',
  'ph.name as phase',
  's.kind',
  's.status',
  's.blocked_reason',
  's.assignee_id',
  'u.display_name',
  'u.email',
  's.due_on',
] as const

/** A step of any board; it may have no assignee. */
type StepRow = Awaited<ReturnType<typeof findSteps>>[number]

export interface StepQuery {
  status: StepStatusFilter
  overdue: boolean
  blocked: boolean
  boardId?: string | undefined
  assigneeId?: string | undefined
  /** Part of an assignee's name or e-mail address; `nobody` for steps without one. */
  assignee?: string | undefined
  /** Only steps due on this local day or later. */
  dueFrom?: string | undefined
  /** Only steps due before this local day. */
  dueBefore?: string | undefined
  /** The business's local day. */
  today: string
  limit: number
  /** The three keys of the last row of the previous page. */
  after?: readonly [due: string, board: string, place: string] | undefined
}

// The keys of order and cursor: due day (steps without one last), then board, then place on it. Arrays compare member
// by member, and can be put into a cursor as text. Positions are unique within a board.
const dueKey = eb.fn.coalesce('s.due_on', sql.lit('infinity'))
const boardKey = sql<string>`array[${eb.ref('b.name')}, ${eb.ref('b.id')}::text]`
const placeKey = sql<string>`array[${eb.ref('ph.position')}, ${eb.ref('s.position')}]`

/** Whether an assignee that is asked for is none, as lists call it. */
export function isNobody(assignee: string): boolean {
  return /^(?:nobody|none)$/i.test(assignee.trim())
}

/** The steps of a business that match, with board, phase, assignee, and the minutes spent (t). */
function stepsOf(db: Transaction, businessId: string, query: Omit<StepQuery, 'limit' | 'after'>) {
  const { status, boardId, assigneeId, assignee, dueBefore, today } = query
  const spent = db
    .selectFrom('psa_time_entry')
    .select(({ fn }) => ['step_id', fn.sum<string>('minutes').as('minutes')])
    .where('business_id', '=', businessId)
    .groupBy('step_id')
    .as('t')
  let steps = db
    .selectFrom('psa_step as s')
    .innerJoin('psa_board as b', (join) =>
      join.onRef('b.business_id', '=', 's.business_id').onRef('b.id', '=', 's.board_id'),
    )
    .innerJoin('psa_phase as ph', (join) =>
      join.onRef('ph.business_id', '=', 's.business_id').onRef('ph.id', '=', 's.phase_id'),
    )
    .leftJoin('app_user as u', 'u.id', 's.assignee_id')
    .leftJoin(spent, 't.step_id', 's.id')
    .where('s.business_id', '=', businessId)
  if (status === 'open') steps = steps.where('s.status', '<>', 'done').where(isOpenBoard)
  else if (status !== 'all') steps = steps.where('s.status', '=', status)
  if (query.overdue) steps = steps.where(isOverdue(today))
  if (query.blocked) steps = steps.where('s.status', '=', 'blocked')
  if (boardId !== undefined) steps = steps.where('s.board_id', '=', boardId)
  if (assigneeId !== undefined) steps = steps.where('s.assignee_id', '=', assigneeId)
  if (assignee !== undefined && isNobody(assignee)) steps = steps.where('s.assignee_id', 'is', null)
  else if (assignee !== undefined) {
    steps = steps.where(({ eb, fn, ref }) => {
      const name = sql`concat_ws(' ', ${ref('u.display_name')}, ${ref('u.email')})`
      return eb(fn<string>('search_text', [name]), 'like', searchPattern(assignee))
    })
  }
  if (query.dueFrom !== undefined) steps = steps.where('s.due_on', '>=', query.dueFrom)
  if (dueBefore !== undefined) steps = steps.where('s.due_on', '<', dueBefore)
  return steps
}

/** Steps of all boards by due day (those without one last), then by board and place on it. */
export function findSteps(db: Transaction, businessId: string, query: StepQuery) {
  const { today, after } = query
  let steps = stepsOf(db, businessId, query)
    .select(STEP_COLUMNS)
    .select(({ cast, fn }) => [
      daysOverdue(today).as('days_overdue'),
      's.estimated_minutes',
      fn.coalesce('t.minutes', sql.lit('0')).as('spent_minutes'),
      'b.id as board_id',
      'b.name as board',
      cast<string>(dueKey, 'text').as('due_key'),
      cast<string>(boardKey, 'text').as('board_key'),
      cast<string>(placeKey, 'text').as('place_key'),
    ])
  if (after !== undefined) {
    const [due, board, place] = after
    steps = steps.where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple(dueKey, boardKey, placeKey),
        '>',
        tuple(sql<string>`${due}::date`, sql<string>`${board}::text[]`, sql<string>`${place}::int[]`),
      ),
    )
  }
  return steps.orderBy(dueKey).orderBy(boardKey).orderBy(placeKey).limit(query.limit).execute()
}

// Nothing is left to do of a step that is done.
const leftMinutes = sql<string>`sum(case when s.status = 'done' then 0
  else greatest(coalesce(s.estimated_minutes, 0) - coalesce(t.minutes, 0), 0) end)`

/** The work of steps (s) with the minutes spent on them (t). */
function workOf(today: string) {
  const { cast, fn, lit } = eb
  const count = (where: Expression<SqlBool>) => cast<number>(fn.countAll().filterWhere(where), 'integer')
  return [
    cast<number>(fn.countAll(), 'integer').as('steps'),
    count(isOverdue(today)).as('overdue'),
    count(eb('s.estimated_minutes', 'is', null)).as('without_estimate'),
    fn.coalesce(fn.sum<string>('s.estimated_minutes'), sql.lit('0')).as('estimated_minutes'),
    sql<string>`coalesce(sum(t.minutes), ${lit(0)})`.as('spent_minutes'),
    sql<string>`coalesce(${leftMinutes}, ${lit(0)})`.as('left_minutes'),
  ] as const
}

/** The work of all steps that match; minutes as decimal strings. */
export function sumSteps(db: Transaction, businessId: string, query: StepQuery) {
  return stepsOf(db, businessId, query).select(workOf(query.today)).executeTakeFirstOrThrow()
}

/** What each person has to do of all steps that match, those with most hours left first; minutes as decimal strings. */
export function loadByPerson(db: Transaction, businessId: string, query: StepQuery) {
  return stepsOf(db, businessId, query)
    .select(['s.assignee_id', 'u.display_name', 'u.email'])
    .select(workOf(query.today))
    .groupBy(['s.assignee_id', 'u.display_name', 'u.email'])
    .orderBy(leftMinutes, 'desc')
    .orderBy('s.assignee_id')
    .limit(MAX_PEOPLE)
    .execute()
}

const MAX_PEOPLE = 20

interface PhaseFigures {
  phase: string
  phase_id: string
  phase_position: number
  phase_steps: number
  phase_done: number
}

/** A step of one board. */
export interface BoardStepRow
  extends PhaseFigures,
    Omit<StepRow, 'estimated_minutes' | 'phase' | 'board_id' | 'board' | 'due_key' | 'board_key' | 'place_key'> {
  position: number
  estimated_minutes: number | null
  spent_minutes: string
}

/** A phase without steps. */
export interface EmptyPhaseRow extends PhaseFigures {
  id: null
}

/**
 * The steps of a board with the time spent on them, and a row for every phase without steps. Open steps come first, so
 * that a limit leaves out finished ones; `position` and `phase_position` give their order on the board.
 */
export function findStepsOfBoard(
  db: Transaction,
  businessId: string,
  { boardId, today, limit }: { boardId: Expression<string>; today: string; limit: number },
): Promise<(BoardStepRow | EmptyPhaseRow)[]> {
  const spent = db
    .selectFrom('psa_time_entry')
    .select(({ fn }) => ['step_id', fn.sum<string>('minutes').as('minutes')])
    .where('business_id', '=', businessId)
    .groupBy('step_id')
    .as('t')
  return (
    db
      .selectFrom('psa_phase as ph')
      .innerJoin('psa_board as b', (join) =>
        join.onRef('b.business_id', '=', 'ph.business_id').onRef('b.id', '=', 'ph.board_id'),
      )
      .leftJoin('psa_step as s', (join) =>
        join.onRef('s.business_id', '=', 'ph.business_id').onRef('s.phase_id', '=', 'ph.id'),
      )
      .leftJoin('app_user as u', 'u.id', 's.assignee_id')
      .leftJoin(spent, 't.step_id', 's.id')
      .select(STEP_COLUMNS)
      .select(({ cast, fn }) => [
        daysOverdue(today).as('days_overdue'),
        's.position',
        's.estimated_minutes',
        fn.coalesce('t.minutes', sql.lit('0')).as('spent_minutes'),
        'ph.id as phase_id',
        'ph.position as phase_position',
        cast<number>(
          fn.count('s.id').over((over) => over.partitionBy('ph.id')),
          'integer',
        ).as('phase_steps'),
        cast<number>(
          fn
            .count('s.id')
            .filterWhere('s.status', '=', 'done')
            .over((over) => over.partitionBy('ph.id')),
          'integer',
        ).as('phase_done'),
      ])
      .where('ph.business_id', '=', businessId)
      .where('ph.board_id', '=', boardId)
      .orderBy(({ eb, fn }) => eb(fn.coalesce('s.status', sql.lit('todo')), '=', 'done'))
      .orderBy('ph.position')
      .orderBy('s.position')
      .limit(limit)
      // For a phase without steps, all columns of the step are null.
      .$castTo<BoardStepRow | EmptyPhaseRow>()
      .execute()
  )
}
