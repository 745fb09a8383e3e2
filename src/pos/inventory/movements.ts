import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Days } from '../../time/window.ts'
import { atLocation, onDays } from '../conditions.ts'

export const MOVEMENT_REASONS = [
  'opening',
  'purchase',
  'sale',
  'return',
  'adjustment',
  'count',
  'damage',
  'transfer_in',
  'transfer_out',
] as const
export type MovementReason = (typeof MOVEMENT_REASONS)[number]

export interface MovementQuery {
  variantId?: string | undefined
  locationId?: string | undefined
  reason?: MovementReason | undefined
  days?: (Days & { timezone: string }) | undefined
  limit: number
  /** Time, as the database writes it, and id of the last row of the previous page. */
  after?: readonly [createdAt: string, id: string] | undefined
}

/** The stock ledger, newest entry first. */
export function findMovements(db: Transaction, businessId: string, query: MovementQuery) {
  let movements = db
    .selectFrom('inventory_movement as m')
    .innerJoin('product_variant as v', (join) =>
      join.onRef('v.business_id', '=', 'm.business_id').onRef('v.id', '=', 'm.variant_id'),
    )
    .innerJoin('product as p', (join) =>
      join.onRef('p.business_id', '=', 'v.business_id').onRef('p.id', '=', 'v.product_id'),
    )
    .innerJoin('location as l', (join) =>
      join.onRef('l.business_id', '=', 'm.business_id').onRef('l.id', '=', 'm.location_id'),
    )
    .leftJoin('app_user as u', (join) =>
      join.on((eb) =>
        eb('u.id', '=', sql<string>`substring(${eb.ref('m.created_by')} from '^user:([0-9a-f-]{36})$')::uuid`),
      ),
    )
    .select([
      'm.id',
      'm.created_at',
      'm.quantity',
      'm.reason',
      'm.note',
      'm.source_id',
      'm.variant_id',
      'm.location_id',
    ])
    .select(['v.sku', 'p.name', 'v.label', 'l.name as location', 'l.timezone'])
    .select((eb) => [
      // With microseconds, which a Date cannot hold.
      eb.cast<string>('m.created_at', 'text').as('created_at_text'),
      // The author's name if it is known, else the `ref` of the principal.
      eb.fn.coalesce('u.display_name', 'm.created_by').as('author'),
    ])
    .where('m.business_id', '=', businessId)
    .where(atLocation('m.location_id', query.locationId))
  if (query.variantId !== undefined) movements = movements.where('m.variant_id', '=', query.variantId)
  if (query.reason !== undefined) movements = movements.where('m.reason', '=', query.reason)
  if (query.days !== undefined) movements = movements.where(onDays('m.created_at', query.days, query.days.timezone))
  if (query.after !== undefined) {
    // In the order of the index: newest first, then by id.
    const [createdAt, id] = query.after
    const last = sql<Date>`${createdAt}::timestamptz`
    movements = movements
      .where('m.created_at', '<=', last)
      .where((eb) => eb.or([eb('m.created_at', '<', last), eb('m.id', '>', id)]))
  }
  return movements.orderBy('m.created_at', 'desc').orderBy('m.id').limit(query.limit).execute()
}
