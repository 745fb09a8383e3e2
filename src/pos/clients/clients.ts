import { type Expression, expressionBuilder, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Customer, CustomerSales, DB } from '../../database/types.ts'
import type { Days } from '../../time/window.ts'
import { onDays } from '../conditions.ts'
import { clientMeaning, theClient } from '../references.ts'
import { NEAR, searching } from '../search.ts'
import { hasFewClients, nearClients } from '../suggestions.ts'
import { type ClientStatus, hasStatus, ratedClients } from './client-status.ts'

// Of one name; more would not be told.
const MAX_CANDIDATES = 11
/** How many are told where nothing matches. */
const MAX_NEAREST = 5

export const CLIENT_SORTS = ['name', 'net_sales', 'last_purchase'] as const
type ClientSort = (typeof CLIENT_SORTS)[number]

/** What clients may lack. A tax id without a digit is none: "CF" is what receipts of Guatemala say in its place. */
const LACKS = {
  tax_id: sql<SqlBool>`coalesce(c.tax_key, '') !~ '[0-9]'`,
  email: sql<SqlBool>`coalesce(trim(c.email), '') = ''`,
  phone: sql<SqlBool>`coalesce(c.phone_key, '') = ''`,
  city: sql<SqlBool>`coalesce(trim(c.city), '') = ''`,
}
export const CLIENT_LACKS = ['tax_id', 'email', 'phone', 'city'] as const
export type ClientLack = (typeof CLIENT_LACKS)[number]

export interface ClientFilter {
  search?: string | undefined
  city?: string | undefined
  country?: string | undefined
  /** Only those who lack all of these. */
  without?: readonly ClientLack[] | undefined
  active: boolean
  status?: ClientStatus | undefined
  /** Only those who bought, and last before this local day. */
  lastPurchaseBefore?: string | undefined
  /** Lifetime net sales, as decimals. */
  minSpend?: string | undefined
  maxSpend?: string | undefined
}

export interface ClientQuery extends ClientFilter {
  sort: ClientSort
  limit: number
  /** Rank in the search, sort value and id of the last row of the previous page. */
  after?: readonly [rank: string, key: string, id: string] | undefined
}

/** Whose clients, and which day it is there: a status depends on both. */
export interface ClientsOf {
  id: string
  timezone: string
  today: string
}

// For the rows of `clientsWithSales`.
const eb = expressionBuilder<{ c: Customer; s: CustomerSales }, 'c' | 's'>()

interface Sort {
  key: Expression<unknown>
  type: 'text' | 'numeric' | 'timestamptz'
  descending: boolean
}

// Clients who never bought come last, whichever sales figure sorts the list.
const SORTS: Record<ClientSort, Sort> = {
  name: { key: eb.ref('c.name'), type: 'text', descending: false },
  net_sales: { key: eb.fn.coalesce('s.net_sales', eb.lit(0)), type: 'numeric', descending: true },
  last_purchase: {
    key: eb.fn.coalesce('s.last_at', sql<Date>`'-infinity'`),
    type: 'timestamptz',
    descending: true,
  },
}

/** Clients `c` with the sums of their sales, `s`. */
function clientsWithSales(db: Transaction, businessId: string) {
  return db
    .selectFrom('customer as c')
    .leftJoin('customer_sales as s', (join) =>
      join.onRef('s.business_id', '=', 'c.business_id').onRef('s.customer_id', '=', 'c.id'),
    )
    .where('c.business_id', '=', businessId)
}

const lifetime = [
  eb.cast<string>(eb.fn.coalesce('s.orders', eb.lit(0)), 'text').as('orders'),
  eb.cast<string>(eb.fn.coalesce('s.net_sales', eb.lit(0)), 'text').as('net_sales'),
] as const

const listed = [
  ...(['c.id', 'c.code', 'c.name', 'c.email', 'c.phone', 'c.tax_id', 'c.city', 'c.country'] as const),
  ...lifetime,
  's.last_at',
] as const

/** Clients with the sums of their sales: by name the best matches of a search come first. */
export function findClients(db: Transaction, business: ClientsOf, query: ClientQuery) {
  const { key, type, descending } = SORTS[query.sort]
  const direction = descending ? 'desc' : 'asc'
  const ranks = query.search !== undefined && query.sort === 'name'
  const rank = ranks ? searching(CLIENT_TEXT, query.search as string).rank : sql<number>`0::integer`
  let clients = clientsWithSales(db, business.id)
    .select(listed)
    // The sort value as the database writes it, for the cursor.
    .select([eb.cast<string>(key, 'text').as('sort_key'), rank.as('rank')])
    .where(isMatch(business, query))
  if (query.after !== undefined) {
    const [lastRank, value, id] = query.after
    const last = sql`(${lastRank}::integer, ${eb.cast(eb.val(value), type)}, ${id}::uuid)`
    clients = clients.where(sql<SqlBool>`(${rank}, ${key}, c.id) ${sql.raw(descending ? '<' : '>')} ${last}`)
  }
  return clients.orderBy(rank).orderBy(key, direction).orderBy('c.id', direction).limit(query.limit).execute()
}

