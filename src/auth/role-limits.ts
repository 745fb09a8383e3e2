import { ServiceError } from '../errors.ts'
import type { AuthorizedBusiness, Principal } from './principal.ts'

/** What a role may do only so far. Tools check it where they know the amounts. */
export interface RoleLimits {
  /** How far below the list price it may sell, in percent; 0: at the list price or above. */
  belowListPercent: number
  /** How much of an order at its prices it may take off as discounts, in percent. */
  discountPercent: number
  /** How much of one order of the same local day it may refund, in minor units; of earlier days nothing. */
  refundMinorUnits: number
  /** It cancels only its own orders, of the same local day. */
  cancelsOwnOnly: true
  /** It sees the sums and lists of its own sales only; any single order it finds by number. */
  seesOwnOnly: true
  /** It sees neither costs nor margins, and changes neither list prices nor costs. */
  seesCosts: false
}

const TILL: RoleLimits = {
  belowListPercent: 0,
  discountPercent: 10,
  refundMinorUnits: 100_000,
  cancelsOwnOnly: true,
  seesOwnOnly: true,
  seesCosts: false,
}

/** Limits by in-app role, written as in the table of scopes; a role that is not here has none. */
const LIMITS: ReadonlyMap<string, RoleLimits> = new Map([
  ['cashier', TILL],
  ['salesassociate', TILL],
])

/** The limits of a principal in a business; null for none. A key acts for the business, not for a person at its till. */
export function limitsIn(principal: Principal, business: AuthorizedBusiness): RoleLimits | null {
  if (principal.kind !== 'merchant') return null
  return LIMITS.get(business.role.toLowerCase().replaceAll('_', '')) ?? null
}

/**
 * The most that a role may refund of an order, in major units. The minor unit is the one that people use, by CLDR: a
 * peso of Colombia has cents on paper only.
 */
export function refundLimit({ refundMinorUnits }: RoleLimits, currency: string): number {
  const { maximumFractionDigits = 2 } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions()
  return refundMinorUnits / 10 ** maximumFractionDigits
}

/** The refusal of what goes beyond the limits of a role. `rule` is a sentence with the limit, without its full stop. */
export function beyondLimit(argument: string, rule: string, business: AuthorizedBusiness): ServiceError {
  return new ServiceError(
    'role_not_allowed',
    `${argument}: ${rule} for the role ${business.role}. Nothing was written.`,
    {
      hint: 'An owner, admin or manager may do more.',
    },
  )
}
