import { type Expression, expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { DB } from '../../database/types.ts'
import { ServiceError } from '../../errors.ts'
import { byName, type Named, quoted, type Read, read, theOne } from '../references.ts'
import { NEAR, searching } from '../search.ts'
import { didYouMean } from '../suggestions.ts'

export const BOARD_STATUSES = ['planned', 'active', 'paused', 'completed', 'archived'] as const
export const HEALTHS = ['green', 'amber', 'red'] as const

/** A status of a board, `open` for boards that may still get work, or `all`. */
type BoardStatusFilter = (typeof BOARD_STATUSES)[number] | 'open' | 'all'

export const DAYS_UNTIL_RED = 7

// For a board with the alias b.
const board = expressionBuilder<{ b: DB['psa_board'] }, 'b'>()

/** Whether a board (alias b) may still get work. */
export const isOpenBoard = board('b.status', 'not in', ['completed', 'archived'])

/** Whether the steps of a board (alias b) can be overdue: nobody works on a paused one. */
export const isRunningBoard = board('b.status', 'in', ['planned', 'active'])

// Boards without a due day come last.
const dueOrLast = board.fn.coalesce('b.due_on', sql.lit('infinity'))

/** The boards of a business (alias b) with their clients (c) and the figures of their steps (f), as of a local day. */
function boardsOf(db: Transaction, businessId: string, today: string) {
  // One pass over the steps of all boards, because steps have no index by board.
  const steps = db
    .selectFrom('psa_step')
    .select(({ and, cast, eb, fn }) => [
      'board_id',
      cast<number>(fn.countAll(), 'integer').as('steps'),
      cast<number>(fn.countAll().filterWhere('status', '=', 'done'), 'integer').as('done'),
      cast<number>(fn.countAll().filterWhere('status', '=', 'blocked'), 'integer').as('blocked'),
      cast<number>(
        fn.countAll().filterWhere(and([eb('status', '<>', 'done'), eb('due_on', '<', today)])),
        'integer',
      ).as('late'),
      fn.min('due_on').filterWhere('status', '<>', 'done').as('first_due'),
      fn.sum<string>('estimated_minutes').as('estimated'),
    ])
    .where('business_id', '=', businessId)
    .groupBy('board_id')
    .as('s')
  const spent = db
    .selectFrom('psa_time_entry as e')
    .innerJoin('psa_step as t', (join) =>
      join.onRef('t.business_id', '=', 'e.business_id').onRef('t.id', '=', 'e.step_id'),
    )
    .select(({ fn }) => ['t.board_id', fn.sum<string>('e.minutes').as('minutes')])
    .where('e.business_id', '=', businessId)
    .groupBy('t.board_id')
    .as('w')
  return db
    .selectFrom('psa_board as b')
    .leftJoin('customer as c', (join) =>
      join.onRef('c.business_id', '=', 'b.business_id').onRef('c.id', '=', 'b.customer_id'),
    )
    .leftJoin(steps, 's.board_id', 'b.id')
    .leftJoin(spent, 'w.board_id', 'b.id')
    .crossJoinLateral((eb) => {
      const { and, fn, lit, not, or } = eb
      const isLateSince = (day: RawBuilder<string>) => and([isRunningBoard, eb('s.first_due', '<', day)])
      const day = sql<string>`${today}::date`
      return db
        .selectNoFrom([
          fn.coalesce('s.steps', lit(0)).as('steps'),
          fn.coalesce('s.done', lit(0)).as('steps_done'),
          fn.coalesce('s.blocked', lit(0)).as('blocked'),
          fn.coalesce('s.estimated', sql.lit('0')).as('estimated_minutes'),
          fn.coalesce('w.minutes', sql.lit('0')).as('spent_minutes'),
          eb
            .case()
            .when(isRunningBoard)
            .then(fn.coalesce('s.late', lit(0)))
            .else(lit(0))
            .end()
            .as('overdue'),
          eb
            .case()
            .when(not(isOpenBoard))
            .then('green')
            .when(or([eb('b.due_on', '<', day), isLateSince(sql`${day} - ${DAYS_UNTIL_RED}::int`)]))
            .then('red')
            .when(or([eb('s.blocked', '>', 0), isLateSince(day)]))
            .then('amber')
            .else('green')
            .end()
            .as('health'),
        ])
        .as('f')
    })
    .select(({ cast }) => [
      'b.id',
      'b.name',
      'c.id as client_id',
      'c.name as client',
      'b.vertical',
      'b.status',
      'b.starts_on',
      'b.due_on',
      cast<string>(dueOrLast, 'text').as('due_key'),
      'f.steps',
      'f.steps_done',
      'f.blocked',
      'f.overdue',
      'f.health',
      'f.estimated_minutes',
      'f.spent_minutes',
    ])
    .where('b.business_id', '=', businessId)
}

/** A board with its client and the figures of its steps. */
export type BoardRow = Awaited<ReturnType<typeof findBoards>>[number]

export interface BoardQuery {
  status: BoardStatusFilter
  clientId?: string | undefined
  health?: (typeof HEALTHS)[number] | undefined
  /** Only boards with more hours spent than estimated, where any are estimated. */
  overBudget: boolean
  /** Part of the name of a board, or of its client's name, code or e-mail address. */
  search?: string | undefined
  /** The business's local day. */
  today: string
  limit: number
  /** Due day or `infinity`, name and id of the last row of the previous page. */
  after?: readonly [due: string, name: string, id: string] | undefined
}

/** The boards that match, whatever the page. */
function boardsMatching(db: Transaction, businessId: string, query: Omit<BoardQuery, 'limit' | 'after'>) {
  const { status, clientId, health, search } = query
  let boards = boardsOf(db, businessId, query.today)
  if (status === 'open') boards = boards.where(isOpenBoard)
  else if (status !== 'all') boards = boards.where('b.status', '=', status)
  if (clientId !== undefined) boards = boards.where('b.customer_id', '=', clientId)
  if (health !== undefined) boards = boards.where('f.health', '=', health)
  if (query.overBudget)
    boards = boards.where(sql<SqlBool>`f.estimated_minutes > 0 and f.spent_minutes > f.estimated_minutes`)
  if (search !== undefined) {
    const text = sql<string>`(search_text(b.name) || ' ' || coalesce(c.search, ''))`
    boards = boards.where(searching(text, search).isMatch)
  }
  return boards
}

/** Boards by due day, those without one last. */
export function findBoards(db: Transaction, businessId: string, query: BoardQuery) {
  const { after } = query
  let boards = boardsMatching(db, businessId, query)
  if (after !== undefined) {
    const [due, name, id] = after
    boards = boards.where(({ eb, refTuple, tuple }) =>
      eb(refTuple(dueOrLast, 'b.name', 'b.id'), '>', tuple(sql<string>`${due}::date`, name, id)),
    )
  }
  return boards.orderBy(dueOrLast).orderBy('b.name').orderBy('b.id').limit(query.limit).execute()
}

/** The sums of all boards that match; minutes as decimal strings. */
export function sumBoards(db: Transaction, businessId: string, query: Omit<BoardQuery, 'limit' | 'after'>) {
  return db
    .selectFrom(boardsMatching(db, businessId, query).as('m'))
    .select(({ cast, fn }) => {
      const count = (health: (typeof HEALTHS)[number]) =>
        cast<number>(fn.countAll().filterWhere('m.health', '=', health), 'integer').as(health)
      const sum = (column: 'overdue' | 'blocked') =>
        cast<number>(fn.coalesce(fn.sum(`m.${column}`), sql.lit(0)), 'integer').as(column)
      return [
        cast<number>(fn.countAll(), 'integer').as('boards'),
        ...HEALTHS.map(count),
        ...(['overdue', 'blocked'] as const).map(sum),
        fn.coalesce(fn.sum<string>('m.estimated_minutes'), sql.lit('0')).as('estimated_minutes'),
        fn.coalesce(fn.sum<string>('m.spent_minutes'), sql.lit('0')).as('spent_minutes'),
      ]
    })
    .executeTakeFirstOrThrow()
}

/** What errors say of boards that a reference may all mean. */
const describeBoard = ({ id, name, status, due_on }: Pick<BoardRow, 'id' | 'name' | 'status' | 'due_on'>): string =>
  `${quoted(name)} (${id}, ${status}, due ${due_on ?? '–'})`

/** The condition and the tier of boards (alias b) that a reference means; all their tools only read. */
function boardMeaning(reference: string) {
  return byName(reference, { isRead: true }, 'b')
}

/**
 * One board by id or name, or by words that its name alone has.
 * @throws ServiceError as `boardOf`
 */
export async function findBoard(
  db: Transaction,
  businessId: string,
  { reference, argument, today }: { reference: string; argument: string; today: string },
): Promise<BoardRow> {
  const { isMeant, tier } = boardMeaning(reference)
  const rows = await boardsOf(db, businessId, today)
    .select(tier.as('tier'))
    .where(isMeant)
    .orderBy('tier')
    .orderBy(dueOrLast)
    .orderBy('b.id')
    .limit(MAX_CANDIDATES)
    .execute()
  return theOne(rows, { argument, reference, describe: describeBoard }) ?? noBoard(db, businessId, reference, argument)
}

/** The id of the board that `findBoard` finds, as an expression for queries sent together with it. */
export function boardIdOf(db: Transaction, businessId: string, reference: string): Expression<string> {
  return boardsCalled(db, businessId, reference).select('b.id').limit(1).$asScalar()
}

function boardsCalled(db: Transaction, businessId: string, reference: string) {
  const { isMeant, tier } = boardMeaning(reference)
  return db
    .selectFrom('psa_board as b')
    .where('b.business_id', '=', businessId)
    .where(isMeant)
    .orderBy(tier)
    .orderBy(dueOrLast)
    .orderBy('b.id')
}

/**
 * The board that a reference means, by id or name, or by words that its name alone has: an empty list for a wrong one
 * would read as "nothing to do".
 * @throws ServiceError `not_found` with the nearest, the same for a foreign and for an unknown one; `invalid_argument`
 *   for several
 */
export async function boardOf(
  db: Transaction,
  businessId: string,
  reference: string,
  argument = 'boardId',
): Promise<Named & Read> {
  const rows = await boardsCalled(db, businessId, reference)
    .select(['b.id', 'b.name', 'b.status'])
    .select((eb) => eb.cast<string | null>('b.due_on', 'text').as('due_on'))
    .select(boardMeaning(reference).tier.as('tier'))
    .limit(MAX_CANDIDATES)
    .execute()
  const found = theOne(rows, { argument, reference, describe: describeBoard })
  if (found === undefined) return noBoard(db, businessId, reference, argument)
  return { id: found.id, name: found.name, ...read(found, quoted(found.name)) }
}

async function noBoard(db: Transaction, businessId: string, reference: string, argument: string): Promise<never> {
  const { nearness } = searching(sql<string>`search_text(b.name)`, reference)
  const near = await db
    .selectFrom('psa_board as b')
    .select('b.name')
    .where('b.business_id', '=', businessId)
    .where(nearness, '>=', NEAR)
    .orderBy(nearness, 'desc')
    .orderBy('b.id')
    .limit(MAX_NEAR)
    .execute()
  const names = near.map(({ name }) => quoted(name))
  throw new ServiceError('not_found', `${argument}: there is no such board in this business.${didYouMean(names)}`, {
    hint: 'Use list_psa_boards to find its id or name.',
  })
}

const MAX_CANDIDATES = 11
const MAX_NEAR = 5
