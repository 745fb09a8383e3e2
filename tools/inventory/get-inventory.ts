import { Type } from '@sinclair/typebox'
import { seesCosts } from '../../src/auth/costs.ts'
import { LocationId, Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, Decimal, formatAmount, grouped, quantity } from '../../src/money/money.ts'
import {
  findInventory,
  INVENTORY_FILTERS,
  nearestInventory,
  STOCK_OF_NOW,
  sumInventory,
  sumInventoryBy,
} from '../../src/pos/inventory/inventory.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { describeTaken, sentenceOfTaken } from '../../src/pos/references.ts'
import { COMPACT_OUTPUT, CompactRows, compactPage } from '../../src/results/compact-page.ts'
import { counted } from '../../src/results/counted.ts'
import { decodeCursor } from '../../src/results/cursor.ts'
import { Cursor, Limit, StringEnum } from '../../src/results/schema.ts'
import { clean, variantName } from '../../src/results/text.ts'

/** A longer page has no room for the parts of its value. */
const MOST_WITH_SHARES = 25
/** So many locations and categories are named; the others are one. */
const MAX_SHARES = 15

const ShareSchema = Type.Object({ name: Type.String(), value: Type.String() })

export default defineTool({
  name: 'get_inventory',
  title: 'Stock',
  description:
    'Stock on hand now by SKU and location, with reorder point, status and value at cost; sums of all that match, ' +
    'by location and category. What to order: get_inventory_health.',
  scopes: ['pos:read'],
  annotations: readOnly,
  otherDays: STOCK_OF_NOW,
  mode: 'read',
  input: Type.Object({
    search: Search,
    locationId: LocationId,
    status: Type.Optional(
      StringEnum(INVENTORY_FILTERS, {
        description: 'out: none left; low: some left, at or below the reorder point; negative: below 0',
      }),
    ),
    limit: Limit({ default: 25, maximum: 100 }),
    cursor: Cursor,
  }),
  output: Type.Object({
    stock: CompactRows,
    ...COMPACT_OUTPUT,
    products: Type.Integer({ description: 'Different SKUs in all rows that match' }),
    stockValue: Type.Optional(Type.String({ description: 'At cost, of all that match' })),
    valueBy: Type.Optional(
      Type.Object(
        { location: Type.Array(ShareSchema), category: Type.Array(ShareSchema) },
        { description: 'Of stockValue' },
      ),
    ),
    productsWithoutCost: Type.Optional(Type.Integer({ description: 'In stock, and not in stockValue' })),
    currency: Type.String(),
    terms: Type.String(),
  }),
  async handler({ limit, cursor, locationId, ...input }, { db, business, principal }) {
    const hasCosts = seesCosts(principal, business)
    const place = await placeOf(db, business, locationId)
    const filter = { ...input, locationId: place.location?.id }
    const after = decodeCursor(cursor, 4)
    const [found, sums, shares] = await Promise.all([
      findInventory(db, business.id, { ...filter, limit: limit + 1, after }),
      sumInventory(db, business.id, filter),
      // With the whole stock alone: the parts of a few rows are in the rows.
      hasCosts &&
      input.search === undefined &&
      input.status === undefined &&
      after === undefined &&
      limit <= MOST_WITH_SHARES
        ? sumInventoryBy(db, business.id, filter)
        : [],
    ])
    const { search } = filter
    const isNearest = sums.rows === 0 && search !== undefined
    const rows = isNearest ? await nearestInventory(db, business.id, { ...filter, search }) : found
    const atCost = (row: (typeof rows)[number]) =>
      row.cost === null ? '' : amountOf(Decimal.max(row.on_hand, 0).times(row.cost), business)
    const sharesOf = (isLocation: boolean, without: string) => {
      const all = shares.filter((share) => share.is_location === isLocation)
      const named = all.slice(0, MAX_SHARES).map((share) => ({
        name: share.name === null ? without : clean(share.name, 40),
        value: amountOf(share.value, business),
      }))
      const others = all.slice(MAX_SHARES)
      if (others.length === 0) return named
      const rest = Decimal.sum(0, ...others.map((share) => share.value))
      return [...named, { name: `${others.length} others`, value: amountOf(rest, business) }]
    }
    const valueBy = { location: sharesOf(true, ''), category: sharesOf(false, 'no category') }
    const list = compactPage({
      what: 'rows of stock',
      columns: ['SKU', 'product', 'location', 'on hand', 'reorder at', 'reorder', 'status', 'value'],
      amounts: ['value'],
      rows,
      limit,
      beside: valueBy,
      total: sums.rows,
      isNearest,
      keyOf: (row) => [String(row.rank), row.name, row.variant_id, row.location_id],
      cells: (row) => [
        clean(row.sku, 60),
        variantName(row, 80),
        clean(row.location, 40),
        quantity(row.on_hand),
        row.reorder_point === null ? '' : quantity(row.reorder_point),
        row.reorder_quantity === null ? '' : quantity(row.reorder_quantity),
        row.status,
        hasCosts ? atCost(row) : '',
      ],
    })
    const terms =
      describeTaken({ locationId: place }) +
      'reorder: the quantity set to order' +
      (hasCosts ? `; value: at cost without tax, in ${business.currency}, below 0 counts as none` : '')
    const value = hasCosts ? { stockValue: amountOf(sums.value, business), productsWithoutCost: sums.without_cost } : {}
    const sum =
      sums.rows === 0
        ? ''
        : `All that match: ${counted(sums.products, 'product')}` +
          (value.stockValue === undefined
            ? '. '
            : `, value at cost ${formatAmount(value.stockValue, business.currency)}, ${sums.without_cost} in stock without a known cost. `) +
          (shares.length === 0
            ? ''
            : `By location: ${listed(valueBy.location)}. By category: ${listed(valueBy.category)}. `)
    return {
      text: `${list.text}\n${sum}(${terms}.)`,
      file: list.file,
      taken: sentenceOfTaken({ locationId: place }),
      data: {
        stock: list.rows,
        ...list.data,
        products: sums.products,
        ...value,
        ...(shares.length === 0 ? {} : { valueBy }),
        currency: business.currency,
        terms,
      },
    }
  },
})

function listed(shares: readonly { name: string; value: string }[]): string {
  return shares.map(({ name, value }) => `${name} ${grouped(value)}`).join('; ')
}
