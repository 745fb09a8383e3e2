import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency, Decimal, formatAmount, grouped, money, quantity } from '../../money/money.ts'
import { areShown, counted } from '../../results/counted.ts'
import { PAGE_OUTPUT, page } from '../../results/cursor.ts'
import type { FileRows } from '../../results/file-rows.ts'
import { EntityRef, Nullable, NullableText } from '../../results/schema.ts'
import { table } from '../../results/table.ts'
import { clean, estimateTokens, variantName } from '../../results/text.ts'
import { spreadText } from './inventory-health-text.ts'
import type { ReorderLine, ReorderList } from './reorder-list.ts'
import { REPLENISHMENT_TERMS } from './replenishment.ts'

const NO_SUPPLIER = 'no supplier'
const MAX_SUPPLIERS = 30
// Of both halves, as estimated; 8,000 less the line that names the business, and for what the estimate misses.
const MAX_TOKENS = 7900

// Rows without the names of their columns, so that a hundred of them are a result that a model can read.
const TRANSFER_COLUMNS = ['SKU', 'product', 'from', 'to', 'quantity']
const ORDER_COLUMNS = ['SKU', 'product', 'on hand', 'order', 'pack', 'unit cost', 'cost']
const FILE_COLUMNS = [
  ...['action', 'SKU', 'product', 'supplier', 'location', 'from', 'on hand', 'quantity', 'pack', 'unit cost'],
  'lead days',
]
const Rows = Type.Array(Type.Array(Type.String()))

export const ReorderListSchema = Type.Object({
  asOf: Type.String(),
  timezone: Type.String(),
  currency: Type.String(),
  location: Nullable(EntityRef),
  supplier: NullableText,
  category: NullableText,
  ...PAGE_OUTPUT,
  totals: Type.Object(
    {
      products: Type.Integer(),
      locations: Type.Integer(),
      stocks: Type.Integer({ description: 'SKUs by location' }),
      transfers: Type.Integer(),
      orders: Type.Integer({ description: 'Lines to order' }),
      cost: Type.String(),
      ordersWithoutCost: Type.Integer(),
    },
    { description: 'Of all that matches, whatever the page' },
  ),
  suppliers: Type.Array(
    Type.Object({
      supplier: Type.String(),
      leadDays: Nullable(Type.Integer()),
      orders: Type.Integer(),
      cost: Type.String(),
      ordersWithoutCost: Type.Integer(),
    }),
    { description: 'Sums of the whole order' },
  ),
  suppliersLeftOut: Type.Integer(),
  transferColumns: Type.Array(Type.String()),
  transfers: Rows,
  orderColumns: Type.Array(Type.String()),
  orders: Type.Array(
    Type.Object({ supplier: Type.String(), location: Type.String(), leadDays: Type.Integer(), lines: Rows }),
  ),
  terms: Type.String(),
})
type Data = Static<typeof ReorderListSchema>

/**
 * A page of the reorder list, with the same content as text and as data.
 * @param limit the most lines of the page; `lines` may be one more
 */
export function presentReorderList(
  found: ReorderList,
  limit: number,
  place: Pick<Data, 'asOf' | 'timezone' | 'location' | 'supplier' | 'category'>,
  currency: Currency,
): { text: string; data: Data; file: FileRows } {
  for (let shown = limit; ; shown = Math.floor(shown * 0.8)) {
    const data = pageOf(found, shown, place, currency)
    const text = describe(data)
    // Names may be long, and each line of another supplier.
    if (shown <= 1 || estimateTokens(text) + estimateTokens(JSON.stringify(data)) <= MAX_TOKENS) {
      return { text, data, file: fileOf(found.lines.slice(0, linesOf(data))) }
    }
  }
}

function linesOf({ transfers, orders }: Data): number {
  return orders.reduce((count, { lines }) => count + lines.length, transfers.length)
}

function fileOf(lines: readonly ReorderLine[]): FileRows {
  return {
    columns: FILE_COLUMNS,
    rows: lines.map((line) => [
      line.action,
      clean(line.sku, 60),
      variantName(line, 120),
      line.action === 'order' ? supplierName(line) : null,
      clean(line.location, 80),
      line.from === null ? null : clean(line.from, 80),
      quantity(line.on_hand),
      quantity(line.quantity),
      line.pack_size === null ? null : quantity(line.pack_size),
      line.cost,
      line.lead_days,
    ]),
  }
}

