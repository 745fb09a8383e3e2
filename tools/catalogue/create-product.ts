import { Type } from '@sinclair/typebox'
import { Amount, Id, TaxRatePercent } from '../../src/mcp/arguments.ts'
import { additive, defineTool } from '../../src/mcp/tool.ts'
import { formatMoney, MoneySchema, money } from '../../src/money/money.ts'
import { BelowCostSchema, belowCost } from '../../src/pos/catalogue/below-cost.ts'
import { createProduct } from '../../src/pos/catalogue/product-writing.ts'
import { soldBelowCost } from '../../src/pos/catalogue/products.ts'
import { doPricesIncludeTax } from '../../src/pos/organisation/price-tags.ts'
import { EntityRef, Nullable, NullableText } from '../../src/results/schema.ts'
import { clean, variantName } from '../../src/results/text.ts'

export default defineTool({
  name: 'create_product',
  title: 'New product',
  description:
    'Adds a product with one SKU to the catalogue, at the price on its tag. To change one: update_product; set stock ' +
    'afterwards with adjust_inventory. Refused if SKU or barcode are in use.',
  scopes: ['pos:write'],
  annotations: additive,
  mode: 'write',
  input: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 200 }),
    sku: Type.String({ minLength: 1, maxLength: 100 }),
    price: Amount('E.g. "12.50"'),
    cost: Type.Optional(Amount('Per unit')),
    category: Type.Optional(Type.String({ maxLength: 100, description: 'Name or id' })),
    createCategory: Type.Boolean({ default: false, description: 'true: makes it if there is none' }),
    supplierId: Type.Optional(Id('Name or id')),
    barcode: Type.Optional(Type.String({ maxLength: 100 })),
    label: Type.Optional(Type.String({ maxLength: 100, description: 'E.g. "M / Red"' })),
    description: Type.Optional(Type.String({ maxLength: 2000 })),
    taxRatePercent: TaxRatePercent,
  }),
  output: Type.Object({
    product: Type.Object({ id: NullableText, name: Type.String() }),
    variantId: NullableText,
    sku: Type.String(),
    price: MoneySchema,
    pricesIncludeTax: Type.Boolean(),
    category: Nullable(Type.Object({ id: NullableText, name: Type.String() })),
    isNewCategory: Type.Boolean(),
    supplier: Nullable(EntityRef),
    belowCost: BelowCostSchema,
  }),
  async handler(input, { db, business, now, dryRun }) {
    const [made, pricesIncludeTax] = await Promise.all([
      createProduct(db, business.id, input, now),
      doPricesIncludeTax(db, business.id),
    ])
    const below = belowCost(
      input.cost === undefined ? null : await soldBelowCost(db, business.id, made.variantId),
      business,
      dryRun,
    )
    const price = money(input.price, business)
    const name = variantName(made)
    const { category, supplier } = made
    const data = {
      product: { id: dryRun ? null : made.productId, name },
      variantId: dryRun ? null : made.variantId,
      sku: clean(made.sku, 100),
      price,
      pricesIncludeTax,
      category:
        category === null
          ? null
          : { id: dryRun && category.isNew ? null : category.id, name: clean(category.name, 60) },
      isNewCategory: category?.isNew ?? false,
      supplier: supplier === null ? null : { id: supplier.id, name: clean(supplier.name, 60) },
      ...below.data,
    }
    const place = [
      data.category === null ? 'no category' : `${data.isNewCategory ? 'new ' : ''}category ${data.category.name}`,
      ...(data.supplier === null ? [] : [`supplier ${data.supplier.name}`]),
    ].join(', ')
    const isMade = dryRun ? 'Would add the product' : 'New product'
    return {
      text:
        `${isMade} ${name}, SKU ${data.sku}, at ${formatMoney(price)} ${pricesIncludeTax ? 'with' : 'without'} tax; ${place}.` +
        `${dryRun ? '' : ' No stock is kept of it yet.'}${below.text === '' ? '' : ` ${below.text}`}`,
      data,
      subject: `product ${made.productId}`,
    }
  },
})
