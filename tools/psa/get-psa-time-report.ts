import { type Static, Type } from '@sinclair/typebox'
import { ServiceError } from '../../src/errors.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { type Currency, Decimal, formatMoney, money } from '../../src/money/money.ts'
import { BoardId, callerWhere, Flag } from '../../src/pos/psa/arguments.ts'
import { requireBoard } from '../../src/pos/psa/boards.ts'
import { hours, personName } from '../../src/pos/psa/text.ts'
import {
  TIME_GROUPS,
  type TimeGroup,
  type TimeRow,
  type TimeSums,
  timeByGroup,
  timeTotal,
  type UnratedEntry,
  unratedEntries,
} from '../../src/pos/psa/time.ts'
import { page } from '../../src/results/cursor.ts'
import { NullableText, StringEnum } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean } from '../../src/results/text.ts'
import { weekday } from '../../src/time/local.ts'
import { WINDOW_INPUT, WindowSchema, windowOf } from '../../src/time/window.ts'

const MAX_ROWS = 62
// Of the billable entries without a rate so many are named, the latest; all are counted.
const MAX_UNRATED = 5

const FIGURES = {
  hours: Type.String(),
  billableHours: Type.String(),
  nonBillableHours: Type.String(),
  billableAmount: Type.String(),
  unratedEntries: Type.Integer(),
}

const UnratedSchema = Type.Object({
  workedOn: Type.String(),
  person: Type.String(),
  step: Type.String(),
  board: Type.String(),
  hours: Type.String(),
})

export default defineTool({
  name: 'get_psa_time_report',
  title: 'Time report',
  description:
    'Hours worked on project boards in a period, billable and not, and the billable amount, rounded half-up per ' +
    'entry. For estimated hours use get_psa_board. Default: this month by board. At most 62 rows.',
  scopes: ['psa:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    groupBy: StringEnum(TIME_GROUPS, { default: 'board' }),
    boardId: BoardId,
    mine: Flag,
  }),
  output: Type.Object({
    window: WindowSchema,
    groupBy: Type.String(),
    totals: Type.Object({ entries: Type.Integer(), ...FIGURES }),
    rows: Type.Array(
      Type.Object({
        id: NullableText,
        name: Type.String(),
        ...FIGURES,
      }),
    ),
    rowsLeftOut: Type.Integer(),
    unrated: Type.Array(UnratedSchema),
  }),
  async handler({ groupBy, boardId, mine, ...input }, { db, business, principal, now }) {
    const userId = callerWhere(mine, principal)
    await requireBoard(db, business.id, boardId)
    const days = windowOf(input, now, business.timezone, 'this_month')
    const query = { ...days, boardId, userId, currencyDigits: business.currencyDigits }
    const sums = await timeTotal(db, business.id, query)
    const groups = await timeByGroup(db, business.id, { ...query, groupBy, limit: MAX_ROWS })
    const inAll = groups[0]?.groups ?? 0
    requireFewDays(groupBy, inAll)
    const { items: rows } = page(
      groups,
      MAX_ROWS,
      () => [],
      (row) => ({ ...nameOf(row, groupBy), ...figures(row, business) }),
    )
    const unrated = await unratedEntries(db, business.id, { ...query, limit: MAX_UNRATED })
    const data = {
      window: { ...days, timezone: business.timezone, currency: business.currency },
      groupBy,
      totals: { entries: sums.entries, ...figures(sums, business) },
      rows,
      rowsLeftOut: inAll - rows.length,
      unrated: unrated.map(toUnrated),
    }
    return { text: describeReport(data, groupBy), data }
  },
})

function requireFewDays(groupBy: TimeGroup, count: number): void {
  if ((groupBy !== 'day' && groupBy !== 'week') || count <= MAX_ROWS) return
  const coarser = groupBy === 'day' ? 'groupBy week, or ' : ''
  throw new ServiceError(
    'invalid_argument',
    `groupBy ${groupBy} gives ${count} rows, more than ${MAX_ROWS}. Use ${coarser}a shorter period.`,
  )
}

function nameOf(row: TimeRow, groupBy: TimeGroup): { id: string | null; name: string } {
  switch (groupBy) {
    case 'day':
    case 'week':
      return { id: null, name: row.name ?? '' }
    case 'person':
      return { id: row.key, name: personName(row) }
    case 'step':
      return { id: row.key, name: `${clean(row.name ?? '', 80)} (${clean(row.board ?? '', 60)})` }
    default:
      return { id: row.key, name: row.name === null ? 'no client' : clean(row.name, 80) }
  }
}

function figures(sums: TimeSums, currency: Currency) {
  return {
    hours: hours(sums.minutes),
    billableHours: hours(sums.billable_minutes),
    nonBillableHours: hours(new Decimal(sums.minutes).minus(sums.billable_minutes)),
    billableAmount: money(sums.billable_amount, currency).amount,
    unratedEntries: sums.unrated_entries,
  }
}

function toUnrated(entry: UnratedEntry): Static<typeof UnratedSchema> {
  return {
    workedOn: entry.worked_on,
    person: personName(entry),
    step: clean(entry.step, 80),
    board: clean(entry.board, 60),
    hours: hours(entry.minutes),
  }
}

interface Report {
  window: Static<typeof WindowSchema>
  totals: ReturnType<typeof figures> & { entries: number }
  rows: (ReturnType<typeof figures> & { id: string | null; name: string })[]
  rowsLeftOut: number
  unrated: Static<typeof UnratedSchema>[]
}

function describeReport({ window, totals, rows, rowsLeftOut, unrated }: Report, groupBy: TimeGroup): string {
  const { currency } = window
  const lines = [
    `${totals.hours} h in ${totals.entries} entries, ${window.from} to ${window.to}: billable ${totals.billableHours} h ` +
      `for ${formatMoney({ amount: totals.billableAmount, currency })}, not billable ${totals.nonBillableHours} h.`,
  ]
  if (rowsLeftOut > 0) lines.push(`Only the ${rows.length} with most hours are shown, ${rowsLeftOut} are left out.`)
  if (rows.length > 0) {
    lines.push(
      table(
        [groupBy, 'hours', 'billable', 'not billable', `amount ${currency}`, 'without rate', 'id'],
        rows.map((row) => [
          groupBy === 'day' ? `${row.name} ${weekday(row.name).slice(0, 3)}` : row.name,
          row.hours,
          row.billableHours,
          row.nonBillableHours,
          row.billableAmount,
          row.unratedEntries,
          row.id ?? '–',
        ]),
      ),
    )
  }
  if (totals.unratedEntries > 0) {
    const named = unrated.map(
      (entry) => `${entry.workedOn} ${entry.person}, ${entry.step} (${entry.board}) ${entry.hours} h`,
    )
    const cut = totals.unratedEntries > unrated.length ? `; the latest ${unrated.length}` : ''
    lines.push(`Billable without a rate, so in no amount: ${totals.unratedEntries} entries${cut}: ${named.join('; ')}`)
  }
  lines.push(`Hours = minutes / 60; amount = hours × rate, rounded half-up per entry. Days are as noted with the work.`)
  return lines.join('\n')
}
