import { type RawBuilder, type SqlBool, sql } from 'kysely'
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

/** Changes that nobody paid for: what was lost, or found again. */
export const CORRECTIONS: readonly MovementReason[] = ['adjustment', 'count', 'damage']

export interface MovementFilter {
  variantId?: string | undefined
  locationId?: string | undefined
  reason?: MovementReason | undefined
  /** From whom goods were bought. */
  supplierId?: string | undefined
  days?: (Days & { timezone: string }) | undefined
}

export interface MovementQuery extends MovementFilter {
  limit: number
  /** Time, as the database writes it, and id of the last row of the previous page. */
  after?: readonly [createdAt: string, id: string] | undefined
}

function isMatch({ variantId, locationId, reason, supplierId, days }: MovementFilter): RawBuilder<SqlBool> {
  const conditions = [atLocation('m.location_id', locationId)]
  if (variantId !== undefined) conditions.push(sql`m.variant_id = ${variantId}`)
  if (reason !== undefined) conditions.push(sql`m.reason = ${reason}`)
  if (supplierId !== undefined) conditions.push(sql`m.supplier_id = ${supplierId}`)
  if (days !== undefined) conditions.push(onDays('m.created_at', days, days.timezone))
  return sql<SqlBool>`(${sql.join(conditions, sql` and `)})`
}

/** So many entries are counted and added up at most: a ledger may have millions. */
export const MAX_COUNTED = 10_000

/**
 * How many entries match, what they brought in and took out, and what that is worth at today's costs of the products; a
 * count beyond the limit tells only that.
 */
export function sumMovements(db: Transaction, businessId: string, filter: MovementFilter) {
  const counted = db
    .selectFrom('inventory_movement as m')
    .select(['m.quantity', 'm.variant_id'])
    .where('m.business_id', '=', businessId)
    .where(isMatch(filter))
    .limit(MAX_COUNTED + 1)
  return db
    .selectFrom(counted.as('n'))
    .leftJoin('product_variant as v', (join) =>
      join.on('v.business_id', '=', businessId).onRef('v.id', '=', 'n.variant_id'),
    )
    .select([
      sql<number>`count(*)::integer`.as('movements'),
      sql<string>`coalesce(sum(n.quantity * v.cost), 0)::text`.as('value'),
      sql<number>`count(*) filter (where v.cost is null)::integer`.as('without_cost'),
      sql<string>`coalesce(sum(n.quantity) filter (where n.quantity > 0), 0)::text`.as('units_in'),
      sql<string>`coalesce(-sum(n.quantity) filter (where n.quantity < 0), 0)::text`.as('units_out'),
    ])
    .executeTakeFirstOrThrow()
}

/** So many suppliers are told at most. */
export const MAX_SUPPLIERS = 8
/** So many purchases are added up at most; a shop has a few of them for a thousand sales. */
export const MAX_PURCHASES = 100_000

/**
 * What the purchases among the entries that match cost, by supplier, the dearest first; each row has the sums of all.
 * Goods sent back to a supplier are taken off. No rows if there is none.
 */
export function sumPurchases(db: Transaction, businessId: string, filter: MovementFilter) {
  const bought = db
    .selectFrom('inventory_movement as m')
    .select(['m.supplier_id', 'm.unit_cost', sql<string>`m.quantity * m.unit_cost`.as('cost')])
    .where('m.business_id', '=', businessId)
    .where('m.reason', '=', 'purchase')
    .where(isMatch(filter))
    .limit(MAX_PURCHASES + 1)
  return db
    .selectFrom(bought.as('b'))
    .leftJoin('supplier as s', (join) => join.on('s.business_id', '=', businessId).onRef('s.id', '=', 'b.supplier_id'))
    .select([
      's.name as supplier',
      sql<number>`count(*)::integer`.as('purchases'),
      sql<string>`coalesce(sum(b.cost), 0)::text`.as('cost'),
      sql<number>`count(*) filter (where b.unit_cost is null)::integer`.as('without_cost'),
      sql<number>`(sum(count(*)) over ())::integer`.as('all_purchases'),
      sql<string>`(sum(coalesce(sum(b.cost), 0)) over ())::text`.as('all_cost'),
      sql<number>`(sum(count(*) filter (where b.unit_cost is null)) over ())::integer`.as('all_without_cost'),
      sql<number>`(count(*) over ())::integer`.as('suppliers'),
    ])
    .groupBy(['b.supplier_id', 's.name'])
    .orderBy(sql`coalesce(sum(b.cost), 0)`, 'desc')
    .orderBy('s.name')
    .orderBy('b.supplier_id')
    .limit(MAX_SUPPLIERS)
    .execute()
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
    .leftJoin('supplier as s', (join) =>
      join.onRef('s.business_id', '=', 'm.business_id').onRef('s.id', '=', 'm.supplier_id'),
    )
    .leftJoin('app_user as u', (join) =>
      join.on((eb) =>
        eb('u.id', '=', sql<string>`substring(${eb.ref('m.created_by')} from '^user:([0-9a-f-]{36})$')::uuid`),
      ),
    )
    .select(['m.id', 'm.created_at', 'm.quantity', 'm.reason', 'm.note', 'm.unit_cost'])
    .select(['v.sku', 'p.name', 'v.label', 'l.name as location', 'l.timezone', 's.name as supplier'])
    .select((eb) => [
      // With microseconds, which a Date cannot hold.
      eb.cast<string>('m.created_at', 'text').as('created_at_text'),
      // The author's name or address if it is known, else what kind of author it is, or what an import is called.
      sql<string | null>`coalesce(${eb.ref('u.display_name')}, ${eb.ref('u.email')},
        case split_part(${eb.ref('m.created_by')}, ':', 1) when 'key' then 'API key' when 'user' then 'unknown person'
        else ${eb.ref('m.created_by')} end)`.as('author'),
      // Of the order that it was sold by, or that was refunded.
      eb
        .selectFrom('orders as o')
        .select('o.order_number')
        .where('o.business_id', '=', businessId)
        .where((own) =>
          own.or([
            own('o.id', '=', own.ref('m.source_id')),
            own(
              'o.id',
              '=',
              own
                .selectFrom('order_refund as f')
                .select('f.order_id')
                .where('f.business_id', '=', businessId)
                .whereRef('f.id', '=', 'm.source_id'),
            ),
          ]),
        )
        .limit(1)
        .as('order_number'),
    ])
    .where('m.business_id', '=', businessId)
    .where(isMatch(query))
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
