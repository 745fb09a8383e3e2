import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency, Decimal, formatAmount, grouped, quantity } from '../../money/money.ts'
import { counted } from '../../results/counted.ts'
import { EntityRef, Nullable } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { clean, estimateTokens, variantName } from '../../results/text.ts'
import { WindowSchema } from '../../time/window.ts'
import type { InventoryHealth, Spread, StockedRow } from './inventory-health.ts'
import { DEAD_DAYS, OVERSTOCK_DAYS, REPLENISHMENT_TERMS, VELOCITY_DAYS } from './replenishment.ts'

/** The most rows of each list. */
export const LIMITS = { reorder: 10, others: 5 }
const MAX_ADVICE = 3
// 2,000 tokens less the line that names the business.
const MAX_HALF_TOKENS = 1900

const STOCKED = { name: Type.String(), sku: Type.String(), location: Type.String(), onHand: Type.String() }
const Value = { value: Nullable(Type.String(), { description: 'On hand at cost; null: no cost is known' }) }
const SpreadSchema = {
  products: Type.Integer(),
  locations: Type.Integer(),
  stocks: Type.Integer({ description: 'SKUs by location' }),
}

export const InventoryHealthSchema = Type.Object({
  window: WindowSchema,
  location: Nullable(EntityRef),
  leftOut: Type.String({ description: 'What the lists do not name, and where it is; empty if nothing' }),
  advice: Type.Array(Type.String()),
  totals: Type.Object({
    skus: Type.Integer(),
    stocks: Type.Integer({ description: 'SKUs by location; the counts below are of these' }),
    outOfStock: Type.Integer(),
    outOfStockSelling: Type.Integer({ description: 'Sold in the last 30 days' }),
    atOrBelowReorderPoint: Type.Integer(),
    negative: Type.Integer(),
    skusWithoutCost: Type.Integer(),
    stockValue: Type.String(),
  }),
  toReorder: Type.Object({
    ...SpreadSchema,
    transfers: Type.Integer({ description: 'Of the stocks: those that another location can help' }),
    orders: Type.Integer({ description: 'Of the stocks: those with something to order' }),
    orderCost: Type.String(),
    ordersWithoutCost: Type.Integer(),
    revenueAtRisk: Type.String(),
  }),
  reorder: Type.Array(
    Type.Object({
      ...STOCKED,
      perDay: Type.String(),
      coverDays: Nullable(Type.String(), { description: 'null: nothing sells' }),
      leadDays: Type.Integer(),
      transfer: Nullable(Type.String(), { description: 'How many from where' }),
      order: Type.String(),
      revenueAtRisk: Type.String(),
    }),
  ),
  deadStock: Type.Object({ ...SpreadSchema, value: Type.String() }),
  dead: Type.Array(Type.Object({ ...STOCKED, ...Value })),
  overstock: Type.Object({ ...SpreadSchema, value: Type.String() }),
  overstocked: Type.Array(Type.Object({ ...STOCKED, coverDays: Type.String(), ...Value })),
  terms: Type.String(),
})
type Health = Static<typeof InventoryHealthSchema>

