import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { isUuid } from '../../uuid.ts'
import { activeProductsBy, isListed, type NamedQuery } from '../named-lists.ts'
import { isItsId } from '../references.ts'

/** Categories by name, each with its number of products on sale. */
export function findCategories(db: Transaction, businessId: string, query: NamedQuery) {
  return db
    .with('listed', (creator) =>
      creator
        .selectFrom('category')
        .select(['id', 'name', 'is_active'])
        .where('business_id', '=', businessId)
        .where(isListed(query))
        .orderBy('name')
        .orderBy('id')
        .limit(query.limit),
    )
    .selectFrom('listed as l')
    .leftJoin(activeProductsBy('category_id', businessId).as('n'), 'n.id', 'l.id')
    .selectAll('l')
    .select((eb) => eb.fn.coalesce('n.active_products', eb.lit(0)).as('active_products'))
    .orderBy('l.name')
    .orderBy('l.id')
    .execute()
}

export interface CategoryRef {
  id: string
  name: string
}

/**
 * A category by id or by name, ignoring case and accents.
 * @throws ServiceError `not_found`
 */
export async function categoryOf(db: Transaction, businessId: string, reference: string): Promise<CategoryRef> {
  const found = await findCategory(db, businessId, reference)
  if (found !== undefined) return found
  const by = isUuid(reference) ? 'id' : 'name'
  throw new ServiceError('not_found', `category: this business has none of that ${by}.`, {
    hint: 'list_categories searches them; create_product makes a new one with createCategory: true.',
  })
}

/** A category by its name, created if it does not exist. */
export async function categoryNamed(
  db: Transaction,
  businessId: string,
  name: string,
  now: Date,
): Promise<CategoryRef & { isNew: boolean }> {
  const known = await findCategory(db, businessId, name)
  if (known !== undefined) return { ...known, isNew: false }
  const made = await db
    .insertInto('category')
    .values({ business_id: businessId, name, created_at: now })
    // Another call may be creating the same category: this one waits for it and uses its row.
    .onConflict((conflict) => conflict.expression(sql`business_id, lower(name)`).doNothing())
    .returning(['id', 'name'])
    .executeTakeFirst()
  if (made !== undefined) return { ...made, isNew: true }
  const other = await findCategory(db, businessId, name)
  if (other !== undefined) return { ...other, isNew: false }
  throw new ServiceError('conflict', 'Another change of the same category got in the way. Nothing was written.', {
    retryAfterSeconds: 1,
  })
}

function findCategory(db: Transaction, businessId: string, reference: string): Promise<CategoryRef | undefined> {
  return db
    .selectFrom('category')
    .select(['id', 'name'])
    .where('business_id', '=', businessId)
    .where((eb) =>
      eb.or([
        ...(isUuid(reference) ? [eb('id', '=', reference)] : []),
        eb(eb.fn<string>('search_text', ['name']), '=', sql<string>`search_text(${reference})`),
      ]),
    )
    .orderBy(isItsId('id', reference), 'desc')
    .orderBy((eb) => eb(eb.fn<string>('lower', ['name']), '=', sql<string>`lower(${reference})`), 'desc')
    .orderBy('name')
    .limit(1)
    .executeTakeFirst()
}
