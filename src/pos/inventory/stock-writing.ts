import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { Decimal } from '../../money/money.ts'
import type { MovementReason } from './movements.ts'

/** Where stock is kept: a variant at a location. */
export interface StockPlace {
  variantId: string
  locationId: string
}

/** The key of a place in the result of `lockStock`. */
export function stockKey({ variantId, locationId }: StockPlace): string {
  return `${variantId} ${locationId}`
}

/**
 * Locks stock until the transaction ends, and returns what is on hand. A variant that keeps stock only at other
 * locations gets a row with 0 here; one that keeps none anywhere is not stocked, and its stock is null.
 *
 * Rows are locked in the same order as by the trigger that adds movements to stock, so that two writers of the same
 * rows wait for each other but never deadlock.
 * @returns on hand by `stockKey`, for each place
 */
export async function lockStock(
  db: Transaction,
  businessId: string,
  places: readonly StockPlace[],
): Promise<Map<string, Decimal | null>> {
  // Missing rows are created first, because only existing rows can be locked. The queries run in this order.
  const [, rows] = await Promise.all([
    db
      .insertInto('inventory')
      .columns(['business_id', 'location_id', 'variant_id'])
      .expression(
        newRows(db, businessId, places).where(({ exists, selectFrom }) =>
          exists(
            selectFrom('inventory as i')
              .where('i.business_id', '=', businessId)
              .whereRef('i.variant_id', '=', 'w.variant_id'),
          ),
        ),
      )
      .onConflict((conflict) => conflict.doNothing())
      .execute(),
    db
      .selectFrom('inventory as i')
      .select(['i.location_id', 'i.variant_id', 'i.on_hand'])
      .where('i.business_id', '=', businessId)
      .where((eb) =>
        eb(
          eb.refTuple('i.location_id', 'i.variant_id'),
          'in',
          eb.selectFrom(asRows(places)).select(['w.location_id', 'w.variant_id']).$asTuple('location_id', 'variant_id'),
        ),
      )
      .orderBy('i.location_id')
      .orderBy('i.variant_id')
      .forUpdate()
      .execute(),
  ])
  const onHand = new Map<string, Decimal | null>(places.map((place) => [stockKey(place), null]))
  for (const row of rows) {
    onHand.set(stockKey({ variantId: row.variant_id, locationId: row.location_id }), new Decimal(row.on_hand))
  }
  return onHand
}

/** Starts keeping stock, with 0 on hand, at places that do not have any yet. */
export async function keepStock(db: Transaction, businessId: string, places: readonly StockPlace[]): Promise<void> {
  await db
    .insertInto('inventory')
    .columns(['business_id', 'location_id', 'variant_id'])
    .expression(newRows(db, businessId, places))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** An entry of the stock ledger. */
export interface Movement extends StockPlace {
  /** Signed and not 0, with at most three decimals. */
  quantity: Decimal.Value
  reason: MovementReason
  /** The order, refund or transfer behind it. */
  sourceId?: string | undefined
  note?: string | undefined
  /** Of a purchase, without tax, if it is known. */
  unitCost?: string | undefined
  /** From whom goods were bought. */
  supplierId?: string | undefined
  /** `ref` of the principal. */
  createdBy: string
  createdAt: Date
}

/**
 * Writes entries of the stock ledger; a trigger then changes the stock on hand. A caller that reads stock before it
 * writes must lock it first.
 * @returns the ids of the entries, in order
 */
export async function writeMovements(
  db: Transaction,
  businessId: string,
  movements: readonly Movement[],
): Promise<string[]> {
  if (movements.length === 0) return []
  const rows = movements.map((movement) => ({
    business_id: businessId,
    id: randomUUID(),
    location_id: movement.locationId,
    variant_id: movement.variantId,
    quantity: new Decimal(movement.quantity).toFixed(),
    reason: movement.reason,
    source_id: movement.sourceId ?? null,
    note: movement.note ?? null,
    unit_cost: movement.unitCost ?? null,
    supplier_id: movement.supplierId ?? null,
    created_by: movement.createdBy,
    created_at: movement.createdAt,
  }))
  await db.insertInto('inventory_movement').values(rows).execute()
  return rows.map(({ id }) => id)
}

/** Rows of `inventory` for places `w`, in locking order. */
function newRows(db: Transaction, businessId: string, places: readonly StockPlace[]) {
  return db
    .selectFrom(asRows(places))
    .select((eb) => [eb.cast<string>(eb.val(businessId), 'uuid').as('business_id'), 'w.location_id', 'w.variant_id'])
    .orderBy('w.location_id')
    .orderBy('w.variant_id')
}

/** The places as a table `w`. */
function asRows(places: readonly StockPlace[]) {
  const locationIds = places.map(({ locationId }) => locationId)
  const variantIds = places.map(({ variantId }) => variantId)
  const rows = sql<{ location_id: string; variant_id: string }>`unnest(${locationIds}::uuid[], ${variantIds}::uuid[])`
  return rows.as<'w'>(sql`w (location_id, variant_id)`)
}
