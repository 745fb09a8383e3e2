import { type AuthorizedBusiness, describeBusiness, type Principal } from '../auth/principal.ts'
import { ServiceError } from '../errors.ts'
import { beginsWords } from '../pos/search.ts'
import { wordsOfName } from '../pos/suggestions.ts'
import { isUuid } from '../uuid.ts'

/** Where a call, or an earlier one, may say which business it means. */
export interface BusinessHints {
  /** From the client's configuration (header or URL): the person outranks the model. */
  pin?: string | undefined
  /** The `businessId` argument of the call: an id, or the name of one of their own. */
  argument?: string | undefined
  /** Whether words of a name will do, since the call writes nothing and its answer names the business. */
  isRead?: boolean
  /** The session's active business. */
  session?: string | undefined
  /** The last choice with the same credential, in any session. */
  lastChoice?: string | undefined
}

/** An active tenant by id, for operators; null when there is none. */
export type FindTenant = (id: string) => Promise<AuthorizedBusiness | null>

/**
 * The business that a call is about. The first that applies decides: a single business, the pin, the argument, the
 * session's choice, the credential's last choice, the credential's default. It is always one that is authorized now.
 * @throws ServiceError `business_not_available`, the same for an id that is not theirs and for one that does not exist;
 *   `business_required` when nothing decides
 */
export async function resolveBusiness(
  principal: Principal,
  hints: BusinessHints,
  findTenant: FindTenant,
): Promise<AuthorizedBusiness> {
  const { pin, session, lastChoice } = hints
  const argument = hints.argument === undefined ? undefined : idOf(principal, hints.argument, hints.isRead === true)
  const only = principal.businesses.length === 1 ? principal.businesses[0] : undefined
  const pinned = pin === undefined ? only : await authorizedBusiness(principal, pin, findTenant)

  if (pinned !== undefined) {
    if (argument !== undefined && argument !== pinned.id) {
      if (pin === undefined) throw notAvailable(principal)
      throw new ServiceError(
        'business_not_available',
        `businessId differs from the business that this connection is pinned to: ${describeBusiness(pinned)}.`,
        { hint: 'Leave businessId out, or ask the person to change the pin in the client configuration.' },
      )
    }
    return pinned
  }

  if (argument !== undefined && principal.kind !== 'operator') {
    return authorizedBusiness(principal, argument, findTenant)
  }
  // A remembered choice that is no longer authorized is skipped, because this call did not ask for it.
  for (const remembered of [session, lastChoice, principal.defaultBusinessId]) {
    if (remembered == null) continue
    const business = await findAuthorized(principal, remembered, findTenant)
    if (business === null) continue
    // An operator changes tenants by set_active_tenant only, where the change can be seen.
    if (argument !== undefined && argument !== business.id) break
    return business
  }
  throw new ServiceError('business_required', `Choose a business first. ${choices(principal)}`)
}

// People say "Hudson", and models pass on what they hear. ñ is n here, as in a search.
const NAMES = new Intl.Collator('und', { usage: 'search', sensitivity: 'base' })

/**
 * The id of the one of the principal's businesses that an argument names; else the argument itself. Names of others are
 * never looked at, so that one that exists looks like one that does not.
 * @throws ServiceError `business_required` if several of theirs have that name or those words
 */
function idOf(principal: Principal, argument: string, isRead: boolean): string {
  const name = argument.trim()
  if (isUuid(name)) return name.toLowerCase()
  const called = principal.businesses.filter((business) => NAMES.compare(business.name.trim(), name) === 0)
  const words = isRead && called.length === 0 ? wordsOfName(name) : []
  const meant =
    words.length === 0 ? called : principal.businesses.filter((business) => beginsWords(business.name, words))
  if (meant.length > 1) {
    const several = meant.map(describeBusiness).join('; ')
    throw new ServiceError('business_required', `businessId: several of yours are called so: ${several}.`, {
      hint: 'Pass the id of one.',
    })
  }
  return meant[0]?.id ?? argument
}

/**
 * One of the principal's businesses by id.
 * @throws ServiceError `business_not_available`, the same for a foreign id and for one that does not exist
 */
async function authorizedBusiness(
  principal: Principal,
  id: string,
  findTenant: FindTenant,
): Promise<AuthorizedBusiness> {
  const business = await findAuthorized(principal, id, findTenant)
  if (business === null) throw notAvailable(principal)
  return business
}

async function findAuthorized(principal: Principal, id: string, findTenant: FindTenant) {
  if (principal.kind === 'operator') return findTenant(id)
  return principal.businesses.find((business) => business.id === id) ?? null
}

function notAvailable(principal: Principal): ServiceError {
  return new ServiceError('business_not_available', `That business is not available to you. ${choices(principal)}`)
}

function choices(principal: Principal): string {
  if (principal.kind === 'operator') return 'See list_tenants for the tenants, then call set_active_tenant.'
  return `You may choose: ${principal.businesses.map(describeBusiness).join('; ')}.`
}
