import { Type } from '@sinclair/typebox'
import { ServiceError } from '../../src/errors.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { BoardId, callerWhere, Flag } from '../../src/pos/psa/arguments.ts'
import { boardOf } from '../../src/pos/psa/boards.ts'
import { requirePerson } from '../../src/pos/psa/people.ts'
import {
  TIME_GROUPS,
  type TimeGroup,
  timeByGroup,
  timeEntries,
  timeTotal,
  unratedEntries,
} from '../../src/pos/psa/time.ts'
import {
  describeTimeReport,
  groupOf,
  TimeReportSchema,
  timeFigures,
  unratedWork,
  workDone,
} from '../../src/pos/psa/time-report-text.ts'
import { sentenceOfTaken } from '../../src/pos/references.ts'
import { counted } from '../../src/results/counted.ts'
import { page } from '../../src/results/cursor.ts'
import { StringEnum } from '../../src/results/schema.ts'
import { WINDOW_INPUT, windowOf } from '../../src/time/window.ts'

const MAX_ROWS = 62
const MAX_FILE_ROWS = 20_000
// How many billable entries without a rate are listed, latest first; the count covers all.
const MAX_UNRATED = 5
const MAX_ENTRIES = 20

export default defineTool({
  name: 'get_psa_time_report',
  title: 'Time report',
  description:
    'Hours worked on project boards in a period, billable and not, and the billable amount, rounded half-up per ' +
    'entry. For estimated hours use get_psa_board. Default: this month by board.',
  scopes: ['psa:read'],
  aboutClients: ({ groupBy }) => groupBy === 'client',
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    groupBy: StringEnum(TIME_GROUPS, { default: 'board' }),
    boardId: BoardId,
    mine: Flag,
    person: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Part of a name' })),
  }),
  output: TimeReportSchema,
  async handler({ groupBy, boardId, mine, person, ...input }, { db, business, principal, now, forFile }) {
    const maxRows = forFile ? MAX_FILE_ROWS : MAX_ROWS
    const userId = callerWhere(mine, principal)
    const board = boardId === undefined ? undefined : await boardOf(db, business.id, boardId)
    const days = windowOf(input, now, business.timezone, 'this_month')
    const query = { ...days, boardId: board?.id, userId, person, currencyDigits: business.currencyDigits }
    const taken = sentenceOfTaken({ boardId: board })
    const isOfPeople = mine || person !== undefined
    const [sums, groups, unrated, worked] = await Promise.all([
      timeTotal(db, business.id, query),
      timeByGroup(db, business.id, { ...query, groupBy, limit: maxRows }),
      unratedEntries(db, business.id, { ...query, limit: MAX_UNRATED }),
      isOfPeople ? timeEntries(db, business.id, { ...query, limit: MAX_ENTRIES }) : [],
    ])
    if (person !== undefined && sums.entries === 0) await requirePerson(db, business.id, 'person', person)
    const inAll = groups[0]?.groups ?? 0
    if (!forFile) requireFewDays(groupBy, inAll)
    const { items: rows } = page(
      groups,
      maxRows,
      () => [],
      (row) => ({ ...groupOf(row, groupBy, days), ...timeFigures(row, business) }),
    )
    const data = {
      window: { ...days, timezone: business.timezone, currency: business.currency },
      groupBy,
      totals: { entries: sums.entries, ...timeFigures(sums, business) },
      rows,
      rowsLeftOut: inAll - rows.length,
      unrated: unrated.map(unratedWork),
      entries: worked.map(workDone),
      entriesLeftOut: isOfPeople ? sums.entries - worked.length : 0,
      ...(taken !== undefined && { taken }),
    }
    return { text: describeTimeReport(data), data }
  },
})

function requireFewDays(groupBy: TimeGroup, count: number): void {
  if ((groupBy !== 'day' && groupBy !== 'week') || count <= MAX_ROWS) return
  const coarser = groupBy === 'day' ? 'groupBy week, or ' : ''
  throw new ServiceError(
    'invalid_argument',
    `groupBy ${groupBy} gives ${counted(count, 'row')}, more than ${MAX_ROWS}. Use ${coarser}a shorter period.`,
  )
}