function pageOf(
  { sums, lines }: ReorderList,
  limit: number,
  place: Pick<Data, 'asOf' | 'timezone' | 'location' | 'supplier' | 'category'>,
  currency: Currency,
): Data {
  const { items, ...more } = page(
    lines,
    limit,
    ({ keys }) => keys,
    (line) => (line.action === 'transfer' ? transferRow(line) : orderRow(line, currency)),
  )
  const transfers: string[][] = []
  const orders: Data['orders'] = []
  for (const [index, row] of items.entries()) {
    const line = lines[index] as ReorderLine
    if (line.action === 'transfer') {
      transfers.push(row)
      continue
    }
    const group = { supplier: supplierName(line), location: clean(line.location, 30), leadDays: line.lead_days }
    const last = orders.at(-1)
    const isSame =
      last?.supplier === group.supplier && last.location === group.location && last.leadDays === group.leadDays
    if (isSame) last.lines.push(row)
    else orders.push({ ...group, lines: [row] })
  }
  return {
    ...place,
    currency: currency.currency,
    ...more,
    totals: {
      products: sums.products,
      locations: sums.locations,
      stocks: sums.stocks,
      transfers: sums.transfers,
      orders: sums.orders,
      cost: amountOf(sums.cost, currency),
      ordersWithoutCost: sums.lines_without_cost,
    },
    suppliers: sums.suppliers.slice(0, MAX_SUPPLIERS).map((each) => ({
      supplier: supplierName(each),
      leadDays: each.lead_days,
      orders: each.lines,
      cost: amountOf(each.cost, currency),
      ordersWithoutCost: each.lines_without_cost,
    })),
    suppliersLeftOut: Math.max(0, sums.suppliers.length - MAX_SUPPLIERS),
    transferColumns: TRANSFER_COLUMNS,
    transfers,
    orderColumns: ORDER_COLUMNS,
    orders,
    terms: `a stock: a SKU at a location; costs: what the products cost, as on file; ${REPLENISHMENT_TERMS}`,
  }
}

function supplierName({ supplier }: { supplier: string | null }): string {
  return supplier === null ? NO_SUPPLIER : clean(supplier, 40)
}

function transferRow(line: ReorderLine): string[] {
  return [
    clean(line.sku, 40),
    variantName(line, 50),
    clean(line.from ?? '', 30),
    clean(line.location, 30),
    quantity(line.quantity),
  ]
}

function orderRow(line: ReorderLine, currency: Currency): string[] {
  return [
    clean(line.sku, 40),
    variantName(line, 50),
    quantity(line.on_hand),
    quantity(line.quantity),
    line.pack_size === null ? '1' : quantity(line.pack_size),
    line.cost === null ? '' : money(line.cost, currency).amount,
    line.cost === null ? '' : amountOf(new Decimal(line.quantity).times(line.cost), currency),
  ]
}

function describe(list: Data): string {
  const shown = list.transfers.length + list.orders.reduce((count, group) => count + group.lines.length, 0)
  const { totals, currency, suppliers } = list
  const about = [
    ...(list.supplier === null ? [] : [`from ${list.supplier}`]),
    ...(list.category === null ? [] : [`of ${list.category}`]),
    ...(list.location === null ? [] : [`for ${list.location.name}`]),
  ].join(' ')
  if (totals.stocks === 0) return `Nothing is to be reordered ${about}`.trim().concat(` (as of ${list.asOf}).`)

  const noCost = totals.ordersWithoutCost === 0 ? '' : ` (without a known cost: ${totals.ordersWithoutCost})`
  const lines = [
    ...(list.nextCursor === undefined
      ? []
      : [
          `Only ${areShown(shown, 'lines', totals.transfers + totals.orders)}; more follow with cursor ${list.nextCursor}`,
        ]),
    `${spreadText(totals)} to reorder${about === '' ? '' : ` ${about}`} (as of ${list.asOf}): ${counted(totals.transfers, 'transfer')} ` +
      `first, then ${counted(totals.orders, 'line')} to order, at cost ${formatAmount(totals.cost, currency)}${noCost}.`,
  ]
  if (suppliers.length > 0) {
    lines.push(
      `The whole order by supplier (${currency})${list.suppliersLeftOut === 0 ? '' : `, ${counted(list.suppliersLeftOut, 'more supplier')} left out`}:`,
      table(
        ['supplier', 'lead days', 'lines', 'cost', 'lines without cost'],
        suppliers.map((each) => [
          each.supplier,
          each.leadDays ?? '–',
          each.orders,
          grouped(each.cost),
          each.ordersWithoutCost,
        ]),
      ),
    )
  }
  if (list.transfers.length > 0) {
    lines.push('Transfers (transfer_inventory does them):', table(list.transferColumns, list.transfers))
  }
  for (const group of list.orders) {
    lines.push(
      `Order from ${group.supplier} for ${group.location} (delivery takes ${counted(group.leadDays, 'day')}; ${currency}):`,
      table(
        list.orderColumns,
        group.lines.map((row) => row.map((cell, index) => (index < row.length - 2 ? cell : grouped(cell) || '–'))),
      ),
    )
  }
  lines.push(`Days of ${list.location === null ? 'each location' : list.timezone}. ${list.terms}.`)
  return lines.join('\n')
}
