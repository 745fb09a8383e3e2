import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { isUuid } from '../../uuid.ts'
import { activeProductsBy, type NamedQuery } from '../named-lists.ts'

export interface SupplierRow {
  id: string
  name: string
  email: string | null
  phone: string | null
  tax_id: string | null
  lead_time_days: number | null
  is_active: boolean
  active_products: number
}

/** Suppliers by name, with how many products of each are on sale. */
export async function findSuppliers(db: Transaction, businessId: string, query: NamedQuery): Promise<SupplierRow[]> {
  const conditions = [sql`business_id = ${businessId}`]
  if (query.search !== undefined) conditions.push(sql`search_text(name) like search_pattern(${query.search})`)
  if (query.after !== undefined) conditions.push(sql`(name, id) > (${query.after[0]}, ${query.after[1]}::uuid)`)
  const { rows } = await sql<SupplierRow>`
    with listed as (
      select id, name, email, phone, tax_id, lead_time_days, is_active from supplier
      where ${sql.join(conditions, sql` and `)}
      order by name, id limit ${query.limit}
    )
    select l.*, coalesce(n.active_products, 0) as active_products
    from listed l left join ${activeProductsBy('supplier_id', businessId)} n on n.id = l.id
    order by l.name, l.id`.execute(db)
  return rows
}

/**
 * A supplier by id.
 * @throws ServiceError `not_found` that names the tool to find one with
 */
export async function supplierOf(
  db: Transaction,
  businessId: string,
  id: string,
): Promise<{ id: string; name: string }> {
  const found = isUuid(id)
    ? await db
        .selectFrom('supplier')
        .select(['id', 'name'])
        .where('business_id', '=', businessId)
        .where('id', '=', id)
        .executeTakeFirst()
    : undefined
  if (found !== undefined) return found
  throw new ServiceError('not_found', 'supplierId: this business has no supplier with that id.', {
    hint: 'Find it with list_suppliers.',
  })
}
