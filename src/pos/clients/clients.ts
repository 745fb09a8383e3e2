import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { clean } from '../../results/text.ts'
import type { Days } from '../../time/window.ts'
import { isUuid } from '../../uuid.ts'
import { onDays } from '../conditions.ts'

export const CLIENT_SORTS = ['name', 'net_sales', 'last_purchase'] as const
type ClientSort = (typeof CLIENT_SORTS)[number]

export interface ClientFilter {
  search?: string | undefined
  country?: string | undefined
  active: boolean
}

export interface ClientQuery extends ClientFilter {
  sort: ClientSort
  limit: number
  /** Value of the sort and id of the last row before. */
  after?: readonly [key: string, id: string] | undefined
}

export interface ClientRow {
  id: string
  code: string
  name: string
  email: string | null
  phone: string | null
  city: string | null
  country: string | null
  is_active: boolean
  orders: string
  net_sales: string
  last_at: Date | null
  /** What the row is sorted by, as the database writes it. */
  sort_key: string
}

// Who never bought comes last, whichever way the sales are looked at.
const SORTS: Record<ClientSort, { key: ReturnType<typeof sql>; type: string; descending: boolean }> = {
  name: { key: sql`c.name`, type: 'text', descending: false },
  net_sales: { key: sql`coalesce(s.net_sales, 0)`, type: 'numeric', descending: true },
  last_purchase: { key: sql`coalesce(s.last_at, '-infinity')`, type: 'timestamptz', descending: true },
}

const clientTables = sql`
  customer c left join customer_sales s on s.business_id = c.business_id and s.customer_id = c.id`

/** Clients with what they bought so far. */
export async function findClients(db: Transaction, businessId: string, query: ClientQuery): Promise<ClientRow[]> {
  const { key, type, descending } = SORTS[query.sort]
  const direction = sql.raw(descending ? 'desc' : 'asc')
  const conditions = filter(businessId, query)
  if (query.after !== undefined) {
    const [value, id] = query.after
    conditions.push(sql`(${key}, c.id) ${sql.raw(descending ? '<' : '>')} (${value}::${sql.raw(type)}, ${id}::uuid)`)
  }
  const { rows } = await sql<ClientRow>`
    select c.id, c.code, c.name, c.email, c.phone, c.city, c.country, c.is_active,
      coalesce(s.orders, 0)::text as orders, coalesce(s.net_sales, 0)::text as net_sales, s.last_at,
      (${key})::text as sort_key
    from ${clientTables}
    where ${sql.join(conditions, sql` and `)}
    order by ${key} ${direction}, c.id ${direction} limit ${query.limit}`.execute(db)
  return rows
}

export interface ClientTotals {
  clients: number
  orders: string
  net_sales: string
}

/** What all clients that match bought together. */
export async function sumClients(db: Transaction, businessId: string, query: ClientFilter): Promise<ClientTotals> {
  const { rows } = await sql<ClientTotals>`
    select count(*)::integer as clients, coalesce(sum(s.orders), 0)::text as orders,
      coalesce(sum(s.net_sales), 0)::text as net_sales
    from ${clientTables}
    where ${sql.join(filter(businessId, query), sql` and `)}`.execute(db)
  return rows[0] ?? { clients: 0, orders: '0', net_sales: '0' }
}

function filter(businessId: string, { search, country, active }: ClientFilter) {
  const conditions = [sql`c.business_id = ${businessId}`, sql`c.is_active = ${active}`]
  if (search !== undefined) conditions.push(sql`c.search like search_pattern(${search})`)
  if (country !== undefined) {
    // There are few countries: each is put into its plain form once, not once for a client.
    conditions.push(sql`c.country = any(array(
      select k.country from (select distinct country from customer where business_id = ${businessId}) k
      where search_text(k.country) = search_text(${country})))`)
  }
  return conditions
}

export interface ClientDetail extends Omit<ClientRow, 'sort_key'> {
  tax_id: string | null
  note: string | null
  updated_at: Date
  first_at: Date | null
}

/**
 * One client by id or code.
 * @throws ServiceError `not_found`
 */
export async function findClient(db: Transaction, businessId: string, idOrCode: string): Promise<ClientDetail> {
  const { rows } = await sql<ClientDetail>`
    select c.id, c.code, c.name, c.email, c.phone, c.tax_id, c.city, c.country, c.note, c.is_active, c.updated_at,
      coalesce(s.orders, 0)::text as orders, coalesce(s.net_sales, 0)::text as net_sales, s.first_at, s.last_at
    from ${clientTables}
    where c.business_id = ${businessId} and ${isClient(idOrCode)}
    order by c.id limit 1`.execute(db)
  const [client] = rows
  if (client === undefined) throw noSuchClient()
  return client
}

/**
 * Id and name of a client by id or code.
 * @param argument name of the argument that `idOrCode` came in
 * @throws ServiceError `not_found`
 */
export async function clientOf(
  db: Transaction,
  businessId: string,
  idOrCode: string,
  argument: string,
): Promise<{ id: string; name: string }> {
  const { rows } = await sql<{ id: string; name: string }>`
    select c.id, c.name from customer c where c.business_id = ${businessId} and ${isClient(idOrCode)}
    order by c.id limit 1`.execute(db)
  const [client] = rows
  if (client === undefined) throw noSuchClient(argument)
  return { id: client.id, name: clean(client.name, 80) }
}

/** Whether a row `c` is the client with this id or code. */
export function isClient(idOrCode: string) {
  return isUuid(idOrCode) ? sql`(c.id = ${idOrCode} or c.code = ${idOrCode})` : sql`c.code = ${idOrCode}`
}

/** The one answer for an unknown client and for that of another business. */
export function noSuchClient(argument = 'client'): ServiceError {
  return new ServiceError('not_found', `${argument}: there is no client with this id or code in this business.`, {
    hint: 'Use list_clients to find the id or code.',
  })
}

/** How many of a client's orders are looked through for what they like. */
const MAX_ORDERS = 1000

export interface FavouriteProduct {
  product_id: string
  sku: string
  name: string
  label: string | null
  units: string
}

/**
 * What a client bought most of, by units less what came back, among the newest orders opened on some days. A client
 * who stands for many, such as "counter", costs no more than one with `MAX_ORDERS` orders.
 */
export async function favouriteProducts(
  db: Transaction,
  client: { businessId: string; clientId: string },
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
