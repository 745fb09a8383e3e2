import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { ServiceError } from '../../src/errors.ts'
import { type BusinessContext, defineTool, readOnly } from '../../src/mcp/tool.ts'
import { Decimal } from '../../src/money/money.ts'
import { boardSummary, describeHealthRule } from '../../src/pos/psa/board-summary.ts'
import { BoardDetailSchema, describeBoard, MAX_STEPS, phasesOf } from '../../src/pos/psa/board-text.ts'
import { type BoardRow, boardIdOf, findBoardsCalled } from '../../src/pos/psa/boards.ts'
import { findStepsOfBoard } from '../../src/pos/psa/steps.ts'
import { hours } from '../../src/pos/psa/text.ts'
import { timeOfBoard } from '../../src/pos/psa/time.ts'
import { localDate } from '../../src/time/local.ts'

const MAX_CHOICES = 20

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
    const boardId = boardIdOf(db, business.id, idOrName)
    const [row, steps, time] = await together([
      boardCalled(context, idOrName, today),
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
