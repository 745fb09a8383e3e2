import { type Expression, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { clean } from '../../results/text.ts'
import { isUuid } from '../../uuid.ts'

// A person reads "0070" from a receipt of order Z10-261127-0070.
const SHORTEST_END = 3
const MAX_NAMED = 5
/** Among how many of the newest orders similar numbers are searched. */
const NEWEST = 2000

/** Whether an order number ends with a text, in any case. The index `orders_by_number_end` serves it. */
export function numberEndsWith(end: string): Expression<SqlBool> {
  const backwards = [...end.toLowerCase()].reverse().join('')
  return sql<SqlBool>`reverse(lower(o.order_number)) like ${`${escaped(backwards)}%`}`
}

function escaped(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}

/** Orders `o` that a reference may mean: the lower the tier, the surer. */
function candidates(businessId: string, reference: string) {
  const text = reference.trim()
  if (isUuid(text)) {
    return sql`
      select o.id, o.order_number, o.opened_at, case when o.id = ${text} then 0 else 1 end as tier
      from orders o where o.business_id = ${businessId} and (o.id = ${text} or o.order_number = ${text})`
  }
  const isMeant =
    text.length < SHORTEST_END
      ? sql<SqlBool>`reverse(lower(o.order_number)) = reverse(lower(${text}))`
      : numberEndsWith(text)
  return sql`
    select o.id, o.order_number, o.opened_at,
      case when o.order_number in (${reference}, ${text}) then 0 when lower(o.order_number) = lower(${text}) then 1 else 2 end as tier
    from orders o where o.business_id = ${businessId} and (o.order_number = ${reference} or ${isMeant})`
}

/**
 * The id of the order that a reference means, as an expression for queries: an order's id, its number in any case, or
 * the end of a number that no other has. Null if it means none or several.
 */
export function orderIdOf(businessId: string, reference: string): Expression<string> {
  return sql<string>`(
    select case when count(*) = 1 then (array_agg(id))[1] end
    from (select id, rank() over (order by tier) as place from (${candidates(businessId, reference)}) c) ranked
    where place = 1)`
}

/** The error for a reference that means no order or several; the same for another business's as for an unknown one. */
export async function noSuchOrder(db: Transaction, businessId: string, reference: string): Promise<ServiceError> {
  const pattern = `%${escaped(reference.trim().toLowerCase())}%`
  const [{ rows: meant }, { rows: near }] = await Promise.all([
    sql<{ order_number: string }>`
      select order_number from (${candidates(businessId, reference)}) c
      order by opened_at desc, id limit ${MAX_NAMED}`.execute(db),
    sql<{ order_number: string; is_near: boolean }>`
      select order_number, lower(order_number) like ${pattern} as is_near
      from (
        select order_number, opened_at, id from orders
        where business_id = ${businessId} order by opened_at desc, id desc limit ${NEWEST}
      ) newest
      order by is_near desc, opened_at desc, id desc limit ${MAX_NAMED}`.execute(db),
  ])
  const named = (rows: readonly { order_number: string }[]) =>
    rows.map(({ order_number }) => clean(order_number, 40)).join(', ')
  if (meant.length > 1) {
    return new ServiceError('invalid_argument', `order: several numbers end so, the newest ${named(meant)}.`, {
      hint: 'Give the whole number.',
    })
  }
  const similar = near.filter(({ is_near }) => is_near)
  const numbers =
    near.length === 0
      ? ''
      : similar.length > 0
        ? ` Similar numbers: ${named(similar)}.`
        : ` The newest numbers: ${named(near)}.`
  return new ServiceError('not_found', `order: there is no such order in this business.${numbers}`, {
    hint: 'Use list_orders to find its number.',
  })
}
