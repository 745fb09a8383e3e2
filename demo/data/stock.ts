import type { Insertable } from 'kysely'
import type { Inventory, InventoryMovement } from '../../src/database/types.ts'
import { Decimal } from '../../src/money/money.ts'
import { type Calendar, isWithin, type Window } from './calendar.ts'
import { isBought, type SoldVariant } from './catalogue.ts'
import type { DemoLocation } from './directory.ts'
import { createRandom, type Random, stableId, type Weighted } from './random.ts'
import { CREATED_BY } from './sales.ts'
import type { Shop } from './shops.ts'

/** The state of a shelf: sold out, too little, well stocked, far too much. */
type Shelf = 'out' | 'low' | 'kept' | 'over'

const SHELVES: Weighted<Shelf> = [
  ['out', 7],
  ['low', 15],
  ['kept', 66],
  ['over', 12],
]
const PACKS = [1, 6, 12, 24]
const CYCLE_DAYS = 28
/** Suppliers charge the catalogue's cost on this day, less before, more after, by this part a day. */
const CATALOGUE_DAY = 400
const DEARER_PER_DAY = 0.00015
const COST_SPREAD = 0.04
/** Units of an average line. */
const UNITS_PER_LINE = 1.3
const OPENING_SECOND = 5 * 3600
const DELIVERY_SECOND = 6 * 3600

/** The shelf of a variant at a location, with its rules for refilling; quantities in units. */
interface Stocked {
  variant: SoldVariant
  location: DemoLocation
  shelf: Shelf
  perDay: number
  pack: number
  reorderPoint: number
  maxStock: number
  settings: Insertable<Inventory>
}

/** Shelves and their rules, for every variant with stock. */
export function stockedShelves(shop: Shop, variants: readonly SoldVariant[]): Stocked[] {
  const total = variants.reduce((sum, { weight }) => sum + weight, 0)
  const lines = mean(shop.linesPerOrder)
  return shop.business.locations.flatMap((location) =>
    variants
      .filter(({ stocked }) => stocked)
      .map((variant) => {
        const random = createRandom(`${location.id}/shelf/${variant.sku}`)
        const perDay = (shop.ordersPerDay * location.share * lines * UNITS_PER_LINE * variant.weight) / total
        const pack = perDay > 0.5 ? random.pick(PACKS) : 1
        const safetyStock = Math.max(1, Math.ceil(perDay * random.int(2, 5)))
        const reorderPoint = safetyStock + Math.ceil(perDay * variant.leadTimeDays)
        const maxStock = packs(reorderPoint + perDay * CYCLE_DAYS, pack)
        return {
          variant,
          location,
          shelf: variant.fate === 'dead' ? 'kept' : random.weighted(SHELVES),
          perDay,
          pack,
          reorderPoint,
          maxStock,
          settings: {
            business_id: shop.business.id,
            location_id: location.id,
            variant_id: variant.id,
            reorder_point: reorderPoint,
            reorder_quantity: packs(perDay * CYCLE_DAYS, pack),
            safety_stock: safetyStock,
            lead_time_days: variant.leadTimeDays,
            pack_size: pack,
            max_stock: maxStock,
          },
        }
      }),
  )
}

/**
 * The ledger of the shelves within a window. The supplier delivers every four weeks, and the sales since the last
 * delivery are booked out in one sum.
 */
export function stockMovements(
  shop: Shop,
  calendar: Calendar,
  shelves: readonly Stocked[],
  window: Window,
): Insertable<InventoryMovement>[] {
  const days = { first: calendar.indexOf(window.after), last: calendar.indexOf(window.until) }
  return shelves.flatMap((shelf) => movementsOf(shop, calendar, shelf, days, window))
}

function movementsOf(
  shop: Shop,
  calendar: Calendar,
  stocked: Stocked,
  days: { first: number; last: number },
  window: Window,
): Insertable<InventoryMovement>[] {
  const { variant, location, perDay, pack } = stocked
  const seed = `${location.id}/ledger/${variant.sku}`
  const firstDelivery = createRandom(variant.supplierId ?? seed).int(1, CYCLE_DAYS)
  const movements: Insertable<InventoryMovement>[] = []
  const add = (cycle: number, day: number, reason: string, quantity: number, note: string | null) => {
    if (quantity === 0 || day < days.first) return
    const at = calendar.day(day).at(cycle === 0 ? OPENING_SECOND : DELIVERY_SECOND)
    if (!isWithin(at, window)) return
    movements.push({
      business_id: shop.business.id,
      id: stableId(seed, cycle, reason),
      location_id: location.id,
      variant_id: variant.id,
      quantity,
      reason,
      source_id: null,
      note,
      unit_cost: reason === 'purchase' ? costOn(variant, day, createRandom(`${seed}/${cycle}/cost`)) : null,
      supplier_id: reason === 'purchase' ? variant.supplierId : null,
      created_by: CREATED_BY,
      created_at: at,
    })
  }

  let level = levelAfter(stocked, createRandom(`${seed}/0`))
  add(0, 0, 'opening', level, null)
  for (let cycle = 1, day = firstDelivery; day <= days.last; cycle++, day += CYCLE_DAYS) {
    if (!isBought(variant, day)) continue
    const random = createRandom(`${seed}/${cycle}`)
    const next = levelAfter(stocked, random)
    const bought = packs(Math.max(next - level, 0) + perDay * CYCLE_DAYS * (0.85 + 0.3 * random.next()), pack)
    const damaged = random.chance(0.06) ? 1 : 0
    const sold = Math.max(level + bought - next - damaged, 0)
    add(cycle, day, 'purchase', bought, null)
    add(cycle, day, 'sale', -sold, shop.words.stockTaken)
    add(cycle, day, 'damage', -damaged, null)
    level = level + bought - sold - damaged
  }
  return movements
}

function costOn({ cost }: SoldVariant, day: number, random: Random): string {
  const factor = 1 + (day - CATALOGUE_DAY) * DEARER_PER_DAY + (random.next() - 0.5) * COST_SPREAD
  return new Decimal(cost).times(factor.toFixed(4)).toFixed(2)
}

function levelAfter({ shelf, reorderPoint, maxStock }: Stocked, random: Random): number {
  const between = (low: number, high: number) => Math.round(low + (high - low) * random.next())
  switch (shelf) {
    case 'out':
      return 0
    case 'low':
      return Math.max(1, between(reorderPoint * 0.15, reorderPoint * 0.8))
    case 'over':
      return between(maxStock * 2, maxStock * 3.2)
    case 'kept':
      return between(reorderPoint * 1.15 + 1, maxStock)
  }
}

function packs(quantity: number, pack: number): number {
  return Math.max(1, Math.ceil(quantity / pack)) * pack
}

function mean(choices: Weighted<number>): number {
  const total = choices.reduce((sum, [, weight]) => sum + weight, 0)
  return choices.reduce((sum, [value, weight]) => sum + value * weight, 0) / total
}
