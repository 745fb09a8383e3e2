import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { Amount, Reference } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { knownOf } from '../../src/pos/known-values.ts'
import { orNone } from '../../src/pos/none.ts'
import {
  describeRefunds,
  REFUND_COLUMNS,
  REFUND_TERMS,
  RefundListSchema,
  refundRow,
  refundSums,
  WHOLE_REFUNDS,
} from '../../src/pos/orders/refund-list.ts'
import {
  findRefunds,
  REFUND_SORTS,
  requireFewToSearch,
  sumRefunds,
  sumRefundsByEmployee,
} from '../../src/pos/orders/refunds.ts'
import { describeOwnOnly, idOf, whose } from '../../src/pos/orders/staff.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { clientOf, NONE, sentenceOfTaken } from '../../src/pos/references.ts'
import { compact } from '../../src/results/compact.ts'
import { page, sortedCursor } from '../../src/results/cursor.ts'
import { Cursor, Limit, StringEnum } from '../../src/results/schema.ts'
import { WINDOW_INPUT, windowIfAsked } from '../../src/time/window.ts'

export default defineTool({
  name: 'list_refunds',
  title: 'Refunds',
  description:
    'Refunds by local day: reason, amount, method, who gave it, client, order; counts and sums all that match.',
  // A refund is a part of its order, which the same scope shows.
  scopes: ['pos:read'],
  aboutClients: ({ clientId }) => clientId !== undefined,
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    search: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'In number, reason, client' })),
    locationId: Reference,
    clientId: Reference,
    employee: Reference,
    method: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
    minAmount: Type.Optional(Amount()),
    maxAmount: Type.Optional(Amount()),
    sort: StringEnum(REFUND_SORTS, { default: 'newest' }),
    limit: Limit({ default: 20, maximum: 100 }),
    cursor: Cursor,
  }),
  output: RefundListSchema,
  async handler({ search, locationId, clientId, employee, method, sort, limit, cursor, ...input }, context) {
    const { db, business, now } = context
    const [place, client, who] = await together([
      placeOf(db, business, locationId),
      clientId === undefined
        ? undefined
        : orNone(db, business.id, 'client', clientId, (text) =>
            clientOf(db, business.id, text, 'clientId', { isRead: true }),
          ),
      whose(context, employee),
    ])
    const window = windowIfAsked(input, now, place.timezone)
    const filter = {
      days: window,
      locationId: place.location?.id,
      clientId: client === null ? null : client?.id,
      employeeId: idOf(who),
      method,
      minAmount: input.minAmount,
      maxAmount: input.maxAmount,
      search,
    }
    const after = sortedCursor(cursor, sort)
    const [, rows, sums, people] = await together([
      requireFewToSearch(db, business.id, filter),
      findRefunds(db, business.id, { ...filter, sort, limit: limit + 1, after }),
      sumRefunds(db, business.id, filter),
      who.ownOnly ? undefined : sumRefundsByEmployee(db, business.id, filter),
    ])
    // A word for it that no sale has, as "efectivo" where it is "cash", is not a method without refunds.
    if (method !== undefined && sums.refunds === 0) {
      await knownOf(db, business.id, 'payment_method', method, 'method')
    }
    const whole = rows.map((row) => refundRow(row, business))
    const { columns, rows: cells, same } = compact(REFUND_COLUMNS, whole)
    const { items: refunds, ...more } = page(
      rows.map((row, index) => ({ row, cells: cells[index] ?? [] })),
      limit,
      ({ row }) => [sort, row.sort_key, row.id],
      ({ cells }) => cells,
    )
    const taken = sentenceOfTaken({
      locationId: place,
      clientId: client === null ? NONE : client,
      employee: who.isNobody ? NONE : who.employee,
    })
    const notes = [
      describeOwnOnly(who, 'refunds') ?? '',
      method === undefined ? '' : WHOLE_REFUNDS,
      taken ?? '',
    ].filter((note) => note !== '')
    const data = {
      ...(window === undefined ? {} : { window: { ...window, currency: business.currency } }),
      currency: business.currency,
      sums: refundSums(sums, people, business),
      columns,
      same,
      refunds,
      ...more,
      terms: [...notes, REFUND_TERMS].join(' '),
    }
    return {
      text: describeRefunds({ ...data, terms: REFUND_TERMS }, notes),
      data,
      taken,
      file: { columns: REFUND_COLUMNS, rows: whole.slice(0, refunds.length) },
    }
  },
})
