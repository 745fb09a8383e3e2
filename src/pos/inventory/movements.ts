import { type SqlBool, sql } from 'kysely'
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
  /** Time as the database writes it, and id, of the last row before. */
  after?: readonly [createdAt: string, id: string] | undefined
}

export interface MovementRow {
  id: string
  created_at: Date
  /** With microseconds, which a Date does not hold. */
  created_at_text: string
  variant_id: string
  sku: string
  name: string
  label: string | null
  location_id: string
  location: string
  timezone: string
  quantity: string
  reason: string
  note: string | null
  source_id: string | null
  /** Who wrote it: a name where it is known, else the `ref` of the principal. */
  author: string | null
}

/** The stock ledger, the newest entry first. */
export async function findMovements(db: Transaction, businessId: string, query: MovementQuery): Promise<MovementRow[]> {
  const conditions = [sql<SqlBool>`m.business_id = ${businessId}`, atLocation('m.location_id', query.locationId)]
  if (query.variantId !== undefined) conditions.push(sql<SqlBool>`m.variant_id = ${query.variantId}`)
  if (query.reason !== undefined) conditions.push(sql<SqlBool>`m.reason = ${query.reason}`)
  if (query.days !== undefined) conditions.push(onDays('m.created_at', query.days, query.days.timezone))
  if (query.after !== undefined) {
    // In the order of the index: the newest first, and by id within an instant.
    const [createdAt, id] = query.after
    conditions.push(sql<SqlBool>`m.created_at <= ${createdAt}::timestamptz
      and (m.created_at < ${createdAt}::timestamptz or m.id > ${id}::uuid)`)
  }
  const { rows } = await sql<MovementRow>`
    select m.id, m.created_at, m.created_at::text as created_at_text, m.variant_id, v.sku, p.name, v.label,
      m.location_id, l.name as location, l.timezone, m.quantity::text, m.reason, m.note, m.source_id,
      coalesce(u.display_name, m.created_by) as author
    from inventory_movement m
    join product_variant v on v.business_id = m.business_id and v.id = m.variant_id
    join product p on p.business_id = v.business_id and p.id = v.product_id
    join location l on l.business_id = m.business_id and l.id = m.location_id
    left join app_user u on u.id = substring(m.created_by from '^user:([0-9a-f-]{36})$')::uuid
    where ${sql.join(conditions, sql` and `)}
    order by m.created_at desc, m.id limit ${query.limit}`.execute(db)
  return rows
}
