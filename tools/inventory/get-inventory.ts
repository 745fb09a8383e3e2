import { Type } from '@sinclair/typebox'
import { LocationId, Search } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { quantity } from '../../src/money/money.ts'
import { findInventory } from '../../src/pos/inventory/inventory.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, EntityRef, Limit, NullableText, StringEnum } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { clean, variantName } from '../../src/results/text.ts'

export default defineTool({
  name: 'get_inventory',
  title: 'Stock',
  description:
    'Stock on hand now, a row per SKU and location, with reorder point and status. Use it for "how many do we have?" ' +
    'and "what is low?"; prices are in get_products. Default: active products, 25 rows.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    search: Search,
    locationId: LocationId,
    status: Type.Optional(
      StringEnum(['out', 'low', 'ok'], {
        description: 'out: none left; low: some left, at or below the reorder point',
      }),
    ),
    limit: Limit({ default: 25, maximum: 100 }),
    cursor: Cursor,
  }),
  output: Type.Object({
    stock: Type.Array(
      Type.Object({
        product: EntityRef,
        variantId: Type.String(),
        sku: Type.String(),
        location: EntityRef,
        onHand: Type.String({ description: 'Exact decimal' }),
        reorderPoint: NullableText,
        reorderQuantity: NullableText,
        status: Type.String({ description: 'out, low or ok' }),
      }),
    ),
    ...PAGE_OUTPUT,
  }),
  async handler({ search, locationId, status, limit, cursor }, { db, business }) {
    const { location } = await placeOf(db, business, locationId)
    const after = decodeCursor(cursor, 3)
    const rows = await findInventory(db, business.id, {
      search,
      locationId: location?.id,
      status,
      limit: limit + 1,
      after,
    })
    const { items: stock, ...more } = page(
      rows,
      limit,
      (row) => [row.name, row.variant_id, row.location_id],
      (row) => ({
        product: { id: row.product_id, name: variantName(row) },
        variantId: row.variant_id,
        sku: clean(row.sku, 60),
        location: { id: row.location_id, name: clean(row.location, 60) },
        onHand: quantity(row.on_hand),
        reorderPoint: row.reorder_point === null ? null : quantity(row.reorder_point),
        reorderQuantity: row.reorder_quantity === null ? null : quantity(row.reorder_quantity),
        status: row.status,
      }),
    )
    return {
      text: listText({
        what: 'rows of stock',
        headers: ['product', 'SKU', 'location', 'on hand', 'reorder at', 'status', 'variant id'],
        rows: stock.map((row) => [
          row.product.name,
          row.sku,
          row.location.name,
          row.onHand,
          row.reorderPoint ?? '–',
          row.status,
          row.variantId,
        ]),
        nextCursor: more.nextCursor,
      }),
      data: { stock, ...more },
    }
  },
})
