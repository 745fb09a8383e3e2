import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { addDays, localDate } from '../../time/local.ts'
import { atLocation } from '../conditions.ts'
import { DEAD_DAYS, DEFAULT_LEAD_DAYS, OVERSTOCK_DAYS, REVIEW_DAYS, VELOCITY_DAYS } from './replenishment.ts'

export interface HealthScope {
  businessId: string
  /** Undefined for all active locations. */
  locationId: string | undefined
}

/** Sums over all stock, whose rows are SKUs at locations. Amounts and quantities are decimal strings. */
interface HealthTotals {
  rows: number
  skus: number
  out_of_stock: number
  /** Those among them that sold in the last 30 days. */
  out_of_stock_selling: number
  below_reorder_point: number
  negative: number
  to_reorder: number
  dead: number
  overstocked: number
  /** SKUs with stock but without a known cost. */
  skus_without_cost: number
  revenue_at_risk: string
  stock_value: string
  dead_value: string
  overstock_value: string
}

export interface StockedRow {
  variant_id: string
  sku: string
  name: string
  label: string | null
  location_id: string
  location: string
  on_hand: string
  /** On hand at cost; null without a cost. */
  value: string | null
}

interface ReorderRow extends StockedRow {
  per_day: string
  /** Null if nothing sells. */
  cover_days: string | null
  lead_days: number
  wanted: string
  pack_size: string | null
  room: string | null
  revenue_at_risk: string
}

interface OverstockRow extends StockedRow {
  per_day: string
  cover_days: string
}

export interface InventoryHealth {
  totals: HealthTotals
  /** Highest revenue at risk first, then what runs out first. */
  reorder: ReorderRow[]
  /** Highest value at cost first. */
  dead: StockedRow[]
  overstocked: OverstockRow[]
}

/**
 * The state of the stock of active products. Local days are those of each location. All sums are exact, and each figure
 * divides last, so that nothing is rounded before it is compared.
 * @param limits the most rows of each list
 */
