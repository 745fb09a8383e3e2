import { Type } from '@sinclair/typebox'
import { seesCosts } from '../../src/auth/costs.ts'
import { beyondLimit } from '../../src/auth/role-limits.ts'
import { together } from '../../src/database/together.ts'
import { ServiceError } from '../../src/errors.ts'
import { Amount, Id, Quantity, Reference } from '../../src/mcp/arguments.ts'
import { changing, defineTool } from '../../src/mcp/tool.ts'
import { type Currency, Decimal, formatMoney, grouped, money, quantity } from '../../src/money/money.ts'
import { keepStock, lockStock, stockKey, writeMovements } from '../../src/pos/inventory/stock-writing.ts'
import { locationToWrite } from '../../src/pos/organisation/locations.ts'
import { supplierOf, variantsOf } from '../../src/pos/references.ts'
import { EntityRef, Nullable, NullableText, StringEnum } from '../../src/results/schema.ts'
import { clean, variantName } from '../../src/results/text.ts'

const REASONS = ['adjustment', 'count', 'damage', 'purchase'] as const

export default defineTool({
  name: 'adjust_inventory',
  title: 'Adjust stock',
  description:
    'Changes the stock of one product at one location, with a ledger entry: change for purchases and damage, or ' +
    'countedQuantity. Between locations: transfer_inventory.',
  scopes: ['pos:write'],
  annotations: changing,
  mode: 'write',
  input: Type.Object({
    product: Id('SKU, name or id'),
    locationId: Type.Optional(Id('Default: the only one')),
    change: Type.Optional(Quantity('Signed, e.g. "-3"')),
    countedQuantity: Type.Optional(Quantity('The stock')),
    reason: Type.Optional(StringEnum(REASONS, { description: 'Default: count or adjustment' })),
    unitCost: Type.Optional(Amount('Of a purchase')),
    supplier: Reference,
    expectedOnHand: Type.Optional(Quantity('Refused if stock differs')),
    note: Type.Optional(Type.String({ maxLength: 500 })),
  }),
  output: Type.Object({
    movementId: Nullable(Type.String(), { description: 'null: stock was right, or a dry run' }),
    name: Type.String(),
    variantId: Type.String(),
    sku: Type.String(),
    location: EntityRef,
    before: Type.String(),
    change: Type.String(),
    after: Type.String(),
    reason: Type.String(),
    unitCost: Type.Optional(NullableText),
    supplier: Type.Optional(Nullable(EntityRef)),
  }),
  async handler({ product, locationId, change, countedQuantity, expectedOnHand, note, unitCost, ...input }, context) {
    const { db, business, principal, now, dryRun } = context
    const hasCosts = seesCosts(principal, business)
    const counted = countedQuantity === undefined ? undefined : new Decimal(countedQuantity)
    if ((change === undefined) === (counted === undefined)) {
      throw new ServiceError('invalid_argument', 'Give either change or countedQuantity, and not both.')
    }
    if (counted?.lessThan(0)) {
      throw new ServiceError('invalid_argument', 'countedQuantity must not be negative.')
    }
    const asked = new Decimal(change ?? 0)
    if (change !== undefined && asked.isZero()) {
      throw new ServiceError('invalid_argument', 'change must not be 0.')
    }
    const reason = input.reason ?? (counted === undefined ? 'adjustment' : 'count')
    if (reason === 'damage' && asked.greaterThan(0)) {
      throw new ServiceError('invalid_argument', 'change must be negative for damage: it takes from stock.', {
        hint: `Did you mean "${asked.negated().toFixed()}"?`,
      })
    }

    const isPurchase = reason === 'purchase'
    if (!isPurchase && (unitCost !== undefined || input.supplier !== undefined)) {
      const argument = unitCost === undefined ? 'supplier' : 'unitCost'
      throw new ServiceError('invalid_argument', `${argument} belongs to a purchase, not to ${reason}.`, {
        hint: 'Give reason "purchase" for goods received.',
      })
    }
    if (unitCost !== undefined && !hasCosts) throw beyondLimit('unitCost', 'no costs', business)

    const [{ location }, [variant], told] = await together([
      locationToWrite(db, business, locationId),
      variantsOf(db, business.id, [product], 'product'),
      input.supplier === undefined ? undefined : supplierOf(db, business.id, input.supplier, 'supplier'),
    ])
    if (variant === undefined) throw new Error('variantsOf answers every reference')
    const place = { variantId: variant.variant_id, locationId: location.id }
    const sku = clean(variant.sku, 60)

    // A count of zero is no reason to begin keeping stock of a product that has none anywhere.
    const isKept = counted === undefined || !counted.isZero()
    const supplierId = isPurchase ? variant.supplier_id : null
    const [, stock, usual] = await Promise.all([
      isKept ? keepStock(db, business.id, [place]) : undefined,
      lockStock(db, business.id, [place]),
      told !== undefined || supplierId === null ? undefined : supplierOf(db, business.id, supplierId),
    ])
    const supplier = told ?? usual
    const before = stock.get(stockKey(place)) ?? new Decimal(0)
    if (expectedOnHand !== undefined && !before.equals(expectedOnHand)) {
      throw new ServiceError(
        'conflict',
        `Stock is ${quantity(before)} now, not the expectedOnHand of ${quantity(expectedOnHand)}.`,
        {
          hint: 'Look at list_inventory_movements for what changed, then repeat with the stock as it is now.',
        },
      )
    }
    const difference = counted === undefined ? asked : counted.minus(before)
    const after = before.plus(difference)
    if (after.lessThan(0) && difference.lessThan(0)) {
      throw new ServiceError(
        'conflict',
        `Stock would go below 0: there is only ${quantity(before)} at this location.`,
        {
          hint: 'Take no more than there is, or give countedQuantity if you have counted.',
        },
      )
    }

    const data = {
      name: variantName(variant),
      variantId: variant.variant_id,
      sku,
      location,
      before: quantity(before),
      change: quantity(difference),
      after: quantity(after),
      reason,
      ...(isPurchase && {
        unitCost: unitCost === undefined ? null : money(unitCost, business).amount,
        supplier: supplier === undefined ? null : { id: supplier.id, name: clean(supplier.name, 80) },
      }),
    }
    const what = `${data.name} [${sku}, ${variant.variant_id}] at ${location.name} (${location.id})`
    if (difference.isZero()) {
      return {
        text: `${dryRun ? 'Would write no movement' : 'No movement was written'}: stock of ${what} is ${grouped(data.after)} already.`,
        data: { movementId: null, ...data },
      }
    }
    const movement = {
      ...place,
      ...{ quantity: difference, reason, note, unitCost, supplierId: supplier?.id },
      ...{ createdBy: principal.ref, createdAt: now },
    }
    const [movementId = null] = await writeMovements(db, business.id, [movement])
    const signed = `${difference.isPositive() ? '+' : ''}${grouped(data.change)}`
    const [was, then] = [grouped(data.before), grouped(data.after)]
    const bought = isPurchase
      ? ` ${describePurchase(data, { unitCost, cost: hasCosts ? variant.cost : null }, business)}`
      : ''
    const text = dryRun
      ? `Would change the stock of ${what}: ${was} now, ${signed} (${reason}), ${then} then.${bought}`
      : `Stock of ${what}: ${was} before, ${signed} (${reason}), ${then} now. Movement ${movementId}.${bought}`
    return {
      text,
      data: { movementId: dryRun ? null : movementId, ...data },
      subject: `inventory_movement ${movementId}`,
    }
  },
})

/** From whom and for how much goods were bought, and that the product's own cost is left as it is. */
function describePurchase(
  { supplier }: { supplier?: { name: string } | null },
  { unitCost, cost }: { unitCost: string | undefined; cost: string | null },
  business: Currency,
): string {
  const from = supplier == null ? 'No supplier is noted' : `Bought from ${supplier.name}`
  if (unitCost === undefined) return `${from}, without a cost.`
  const paid = `${from}, at ${formatMoney(money(unitCost, business))} a unit.`
  if (cost !== null && new Decimal(cost).equals(unitCost)) return paid
  const kept = cost === null ? 'stays unknown' : `stays ${formatMoney(money(cost, business))}`
  return `${paid} The cost of the product ${kept}: update_product changes it.`
}
