/** What a credential may do. */
export const SCOPES = ['pos:read', 'pos:write', 'reports:read', 'psa:read', 'pos:intents'] as const
export type Scope = (typeof SCOPES)[number]

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

/** The scopes in both `wanted` and `allowed`, in the order of `SCOPES`. */
export function intersectScopes(wanted: readonly Scope[], allowed: readonly Scope[]): Scope[] {
  return SCOPES.filter((scope) => wanted.includes(scope) && allowed.includes(scope))
}
