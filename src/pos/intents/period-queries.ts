import { type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Days } from '../../time/window.ts'
import { productCells } from '../reports/sales.ts'
import { monthlyCells } from '../rollups.ts'
import type { SalesScope } from '../scope.ts'
import { STOPPED_UNITS } from './stands-out.ts'

// The sales of a period compared with the period before, from the rollups. Each is one query for any window.

export interface ProductChange {
  product_id: string
  variant_id: string
  sku: string
  name: string
  label: string | null
  units_sold: string
  net_sales: string
  /** Of the whole days of the window. */
  net_whole: string
  net_before: string
  units_before: string
  /** Ranks from 1; null if the product is not in that list. */
  top: number | null
  up: number | null
  down: number | null
  stopped: number | null
  /** How many products sold in the window. */
  sold: number
}

interface CategoryChange {
  /** The products' present category; null for products without one. */
  id: string | null
  name: string | null
  net_sales: string
  net_whole: string
  net_before: string
  /** How many categories sold in the window. */
  sold: number
}

export interface Changes {
  /** The products with the highest net sales, the largest gains and losses, and the best one that stopped selling. */
  products: ProductChange[]
  /** The categories with the highest net sales, by the products' present category. */
  categories: CategoryChange[]
}

/**
 * The sales of products and categories in a window, and the change of its whole days against those of another stretch:
 * the sums of products know no time of day. Without a stretch, nothing has changed.
 */
export async function periodChanges(
  db: Transaction,
  scope: SalesScope,
  { whole, running, before }: { whole: Days | null; running: Days | null; before: Days | null },
  limits: { products: number; movers: number; categories: number },
): Promise<Changes> {
  const columns = sql.raw('product_id, variant_id, units_sold, net_sales')
  const parts = [
    { part: 'whole', of: whole },
    { part: 'running', of: running },
    { part: 'before', of: before },
  ]
  const cells = parts.flatMap(({ part, of }) =>
    of === null ? [] : [sql`select ${part}::text as part, ${columns} from ${productCells(scope, of)} c`],
  )
  const { rows } = await sql<Changes>`
    with cells as (${sql.join(cells, sql` union all `)}),
    sums as materialized (
      select product_id, variant_id,
        coalesce(sum(units_sold) filter (where part <> 'before'), 0) as units_sold,
        coalesce(sum(net_sales) filter (where part <> 'before'), 0) as net_sales,
        coalesce(sum(net_sales) filter (where part = 'whole'), 0) as net_whole,
        coalesce(sum(net_sales) filter (where part = 'before'), 0) as net_before,
        coalesce(sum(units_sold) filter (where part = 'before'), 0) as units_before
      from cells group by 1, 2
    ),
    ranked as (
      select *, net_whole - net_before as change, count(*) filter (where units_sold > 0) over () as sold,
        row_number() over (order by units_sold > 0 desc, net_sales desc, variant_id) as by_net,
        row_number() over (order by net_whole - net_before desc, variant_id) as by_gain,
        row_number() over (order by net_whole - net_before, variant_id) as by_loss,
        row_number() over (
          order by units_sold = 0 and units_before >= ${STOPPED_UNITS} desc, net_before desc, variant_id
        ) as by_stopped
      from sums
    ),
    listed as (
      select *, case when by_net <= ${limits.products} and units_sold > 0 then by_net end as top,
        case when by_gain <= ${limits.movers} and change > 0 then by_gain end as up,
        case when by_loss <= ${limits.movers} and change < 0 then by_loss end as down,
        case when by_stopped = 1 and units_sold = 0 and units_before >= ${STOPPED_UNITS} then 1 end as stopped
      from ranked
    ),
    by_category as (
      select p.category_id, sum(s.net_sales) as net_sales, sum(s.net_whole) as net_whole,
        sum(s.net_before) as net_before, count(*) over () as sold
      from sums s
      join product p on p.business_id = ${scope.businessId} and p.id = s.product_id
      group by 1 having sum(s.units_sold) > 0
    )
    select
      array(
        select to_jsonb(r) from (
          select t.product_id, t.variant_id, v.sku, p.name, v.label, t.units_sold::text, t.net_sales::text,
            t.net_whole::text, t.net_before::text, t.units_before::text, t.top, t.up, t.down, t.stopped, t.sold
          from listed t
          join product p on p.business_id = ${scope.businessId} and p.id = t.product_id
          join product_variant v on v.business_id = ${scope.businessId} and v.id = t.variant_id
          where coalesce(t.top, t.up, t.down, t.stopped) is not null
          order by t.by_net
        ) r
      ) as products,
      array(
        select to_jsonb(r) from (
          select c.id, c.name, t.net_sales::text, t.net_whole::text, t.net_before::text, t.sold
          from by_category t
          left join category c on c.business_id = ${scope.businessId} and c.id = t.category_id
          order by t.net_sales desc, c.name, c.id limit ${limits.categories}
        ) r
      ) as categories`.execute(db)
  const [changes] = rows
  if (changes === undefined) throw new Error('a select without from answers one row')
  return changes
}

/**
 * How many clients completed an order in a window: new ones, whose first order ever falls in it, and returning ones.
 * With a location, its orders decide which clients count; whether they are new is a matter of the whole business.
 */
export async function clientCounts(db: Transaction, scope: SalesScope, days: Days, timezone: string) {
  const { from, to } = days
  const dayOf = (instant: 'first_at' | 'last_at') => sql`(s.${sql.ref(instant)} at time zone ${timezone})::date`
  // The first and last order settle most clients. For the others the cells are read, once and only if there are any.
  const isKnown =
    scope.locationId === undefined
      ? sql`${dayOf('first_at')} >= ${from} or ${dayOf('last_at')} <= ${to}`
      : sql<SqlBool>`false`
  const cells = monthlyCells('customer', { keys: ['customer_id'], sums: ['orders'] }, scope, days)
  const { rows } = await sql<{ new: number; returning: number }>`
    select (count(*) filter (where first_day >= ${from}))::integer as new,
      (count(*) filter (where first_day < ${from}))::integer as returning
    from (
      select ${dayOf('first_at')} as first_day
      from customer_sales s
      where s.business_id = ${scope.businessId}
        -- Only for the index: the local days decide.
        and s.last_at >= (${from}::timestamp at time zone ${timezone}) - interval '3 hours'
        and ${dayOf('first_at')} <= ${to} and ${dayOf('last_at')} >= ${from}
        and (${isKnown} or s.customer_id in (
          select c.customer_id from ${cells} c
          where c.customer_id is not null group by c.customer_id having sum(c.orders) > 0
        ))
    ) active`.execute(db)
  return rows[0] ?? { new: 0, returning: 0 }
}
