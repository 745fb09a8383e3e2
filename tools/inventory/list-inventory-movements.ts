import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { Id, LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { quantity } from '../../src/money/money.ts'
import { findMovements, MOVEMENT_REASONS } from '../../src/pos/inventory/movements.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { variantsOf } from '../../src/pos/references.ts'
import { decodeCursor, PAGE_OUTPUT, page } from '../../src/results/cursor.ts'
import { Cursor, EntityRef, Limit, Nullable, NullableText, StringEnum } from '../../src/results/schema.ts'
import { listText } from '../../src/results/table.ts'
import { clean, cleanOrNull, variantName } from '../../src/results/text.ts'
import { untrusted } from '../../src/results/untrusted.ts'
import { withOffset } from '../../src/time/local.ts'
import { WINDOW_INPUT, windowIfAsked } from '../../src/time/window.ts'

export default defineTool({
  name: 'list_inventory_movements',
  title: 'Stock ledger',
  description:
    'Why stock changed: the stock ledger, the newest first, with reason, note and author. Stock now is in ' +
    'get_inventory. Default: 25 rows.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    product: Type.Optional(Id('SKU, name or id')),
    locationId: LocationId,
    reason: Type.Optional(StringEnum(MOVEMENT_REASONS)),
    ...WINDOW_INPUT,
    limit: Limit({ default: 25, maximum: 100 }),
    cursor: Cursor,
  }),
  output: Type.Object({
    movements: Type.Array(
      Type.Object({
        id: Type.String(),
        at: Type.String({ description: 'On the clock of its location' }),
        name: Type.String(),
        variantId: Type.String(),
        sku: Type.String(),
        location: EntityRef,
        quantity: Type.String({ description: 'Negative: out of stock' }),
        reason: Type.String(),
        note: NullableText,
        author: NullableText,
        sourceId: Nullable(Type.String(), { description: 'Of the order, refund or transfer behind it' }),
      }),
    ),
    timezone: Type.String({ description: 'Of the days of the filter' }),
    ...PAGE_OUTPUT,
  }),
  async handler({ product, locationId, reason, limit, cursor, ...input }, { db, business, now }) {
    const [{ timezone, ...rest }, [variant]] = await together([
      placeOf(db, business, locationId).then(({ timezone, location }) => ({
        timezone,
        locationId: location?.id,
        days: windowIfAsked(input, now, timezone),
        after: decodeCursor(cursor, 2),
      })),
      product === undefined ? [] : variantsOf(db, business.id, [product], 'product'),
    ])
    const query = { variantId: variant?.variant_id, reason, ...rest, limit: limit + 1 }
    const { items: movements, ...more } = page(
      await findMovements(db, business.id, query),
      limit,
      (row) => [row.created_at_text, row.id],
      (row) => ({
        id: row.id,
        at: withOffset(row.created_at, row.timezone),
        name: variantName(row, 80),
        variantId: row.variant_id,
        sku: clean(row.sku, 60),
        location: { id: row.location_id, name: clean(row.location, 60) },
        quantity: quantity(row.quantity),
        reason: row.reason,
        note: untrusted(row.note, 160),
        author: cleanOrNull(row.author, 60),
        sourceId: row.source_id,
      }),
    )
    return {
      text: listText({
        what: 'stock movements',
        headers: ['when', 'product', 'SKU', 'location', 'quantity', 'reason', 'note', 'by', 'source id'],
        rows: movements.map((row) => [
          row.at,
          row.name,
          row.sku,
          row.location.name,
          row.quantity,
          row.reason,
          row.note ?? '–',
          row.author ?? '–',
          row.sourceId ?? '–',
        ]),
        nextCursor: more.nextCursor,
      }),
      data: { movements, timezone, ...more },
    }
  },
})
