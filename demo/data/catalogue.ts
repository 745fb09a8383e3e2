import type { Insertable } from 'kysely'
import type { Category, Product, ProductVariant, Supplier } from '../../src/database/types.ts'
import { Decimal } from '../../src/money/money.ts'
import { createRandom, stableId } from './random.ts'

/** What a shop sells, written by hand. */
export interface Catalogue {
  suppliers: readonly SupplierSpec[]
  categories: readonly CategorySpec[]
}

interface SupplierSpec {
  name: string
  email: string
  phone: string
  taxId: string
  leadTimeDays: number
}

interface CategorySpec {
  name: string
  /** Prefix of the SKUs in the category. */
  code: string
  /** Name of the supplier; null for what the shop makes itself. */
  supplier: string | null
  /** Whether stock is kept; it is not for a cup of coffee, for example. */
  stocked: boolean
  products: readonly ProductSpec[]
}

/** Price as on the tag, cost without tax, and relative popularity. */
type ProductSpec = readonly [name: string, price: string, cost: string, weight: number, extras?: ProductExtras]

interface ProductExtras {
  /** Sizes or colours, each with its own price, cost and share of the popularity. */
  variants?: readonly (readonly [label: string, price: string, cost: string, share: number])[]
  description?: string
  taxRate?: string
  /** `retired` is switched off, `dead` is still offered but no longer bought, `launched` was added late. */
  fate?: 'retired' | 'dead' | 'launched'
  /** Sold in fractions of a unit. */
  byWeight?: boolean
}

/** A variant as the generators of sales and stock see it. */
export interface SoldVariant {
  id: string
  productId: string
  sku: string
  name: string
  price: string
  cost: string
  taxRate: string
  byWeight: boolean
  stocked: boolean
  supplierId: string | null
  leadTimeDays: number
  fate: ProductExtras['fate']
  weight: number
}

export interface CatalogueRows {
  categories: Insertable<Category>[]
  suppliers: Insertable<Supplier>[]
  products: Insertable<Product>[]
  variants: Insertable<ProductVariant>[]
  sold: SoldVariant[]
}

/** Nobody buys a dead or retired product from this day on, counted from the first day of the demo's history. */
const LAST_DAY: Partial<Record<string, number>> = { retired: 210, dead: 260 }
const LAUNCH_DAY = 330
const HOUSE_LEAD_DAYS = 2

/** Whether customers buy the variant on a day of the demo's history. */
export function isBought(variant: SoldVariant, dayIndex: number): boolean {
  if (variant.fate === 'launched') return dayIndex >= LAUNCH_DAY
  return dayIndex < (LAST_DAY[variant.fate ?? ''] ?? Number.POSITIVE_INFINITY)
}

/** The rows of a catalogue, created with the business. */
export function catalogueRows(
  businessId: string,
  businessTaxRate: string,
  catalogue: Catalogue,
  createdAt: Date,
): CatalogueRows {
  const rows: CatalogueRows = { categories: [], suppliers: [], products: [], variants: [], sold: [] }
  const own = { business_id: businessId, created_at: createdAt }

  for (const { name, email, phone, taxId, leadTimeDays } of catalogue.suppliers) {
    const id = stableId(businessId, 'supplier', name)
    rows.suppliers.push({ ...own, id, name, email, phone, tax_id: taxId, lead_time_days: leadTimeDays })
  }

  for (const category of catalogue.categories) {
    const categoryId = stableId(businessId, 'category', category.name)
    const supplier = catalogue.suppliers.find(({ name }) => name === category.supplier)
    const supplierId = supplier ? stableId(businessId, 'supplier', supplier.name) : null
    rows.categories.push({ ...own, id: categoryId, name: category.name })

    for (const [index, [name, price, cost, weight, extras = {}]] of category.products.entries()) {
      const number = `${category.code}-${String(index + 1).padStart(3, '0')}`
      const productId = stableId(businessId, 'product', number)
      const isActive = extras.fate !== 'retired'
      rows.products.push({
        ...own,
        id: productId,
        name,
        description: extras.description ?? null,
        category_id: categoryId,
        supplier_id: supplierId,
        tax_rate: extras.taxRate ?? null,
        is_active: isActive,
        updated_at: createdAt,
      })
      const variants = extras.variants ?? [[null, price, cost, 1] as const]
      for (const [position, [label, variantPrice, variantCost, share]] of variants.entries()) {
        const sku = label === null ? number : `${number}-${position + 1}`
        const id = stableId(businessId, 'variant', sku)
        rows.variants.push({
          ...own,
          id,
          product_id: productId,
          sku,
          label,
          barcode: category.stocked ? barcode(id) : null,
          price: variantPrice,
          cost: variantCost,
          is_active: isActive,
          updated_at: createdAt,
        })
        rows.sold.push({
          id,
          productId,
          sku,
          name: label === null ? name : `${name} (${label})`,
          price: variantPrice,
          cost: variantCost,
          taxRate: extras.taxRate ?? businessTaxRate,
          byWeight: extras.byWeight ?? false,
          stocked: category.stocked,
          supplierId,
          leadTimeDays: supplier?.leadTimeDays ?? HOUSE_LEAD_DAYS,
          fate: extras.fate,
          weight: weight * share,
        })
      }
    }
  }
  return rows
}

/** An EAN-13 of the range that shops give out themselves. */
function barcode(seed: string): string {
  const digits = `20${String(createRandom(seed).int(0, 9_999_999_999)).padStart(10, '0')}`
  const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}

/** A discount in percent of the tag price, as an amount. */
export function percentOf(variant: SoldVariant, quantity: string, percent: number): string {
  return new Decimal(variant.price).times(quantity).times(percent).div(100).toDecimalPlaces(2).toFixed(2)
}
