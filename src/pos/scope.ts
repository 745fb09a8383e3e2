/** Whose sales: a business in its own time zone, or one of its locations in that location's time zone. */
export interface SalesScope {
  businessId: string
  locationId?: string | undefined
}
