import { type Static, Type } from '@sinclair/typebox'
import { ServiceError } from '../../src/errors.ts'
import { type BusinessContext, defineTool, readOnly } from '../../src/mcp/tool.ts'
import { Decimal } from '../../src/money/money.ts'
import { BoardSummarySchema, boardSummary, describeHealthRule } from '../../src/pos/psa/board-summary.ts'
import { type BoardRow, findBoardsCalled } from '../../src/pos/psa/boards.ts'
import { type BoardStepRow, findStepsOfBoard } from '../../src/pos/psa/steps.ts'
import { hours, personName } from '../../src/pos/psa/text.ts'
import { timeOfBoard } from '../../src/pos/psa/time.ts'
import { page } from '../../src/results/cursor.ts'
import { NullableText } from '../../src/results/schema.ts'
import { clean, untrusted } from '../../src/results/text.ts'
import { localDate } from '../../src/time/local.ts'

const MAX_STEPS = 60
const MAX_CHOICES = 20

const StepSchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  kind: Type.String(),
  status: Type.String(),
  assignee: NullableText,
  dueOn: NullableText,
  daysOverdue: Type.Optional(Type.Integer()),
  blockedReason: Type.Optional(Type.String()),
  estimatedHours: Type.Optional(Type.String()),
  spentHours: Type.Optional(Type.String()),
})

const PhaseSchema = Type.Object({
  name: Type.String(),
  stepsTotal: Type.Integer(),
  stepsDone: Type.Integer(),
  steps: Type.Array(StepSchema),
})

const BoardDetailSchema = Type.Object({
  board: BoardSummarySchema,
  today: Type.String(),
  hours: Type.Object({
    estimated: Type.String(),
    spent: Type.String(),
    billable: Type.String(),
    nonBillable: Type.String(),
  }),
  phases: Type.Array(PhaseSchema),
  stepsLeftOut: Type.Integer(),
})

