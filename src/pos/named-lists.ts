import { type RawBuilder, sql } from 'kysely'

/** What categories and suppliers are listed by: alphabetically, with how many products each has on sale. */
export interface NamedQuery {
  search?: string | undefined
  limit: number
  /** Name and id of the last row before. */
  after?: readonly [name: string, id: string] | undefined
}

/**
 * How many products are on sale per category or supplier, as a subquery with the columns id and active_products. A
 * product is on sale when it is active and has an active variant.
 */
export function activeProductsBy(column: 'category_id' | 'supplier_id', businessId: string): RawBuilder<unknown> {
  return sql`(
    select ${sql.ref(`p.${column}`)} as id, count(*)::integer as active_products
    from product p
    where p.business_id = ${businessId} and p.is_active and ${sql.ref(`p.${column}`)} in (select id from listed)
      and exists (select from product_variant v
        where v.business_id = p.business_id and v.product_id = p.id and v.is_active)
    group by 1)`
}
