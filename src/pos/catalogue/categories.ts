import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { isUuid } from '../../uuid.ts'
import { activeProductsBy, type NamedQuery } from '../named-lists.ts'

export interface CategoryRow {
  id: string
  name: string
  is_active: boolean
  active_products: number
}

/** Categories by name, with how many products of each are on sale. */
export async function findCategories(db: Transaction, businessId: string, query: NamedQuery): Promise<CategoryRow[]> {
  const conditions = [sql`business_id = ${businessId}`]
  if (query.search !== undefined) conditions.push(sql`search_text(name) like search_pattern(${query.search})`)
  if (query.after !== undefined) conditions.push(sql`(name, id) > (${query.after[0]}, ${query.after[1]}::uuid)`)
  const { rows } = await sql<CategoryRow>`
    with listed as (
      select id, name, is_active from category where ${sql.join(conditions, sql` and `)}
      order by name, id limit ${query.limit}
    )
    select l.*, coalesce(n.active_products, 0) as active_products
    from listed l left join ${activeProductsBy('category_id', businessId)} n on n.id = l.id
    order by l.name, l.id`.execute(db)
  return rows
}

export interface CategoryRef {
  id: string
  name: string
}

/**
 * A category by id or by name, whatever its case and accents.
 * @throws ServiceError `not_found`
 */
export async function categoryOf(db: Transaction, businessId: string, reference: string): Promise<CategoryRef> {
  const found = await findCategory(db, businessId, reference)
  if (found !== null) return found
  const by = isUuid(reference) ? 'id' : 'name'
  throw new ServiceError('not_found', `category: this business has none of that ${by}.`, {
    hint: 'list_categories searches them; create_product makes a new one with createCategory: true.',
  })
}

/** A category by its name, made where there is none. */
export async function categoryNamed(
  db: Transaction,
  businessId: string,
  name: string,
  now: Date,
): Promise<CategoryRef & { isNew: boolean }> {
  const known = await findCategory(db, businessId, name)
  if (known !== null) return { ...known, isNew: false }
  // Another call may make the same one meanwhile: this one waits for it and takes what it made.
  const made = await sql<CategoryRef & { isNew: boolean }>`
    insert into category as kept (business_id, name, created_at) values (${businessId}, ${name}, ${now})
    on conflict (business_id, lower(name)) do update set name = kept.name
    returning id, name, xmax = 0 as "isNew"`.execute(db)
  return made.rows[0] as CategoryRef & { isNew: boolean }
}

async function findCategory(db: Transaction, businessId: string, reference: string): Promise<CategoryRef | null> {
  const { rows } = await sql<CategoryRef>`
    select id, name from category
    where business_id = ${businessId}
      and (id = ${isUuid(reference) ? reference : null}::uuid or search_text(name) = search_text(${reference}))
    order by lower(name) = lower(${reference}) desc, name limit 1`.execute(db)
  return rows[0] ?? null
}
