import { type Static, Type } from '@sinclair/typebox'
import { grouped } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { page } from '../../results/cursor.ts'
import { NullableText } from '../../results/schema.ts'
import { clean } from '../../results/text.ts'
import { untrusted } from '../../results/untrusted.ts'
import { BoardSummarySchema } from './board-summary.ts'
import type { BoardStepRow, EmptyPhaseRow } from './steps.ts'
import { hours, inHours, personName } from './text.ts'

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

/** A board with its phases and steps. */
export const BoardDetailSchema = Type.Object({
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

type Phase = Static<typeof PhaseSchema>
type Step = Static<typeof StepSchema>

/** How many steps of a board are shown at most. */
export const MAX_STEPS = 60

/** Phases in order, with as many of their steps as fit. */
export function phasesOf(rows: readonly (BoardStepRow | EmptyPhaseRow)[]): { phases: Phase[]; shown: number } {
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

/** A board as text. */
export function describeBoard({ board, hours, phases, stepsLeftOut }: Static<typeof BoardDetailSchema>): string {
  const progress = board.progressPercent === null ? '' : ` (${board.progressPercent} %)`
  const lines = [
    `Board ${board.name} is ${board.status}, health ${board.health}: ${board.stepsDone} of ${counted(board.steps, 'step')} done${progress}, ` +
      `${board.stepsOverdue} overdue, ${board.stepsBlocked} blocked. Id ${board.id}.`,
    `Client ${board.client === null ? '–' : `${board.client.name} (${board.client.id})`} · ${board.vertical} · ` +
      `starts ${board.startsOn ?? '–'} · due ${board.dueOn ?? '–'}`,
    `Spent ${inHours(hours.spent)} of ${inHours(hours.estimated)} estimated in all: ${inHours(hours.billable)} billable, ${inHours(hours.nonBillable)} not billable.`,
  ]
  if (stepsLeftOut > 0)
    lines.unshift(
      `Left out: ${grouped(String(stepsLeftOut))} of ${counted(board.steps, 'step')}, done ones before open ones.`,
    )
  for (const phase of phases) {
    lines.push(
      `Phase ${phase.name} — ${phase.stepsDone} of ${counted(phase.stepsTotal, 'step')} done`,
      ...phase.steps.map(describeStep),
    )
  }
  return lines.join('\n')
}

function describeStep(step: Step): string {
  const due = step.dueOn === null ? 'no due date' : `due ${step.dueOn}`
  const parts = [
    `${step.status}: ${step.name}`,
    step.kind,
    step.assignee ?? 'assigned to nobody',
    step.daysOverdue === undefined ? due : `${due}, ${counted(step.daysOverdue, 'day')} overdue`,
  ]
  if (step.estimatedHours !== undefined || step.spentHours !== undefined) {
    const of = step.estimatedHours === undefined ? ', no estimate' : ` of ${inHours(step.estimatedHours)}`
    parts.push(`spent ${inHours(step.spentHours ?? '0.00')}${of}`)
  }
  if (step.blockedReason !== undefined) parts.push(step.blockedReason)
  return `- ${parts.join(' · ')}`
}
