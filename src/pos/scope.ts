/**
 * By which clock sums of sales are kept: that of the business, or that of a location where it is another one. Of a
 * location with the clock of its business, there are none of its own.
 */
export type Basis = 'business' | 'location'

/** Whose sales: a business in its own time zone, or one of its locations in that location's time zone. */
export interface SalesScope {
  businessId: string
  locationId?: string | undefined
  basis: Basis
}

/** The scope of a business or, if a place is a location, of that. */
export function salesScope(
  businessId: string,
  { location, basis }: { location: { id: string } | null; basis: Basis },
): SalesScope {
  return { businessId, locationId: location?.id, basis }
}

/** The scope of a business as a whole. */
export function wholeBusiness(businessId: string): SalesScope {
  return { businessId, basis: 'business' }
}
