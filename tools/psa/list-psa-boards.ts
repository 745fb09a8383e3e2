import { Type } from '@sinclair/typebox'
import { Reference, Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { Flag } from '../../src/pos/psa/arguments.ts'
import { BoardSummarySchema, boardSummary, describeHealthRule } from '../../src/pos/psa/board-summary.ts'
import { BOARD_STATUSES, findBoards, HEALTHS } from '../../src/pos/psa/boards.ts'
import { clientOf } from '../../src/pos/references.ts'
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
  output: Type.Object({ boards: Type.Array(BoardSummarySchema), today: Type.String(), ...PAGE_OUTPUT }),
  async handler({ status, clientId, overBudget, health, search, limit, cursor }, { db, business, now }) {
    const client = clientId === undefined ? undefined : await clientOf(db, business.id, clientId, 'clientId')
    const today = localDate(now, business.timezone)
    const after = decodeCursor(cursor, 3)
    const query = { status, clientId: client?.id, overBudget, health, search, today, limit: limit + 1, after }
    const { items: boards, ...more } = page(
      await findBoards(db, business.id, query),
      limit,
      (row) => [row.due_key, row.name, row.id],
      boardSummary,
    )
    const list = listText({
      what: status === 'all' ? 'boards' : `${status} boards`,
      headers: [
        'board',
        'client',
        'status',
        'starts',
        'due',
        'done',
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
        board.budgetHours,
        board.overBudget ? `${board.spentHours} (over)` : board.spentHours,
      ]),
      nextCursor: more.nextCursor,
    })
    return { text: `${list}\n${describeHealthRule(today, business.timezone)}`, data: { boards, today, ...more } }
  },
})
