import { Type } from '@sinclair/typebox'
import { seesCosts, seesTotals } from '../../src/auth/costs.ts'
import { together } from '../../src/database/together.ts'
import { LocationId, Reference } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, Decimal, formatAmount, money, quantity } from '../../src/money/money.ts'
import {
  CORRECTIONS,
  findMovements,
  MAX_COUNTED,
  MOVEMENT_REASONS,
  sumMovements,
  sumPurchases,
} from '../../src/pos/inventory/movements.ts'
import { describePurchases, PurchasesSchema, purchasesOf } from '../../src/pos/inventory/purchases-text.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { describeTaken, sentenceOfTaken, supplierOf, variantToRead } from '../../src/pos/references.ts'
import { COMPACT_OUTPUT, CompactRows, compactPage } from '../../src/results/compact-page.ts'
import { counted } from '../../src/results/counted.ts'
import { decodeCursor } from '../../src/results/cursor.ts'
import { Cursor, Limit, StringEnum } from '../../src/results/schema.ts'
import { clean, variantName } from '../../src/results/text.ts'
import { untrusted } from '../../src/results/untrusted.ts'
import { localNow } from '../../src/time/local.ts'
import { describeDays, WINDOW_INPUT, WindowSchema, windowIfAsked } from '../../src/time/window.ts'

export default defineTool({
  name: 'list_inventory_movements',
  title: 'Stock ledger',
  description:
    'The stock ledger, newest first: why stock changed; purchases with supplier and cost, summed by supplier. ' +
    'Stock now: get_inventory.',
  scopes: ['pos:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    product: Reference,
    locationId: LocationId,
    reason: Type.Optional(StringEnum(MOVEMENT_REASONS)),
    supplier: Reference,
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
    purchases: Type.Optional(PurchasesSchema),
    worth: Type.Optional(
      Type.Object(
        { amount: Type.String(), currency: Type.String(), withoutCost: Type.Integer({ description: 'Not in it' }) },
        { description: 'Of all corrections that match, at the cost of today; negative: lost' },
      ),
    ),
    terms: Type.String(),
  }),
  async handler({ product, locationId, reason, supplier, limit, cursor, ...input }, { db, business, principal, now }) {
    const hasCosts = seesCosts(principal, business)
    const [{ after, where, ...place }, variant, seller] = await together([
      placeOf(db, business, locationId).then((where) => ({
        where,
        locationId: where.location?.id,
        days: windowIfAsked(input, now, where.timezone),
        after: decodeCursor(cursor, 2),
      })),
      product === undefined ? undefined : variantToRead(db, business.id, product),
      supplier === undefined ? undefined : supplierOf(db, business.id, supplier, 'supplier', { isRead: true }),
    ])
    const filter = { variantId: variant?.variant_id, reason, supplierId: seller?.id, ...place }
    const [rows, sums, bought] = await Promise.all([
      findMovements(db, business.id, { ...filter, after, limit: limit + 1 }),
      sumMovements(db, business.id, filter),
      hasCosts ? sumPurchases(db, business.id, filter) : [],
    ])
    const isCounted = sums.movements <= MAX_COUNTED
    const list = compactPage({
      what: 'stock movements',
      columns: [
        ...['when', 'SKU', 'product', 'location', 'quantity', 'reason'],
        ...['supplier', 'unit cost', 'cost', 'order', 'by', 'note'],
      ],
      amounts: ['unit cost', 'cost'],
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
          clean(row.supplier ?? '', 40),
          ...(row.unit_cost === null || !hasCosts
            ? ['', '']
            : [
                money(row.unit_cost, business).amount,
                amountOf(new Decimal(row.unit_cost).times(row.quantity), business),
              ]),
          clean(row.order_number ?? '', 40),
          clean(row.author ?? '', 40),
          untrusted(row.note, 160) ?? '',
        ]
      },
    })
    const units =
      // Most of what goes out is sold, by whomever.
      variant === undefined || !isCounted || !seesTotals(principal, business)
        ? {}
        : { unitsIn: quantity(sums.units_in), unitsOut: quantity(sums.units_out) }
    const hasWorth = hasCosts && isCounted && reason !== undefined && CORRECTIONS.includes(reason) && sums.movements > 0
    const worth = hasWorth
      ? { amount: amountOf(sums.value, business), currency: business.currency, withoutCost: sums.without_cost }
      : undefined
    const window = place.days === undefined ? {} : { window: { ...place.days, currency: business.currency } }
    const purchases = purchasesOf(bought, business)
    const named = { locationId: where, product: variant, supplier: seller }
    const terms =
      describeTaken(named) +
      'when: on the clock of the location; quantity: negative is out of stock' +
      (purchases === undefined ? '' : `; cost: of purchases, without tax, in ${business.currency}, blank is unknown`)
    const days =
      place.days === undefined
        ? ''
        : `${describeDays(place.days)}${place.days.soFar === undefined ? '' : ` so far (${place.days.soFar})`}, days of ${place.days.timezone}. `
    const sum =
      units.unitsIn === undefined
        ? ''
        : `All that match: ${counted(units.unitsIn, 'unit')} in, ${counted(units.unitsOut, 'unit')} out. `
    const cost =
      (purchases === undefined ? '' : `${describePurchases(purchases, business.currency)} `) +
      (worth === undefined ? '' : `${describeWorth(worth)} `)
    return {
      text: `${list.text}\n${days}${sum}${cost}(${terms}.)`,
      file: list.file,
      taken: sentenceOfTaken(named),
      data: {
        ...window,
        movements: list.rows,
        ...list.data,
        ...units,
        ...(purchases && { purchases }),
        ...(worth && { worth }),
        terms,
      },
    }
  },
})

/** What corrections of stock are worth in all. */
function describeWorth(worth: { amount: string; currency: string; withoutCost: number }): string {
  const unknown = worth.withoutCost === 0 ? '' : `; ${worth.withoutCost} without a known cost are not in it`
  return `Worth of all that match, at the cost of today: ${formatAmount(worth.amount, worth.currency)}${unknown}.`
}
