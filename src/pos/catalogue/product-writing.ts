import { sql } from 'kysely'
import type { AuthorizedBusiness } from '../../auth/principal.ts'
import type { Transaction } from '../../database/database.ts'
import { together } from '../../database/together.ts'
import { ServiceError } from '../../errors.ts'
import { Decimal, formatMoney, money, quantity } from '../../money/money.ts'
import { clean } from '../../results/text.ts'
import { untrusted } from '../../results/untrusted.ts'
import { exactTime } from '../../time/local.ts'
import { isUuid } from '../../uuid.ts'
import { categoryOf, type Named, requireNoIdForm, supplierOf, type Variant, variantsOf } from '../references.ts'
import { categoryNamed } from './categories.ts'

/** The fields of a new product. Amounts are decimal strings in major units; the rate is in percent. */
interface ProductFields {
  name: string
  price: string
  cost?: string | undefined
  /** Id or name. */
  category?: string | undefined
  supplierId?: string | undefined
  barcode?: string | undefined
  description?: string | undefined
  /** An empty text stands for the business's rate. */
  taxRatePercent?: string | undefined
}

export interface NewProduct extends ProductFields {
  sku: string
  label?: string | undefined
  createCategory: boolean
}

export interface MadeProduct {
  productId: string
  variantId: string
  name: string
  label: string | null
  sku: string
  category: (Named & { isNew: boolean }) | null
  supplier: { id: string; name: string } | null
}

/**
 * Creates a product with a single variant.
 * @throws ServiceError `conflict` naming the product that has the SKU or barcode; `not_found` for category or supplier
 */
export async function createProduct(
  db: Transaction,
  businessId: string,
  input: NewProduct,
  now: Date,
): Promise<MadeProduct> {
  const name = text('name', input.name)
  const sku = text('sku', input.sku)
  requireNoIdForm('sku', sku)
  const label = optionalText(input.label)
  const barcode = optionalText(input.barcode)
  const [, category, supplier] = await together([
    barcode === null ? null : requireFreeBarcode(db, businessId, barcode),
    input.category ? categoryFor(db, businessId, input.category, input.createCategory, now) : null,
    input.supplierId ? supplierOf(db, businessId, input.supplierId) : null,
  ])

  const times = { created_at: now, updated_at: now }
  const product = await db
    .insertInto('product')
    .values({
      business_id: businessId,
      name,
      description: input.description?.trim() || null,
      category_id: category?.id ?? null,
      supplier_id: supplier?.id ?? null,
      tax_rate: rateOf(input.taxRatePercent),
      ...times,
    })
    .returning('id')
    .executeTakeFirstOrThrow()
  // The unique key decides: of two simultaneous calls with the same SKU, the second finds the first one's variant.
  const variant = await db
    .insertInto('product_variant')
    .values({
      business_id: businessId,
      product_id: product.id,
      sku,
      label,
      barcode,
      price: input.price,
      cost: input.cost ?? null,
      ...times,
    })
    .onConflict((conflict) => conflict.columns(['business_id', 'sku']).doNothing())
    .returning('id')
    .executeTakeFirst()
  if (variant === undefined) {
    const [holder] = await variantsOf(db, businessId, [sku], 'sku')
    throw taken('sku', holder)
  }
  return { productId: product.id, variantId: variant.id, name, label, sku, category, supplier }
}

export interface ProductChanges extends Partial<ProductFields> {
  active?: boolean | undefined
}

export interface ExpectedState {
  expectedPrice?: string | undefined
  /** Instant in ISO 8601, as in results. */
  expectedUpdatedAt?: string | undefined
}

export interface ChangedProduct {
  productId: string
  variantId: string
  name: string
  label: string | null
  sku: string
  /** Old and new values as text that is safe to show; null for no value. */
  changes: { field: string; from: string | null; to: string | null }[]
  /** How many other variants share the product's name, category, supplier, description and tax rate. */
  siblings: number
  isActive: boolean
  updatedAt: Date
}

/**
 * Changes a variant and the product it belongs to. An empty category, supplier, barcode or description removes it.
 * @throws ServiceError `conflict` with the current state if it is not the expected one; `invalid_argument` if nothing
 *   would change; `not_found` for variant, category or supplier
 */