const TERMS =
  'a stock: a SKU at a location; revenue at risk: net sales without tax a day × days without stock before a delivery; ' +
  `dead: there for ${DEAD_DAYS} days, none sold in ${DEAD_DAYS}; over-stocked: cover of more than ${OVERSTOCK_DAYS} days; ` +
  `values: at cost; ${REPLENISHMENT_TERMS}`

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
  while (Math.max(estimateTokens(text), estimateTokens(JSON.stringify(data))) > MAX_HALF_TOKENS && shown > 1) {
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
  const stocked = (row: StockedRow) => ({
    name: variantName(row, 40),
    sku: clean(row.sku, 40),
    location: clean(row.location, 30),
    onHand: quantity(row.on_hand),
  })
  const value = (row: StockedRow) => (row.value === null ? null : amountOf(row.value, currency))
  const days = (cover: string) => quantity(new Decimal(cover).toDecimalPlaces(1))
  const spread = ({ products, locations, rows }: Spread & { rows: number }) => ({ products, locations, stocks: rows })

  const reorder = found.reorder.slice(0, shown).map((row) => ({
    ...stocked(row),
    perDay: quantity(new Decimal(row.per_day).toDecimalPlaces(2)),
    coverDays: row.cover_days === null ? null : days(row.cover_days),
    leadDays: row.lead_days,
    transfer:
      row.transfers.length === 0
        ? null
        : row.transfers.map((each) => `${quantity(each.quantity)} from ${clean(each.from, 30)}`).join(', '),
    order: quantity(row.quantity),
    revenueAtRisk: amountOf(row.revenue_at_risk, currency),
  }))
  const others = Math.ceil(shown / 2)
  const dead = found.dead.slice(0, others).map((row) => ({ ...stocked(row), value: value(row) }))
  const overstocked = found.overstocked
    .slice(0, others)
    .map((row) => ({ ...stocked(row), coverDays: days(row.cover_days), value: value(row) }))
  const health = {
    ...place,
    totals: {
      skus: totals.skus,
      stocks: totals.rows,
      outOfStock: totals.out_of_stock,
      outOfStockSelling: totals.out_of_stock_selling,
      atOrBelowReorderPoint: totals.at_reorder_point,
      negative: totals.negative,
      skusWithoutCost: totals.skus_without_cost,
      stockValue: amountOf(totals.stock_value, currency),
    },
    toReorder: {
      ...spread(totals.reorder),
      transfers: totals.reorder.transfers,
      orders: totals.reorder.orders,
      orderCost: amountOf(totals.reorder.order_cost, currency),
      ordersWithoutCost: totals.reorder.lines_without_cost,
      revenueAtRisk: amountOf(totals.reorder.revenue_at_risk, currency),
    },
    reorder,
    deadStock: { ...spread(totals.dead), value: amountOf(totals.dead_value, currency) },
    dead,
    overstock: { ...spread(totals.overstocked), value: amountOf(totals.overstock_value, currency) },
    overstocked,
    terms: TERMS,
  }
  return { ...health, leftOut: leftOut(health), advice: inventoryAdvice(health) }
}

type Judged = Omit<Health, 'leftOut' | 'advice'>

/** What the lists do not name, and the tool that has it. */
function leftOut({ toReorder, reorder, deadStock, dead, overstock, overstocked }: Judged): string {
  const cut = (of: number, shown: number, what: string) =>
    of > shown ? [`${shown} of ${counted(of, 'stock')} ${what}`] : []
  const toOrder = cut(toReorder.stocks, reorder.length, 'to reorder (get_reorder_list has all, by supplier)')
  const others = [
    ...cut(deadStock.stocks, dead.length, 'dead'),
    ...cut(overstock.stocks, overstocked.length, 'over-stocked'),
  ]
  const parts = [...toOrder, ...(others.length === 0 ? [] : [`${others.join(' and ')} (get_inventory has all stock)`])]
  return parts.length === 0 ? '' : `Only ${parts.join(', ')} are listed.`
}

/** "42 products at 2 locations", and how many stocks these are if there are more. */
export function spreadText({ products, locations, stocks }: Spread & { stocks: number }): string {
  const all = stocks === products ? '' : ` (${counted(stocks, 'stock')} in all)`
  return `${counted(products, 'product')} at ${counted(locations, 'location')}${all}`
}

/** At most three things to do, the most urgent first. */
function inventoryAdvice({
  totals,
  toReorder,
  reorder,
  deadStock,
  dead,
  overstock,
  overstocked,
  window,
}: Judged): string[] {
  const inCurrency = (amount: string) => formatAmount(amount, window.currency)
  const where = (row: { name: string; sku: string; location: string }) => `${row.name} [${row.sku}] at ${row.location}`
  const advice: string[] = []
  if (toReorder.transfers > 0) {
    const first = reorder.find(({ transfer }) => transfer !== null)
    advice.push(
      `Before ordering, move with transfer_inventory what another location has too much of: it helps ${grouped(String(toReorder.transfers))} of ` +
        `${counted(toReorder.stocks, 'stock')}${first === undefined ? '' : `; first ${first.transfer} of ${where(first)}`}.`,
    )
  }
  const first = reorder.find(({ order }) => order !== '0')
  if (toReorder.orders > 0) {
    const cost =
      toReorder.ordersWithoutCost === 0 ? '' : `, ${toReorder.ordersWithoutCost} of them without a known cost`
    const which =
      first === undefined
        ? ''
        : `; first ${first.order} of ${where(first)}: ` +
          `${first.coverDays === null ? 'nothing sold lately' : `${counted(first.coverDays, 'day')} of cover`}, delivery takes ${counted(first.leadDays, 'day')}`
    advice.push(
      `Order for ${counted(toReorder.orders, 'stock')} (at cost ${inCurrency(toReorder.orderCost)}${cost})${which}.`,
    )
  }
  if (totals.negative > 0) {
    advice.push(`Count what is below 0 (${counted(totals.negative, 'stock')}), then correct it with adjust_inventory.`)
  }
  if (dead[0] !== undefined) {
    advice.push(
      `Clear out ${spreadText(deadStock)} of which none sold in ${DEAD_DAYS} days (${inCurrency(deadStock.value)} at cost), ` +
        `first ${where(dead[0])}.`,
    )
  }
  if (overstocked[0] !== undefined) {
    advice.push(
      `Order no more of ${spreadText(overstock)} that last over ${OVERSTOCK_DAYS} days ` +
        `(${inCurrency(overstock.value)} at cost), first ${where(overstocked[0])}.`,
    )
  }
  if (totals.skusWithoutCost > 0) {
    advice.push(
      `Give their cost to SKUs in stock that have none (${totals.skusWithoutCost}), so that the value of stock is whole.`,
    )
  }
  return advice.slice(0, MAX_ADVICE)
}

