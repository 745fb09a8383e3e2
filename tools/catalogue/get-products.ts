import { Type } from '@sinclair/typebox'
import { Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { MoneySchema, money, quantity } from '../../src/money/money.ts'
import { findProducts } from '../../src/pos/catalogue/products.ts'
import { doPricesIncludeTax } from '../../src/pos/organisation/price-tags.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, EntityRef, Limit, Nullable, StringEnum } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { clean, variantName } from '../../src/results/text.ts'

export default defineTool({
  name: 'get_products',
  title: 'Products',
  description:
    'The catalogue by name, a row per SKU: price, category, stock over all locations. Use it to find a product by ' +
    'name, SKU or barcode; stock per location is in get_inventory. Default: active products.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    search: Search,
    category: Type.Optional(Type.String({ maxLength: 100, description: 'Name or id of a category' })),
    active: Type.Boolean({ default: true, description: 'false: products that are switched off; default true' }),
    stock: Type.Optional(
      StringEnum(['in_stock', 'low', 'out'], { description: 'low: at or below the reorder point somewhere' }),
    ),
    limit: Limit({ default: 25, maximum: 100 }),
    cursor: Cursor,
  }),
  output: Type.Object({
    products: Type.Array(
      Type.Object({
        id: Type.String(),
        variantId: Type.String(),
        name: Type.String(),
        sku: Type.String(),
        category: Nullable(EntityRef),
        price: MoneySchema,
        isActive: Type.Boolean(),
        onHand: Nullable(Type.String(), { description: 'null: no stock is kept' }),
      }),
    ),
    pricesIncludeTax: Type.Boolean(),
    ...PAGE_OUTPUT,
  }),
  async handler({ search, category, active, stock, limit, cursor }, { db, business }) {
    const after = decodeCursor(cursor, 2)
    const [rows, pricesIncludeTax] = await Promise.all([
      findProducts(db, business.id, { search, category, active, stock, limit: limit + 1, after }),
      doPricesIncludeTax(db, business.id),
    ])
    const { items: products, ...more } = page(
      rows,
      limit,
      (row) => [row.name, row.variant_id],
      (row) => ({
        id: row.product_id,
        variantId: row.variant_id,
        name: variantName(row),
        sku: clean(row.sku, 60),
        category:
          row.category_id === null || row.category === null
            ? null
            : { id: row.category_id, name: clean(row.category, 60) },
        price: money(row.price, business),
        isActive: row.is_active,
        onHand: row.on_hand === null ? null : quantity(row.on_hand),
      }),
    )
    const list = listText({
      what: 'products',
      headers: ['product', 'SKU', 'category', `price ${business.currency}`, 'on hand', 'id'],
      rows: products.map((product) => [
        product.name,
        product.sku,
        product.category?.name ?? '–',
        product.price.amount,
        product.onHand ?? '–',
        product.id,
      ]),
      nextCursor: more.nextCursor,
    })
    return {
      text: `${list}\nPrices ${pricesIncludeTax ? 'include' : 'are without'} tax.`,
      data: { products, pricesIncludeTax, ...more },
    }
  },
})
