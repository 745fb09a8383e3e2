import { intersectScopes, roleSeesEmployees, SCOPES, type Scope, scopesOfRole } from './scopes.ts'

/** A business as a principal sees it. */
interface Business {
  id: string
  name: string
  /** IANA zone of the business's own day. */
  timezone: string
  /** ISO 4217 code. */
  currency: string
  /** Digits of the currency's minor unit. */
  currencyDigits: number
}

export interface AuthorizedBusiness extends Business {
  /** The in-app role (`owner`, `cashier`, …); for keys the role of the key. */
  role: string
}

/** Who calls, according to the credential and the database together. */
export interface Principal {
  kind: 'merchant' | 'api_key' | 'operator'
  role: 'merchant' | 'tenant_developer' | 'platform_operator'
  /** Owner of sessions: `user:<id>` or `key:<id>`. */
  ref: string
  userId: string | null
  /** Family of the token, or id of the key. */
  credentialId: string
  /** The scopes that the credential itself was granted. */
  grantedScopes: readonly Scope[]
  /** Whether it may see the shop's clients: names, contacts, what they bought. Only connections can be kept from it. */
  clientData: boolean
  /**
   * Authorized businesses in the order in which a user would number them, less those that were left out for this
   * connection; empty for operators, who choose a tenant.
   */
  businesses: readonly AuthorizedBusiness[]
  defaultBusinessId: string | null
  expiresAt: Date | null
}

/** The principal's scopes in one business: the credential's, limited by the role in that business. */
export function scopesIn(principal: Principal, business: AuthorizedBusiness): readonly Scope[] {
  if (principal.kind !== 'merchant') return principal.grantedScopes
  return intersectScopes(principal.grantedScopes, scopesOfRole(business.role))
}

/**
 * Whether the principal sees all employees of a business and what each of them did, as owners, admins, managers and keys
 * do. Others see the employee that they are themselves (`employee.user_id`).
 */
export function seesEmployees({ kind }: Principal, { role }: AuthorizedBusiness): boolean {
  return kind !== 'merchant' || roleSeesEmployees(role)
}

/** The scopes that the principal has in any of its businesses. They decide which tools it is shown. */
export function scopesAnywhere(principal: Principal): readonly Scope[] {
  if (principal.kind !== 'merchant') return principal.grantedScopes
  const roles = scopesOfMemberships(principal.businesses)
  return intersectScopes(principal.grantedScopes, roles)
}

/** The union of the scopes that the roles of some memberships grant. */
export function scopesOfMemberships(memberships: readonly { role: string }[]): Scope[] {
  return SCOPES.filter((scope) => memberships.some((membership) => scopesOfRole(membership.role).includes(scope)))
}

/** A business as results and errors call it. */
export function describeBusiness(business: { id: string; name: string }): string {
  return `${business.name} (${business.id})`
}
