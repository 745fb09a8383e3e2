import type { Transaction } from '../../database/database.ts'
import { activeProductsBy, isListed, type NamedQuery } from '../named-lists.ts'

/** Suppliers by name, each with its number of products on sale. */
export function findSuppliers(db: Transaction, businessId: string, query: NamedQuery) {
  return db
    .with('listed', (creator) =>
      creator
        .selectFrom('supplier')
        .select(['id', 'name', 'email', 'phone', 'tax_id', 'lead_time_days', 'is_active'])
        .where('business_id', '=', businessId)
        .where(isListed(query))
        .orderBy('name')
        .orderBy('id')
        .limit(query.limit),
    )
    .selectFrom('listed as l')
    .leftJoin(activeProductsBy('supplier_id', businessId).as('n'), 'n.id', 'l.id')
    .selectAll('l')
    .select((eb) => eb.fn.coalesce('n.active_products', eb.lit(0)).as('active_products'))
    .orderBy('l.name')
    .orderBy('l.id')
    .execute()
}
