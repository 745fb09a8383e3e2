import { Type } from '@sinclair/typebox'
import { Reference, Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { grouped } from '../../src/money/money.ts'
import { Flag } from '../../src/pos/psa/arguments.ts'
import { BoardSummarySchema, boardSummary, describeHealthRule } from '../../src/pos/psa/board-summary.ts'
import { BOARD_STATUSES, findBoards, HEALTHS, sumBoards } from '../../src/pos/psa/boards.ts'
import { hours, inHours } from '../../src/pos/psa/text.ts'
import { clientOf, sentenceOfTaken, Taken } from '../../src/pos/references.ts'
import { counted, countedOf } from '../../src/results/counted.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, Limit, StringEnum } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { localDate } from '../../src/time/local.ts'

export default defineTool({
  name: 'list_psa_boards',
  title: 'Project boards',
  description:
    'Project boards with client, due date, progress, overdue and blocked steps, health, and hours against budget, ' +
    'soonest due first. For the work to do use list_psa_steps. Default: open boards.',
  scopes: ['psa:read'],
  aboutClients: ({ clientId }) => clientId !== undefined,
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    status: StringEnum(['open', ...BOARD_STATUSES, 'all'], { default: 'open' }),
    clientId: Reference,
    overBudget: Flag,
    health: Type.Optional(StringEnum(HEALTHS)),
    search: Search,
    limit: Limit({ default: 20, maximum: 50 }),
    cursor: Cursor,
  }),
  output: Type.Object({
    matching: Type.Object({
      boards: Type.Integer(),
      red: Type.Integer(),
      amber: Type.Integer(),
      green: Type.Integer(),
      stepsOverdue: Type.Integer(),
      stepsBlocked: Type.Integer(),
      budgetHours: Type.String(),
      spentHours: Type.String(),
    }),
    boards: Type.Array(BoardSummarySchema),
    today: Type.String(),
    taken: Taken,
    ...PAGE_OUTPUT,
  }),
  async handler({ status, clientId, overBudget, health, search, limit, cursor }, { db, business, now }) {
    const client =
      clientId === undefined ? undefined : await clientOf(db, business.id, clientId, 'clientId', { isRead: true })
    const today = localDate(now, business.timezone)
    const after = decodeCursor(cursor, 3)
    const query = { status, clientId: client?.id, overBudget, health, search, today }
    const [rows, sums] = await Promise.all([
      findBoards(db, business.id, { ...query, limit: limit + 1, after }),
      sumBoards(db, business.id, query),
    ])
    const { items: boards, ...more } = page(rows, limit, (row) => [row.due_key, row.name, row.id], boardSummary)
    const taken = sentenceOfTaken({ clientId: client })
    const matching = {
      boards: sums.boards,
      red: sums.red,
      amber: sums.amber,
      green: sums.green,
      stepsOverdue: sums.overdue,
      stepsBlocked: sums.blocked,
      budgetHours: hours(sums.estimated_minutes),
      spentHours: hours(sums.spent_minutes),
    }
    const what = status === 'all' ? 'boards' : `${status} boards`
    const list = listText({
      what,
      headers: [
        'board',
        'client',
        'status',
        'starts',
        'due',
        'steps done',
        'progress',
        'overdue',
        'blocked',
        'health',
        'budget h',
        'spent h',
      ],
      rows: boards.map((board) => [
        board.name,
        board.client === null ? '–' : board.client.name,
        `${board.status}, ${board.vertical}`,
        board.startsOn ?? '–',
        board.dueOn ?? '–',
        `${board.stepsDone} of ${board.steps}`,
        board.progressPercent === null ? '–' : `${board.progressPercent} %`,
        board.stepsOverdue,
        board.stepsBlocked,
        board.health,
        grouped(board.budgetHours),
        `${grouped(board.spentHours)}${board.overBudget ? ' (over)' : ''}`,
      ]),
      total: sums.boards,
      nextCursor: more.nextCursor,
      answer:
        `${countedOf(sums.boards, what)}: ${sums.red} red, ${sums.amber} amber, ${sums.green} green; ` +
        `${counted(sums.overdue, 'step')} overdue, ${sums.blocked} blocked; ${inHours(matching.spentHours)} spent of ` +
        `${inHours(matching.budgetHours)} estimated.`,
    })
    return {
      text: [list, ...(taken === undefined ? [] : [taken]), describeHealthRule(today, business.timezone)].join('\n'),
      data: { matching, boards, today, ...(taken !== undefined && { taken }), ...more },
    }
  },
})
