import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible'
import { type Config, listOf } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import { hostedNetworkOf, networksOf } from '../../src/network.ts'
import { orUnavailable } from '../../src/unavailable.ts'

/**
 * What somebody may do who has not signed in, and how often. All users of a hosted assistant register and fetch tokens
 * from a few addresses, but sign in from their own.
 */
const ANONYMOUS = {
  registrations: { points: 300, duration: 3600, words: 'Too many registrations from this address.' },
  authorizations: { points: 60, duration: 60, words: 'Too many sign-ins were begun from this address.' },
  'authorizations-of-client': {
    points: 6000,
    duration: 60,
    words: 'Too many sign-ins were begun by this application.',
  },
  refreshes: { points: 600, duration: 3600, words: 'This connection was refreshed too often.' },
  'refused-links': { points: 60, duration: 60, words: 'Too many links to files that do not exist.' },
  'refused-tokens': { points: 300, duration: 60, words: 'Too many refused token requests from this address.' },
} as const

export interface RateLimits {
  /**
   * Counts what somebody did who has not signed in, over all instances.
   * @param who an address, which stands for its network, or a client
   * @throws ServiceError `rate_limited`, `unavailable`
   */
  countAnonymous(act: keyof typeof ANONYMOUS, who: string): Promise<void>
  /** Counts a principal's messages on this instance. @throws ServiceError `rate_limited` */
  countRequest(principal: string, messages?: number): Promise<void>
  /** Counts a file that is made on this instance. @throws ServiceError `rate_limited` */
  countExport(principal: string): Promise<void>
  /** Counts a session that begins on this instance. @returns false for more than anybody needs */
  countSession(principal: string): Promise<boolean>
}

declare module 'fastify' {
  interface FastifyInstance {
    rateLimits: RateLimits
  }
}

const SESSIONS_PER_HOUR = 600
const EXPORTS_PER_HOUR = 60

/**
 * Limits what people do before they sign in, per network or application over all instances; and principals, on each
 * instance.
 */
export default fp<{ config: Config; redis?: Redis }>(
  async (app, { config, redis }) => {
    const shared = ([act, { points, duration }]: [string, { points: number; duration: number }]) => {
      const limit = { points, duration, keyPrefix: `mcp:${act}` }
      const limiter =
        redis === undefined ? new RateLimiterMemory(limit) : new RateLimiterRedis({ ...limit, storeClient: redis })
      // The limiter rejects with a result, not an error, for what is beyond the limit.
      return [
        act,
        orUnavailable('The session store', (who: string) =>
          limiter.consume(who).catch((refused: RateLimiterRes | Error) => {
            if (refused instanceof Error) throw refused
            return refused
          }),
        ),
      ] as const
    }
    const hosted = listOf(config.HOSTED_CLIENT_NETWORKS)
    const anonymous = new Map(Object.entries(ANONYMOUS).map(shared))
    // In memory: a shared count would cost every call a round trip.
    const requests = new RateLimiterMemory({ points: config.MCP_RATE_LIMIT_PER_MINUTE, duration: 60 })
    const exports = new RateLimiterMemory({ points: EXPORTS_PER_HOUR, duration: 3600 })
    const sessions = new RateLimiterMemory({ points: SESSIONS_PER_HOUR, duration: 3600 })

    app.decorate('rateLimits', {
      async countAnonymous(act, who) {
        const { points, words } = ANONYMOUS[act]
        const count = anonymous.get(act)
        const ofAssistant = hostedNetworkOf(who, hosted)
        await Promise.all(
          (ofAssistant === undefined ? networksOf(who) : [ofAssistant]).map(async ({ network, share }) => {
            const counted = await count?.(network)
            if (counted !== undefined && counted.consumedPoints > points * share) throw tooMany(words, counted)
          }),
        )
      },
      async countRequest(principal, messages = 1) {
        await requests.consume(principal, messages).catch((refused: RateLimiterRes) => {
          throw tooMany('Too many requests.', refused)
        })
      },
      async countExport(principal) {
        await exports.consume(principal).catch((refused: RateLimiterRes) => {
          throw tooMany('Too many files.', refused)
        })
      },
      countSession: (principal) =>
        sessions.consume(principal).then(
          () => true,
          () => false,
        ),
    } satisfies RateLimits)
  },
  { name: 'rate-limit', dependencies: [] },
)

function tooMany(message: string, { msBeforeNext }: RateLimiterRes): ServiceError {
  const retryAfterSeconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
  return new ServiceError('rate_limited', `${message} Try again in ${retryAfterSeconds} seconds.`, {
    retryAfterSeconds,
  })
}
