import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency, formatAmount, grouped } from '../../money/money.ts'
import { type Compact, compact, compactText } from '../../results/compact.ts'
import { areShown, counted } from '../../results/counted.ts'
import { PAGE_OUTPUT } from '../../results/cursor.ts'
import type { FileRows } from '../../results/file-rows.ts'
import { clean } from '../../results/text.ts'
import { untrusted } from '../../results/untrusted.ts'
import { describeDays, WindowSchema } from '../../time/window.ts'
import { type EmployeeRole, MAX_SUMMED } from './order-filter.ts'
import { localStamp } from './order-summary.ts'
import type { OrderRow, OrderSums, sumByEmployee } from './orders.ts'
import { peopleList, personName } from './people.ts'

const SUMS = {
  orders: Type.Integer(),
  netSales: Type.String(),
  tax: Type.String(),
  tips: Type.String(),
  total: Type.String(),
  discounts: Type.String(),
  refunded: Type.String(),
}

const ByEmployeeSchema = Type.Object({
  did: Type.String({ description: 'cancelled or discounted' }),
  people: Type.Integer(),
  rows: Type.Array(
    Type.Object({
      employee: Type.String(),
      orders: Type.Integer(),
      total: Type.String(),
      discounts: Type.String(),
    }),
    { description: 'With the most orders first' },
  ),
})

/** A list of orders in compact rows, with the sums of all that match. */
export const OrderListSchema = Type.Object({
  window: Type.Optional(WindowSchema),
  windowOf: Type.Optional(Type.String({ description: 'The day that counts: opened or completed' })),
  currency: Type.String(),
  matching: Type.Optional(
    Type.Object(
      {
        orders: Type.Integer(),
        byStatus: Type.Array(Type.Object({ status: Type.String(), ...SUMS })),
        byEmployee: Type.Optional(ByEmployeeSchema),
      },
      { description: `All that match; absent: over ${MAX_SUMMED} to read` },
    ),
  ),
  columns: Type.Array(Type.String()),
  same: Type.Record(Type.String(), Type.String(), { description: 'What all rows have in columns left out' }),
  orders: Type.Array(Type.Array(Type.String()), { description: 'By columns' }),
  ...PAGE_OUTPUT,
  terms: Type.String(),
})
type OrderList = Static<typeof OrderListSchema>

const ROW_COLUMNS = [
  'order',
  'opened',
  'total',
  'location',
  'sold by',
  'client',
  'status',
  'type',
  'tips',
  'discounts',
  'refunded',
  'discounted by',
  'cancelled',
  'cancelled by',
  'reason',
]

const AMOUNTS = ['total', 'tips', 'discounts', 'refunded']

/** What a blank cell means, and one that is missing at the end of a row or whose column is missing. */
export const BLANKS = 'a blank or missing cell means completed, retail, 0.00 or none'

/** What employees of a list did with its orders: cancelled or discounted them if it is of such, else sold them. */
export function roleOf(filter: { status?: string | undefined; discounted?: boolean | undefined }): EmployeeRole {
  const { status, discounted } = filter
  if (status === 'cancelled') return 'cancelled_by'
  return discounted === true ? 'discounted_by' : 'sold_by'
}

/** Who the argument `employee` means, for the terms of a list that is filtered by it. */
export const ROLE_TERMS: Record<EmployeeRole, string> = {
  sold_by: 'employee: who sold',
  discounted_by: 'employee: who gave the discount',
  cancelled_by: 'employee: who cancelled',
}

/** The orders that match by who cancelled or discounted them. */
export function orderPeople(
  rows: Awaited<ReturnType<typeof sumByEmployee>>,
  role: EmployeeRole,
  currency: Currency,
): Static<typeof ByEmployeeSchema> {
  return {
    did: role === 'cancelled_by' ? 'cancelled' : 'discounted',
    people: rows[0]?.people ?? 0,
    rows: rows.map(({ name, orders, total, discounts }) => ({
      employee: personName(name),
      orders,
      total: amountOf(total, currency),
      discounts: amountOf(discounts, currency),
    })),
  }
}

function describePeople({ did, people, rows }: Static<typeof ByEmployeeSchema>): string {
  const each = rows.map(({ employee, orders, total, discounts }) => {
    const amount = did === 'cancelled' ? `total ${grouped(total)}` : `discounts ${grouped(discounts)}`
    return `${employee} ${grouped(String(orders))} (${amount})`
  })
  return `By who ${did}: ${peopleList(each, people)}.`
}

/** The columns and rows of a list. Stamps lose their year where all have the same, which then stands in the column. */
export function compactOrders(rows: readonly OrderRow[], role: EmployeeRole, currency: Currency): Compact {
  const all = compact(
    ROW_COLUMNS,
    rows.map((row) => rowOf(row, role, currency)),
  )
  const opened = all.columns.indexOf('opened')
  if (rows.length < MANY || opened === -1) return all
  const same = ['2026-11', '2026'].flatMap(({ length }) => {
    const [stretch, ...others] = new Set(all.rows.map((row) => row[opened]?.slice(0, length)))
    return stretch === undefined || others.length > 0 ? [] : [stretch]
  })
  const [stretch] = same
  if (stretch === undefined) return all
  const short = (cell: string, index: number) => (index === opened ? cell.slice(stretch.length + 1) : cell)
  return {
    ...all,
    columns: all.columns.map((column, index) => (index === opened ? `opened in ${stretch}` : column)),
    rows: all.rows.map((row) => row.map(short)),
  }
}