/** The clients whose names are nearest to a search that finds none, the nearest first; none of very many. */
export function nearestClients(db: Transaction, business: ClientsOf, filter: ClientFilter & { search: string }) {
  const { nearness } = searching(CLIENT_TEXT, filter.search)
  // The offset lets each nearness be computed once.
  const all = clientsWithSales(db, business.id)
    .select(listed)
    .select([sql<string>`''`.as('sort_key'), sql<number>`0`.as('rank'), nearness.as('nearness')])
    .where(isMatch(business, { ...filter, search: undefined }))
    .where(hasFewClients(business.id))
    .offset(0)
  return db
    .selectFrom(all.as('near'))
    .selectAll('near')
    .where('near.nearness', '>=', NEAR)
    .orderBy('near.nearness', 'desc')
    .orderBy('near.name')
    .orderBy('near.id')
    .limit(MAX_NEAREST)
    .execute()
}

/** The sums over all clients that match. */
export function sumClients(db: Transaction, business: ClientsOf, filter: ClientFilter) {
  return clientsWithSales(db, business.id)
    .select([
      eb.cast<number>(eb.fn.countAll(), 'integer').as('clients'),
      eb.cast<string>(eb.fn.coalesce(eb.fn.sum('s.orders'), eb.lit(0)), 'text').as('orders'),
      eb.cast<string>(eb.fn.coalesce(eb.fn.sum('s.net_sales'), eb.lit(0)), 'text').as('net_sales'),
    ])
    .where(isMatch(business, filter))
    .executeTakeFirstOrThrow()
}

const CLIENT_TEXT = sql<string>`c.search`
/** So many digits or letters look like a tax id, and so many digits like a phone number. */
const MIN_KEY = 4
const WHOLE_PHONE = 7

/** Whether a client is found by words, or by a tax id or phone number however it is punctuated. */
function isFound(search: string): RawBuilder<SqlBool> {
  const { isMatch } = searching(CLIENT_TEXT, search)
  const key = search.replace(/[^\p{L}\p{N}]/gu, '').toUpperCase()
  if (!/\d/.test(key) || key.length < MIN_KEY) return isMatch
  const isPhone = /^\d+$/.test(key)
    ? sql`or c.phone_key like ${`%${key}%`}
        or (length(c.phone_key) >= ${WHOLE_PHONE}::integer and ${key} like '%' || c.phone_key)`
    : sql``
  return sql<SqlBool>`(${isMatch} or c.tax_key like ${`%${key}%`} ${isPhone})`
}

function isMatch(business: ClientsOf, filter: ClientFilter): Expression<SqlBool> {
  const { search, city, country, without = [], active, status, lastPurchaseBefore, minSpend, maxSpend } = filter
  const conditions: Expression<SqlBool>[] = [eb('c.is_active', '=', active)]
  if (search !== undefined) conditions.push(isFound(search))
  for (const lack of without) conditions.push(LACKS[lack])
  if (city !== undefined) conditions.push(isPlace('city', business.id, city))
  if (country !== undefined) conditions.push(isPlace('country', business.id, country))
  if (status !== undefined) {
    const rated = ratedClients(business, business.today)
    conditions.push(sql`c.id in (select r.id from ${rated} r where ${hasStatus(status, 'r', business.today)})`)
  }
  if (lastPurchaseBefore !== undefined) {
    conditions.push(sql`(s.last_at at time zone ${business.timezone})::date < ${lastPurchaseBefore}::date`)
  }
  if (minSpend !== undefined) conditions.push(sql`coalesce(s.net_sales, 0) >= ${minSpend}::numeric`)
  if (maxSpend !== undefined) conditions.push(sql`coalesce(s.net_sales, 0) <= ${maxSpend}::numeric`)
  return eb.and(conditions)
}

