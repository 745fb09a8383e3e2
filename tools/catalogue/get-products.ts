import { Type } from '@sinclair/typebox'
import { notSeen, seesCosts } from '../../src/auth/costs.ts'
import { together } from '../../src/database/together.ts'
import { Reference, Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { Decimal, money, quantity } from '../../src/money/money.ts'
import { sharePercent } from '../../src/money/share.ts'
import {
  COST_FILTERS,
  countProducts,
  findProducts,
  nearestProducts,
  PRODUCT_LACKS,
  type ProductLack,
  STOCK_FILTERS,
} from '../../src/pos/catalogue/products.ts'
import { PRODUCTS_OF_NOW } from '../../src/pos/inventory/inventory.ts'
import { orNone } from '../../src/pos/none.ts'
import { doPricesIncludeTax } from '../../src/pos/organisation/price-tags.ts'
import { categoryOf, NONE, sentenceOfTaken, supplierOf } from '../../src/pos/references.ts'
import { COMPACT_OUTPUT, CompactRows, compactPage } from '../../src/results/compact-page.ts'
import { decodeCursor } from '../../src/results/cursor.ts'
import { Cursor, Limit, StringEnum } from '../../src/results/schema.ts'
import { clean, variantName } from '../../src/results/text.ts'
import { addDays, localDate } from '../../src/time/local.ts'
import { describeDays } from '../../src/time/window.ts'

const MAX_DAYS = 1100

const LACKING: Record<ProductLack, string> = {
  cost: 'without a known cost',
  price: 'without a price (0)',
  barcode: 'without a barcode',
  category: 'without a category',
  supplier: 'without a supplier',
}

export default defineTool({
  name: 'get_products',
  title: 'Products',
  description:
    'The catalogue by name, a row per SKU: price, cost, margin, stock of all locations; how many match. By location: ' +
    'get_inventory; one in detail: get_product.',
  scopes: ['pos:read'],
  annotations: readOnly,
  otherDays: PRODUCTS_OF_NOW,
  mode: 'read',
  input: Type.Object({
    search: Search,
    category: Type.Optional(Type.String({ maxLength: 200 })),
    supplier: Reference,
    without: Type.Optional(StringEnum(PRODUCT_LACKS)),
    active: Type.Boolean({ default: true, description: 'false: switched off' }),
    stock: Type.Optional(StringEnum(STOCK_FILTERS, { description: 'low: at or below the reorder point somewhere' })),
    cost: Type.Optional(StringEnum(COST_FILTERS)),
    notSoldDays: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_DAYS, description: 'Unsold in so many days' })),
    limit: Limit({ default: 25, maximum: 100 }),
    cursor: Cursor,
  }),
  output: Type.Object({
    products: CompactRows,
    ...COMPACT_OUTPUT,
    category: Type.Optional(Type.String()),
    supplier: Type.Optional(Type.String()),
    notSold: Type.Optional(Type.Object({ from: Type.String(), to: Type.String() })),
    currency: Type.String(),
    pricesIncludeTax: Type.Boolean(),
    terms: Type.String(),
  }),
  async handler({ search, category, supplier, without, notSoldDays, limit, cursor, ...input }, context) {
    const { db, business, principal, now } = context
    const hasCosts = seesCosts(principal, business)
    if (input.cost !== undefined && !hasCosts) throw notSeen('cost', 'costs', business)
    if (without === 'cost' && !hasCosts) throw notSeen('without: cost', 'costs', business)
    const today = localDate(now, business.timezone)
    const notSold = notSoldDays === undefined ? undefined : { from: addDays(today, 1 - notSoldDays), to: today }
    const [ofCategory, ofSupplier] = await together([
      category
        ? orNone(db, business.id, 'category', category, (text) =>
            categoryOf(db, business.id, text, 'category', { isRead: true }),
          )
        : undefined,
      supplier === undefined
        ? undefined
        : orNone(db, business.id, 'supplier', supplier, (text) =>
            supplierOf(db, business.id, text, 'supplier', { isRead: true }),
          ),
    ])
    const known = {
      ...(ofCategory && { category: clean(ofCategory.name, 60) }),
      ...(ofSupplier && { supplier: clean(ofSupplier.name, 60) }),
    }
    const lacks = [
      ...new Set<ProductLack>([
        ...(without ? [without] : []),
        ...(ofCategory === null ? ['category' as const] : []),
        ...(ofSupplier === null ? ['supplier' as const] : []),
      ]),
    ]
    const filter = { ...input, search, categoryId: ofCategory?.id, supplierId: ofSupplier?.id, without: lacks, notSold }
    const after = decodeCursor(cursor, 3)
    const [found, total, pricesIncludeTax] = await Promise.all([
      findProducts(db, business.id, { ...filter, limit: limit + 1, after }),
      countProducts(db, business.id, filter),
      doPricesIncludeTax(db, business.id),
    ])
    const isNearest = total === 0 && search !== undefined
    const rows = isNearest ? await nearestProducts(db, business.id, { ...filter, search }) : found
    const list = compactPage({
      what: 'products',
      columns: ['SKU', 'product', 'category', 'price', 'cost', 'margin %', 'on hand'],
      amounts: ['price', 'cost'],
      rows,
      limit,
      total,
      isNearest,
      keyOf: (row) => [String(row.rank), row.name, row.variant_id],
      cells: (row) => [
        clean(row.sku, 60),
        variantName(row, 80),
        known.category === undefined && row.category !== null ? clean(row.category, 40) : '',
        money(row.price, business).amount,
        hasCosts && row.cost !== null ? money(row.cost, business).amount : '',
        hasCosts && row.cost !== null ? marginPercent(row.net_price, row.cost) : '',
        row.on_hand === null ? '' : quantity(row.on_hand),
      ],
    })
    const lacking = lacks.map((each) => LACKING[each])
    const terms =
      `price ${pricesIncludeTax ? 'with' : 'without'} tax` +
      (hasCosts ? '; cost without tax; margin: of the price without tax, what is left after the cost' : '') +
      '; a blank: not known, on hand: no stock is kept'
    const about = [
      ...(input.active ? [] : ['Switched off.']),
      ...(known.category === undefined ? [] : [`Category ${known.category}.`]),
      ...(known.supplier === undefined ? [] : [`Supplier ${known.supplier}.`]),
      ...lacking.map((each) => `Only what is ${each}.`),
      ...(notSold === undefined ? [] : [`Not sold: ${describeDays(notSold)}.`]),
      `Amounts in ${business.currency}: ${terms}.`,
    ]
    return {
      text: `${list.text}\n${about.join(' ')}`,
      file: list.file,
      taken: sentenceOfTaken({
        category: ofCategory === null ? NONE : ofCategory,
        supplier: ofSupplier === null ? NONE : ofSupplier,
      }),
      data: {
        products: list.rows,
        ...list.data,
        ...known,
        ...(notSold === undefined ? {} : { notSold }),
        currency: business.currency,
        pricesIncludeTax,
        terms: [...lacking, terms].join('; '),
      },
    }
  },
})

function marginPercent(netPrice: string, cost: string): string {
  return sharePercent(new Decimal(netPrice).minus(cost), netPrice) ?? ''
}
