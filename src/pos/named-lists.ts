import { type Expression, expressionBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../database/database.ts'
import type { DB } from '../database/types.ts'
import { NEAR, searching } from './search.ts'

/** The query for lists of categories and suppliers, which are alphabetical with the number of products on sale. */
export interface NamedQuery {
  search?: string | undefined
  /** Whether what is only near to the search is wanted, since nothing matches it. */
  isNearest?: boolean
  limit: number
  /** Name and id of the last row of the previous page. */
  after?: readonly [name: string, id: string] | undefined
}

const NAME = sql<string>`search_text(name)`

/** How many rows of a table match a search. */
export async function countNamed(
  db: Transaction,
  table: 'category' | 'supplier' | 'location',
  businessId: string,
  search?: string,
): Promise<number> {
  const counted = db
    .selectFrom(table)
    .select(sql<number>`count(*)::integer`.as('count'))
    .where('business_id', '=', businessId)
    .where(isListed({ search }))
  return (await counted.executeTakeFirstOrThrow()).count
}

/** Whether a row with the columns `name` and `id` matches the search and comes after the cursor. */
export function isListed({ search, isNearest = false, after }: Omit<NamedQuery, 'limit'>): Expression<SqlBool> {
  const eb = expressionBuilder<{ listed: { id: string; name: string } }, 'listed'>()
  return eb.and([
    ...(search === undefined
      ? []
      : [isNearest ? eb(searching(NAME, search).nearness, '>=', NEAR) : searching(NAME, search).isMatch]),
    ...(after === undefined ? [] : [eb(eb.refTuple('name', 'id'), '>', eb.tuple(...after))]),
  ])
}

/**
 * How many products are on sale per category or supplier, as a subquery with the columns `id` and `active_products` in
 * a query with the ids of `listed`. A product is on sale when it is active and has an active variant.
 */
export function activeProductsBy(column: 'category_id' | 'supplier_id', businessId: string) {
  return expressionBuilder<DB & { listed: { id: string } }>()
    .selectFrom('product as p')
    .select((eb) => [
      eb.ref(`p.${column}`).as('id'),
      eb.cast<number>(eb.fn.countAll(), 'integer').as('active_products'),
    ])
    .where('p.business_id', '=', businessId)
    .where('p.is_active', '=', true)
    .where(`p.${column}`, 'in', (eb) => eb.selectFrom('listed').select('listed.id'))
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('product_variant as v')
          .whereRef('v.business_id', '=', 'p.business_id')
          .whereRef('v.product_id', '=', 'p.id')
          .where('v.is_active', '=', true),
      ),
    )
    .groupBy(`p.${column}`)
}