/** Whether a client is at a place. There are few of them, so each is normalised once rather than once per client. */
function isPlace(column: 'city' | 'country', businessId: string, name: string): Expression<SqlBool> {
  const places = expressionBuilder<DB>()
    .selectFrom((from) =>
      from
        .selectFrom('customer')
        .select(sql.ref<string>(column).as('place'))
        .distinct()
        .where('business_id', '=', businessId)
        .as('k'),
    )
    .select('k.place')
    // "Antigua" is "Antigua Guatemala", too: words are taken by their beginnings.
    .where(sql<boolean>`' ' || search_text(k.place) like '% ' || trim('%' from search_pattern(${name.trim()})) || '%'`)
  return eb(`c.${column}`, '=', eb.fn.any(sql<string[]>`array(${places})`))
}

/**
 * One client by id, code, tax id or name.
 * @throws ServiceError `not_found`; `invalid_argument` with the candidates if several have that name
 */
export async function findClient(db: Transaction, businessId: string, reference: string) {
  const { isMeant, tier } = clientMeaning(reference)
  const rows = await clientsWithSales(db, businessId)
    .select(['c.id', 'c.code', 'c.name', 'c.email', 'c.phone', 'c.tax_id', 'c.city', 'c.country', 'c.note'])
    .select(['c.is_active', 'c.updated_at', ...lifetime, 's.first_at', 's.last_at'])
    .select(tier.as('tier'))
    .where(isMeant)
    .orderBy(tier)
    .orderBy('c.code')
    .limit(MAX_CANDIDATES)
    .execute()
  const near = rows.length === 0 ? await nearClients(db, businessId, reference) : []
  return theClient(rows, reference, 'client', near)
}

/** What a client bought on some days, less what was refunded on them. Sales count when they were completed. */
export async function salesOfClient(
  db: Transaction,
  client: { businessId: string; clientId: string | Expression<string> },
  days: Days & { timezone: string },
): Promise<{ orders: number; net_sales: string; total: string }> {
  const { businessId, clientId } = client
  const { rows } = await sql<{ orders: number; net_sales: string; total: string }>`
    select coalesce(sum(sales), 0)::integer as orders, coalesce(sum(net_sales), 0)::text as net_sales,
      coalesce(sum(total), 0)::text as total
    from (
      select case when o.sale_lines > 0 or o.return_lines = 0 then 1 else 0 end as sales, o.net_sales, o.total
      from orders o
      where o.business_id = ${businessId} and o.customer_id = ${clientId} and o.status = 'completed'
        and ${onDays('o.completed_at', days, days.timezone)}
      union all
      select 0, -f.returns, -f.returns - f.tax - f.tips
      from order_refund f
      join orders o on o.business_id = ${businessId} and o.id = f.order_id
      where f.business_id = ${businessId} and o.customer_id = ${clientId}
        and ${onDays('f.refunded_at', days, days.timezone)}
    ) moves`.execute(db)
  return rows[0] as { orders: number; net_sales: string; total: string }
}

/** How many of a client's orders are searched for favourite products. */
const MAX_ORDERS = 1000

export interface FavouriteProduct {
  product_id: string
  sku: string
  name: string
  label: string | null
  units: string
}

/**
 * The products that a client bought most, in units less returns, in the newest orders opened on some days. The limit
 * keeps a client who stands for many people, such as "counter", from costing more than `MAX_ORDERS` orders.
 */
export async function favouriteProducts(
  db: Transaction,
  client: { businessId: string; clientId: string | Expression<string> },
  days: Days & { timezone: string },
  limit: number,
): Promise<FavouriteProduct[]> {
  const { businessId, clientId } = client
  const { rows } = await sql<FavouriteProduct>`
    with recent as materialized (
      select o.id from orders o
      where o.business_id = ${businessId} and o.customer_id = ${clientId} and o.status = 'completed'
        and ${onDays('o.opened_at', days, days.timezone)}
      order by o.opened_at desc limit ${MAX_ORDERS}
    )
    select v.product_id, v.sku, p.name, v.label, b.units::text
    from (
      select variant_id, sum(units) as units
      from (
        select i.variant_id, i.quantity as units
        from recent r join order_item i on i.business_id = ${businessId} and i.order_id = r.id
        union all
        select l.variant_id, -l.quantity
        from recent r
        join order_refund f on f.business_id = ${businessId} and f.order_id = r.id
        join order_refund_line l on l.business_id = ${businessId} and l.refund_id = f.id
      ) lines
      group by variant_id having sum(units) > 0
      order by sum(units) desc, variant_id limit ${limit}
    ) b
    join product_variant v on v.business_id = ${businessId} and v.id = b.variant_id
    join product p on p.business_id = ${businessId} and p.id = v.product_id
    order by b.units desc, b.variant_id`.execute(db)
  return rows
}
