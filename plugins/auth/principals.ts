import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import type { Caller } from '../../src/audit/caller.ts'
import { hashApiKey, looksLikeApiKey } from '../../src/auth/api-key.ts'
import { BarredError } from '../../src/auth/assistant-policy.ts'
import type { VerifiedMcpToken } from '../../src/auth/mcp-token.ts'
import type { AuthorizedBusiness, Principal } from '../../src/auth/principal.ts'
import {
  expiredKey,
  findApiKeyPrincipal,
  findPrincipalAgain,
  findTokenPrincipal,
  type KnownPrincipal,
} from '../../src/auth/principal-queries.ts'
import { CLIENTS_SCOPE, scopesOf } from '../../src/auth/scopes.ts'
import { findTenant } from '../../src/auth/tenants.ts'
import type { Config } from '../../src/config.ts'
import { ServiceError, unavailable } from '../../src/errors.ts'
import { oauthAddresses } from '../../src/oauth/addresses.ts'
import type { Clock } from '../../src/time/clock.ts'

export interface Principals {
  /**
   * The principal behind a Bearer credential, as the database knows it within the last 30 seconds.
   * @param caller whom the audit trail names for what is seen of the credential for the first time
   * @throws ServiceError `unauthenticated`; `forbidden` without any active membership
   */
  authenticate(credential: string, caller: Caller): Promise<Principal>
  /** The same for `/mcp/connect`, which takes the tokens of the authorization server and nothing else. */
  authenticateConnection(credential: string, caller: Caller): Promise<Principal>
  /**
   * A principal whose credential was good a while ago, as the database knows it now.
   * @throws ServiceError as `authenticate`
   */
  again(known: KnownPrincipal, caller: Caller): Promise<Principal>
  /** An active tenant, for operators. */
  findTenant(id: string): Promise<AuthorizedBusiness | null>
  /** Drops what is cached about a token, a key or a user, by id, after a change. */
  forget(id: string): void
}

declare module 'fastify' {
  interface FastifyInstance {
    principals: Principals
  }
}

// A credential that is revoked must stop working within 60 seconds on every instance.
const REMEMBERED_MS = 30_000
const MAX_ATTEMPTS = 5

/** Turns credentials into principals. Caches what the database says briefly; one query at a time per credential. */
export default fp<{ config: Config; clock: Clock }>(
  async (app, { config, clock }) => {
    const { database, jwtSigner } = app
    const { resource } = oauthAddresses(config)
    const memory = { max: 10_000, ttl: REMEMBERED_MS, ttlResolution: 0, perf: { now: () => clock().getTime() } }

    const byToken = new LRUCache<string, Principal | BarredError, { claims: VerifiedMcpToken; caller: Caller }>({
      ...memory,
      fetchMethod: (_jti, _stale, { context: { claims, caller } }) =>
        findTokenPrincipal(database, claims, clock(), caller).catch(barred),
    })
    const byKey = new LRUCache<string, Principal | BarredError, { isRemembered: boolean; caller: Caller }>({
      ...memory,
      fetchMethod: (hash, _stale, { context: { isRemembered, caller } }) =>
        findApiKeyPrincipal(database, Buffer.from(hash, 'hex'), clock(), { isRemembered, caller }).catch(barred),
    })
    const tenants = new LRUCache<string, { tenant: AuthorizedBusiness | null }>({
      ...memory,
      fetchMethod: async (id) => ({ tenant: await findTenant(database, id) }),
    })

    function verified(credential: string): VerifiedMcpToken {
      try {
        return jwtSigner.verify(credential)
      } catch (error) {
        if (!jwtSigner.isFirebaseToken(credential)) throw error
        throw new ServiceError(
          'unauthenticated',
          'This is a Firebase ID token. Exchange it at POST /mcp/token and send the accessToken of the answer.',
        )
      }
    }

    app.decorate('principals', {
      async authenticate(credential, caller) {
        if (looksLikeApiKey(credential)) {
          const hash = hashApiKey(credential).toString('hex')
          const isRemembered = app.credentialGuard.remembers(credential)
          const principal = allowed(await freshly(() => byKey.forceFetch(hash, { context: { isRemembered, caller } })))
          if (principal.expiresAt !== null && principal.expiresAt <= clock()) {
            throw expiredKey()
          }
          return principal
        }
        // That the signature is right is cached by the token itself; what the database says, only briefly.
        const claims = verified(credential)
        return allowed(await freshly(() => byToken.forceFetch(claims.jti, { context: { claims, caller } })))
      },

      async authenticateConnection(credential, caller) {
        const claims = jwtSigner.verify(credential, 0, resource)
        const jti = claims.sid ?? claims.jti
        const principal = allowed(
          await freshly(() => byToken.forceFetch(jti, { context: { claims: { ...claims, jti }, caller } })),
        )
        // A connection gets one token after another, and the cached principal may come from an earlier one.
        return {
          ...principal,
          grantedScopes: claims.scopes,
          clientData: principal.clientData && scopesOf(claims.scope).includes(CLIENTS_SCOPE),
          expiresAt: new Date(claims.exp * 1000),
        }
      },

      again: (known, caller) => findPrincipalAgain(database, known, clock(), caller),

      async findTenant(id) {
        return (await tenants.forceFetch(id)).tenant
      },

      forget(id) {
        for (const memory of [byToken, byKey]) {
          for (const [credential, known] of memory.entries()) {
            const { credentialId, userId } = known instanceof BarredError ? known.barred : known
            if (credentialId === id || userId === id) memory.delete(credential)
          }
          // Aborts a fetch under way, which may have read the row before the change.
          memory.delete(id)
        }
      },
    } satisfies Principals)

    app.onAccessChange((id) => {
      if (id === null) for (const memory of [byToken, byKey, tenants]) memory.clear()
      else app.principals.forget(id)
    })
  },
  { name: 'principals', dependencies: ['postgres', 'jwt', 'access-changes', 'credential-guard'] },
)

/** Remembers that a business bars a credential, so that one that goes on costs no query each time. */
function barred(error: unknown): BarredError {
  if (error instanceof BarredError) return error
  throw error
}

function allowed(known: Principal | BarredError): Principal {
  if (known instanceof BarredError) throw known
  return known
}

/**
 * Fetches again when the entry was dropped during the fetch, so that the answer reflects the change.
 */
async function freshly<T>(fetch: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch()
    } catch (error) {
      // lru-cache aborts a fetch with one of these messages when its entry is deleted or evicted.
      if (!(error instanceof Error) || !/^(deleted|evicted)$/.test(error.message)) throw error
      // Each change drops the entry twice, here and on the database's notification, and several may come in a row.
      if (attempt === MAX_ATTEMPTS) throw unavailable('The database', error)
    }
  }
}
