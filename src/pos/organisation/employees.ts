import type { Transaction } from '../../database/database.ts'
import { searchPattern } from '../conditions.ts'

/** The employees of a business by number, active or not. */
export function findEmployees(
  db: Transaction,
  businessId: string,
  query: {
    /** Only the employee who is this user; null is nobody. */
    userId?: string | null | undefined
    search?: string | undefined
    limit: number
    /** Number of the last row of the page before. */
    after?: readonly [number: string] | undefined
  },
) {
  const { userId, search, limit, after } = query
  return db
    .selectFrom('employee as e')
    .leftJoin('location as l', (join) =>
      join.onRef('l.business_id', '=', 'e.business_id').onRef('l.id', '=', 'e.location_id'),
    )
    .select(['e.number', 'e.name', 'e.position', 'e.is_active', 'l.name as location'])
    .where('e.business_id', '=', businessId)
    .$if(userId !== undefined, (rows) => rows.where('e.user_id', '=', userId ?? null))
    .$if(search !== undefined, (rows) =>
      rows.where((eb) =>
        eb.or(
          (['e.number', 'e.name', 'e.position', 'l.name'] as const).map((column) =>
            eb(eb.fn<string>('search_text', [column]), 'like', searchPattern(search ?? '')),
          ),
        ),
      ),
    )
    .$if(after !== undefined, (rows) => rows.where('e.number', '>', after?.[0] ?? ''))
    .orderBy('e.number')
    .limit(limit)
    .execute()
}
