import { Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { reorderList } from '../../src/pos/intents/reorder-list.ts'
import { presentReorderList, ReorderListSchema } from '../../src/pos/intents/reorder-list-text.ts'
import { STOCK_OF_NOW } from '../../src/pos/inventory/inventory.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { categoryOf, supplierOf } from '../../src/pos/references.ts'
import { decodeCursor } from '../../src/results/cursor.ts'
import { Cursor, Limit } from '../../src/results/schema.ts'
import { clean } from '../../src/results/text.ts'
import { localDate } from '../../src/time/local.ts'

const Reference = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 100, description }))

// The list tells costs, which those who only sell need not know: so it belongs to the intents, not to reading stock.
export default defineTool({
  name: 'get_reorder_list',
  title: 'Reorder list',
  description:
    'The whole order list: transfers between locations first, then what to order by supplier and location, with lead ' +
    'time, pack, cost and sums. For "what do I order from X?". Default 50 lines.',
  scopes: ['pos:intents'],
  annotations: readOnly,
  otherDays: STOCK_OF_NOW,
  mode: 'read',
  input: Type.Object({
    supplier: Reference('Name or id'),
    locationId: LocationId,
    category: Reference('Name or id'),
    limit: Limit({ default: 50, maximum: 100 }),
    cursor: Cursor,
  }),
  output: ReorderListSchema,
  async handler({ supplier, locationId, category, limit, cursor }, { db, business, now }) {
    const after = decodeCursor(cursor, 5)
    const [place, asked, within] = await Promise.all([
      placeOf(db, business, locationId),
      supplier === undefined ? null : supplierOf(db, business.id, supplier, 'supplier', { isRead: true }),
      category === undefined ? null : categoryOf(db, business.id, category, 'category', { isRead: true }),
    ])
    const { timezone, location } = place
    const filter = {
      businessId: business.id,
      locationId: location?.id,
      supplierId: asked?.id,
      categoryId: within?.id,
    }
    const found = await reorderList(db, filter, now, { limit: limit + 1, after })
    return presentReorderList(
      found,
      limit,
      {
        asOf: localDate(now, timezone),
        timezone,
        location,
        supplier: asked === null ? null : clean(asked.name, 80),
        category: within === null ? null : clean(within.name, 80),
      },
      business,
    )
  },
})
