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
export const lowStockSold = compileOnce((db, { businessId, locationId, day, limit }: Omit<DayQuery, 'timezone'>) =>
  db
    .selectFrom('product_daily as d')
    .innerJoin('inventory as i', (join) =>
      join
        .onRef('i.business_id', '=', 'd.business_id')
        .onRef('i.location_id', '=', 'd.location_id')
        .onRef('i.variant_id', '=', 'd.variant_id'),
    )
    .innerJoin('product_variant as v', (join) =>
      join.onRef('v.business_id', '=', 'd.business_id').onRef('v.id', '=', 'd.variant_id').on('v.is_active', '=', true),
    )
    .innerJoin('product as p', (join) =>
      join.onRef('p.business_id', '=', 'd.business_id').onRef('p.id', '=', 'd.product_id').on('p.is_active', '=', true),
    )
    .innerJoin('location as l', (join) =>
      join.onRef('l.business_id', '=', 'd.business_id').onRef('l.id', '=', 'd.location_id'),
    )
    .select(['i.variant_id', 'v.sku', 'p.name', 'v.label', 'l.name as location', 'i.on_hand', 'i.reorder_point'])
    .where('d.business_id', '=', businessId)
    .where('d.day', '=', day)
    .where('d.units_sold', '>', '0')
    .where('d.basis', '=', locationId === undefined ? 'business' : 'location')
    .where(atLocation('d.location_id', locationId))
    .whereRef('i.on_hand', '<=', 'i.reorder_point')
    .$narrowType<{ reorder_point: NotNull }>()
    .orderBy('d.net_sales', 'desc')
    .orderBy('i.variant_id')
    .limit(limit),
)
