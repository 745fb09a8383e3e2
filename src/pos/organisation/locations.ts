import type { AuthorizedBusiness } from '../../auth/principal.ts'
import type { Transaction } from '../../database/database.ts'
import { ServiceError } from '../../errors.ts'
import { clean } from '../../results/text.ts'
import { isListed, type NamedQuery } from '../named-lists.ts'

const MAX_CHOICES = 20

/** The time zone in which a report counts days, and the location if it is about one. */
export interface Place {
  timezone: string
  location: { id: string; name: string } | null
}

/**
 * The time zone of the business, or of one of its locations.
 * @throws ServiceError `invalid_argument` naming the valid locations
 */
export async function placeOf(
  db: Transaction,
  business: AuthorizedBusiness,
  locationId: string | undefined,
): Promise<Place> {
  if (locationId === undefined) return { timezone: business.timezone, location: null }
  return oneOf(await locationsOf(db, business), locationId, 'locationId')
}

/** A location for a write. */
export interface Location extends Place {
  location: { id: string; name: string }
}

/**
 * The location that a write is about: the given one, or the only one.
 * @param argument name of the argument with `locationId`, for the error
 * @throws ServiceError `invalid_argument` naming the active locations
 */
export async function locationToWrite(
  db: Transaction,
  business: AuthorizedBusiness,
  locationId: string | undefined,
  argument = 'locationId',
): Promise<Location> {
  const active = (await locationsOf(db, business)).filter(({ is_active }) => is_active)
  const [only] = active
  if (locationId === undefined && only !== undefined && active.length === 1) return toLocation(only)
  return oneOf(active, locationId, argument)
}

type LocationRow = Awaited<ReturnType<typeof locationsOf>>[number]

function locationsOf(db: Transaction, business: AuthorizedBusiness) {
  return db
    .selectFrom('location')
    .select(['id', 'name', 'timezone', 'is_active'])
    .where('business_id', '=', business.id)
    .orderBy('name')
    .execute()
}

function oneOf(locations: readonly LocationRow[], id: string | undefined, argument: string): Location {
  const found = locations.find((location) => location.id === id)
  if (found !== undefined) return toLocation(found)
  const choices = locations.slice(0, MAX_CHOICES).map((location) => location.id)
  throw new ServiceError('invalid_argument', `${argument} must be one of this business: ${choices.join(', ')}.`, {
    hint: 'list_locations and get_sales_by_location tell their names.',
  })
}

function toLocation({ id, name, timezone }: LocationRow): Location {
  return { timezone, location: { id, name: clean(name) } }
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
