import type { Transaction } from '../../database/database.ts'
import { searchPattern } from '../conditions.ts'

interface EmployeeFilter {
  /** Only the employee who is this user; null is nobody. */
  userId?: string | null | undefined
  search?: string | undefined
}

/** The employees (alias e) of a business that match, with their location (l). */
function employeesOf(db: Transaction, businessId: string, { userId, search }: EmployeeFilter) {
  return db
    .selectFrom('employee as e')
    .leftJoin('location as l', (join) =>
      join.onRef('l.business_id', '=', 'e.business_id').onRef('l.id', '=', 'e.location_id'),
    )
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
}

/** The employees of a business by number, active or not. */
export function findEmployees(
  db: Transaction,
  businessId: string,
  query: EmployeeFilter & {
    limit: number
    /** Number of the last row of the page before. */
    after?: readonly [number: string] | undefined
  },
) {
  const { limit, after } = query
  return employeesOf(db, businessId, query)
    .select(['e.number', 'e.name', 'e.position', 'e.is_active', 'l.name as location'])
    .$if(after !== undefined, (rows) => rows.where('e.number', '>', after?.[0] ?? ''))
    .orderBy('e.number')
    .limit(limit)
    .execute()
}

/** How many employees match, and how many of them are switched off. */
export function countEmployees(db: Transaction, businessId: string, filter: EmployeeFilter) {
  return employeesOf(db, businessId, filter)
    .select(({ cast, fn }) => [
      cast<number>(fn.countAll(), 'integer').as('all'),
      cast<number>(fn.countAll().filterWhere('e.is_active', '=', false), 'integer').as('switched_off'),
    ])
    .executeTakeFirstOrThrow()
}