export async function updateProduct(
  db: Transaction,
  business: AuthorizedBusiness,
  reference: string,
  input: ProductChanges & ExpectedState,
  now: Date,
): Promise<ChangedProduct> {
  const [{ variant_id: variantId }] = (await variantsOf(db, business.id, [reference], 'variant')) as [Variant]
  const current = await lockVariant(db, business.id, variantId)
  requireExpected(current, input, business)

  const fields = await fieldsOf(db, business, current, input)
  const changed = fields.filter(({ from, to }) => from !== to)
  if (changed.length === 0) {
    throw new ServiceError(
      'invalid_argument',
      fields.length === 0
        ? 'Nothing to change: give at least one of name, price, cost, category, supplierId, barcode, description, active, taxRatePercent.'
        : `Nothing to change: ${fields.map(({ field }) => field).join(', ')} ${fields.length === 1 ? 'has' : 'have'} that value already.`,
    )
  }

  // Always later than the last change, whatever the clocks say, so that every change makes `expectedUpdatedAt` stale.
  const updated_at = sql<Date>`greatest(${now}::timestamptz, ${current.updated_at}::timestamptz + interval '1 ms')`
  const variant = Object.assign({}, ...changed.map((field) => field.variant)) as VariantColumns
  const product = Object.assign({}, ...changed.map((field) => field.product)) as ProductColumns
  await Promise.all([
    Object.keys(variant).length > 0 &&
      db
        .updateTable('product_variant')
        .set({ ...variant, updated_at })
        .where('business_id', '=', business.id)
        .where('id', '=', current.variant_id)
        .execute(),
    Object.keys(product).length > 0 &&
      db
        .updateTable('product')
        .set({ ...product, updated_at })
        .where('business_id', '=', business.id)
        .where('id', '=', current.product_id)
        .execute(),
  ])
  const after = await lockVariant(db, business.id, variantId)
  return {
    productId: after.product_id,
    variantId: after.variant_id,
    name: after.name,
    label: after.label,
    sku: after.sku,
    changes: changed.map(({ field, from, to, show = clean }) => ({
      field,
      from: from === null ? null : show(from),
      to: to === null ? null : show(to),
    })),
    siblings: after.siblings,
    isActive: after.variant_is_active && after.product_is_active,
    updatedAt: after.updated_at,
  }
}

type LockedVariant = Awaited<ReturnType<typeof lockVariant>>

/** A variant and its product, locked until the transaction ends. The lock does not block orders of it. */
function lockVariant(db: Transaction, businessId: string, variantId: string) {
  return db
    .selectFrom('product_variant as v')
    .innerJoin('product as p', (join) =>
      join.onRef('p.business_id', '=', 'v.business_id').onRef('p.id', '=', 'v.product_id'),
    )
    .select(['v.id as variant_id', 'v.label', 'v.sku', 'v.barcode', 'v.price', 'v.cost'])
    .select(['p.id as product_id', 'p.name', 'p.description', 'p.category_id', 'p.supplier_id', 'p.tax_rate'])
    .select(['v.is_active as variant_is_active', 'p.is_active as product_is_active'])
    .select((eb) => [
      eb.fn<Date>('greatest', ['v.updated_at', 'p.updated_at']).as('updated_at'),
      eb
        .selectFrom('product_variant as o')
        .select(sql<number>`count(*)::integer - 1`.as('others'))
        .whereRef('o.business_id', '=', 'p.business_id')
        .whereRef('o.product_id', '=', 'p.id')
        .$asScalar()
        .$notNull()
        .as('siblings'),
    ])
    .where('v.business_id', '=', businessId)
    .where('v.id', '=', variantId)
    .forNoKeyUpdate(['v', 'p'])
    .executeTakeFirstOrThrow()
}

function requireExpected(current: LockedVariant, expected: ExpectedState, business: AuthorizedBusiness): void {
  const { expectedPrice, expectedUpdatedAt } = expected
  const state = `The price is ${formatMoney(money(current.price, business))}, last changed ${exactTime(current.updated_at, business.timezone)}.`
  const hint = 'Look at it with get_product, and try again with the current value if the change is still right.'
  if (expectedPrice !== undefined && !new Decimal(expectedPrice).eq(current.price)) {
    throw new ServiceError('conflict', `expectedPrice is not the price any more. ${state}`, { hint })
  }
  if (expectedUpdatedAt !== undefined && new Date(expectedUpdatedAt).getTime() !== current.updated_at.getTime()) {
    throw new ServiceError('conflict', `It was changed since expectedUpdatedAt. ${state}`, { hint })
  }
}

type VariantColumns = { barcode?: string | null; price?: string; cost?: string; is_active?: boolean }
type ProductColumns = {
  name?: string
  description?: string | null
  category_id?: string | null
  supplier_id?: string | null
  tax_rate?: string | null
  is_active?: boolean
}

/** A field that the caller gave: its old and new value in the same notation, and the columns that store it. */
interface Field {
  field: keyof ProductChanges
  from: string | null
  to: string | null
  variant?: VariantColumns
  product?: ProductColumns
  show?: (value: string) => string | null
}

