/** What a credential may do. */
export const SCOPES = ['pos:read', 'pos:write', 'reports:read', 'psa:read', 'pos:intents'] as const
export type Scope = (typeof SCOPES)[number]

/**
 * Whether a connection by OAuth may see the clients of a shop: names, contacts, what they bought. Tokens and API keys
 * always may, so that it is no scope of theirs; every role gives it.
 */
export const CLIENTS_SCOPE = 'clients:read'
export const OAUTH_SCOPES = [...SCOPES, CLIENTS_SCOPE] as const
export type OAuthScope = (typeof OAUTH_SCOPES)[number]

const FULL_ROLES = new Set(['owner', 'admin', 'manager'])
const STAFF_SCOPES: readonly Scope[] = ['pos:read', 'pos:write']

/** The scopes that an in-app role grants in its business: all for owner, admin and manager, the till for the others. */
export function scopesOfRole(role: string): readonly Scope[] {
  return FULL_ROLES.has(role) ? SCOPES : STAFF_SCOPES
}

/** Whether an in-app role manages the API keys of its business. */
export function managesKeys(role: string): boolean {
  return role === 'owner' || role === 'admin'
}

/** The in-app roles that grant a scope, in words. */
export function rolesWith(scope: Scope): string {
  return STAFF_SCOPES.includes(scope) ? 'any role' : 'owner, admin or manager'
}

/** The scopes in both `wanted` and `allowed`, in the order of `OAUTH_SCOPES`. */
export function intersectScopes<S extends OAuthScope>(wanted: readonly string[], allowed: readonly S[]): S[] {
  const isBoth = (scope: OAuthScope): scope is S => wanted.includes(scope) && allowed.some((each) => each === scope)
  return OAUTH_SCOPES.filter(isBoth)
}

/** The scopes of a space-separated text that are known here. */
export function scopesOf(text: string | undefined): OAuthScope[] {
  return intersectScopes((text ?? '').split(' '), OAUTH_SCOPES)
}
