/** Sums by client. Clients have no time zone, so that `customer_sales` is by client only. */
import { signedSums } from './cells.ts'
import { isSale } from './facts.ts'
import { layout, nested } from './layout.ts'

const customerNet = (facts: string) => layout`
  select
    business_id, customer_id, at,
    ${signedSums(['orders', 'net_sales'])}
  from ${nested(facts)} signed
  group by business_id, customer_id, at
  having (sum(sign * orders), sum(sign * net_sales)) is distinct from (0, 0)`

export const customerCells = (facts: string) => layout`
  select
    business_id, customer_id, sum(orders) as orders, sum(net_sales) as net_sales,
    min(at) filter (where orders > 0) as first_at, max(at) filter (where orders > 0) as last_at
  from ${nested(customerNet(facts))} net
  group by business_id, customer_id`

/** Applies a change to the sums. */
export const keepCustomers = (facts: string) => layout`
  insert into customer_sales as kept (business_id, customer_id, orders, net_sales, first_at, last_at)
  ${customerCells(facts)}
  order by business_id, customer_id
  on conflict (business_id, customer_id) do update
  set
    orders = kept.orders + excluded.orders, net_sales = kept.net_sales + excluded.net_sales,
    first_at = least(kept.first_at, excluded.first_at), last_at = greatest(kept.last_at, excluded.last_at);`

/** Instants cannot be added up: if an order left, they are looked up, now that the client's row is locked. */
export const lookUpInstants = (facts: string) => layout`
  update customer_sales c
  set (first_at, last_at) = (
    select min(o.completed_at), max(o.completed_at)
    from orders o
    where o.business_id = c.business_id and o.customer_id = c.customer_id and o.status = 'completed'
      and ${isSale('o')}
  )
  from (
    select distinct business_id, customer_id
    from ${nested(customerNet(facts))} net
    where net.orders < 0
  ) gone
  where c.business_id = gone.business_id and c.customer_id = gone.customer_id;`
