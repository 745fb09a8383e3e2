import type { Database } from '../database/database.ts'
import { isUuid } from '../uuid.ts'
import { authorizedBusiness, type BusinessRow } from './business.ts'
import type { AuthorizedBusiness } from './principal.ts'

const COLUMNS = ['id', 'name', 'timezone', 'currency', 'currency_digits'] as const

/**
 * An active tenant by id, for operators.
 * @returns null for an id that does not exist, is not a UUID, or belongs to a deactivated business
 */
export async function findTenant(database: Database, id: string): Promise<AuthorizedBusiness | null> {
  if (!isUuid(id)) return null
  const row = await database.within({ operator: true }, 'read', (db) =>
    db.selectFrom('business').select(COLUMNS).where('id', '=', id).where('is_active', '=', true).executeTakeFirst(),
  )
  return row === undefined ? null : toTenant(row)
}

/**
 * A page of active tenants, by name and id.
 * @param after the last row of the previous page
 * @returns how many match, and the tenants, each with the name as it is stored, which orders them
 */
export function listTenants(
  database: Database,
  page: { limit: number; search?: string | undefined; after?: readonly [name: string, id: string] | undefined },
): Promise<{ matching: number; tenants: { tenant: AuthorizedBusiness; storedName: string }[] }> {
  return database.within({ operator: true }, 'read', async (db) => {
    let query = db.selectFrom('business').where('is_active', '=', true)
    if (page.search !== undefined) {
      query = query.where((eb) =>
        eb(eb.fn<string>('search_text', ['name']), 'like', eb.fn<string>('search_pattern', [eb.val(page.search)])),
      )
    }
    const all = query.select(({ cast, fn }) => cast<number>(fn.countAll(), 'integer').as('count'))
    if (page.after !== undefined) {
      const [name, id] = page.after
      query = query.where((eb) => eb(eb.refTuple('name', 'id'), '>', eb.tuple(name, id)))
    }
    const [{ count }, rows] = await Promise.all([
      all.executeTakeFirstOrThrow(),
      query.select(COLUMNS).orderBy('name').orderBy('id').limit(page.limit).execute(),
    ])
    return { matching: count, tenants: rows.map((row) => ({ tenant: toTenant(row), storedName: row.name })) }
  })
}

function toTenant(row: Omit<BusinessRow, 'role'>): AuthorizedBusiness {
  return authorizedBusiness({ ...row, role: 'platform_operator' })
}
