import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Days } from '../../time/window.ts'
import { onDays, searchPattern } from '../conditions.ts'
import { searchingProducts } from '../product-search.ts'
import { searching } from '../search.ts'

// A search finds orders by a part of their number or note, or of their client's name, code or e-mail address, or by the
// words of a product's name. There are two ways to do so: each of these by an index, or order by order.

/** Local days, and the column that falls on them. */
export interface OrderDays {
  column: 'opened_at' | 'completed_at'
  days: (Days & { timezone: string }) | undefined
}

/** Whether an index can look up a text: a shorter run of letters or digits has no trigram. */
export function isIndexed(search: string): boolean {
  return /[\p{L}\p{N}]{3}/u.test(search)
}

/** The products whose names have the words of a search. */
function foundVariants(businessId: string, search: string): RawBuilder<unknown> {
  const { mayMatch } = searchingProducts(search)
  // By its name as a line has it: part of an order number may be part of somebody's barcode.
  const { isMatch: isNamed } = searching(sql<string>`(p.search || ' ' || search_text(coalesce(v.label, '')))`, search)
  return sql`
    select v.id
    from product_variant v
    join product p on p.business_id = v.business_id and p.id = v.product_id
    where v.business_id = ${businessId} and ${mayMatch} and ${isNamed}`
}

/** The clients that have the text. */
const foundClients = (businessId: string, search: string) =>
  sql`select u.id from customer u where u.business_id = ${businessId} and u.search like ${searchPattern(search)}`

/** Whether an order `o` has the text in its number or note. */
const isInText = (search: string) =>
  sql<SqlBool>`(lower(o.order_number) like ${searchPattern(search)}
    or (o.note is not null and search_text(o.note) like ${searchPattern(search)}))`

/**
 * The ids of orders that a search which is indexed finds, some of them twice. Each way is looked up by itself, which
 * spares reading the lines of all orders.
 * @param days on which orders are looked for by their client
 */
export function foundOrders(businessId: string, search: string, { column, days }: OrderDays): RawBuilder<unknown> {
  const isOnDays = days === undefined ? sql`true` : onDays(`n.${column}`, days, days.timezone)
  // The cheapest first, since they need not all be looked through to know that there are many.
  return sql`
    select i.order_id from order_item i
    where i.business_id = ${businessId} and i.variant_id in (${foundVariants(businessId, search)})
    union all
    select n.id from orders n
    where n.business_id = ${businessId} and ${isOnDays} and n.customer_id in (${foundClients(businessId, search)})
    union all
    select orders_with(${searchPattern(search)})`
}

/**
 * Whether a search finds an order `o`, order by order: for few orders, for a text that is not indexed, or where so many
 * are found that a page soon is.
 * `offset 0` keeps the lines of all orders from being read at once.
 */
export function isFoundInRow(businessId: string, search: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${isInText(search)}
    or o.customer_id in (${foundClients(businessId, search)})
    or exists (
      select from order_item i
      where i.business_id = o.business_id and i.order_id = o.id
        and i.variant_id = any(array(${foundVariants(businessId, search)}))
      offset 0))`
}
