import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency, formatAmount, grouped } from '../../money/money.ts'
import { compactText } from '../../results/compact.ts'
import { areShown, counted } from '../../results/counted.ts'
import { PAGE_OUTPUT } from '../../results/cursor.ts'
import { clean } from '../../results/text.ts'
import { untrusted } from '../../results/untrusted.ts'
import { describeDays, WindowSchema } from '../../time/window.ts'
import { localStamp } from './order-summary.ts'
import { peopleList, personName } from './people.ts'
import { type findRefunds, refundMethods, type sumRefunds, type sumRefundsByEmployee } from './refunds.ts'

/** A list of refunds in compact rows, with the sums of all that match. */
export const RefundListSchema = Type.Object({
  window: Type.Optional(WindowSchema),
  currency: Type.String(),
  sums: Type.Object(
    {
      refunds: Type.Integer(),
      returns: Type.String(),
      tax: Type.String(),
      tips: Type.String(),
      total: Type.String(),
      people: Type.Optional(Type.Integer({ description: 'Who gave them' })),
      byEmployee: Type.Optional(
        Type.Array(Type.Object({ employee: Type.String(), refunds: Type.Integer(), total: Type.String() }), {
          description: 'Who gave them, the highest total first',
        }),
      ),
    },
    { description: 'Of all that match' },
  ),
  columns: Type.Array(Type.String()),
  same: Type.Record(Type.String(), Type.String(), { description: 'What all rows have in columns left out' }),
  refunds: Type.Array(Type.Array(Type.String()), { description: 'By columns; a blank means none' }),
  ...PAGE_OUTPUT,
  terms: Type.String(),
})
type RefundList = Static<typeof RefundListSchema>

/** What the amounts of refunds mean, and what is in the list. */
export const REFUND_TERMS =
  'returns are without tax, the total of a refund is with tax and tips; goods taken back on a sale of their own are ' +
  'orders, not refunds'

/** What the sums of a list by one method count. */
export const WHOLE_REFUNDS = 'A refund that also went back by another method counts with its whole total.'

export const REFUND_COLUMNS = [
  'order',
  'refunded',
  'total',
  'method',
  'refunded by',
  'client',
  'location',
  'reason',
] as const

type RefundRow = Awaited<ReturnType<typeof findRefunds>>[number]

/** The cells of a refund; what is not known is blank. */
export function refundRow(row: RefundRow, currency: Currency): string[] {
  const methods = refundMethods(row, currency)
  const [only] = methods
  return [
    clean(row.order_number, 40),
    localStamp(row.refunded_at, row.timezone, row.has_time),
    amountOf(row.total, currency),
    methods.length === 1 && only !== undefined
      ? only.method
      : methods.map(({ method, amount }) => `${method} ${amount}`).join(' + '),
    row.refunded_by === null ? '' : clean(row.refunded_by, 30),
    row.client === null ? '' : clean(row.client, 40),
    clean(row.location, 30),
    untrusted(row.reason, 60) ?? '',
  ]
}

/**
 * The sums of all refunds that match.
 * @param people by who gave them; absent for roles that see their own alone
 */
export function refundSums(
  { refunds, returns, tax, tips, total }: Awaited<ReturnType<typeof sumRefunds>>,
  people: Awaited<ReturnType<typeof sumRefundsByEmployee>> | undefined,
  currency: Currency,
): RefundList['sums'] {
  return {
    refunds,
    returns: amountOf(returns, currency),
    tax: amountOf(tax, currency),
    tips: amountOf(tips, currency),
    total: amountOf(total, currency),
    ...(people !== undefined && {
      people: people[0]?.people ?? 0,
      byEmployee: people.map(({ name, refunds, total }) => ({
        employee: personName(name),
        refunds,
        total: amountOf(total, currency),
      })),
    }),
  }
}

function describePeople({ people = 0, byEmployee = [] }: RefundList['sums']): string[] {
  if (byEmployee.length === 0) return []
  const each = byEmployee.map(
    ({ employee, refunds, total }) => `${employee} ${grouped(total)} (${grouped(String(refunds))})`,
  )
  return [`By who refunded, total (refunds): ${peopleList(each, people)}.`]
}

/**
 * A list as text.
 * @param notes whose refunds these are, as sentences
 */
export function describeRefunds(
  { window, currency, sums, refunds, ...list }: RefundList,
  notes: readonly string[],
): string {
  const lines: string[] = []
  if (list.nextCursor !== undefined) {
    lines.push(
      `Only ${areShown(refunds.length, 'refunds', Number(sums.refunds))}; more follow with cursor ${list.nextCursor}`,
    )
  }
  const soFar = window?.soFar === undefined ? '' : ` so far (${window.soFar})`
  const days = window === undefined ? '' : `, ${describeDays(window)}${soFar}`
  if (refunds.length === 0) return [...lines, `No refunds match${days}.`, ...notes, `(${list.terms}.)`].join('\n')
  lines.push(
    `${counted(sums.refunds, 'refund')} ${Number(sums.refunds) === 1 ? 'matches' : 'match'}${days}: total ${formatAmount(sums.total, currency)} with tax (returns ${grouped(sums.returns)}, tax ${grouped(sums.tax)}, tips ${grouped(sums.tips)}).`,
    ...describePeople(sums),
    ...notes,
    compactText(list, refunds, ['total']),
    `A blank or missing cell means none. Amounts in ${currency}: ${list.terms}.`,
  )
  return lines.join('\n')
}
