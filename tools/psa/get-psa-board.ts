import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { Decimal } from '../../src/money/money.ts'
import { boardSummary, describeHealthRule } from '../../src/pos/psa/board-summary.ts'
import { BoardDetailSchema, describeBoard, MAX_STEPS, phasesOf } from '../../src/pos/psa/board-text.ts'
import { boardIdOf, findBoard } from '../../src/pos/psa/boards.ts'
import { findStepsOfBoard } from '../../src/pos/psa/steps.ts'
import { hours } from '../../src/pos/psa/text.ts'
import { timeOfBoard } from '../../src/pos/psa/time.ts'
import { localDate } from '../../src/time/local.ts'

export default defineTool({
  name: 'get_psa_board',
  title: 'Project board',
  description:
    'One project board with phases and steps: status, assignee, due date, why blocked, hours estimated and spent, ' +
    'health. Hours by person or period: get_psa_time_report.',
  scopes: ['psa:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ board: Type.String({ minLength: 1, maxLength: 500, description: 'Name or id' }) }),
  output: BoardDetailSchema,
  async handler({ board: reference }, { db, business, now }) {
    const today = localDate(now, business.timezone)
    const boardId = boardIdOf(db, business.id, reference)
    const [row, steps, time] = await together([
      findBoard(db, business.id, { reference, argument: 'board', today }),
      findStepsOfBoard(db, business.id, { boardId, today, limit: MAX_STEPS }),
      timeOfBoard(db, business.id, boardId),
    ])
    const board = boardSummary(row)
    const { phases, shown } = phasesOf(steps)
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
