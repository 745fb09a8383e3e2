import { type Static, Type } from '@sinclair/typebox'
import { seesCosts, seesTotals } from '../../src/auth/costs.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, Decimal, formatAmount, grouped, money, quantity } from '../../src/money/money.ts'
import { sharePercent } from '../../src/money/share.ts'
import { findProductDetail } from '../../src/pos/catalogue/product-detail.ts'
import { PRODUCTS_OF_NOW } from '../../src/pos/inventory/inventory.ts'
import { areShown, counted } from '../../src/results/counted.ts'
import { page } from '../../src/results/cursor.ts'
import { EntityRef, Nullable, NullableText } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean, cleanOrNull, nameWithState } from '../../src/results/text.ts'
import { untrusted } from '../../src/results/untrusted.ts'
import { addDays, exactTime, localDate } from '../../src/time/local.ts'

const MAX_VARIANTS = 20
const MAX_LOCATIONS = 20
const SALES_DAYS = 30

const ProductSchema = Type.Object({
  product: EntityRef,
  isActive: Type.Boolean(),
  category: Nullable(EntityRef),
  supplier: Nullable(EntityRef),
  description: NullableText,
  taxRatePercent: Type.String(),
  hasOwnTaxRate: Type.Boolean({ description: 'false: it is the rate of the business' }),
  pricesIncludeTax: Type.Boolean(),
  currency: Type.String(),
  updatedAt: Type.String(),
  sales: Type.Optional(
    Type.Object(
      {
        from: Type.String(),
        to: Type.String(),
        unitsSold: Type.String(),
        netSales: Type.String(),
        lastSoldOn: NullableText,
      },
      { description: 'Absent for roles that see their own sales alone' },
    ),
  ),
  variants: Type.Array(
    Type.Object({
      id: Type.String(),
      sku: Type.String(),
      label: NullableText,
      barcode: NullableText,
      price: Type.String(),
      cost: Type.Optional(NullableText),
      margin: Type.Optional(NullableText),
      marginPercent: Type.Optional(NullableText),
      isActive: Type.Boolean(),
      updatedAt: Type.String({ description: 'Last change of the variant or its product: expectedUpdatedAt' }),
      unitsSold: Type.Optional(Type.String()),
      netSales: Type.Optional(Type.String()),
      onHand: Nullable(Type.String(), { description: 'Over all locations; null: no stock is kept' }),
      stock: Type.Array(Type.Object({ location: EntityRef, onHand: Type.String(), reorderPoint: NullableText })),
      hasMoreStock: Type.Boolean(),
    }),
  ),
  hasMoreVariants: Type.Boolean(),
  terms: Type.String(),
})

export default defineTool({
  name: 'get_product',
  title: 'Product',
  description:
    'One product with variants, prices, costs, tax rate, category, supplier, stock per location and what it sold in ' +
    '30 days. Use it before update_product; to search use get_products.',
  scopes: ['pos:read'],
  annotations: readOnly,
  otherDays: PRODUCTS_OF_NOW,
  mode: 'read',
  input: Type.Object({
    product: Type.String({ minLength: 1, maxLength: 200, description: 'SKU, name, barcode or id' }),
  }),
  output: ProductSchema,
  async handler({ product: reference }, { db, business, principal, now }) {
    const hasCosts = seesCosts(principal, business)
    // Whoever is at the till sees the sums of their own sales alone.
    const seesSales = seesTotals(principal, business)
    const to = localDate(now, business.timezone)
    const days = { from: addDays(to, 1 - SALES_DAYS), to }
    const limits = { variants: MAX_VARIANTS, locations: MAX_LOCATIONS }
    const { product, variants, sales } = await findProductDetail(db, business.id, reference, days, limits)
    const amount = (value: string) => money(value, business).amount
    const rate = new Decimal(product.tax_rate_percent).div(100)
    const netPrice = (price: string) =>
      product.prices_include_tax ? new Decimal(price).div(rate.plus(1)).toDecimalPlaces(business.currencyDigits) : price
    const costsOf = (cost: string | null, net: Decimal.Value) => {
      if (cost === null) return { cost: null, margin: null, marginPercent: null }
      const margin = new Decimal(net).minus(cost)
      return { cost: amount(cost), margin: amountOf(margin, business), marginPercent: sharePercent(margin, net) }
    }
    const shown = page(
      variants,
      MAX_VARIANTS,
      ({ id }) => [id],
      (row) => ({
        id: row.id,
        sku: clean(row.sku, 60),
        label: cleanOrNull(row.label, 60),
        barcode: cleanOrNull(row.barcode, 60),
        price: amount(row.price),
        ...(hasCosts ? costsOf(row.cost, netPrice(row.price)) : {}),
        isActive: row.is_active,
        updatedAt: exactTime(row.updated_at, business.timezone),
        ...(seesSales ? { unitsSold: quantity(row.units_sold), netSales: amountOf(row.net_sales, business) } : {}),
        onHand: row.on_hand === null ? null : quantity(row.on_hand),
        stock: row.stock.slice(0, MAX_LOCATIONS).map((stock) => ({
          location: { id: stock.location_id, name: clean(stock.location, 40) },
          onHand: quantity(stock.on_hand),
          reorderPoint: stock.reorder_point === null ? null : quantity(stock.reorder_point),
        })),
        hasMoreStock: row.stock.length > MAX_LOCATIONS,
      }),
    )
    const refOf = (id: string | null, name: string | null) =>
      id === null || name === null ? null : { id, name: clean(name, 60) }
    const data = {
      product: { id: product.id, name: clean(product.name) },
      isActive: product.is_active,
      category: refOf(product.category_id, product.category),
      supplier: refOf(product.supplier_id, product.supplier),
      description: untrusted(product.description),
      taxRatePercent: quantity(product.tax_rate_percent),
      hasOwnTaxRate: product.has_own_tax_rate,
      pricesIncludeTax: product.prices_include_tax,
      currency: business.currency,
      updatedAt: exactTime(product.updated_at, business.timezone),
      ...(seesSales
        ? {
            sales: {
              ...days,
              unitsSold: quantity(sales.units_sold),
              netSales: amountOf(sales.net_sales, business),
              lastSoldOn: sales.last_sold_on,
            },
          }
        : {}),
      variants: shown.items,
      hasMoreVariants: shown.hasMore,
      terms:
        `price ${product.prices_include_tax ? 'with' : 'without'} tax${seesSales ? '; net sales without tax' : ''}` +
        (hasCosts
          ? '; cost without tax; margin: price without tax less cost, and its share of the price without tax'
          : ''),
    }
    return { text: describeProduct(data), data }
  },
})

