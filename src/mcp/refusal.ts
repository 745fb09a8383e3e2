import { type AuthorizedBusiness, describeBusiness, type Principal, scopesOfMemberships } from '../auth/principal.ts'
import { CLIENTS_SCOPE, type OAuthScope, rolesWith, type Scope } from '../auth/scopes.ts'
import { ServiceError } from '../errors.ts'
import type { Tool } from './tool.ts'
import { isInView, outsideView } from './view.ts'

/**
 * Why a principal may not use a tool that it does not see: its role, or what its credential was granted.
 * @returns undefined for a tool that it must not hear of, such as an operator's. Fails closed
 */
export function refusalOf(tool: Tool, principal: Principal): ServiceError | undefined {
  try {
    if (tool.kind === 'context' && !tool.visibleTo(principal)) return undefined
    if (!isInView(tool, principal)) return outsideView(tool, principal)
    const allowed: readonly Scope[] =
      principal.kind === 'merchant' ? scopesOfMemberships(principal.businesses) : tool.scopes
    const beyondRole = tool.scopes.filter((scope) => !allowed.includes(scope))
    if (beyondRole.length > 0) return roleNotAllowed(tool, principal.businesses, beyondRole)
    const missing: OAuthScope[] = tool.scopes.filter((scope) => !principal.grantedScopes.includes(scope))
    if (tool.aboutClients === true && !principal.clientData) missing.push(CLIENTS_SCOPE)
    return missing.length === 0 ? undefined : insufficientScope(tool, principal, missing)
  } catch {
    return undefined
  }
}

/** The refusal of a call that names a client, or lists clients, for a principal who may not see them. */
export function clientsWithheld(tool: Tool, principal: Principal): ServiceError {
  return insufficientScope(tool, principal, [CLIENTS_SCOPE])
}

/** The refusal of what the roles do not allow: signing in again would not help. */
export function roleNotAllowed(
  { name }: Tool,
  businesses: readonly AuthorizedBusiness[],
  missing: readonly Scope[],
): ServiceError {
  const roles = businesses.map((business) => `${business.role} in ${describeBusiness(business)}`)
  const needed = [...new Set(missing.map(rolesWith))].join('; ')
  return new ServiceError(
    'role_not_allowed',
    `${name} needs ${missing.join(', ')}, which your role does not include: ${roles.join('; ')}. It takes ${needed}.`,
    { hint: 'Ask an owner of the business, or use another business.' },
  )
}

function insufficientScope({ name }: Tool, principal: Principal, missing: readonly OAuthScope[]): ServiceError {
  const { grantedScopes, clientData } = principal
  return new ServiceError(
    'insufficient_scope',
    `This call of ${name} needs ${missing.join(', ')}, which was not granted.`,
    {
      hint: 'The person can grant it: connect again and allow it, or make a token or key that includes it.',
      scopes: [...grantedScopes, ...(clientData ? [CLIENTS_SCOPE] : []), ...missing],
    },
  )
}
