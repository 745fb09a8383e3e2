import { type RawBuilder, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Days } from '../../time/window.ts'
import { atLocation, onDays } from '../conditions.ts'
import { rollupRows } from '../rollups.ts'
import type { SalesScope } from '../scope.ts'

/** Two products that orders hold together. */
export interface Pair {
  first: string
  first_sku: string
  second: string
  second_sku: string
  /** Orders with the first, with the second, and with both. */
  first_orders: string
  second_orders: string
  orders: string
}

/** A product, in how many orders it is, and in how many of them it is the only one. */
export interface BoughtAlone {
  name: string
  sku: string
  orders: number
  alone: number
  /** How many products are so, shown or not. */
  products: number
}

/** Pairs of other orders come after these, which are enough to tell chance from habit. */
export const MIN_ORDERS = 2
/** In the whole shop, pairs are made of so many products: those in most orders. */
export const MAX_PRODUCTS = 200
/** Whose lines are read. A longer window is cut to its latest days that have no more. */
export const MAX_ORDERS = 20_000
/** How many are named of those that are mostly, and never, bought alone. */
const MAX_ALONE = 5

/**
 * Pairs of products that were sold in the same orders, those in most orders first. Products count as a whole, whatever
 * their variants; lines that take goods back do not count, refunds of orders do not change what was bought together.
 * @param product the one that all pairs have; without it, of the whole shop
 * @param maxOrders how many orders and refunds are read: of a window with more, its latest whole days that fit, and at
 *   least the latest with any
 * @returns also the first day that was read, how many orders and refunds the window has, how many orders the days have
 *   that were read, and how many pairs; of one product how often it was bought alone, else which products mostly and
 *   which never were, of those in `MIN_ORDERS`
 */
export async function boughtTogether(
  db: Transaction,
  scope: SalesScope,
  {
    days,
    timezone,
    productId,
    limit,
    maxOrders = MAX_ORDERS,
  }: { days: Days; timezone: string; productId: string | undefined; limit: number; maxOrders?: number },
) {
  const { businessId } = scope
  // With one product, it stands first.
  const isPair = productId === undefined ? sql`a < b` : sql`a = ${productId} and b <> a`
  const name = (of: string) => sql`
    (select p.name from product p where p.business_id = ${businessId} and p.id = ${sql.ref(of)})`
  const sku = (of: string) => sql`
    (select min(v.sku) from product_variant v where v.business_id = ${businessId} and v.product_id = ${sql.ref(of)})`
  const bought = (condition: RawBuilder<unknown>, most: 'alone' | 'orders') => sql`(
    select coalesce(jsonb_agg(jsonb_build_object('name', ${name('r.product_id')}, 'sku', ${sku('r.product_id')},
      'orders', r.orders, 'alone', r.alone, 'products', r.products) order by r.place), '[]')
    from (
      select *, count(*) over () as products, row_number() over (order by ${sql.ref(most)} desc, product_id) as place
      from products where ${condition} order by place limit ${MAX_ALONE}) r)`
  const isOften = sql`orders >= ${MIN_ORDERS}`
  const covered = { from: sql`(select first_day from covered)`, to: days.to }
  const { rows } = await sql<
    Pair &
      Record<'first_day' | 'all_orders' | 'sold_orders' | 'pairs', string> &
      Record<'own' | 'mostly' | 'never', BoughtAlone[]>
  >`
    with daily as (
      select r.day, sum(sum(r.orders + r.refunds)) over (order by r.day desc) as so_far
      from sales_daily r where ${rollupRows('r', scope, days)} group by r.day
    ),
    covered as materialized (
      select max(so_far) as all_orders,
        case when max(so_far) <= ${maxOrders} then ${days.from}::date
          else least(max(day) filter (where so_far > ${maxOrders}) + 1, max(day)) end as first_day
      from daily
    ),
    sold as materialized (
      select o.id, array_agg(distinct i.product_id) as items
      from orders o join order_item i on i.business_id = o.business_id and i.order_id = o.id
      where o.business_id = ${businessId} and ${atLocation('o.location_id', scope.locationId)}
        and o.status = 'completed' and ${onDays('o.completed_at', covered, timezone)} and i.quantity > 0
      group by o.id
    ),
    products as materialized (
      select product_id, count(*) as orders, count(*) filter (where cardinality(items) = 1) as alone
      from sold, unnest(items) product_id group by 1
      order by ${productId === undefined ? sql`` : sql`product_id = ${productId} desc,`} 2 desc, 1
      limit ${productId === undefined ? MAX_PRODUCTS : null}
    ),
    -- Of each order all pairs of its own list: PostgreSQL cannot know how many rows were sold, and would join them with
    -- each other row by row.
    listed as (
      ${
        productId === undefined
          ? sql`select array_agg(item) as items from sold, unnest(items) item
              where cardinality(items) > 1 and item in (select product_id from products) group by id`
          : sql`select items from sold where ${productId} = any(items)`
      }
    ),
    together as (
      select a, b, count(*) as orders
      from listed, unnest(items) a, unnest(items) b
      where ${isPair}
      group by 1, 2 having count(*) >= ${MIN_ORDERS}
    ),
    shown as (
      select t.*, count(*) over () as pairs from together t order by t.orders desc, t.a, t.b limit ${limit}
    )
    select coalesce(c.first_day, ${days.from})::text as first_day, coalesce(c.all_orders, 0)::text as all_orders,
      (select count(*) from sold)::text as sold_orders, coalesce(t.pairs, 0)::text as pairs,
      ${productId === undefined ? sql`'[]'::jsonb` : bought(sql`product_id = ${productId}`, 'orders')} as own,
      ${productId === undefined ? bought(sql`${isOften} and alone * 2 > orders`, 'alone') : sql`'[]'::jsonb`} as mostly,
      ${productId === undefined ? bought(sql`${isOften} and alone = 0`, 'orders') : sql`'[]'::jsonb`} as never,
      ${name('t.a')} as first, ${sku('t.a')} as first_sku, ${name('t.b')} as second, ${sku('t.b')} as second_sku,
      (select p.orders from products p where p.product_id = t.a)::text as first_orders,
      (select p.orders from products p where p.product_id = t.b)::text as second_orders, t.orders::text
    from covered c left join shown t on true
    order by t.orders desc, t.a, t.b`.execute(db)
  const [any] = rows
  return {
    from: any?.first_day ?? days.from,
    windowOrders: Number(any?.all_orders ?? 0),
    orders: Number(any?.sold_orders ?? 0),
    count: Number(any?.pairs ?? 0),
    own: any?.own[0],
    mostly: any?.mostly ?? [],
    never: any?.never ?? [],
    pairs: rows.filter(({ orders }) => orders !== null) as Pair[],
  }
}
