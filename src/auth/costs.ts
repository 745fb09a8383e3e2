import { ServiceError } from '../errors.ts'
import type { AuthorizedBusiness, Principal } from './principal.ts'
import { limitsIn } from './role-limits.ts'
import { scopesOfRole } from './scopes.ts'

/**
 * Whether somebody may see costs and margins: not a person whose role is at the till. A key acts for the business, not
 * for a person.
 */
export function seesCosts(principal: Principal, business: AuthorizedBusiness): boolean {
  return principal.kind !== 'merchant' || scopesOfRole(business.role).includes('reports:read')
}

/** Whether somebody may see sums of what others sold: not whoever sees their own sales alone. */
export function seesTotals(principal: Principal, business: AuthorizedBusiness): boolean {
  return limitsIn(principal, business)?.seesOwnOnly !== true
}

/** The refusal of an argument that would tell by its answers what a role does not see. */
export function notSeen(argument: string, what: string, business: AuthorizedBusiness): ServiceError {
  return new ServiceError('role_not_allowed', `${argument}: the role ${business.role} does not see ${what}.`, {
    hint: 'An owner, admin or manager may ask for it.',
  })
}
