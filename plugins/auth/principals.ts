import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { hashApiKey, looksLikeApiKey } from '../../src/auth/api-key.ts'
import type { VerifiedMcpToken } from '../../src/auth/mcp-token.ts'
import type { AuthorizedBusiness, Principal } from '../../src/auth/principal.ts'
import { findApiKeyPrincipal, findTokenPrincipal } from '../../src/auth/principal-queries.ts'
import { findTenant } from '../../src/auth/tenants.ts'
import type { Config } from '../../src/config.ts'
import { ServiceError, unavailable } from '../../src/errors.ts'
import { oauthAddresses } from '../../src/oauth/addresses.ts'
import type { Clock } from '../../src/time/clock.ts'

export interface Principals {
  /**
   * The principal behind a Bearer credential, as the database knows it within the last 30 seconds.
   * @throws ServiceError `unauthenticated`; `forbidden` without any active membership
   */
  authenticate(credential: string): Promise<Principal>
  /** The same for `/mcp/connect`, which takes the tokens of the authorization server and nothing else. */
  authenticateConnection(credential: string): Promise<Principal>
  /** An active tenant, for operators. */
  findTenant(id: string): Promise<AuthorizedBusiness | null>
  /** Forgets what is remembered of a token, a key or a user, by id, after a change. */
  forget(id: string): void
}

declare module 'fastify' {
  interface FastifyInstance {
    principals: Principals
  }
}

// What is switched off must stop working within 60 seconds on every instance.
const REMEMBERED_MS = 30_000
const MAX_ATTEMPTS = 5

/** Turns credentials into principals. What the database says is remembered briefly, one query at a time per credential. */
export default fp<{ config: Config; clock: Clock }>(
  async (app, { config, clock }) => {
    const { database, jwtSigner } = app
    const { resource } = oauthAddresses(config)
    const memory = { max: 10_000, ttl: REMEMBERED_MS, ttlResolution: 0, perf: { now: () => clock().getTime() } }

    const byToken = new LRUCache<string, Principal, VerifiedMcpToken>({
      ...memory,
      fetchMethod: (_jti, _stale, { context: claims }) => findTokenPrincipal(database, claims, clock()),
    })
    const byKey = new LRUCache<string, Principal>({
      ...memory,
      fetchMethod: (hash) => findApiKeyPrincipal(database, Buffer.from(hash, 'hex'), clock()),
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
      async authenticate(credential) {
        if (looksLikeApiKey(credential)) {
          const hash = hashApiKey(credential).toString('hex')
          const principal = await freshly(() => byKey.forceFetch(hash))
          if (principal.expiresAt !== null && principal.expiresAt <= clock()) {
            throw new ServiceError('unauthenticated', 'This API key has expired. Create a new one.')
          }
          return principal
        }
        // That its signature is right is remembered by the token itself, what the database says for a short time only.
        const claims = verified(credential)
        return freshly(() => byToken.forceFetch(claims.jti, { context: claims }))
      },

      async authenticateConnection(credential) {
        const claims = jwtSigner.verify(credential, 0, resource)
        const jti = claims.sid ?? claims.jti
        const principal = await freshly(() => byToken.forceFetch(jti, { context: { ...claims, jti } }))
        // Tokens of one connection follow each other: what is remembered may stem from the one before.
        return { ...principal, grantedScopes: claims.scopes, expiresAt: new Date(claims.exp * 1000) }
      },

      async findTenant(id) {
        return (await tenants.forceFetch(id)).tenant
      },

      forget(id) {
        for (const memory of [byToken, byKey]) {
          for (const [credential, { credentialId, userId }] of memory.entries()) {
            if (credentialId === id || userId === id) memory.delete(credential)
          }
          // What is being fetched may have been read before the change.
          memory.delete(id)
        }
      },
    } satisfies Principals)

    app.onAccessChange((id) => {
      if (id === null) for (const memory of [byToken, byKey, tenants]) memory.clear()
      else app.principals.forget(id)
    })
  },
  { name: 'principals', dependencies: ['postgres', 'jwt', 'access-changes'] },
)

/**
 * Fetches again what was forgotten while it was being fetched: the answer is then the database's word after the change.
 */
async function freshly<T>(fetch: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await fetch()
    } catch (error) {
      // lru-cache aborts a fetch whose entry is deleted or evicted with an error of this text.
      if (!(error instanceof Error) || !/^(deleted|evicted)$/.test(error.message)) throw error
      // A change is told twice, by whoever made it here and by the database; several may follow each other.
      if (attempt === MAX_ATTEMPTS) throw unavailable('The database', error)
    }
  }
}
