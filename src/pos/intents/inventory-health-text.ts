import { type Static, Type } from '@sinclair/typebox'
import { type Currency, Decimal, formatMoney, MoneySchema, money, quantity } from '../../money/money.ts'
import { EntityRef, Nullable } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { clean, estimateTokens, variantName } from '../../results/text.ts'
import { WindowSchema } from '../../time/window.ts'
import type { InventoryHealth, StockedRow } from './inventory-health.ts'
import { DEAD_DAYS, OVERSTOCK_DAYS, orderQuantity, REPLENISHMENT_FORMULA, VELOCITY_DAYS } from './replenishment.ts'

/** The most rows of each list. */
export const LIMITS = { reorder: 10, others: 5 }
const MAX_ADVICE = 3
// 2,000 tokens less the line that names the business.
const MAX_TEXT_TOKENS = 1900

const STOCKED = {
  name: Type.String(),
  variantId: Type.String(),
  sku: Type.String(),
  location: EntityRef,
  onHand: Type.String(),
}
const Value = { value: Nullable(Type.String(), { description: 'On hand at cost; null: no cost is known' }) }

export const InventoryHealthSchema = Type.Object({
  window: WindowSchema,
  location: Nullable(EntityRef),
  totals: Type.Object({
    skus: Type.Integer(),
    stocks: Type.Integer({ description: 'SKUs by location; the counts below are of these' }),
    outOfStock: Type.Integer(),
    outOfStockSelling: Type.Integer({ description: 'Sold in the last 30 days' }),
    belowReorderPoint: Type.Integer({ description: 'Or at it, with some left' }),
    negative: Type.Integer(),
    toReorder: Type.Integer(),
    dead: Type.Integer({ description: 'On hand, none sold in 90 days' }),
    overstocked: Type.Integer({ description: 'Cover of more than 180 days' }),
    skusWithoutCost: Type.Integer(),
    stockValue: MoneySchema,
    deadValue: MoneySchema,
    overstockValue: MoneySchema,
    revenueAtRisk: MoneySchema,
  }),
  worthDoing: Type.Array(Type.String()),
  reorder: Type.Array(
    Type.Object({
      ...STOCKED,
      perDay: Type.String(),
      coverDays: Nullable(Type.String(), { description: 'null: nothing sells' }),
      leadDays: Type.Integer(),
      suggested: Type.String(),
      revenueAtRisk: Type.String(),
    }),
  ),
  dead: Type.Array(Type.Object({ ...STOCKED, ...Value })),
  overstocked: Type.Array(Type.Object({ ...STOCKED, perDay: Type.String(), coverDays: Type.String(), ...Value })),
  leftOut: Type.Object({ reorder: Type.Integer(), dead: Type.Integer(), overstocked: Type.Integer() }),
  formula: Type.String(),
})
type Health = Static<typeof InventoryHealthSchema>

/** The result about stock, with the same content as text and as data. */
export function presentInventoryHealth(
  found: InventoryHealth,
  place: Pick<Health, 'window' | 'location'>,
  currency: Currency,
): { text: string; data: Health } {
  let shown = LIMITS.reorder
  let data = healthOf(found, shown, place, currency)
  let text = describeInventoryHealth(data)
  // Names may be long, in letters that cost many tokens. Then there are fewer rows, but never half a result.
  while (estimateTokens(text) > MAX_TEXT_TOKENS && shown > 1) {
    shown -= 1
    data = healthOf(found, shown, place, currency)
    text = describeInventoryHealth(data)
  }
  return { text, data }
}

/** The result with at most `shown` rows to reorder, and half as many of the other lists. */
function healthOf(
  { totals, ...found }: InventoryHealth,
  shown: number,
  place: Pick<Health, 'window' | 'location'>,
  currency: Currency,
): Health {
  const rounded = (amount: string) => money(new Decimal(amount).toDecimalPlaces(currency.currencyDigits), currency)
  const stocked = (row: StockedRow) => ({
    name: variantName(row, 40),
    variantId: row.variant_id,
    sku: clean(row.sku, 40),
    location: { id: row.location_id, name: clean(row.location, 30) },
    onHand: quantity(row.on_hand),
  })
  const value = (row: StockedRow) => (row.value === null ? null : rounded(row.value).amount)
  const perDay = (units: string) => quantity(new Decimal(units).toDecimalPlaces(2))
  const days = (cover: string) => quantity(new Decimal(cover).toDecimalPlaces(1))

  const reorder = found.reorder.slice(0, shown).map((row) => ({
    ...stocked(row),
    perDay: perDay(row.per_day),
    coverDays: row.cover_days === null ? null : days(row.cover_days),
    leadDays: row.lead_days,
    suggested: quantity(orderQuantity({ wanted: row.wanted, packSize: row.pack_size, room: row.room })),
    revenueAtRisk: rounded(row.revenue_at_risk).amount,
  }))
  const others = Math.ceil(shown / 2)
  const dead = found.dead.slice(0, others).map((row) => ({ ...stocked(row), value: value(row) }))
  const overstocked = found.overstocked.slice(0, others).map((row) => ({
    ...stocked(row),
    perDay: perDay(row.per_day),
    coverDays: days(row.cover_days),
    value: value(row),
  }))
  const health = {
    ...place,
    totals: {
      skus: totals.skus,
      stocks: totals.rows,
      outOfStock: totals.out_of_stock,
      outOfStockSelling: totals.out_of_stock_selling,
      belowReorderPoint: totals.below_reorder_point,
      negative: totals.negative,
      toReorder: totals.to_reorder,
      dead: totals.dead,
      overstocked: totals.overstocked,
      skusWithoutCost: totals.skus_without_cost,
      stockValue: rounded(totals.stock_value),
      deadValue: rounded(totals.dead_value),
      overstockValue: rounded(totals.overstock_value),
      revenueAtRisk: rounded(totals.revenue_at_risk),
    },
    reorder,
    dead,
    overstocked,
    leftOut: {
      reorder: totals.to_reorder - reorder.length,
      dead: totals.dead - dead.length,
      overstocked: totals.overstocked - overstocked.length,
    },
    formula: REPLENISHMENT_FORMULA,
  }
  return { ...health, worthDoing: inventoryAdvice(health) }
}

