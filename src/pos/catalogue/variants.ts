import { expressionBuilder, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Product, ProductVariant } from '../../database/types.ts'
import { ServiceError } from '../../errors.ts'
import { clean } from '../../results/text.ts'
import { isUuid } from '../../uuid.ts'

const eb = expressionBuilder<{ p: Product; v: ProductVariant }, 'p' | 'v'>()

/** Whether a variant `v` of a product `p` is on sale: both must be. */
export const isOnSale = eb.and([eb.ref('p.is_active'), eb.ref('v.is_active')]).$castTo<boolean>()

/** A sellable unit, with what an order line copies from it. */
export type Variant = Omit<Awaited<ReturnType<typeof findVariants>>[number], 'reference'>

/**
 * Variants by id or SKU, in the order of the references.
 * @param argument name of the argument with the references, for the error
 * @throws ServiceError `not_found` naming those that are not in this business
 */
export async function variantsOf(
  db: Transaction,
  businessId: string,
  references: readonly string[],
  argument: string,
): Promise<Variant[]> {
  const wanted = [...new Set(references)]
  const rows = await findVariants(db, businessId, wanted)
  const found = new Map(rows.map(({ reference, ...variant }) => [reference, variant]))
  const missing = wanted.filter((reference) => !found.has(reference))
  if (missing.length > 0) {
    const names = missing.slice(0, 10).map((reference) => JSON.stringify(clean(reference, 60)))
    throw new ServiceError(
      'not_found',
      `${argument}: no product of this business has the SKU or id ${names.join(', ')}.`,
      {
        hint: 'Find it with get_products.',
      },
    )
  }
  return references.map((reference) => found.get(reference) as Variant)
}

/** The variant of each known reference; an id wins over a SKU. The tax rate is the product's, else the business's. */
function findVariants(db: Transaction, businessId: string, references: readonly string[]) {
  // Separate from the SKUs, so that either can use its index.
  const ids = references.map((reference) => (isUuid(reference) ? reference : null))
  const wanted = sql<{ reference: string; id: string | null }>`unnest(${references}::text[], ${ids}::uuid[])`
  return db
    .selectFrom(wanted.as<'r'>(sql`r (reference, id)`))
    .innerJoin('business as b', (join) => join.on('b.id', '=', businessId))
    .crossJoinLateral((from) =>
      from
        .selectFrom('product_variant as known')
        .selectAll('known')
        .where('known.business_id', '=', businessId)
        .where((own) => own.or([own('known.sku', '=', own.ref('r.reference')), own('known.id', '=', own.ref('r.id'))]))
        .orderBy((own) => sql`${own('known.id', '=', own.ref('r.id'))} is true`, 'desc')
        .limit(1)
        .as('v'),
    )
    .innerJoin('product as p', (join) => join.on('p.business_id', '=', businessId).onRef('p.id', '=', 'v.product_id'))
    .select(['r.reference', 'v.id as variant_id', 'v.product_id', 'v.sku', 'p.name', 'v.label', 'v.price', 'v.cost'])
    .select((own) => [own.fn.coalesce('p.tax_rate', 'b.tax_rate').as('tax_rate'), isOnSale.as('is_active')])
    .execute()
}
