import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { Amount, Reference } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { knownOf } from '../../src/pos/known-values.ts'
import { orNone } from '../../src/pos/none.ts'
import { type EmployeeRole, ORDER_STATUSES, requireSearchable } from '../../src/pos/orders/order-filter.ts'
import {
  BLANKS,
  compactOrders,
  describeOrders,
  OrderListSchema,
  orderFile,
  orderPeople,
  orderSums,
  ROLE_TERMS,
  roleOf,
} from '../../src/pos/orders/order-list.ts'
import { ORDER_TERMS } from '../../src/pos/orders/order-summary.ts'
import { findOrders, ORDER_SORTS, sumByEmployee, sumOrders } from '../../src/pos/orders/orders.ts'
import { describeOwnOnly, idOf, ownOrders, whose } from '../../src/pos/orders/staff.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { clientOf, describeTaken, NONE, sentenceOfTaken, variantToRead } from '../../src/pos/references.ts'
import { page, sortedCursor } from '../../src/results/cursor.ts'
import { Cursor, Limit, StringEnum } from '../../src/results/schema.ts'
import { estimateTokens, estimateWords } from '../../src/results/text.ts'
import { WINDOW_INPUT, windowIfAsked } from '../../src/time/window.ts'

// Both halves stay under 8,000, also with names of the dearest codes, for which the estimate is a little too low. It is
// too high for words, so that a hundred orders of a shop fit.
const MAX_TOKENS = 7900
const TOO_HIGH = 0.25

export default defineTool({
  name: 'list_orders',
  title: 'Orders',
  description:
    'Finds orders by the day opened, with status completed by that of completion; counts and sums all that match. ' +
    'Lines: get_order; figures: get_sales_report.',
  scopes: ['pos:read'],
  aboutClients: ({ clientId }) => clientId !== undefined,
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    ...WINDOW_INPUT,
    search: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, description: 'In number, note, client, product' }),
    ),
    status: Type.Optional(StringEnum(ORDER_STATUSES)),
    locationId: Reference,
    clientId: Reference,
    product: Reference,
    employee: Reference,
    paymentMethod: Type.Optional(Type.String({ minLength: 1, maxLength: 40 })),
    minTotal: Type.Optional(Amount()),
    maxTotal: Type.Optional(Amount()),
    discounted: Type.Optional(Type.Boolean()),
    refunded: Type.Optional(Type.Boolean()),
    sort: StringEnum(ORDER_SORTS, { default: 'newest' }),
    limit: Limit({ default: 20, maximum: 100 }),
    cursor: Cursor,
  }),
  output: OrderListSchema,
  async handler({ search, status, locationId, clientId, product, sort, limit, cursor, ...input }, context) {
    const { db, business, now } = context
    const [place, client, variant, who] = await together([
      placeOf(db, business, locationId),
      clientId === undefined
        ? undefined
        : orNone(db, business.id, 'client', clientId, (text) =>
            clientOf(db, business.id, text, 'clientId', { isRead: true }),
          ),
      product === undefined ? undefined : variantToRead(db, business.id, product),
      whose(context, input.employee),
    ])
    const window = windowIfAsked(input, now, place.timezone)
    const filter = {
      days: window,
      status,
      locationId: place.location?.id,
      clientId: client === null ? null : client?.id,
      variantId: variant?.variant_id,
      paymentMethod: input.paymentMethod,
      minTotal: input.minTotal,
      maxTotal: input.maxTotal,
      isDiscounted: input.discounted,
      isRefunded: input.refunded,
    }
    const role: EmployeeRole = who.ownOnly ? 'sold_by' : roleOf({ status, discounted: input.discounted })
    const own = { search, employeeId: idOf(who), employeeRole: role }
    // The sums are of own orders, also where the list has one of somebody else.
    const shown = who.ownOnly ? ownOrders(who, search) : own
    const after = sortedCursor(cursor, sort)
    const [, rows, sums, people] = await together([
      requireSearchable(db, business.id, { ...filter, ...shown }),
      findOrders(db, business.id, { ...filter, ...shown, sort, limit: limit + 1, after }),
      who.ownOnly && who.employee === null ? [] : sumOrders(db, business.id, { ...filter, ...own }),
      role === 'sold_by' ? undefined : sumByEmployee(db, business.id, { ...filter, ...own }, role),
    ])
    // A word for it that no sale has, as "efectivo" where it is "cash", is not a method without orders.
    const { paymentMethod } = input
    if (paymentMethod !== undefined && rows.length === 0) {
      await knownOf(db, business.id, 'payment_method', paymentMethod, 'paymentMethod')
    }
    const { columns, rows: cells, same } = compactOrders(rows, role, business)
    const limited = describeOwnOnly(who, 'orders')
    const meant = input.employee === undefined ? '' : `${ROLE_TERMS[role]}; `
    const named = {
      locationId: place,
      clientId: client === null ? NONE : client,
      product: variant,
      employee: who.isNobody ? NONE : who.employee,
    }
    const taken = sentenceOfTaken(named)
    const listed = rows.map((row, index) => ({ row, cells: cells[index] ?? [] }))
    const besides = {
      ...(window === undefined
        ? {}
        : {
            window: { ...window, currency: business.currency },
            windowOf: status === 'completed' ? 'completed' : 'opened',
          }),
      currency: business.currency,
      ...(sums === null
        ? {}
        : {
            matching: {
              ...orderSums(sums, business),
              ...(people && { byEmployee: orderPeople(people, role, business) }),
            },
          }),
      columns,
      same,
    }
    const whom = `${describeTaken(named)}${meant}`
    const terms = `${ORDER_TERMS}; ${BLANKS}`
    const notes = [limited ?? '', whom.replace(/; $/, '.')].filter((note) => note !== '')
    for (let budget = MAX_TOKENS / 2; ; ) {
      const { items: orders, ...more } = page(
        listed,
        limit,
        ({ row }) => [sort, row.sort_key, row.id],
        ({ cells }) => cells,
        budget,
      )
      const data = { ...besides, orders, ...more, terms: [...notes, terms].join(' ') }
      const text = describeOrders({ ...data, terms }, notes)
      if (context.forFile) return { text, data, taken, file: orderFile(rows.slice(0, orders.length), business) }
      const halves = [text, JSON.stringify(data)]
      const tokens = halves.reduce((sum, half) => sum + estimateTokens(half) - TOO_HIGH * estimateWords(half), 0)
      if (tokens <= MAX_TOKENS || orders.length <= 1) return { text, data }
      budget = Math.floor((budget * MAX_TOKENS) / tokens) - 20
    }
  },
})
