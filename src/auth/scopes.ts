/** What a credential may do. */
export const SCOPES = ['pos:read', 'pos:write', 'reports:read', 'psa:read', 'pos:intents'] as const
export type Scope = (typeof SCOPES)[number]

interface RoleRights {
  scopes: readonly Scope[]
  managesKeys: boolean
}

const TILL: readonly Scope[] = ['pos:read', 'pos:write']

/** The in-app roles of a business, in lower case; the product also writes them `Owner`, `StoreManager`. */
const ROLES: ReadonlyMap<string, RoleRights> = new Map([
  ['owner', { scopes: SCOPES, managesKeys: true }],
  ['admin', { scopes: SCOPES, managesKeys: true }],
  ['manager', { scopes: SCOPES, managesKeys: false }],
  ['storemanager', { scopes: SCOPES, managesKeys: false }],
  ['cashier', { scopes: TILL, managesKeys: false }],
  ['salesassociate', { scopes: TILL, managesKeys: false }],
])

function rightsOf(role: string): RoleRights | undefined {
  return ROLES.get(role.toLowerCase().replaceAll('_', ''))
}

/** The scopes that an in-app role grants in its business; none for a role that is not known. */
export function scopesOfRole(role: string): readonly Scope[] {
  return rightsOf(role)?.scopes ?? []
}

/** Whether an in-app role manages the API keys of its business. The policy of `mcp_api_key` asks the same. */
export function managesKeys(role: string): boolean {
  return rightsOf(role)?.managesKeys ?? false
}

/** The scopes in both `wanted` and `allowed`, in the order of `SCOPES`. */
export function intersectScopes(wanted: readonly Scope[], allowed: readonly Scope[]): Scope[] {
  return SCOPES.filter((scope) => wanted.includes(scope) && allowed.includes(scope))
}
