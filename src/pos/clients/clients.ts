import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Customer, CustomerSales, DB } from '../../database/types.ts'
import type { Days } from '../../time/window.ts'
import { onDays, searchPattern } from '../conditions.ts'
import { clientMeaning, theClient } from '../references.ts'

// Of one name; more would not be told.
const MAX_CANDIDATES = 11

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
  /** Sort value and id of the last row of the previous page. */
  after?: readonly [key: string, id: string] | undefined
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

/** Clients with the sums of their sales. */
export function findClients(db: Transaction, businessId: string, query: ClientQuery) {
  const { key, type, descending } = SORTS[query.sort]
  const direction = descending ? 'desc' : 'asc'
  let clients = clientsWithSales(db, businessId)
    .select(['c.id', 'c.code', 'c.name', 'c.email', 'c.phone', 'c.city', 'c.country', 'c.is_active'])
    .select([...lifetime, 's.last_at'])
    // The sort value as the database writes it, for the cursor.
    .select(eb.cast<string>(key, 'text').as('sort_key'))
    .where(isMatch(businessId, query))
  if (query.after !== undefined) {
    const [value, id] = query.after
    const last = eb.tuple(eb.cast(eb.val(value), type), id)
    clients = clients.where(eb(eb.refTuple(key, 'c.id'), descending ? '<' : '>', last))
  }
  return clients.orderBy(key, direction).orderBy('c.id', direction).limit(query.limit).execute()
}

/** The sums over all clients that match. */
export function sumClients(db: Transaction, businessId: string, query: ClientFilter) {
  return clientsWithSales(db, businessId)
    .select([
      eb.cast<number>(eb.fn.countAll(), 'integer').as('clients'),
      eb.cast<string>(eb.fn.coalesce(eb.fn.sum('s.orders'), eb.lit(0)), 'text').as('orders'),
      eb.cast<string>(eb.fn.coalesce(eb.fn.sum('s.net_sales'), eb.lit(0)), 'text').as('net_sales'),
    ])
    .where(isMatch(businessId, query))
    .executeTakeFirstOrThrow()
}

function isMatch(businessId: string, { search, country, active }: ClientFilter): Expression<SqlBool> {
  const conditions = [eb('c.is_active', '=', active)]
  if (search !== undefined) conditions.push(eb('c.search', 'like', searchPattern(search)))
  if (country !== undefined) {
    // There are few countries, so each is normalised once rather than once per client.
    const countries = expressionBuilder<DB>()
      .selectFrom((from) =>
        from.selectFrom('customer').select('country').distinct().where('business_id', '=', businessId).as('k'),
      )
      .select('k.country')
      .where((own) => own(own.fn<string>('search_text', ['k.country']), '=', sql<string>`search_text(${country})`))
    conditions.push(eb('c.country', '=', eb.fn.any(sql<string[]>`array(${countries})`)))
  }
  return eb.and(conditions)
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
  return theClient(rows, reference)
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
