import type { AuthorizedBusiness, Principal } from './principal.ts'
import { scopesOfRole } from './scopes.ts'

/**
 * Whether somebody may see costs and margins: not a person whose role is at the till. A key acts for the business, not
 * for a person.
 */
export function seesCosts(principal: Principal, business: AuthorizedBusiness): boolean {
  return principal.kind !== 'merchant' || scopesOfRole(business.role).includes('reports:read')
}
