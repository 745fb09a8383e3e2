import type { AuthorizedBusiness } from '../../auth/principal.ts'
import type { Transaction } from '../../database/database.ts'
import { clean } from '../../results/text.ts'
import { isListed, type NamedQuery } from '../named-lists.ts'
import { type LocationRow, locationAmong, locationOf, locationsFor, type Read } from '../references.ts'
import type { Basis } from '../scope.ts'

/** The time zone in which a report counts days, by which clock its sums are kept, and the location if it is about one. */
export interface Place extends Read {
  timezone: string
  basis: Basis
  location: { id: string; name: string } | null
}

/**
 * The time zone of the business, or of one of its locations, for a read. Queries take the id in the answer, not the
 * reference.
 * @param reference id or name of a location, or words of a name that no other one has
 * @throws ServiceError `invalid_argument` naming the valid locations
 */
export async function placeOf(
  db: Transaction,
  business: AuthorizedBusiness,
  reference: string | undefined,
): Promise<Place> {
  if (reference === undefined) return { timezone: business.timezone, basis: 'business', location: null }
  const found = await locationOf(db, business.id, reference, 'locationId', { isRead: true })
  return { ...toLocation(found), ...(found.taken !== undefined && { taken: found.taken }) }
}

/** A location for a write. */
export interface Location extends Place {
  location: { id: string; name: string }
}

/**
 * The location that a write is about: the given one, or the only one.
 * @param reference id or name
 * @param argument name of the argument with `reference`, for the error
 * @throws ServiceError `invalid_argument` naming the active locations
 */
export async function locationToWrite(
  db: Transaction,
  business: AuthorizedBusiness,
  reference: string | undefined,
  argument = 'locationId',
): Promise<Location> {
  const all = await locationsFor(db, business.id, reference ?? '')
  const active = all.filter(({ is_active }) => is_active)
  const [only] = active
  if (reference === undefined && only !== undefined && active.length === 1) return toLocation(only)
  return toLocation(locationAmong(active, reference, argument))
}

function toLocation({ id, name, timezone, basis }: LocationRow): Location {
  return { timezone, basis, location: { id, name: clean(name) } }
}

/** The locations of a business by name, active or not. */
export function findLocations(db: Transaction, businessId: string, query: Omit<NamedQuery, 'search'>) {
  return db
    .selectFrom('location')
    .select(['id', 'name', 'timezone', 'is_active', 'city', 'address'])
    .where('business_id', '=', businessId)
    .where(isListed(query))
    .orderBy('name')
    .orderBy('id')
    .limit(query.limit)
    .execute()
}
