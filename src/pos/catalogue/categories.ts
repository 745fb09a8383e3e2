import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { activeProductsBy, isListed, type NamedQuery } from '../named-lists.ts'
import { findNamed, type Named, theOne } from '../references.ts'

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

/** A category by its name, created if it does not exist. */
export async function categoryNamed(
  db: Transaction,
  businessId: string,
  name: string,
  now: Date,
): Promise<Named & { isNew: boolean }> {
  const known = await theCategory(db, businessId, name)
  if (known !== undefined) return { ...known, isNew: false }
  const made = await db
    .insertInto('category')
    .values({ business_id: businessId, name, created_at: now })
    // Another call may be creating the same category: this one waits for it and uses its row.
    .onConflict((conflict) => conflict.expression(sql`business_id, lower(name)`).doNothing())
    .returning(['id', 'name'])
    .executeTakeFirst()
  if (made !== undefined) return { ...made, isNew: true }
  const other = await theCategory(db, businessId, name)
  if (other !== undefined) return { ...other, isNew: false }
  throw new ServiceError('conflict', 'Another change of the same category got in the way. Nothing was written.', {
    retryAfterSeconds: 1,
  })
}

async function theCategory(db: Transaction, businessId: string, reference: string): Promise<Named | undefined> {
  return theOne(await findNamed(db, 'category', businessId, reference), { argument: 'category', reference })
}
