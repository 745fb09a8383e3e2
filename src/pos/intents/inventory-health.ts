import { type RawBuilder, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { VELOCITY_DAYS } from './replenishment.ts'
import { type StockScope, stockNeeds } from './stock-needs.ts'

/** How many products, at how many locations. */
export interface Spread {
  products: number
  locations: number
}

/** Sums over all stock, whose rows are SKUs at locations. Amounts are decimal strings. */
interface HealthTotals {
  rows: number
  skus: number
  out_of_stock: number
  /** Those among them that sold in the last 30 days. */
  out_of_stock_selling: number
  at_reorder_point: number
  negative: number
  /** SKUs with stock but without a known cost. */
  skus_without_cost: number
  reorder: Spread & {
    rows: number
    transfers: number
    orders: number
    order_cost: string
    lines_without_cost: number
    revenue_at_risk: string
  }
  dead: Spread & { rows: number }
  overstocked: Spread & { rows: number }
  stock_value: string
  dead_value: string
  overstock_value: string
}

export interface StockedRow {
  sku: string
  name: string
  label: string | null
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
  transfers: { from: string; quantity: string }[]
  quantity: string
  revenue_at_risk: string
}

interface OverstockRow extends StockedRow {
  per_day: string
  cover_days: string
}

export interface InventoryHealth {
  totals: HealthTotals
  /** Highest revenue at risk first, then what sells most. */
  reorder: ReorderRow[]
  /** Highest value at cost first. */
  dead: StockedRow[]
  overstocked: OverstockRow[]
}

/**
 * The state of the stock of active products, by the rules of `stockNeeds`.
 * @param limits the most rows of each list
 */
export async function inventoryHealth(
  db: Transaction,
  scope: StockScope,
  now: Date,
  limits: { reorder: number; others: number },
): Promise<InventoryHealth> {
  const isOne = sql`(select count(*) from place where is_asked) = 1`
  const distinct = (column: 'variant_id' | 'location_id', rows: RawBuilder<unknown>) => sql`
    (select count(*) from (select ${sql.ref(column)} from ${rows} group by 1) d)`
  // At one location each row is another product, so that the rows need not be read again to tell them apart.
  const spread = (rows: RawBuilder<unknown>, count: RawBuilder<unknown>) => sql`
    'products', case when ${isOne} then ${count} else ${distinct('variant_id', rows)} end,
    'locations', case when ${isOne} then least(${count}, 1) else ${distinct('location_id', rows)} end`
  const counted = (flag: RawBuilder<unknown>) => sql`count(*) filter (where ${flag})`
  const flagged = (flag: RawBuilder<unknown>) => sql`
    json_build_object('rows', ${counted(flag)}, ${spread(sql`stock where is_asked and ${flag}`, counted(flag))})`
  const hasNoCost = sql`cost is null and has_stock`
  const named = (rows: RawBuilder<unknown>) => sql`
    from (${rows}) r
    join place on place.id = r.location_id
    join product_variant v on v.business_id = ${scope.businessId} and v.id = r.variant_id
    join product p on p.business_id = ${scope.businessId} and p.id = v.product_id`
  const stocked = sql`
    v.sku, p.name, v.label, place.name as location, r.on_hand::text, (r.on_hand * r.cost)::text as value`
  const perDay = sql`(r.units_milli / (1000.0 * ${VELOCITY_DAYS}::integer))::text as per_day`

  const { rows } = await sql<InventoryHealth>`
    with ${stockNeeds(scope, now)}
    select
      (select json_build_object(
          'rows', count(*),
          'skus', case when ${isOne} then count(*)
            else ${distinct('variant_id', sql`stock where is_asked`)} end,
          'out_of_stock', count(*) filter (where not has_stock),
          'out_of_stock_selling', count(*) filter (where not has_stock and units_milli > 0),
          'at_reorder_point', count(*) filter (where is_low),
          'negative', count(*) filter (where not has_stock and on_hand < 0),
          'skus_without_cost', case when ${isOne} then ${counted(hasNoCost)}
            else ${distinct('variant_id', sql`stock where is_asked and ${hasNoCost}`)} end,
          'stock_value', coalesce(sum(value), 0)::text,
          'dead_value', coalesce(sum(value) filter (where is_dead), 0)::text,
          'overstock_value', coalesce(sum(value) filter (where is_overstocked), 0)::text,
          'dead', ${flagged(sql`is_dead`)},
          'overstocked', ${flagged(sql`is_overstocked`)},
          'reorder', (
            select json_build_object('rows', count(*), 'transfers', count(*) filter (where moved > 0),
              'orders', count(*) filter (where quantity > 0),
              'order_cost', coalesce(sum(quantity * cost), 0)::text,
              'lines_without_cost', count(*) filter (where quantity > 0 and cost is null),
              'revenue_at_risk', coalesce(sum(revenue_at_risk), 0)::text,
              ${spread(sql`ordered`, sql`count(*)`)})
            from ordered))
        from stock where is_asked) as totals,
      array(select to_jsonb(t) from (
        select ${stocked}, ${perDay}, (greatest(r.on_hand, 0) * (1000 * ${VELOCITY_DAYS}::integer) / nullif(r.units_milli, 0))::text as cover_days, r.lead_days, r.quantity::text, r.revenue_at_risk::text,
          (select coalesce(json_agg(json_build_object('from', l.name, 'quantity', t.quantity::text) order by t.quantity desc, l.name), '[]')
            from transfer t join place l on l.id = t.from_id
            where t.variant_id = r.variant_id and t.location_id = r.location_id) as transfers
        ${named(sql`
          select * from ordered
          order by revenue_at_risk desc, units_milli desc, lacking desc, variant_id, location_id
          limit ${limits.reorder}`)}
        order by r.revenue_at_risk desc, r.units_milli desc, r.lacking desc, v.sku, r.location_id) t) as reorder,
      array(select to_jsonb(t) from (
        select ${stocked}
        ${named(sql`
          select * from stock where is_asked and is_dead
          order by value desc nulls last, on_hand desc, variant_id, location_id limit ${limits.others}`)}
        order by r.value desc nulls last, r.on_hand desc, v.sku, r.location_id) t) as dead,
      array(select to_jsonb(t) from (
        select ${stocked}, ${perDay}, (r.on_hand * (1000 * ${VELOCITY_DAYS}::integer) / r.units_milli)::text as cover_days
        ${named(sql`
          select * from stock where is_asked and is_overstocked
          order by value desc nulls last, on_hand desc, variant_id, location_id limit ${limits.others}`)}
        order by r.value desc nulls last, r.on_hand desc, v.sku, r.location_id) t) as overstocked`.execute(db)
  const [health] = rows
  if (health === undefined) throw new Error('a select without from answers one row')
  return health
}
