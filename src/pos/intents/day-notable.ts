import type { NotNull } from 'kysely'
import { compileOnce } from '../../database/compiled.ts'
import { atLocation, onDays } from '../conditions.ts'
import type { SalesScope } from '../scope.ts'

// What is notable about one local day, from the raw rows of that day. Amounts and quantities are decimal strings.

interface DayQuery extends SalesScope {
  day: string
  timezone: string
  limit: number
}

/** The largest refunds of a day, tax and tips included. */
export const largestRefunds = compileOnce((db, { businessId, locationId, day, timezone, limit }: DayQuery) =>
  db
    .selectFrom('order_refund as f')
    .innerJoin('orders as o', (join) =>
      join.onRef('o.business_id', '=', 'f.business_id').onRef('o.id', '=', 'f.order_id'),
    )
    .select(['o.order_number', 'o.id as order_id', 'f.reason', 'f.total'])
    .where('f.business_id', '=', businessId)
    .where(atLocation('f.location_id', locationId))
    .where(onDays('f.refunded_at', { from: day, to: day }, timezone))
    .where('f.total', '>', '0')
    .orderBy('f.total', 'desc')
    .orderBy('f.id')
    .limit(limit),
)

/** The orders of a day with the largest discounts. */
export const largestDiscounts = compileOnce((db, { businessId, locationId, day, timezone, limit }: DayQuery) =>
  db
    .selectFrom('orders as o')
    .select(['o.order_number', 'o.id as order_id', 'o.discounts', 'o.gross_sales'])
    .where('o.business_id', '=', businessId)
    .where('o.status', '=', 'completed')
    .where(atLocation('o.location_id', locationId))
    .where(onDays('o.completed_at', { from: day, to: day }, timezone))
    .where('o.discounts', '>', '0')
    .orderBy('o.discounts', 'desc')
    .orderBy('o.id')
    .limit(limit),
)

/** What sold on a day and is at or below its reorder point at the location where it sold; best sellers first. */
export const lowStockSold = compileOnce(
  (db, { businessId, locationId, basis, day, limit }: Omit<DayQuery, 'timezone'>) =>
    db
      // Names are looked up only for what is shown: joins of five tables took longer to plan than to run.
      .with(
        (cte) => cte('low').materialized(),
        (with_) =>
          with_
            .selectFrom('product_daily as d')
            .innerJoin('inventory as i', (join) =>
              join
                .onRef('i.business_id', '=', 'd.business_id')
                .onRef('i.location_id', '=', 'd.location_id')
                .onRef('i.variant_id', '=', 'd.variant_id')
                .on('i.is_on_sale', '=', true),
            )
            .select(['d.net_sales', 'd.product_id', 'i.variant_id', 'i.location_id', 'i.on_hand', 'i.reorder_point'])
            .where('d.business_id', '=', businessId)
            .where('d.day', '=', day)
            .where('d.units_sold', '>', '0')
            .where('d.basis', '=', basis)
            .where(atLocation('d.location_id', locationId))
            .whereRef('i.on_hand', '<=', 'i.reorder_point')
            .$narrowType<{ reorder_point: NotNull }>()
            .orderBy('d.net_sales', 'desc')
            .orderBy('i.variant_id')
            .limit(limit),
      )
      .selectFrom('low')
      .innerJoin('product_variant as v', (join) =>
        join.onRef('v.id', '=', 'low.variant_id').on('v.business_id', '=', businessId),
      )
      .innerJoin('product as p', (join) =>
        join.onRef('p.id', '=', 'low.product_id').on('p.business_id', '=', businessId),
      )
      .innerJoin('location as l', (join) =>
        join.onRef('l.id', '=', 'low.location_id').on('l.business_id', '=', businessId),
      )
      .select([
        'low.variant_id',
        'v.sku',
        'p.name',
        'v.label',
        'l.name as location',
        'low.on_hand',
        'low.reorder_point',
      ])
      .orderBy('low.net_sales', 'desc')
      .orderBy('low.variant_id'),
)
