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
  // What sold, of the stored sums and the days since. Null: nothing at all.
  const units = sql`(case when c.variant_id is null then v30.units else coalesce(v30.units, 0) + c.units end)`
  const need = (of: string, lead: RawBuilder<unknown>) =>
    sql`${sql.ref(`${of}.units`)} * (${lead} + ${days(REVIEW_DAYS)}) / ${days(VELOCITY_DAYS)} + ${sql.ref(`${of}.safety_stock`)}`
  return sql`
    place as materialized (
      select l.id, l.name, ${isAsked} as is_asked, l.is_active, t.today,
        (t.today - ${days(DEAD_DAYS - 1)})::timestamp at time zone l.timezone as dead_before,
        case when abs(d.through - (t.today - 1)) <= ${days(NEAR_DAYS)} then d.through end as through
      from location l
      cross join lateral (select (${now}::timestamptz at time zone l.timezone)::date as today) t
      left join stock_velocity_day d on d.business_id = l.business_id and d.location_id = l.id
      where l.business_id = ${businessId} and (l.is_active or ${isAsked})
    ),
    changed as materialized (
      select place.id as location_id, c.*
      from place cross join lateral velocity_changes(${businessId}, place.id, place.through, place.today - 1) c
    ),
    lead as materialized (
      select greatest(${days(DEFAULT_LEAD_DAYS)}, max(s.lead_time_days)) as longest
      from supplier s where s.business_id = ${businessId}
    ),
    stock as materialized (
      select i.location_id, i.variant_id, v.product_id, place.is_asked, place.is_active, i.on_hand, i.reorder_point,
        i.reorder_quantity, coalesce(i.safety_stock, 0) as safety_stock, i.pack_size, i.max_stock, i.lead_time_days, v.cost,
        greatest(${units}, 0) as units, greatest(coalesce(v30.net_sales, 0) + coalesce(c.net_sales, 0), 0) as net_sales,
        i.on_hand > 0 and i.first_moved_at < place.dead_before and coalesce(v30.sold, 0) + coalesce(c.sold, 0) = 0 as is_dead,
        i.on_hand > 0 and ${units} > 0 and i.on_hand > ${units} * ${days(OVERSTOCK_DAYS / VELOCITY_DAYS)} as is_overstocked,
        -- With the longest lead time, so that only these rows need their supplier's.
        i.on_hand <= i.reorder_point
          or greatest(${units}, 0) * (coalesce(i.lead_time_days, lead.longest) + ${days(REVIEW_DAYS)})
            > (i.on_hand - coalesce(i.safety_stock, 0)) * ${days(VELOCITY_DAYS)} as may_need
      from place
      cross join lead
      join inventory i on i.business_id = ${businessId} and i.location_id = place.id
      join product_variant v on v.business_id = ${businessId} and v.id = i.variant_id and v.is_active
      left join stock_velocity v30 on v30.business_id = ${businessId} and v30.location_id = i.location_id
        and v30.variant_id = i.variant_id and place.through is not null
      left join changed c on c.location_id = i.location_id and c.variant_id = i.variant_id
      where v.product_id not in (select id from product where business_id = ${businessId} and not is_active)
    ),
    need as materialized (
      select * from (
        select k.*,
          greatest(${need('k', sql`k.lead_days`)} - k.on_hand,
            case when k.on_hand <= k.reorder_point
              then greatest(k.reorder_quantity, k.reorder_point - k.on_hand, 1) end) as wanted,
          k.max_stock - k.on_hand as room,
          -- Divisions are what costs most here: most rows are at no risk and have no pack.
          case when k.lead_days * k.units > greatest(k.on_hand, 0) * ${days(VELOCITY_DAYS)} then
            k.net_sales * greatest(k.lead_days * k.units - greatest(k.on_hand, 0) * ${days(VELOCITY_DAYS)}, 0)
              / (${days(VELOCITY_DAYS)} * k.units)
          else 0 end as revenue_at_risk
        from (
          select stock.*, p.supplier_id, p.category_id, s.lead_time_days as supplier_lead_days,
            coalesce(stock.lead_time_days, s.lead_time_days, ${days(DEFAULT_LEAD_DAYS)})::numeric as lead_days
          from stock
          join product p on p.business_id = ${businessId} and p.id = stock.product_id
          left join supplier s on s.business_id = ${businessId} and s.id = p.supplier_id
          where stock.may_need
        ) k
      ) n where wanted > 0
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
          ${need('g', sql`coalesce(g.lead_time_days, n.supplier_lead_days, ${days(DEFAULT_LEAD_DAYS)})`)},
          g.reorder_point)) as spare
        from (select variant_id, min(supplier_lead_days) as supplier_lead_days from need group by variant_id) n
        join stock g on g.variant_id = n.variant_id and g.is_active and g.on_hand > 0
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
        select need.*, coalesce(m.moved, 0) as moved,
          case
            when need.wanted <= coalesce(m.moved, 0) then 0
            when need.pack_size is null then greatest(0,
              least(ceil(need.wanted - coalesce(m.moved, 0)), floor(need.room - coalesce(m.moved, 0))),
              ceil(need.reorder_point - need.on_hand - coalesce(m.moved, 0)))
            else need.pack_size * greatest(0,
              least(ceil((need.wanted - coalesce(m.moved, 0)) / need.pack_size),
                floor((need.room - coalesce(m.moved, 0)) / need.pack_size)),
              ceil((need.reorder_point - need.on_hand - coalesce(m.moved, 0)) / need.pack_size))
          end as quantity
        from need
        left join (
          select variant_id, location_id, sum(quantity) as moved from transfer group by variant_id, location_id
        ) m on m.variant_id = need.variant_id and m.location_id = need.location_id
      ) o
      where is_asked and (moved > 0 or quantity > 0)
    )`
}
