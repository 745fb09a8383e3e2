/** Whose sales: a business by its own clock, or one of its locations by that location's clock. */
export interface SalesScope {
  businessId: string
  locationId?: string | undefined
}
