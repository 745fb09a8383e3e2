import { randomUUID } from 'node:crypto'
import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { ServiceError } from '../../src/errors.ts'
import { Id, Quantity } from '../../src/mcp/arguments.ts'
import { additive, defineTool } from '../../src/mcp/tool.ts'
import { Decimal, quantity } from '../../src/money/money.ts'
import { lockStock, stockKey, writeMovements } from '../../src/pos/inventory/stock-writing.ts'
import { locationToWrite } from '../../src/pos/organisation/locations.ts'
import { type Variant, variantsOf } from '../../src/pos/references.ts'
import { counted } from '../../src/results/counted.ts'
import { EntityRef, NullableText } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean } from '../../src/results/text.ts'

const MAX_ITEMS = 50
const MAX_NAMED = 10

export default defineTool({
  name: 'transfer_inventory',
  title: 'Transfer stock',
  description:
    'Moves stock from one location to another, all items or none, with both sides in the stock ledger. For counts and ' +
    'damage use adjust_inventory. At most 50 items.',
  scopes: ['pos:write'],
  annotations: additive,
  mode: 'write',
  input: Type.Object({
    fromLocationId: Id('From list_locations'),
    toLocationId: Id('Another one'),
    items: Type.Array(Type.Object({ product: Id('SKU, name or id'), quantity: Quantity('More than 0') }), {
      minItems: 1,
      maxItems: MAX_ITEMS,
    }),
    note: Type.Optional(Type.String({ maxLength: 500 })),
  }),
  output: Type.Object({
    transferId: NullableText,
    from: EntityRef,
    to: EntityRef,
    items: Type.Array(
      Type.Object({
        variantId: Type.String(),
        sku: Type.String(),
        quantity: Type.String(),
        onHandFrom: Type.String({ description: 'After it' }),
        onHandTo: Type.String(),
      }),
    ),
  }),
  async handler({ fromLocationId, toLocationId, items, note }, context) {
    const { db, business, principal, now, dryRun } = context
    const [{ location: from }, { location: to }] = await together([
      locationToWrite(db, business, fromLocationId, 'fromLocationId'),
      locationToWrite(db, business, toLocationId, 'toLocationId'),
    ])
    if (from.id === to.id) {
      throw new ServiceError('invalid_argument', 'toLocationId must be another location than fromLocationId.')
    }
    const references = items.map(({ product }) => product)
    const variants = await variantsOf(db, business.id, references, 'items.product')
    refuseDuplicates(variants, references)
    const moves = items.map((item, index) => {
      const amount = new Decimal(item.quantity)
      if (!amount.greaterThan(0)) {
        throw new ServiceError('invalid_argument', `items.${index}.quantity must be more than 0.`)
      }
      const variant = variants[index] as Variant
      return {
        reference: JSON.stringify(clean(item.product, 60)),
        variant,
        amount,
        out: { variantId: variant.variant_id, locationId: from.id },
        in: { variantId: variant.variant_id, locationId: to.id },
      }
    })

    const stock = await lockStock(
      db,
      business.id,
      moves.flatMap((move) => [move.out, move.in]),
    )
    const onHand = (place: { variantId: string; locationId: string }) => stock.get(stockKey(place)) ?? new Decimal(0)
    const missing = moves.filter((move) => onHand(move.out).lessThan(move.amount))
    if (missing.length > 0) {
      const named = missing
        .slice(0, MAX_NAMED)
        .map(({ reference, amount, out }) => `${reference} ${quantity(onHand(out))} of ${quantity(amount)}`)
      const more = missing.length > MAX_NAMED ? ` and ${missing.length - MAX_NAMED} more` : ''
      throw new ServiceError(
        'conflict',
        `Not enough stock at fromLocationId, on hand of what is asked: ${named.join(', ')}${more}.`,
        {
          hint: 'Nothing was moved. Ask for no more than there is.',
        },
      )
    }

    const transferId = randomUUID()
    const entry = { sourceId: transferId, note, createdBy: principal.ref, createdAt: now }
    await writeMovements(
      db,
      business.id,
      moves.flatMap((move) => [
        { ...entry, ...move.out, quantity: move.amount.negated(), reason: 'transfer_out' as const },
        { ...entry, ...move.in, quantity: move.amount, reason: 'transfer_in' as const },
      ]),
    )

    // Keeps a long list within what a model can read, even with long SKUs.
    const width = moves.length > 20 ? 24 : 60
    const moved = moves.map((move) => ({
      variantId: move.variant.variant_id,
      sku: clean(move.variant.sku, width),
      quantity: quantity(move.amount),
      onHandFrom: quantity(onHand(move.out).minus(move.amount)),
      onHandTo: quantity(onHand(move.in).plus(move.amount)),
    }))
    const products = counted(moved.length, 'product')
    const way = `${products} from ${from.name} (${from.id}) to ${to.name} (${to.id})`
    const text = [
      dryRun ? `Would move ${way}.` : `Moved ${way}, transfer ${transferId}.`,
      table(
        dryRun ? ['SKU', 'to move', 'then left there', 'then here'] : ['SKU', 'moved', 'left there', 'now here'],
        moved.map((item) => [item.sku, item.quantity, item.onHandFrom, item.onHandTo]),
      ),
    ].join('\n')
    return {
      text,
      data: { transferId: dryRun ? null : transferId, from, to, items: moved },
      subject: `transfer ${transferId}`,
    }
  },
})

function refuseDuplicates(variants: readonly Variant[], references: readonly string[]): void {
  const ids = variants.map((variant) => variant.variant_id)
  const twice = references.find((_reference, index) => ids.indexOf(ids[index] as string) !== index)
  if (twice === undefined) return
  throw new ServiceError(
    'invalid_argument',
    `items name the product ${JSON.stringify(clean(twice, 60))} more than once.`,
    {
      hint: 'Give one item with the whole quantity.',
    },
  )
}