/** From how many rows on a list saves a few characters in each. */
const MANY = 50

/** The cells of an order; what is usual, zero or not known is blank. */
function rowOf(row: OrderRow, role: EmployeeRole, currency: Currency): string[] {
  const amount = (value: string) => (Number(value) === 0 ? '' : amountOf(value, currency))
  return [
    clean(row.order_number, 40),
    localStamp(row.opened_at, row.timezone, row.has_time),
    amountOf(row.total, currency),
    clean(row.location, 30),
    row.sold_by === null ? '' : clean(row.sold_by, 30),
    row.client === null ? '' : clean(row.client, 40),
    row.status === 'completed' ? '' : row.status,
    row.order_type === 'retail' ? '' : clean(row.order_type, 20),
    amount(row.tips),
    amount(row.discounts),
    amount(row.refunded),
    role === 'discounted_by' ? clean(row.discounted_by ?? '', 30) : '',
    row.cancelled_at === null ? '' : localStamp(row.cancelled_at, row.timezone, row.has_time),
    clean(row.cancelled_by ?? '', 30),
    untrusted(row.cancel_reason, 60) ?? '',
  ]
}

/** The orders with every column, for a file: nothing that is usual is left blank. */
export function orderFile(rows: readonly OrderRow[], currency: Currency): FileRows {
  const amount = (value: string) => amountOf(value, currency)
  return {
    columns: [
      ...['order number', 'status', 'opened', 'location', 'sold by', 'client', 'order type'],
      ...['discounts', 'net sales', 'tax', 'tips', 'total', 'refunded'],
      ...['discounted by', 'cancelled', 'cancelled by', 'cancel reason'],
    ],
    rows: rows.map((row) => [
      clean(row.order_number, 60),
      row.status,
      localStamp(row.opened_at, row.timezone, row.has_time),
      clean(row.location, 80),
      row.sold_by === null ? null : clean(row.sold_by, 80),
      row.client === null ? null : clean(row.client, 120),
      clean(row.order_type, 40),
      ...[row.discounts, row.net_sales, row.tax, row.tips, row.total].map(amount),
      amount(row.refunded),
      row.discounted_by === null ? null : clean(row.discounted_by, 80),
      row.cancelled_at === null ? null : localStamp(row.cancelled_at, row.timezone, row.has_time),
      row.cancelled_by === null ? null : clean(row.cancelled_by, 80),
      untrusted(row.cancel_reason, 200),
    ]),
  }
}

/** How many orders match, and their sums by status. */
export function orderSums(sums: readonly OrderSums[], currency: Currency): NonNullable<OrderList['matching']> {
  return {
    orders: sums.reduce((count, { orders }) => count + orders, 0),
    byStatus: sums.map(({ status, orders, net_sales, tax, tips, total, discounts, refunded }) => ({
      status,
      orders,
      netSales: amountOf(net_sales, currency),
      tax: amountOf(tax, currency),
      tips: amountOf(tips, currency),
      total: amountOf(total, currency),
      discounts: amountOf(discounts, currency),
      refunded: amountOf(refunded, currency),
    })),
  }
}

/**
 * A list as text.
 * @param notes whose orders these are, as sentences
 */
export function describeOrders(
  { window, currency, matching, orders, ...list }: OrderList,
  notes: readonly string[],
): string {
  const lines: string[] = []
  if (list.nextCursor !== undefined) {
    lines.push(
      `Only ${areShown(orders.length, 'orders', matching?.orders)}; more follow with cursor ${list.nextCursor}`,
    )
  }
  const soFar = window?.soFar === undefined ? '' : ` so far (${window.soFar})`
  const days = window === undefined ? '' : `, ${list.windowOf ?? 'opened'} ${describeDays(window)}${soFar}`
  const sums = matching?.byStatus.map(
    ({ status, orders: count, ...sum }) =>
      `${grouped(String(count))} ${status}: total ${formatAmount(sum.total, currency)} with tax (net ${grouped(sum.netSales)}, tax ${grouped(sum.tax)}, tips ${grouped(sum.tips)}), discounts ${grouped(sum.discounts)}, refunded ${grouped(sum.refunded)}`,
  )
  if (matching === undefined) {
    lines.push(
      `Not counted or added up${days}: more than ${grouped(String(MAX_SUMMED))} orders or lines to read. Give a shorter window, or ask get_sales_report.`,
    )
  } else if (matching.orders > 0) {
    lines.push(
      `${counted(matching.orders, 'order')} ${matching.orders === 1 ? 'matches' : 'match'}${days}. ${sums?.join('; ')}.`,
    )
  }
  const people = matching?.byEmployee
  if (people !== undefined && people.rows.length > 0) lines.push(describePeople(people))
  if (orders.length === 0) return [...lines, `No orders match${days}.`, ...notes, `(${list.terms}.)`].join('\n')
  lines.push(...notes, compactText(list, orders, AMOUNTS), `Amounts in ${currency}: ${list.terms}.`)
  return lines.join('\n')
}
