// The same answers without rollups: the raw rows of the shop, divided into local days and summed, with one query per
// question as in the tool. $1 is the first local day, $2 the last.

const day = '(o.completed_at at time zone b.timezone)::date'
const orders = `
  from orders o join business b on b.id = o.business_id
  where o.business_id = app_business_id() and o.status = 'completed'`
const lines = `
  from orders o
  join order_item i on i.business_id = o.business_id and i.order_id = o.id
  join product p on p.business_id = o.business_id and p.id = i.product_id
  join business b on b.id = o.business_id
  where o.business_id = app_business_id() and o.status = 'completed'`
const both = `between $1::date - ($2::date - $1::date + 1) and $2::date`
const sums = 'sum(i.net_sales) as net_sales, sum(i.quantity) as units, sum(i.quantity * i.unit_cost) as cost'

const STOCK = [
  `with sold as (
      select i.variant_id, sum(i.quantity) filter (where ${day} > $2::date - 30) as units, sum(i.net_sales) as net_sales
      ${lines} and ${day} > $2::date - 90 and $1::date is not null group by 1)
    select count(*) filter (where s.on_hand <= s.reorder_point), sum(s.on_hand * v.cost), sum(sold.units)
    from inventory s
    join product_variant v on v.business_id = s.business_id and v.id = s.variant_id
    left join sold on sold.variant_id = s.variant_id
    where s.business_id = app_business_id()`,
]

/** Queries by tool. */
export const NAIVE: Record<string, readonly string[]> = {
  summarize_day: [
    `select ${day}, sum(o.net_sales), sum(o.tax), sum(o.tips), count(*) ${orders}
      and ${day} in ($2::date, $2::date - 7, $2::date - 14, $2::date - 21, $2::date - 28) and $1::date is not null group by 1`,
    `select extract(hour from o.completed_at at time zone b.timezone), sum(o.net_sales) ${orders}
      and ${day} = $2::date and $1::date is not null group by 1`,
    `select i.variant_id, ${sums} ${lines} and ${day} = $2::date and $1::date is not null group by 1 order by 2 desc limit 5`,
  ],
  summarize_period: [
    `select ${day}, sum(o.net_sales), sum(o.tax), sum(o.tips), count(*) ${orders} and ${day} ${both} group by 1`,
    `select i.variant_id, ${day} >= $1::date, ${sums} ${lines} and ${day} ${both} group by 1, 2`,
    `select p.category_id, ${day} >= $1::date, ${sums} ${lines} and ${day} ${both} group by 1, 2`,
    `select count(distinct o.customer_id) filter (where ${day} >= $1::date),
      count(distinct o.customer_id) filter (where ${day} < $1::date) ${orders} and ${day} <= $2::date`,
  ],
  get_top_products: [
    `select i.variant_id, ${sums} ${lines} and ${day} between $1::date and $2::date group by 1 order by 2 desc limit 10`,
    `select sum(o.net_sales) ${orders} and ${day} between $1::date and $2::date`,
  ],
  get_inventory_health: STOCK,
  get_reorder_list: STOCK,
}
