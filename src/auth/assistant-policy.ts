import type { Transaction } from '../database/database.ts'
import { ServiceError } from '../errors.ts'
import type { AuthorizedBusiness } from './principal.ts'

/** The kinds of clients besides those that sign in by themselves, which are known by their host. */
export const PASTED_TOKEN = 'token'
export const API_KEY = 'key'

/** What an owner or admin has decided about the assistants of a business. */
export interface AssistantPolicy {
  isEnabled: boolean
  /** Hosts of OAuth clients, `token` and `key`; null for all. */
  allowedClients: readonly string[] | null
}

/** Whose credential a business refuses. */
export interface Barred {
  principal: string
  /** Whose token it is, or who made the key. */
  userId: string | null
  credentialId: string
  businessId: string
}

/** The refusal of a credential that is good, by the business that it is for: its people are to see it. */
export class BarredError extends ServiceError {
  readonly barred: Barred

  constructor(message: string, barred: Barred, details: { hint?: string } = {}) {
    super('forbidden', message, details)
    this.barred = barred
  }
}

/** Whether a client may be used with a business. */
export function allows({ isEnabled, allowedClients }: AssistantPolicy, client: string): boolean {
  return isEnabled && (allowedClients === null || allowedClients.includes(client))
}

/**
 * The businesses with a policy of their own, of those that the transaction sees.
 * @returns policies by business; a business that is not there allows everything
 */
export async function findPolicies(db: Transaction): Promise<Map<string, AssistantPolicy>> {
  const rows = await db
    .selectFrom('business')
    .select(['id', 'assistants_enabled as isEnabled', 'allowed_clients as allowedClients'])
    .where((eb) => eb.or([eb('assistants_enabled', '=', false), eb('allowed_clients', 'is not', null)]))
    .limit(200)
    .execute()
  return new Map(rows.map(({ id, ...policy }) => [id, policy]))
}

/**
 * The businesses of a person that their token may be used with.
 * @param client its kind or host
 * @param token endedFor: businesses where somebody ended it
 * @throws BarredError saying why, if none is left of some
 */
export function usableBusinesses(
  businesses: readonly AuthorizedBusiness[],
  policies: ReadonlyMap<string, AssistantPolicy>,
  client: string,
  { endedFor, ...token }: Omit<Barred, 'businessId'> & { endedFor: readonly string[] },
): AuthorizedBusiness[] {
  const usable = businesses.filter(({ id }) => {
    const policy = policies.get(id)
    return !endedFor.includes(id) && (policy === undefined || allows(policy, client))
  })
  const [first] = businesses
  if (usable.length > 0 || first === undefined) return usable
  const reason = reasonFor(first, policies.get(first.id), endedFor.includes(first.id))
  throw new BarredError(reason, { ...token, businessId: first.id })
}

function reasonFor({ name }: AuthorizedBusiness, policy: AssistantPolicy | undefined, isEnded: boolean): string {
  if (policy?.isEnabled === false)
    return `Assistants are switched off for ${name}. An owner or admin can switch them on.`
  if (isEnded) return `An owner or admin of ${name} has ended this connection. Connect again if they allow it.`
  return `${name} does not allow this application. Ask an owner or admin, who choose in Settings → AI Assistant.`
}
