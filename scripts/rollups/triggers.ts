/**
 * The triggers on orders and refunds: every change of a fact adds its new contribution and subtracts its old one, in
 * the transaction of the change.
 */
import { keep, keepNew } from './cells.ts'
import { keepCustomers, lookUpInstants } from './customers.ts'
import {
  customerFacts,
  customerRefundFacts,
  itemFacts,
  lockRows,
  moneyBackFacts,
  ofOrders,
  oneByOne,
  orderFacts,
  otherMethodFacts,
  partsOf,
  partsWithRefunds,
  paymentFacts,
  refundFacts,
  refundLineFacts,
  refundLinesOf,
  withOrders,
  withRefunds,
} from './facts.ts'
import { lockGroups } from './groups.ts'
import { layout, nested, union } from './layout.ts'
import { addTotals, ORDER_TOTALS, REFUND_TOTALS } from './totals.ts'

/** The rows of a change, in the transition tables that its trigger names. */
const SIGNED = {
  insert: 'select 1 as sign, * from added',
  update: union('select -1 as sign, * from removed', 'select 1 as sign, * from added'),
  delete: 'select -1 as sign, * from removed',
} as const
type Event = keyof typeof SIGNED
const keepOf = (event: Event) => (event === 'insert' ? keepNew : keep)

/** Old and new versions of the rows in which an update changed one of some columns. */
const changed = (columns: string) => layout`
  select sum(sign)::integer as sign, ${columns}
  from ${nested(SIGNED.update)} n
  group by ${columns}
  having sum(sign) <> 0`
/** Lines, payments and refunds follow their order if its status, time, place or client changes. */
const MOVED = changed('business_id, id, status, completed_at, location_id, customer_id')
/** Refunds follow the seller, type, client and discounts of their order. */
const ATTRIBUTED = changed('business_id, id, sold_by, order_type, customer_id, discounts')
/** Refund lines follow the tax rate of their order line. */
const RETAXED = changed('business_id, order_id, line_number, tax_rate')

/** Locks orders, so that what is read of them stays true until the end of the transaction. */
const lockOrders = (rows: string) => lockRows('orders', 'order_id', rows, 'no key update')

/** The shared lock: a change of time zone rebuilds under the exclusive one, so it never misses a sale being written. */
export const shareLock = (rows: string) => layout`
  if exists (
    select from ${nested(rows)} n
    where not exists (select from business b where b.id = n.business_id)
  ) then
    raise exception 'set app.business_id to the business of these rows: its sums could not be kept otherwise';
  end if;
  perform pg_advisory_xact_lock_shared(hashtextextended(k.business_id::text, 0))
  from (
    select distinct business_id
    from ${nested(rows)} n
    order by business_id
  ) k;`

function onOrders(event: Event): string[] {
  const rows = SIGNED[event]
  const clients = customerFacts(rows)
  const lock = event === 'insert' ? [] : [lockGroups('sales', rows)]
  if (event !== 'update') {
    return [
      ...lock,
      keepOf(event)('sales', orderFacts(rows)),
      keepCustomers(clients),
      ...(event === 'delete' ? [lookUpInstants(clients)] : []),
    ]
  }
  return [
    ...lock,
    // The lines of a sale change the sums of their order, which has no refunds then. With refunds, all is one statement,
    // which locks its cells in the order of every other.
    layout`
      if exists (
        select from removed n
        ${oneByOne('order_refund', 'r', 'r.business_id = n.business_id and r.order_id = n.id')}
      ) then
        ${keep('sales', union(orderFacts(rows), refundFacts(ofOrders(ATTRIBUTED, 'order_refund'))))}
        ${keepCustomers(union(clients, customerRefundFacts(ofOrders(MOVED, 'order_refund'))))}
      else
        ${keep('sales', orderFacts(rows))}
        ${keepCustomers(clients)}
      end if;`,
    lookUpInstants(clients),
    layout`
      if exists ${nested(MOVED)} then
        ${lockGroups('lines', `select n.* from ${ofOrders(MOVED, 'order_item')}`)}
        ${keep('lines', itemFacts(ofOrders(MOVED, 'order_item')))}
        ${keep('payments', paymentFacts(ofOrders(MOVED, 'order_payment')))}
      end if;`,
  ]
}

function onItems(event: Event): string[] {
  const facts = itemFacts(withOrders(SIGNED[event]))
  const retaxed = refundLineFacts(refundLinesOf(RETAXED))
  return [
    addTotals(ORDER_TOTALS, SIGNED[event]),
    ...(event === 'insert' ? [] : [lockGroups('lines', SIGNED[event])]),
    keepOf(event)('lines', event === 'update' ? union(facts, retaxed) : facts),
  ]
}

function onPayments(event: Event): string[] {
  return [lockOrders(SIGNED[event]), keepOf(event)('payments', paymentFacts(withOrders(SIGNED[event])))]
}

function onRefunds(event: Event): string[] {
  return [
    lockOrders(SIGNED[event]),
    lockGroups('sales', `select o.business_id, o.customer_id from ${withOrders(SIGNED[event])}`),
    keep('sales', refundFacts(withOrders(SIGNED[event]))),
    keepCustomers(customerRefundFacts(withOrders(SIGNED[event]))),
    keep(
      'payments',
      event === 'update'
        ? union(moneyBackFacts(SIGNED[event]), otherMethodFacts(partsOf(SIGNED[event])))
        : moneyBackFacts(SIGNED[event]),
    ),
  ]
}

function onRefundPayments(event: Event): string[] {
  return [lockOrders(SIGNED[event]), keep('payments', otherMethodFacts(partsWithRefunds(SIGNED[event])))]
}

function onRefundLines(event: Event): string[] {
  return [
    addTotals(REFUND_TOTALS, SIGNED[event]),
    lockGroups('lines', SIGNED[event]),
    keep('lines', refundLineFacts(withRefunds(SIGNED[event]))),
  ]
}

const STATEMENTS: Record<string, (event: Event) => string[]> = {
  orders: onOrders,
  order_item: onItems,
  order_payment: onPayments,
  order_refund: onRefunds,
  order_refund_line: onRefundLines,
  order_refund_payment: onRefundPayments,
}

/** The functions of all triggers: one for each table and kind of change. */
export function triggerFunctions(): string[] {
  return Object.entries(STATEMENTS).flatMap(([table, statements]) =>
    (Object.keys(SIGNED) as Event[]).map(
      (event) => layout`
        create or replace function ${table}_rollup_${event}() returns trigger
        language plpgsql security definer set search_path = public, pg_temp
        as $$
        begin
          ${[shareLock(SIGNED[event]), ...statements(event), 'return null;'].join('\n\n')}
        end
        $$;`,
    ),
  )
}