/** At most three things worth doing, the most urgent first. */
function inventoryAdvice(health: Omit<Health, 'worthDoing'>): string[] {
  const { totals, reorder, dead, overstocked } = health
  const [first] = reorder
  const where = (row: { name: string; sku: string; location: { name: string } }) =>
    `${row.name} [${row.sku}] at ${row.location.name}`
  const advice: string[] = []
  if (first !== undefined) {
    const cover = first.coverDays === null ? 'nothing sold lately' : `${first.coverDays} days of cover`
    advice.push(
      `Order ${products(totals.toReorder)} (${formatMoney(totals.revenueAtRisk)} at risk); first ${first.suggested} of ` +
        `${where(first)}: ${cover}, delivery takes ${first.leadDays} days.`,
    )
  }
  if (totals.negative > 0) {
    advice.push(`Count ${products(totals.negative)} whose stock is below 0, then correct them with adjust_inventory.`)
  }
  if (dead[0] !== undefined) {
    advice.push(
      `Clear out ${products(totals.dead)} of which none sold in ${DEAD_DAYS} days (${formatMoney(totals.deadValue)} at cost), ` +
        `first ${where(dead[0])}.`,
    )
  }
  if (overstocked[0] !== undefined) {
    advice.push(
      `Order no more of ${products(totals.overstocked)} that last over ${OVERSTOCK_DAYS} days ` +
        `(${formatMoney(totals.overstockValue)} at cost), first ${where(overstocked[0])}.`,
    )
  }
  if (totals.skusWithoutCost > 0) {
    advice.push(
      `Give their cost to SKUs in stock that have none (${totals.skusWithoutCost}), so that the value of stock is whole.`,
    )
  }
  return advice.slice(0, MAX_ADVICE)
}

const products = (count: number) => `${count} ${count === 1 ? 'product' : 'products'}`

function describeInventoryHealth(health: Health): string {
  const { window, location, totals, leftOut } = health
  const at = location === null ? 'all active locations, each judged alone' : location.name
  if (totals.stocks === 0) return `No stock of active products is kept at ${at}.`

  const lines = [
    `${totals.toReorder} to reorder (revenue at risk ${formatMoney(totals.revenueAtRisk)}), ${totals.outOfStock} out of stock ` +
      `(${totals.outOfStockSelling} of them sold in the last ${VELOCITY_DAYS} days), ${totals.belowReorderPoint} more at or below the ` +
      `reorder point, ${totals.dead} dead (${formatMoney(totals.deadValue)}), ${totals.overstocked} over-stocked ` +
      `(${formatMoney(totals.overstockValue)}). Stock at cost: ${formatMoney(totals.stockValue)}` +
      `${totals.skusWithoutCost === 0 ? '' : ` (SKUs without a cost: ${totals.skusWithoutCost})`}.`,
    `Of ${totals.skus} active SKUs at ${at}; counted per SKU and location: ${totals.stocks}.`,
  ]
  if (health.worthDoing.length === 0) lines.push('Nothing needs doing.')
  else lines.push('Worth doing:', ...health.worthDoing.map((advice, index) => `${index + 1}. ${advice}`))

  const more = (count: number) => (count === 0 ? '' : `, ${count} more left out`)
  if (health.reorder.length > 0) {
    lines.push(
      `To reorder, by revenue at risk${more(leftOut.reorder)}:`,
      table(
        ['product', 'SKU', 'location', 'on hand', 'per day', 'cover days', 'suggested', `at risk ${window.currency}`],
        health.reorder.map((row) => [
          row.name,
          row.sku,
          row.location.name,
          row.onHand,
          row.perDay,
          row.coverDays ?? '–',
          row.suggested,
          row.revenueAtRisk,
        ]),
      ),
    )
  }
  if (health.dead.length > 0) {
    lines.push(
      `Dead, none sold in ${DEAD_DAYS} days, by value at cost${more(leftOut.dead)}:`,
      table(
        ['product', 'SKU', 'location', 'on hand', `value ${window.currency}`],
        health.dead.map((row) => [row.name, row.sku, row.location.name, row.onHand, row.value ?? '–']),
      ),
    )
  }
  if (health.overstocked.length > 0) {
    lines.push(
      `Over-stocked, cover of more than ${OVERSTOCK_DAYS} days, by value at cost${more(leftOut.overstocked)}:`,
      table(
        ['product', 'SKU', 'location', 'on hand', 'cover days', `value ${window.currency}`],
        health.overstocked.map((row) => [
          row.name,
          row.sku,
          row.location.name,
          row.onHand,
          row.coverDays,
          row.value ?? '–',
        ]),
      ),
    )
  }
  const named = [...health.reorder, ...health.dead, ...health.overstocked].map((row) => row.location)
  const places = new Map(named.map(({ id, name }) => [id, `${name} (${id})`]))
  if (places.size > 0) lines.push(`Locations: ${[...places.values()].join('; ')}`)
  lines.push(
    `Sales of ${window.from} to ${window.to} (days of ${location === null ? 'each location' : window.timezone}), net, in ${window.currency}. ${health.formula}.`,
  )
  return lines.join('\n')
}
