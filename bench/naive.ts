// What a report would cost without rollups: the raw rows of the shop, cut into local days and summed each time.

interface Naive {
  sql: string
  /** What must come out the same as the tool's headline. */
  headline: 'net_sales' | null
}

const lines = `
  from orders o
  join order_item i on i.business_id = o.business_id and i.order_id = o.id
  join business b on b.id = o.business_id
  where o.business_id = app_business_id() and o.status = 'completed'`
const day = '(o.completed_at at time zone b.timezone)::date'

/** Queries by tool; $1 is the first local day, $2 the last. */
export const NAIVE: Record<string, Naive> = {
  summarize_day: {
    sql: `with facts as (
        select ${day} as day, extract(hour from o.completed_at at time zone b.timezone) as hour, i.variant_id,
          sum(i.net_sales) as net_sales, sum(i.quantity) as units ${lines}
          and ${day} in ($1::date, $1::date - 7, $1::date - 14, $1::date - 21, $1::date - 28) and $2::date is not null
        group by 1, 2, 3)
      select sum(net_sales) filter (where day = $1::date)::text as net_sales, count(distinct variant_id) from facts`,
    headline: null,
  },
  summarize_period: {
    sql: `with facts as (
        select ${day} as day, i.variant_id, sum(i.net_sales) as net_sales, sum(i.quantity) as units,
          count(distinct o.customer_id) as clients ${lines}
          and ${day} between $1::date - ($2::date - $1::date + 1) and $2::date
        group by 1, 2)
      select sum(net_sales) filter (where day between $1::date and $2::date)::text as net_sales,
        count(distinct variant_id), sum(clients) from facts`,
    headline: 'net_sales',
  },
  get_top_products: {
    sql: `with facts as (
        select i.variant_id, sum(i.net_sales) as net_sales, sum(i.quantity) as units,
          sum(i.quantity * i.unit_cost) as cost ${lines} and ${day} between $1::date and $2::date
        group by 1)
      select sum(net_sales)::text as net_sales, count(*) from facts`,
    headline: 'net_sales',
  },
  get_inventory_health: {
    sql: `with sold as (
        select i.variant_id, sum(i.quantity) filter (where ${day} > $2::date - 30) as units_30, sum(i.quantity) as units_90,
          sum(i.net_sales) as net_sales ${lines} and ${day} between $2::date - 90 and $2::date and $1::date is not null
        group by 1)
      select count(*) filter (where s.on_hand <= s.reorder_point), sum(s.on_hand * v.cost), sum(sold.units_30)
      from inventory s
      join product_variant v on v.business_id = s.business_id and v.id = s.variant_id
      left join sold on sold.variant_id = s.variant_id
      where s.business_id = app_business_id()`,
    headline: null,
  },
}
