import { type Static, Type } from '@sinclair/typebox'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { Decimal, grouped, quantity } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { clean, estimateTokens } from '../../results/text.ts'
import { lockStock, type Movement, type StockPlace, stockKey, writeMovements } from '../inventory/stock-writing.ts'

const MAX_NAMED = 10

// The lines and stock changes that the result of a write shows; get_order pages through all.
const MAX_SHOWN = 30
const MAX_TOKENS = 3500

/** How an order or refund changed stock, in results. */
export const StockChangesSchema = Type.Array(
  Type.Object({ sku: Type.String(), change: Type.String(), onHand: Type.String() }),
)
export type StockChange = Static<typeof StockChangesSchema>[number]

export interface StockMove extends StockPlace {
  sku: string
  /** Signed. */
  quantity: Decimal
}

/**
 * Locks stock and moves it, with one ledger entry per variant and location. Variants without stock-keeping are skipped.
 * @throws ServiceError `conflict` naming each SKU without enough stock
 */
export async function moveStock(
  db: Transaction,
  businessId: string,
  moves: readonly StockMove[],
  entry: Omit<Movement, 'quantity' | keyof StockPlace>,
): Promise<StockChange[]> {
  const sums = new Map<string, StockMove>()
  for (const move of moves) {
    if (move.quantity.isZero()) continue
    const sum = sums.get(stockKey(move))?.quantity ?? new Decimal(0)
    sums.set(stockKey(move), { ...move, quantity: sum.plus(move.quantity) })
  }
  const onHand = await lockStock(db, businessId, [...sums.values()])

  const movements: Movement[] = []
  const changes: StockChange[] = []
  const missing: string[] = []
  for (const [key, { sku, ...move }] of sums) {
    const before = onHand.get(key) ?? null
    if (before === null) continue
    const after = before.plus(move.quantity)
    const name = clean(sku, 60)
    if (move.quantity.isNegative() && after.isNegative()) {
      missing.push(`${name} (wanted ${quantity(move.quantity.negated())}, there ${quantity(before)})`)
    }
    movements.push({ ...entry, ...move })
    changes.push({
      sku: name,
      change: `${move.quantity.isPositive() ? '+' : ''}${quantity(move.quantity)}`,
      onHand: quantity(after),
    })
  }
  if (missing.length > 0) {
    const more = missing.length > MAX_NAMED ? ` and ${missing.length - MAX_NAMED} more` : ''
    throw new ServiceError('conflict', `Not enough stock of ${missing.slice(0, MAX_NAMED).join(', ')}${more}.`, {
      hint: 'Nothing was written. Take less, or correct the stock with adjust_inventory first.',
    })
  }
  await writeMovements(db, businessId, movements)
  return changes
}

/**
 * How many rows of each list the result of a write shows: fewer where their SKUs are long.
 * @param lists lines, if there are any, and stock changes, as they stand in the result
 */
export function countShown(...lists: readonly (readonly unknown[])[]): number {
  let tokens = 0
  for (let count = 0; count < MAX_SHOWN; count++) {
    tokens += estimateTokens(JSON.stringify(lists.map((list) => list[count])))
    if (tokens > MAX_TOKENS) return count
  }
  return MAX_SHOWN
}

/** One line of text: `Stock: CAFE-1 7 (-3)`; of a dry run `Stock would be: …`. */
export function describeStockChanges(changes: readonly StockChange[], max: number, dryRun: boolean): string {
  const stock = dryRun ? 'Stock would be' : 'Stock'
  if (changes.length === 0) return `${dryRun ? 'Stock would have' : 'Stock:'} no change.`
  const shown = changes.slice(0, max).map(({ sku, change, onHand }) => `${sku} ${grouped(onHand)} (${grouped(change)})`)
  const more = changes.length > max ? ` and ${changes.length - max} more` : ''
  return `${stock}: ${shown.join(', ')}${more}`
}

/** A line saying that rows were cut off; none if all are shown. */
export function describeCut(lines: readonly unknown[], max: number): string[] {
  if (lines.length <= max) return []
  return [`Only the first ${max} of ${counted(lines.length, 'line')} are shown; the totals cover all.`]
}