async function fieldsOf(
  db: Transaction,
  business: AuthorizedBusiness,
  current: LockedVariant,
  input: ProductChanges,
): Promise<Field[]> {
  const fields: Field[] = []
  if (input.name !== undefined) {
    const name = text('name', input.name)
    fields.push({ field: 'name', from: current.name, to: name, product: { name } })
  }
  if (input.price !== undefined) {
    const [from, to] = [current.price, input.price].map((price) => money(price, business).amount) as [string, string]
    fields.push({ field: 'price', from, to, variant: { price: to } })
  }
  if (input.cost !== undefined) {
    const from = current.cost === null ? null : money(current.cost, business).amount
    const to = money(input.cost, business).amount
    fields.push({ field: 'cost', from, to, variant: { cost: to } })
  }
  const barcode = input.barcode === undefined ? undefined : optionalText(input.barcode)
  const [category, supplier] = await together([
    input.category === undefined ? undefined : refs(categoryOf, db, business.id, current.category_id, input.category),
    input.supplierId === undefined
      ? undefined
      : refs(supplierOf, db, business.id, current.supplier_id, input.supplierId),
    barcode ? requireFreeBarcode(db, business.id, barcode, current.variant_id) : undefined,
  ])
  if (category !== undefined) {
    const [known, wanted] = category
    fields.push({ field: 'category', ...names(known, wanted), product: { category_id: wanted?.id ?? null } })
  }
  if (supplier !== undefined) {
    const [known, wanted] = supplier
    fields.push({ field: 'supplierId', ...names(known, wanted), product: { supplier_id: wanted?.id ?? null } })
  }
  if (barcode !== undefined) {
    fields.push({ field: 'barcode', from: current.barcode, to: barcode, variant: { barcode } })
  }
  if (input.description !== undefined) {
    const description = input.description.trim() || null
    const show = (value: string) => untrusted(value)
    fields.push({ field: 'description', from: current.description, to: description, product: { description }, show })
  }
  if (input.taxRatePercent !== undefined) {
    const rate = rateOf(input.taxRatePercent)
    fields.push({
      field: 'taxRatePercent',
      from: percentOf(current.tax_rate),
      to: percentOf(rate),
      product: { tax_rate: rate },
    })
  }
  if (input.active !== undefined) {
    const isAlone = current.siblings === 0
    const isActive = current.variant_is_active && (current.product_is_active || !isAlone)
    const columns = { is_active: input.active }
    fields.push({
      field: 'active',
      from: String(isActive),
      to: String(input.active),
      variant: columns,
      ...(isAlone ? { product: columns } : {}),
    })
  }
  return fields
}

/** What a field refers to now, and what it is to refer to; an empty text refers to nothing. */
function refs(find: typeof categoryOf, db: Transaction, businessId: string, known: string | null, wanted: string) {
  return together([
    known === null ? null : find(db, businessId, known),
    wanted === '' ? null : find(db, businessId, wanted),
  ])
}

function names(known: Named | null, wanted: Named | null) {
  const nameOf = (ref: Named | null) => (ref === null ? null : `${clean(ref.name, 60)} (${ref.id})`)
  return { from: nameOf(known), to: nameOf(wanted) }
}

async function categoryFor(db: Transaction, businessId: string, reference: string, mayCreate: boolean, now: Date) {
  // An unknown id is a mistake, never the name of a new category.
  return mayCreate && !isUuid(reference)
    ? categoryNamed(db, businessId, text('category', reference), now)
    : { ...(await categoryOf(db, businessId, reference)), isNew: false }
}

// Only this check keeps barcodes unique: an import or a simultaneous call can still create a duplicate.
async function requireFreeBarcode(
  db: Transaction,
  businessId: string,
  barcode: string,
  except?: string,
): Promise<void> {
  let holders = db
    .selectFrom('product_variant')
    .select(['id as variant_id', 'sku'])
    .where('business_id', '=', businessId)
    .where('barcode', '=', barcode)
  if (except !== undefined) holders = holders.where('id', '!=', except)
  const holder = await holders.limit(1).executeTakeFirst()
  if (holder !== undefined) throw taken('barcode', holder)
}

function taken(argument: 'sku' | 'barcode', holder: { variant_id: string; sku: string } | undefined): ServiceError {
  const by = holder === undefined ? 'another product' : `SKU ${clean(holder.sku, 60)} (variant ${holder.variant_id})`
  return new ServiceError('conflict', `${argument}: ${by} has it already.`, {
    hint: `Change that one with update_product, or choose another ${argument}.`,
  })
}

/** A name or code as it is stored: without control characters, and not blank. */
function text(argument: string, value: string): string {
  const kept = clean(value, 500)
  if (kept === '') throw new ServiceError('invalid_argument', `${argument} must not be blank.`)
  return kept
}

function optionalText(value: string | undefined): string | null {
  return clean(value ?? '', 500) || null
}

function rateOf(percent: string | undefined): string | null {
  return percent ? new Decimal(percent).div(100).toFixed() : null
}

function percentOf(rate: string | null): string | null {
  return rate === null ? null : quantity(new Decimal(rate).times(100))
}