export async function inventoryHealth(
  db: Transaction,
  { businessId, locationId }: HealthScope,
  now: Date,
  limits: { reorder: number; others: number },
): Promise<InventoryHealth> {
  // Only for the index: no zone is more than a day from UTC. The location's own day, below, decides.
  const today = localDate(now, 'UTC')
  const [first, last] = [addDays(today, -DEAD_DAYS - 1), addDays(today, 1)]
  const isOfInterest = locationId === undefined ? sql`l.is_active` : atLocation('l.id', locationId)
  const stocked = sql`
    variant_id, sku, name, label, location_id, location, on_hand::text, round(greatest(on_hand, 0) * cost, 4)::text as value`

  const { rows } = await sql<InventoryHealth>`
    with place as materialized (
      select l.id, l.name, (${now}::timestamptz at time zone l.timezone)::date as today
      from location l where l.business_id = ${businessId} and ${isOfInterest}
    ),
    sold as materialized (
      select r.location_id, r.variant_id, sum(r.units_sold) as sold,
        greatest(sum(r.units_sold - r.units_returned) filter (where r.day >= place.today - ${VELOCITY_DAYS}::integer), 0) as units,
        greatest(sum(r.net_sales) filter (where r.day >= place.today - ${VELOCITY_DAYS}::integer), 0) as net_sales
      from product_daily r join place on place.id = r.location_id
      where r.business_id = ${businessId} and r.basis = 'location' and r.day between ${first} and ${last}
        and r.day between place.today - ${DEAD_DAYS}::integer and place.today - 1
      group by r.location_id, r.variant_id
    ),
    stock as (
      select i.variant_id, v.sku, p.name, v.label, v.cost, i.location_id, place.name as location, i.on_hand,
        i.reorder_point, i.reorder_quantity, coalesce(i.safety_stock, 0) as safety_stock, i.pack_size,
        i.max_stock - i.on_hand as room, coalesce(i.lead_time_days, s.lead_time_days, ${DEFAULT_LEAD_DAYS}::integer)::numeric as lead_days,
        coalesce(sold.sold, 0) as sold, coalesce(sold.units, 0) as units, coalesce(sold.net_sales, 0) as net_sales
      from inventory i
      join place on place.id = i.location_id
      join product_variant v on v.business_id = i.business_id and v.id = i.variant_id and v.is_active
      join product p on p.business_id = i.business_id and p.id = v.product_id and p.is_active
      left join supplier s on s.business_id = i.business_id and s.id = p.supplier_id
      left join sold on sold.location_id = i.location_id and sold.variant_id = i.variant_id
      where i.business_id = ${businessId}
    ),
    needs as (
      select *, greatest(on_hand, 0) * ${VELOCITY_DAYS}::integer / nullif(units, 0) as cover_days,
        greatest(
          units * (lead_days + ${REVIEW_DAYS}::integer) / ${VELOCITY_DAYS}::integer + safety_stock - on_hand,
          case when on_hand <= reorder_point then reorder_quantity end) as wanted,
        case when units > 0 then
          net_sales * greatest(lead_days * units - greatest(on_hand, 0) * ${VELOCITY_DAYS}::integer, 0)
            / (${VELOCITY_DAYS}::integer * units)
        else 0 end as revenue_at_risk
      from stock
    ),
    health as materialized (
      select *, wanted > 0 and coalesce(room >= coalesce(pack_size, 1), true) as is_to_reorder,
        on_hand > 0 and sold = 0 as is_dead, coalesce(cover_days > ${OVERSTOCK_DAYS}::integer, false) as is_overstocked
      from needs
    )
    select
      (select to_jsonb(t) from (
        select count(*) as rows, count(distinct variant_id) as skus,
          count(*) filter (where on_hand <= 0) as out_of_stock,
          count(*) filter (where on_hand <= 0 and units > 0) as out_of_stock_selling,
          count(*) filter (where on_hand > 0 and on_hand <= reorder_point) as below_reorder_point,
          count(*) filter (where on_hand < 0) as negative,
          count(*) filter (where is_to_reorder) as to_reorder,
          count(*) filter (where is_dead) as dead,
          count(*) filter (where is_overstocked) as overstocked,
          count(distinct variant_id) filter (where on_hand > 0 and cost is null) as skus_without_cost,
          coalesce(sum(revenue_at_risk) filter (where is_to_reorder), 0)::text as revenue_at_risk,
          coalesce(sum(greatest(on_hand, 0) * cost), 0)::text as stock_value,
          coalesce(sum(on_hand * cost) filter (where is_dead), 0)::text as dead_value,
          coalesce(sum(on_hand * cost) filter (where is_overstocked), 0)::text as overstock_value
        from health) t) as totals,
      array(select to_jsonb(t) from (
        select ${stocked}, (units / ${VELOCITY_DAYS}::integer)::text as per_day, cover_days::text, lead_days,
          wanted::text, pack_size::text, room::text, revenue_at_risk::text
        from health where is_to_reorder
        order by health.revenue_at_risk desc, health.cover_days nulls last, health.wanted desc, sku, location_id
        limit ${limits.reorder}) t) as reorder,
      array(select to_jsonb(t) from (
        select ${stocked} from health where is_dead
        order by health.on_hand * cost desc nulls last, health.on_hand desc, sku, location_id
        limit ${limits.others}) t) as dead,
      array(select to_jsonb(t) from (
        select ${stocked}, (units / ${VELOCITY_DAYS}::integer)::text as per_day, cover_days::text
        from health where is_overstocked
        order by health.on_hand * cost desc nulls last, health.cover_days desc, sku, location_id
        limit ${limits.others}) t) as overstocked`.execute(db)
  const [health] = rows
  if (health === undefined) throw new Error('a select without from answers one row')
  return health
}
