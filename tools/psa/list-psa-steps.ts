import { Type } from '@sinclair/typebox'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { BoardId, callerWhere, Flag } from '../../src/pos/psa/arguments.ts'
import { requireBoard } from '../../src/pos/psa/boards.ts'
import { findSteps, STEP_STATUSES } from '../../src/pos/psa/steps.ts'
import { personName } from '../../src/pos/psa/text.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, EntityRef, Limit, LocalDate, NullableText, StringEnum } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { clean } from '../../src/results/text.ts'
import { untrusted } from '../../src/results/untrusted.ts'
import { localDate } from '../../src/time/local.ts'

export default defineTool({
  name: 'list_psa_steps',
  title: 'Project steps',
  description:
    'Steps over all project boards, soonest due first: overdue, blocked, or mine. Use it for "what is late?" and ' +
    '"what do I do next?"; for one board use get_psa_board. Default: open steps, 25 rows.',
  scopes: ['psa:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    overdue: Flag,
    mine: Flag,
    blocked: Flag,
    status: StringEnum(['open', ...STEP_STATUSES, 'all'], { default: 'open' }),
    boardId: BoardId,
    assignee: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Part of a name' })),
    dueBefore: Type.Optional(LocalDate('This day not counted')),
    limit: Limit({ default: 25, maximum: 100 }),
    cursor: Cursor,
  }),
  output: Type.Object({
    steps: Type.Array(
      Type.Object({
        id: Type.String(),
        name: Type.String(),
        board: EntityRef,
        phase: Type.String(),
        kind: Type.String(),
        status: Type.String(),
        assignee: NullableText,
        dueOn: NullableText,
        daysOverdue: Type.Integer(),
        blockedReason: Type.Optional(Type.String()),
      }),
    ),
    today: Type.String(),
    ...PAGE_OUTPUT,
  }),
  async handler({ mine, boardId, limit, cursor, ...filters }, { db, business, principal, now }) {
    const assigneeId = callerWhere(mine, principal)
    await requireBoard(db, business.id, boardId)
    const today = localDate(now, business.timezone)
    const after = decodeCursor(cursor, 3)
    const query = { ...filters, boardId, assigneeId, today, limit: limit + 1, after }
    const { items: steps, ...more } = page(
      await findSteps(db, business.id, query),
      limit,
      (row) => [row.due_key, row.board_key, row.place_key],
      (row) => {
        const blockedReason = row.status === 'blocked' ? untrusted(row.blocked_reason, 160) : null
        return {
          id: row.id,
          name: clean(row.name, 80),
          board: { id: row.board_id, name: clean(row.board, 80) },
          phase: clean(row.phase, 60),
          kind: row.kind,
          status: row.status,
          assignee: row.assignee_id === null ? null : personName(row),
          dueOn: row.due_on,
          daysOverdue: row.days_overdue,
          ...(blockedReason === null ? {} : { blockedReason }),
        }
      },
    )
    const list = listText({
      what: filters.status === 'all' ? 'steps' : `${filters.status} steps`,
      headers: ['step', 'board', 'phase', 'kind', 'status', 'assignee', 'due', 'days overdue'],
      rows: steps.map((step) => [
        step.name,
        step.board.name,
        step.phase,
        step.kind,
        step.blockedReason === undefined ? step.status : `${step.status}: ${step.blockedReason}`,
        step.assignee ?? '–',
        step.dueOn ?? '–',
        step.daysOverdue,
      ]),
      nextCursor: more.nextCursor,
    })
    // An id in each row would make the table half as long again, so that boards are listed separately.
    const boards = new Map(steps.map(({ board }) => [board.id, `${board.name} (${board.id})`]))
    return {
      text: [
        list,
        ...(boards.size === 0 ? [] : [`Boards: ${[...boards.values()].join('; ')}`]),
        `Overdue: not done and due before today (${today}, ${business.timezone}), on active and planned boards.`,
      ].join('\n'),
      data: { steps, today, ...more },
    }
  },
})
