import { type Static, Type } from '@sinclair/typebox'
import { type Currency, Decimal, formatMoney, grouped, money } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { clean } from '../../results/text.ts'
import { untrusted } from '../../results/untrusted.ts'
import { describeDays, type Window, WindowSchema } from '../../time/window.ts'
import { Taken } from '../references.ts'
import { periodOf } from '../reports/periods.ts'
import { hours, inHours, personName } from './text.ts'
import type { TimeGroup, TimeRow, TimeSums, timeEntries, UnratedEntry } from './time.ts'

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

const EntrySchema = Type.Object({
  workedOn: Type.String(),
  person: Type.String(),
  step: Type.String(),
  board: Type.String(),
  hours: Type.String(),
  billable: Type.Boolean(),
  note: NullableText,
})

/** An entry; texts of strangers are cleaned. */
export function workDone(entry: Awaited<ReturnType<typeof timeEntries>>[number]): Static<typeof EntrySchema> {
  return {
    workedOn: entry.worked_on,
    person: personName(entry),
    step: clean(entry.step, 80),
    board: clean(entry.board, 60),
    hours: hours(entry.minutes),
    billable: entry.is_billable,
    note: untrusted(entry.note, 60),
  }
}

/** Time worked in a period, by group. */
export const TimeReportSchema = Type.Object({
  window: WindowSchema,
  groupBy: Type.String(),
  totals: Type.Object({ entries: Type.Integer(), ...FIGURES }),
  rows: Type.Array(
    Type.Object({
      id: NullableText,
      name: Type.String(),
      from: Type.Optional(Type.String({ description: 'First day of a row of days' })),
      to: Type.Optional(Type.String()),
      isPartial: Type.Optional(Type.Boolean()),
      ...FIGURES,
    }),
  ),
  rowsLeftOut: Type.Integer(),
  unrated: Type.Array(UnratedSchema),
  entries: Type.Array(EntrySchema, { description: 'With person or mine: each entry, latest first' }),
  entriesLeftOut: Type.Integer(),
  taken: Taken,
})
type TimeReport = Static<typeof TimeReportSchema>

/** The group of a row: a person, client, board, … with its name; of days also which of them are in the window. */
export function groupOf(row: TimeRow, groupBy: TimeGroup, window: Window) {
  switch (groupBy) {
    case 'day':
    case 'week': {
      const { days, isPartial = false } = periodOf(groupBy, row.name ?? '', window)
      return { id: null, name: row.name ?? '', ...days, isPartial }
    }
    case 'person':
      return { id: row.key, name: personName(row) }
    case 'step':
      return { id: row.key, name: `${clean(row.name ?? '', 80)} (${clean(row.board ?? '', 60)})` }
    default:
      return { id: row.key, name: row.name === null ? 'no client' : clean(row.name, 80) }
  }
}

/** Sums as figures, in hours and money. */
export function timeFigures(sums: TimeSums, currency: Currency) {
  return {
    hours: hours(sums.minutes),
    billableHours: hours(sums.billable_minutes),
    nonBillableHours: hours(new Decimal(sums.minutes).minus(sums.billable_minutes)),
    billableAmount: money(sums.billable_amount, currency).amount,
    unratedEntries: sums.unrated_entries,
  }
}

/** A billable entry without a rate; texts of strangers are cleaned. */
export function unratedWork(entry: UnratedEntry): Static<typeof UnratedSchema> {
  return {
    workedOn: entry.worked_on,
    person: personName(entry),
    step: clean(entry.step, 80),
    board: clean(entry.board, 60),
    hours: hours(entry.minutes),
  }
}

/** A report as text. */
export function describeTimeReport({
  window,
  groupBy,
  totals,
  rows,
  rowsLeftOut,
  unrated,
  ...work
}: TimeReport): string {
  const { currency } = window
  const soFar = window.soFar === undefined ? '' : `, so far (${window.soFar})`
  const amount = formatMoney({ amount: totals.billableAmount, currency })
  const lines = [
    `${inHours(totals.hours)} in ${counted(totals.entries, 'entry')}, ${describeDays(window)}${soFar}: ` +
      `${inHours(totals.billableHours)} billable for ${amount}, ${inHours(totals.nonBillableHours)} not billable.`,
  ]
  if (rowsLeftOut > 0)
    lines.push(
      `Only the ${rows.length} with most hours ${rows.length === 1 ? 'is' : 'are'} shown, ${grouped(String(rowsLeftOut))} left out.`,
    )
  if (rows.length > 0) {
    lines.push(
      table(
        [groupBy, 'hours', 'billable', 'not billable', `amount ${currency}`, 'entries without rate', 'id'],
        rows.map((row) => [
          groupBy === 'day' || groupBy === 'week' ? periodOf(groupBy, row.name, window).text : row.name,
          ...[row.hours, row.billableHours, row.nonBillableHours, row.billableAmount].map(grouped),
          row.unratedEntries,
          row.id ?? '–',
        ]),
      ),
    )
  }
  if (totals.unratedEntries > 0) {
    const named = unrated.map(
      (entry) => `${entry.workedOn} ${entry.person}, ${entry.step} (${entry.board}) ${inHours(entry.hours)}`,
    )
    const cut = totals.unratedEntries > unrated.length ? `; the latest ${unrated.length}` : ''
    lines.push(
      `Billable without a rate, so in no amount: ${counted(totals.unratedEntries, 'entry')}${cut}: ${named.join('; ')}`,
    )
  }
  if (work.entries.length > 0) {
    lines.push(
      `Entries, latest first${work.entriesLeftOut > 0 ? ` (${counted(work.entriesLeftOut, 'older one')} left out)` : ''}:`,
      table(
        ['day', 'person', 'step', 'board', 'hours', 'note'],
        work.entries.map((entry) => [
          entry.workedOn,
          entry.person,
          entry.step,
          entry.board,
          entry.billable ? entry.hours : `${entry.hours} not billable`,
          entry.note ?? '–',
        ]),
      ),
    )
  }
  if (work.taken !== undefined) lines.push(work.taken)
  lines.push(`Hours = minutes / 60; amount = hours × rate, rounded half-up per entry. Days are as noted with the work.`)
  return lines.join('\n')
}
