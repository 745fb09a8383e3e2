import { type Static, Type } from '@sinclair/typebox'
import { Decimal } from '../../money/money.ts'
import { EntityRef, Nullable, NullableText } from '../../results/schema.ts'
import { clean } from '../../results/text.ts'
import { type BoardRow, DAYS_UNTIL_RED } from './boards.ts'
import { hours } from './text.ts'

/** A board as lists show it. */
export const BoardSummarySchema = Type.Object({
  id: Type.String(),
  name: Type.String(),
  client: Nullable(EntityRef),
  vertical: Type.String(),
  status: Type.String(),
  startsOn: NullableText,
  dueOn: NullableText,
  steps: Type.Integer(),
  stepsDone: Type.Integer(),
  stepsOverdue: Type.Integer(),
  stepsBlocked: Type.Integer(),
  health: Type.String(),
  progressPercent: Nullable(Type.Integer()),
  budgetHours: Type.String({ description: 'Estimated for all steps' }),
  spentHours: Type.String(),
  overBudget: Type.Boolean(),
})
export type BoardSummary = Static<typeof BoardSummarySchema>

/** What the figures of boards mean, for the text of a result. */
export function describeHealthRule(today: string, timezone: string): string {
  return (
    `Health: red = a step more than ${DAYS_UNTIL_RED} days overdue, or the board past its due date; amber = a step ` +
    'overdue or blocked; else green, as are completed and archived boards. Overdue: not done and due before today ' +
    `(${today}, ${timezone}), on active and planned boards. Budget: the hours estimated for all steps.`
  )
}

/** More hours spent than were estimated; a board without estimates has no budget. */
function isOver(row: BoardRow): boolean {
  const budget = new Decimal(row.estimated_minutes)
  return budget.gt(0) && budget.lt(row.spent_minutes)
}

/** Makes a summary of a database row; texts of strangers are cleaned. */
export function boardSummary(row: BoardRow): BoardSummary {
  return {
    id: row.id,
    name: clean(row.name),
    client: row.client_id === null || row.client === null ? null : { id: row.client_id, name: clean(row.client, 80) },
    vertical: row.vertical,
    status: row.status,
    startsOn: row.starts_on,
    dueOn: row.due_on,
    steps: row.steps,
    stepsDone: row.steps_done,
    stepsOverdue: row.overdue,
    stepsBlocked: row.blocked,
    health: row.health,
    // Rounded down, so that 100 means that nothing is left.
    progressPercent: row.steps === 0 ? null : Math.floor((row.steps_done * 100) / row.steps),
    budgetHours: hours(row.estimated_minutes),
    spentHours: hours(row.spent_minutes),
    overBudget: isOver(row),
  }
}