export default defineTool({
  name: 'get_psa_board',
  title: 'Project board',
  description:
    'One project board with phases and steps: status, assignee, due date, why blocked, hours estimated and spent, ' +
    'health. list_psa_boards finds it; hours by person or period are in get_psa_time_report.',
  scopes: ['psa:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ board: Type.String({ minLength: 1, maxLength: 500, description: 'Id or whole name' }) }),
  output: BoardDetailSchema,
  async handler({ board: idOrName }, context) {
    const { db, business, now } = context
    const today = localDate(now, business.timezone)
    const row = await boardCalled(context, idOrName, today)
    const board = boardSummary(row)
    const { phases, shown } = await phasesOf(context, row, today)
    const time = await timeOfBoard(db, business.id, row.id)
    const data = {
      board,
      today,
      hours: {
        estimated: hours(time.estimated_minutes),
        spent: hours(time.minutes),
        billable: hours(time.billable_minutes),
        nonBillable: hours(new Decimal(time.minutes).minus(time.billable_minutes)),
      },
      phases,
      stepsLeftOut: board.steps - shown,
    }
    return { text: `${describeBoard(data)}\n${describeHealthRule(today, business.timezone)}`, data }
  },
})

async function boardCalled({ db, business }: BusinessContext, idOrName: string, today: string): Promise<BoardRow> {
  const rows = await findBoardsCalled(db, business.id, { idOrName, today, limit: MAX_CHOICES })
  const [board] = rows
  if (board === undefined) {
    throw new ServiceError('not_found', 'board: there is no such board in this business.', {
      hint: 'Use list_psa_boards to find its id or whole name.',
    })
  }
  if (rows.length === 1) return board
  const choices = rows.map((row) => `${row.id} (${row.status}, due ${row.due_on ?? '–'})`)
  throw new ServiceError('invalid_argument', `board: several have this name: ${choices.join('; ')}.`, {
    hint: 'Pass the id of one of them.',
  })
}

type Phase = Static<typeof PhaseSchema>
type Step = Static<typeof StepSchema>

/** Phases in their order with as many of their steps as fit. */
async function phasesOf({ db, business }: BusinessContext, board: BoardRow, today: string) {
  const rows = await findStepsOfBoard(db, business.id, { boardId: board.id, today, limit: MAX_STEPS })
  const { items } = page(
    rows,
    MAX_STEPS,
    () => [],
    (row) => (row.id === null ? null : toStep(row)),
  )
  const onBoard = items
    .flatMap((step, index) => {
      const row = rows[index]
      return row === undefined ? [] : [{ step, row, position: row.id === null ? 0 : row.position }]
    })
    .sort((a, b) => a.row.phase_position - b.row.phase_position || a.position - b.position)
  const phases = new Map<string, Phase>()
  for (const { step, row } of onBoard) {
    const name = clean(row.phase, 60)
    const phase = phases.get(row.phase_id) ?? {
      name,
      stepsTotal: row.phase_steps,
      stepsDone: row.phase_done,
      steps: [],
    }
    phases.set(row.phase_id, phase)
    if (step !== null) phase.steps.push(step)
  }
  return { phases: [...phases.values()], shown: items.filter((step) => step !== null).length }
}

function toStep(row: BoardStepRow): Step {
  const reason = row.status === 'blocked' ? untrusted(row.blocked_reason, 160) : null
  return {
    id: row.id,
    name: clean(row.name, 80),
    kind: row.kind,
    status: row.status,
    assignee: row.assignee_id === null ? null : personName(row),
    dueOn: row.due_on,
    ...(row.days_overdue === 0 ? {} : { daysOverdue: row.days_overdue }),
    ...(reason === null ? {} : { blockedReason: reason }),
    ...(row.estimated_minutes === null ? {} : { estimatedHours: hours(row.estimated_minutes) }),
    ...(row.spent_minutes === '0' ? {} : { spentHours: hours(row.spent_minutes) }),
  }
}

function describeBoard({ board, hours, phases, stepsLeftOut }: Static<typeof BoardDetailSchema>): string {
  const progress = board.progressPercent === null ? '' : ` (${board.progressPercent} %)`
  const lines = [
    `Board ${board.name} is ${board.status}, health ${board.health}: ${board.stepsDone} of ${board.steps} steps done${progress}, ` +
      `${board.stepsOverdue} overdue, ${board.stepsBlocked} blocked. Id ${board.id}.`,
    `Client ${board.client === null ? '–' : `${board.client.name} (${board.client.id})`} · ${board.vertical} · ` +
      `starts ${board.startsOn ?? '–'} · due ${board.dueOn ?? '–'}`,
    `Hours: estimated ${hours.estimated}, spent ${hours.spent} (billable ${hours.billable}, not billable ${hours.nonBillable})`,
  ]
  if (stepsLeftOut > 0)
    lines.unshift(`${stepsLeftOut} of ${board.steps} steps are left out, done ones before open ones.`)
  for (const phase of phases) {
    lines.push(`Phase ${phase.name} — ${phase.stepsDone} of ${phase.stepsTotal} done`, ...phase.steps.map(describeStep))
  }
  return lines.join('\n')
}

function describeStep(step: Step): string {
  const due = step.dueOn === null ? 'no due date' : `due ${step.dueOn}`
  const parts = [
    `${step.status}: ${step.name}`,
    step.kind,
    step.assignee ?? 'nobody',
    step.daysOverdue === undefined ? due : `${due}, ${step.daysOverdue} days overdue`,
  ]
  if (step.estimatedHours !== undefined || step.spentHours !== undefined) {
    parts.push(`${step.spentHours ?? '0.00'} of ${step.estimatedHours ?? '–'} h`)
  }
  if (step.blockedReason !== undefined) parts.push(step.blockedReason)
  return `- ${parts.join(' · ')}`
}
