import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { clean } from '../../results/text.ts'

/** A sellable unit, with what an order line takes from it. */
export interface Variant {
  variant_id: string
  product_id: string
  sku: string
  name: string
  label: string | null
  price: string
  cost: string | null
  /** The product's own rate, else the business's. */
  tax_rate: string
  is_active: boolean
}

/**
 * Variants by id or SKU, in the order asked for.
 * @param argument name of the argument that the references came in, for the error
 * @throws ServiceError `not_found` naming the ones that are not in this business
 */
export async function variantsOf(
  db: Transaction,
  businessId: string,
  references: readonly string[],
  argument: string,
): Promise<Variant[]> {
  const wanted = [...new Set(references)]
  const { rows } = await sql<Variant & { reference: string }>`
    select r.reference, v.id as variant_id, v.product_id, v.sku, p.name, v.label, v.price::text, v.cost::text,
      coalesce(p.tax_rate, b.tax_rate)::text as tax_rate, (p.is_active and v.is_active) as is_active
    from unnest(${wanted}::text[]) r (reference)
    join business b on b.id = ${businessId}
    cross join lateral (
      select * from product_variant v
      where v.business_id = ${businessId} and (v.sku = r.reference or v.id::text = lower(r.reference))
      order by v.sku = r.reference desc limit 1
    ) v
    join product p on p.business_id = ${businessId} and p.id = v.product_id`.execute(db)
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
