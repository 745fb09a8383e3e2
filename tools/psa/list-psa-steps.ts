import { Type } from '@sinclair/typebox'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { grouped } from '../../src/money/money.ts'
import { BoardId, callerWhere, Flag } from '../../src/pos/psa/arguments.ts'
import { boardOf } from '../../src/pos/psa/boards.ts'
import { requirePerson } from '../../src/pos/psa/people.ts'
import { findSteps, isNobody, loadByPerson, STEP_STATUSES, sumSteps } from '../../src/pos/psa/steps.ts'
import { describeWork, hours, personName } from '../../src/pos/psa/text.ts'
import { sentenceOfTaken, Taken } from '../../src/pos/references.ts'
import { counted, countedOf } from '../../src/results/counted.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, EntityRef, Limit, LocalDate, NullableText, StringEnum } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { clean } from '../../src/results/text.ts'
import { untrusted } from '../../src/results/untrusted.ts'
import { localDate } from '../../src/time/local.ts'

// With the load of each person beside the page.
const MAX_TOKENS = 3300

const WORK = {
  steps: Type.Integer(),
  overdue: Type.Integer(),
  withoutEstimate: Type.Integer(),
  estimatedHours: Type.String(),
  spentHours: Type.String(),
  hoursLeft: Type.String({ description: 'Estimated less spent, step by step; done: 0' }),
}

export default defineTool({
  name: 'list_psa_steps',
  title: 'Project steps',
  description:
    'Steps over all project boards, soonest due first, with hours, and the load of each person: "who is overloaded?", ' +
    '"what is late?". One board: get_psa_board. Default: open steps.',
  scopes: ['psa:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    overdue: Flag,
    mine: Flag,
    blocked: Flag,
    status: StringEnum(['open', ...STEP_STATUSES, 'all'], { default: 'open' }),
    boardId: BoardId,
    assignee: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Part of a name, or nobody' })),
    dueFrom: Type.Optional(LocalDate('This day counted')),
    dueBefore: Type.Optional(LocalDate('This day not counted')),
    limit: Limit({ default: 25, maximum: 100 }),
    cursor: Cursor,
  }),
  output: Type.Object({
    matching: Type.Object(WORK),
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
        estimatedHours: NullableText,
        spentHours: Type.String(),
        blockedReason: Type.Optional(Type.String()),
      }),
    ),
    people: Type.Array(
      Type.Object({
        person: NullableText,
        ...WORK,
      }),
      { description: 'Of all steps that match' },
    ),
    today: Type.String(),
    taken: Taken,
    ...PAGE_OUTPUT,
  }),
  async handler({ mine, boardId, limit, cursor, ...filters }, { db, business, principal, now }) {
    const assigneeId = callerWhere(mine, principal)
    const board = boardId === undefined ? undefined : await boardOf(db, business.id, boardId)
    const today = localDate(now, business.timezone)
    const after = decodeCursor(cursor, 3)
    const query = { ...filters, boardId: board?.id, assigneeId, today, limit: limit + 1, after }
    const [rows, all, loads] = await Promise.all([
      findSteps(db, business.id, query),
      sumSteps(db, business.id, query),
      loadByPerson(db, business.id, query),
    ])
    const { assignee } = filters
    if (assignee !== undefined && loads.length === 0 && !isNobody(assignee)) {
      await requirePerson(db, business.id, 'assignee', assignee)
    }
    const taken = sentenceOfTaken({ boardId: board })
    const matching = workFigures(all)
    const { items: steps, ...more } = page(
      rows,
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
          estimatedHours: row.estimated_minutes === null ? null : hours(row.estimated_minutes),
          spentHours: hours(row.spent_minutes),
          ...(blockedReason === null ? {} : { blockedReason }),
        }
      },
      MAX_TOKENS,
    )
    const people = loads.map((row) => ({
      person: row.assignee_id === null ? null : personName(row),
      ...workFigures(row),
    }))
    const work = people.map(
      ({ person, ...load }) =>
        `${person ?? 'assigned to nobody'} ${counted(load.steps, 'step')} (${load.overdue} overdue), ${describeWork(load)}`,
    )
    const what = filters.status === 'all' ? 'steps' : `${filters.status.replace('_', ' ')} steps`
    const list = listText({
      what,
      headers: ['step', 'board', 'phase', 'kind', 'status', 'assignee', 'due', 'days overdue', 'estimate h', 'spent h'],
      rows: steps.map((step) => [
        step.name,
        step.board.name,
        step.phase,
        step.kind,
        step.blockedReason === undefined ? step.status : `${step.status}: ${step.blockedReason}`,
        step.assignee ?? '–',
        step.dueOn ?? '–',
        step.daysOverdue,
        step.estimatedHours === null ? '–' : grouped(step.estimatedHours),
        grouped(step.spentHours),
      ]),
      total: all.steps,
      nextCursor: more.nextCursor,
      answer: `${countedOf(all.steps, what)}, ${all.overdue} overdue: ${describeWork(matching)}.`,
    })
    // An id in each row would make the table half as long again, so that boards are listed separately.
    const boards = new Map(steps.map(({ board }) => [board.id, `${board.name} (${board.id})`]))
    return {
      text: [
        list,
        ...(boards.size === 0 ? [] : [`Boards: ${[...boards.values()].join('; ')}`]),
        ...(work.length === 0 ? [] : [`By person, all that match: ${work.join('; ')}.`]),
        ...(taken === undefined ? [] : [taken]),
        `Overdue: not done and due before today (${today}, ${business.timezone}), on active and planned boards.`,
      ].join('\n'),
      data: { matching, steps, people, today, ...(taken !== undefined && { taken }), ...more },
    }
  },
})

function workFigures(work: Awaited<ReturnType<typeof sumSteps>>) {
  return {
    steps: work.steps,
    overdue: work.overdue,
    withoutEstimate: work.without_estimate,
    estimatedHours: hours(work.estimated_minutes),
    spentHours: hours(work.spent_minutes),
    hoursLeft: hours(work.left_minutes),
  }
}
