/** What stock is there, what it needs, and where that can come from: the rules, as SQL that every answer about it shares. */
import { type RawBuilder, sql } from 'kysely'
import { DEAD_DAYS, DEFAULT_LEAD_DAYS, KEPT_DAYS, OVERSTOCK_DAYS, REVIEW_DAYS, VELOCITY_DAYS } from './replenishment.ts'

export interface StockScope {
  businessId: string
  /** Undefined for all active locations. */
  locationId: string | undefined
}

// Beyond so many days, adding and taking out days costs more than to sum the window anew.
const NEAR_DAYS = 20

const days = (count: number) => sql.raw(`${count}::integer`)

/**
 * Common table expressions, for `with`:
 * - `place`: the locations in question, and the active ones that could give them something;
 * - `stock`: the stock of active products there, with the sales of the last days and how it is judged;
 * - `ordered`: what the locations in question lack, with what to transfer (`moved`) and what to order (`quantity`);
 * - `transfer`: the transfers one by one, also those to other locations, which compete for the same goods.
 *
 * Local days are those of each location. All sums are exact, and each figure divides last, so that nothing is rounded
 * before it is compared.
 */
export function stockNeeds({ businessId, locationId }: StockScope, now: Date): RawBuilder<unknown> {
  const isAsked = locationId === undefined ? sql`l.is_active` : sql`l.id = ${locationId}`
  return sql`
    place as materialized (
      select l.id, l.name, l.is_active, t.today,
        -- An expression, because the planner would take the statistics of the column for those of the stock.
        coalesce(${isAsked}, false) as is_asked,
        (t.today - ${days(DEAD_DAYS - 1)})::timestamp at time zone l.timezone as dead_before,
        case when abs(d.through - (t.today - 1)) <= ${days(NEAR_DAYS)} then d.through end as through
      from location l
      cross join lateral (select (${now}::timestamptz at time zone l.timezone)::date as today) t
      left join stock_velocity_day d on d.business_id = l.business_id and d.location_id = l.id
      where l.business_id = ${businessId} and (l.is_active or ${isAsked})
    ),
    lead as materialized (
      select greatest(${days(DEFAULT_LEAD_DAYS)}, max(s.lead_time_days)) as longest
      from supplier s where s.business_id = ${businessId}
    ),
    changed as materialized (
      select place.id as location_id, c.*
      from place cross join lateral velocity_changes(${businessId}, place.id, place.through, place.today - 1) c
    ),
    -- For many rows, what costs most is to compare numbers and to carry columns: each is compared once (offset 0 keeps
    -- the planner from repeating an expression), and what is read of all rows comes first.
    stock as materialized (
      select is_asked, has_stock, is_low, value, cost, units,
        has_stock and has_none_sold and first_moved_at < dead_before as is_dead,
        has_stock and sells and on_hand > units * ${days(OVERSTOCK_DAYS / VELOCITY_DAYS)} as is_overstocked,
        -- With the longest lead time, so that only these rows need their supplier's.
        is_low or case
          when sells then units * (coalesce(lead_time_days, longest_lead) + ${days(REVIEW_DAYS)}) >
            case when safety_stock is null then on_hand else on_hand - safety_stock end * ${days(VELOCITY_DAYS)}
          else not has_stock and on_hand < 0 or on_hand < safety_stock end as may_need,
        on_hand, location_id, variant_id, product_id, net_sales, reorder_point, reorder_quantity, safety_stock, pack_size,
        max_stock, lead_time_days
      from (
        select *, case when has_stock then on_hand * cost end as value, coalesce(units > 0, false) as sells,
          sold is null or sold = 0 as has_none_sold
        from (
          select place.is_asked, place.dead_before, lead.longest as longest_lead, i.location_id, i.variant_id, i.on_hand,
            i.on_hand > 0 as has_stock, coalesce(i.on_hand <= i.reorder_point, false) as is_low, i.first_moved_at,
            i.reorder_point, i.reorder_quantity, i.safety_stock, i.pack_size, i.max_stock, i.lead_time_days,
            v.product_id, v.cost,
            -- What sold: the stored sums, and the days since.
            case when c.variant_id is null then v30.units else coalesce(v30.units, 0) + c.units end as units,
            case when c.variant_id is null then v30.net_sales else coalesce(v30.net_sales, 0) + c.net_sales end as net_sales,
            case when c.variant_id is null then v30.sold else coalesce(v30.sold, 0) + c.sold end as sold
          from place
          cross join lead
          join inventory i on i.business_id = ${businessId} and i.location_id = place.id
          join product_variant v on v.business_id = ${businessId} and v.id = i.variant_id and v.is_active
          left join stock_velocity v30 on v30.business_id = ${businessId} and v30.location_id = i.location_id
            and v30.variant_id = i.variant_id and place.through is not null
          left join changed c on c.location_id = i.location_id and c.variant_id = i.variant_id
          where v.product_id not in (select id from product where business_id = ${businessId} and not is_active)
          offset 0
        ) joined
        offset 0
      ) judged
    ),
    need as materialized (
      select n.*, n.max_stock - n.on_hand as room,
        greatest(n.units * (n.lead_days + ${days(REVIEW_DAYS)}) / ${days(VELOCITY_DAYS)} + n.safety_stock - n.on_hand,
          case when n.is_low
            then greatest(n.reorder_quantity, n.reorder_point - n.on_hand, 1) end) as wanted,
        -- Divisions are what costs most here: most rows are at no risk.
        case when n.lead_days * n.units > greatest(n.on_hand, 0) * ${days(VELOCITY_DAYS)} then
          n.net_sales * (n.lead_days * n.units - greatest(n.on_hand, 0) * ${days(VELOCITY_DAYS)})
            / (${days(VELOCITY_DAYS)} * n.units)
        else 0 end as revenue_at_risk
      from (
        select stock.location_id, stock.variant_id, stock.is_asked, stock.is_low, stock.on_hand, stock.reorder_point,
          stock.reorder_quantity, coalesce(stock.safety_stock, 0) as safety_stock, stock.pack_size, stock.max_stock, stock.cost,
          greatest(stock.units, 0) as units, greatest(stock.net_sales, 0) as net_sales,
          p.supplier_id, p.category_id, s.lead_time_days as supplier_lead_days,
          coalesce(stock.lead_time_days, s.lead_time_days, ${days(DEFAULT_LEAD_DAYS)}) as lead_days
        from stock
        join product p on p.business_id = ${businessId} and p.id = stock.product_id
        left join supplier s on s.business_id = ${businessId} and s.id = p.supplier_id
        where stock.may_need
        offset 0
      ) n
      where n.is_low
        or n.units * (n.lead_days + ${days(REVIEW_DAYS)}) > (n.on_hand - n.safety_stock) * ${days(VELOCITY_DAYS)}
    ),
    wish as (
      select variant_id, location_id, wish,
        sum(wish) over (partition by variant_id order by revenue_at_risk desc, wanted desc, location_id) as upto
      from (select *, greatest(least(ceil(wanted), floor(room)), 0) as wish from need) n
      where wish > 0 and (select count(*) from place) > 1
    ),
    spare as (
      select variant_id, location_id, spare,
        sum(spare) over (partition by variant_id order by spare desc, location_id) as upto
      from (
        select g.variant_id, g.location_id, floor(g.on_hand - greatest(
          coalesce(g.max_stock, g.units * ${days(KEPT_DAYS)} / ${days(VELOCITY_DAYS)} + g.safety_stock),
          g.units * (coalesce(g.lead_time_days, n.supplier_lead_days, ${days(DEFAULT_LEAD_DAYS)}) + ${days(REVIEW_DAYS)})
            / ${days(VELOCITY_DAYS)} + g.safety_stock,
          g.reorder_point)) as spare
        from (select variant_id, min(supplier_lead_days) as supplier_lead_days from need group by variant_id) n
        join (
          select stock.location_id, stock.variant_id, stock.on_hand, greatest(stock.units, 0) as units, stock.max_stock,
            coalesce(stock.safety_stock, 0) as safety_stock, stock.reorder_point, stock.lead_time_days
          from stock where stock.has_stock and stock.location_id in (select id from place where is_active)
        ) g on g.variant_id = n.variant_id
        where (select count(*) from place) > 1
      ) s
      where spare > 0
    ),
    -- Both sides of a product are laid end to end, those who lose most first; where they overlap, the goods go over.
    transfer as materialized (
      select wish.variant_id, wish.location_id, spare.location_id as from_id,
        least(wish.upto, spare.upto) - greatest(wish.upto - wish.wish, spare.upto - spare.spare) as quantity
      from wish
      join spare on spare.variant_id = wish.variant_id and spare.location_id <> wish.location_id
        and spare.upto - spare.spare < wish.upto and wish.upto - wish.wish < spare.upto
    ),
    ordered as materialized (
      select * from (
        select n.variant_id, n.location_id, n.on_hand, n.units, n.cost, n.lead_days, n.pack_size, n.supplier_id,
          n.category_id, n.supplier_lead_days, n.wanted, n.revenue_at_risk, n.moved,
          case
            when n.rest <= 0 then 0
            when n.pack_size is null then greatest(0, least(ceil(n.rest), floor(n.room - n.moved)), ceil(n.point - n.moved))
            else n.pack_size * greatest(0,
              least(ceil(n.rest / n.pack_size), floor((n.room - n.moved) / n.pack_size)),
              ceil((n.point - n.moved) / n.pack_size))
          end as quantity
        from (
          select need.*, coalesce(m.moved, 0) as moved, need.wanted - coalesce(m.moved, 0) as rest,
            need.reorder_point - need.on_hand as point
          from need
          left join (
            select variant_id, location_id, sum(quantity) as moved from transfer group by variant_id, location_id
          ) m on m.variant_id = need.variant_id and m.location_id = need.location_id
          where need.is_asked
          offset 0
        ) n
        offset 0
      ) o
      where moved > 0 or quantity > 0
    )`
}
