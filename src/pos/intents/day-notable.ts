import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { atLocation, onDays } from '../conditions.ts'
import type { SalesScope } from '../scope.ts'

// What is worth a look on one local day: raw rows of that day only.

export interface NotableRefund {
  order_number: string
  order_id: string
  reason: string | null
  total: string
}

/** The largest refunds of a day, tax and tips included. */
export async function largestRefunds(
  db: Transaction,
  { businessId, locationId }: SalesScope,
  day: string,
  timezone: string,
  limit: number,
): Promise<NotableRefund[]> {
  const { rows } = await sql<NotableRefund>`
    select o.order_number, o.id as order_id, f.reason, f.total::text
    from order_refund f join orders o on o.business_id = f.business_id and o.id = f.order_id
    where f.business_id = ${businessId} and ${atLocation('f.location_id', locationId)}
      and ${onDays('f.refunded_at', { from: day, to: day }, timezone)} and f.total > 0
    order by f.total desc, f.id limit ${limit}`.execute(db)
  return rows
}

export interface NotableDiscount {
  order_number: string
  order_id: string
  discounts: string
  gross_sales: string
}

/** The orders of a day with the largest discounts. */
export async function largestDiscounts(
  db: Transaction,
  { businessId, locationId }: SalesScope,
  day: string,
  timezone: string,
  limit: number,
): Promise<NotableDiscount[]> {
  const { rows } = await sql<NotableDiscount>`
    select o.order_number, o.id as order_id, o.discounts::text, o.gross_sales::text
    from orders o
    where o.business_id = ${businessId} and o.status = 'completed' and ${atLocation('o.location_id', locationId)}
      and ${onDays('o.completed_at', { from: day, to: day }, timezone)} and o.discounts > 0
    order by o.discounts desc, o.id limit ${limit}`.execute(db)
  return rows
}

export interface LowStock {
  variant_id: string
  sku: string
  name: string
  label: string | null
  location: string
  on_hand: string
  reorder_point: string
}

/** Stock at or below its reorder point of what sold on a day, at the location where it sold; best sellers first. */
export async function lowStockSold(
  db: Transaction,
  { businessId, locationId }: SalesScope,
  day: string,
  limit: number,
): Promise<LowStock[]> {
  const { rows } = await sql<LowStock>`
    select i.variant_id, v.sku, p.name, v.label, l.name as location, i.on_hand::text, i.reorder_point::text
    from product_daily d
    join inventory i on i.business_id = d.business_id and i.location_id = d.location_id and i.variant_id = d.variant_id
    join product_variant v on v.business_id = d.business_id and v.id = d.variant_id and v.is_active
    join product p on p.business_id = d.business_id and p.id = d.product_id and p.is_active
    join location l on l.business_id = d.business_id and l.id = d.location_id
    where d.business_id = ${businessId} and d.day = ${day} and d.units_sold > 0
      and d.basis = ${locationId === undefined ? 'business' : 'location'} and ${atLocation('d.location_id', locationId)}
      and i.on_hand <= i.reorder_point
    order by d.net_sales desc, i.variant_id limit ${limit}`.execute(db)
  return rows
}
