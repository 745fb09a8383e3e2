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

// What is lacking is counted in parts of a unit, thousandths of a day's sales: then it is an integer, and exact.
const PART = sql.raw(`${1000 * VELOCITY_DAYS}::integer`)
const days = (count: number) => sql.raw(`${count}::integer`)

/**
 * Common table expressions, for `with`:
 * - `place`: the locations in question, and the active ones that could give them something;
 * - `stock`: the stock of active products there, with the sales of the last days and how it is judged: `lacking` is what
 *   it needs, in the smallest parts, null if nothing, `plain_order` what to order of it where nothing can be transferred;
 * - `transfer`: the transfers one by one, also those to other locations, which compete for the same goods;
 * - `ordered`: what the locations in question lack, with what to transfer (`moved`) and what to order (`quantity`).
 *
 * Local days are those of each location. All sums are exact, and each figure divides last, so that nothing is rounded
 * before it is compared.
 */
export function stockNeeds({ businessId, locationId }: StockScope, now: Date): RawBuilder<unknown> {
  const isAsked = locationId === undefined ? sql`l.is_active` : sql`l.id = ${locationId}`
  const needed = sql`units_milli * (lead_days + ${days(REVIEW_DAYS)}) - free_milli * ${days(VELOCITY_DAYS)}`
  const uncovered = sql`(units_milli * lead_days - greatest(on_hand_milli, 0) * ${days(VELOCITY_DAYS)})`
  const hasSeveral = sql`(select count(*) from place) > 1`
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
    -- What sold since the stored sums: mostly nothing, because these end with yesterday.
    changed as materialized (
      select place.id as location_id, c.variant_id, (c.units * 1000)::bigint as units_milli, c.net_sales, c.sold
      from place cross join lateral velocity_changes(${businessId}, place.id, place.through, place.today - 1) c
    ),
    -- For many rows, what costs most is to join, to copy and to reckon with decimals: so the stock itself says what is on
    -- sale, at what cost and from whom, thousandths are integers, and all is judged in one pass. Offset 0 keeps the
    -- planner from repeating expressions.
    stock as materialized (
      select is_asked, has_stock, is_low, is_dead, is_overstocked, lacking, value, cost, units_milli, on_hand,
        location_id, variant_id, supplier_id, lead_days, pack_size, reorder_point, max_stock, safety_stock,
        case when lacking is null then null when max_stock is null and pack_size is null then (lacking + ${PART} - 1) / ${PART}
          else ${order(sql`lacking::numeric / ${PART}`, sql`max_stock - on_hand`, sql`reorder_point - on_hand`)} end as plain_order,
        case when lacking is not null and ${uncovered} > 0 then
          greatest(net_sales, 0) * ${uncovered} / (${days(VELOCITY_DAYS)} * units_milli) else 0 end as revenue_at_risk
      from (
        select *, on_hand_milli > 0 as has_stock, low_milli is not null as is_low,
          on_hand_milli > 0 and first_moved_at < dead_before and units_milli = 0 and coalesce(sold = 0, true) as is_dead,
          units_milli > 0 and on_hand_milli > units_milli * ${days(OVERSTOCK_DAYS / VELOCITY_DAYS)} as is_overstocked,
          case
            when low_milli is not null then greatest(${needed}, low_milli * ${days(VELOCITY_DAYS)})
            when ${needed} > 0 then ${needed}
          end as lacking
        from (
          select place.is_asked, place.dead_before, i.* from place cross join lateral (
            select i.location_id, i.variant_id, i.on_hand, i.on_hand_milli, i.free_milli, i.low_milli, i.value,
              i.first_moved_at, i.reorder_point, i.safety_stock, i.pack_size, i.max_stock, i.cost, i.supplier_id,
              coalesce(i.lead_time_days, s.lead_time_days, ${days(DEFAULT_LEAD_DAYS)}) as lead_days,
              greatest(coalesce(v30.units_milli, 0) + coalesce(c.units_milli, 0), 0) as units_milli,
              case when c.variant_id is null then v30.net_sales else coalesce(v30.net_sales, 0) + c.net_sales end as net_sales,
              case when c.variant_id is null then v30.sold else coalesce(v30.sold, 0) + c.sold end as sold
            from inventory i
            left join stock_velocity v30 on v30.business_id = ${businessId} and v30.location_id = place.id
              and v30.variant_id = i.variant_id and place.through is not null
            left join changed c on c.location_id = place.id and c.variant_id = i.variant_id
            left join supplier s on s.business_id = ${businessId} and s.id = i.supplier_id
            where i.business_id = ${businessId} and i.location_id = place.id and i.is_on_sale
            offset 0
          ) i
        ) joined
        offset 0
      ) judged
    ),
    wish as (
      select variant_id, location_id, wish,
        sum(wish) over (partition by variant_id order by revenue_at_risk desc, lacking desc, location_id) as upto
      from (
        select variant_id, location_id, revenue_at_risk, lacking,
          greatest(least((lacking + ${PART} - 1) / ${PART}, floor(max_stock - on_hand)), 0) as wish
        from stock where lacking is not null
      ) n
      where wish > 0 and ${hasSeveral}
    ),
    spare as (
      select variant_id, location_id, spare,
        sum(spare) over (partition by variant_id order by spare desc, location_id) as upto
      from (
        select variant_id, location_id, floor(on_hand - greatest(
          coalesce(max_stock, units * ${days(KEPT_DAYS)} / ${days(VELOCITY_DAYS)} + safety_stock),
          units * (lead_days + ${days(REVIEW_DAYS)}) / ${days(VELOCITY_DAYS)} + safety_stock, reorder_point)) as spare
        from (
          select variant_id, location_id, on_hand, units_milli / 1000.0 as units, max_stock,
            coalesce(safety_stock, 0) as safety_stock, reorder_point, lead_days
          from stock
          where has_stock and location_id in (select id from place where is_active)
            and variant_id in (select variant_id from stock where lacking is not null)
        ) g
        where ${hasSeveral}
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
        select s.variant_id, s.location_id, s.on_hand, s.units_milli, s.cost, s.lead_days, s.pack_size,
          s.supplier_id, s.lacking, s.revenue_at_risk, coalesce(m.moved, 0) as moved,
          case when m.moved is null then plain_order
            when lacking <= m.moved * ${PART} then 0
            else ${order(sql`lacking::numeric / ${PART} - m.moved`, sql`max_stock - on_hand - m.moved`, sql`reorder_point - on_hand - m.moved`)}
          end as quantity
        from stock s
        left join (
          select variant_id, location_id, sum(quantity) as moved from transfer group by variant_id, location_id
        ) m on m.variant_id = s.variant_id and m.location_id = s.location_id
        where s.is_asked and s.lacking is not null
        offset 0
      ) o
      where moved > 0 or quantity > 0
    )`
}

/** What to order in whole packs: as much as is wanted, up to what there is room for, but at least what reaches a point. */
function order(
  wanted: RawBuilder<unknown>,
  room: RawBuilder<unknown>,
  point: RawBuilder<unknown>,
): RawBuilder<unknown> {
  return sql`case when pack_size is null then greatest(0, least(ceil(${wanted}), floor(${room})), ceil(${point}))
    else pack_size * greatest(0, least(ceil((${wanted}) / pack_size), floor((${room}) / pack_size)),
      ceil((${point}) / pack_size)) end`
}
