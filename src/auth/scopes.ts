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

interface RoleRights {
  scopes: readonly Scope[]
  managesKeys: boolean
  /** Whether it sees the shop's employees and what each of them did; others see themselves alone. */
  seesEmployees: boolean
}

const TILL: readonly Scope[] = ['pos:read', 'pos:write']

/** The in-app roles of a business, in lower case; the product also writes them `Owner`, `StoreManager`. */
const ROLES: ReadonlyMap<string, RoleRights> = new Map([
  ['owner', { scopes: SCOPES, managesKeys: true, seesEmployees: true }],
  ['admin', { scopes: SCOPES, managesKeys: true, seesEmployees: true }],
  ['manager', { scopes: SCOPES, managesKeys: false, seesEmployees: true }],
  ['storemanager', { scopes: SCOPES, managesKeys: false, seesEmployees: true }],
  ['cashier', { scopes: TILL, managesKeys: false, seesEmployees: false }],
  ['salesassociate', { scopes: TILL, managesKeys: false, seesEmployees: false }],
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

/** Whether an in-app role sees all employees of its business and what each of them did, and not only its own. */
export function roleSeesEmployees(role: string): boolean {
  return rightsOf(role)?.seesEmployees ?? false
}

/** The in-app roles that grant a scope, in words. */
export function rolesWith(scope: Scope): string {
  return TILL.includes(scope) ? 'any role' : 'owner, admin or manager'
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