function describeInventoryHealth(health: Health): string {
  const { window, location, totals, toReorder, deadStock, overstock } = health
  const inCurrency = (amount: string) => formatAmount(amount, window.currency)
  const count = (stocks: number) => grouped(String(stocks))
  const at = location === null ? 'all active locations, each judged alone' : location.name
  if (totals.stocks === 0) return `No stock of active products is kept at ${at}.`

  const lines = [
    `${spreadText(toReorder)} to reorder, revenue at risk ${inCurrency(toReorder.revenueAtRisk)} without tax: ` +
      `${count(toReorder.transfers)} can get some by a transfer, ${count(toReorder.orders)} ${toReorder.orders === 1 ? 'needs' : 'need'} an order, at cost ` +
      `${inCurrency(toReorder.orderCost)}${toReorder.ordersWithoutCost === 0 ? '' : ` (without a known cost: ${toReorder.ordersWithoutCost})`}.`,
    ...(health.leftOut === '' ? [] : [health.leftOut]),
    `Of ${counted(totals.stocks, 'stock')} (${counted(totals.skus, 'active SKU')} at ${at}): ${count(totals.outOfStock)} out of stock ` +
      `(${count(totals.outOfStockSelling)} of them sold in the last ${VELOCITY_DAYS} days), ${count(totals.atOrBelowReorderPoint)} at or below the ` +
      `reorder point, ${count(totals.negative)} with less than 0 on hand. Value of stock at cost ${inCurrency(totals.stockValue)}` +
      `${totals.skusWithoutCost === 0 ? '' : ` (SKUs without a cost: ${totals.skusWithoutCost})`}, dead ` +
      `${inCurrency(deadStock.value)} (${spreadText(deadStock)}), over-stocked ` +
      `${inCurrency(overstock.value)} (${spreadText(overstock)}).`,
    ...(health.advice.length === 0
      ? ['Nothing needs doing.']
      : health.advice.map((advice, index) => `${index + 1}. ${advice}`)),
  ]
  if (health.reorder.length > 0) {
    lines.push(
      `To reorder, by revenue at risk (${window.currency}):`,
      table(
        ['product', 'SKU', 'location', 'on hand', 'per day', 'cover days', 'lead days', 'transfer', 'order', 'at risk'],
        health.reorder.map((row) => [
          row.name,
          row.sku,
          row.location,
          row.onHand,
          row.perDay,
          row.coverDays ?? '–',
          row.leadDays,
          row.transfer ?? '–',
          row.order,
          grouped(row.revenueAtRisk),
        ]),
      ),
    )
  }
  if (health.dead.length > 0) {
    lines.push(
      `Dead, by value at cost (${window.currency}):`,
      table(
        ['product', 'SKU', 'location', 'on hand', 'value'],
        health.dead.map((row) => [row.name, row.sku, row.location, row.onHand, valueText(row.value)]),
      ),
    )
  }
  if (health.overstocked.length > 0) {
    lines.push(
      `Over-stocked, by value at cost (${window.currency}):`,
      table(
        ['product', 'SKU', 'location', 'on hand', 'cover days', 'value'],
        health.overstocked.map((row) => [
          row.name,
          row.sku,
          row.location,
          row.onHand,
          row.coverDays,
          valueText(row.value),
        ]),
      ),
    )
  }
  lines.push(
    `Sales of ${window.from} to ${window.to} (days of ${location === null ? 'each location' : window.timezone}). ${health.terms}.`,
  )
  return lines.join('\n')
}

function valueText(value: string | null): string {
  return value === null ? '–' : grouped(value)
}
