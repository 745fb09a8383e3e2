import type { AuthorizedBusiness } from '../auth/principal.ts'
import type { Transaction } from '../database/database.ts'
import { ServiceError } from '../errors.ts'
import { clean } from '../mcp/text.ts'

const MOST_NAMED = 20

/** The clock by which a report cuts days, and the location if it is about one. */
export interface Place {
  timezone: string
  location: { id: string; name: string } | null
}

/**
 * The business's own clock, or that of one of its locations.
 * @throws ServiceError `invalid_argument` naming the locations there are
 */
export async function placeOf(
  db: Transaction,
  business: AuthorizedBusiness,
  locationId: string | undefined,
): Promise<Place> {
  if (locationId === undefined) return { timezone: business.timezone, location: null }
  const locations = await db
    .selectFrom('location')
    .select(['id', 'name', 'timezone'])
    .where('business_id', '=', business.id)
    .orderBy('name')
    .execute()
  const found = locations.find(({ id }) => id === locationId)
  if (found === undefined) {
    const choices = locations.slice(0, MOST_NAMED).map(({ id, name }) => `${clean(name, 60)} (${id})`)
    throw new ServiceError('invalid_argument', `locationId must be one of this business: ${choices.join('; ')}.`)
  }
  return { timezone: found.timezone, location: { id: found.id, name: clean(found.name) } }
}