function describeProduct(data: Static<typeof ProductSchema>): string {
  const { product, category, supplier, sales, variants } = data
  const hasCosts = variants.some(({ cost }) => cost !== undefined)
  const ref = (what: string, value: { id: string; name: string } | null) =>
    value === null ? `no ${what}` : `${what} ${value.name} (${value.id})`
  const lines = [
    `Product ${product.name} (${product.id}) is ${data.isActive ? 'active' : 'switched off'}; ${ref('category', category)}, ${ref('supplier', supplier)}. Changed ${data.updatedAt}.`,
    `Tax ${data.taxRatePercent} % (${data.hasOwnTaxRate ? 'its own rate' : 'the rate of the business'}). Amounts in ${data.currency}: ${data.terms}.`,
    ...(sales === undefined
      ? []
      : [
          `The last ${SALES_DAYS} days, ${sales.from} to ${sales.to}, today so far: ${counted(sales.unitsSold, 'unit')} sold, net sales ${formatAmount(sales.netSales, data.currency)}. Last sold: ${sales.lastSoldOn ?? 'never'}.`,
        ]),
    table(
      [
        'SKU',
        'label',
        'barcode',
        'price',
        ...(hasCosts ? ['cost', 'margin'] : []),
        'on hand',
        ...(sales === undefined ? [] : ['units sold', 'net sales']),
        'changed',
        'variant id',
      ],
      variants.map((variant) => [
        nameWithState(variant.sku, variant.isActive),
        variant.label ?? '–',
        variant.barcode ?? '–',
        grouped(variant.price),
        ...(hasCosts ? [grouped(variant.cost ?? '–'), marginOf(variant)] : []),
        variant.onHand ?? '–',
        ...(sales === undefined ? [] : [grouped(variant.unitsSold ?? ''), grouped(variant.netSales ?? '')]),
        variant.updatedAt,
        variant.id,
      ]),
    ),
    ...variants.filter(({ stock }) => stock.length > 0).map(describeStock),
  ]
  if (data.hasMoreVariants) {
    lines.unshift(
      `Only ${areShown(variants.length, 'variants')}; find others with get_products, and ask for one by its SKU.`,
    )
  }
  if (data.description !== null) lines.push(`Description: ${data.description}`)
  return lines.join('\n')
}

function marginOf({ margin, marginPercent }: Static<typeof ProductSchema>['variants'][number]): string {
  return margin == null ? '–' : `${grouped(margin)} (${marginPercent ?? '–'} %)`
}

function describeStock({ sku, stock, hasMoreStock }: Static<typeof ProductSchema>['variants'][number]): string {
  const places = stock.map(
    ({ location, onHand, reorderPoint }) =>
      `${location.name} ${onHand}${reorderPoint === null ? '' : ` (reorder at ${reorderPoint})`}`,
  )
  return `Stock of ${sku}${hasMoreStock ? `, first ${counted(stock.length, 'location')} (all: get_inventory)` : ''}: ${places.join('; ')}`
}
