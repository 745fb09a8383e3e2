import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { Id, LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { quantity } from '../../src/money/money.ts'
import { findMovements, MAX_COUNTED, MOVEMENT_REASONS, sumMovements } from '../../src/pos/inventory/movements.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { variantsOf } from '../../src/pos/references.ts'
import { COMPACT_OUTPUT, CompactRows, compactPage } from '../../src/results/compact-page.ts'
import { decodeCursor } from '../../src/results/cursor.ts'
import { Cursor, Limit, StringEnum } from '../../src/results/schema.ts'
import { clean, variantName } from '../../src/results/text.ts'
import { untrusted } from '../../src/results/untrusted.ts'
import { localNow } from '../../src/time/local.ts'
import { WINDOW_INPUT, WindowSchema, windowIfAsked } from '../../src/time/window.ts'

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
    window: Type.Optional(WindowSchema),
    movements: CompactRows,
    ...COMPACT_OUTPUT,
    unitsIn: Type.Optional(Type.String({ description: 'Of all that match; only for one product' })),
    unitsOut: Type.Optional(Type.String()),
    terms: Type.String(),
  }),
  async handler({ product, locationId, reason, limit, cursor, ...input }, { db, business, now }) {
    const [{ after, ...place }, [variant]] = await together([
      placeOf(db, business, locationId).then(({ timezone, location }) => ({
        locationId: location?.id,
        days: windowIfAsked(input, now, timezone),
        after: decodeCursor(cursor, 2),
      })),
      product === undefined ? [] : variantsOf(db, business.id, [product], 'product'),
    ])
    const filter = { variantId: variant?.variant_id, reason, ...place }
    const [rows, sums] = await Promise.all([
      findMovements(db, business.id, { ...filter, after, limit: limit + 1 }),
      sumMovements(db, business.id, filter),
    ])
    const isCounted = sums.movements <= MAX_COUNTED
    const list = compactPage({
      what: 'stock movements',
      columns: ['when', 'SKU', 'product', 'location', 'quantity', 'reason', 'order', 'by', 'note'],
      rows,
      limit,
      total: isCounted ? sums.movements : undefined,
      keyOf: (row) => [row.created_at_text, row.id],
      cells: (row) => {
        const { date, time } = localNow(row.created_at, row.timezone)
        return [
          `${date} ${time.slice(0, 5)}`,
          clean(row.sku, 60),
          variantName(row, 60),
          clean(row.location, 40),
          quantity(row.quantity),
          row.reason,
          clean(row.order_number ?? '', 40),
          clean(row.author ?? '', 40),
          untrusted(row.note, 160) ?? '',
        ]
      },
    })
    const units =
      variant === undefined || !isCounted
        ? {}
        : { unitsIn: quantity(sums.units_in), unitsOut: quantity(sums.units_out) }
    const window = place.days === undefined ? {} : { window: { ...place.days, currency: business.currency } }
    const terms = 'when: on the clock of the location; quantity: negative is out of stock'
    const days =
      place.days === undefined
        ? ''
        : `${place.days.from} to ${place.days.to}${place.days.soFar === undefined ? '' : ` so far (${place.days.soFar})`}, days of ${place.days.timezone}. `
    const sum = units.unitsIn === undefined ? '' : `All that match: ${units.unitsIn} in, ${units.unitsOut} out. `
    return {
      text: `${list.text}\n${days}${sum}(${terms}.)`,
      file: list.file,
      data: { ...window, movements: list.rows, ...list.data, ...units, terms },
    }
  },
})
