import { Type } from '@sinclair/typebox'
import { beyondLimit, limitsIn } from '../../src/auth/role-limits.ts'
import { Amount, TaxRatePercent } from '../../src/mcp/arguments.ts'
import { changing, defineTool } from '../../src/mcp/tool.ts'
import { BelowCostSchema, belowCost } from '../../src/pos/catalogue/below-cost.ts'
import { updateProduct } from '../../src/pos/catalogue/product-writing.ts'
import { soldBelowCost } from '../../src/pos/catalogue/products.ts'
import { doPricesIncludeTax } from '../../src/pos/organisation/price-tags.ts'
import { EntityRef, NullableText } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean, variantName } from '../../src/results/text.ts'
import { exactTime } from '../../src/time/local.ts'

export default defineTool({
  name: 'update_product',
  title: 'Change a product',
  description:
    'Changes price, cost or other fields of a product, or takes it off sale; tells both values. "" clears a ' +
    'field. Give expectedPrice or expectedUpdatedAt from get_product. Stock: adjust_inventory.',
  scopes: ['pos:write'],
  annotations: changing,
  mode: 'write',
  input: Type.Object({
    variant: Type.String({ minLength: 1, maxLength: 200, description: 'SKU, name or id' }),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    price: Type.Optional(Amount('E.g. "12.50"')),
    cost: Type.Optional(Amount('Per unit')),
    category: Type.Optional(Type.String({ maxLength: 100, description: 'Name or id' })),
    supplierId: Type.Optional(Type.String({ maxLength: 200, description: 'Name or id' })),
    barcode: Type.Optional(Type.String({ maxLength: 100 })),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
    active: Type.Optional(Type.Boolean()),
    taxRatePercent: TaxRatePercent,
    expectedPrice: Type.Optional(Amount('Refused if another')),
    expectedUpdatedAt: Type.Optional(Type.String({ format: 'date-time', description: 'Refused if changed' })),
  }),
  output: Type.Object({
    product: EntityRef,
    variantId: Type.String(),
    sku: Type.String(),
    changes: Type.Array(Type.Object({ field: Type.String(), from: NullableText, to: NullableText })),
    isActive: Type.Boolean(),
    updatedAt: NullableText,
    currency: Type.String(),
    belowCost: BelowCostSchema,
  }),
  async handler({ variant, ...input }, { db, business, principal, now, dryRun }) {
    if (limitsIn(principal, business) !== null) {
      const field = (['price', 'cost', 'taxRatePercent'] as const).find((name) => input[name] !== undefined)
      if (field !== undefined) throw beyondLimit(field, 'no change of prices, costs or tax rates', business)
    }
    const changed = await updateProduct(db, business, variant, input, now)
    const isPriced = changed.changes.some(({ field }) => PRICED.has(field))
    const [row, pricesIncludeTax] = await Promise.all([
      isPriced ? soldBelowCost(db, business.id, changed.variantId) : null,
      doPricesIncludeTax(db, business.id),
    ])
    const below = belowCost(row, business, dryRun)
    const name = variantName(changed)
    const data = {
      product: { id: changed.productId, name },
      variantId: changed.variantId,
      sku: clean(changed.sku, 100),
      changes: changed.changes,
      isActive: changed.isActive,
      updatedAt: dryRun ? null : exactTime(changed.updatedAt, business.timezone),
      currency: business.currency,
      ...below.data,
    }
    const what = `${name} (SKU ${data.sku}, variant ${data.variantId})`
    const lines = [
      `${dryRun ? `Would change product ${what}` : `Product ${what}, changed ${data.updatedAt}`}; amounts in ${business.currency}${isPriced ? `, price ${pricesIncludeTax ? 'with' : 'without'} tax, cost without` : ''}.`,
      table(
        ['field', ...(dryRun ? ['now', 'then'] : ['before', 'now'])],
        data.changes.map(({ field, from, to }) => [field, from ?? none(field), to ?? none(field)]),
      ),
    ]
    if (below.text !== '') lines.push(below.text)
    const shared = data.changes.map(({ field }) => field).filter((field) => SHARED.has(field))
    if (changed.siblings > 0 && shared.length > 0) {
      lines.push(
        `${shared.join(', ')}: ${dryRun ? 'would change' : 'changed'} for all ${changed.siblings + 1} variants of this product.`,
      )
    }
    if (input.active === true && !changed.isActive) {
      lines.push(
        `It ${dryRun ? 'would still not be' : 'is still not'} on sale: the product that it is a variant of is switched off as a whole.`,
      )
    }
    return { text: lines.join('\n'), data, subject: `variant ${changed.variantId}` }
  },
})

/** Fields by which a price may come to be below the cost. */
const PRICED = new Set(['price', 'cost', 'taxRatePercent'])

/** Fields that all variants of a product share. */
const SHARED = new Set(['name', 'category', 'supplierId', 'description', 'taxRatePercent'])

function none(field: string): string {
  return field === 'taxRatePercent' ? 'that of the business' : '–'
}
