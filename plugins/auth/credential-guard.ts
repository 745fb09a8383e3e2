import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible'
import { hashApiKey, looksLikeApiKey } from '../../src/auth/api-key.ts'
import { BarredError } from '../../src/auth/assistant-policy.ts'
import type { Config } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import { type Network, networksOf } from '../../src/network.ts'

export interface CredentialGuard {
  /**
   * Checks a credential, and counts it if it is refused, by network and by credential. One that is good is always
   * served, whatever came from the same network before; so is the refusal of a good one by its business, which is not
   * counted.
   * @param verify throws a ServiceError `unauthenticated` or `forbidden` for a credential that is refused
   * @throws ServiceError what `verify` throws; `rate_limited` in its place beyond the limit
   */
  check<T>(request: FastifyRequest, credential: string, verify: () => Promise<T>): Promise<T>
  /** Notes an API key that is good. */
  remember(rawKey: string): void
  /** Whether an API key was good within the last hour, as far as this instance knows. */
  remembers(rawKey: string): boolean
}

declare module 'fastify' {
  interface FastifyInstance {
    credentialGuard: CredentialGuard
  }
}

const KNOWN_KEY_TTL_SECONDS = 30 * 24 * 3600
const HOUR_MS = 3_600_000
// Whoever is over the limit waits for each refusal, so that a flood of them leaves the service to others.
const REFUSAL_DELAY_MS = 1000
const MAX_DELAYED = 1000

/**
 * Limits failed sign-ins over all instances. A token proves itself by its signature, but an API key costs a look-up:
 * from a network over the limit, only those are looked up that were good before.
 */
export default fp<{ config: Config; redis?: Redis }>(
  async (app, { config, redis }) => {
    const limit = { points: config.TOKEN_RATE_LIMIT_PER_MINUTE, duration: 60, keyPrefix: 'mcp:failures' }
    const failures =
      redis === undefined ? new RateLimiterMemory(limit) : new RateLimiterRedis({ ...limit, storeClient: redis })
    // By network or credential: until when it is over the limit, as this instance knows.
    const over = new LRUCache<string, number>({ max: 50_000 })
    const remembered = new LRUCache<string, true>({ max: 10_000, ttl: HOUR_MS })
    let delayed = 0

    const knownKey = (rawKey: string) => `mcp:known-key:${hashApiKey(rawKey).toString('hex')}`
    const msLeft = (counted: string) => (over.get(counted) ?? 0) - Date.now()
    const mostLeft = (networks: Network[]) => Math.max(...networks.map(({ network }) => msLeft(network)))

    async function isKnownKey(rawKey: string): Promise<boolean> {
      if (remembered.has(rawKey)) return true
      // While the store is down, every key is looked up.
      return redis === undefined ? false : redis.exists(knownKey(rawKey)).then(Boolean, () => true)
    }

    /** @returns how long it is over the limit from now on, in milliseconds; 0 if it is not */
    async function count({ network: counted, share }: Network): Promise<number> {
      const known = msLeft(counted)
      if (known > 0) return known
      const { consumedPoints, msBeforeNext } = await failures
        .consume(counted)
        .catch((refused: RateLimiterRes | Error) => {
          if (refused instanceof Error) throw refused
          return refused
        })
      if (consumedPoints <= limit.points * share) return 0
      over.set(counted, Date.now() + msBeforeNext)
      return msBeforeNext
    }

    async function refusal(ms: number): Promise<ServiceError> {
      if (delayed < MAX_DELAYED) {
        delayed += 1
        await delay(REFUSAL_DELAY_MS)
        delayed -= 1
      }
      const retryAfterSeconds = Math.max(1, Math.ceil(ms / 1000))
      return new ServiceError(
        'rate_limited',
        `Too many failed sign-ins from this address. Try again in ${retryAfterSeconds} seconds.`,
        { retryAfterSeconds },
      )
    }

    app.decorate('credentialGuard', {
      async check(request, credential, verify) {
        const isKey = looksLikeApiKey(credential)
        const msOver = isKey && over.size > 0 ? mostLeft(networksOf(request.ip)) : 0
        if (msOver > 0 && !(await isKnownKey(credential))) {
          app.auditRefusal(request, 'rate_limited')
          throw await refusal(msOver)
        }
        try {
          const verified = await verify()
          if (isKey) app.credentialGuard.remember(credential)
          return verified
        } catch (error) {
          if (error instanceof BarredError) {
            // The credential is good, so it is no guess: it is told each time that its business bars it.
            if (isKey) app.credentialGuard.remember(credential)
            app.auditRefusal(request, error.code, error.barred)
            throw error
          }
          if (!(error instanceof ServiceError) || !REFUSED.has(error.code)) throw error
          const digest = createHash('sha256').update(credential).digest('base64url')
          // While the store is down, failures are not counted.
          const waits = await Promise.all([...networksOf(request.ip), { network: digest, share: 1 }].map(count)).catch(
            () => [0],
          )
          const ms = Math.max(...waits)
          app.auditRefusal(request, ms === 0 ? error.code : 'rate_limited')
          if (ms === 0) throw error
          throw await refusal(ms)
        }
      },

      remember(rawKey) {
        if (remembered.has(rawKey)) return
        remembered.set(rawKey, true)
        redis?.set(knownKey(rawKey), '1', 'EX', KNOWN_KEY_TTL_SECONDS).catch(() => remembered.delete(rawKey))
      },

      remembers: (rawKey) => remembered.has(rawKey),
    } satisfies CredentialGuard)
  },
  { name: 'credential-guard', dependencies: ['audit'] },
)

const REFUSED = new Set(['unauthenticated', 'forbidden'])
