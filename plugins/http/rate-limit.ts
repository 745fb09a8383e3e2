import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Redis } from 'ioredis'
import { RateLimiterMemory, RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible'
import type { Config } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import { orUnavailable } from '../../src/unavailable.ts'

export interface RateLimits {
  /** Hook: refuses an address after too many failed sign-ins in a minute. */
  checkFailures(request: FastifyRequest): Promise<void>
  /** Hook: counts a refused sign-in. */
  countFailure(request: FastifyRequest, reply: FastifyReply): Promise<void>
  /** Hook: counts a registration of an OAuth client. @throws ServiceError `rate_limited` */
  countRegistration(request: FastifyRequest): Promise<void>
  /** Counts a principal's messages on this instance. @throws ServiceError `rate_limited` */
  countRequest(principal: string, messages?: number): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    rateLimits: RateLimits
  }
}

// Generous, because all users of a hosted assistant register from a few addresses.
const REGISTRATIONS_PER_HOUR = 300
// A request with a wrong argument does not try out a credential.
const FAILURES = new Set([401, 403])
const STORE = 'The session store'

/** Limits failed sign-ins and registrations per address, over all instances; MCP requests per principal, in each. */
export default fp<{ config: Config; redis?: Redis }>(
  async (app, { config, redis }) => {
    const failureLimit = { points: config.TOKEN_RATE_LIMIT_PER_MINUTE, duration: 60, keyPrefix: 'mcp:failures' }
    const shared = (limit: { points: number; duration: number; keyPrefix: string }) =>
      redis === undefined ? new RateLimiterMemory(limit) : new RateLimiterRedis({ ...limit, storeClient: redis })
    const failures = shared(failureLimit)
    const registrations = shared({ points: REGISTRATIONS_PER_HOUR, duration: 3600, keyPrefix: 'mcp:registrations' })
    const look = orUnavailable(STORE, (address: string) => failures.get(address))
    const count = orUnavailable(STORE, async (limiter: typeof failures, address: string) =>
      limiter.consume(address).catch((refused: RateLimiterRes | Error) => {
        if (refused instanceof Error) throw refused
        return refused
      }),
    )
    // In memory: a shared count would cost every call a round trip.
    const requests = new RateLimiterMemory({ points: config.MCP_RATE_LIMIT_PER_MINUTE, duration: 60 })

    app.decorate('rateLimits', {
      async checkFailures(request) {
        const failed = await look(request.ip)
        if (failed !== null && failed.consumedPoints >= failureLimit.points) {
          throw tooMany('Too many failed sign-ins from this address.', failed)
        }
      },
      async countFailure(request, reply) {
        // While the store is down, failures are not counted.
        if (FAILURES.has(reply.statusCode)) await count(failures, request.ip).catch(() => {})
      },
      async countRegistration(request) {
        const counted = await count(registrations, request.ip)
        if (counted.consumedPoints > REGISTRATIONS_PER_HOUR) {
          throw tooMany('Too many registrations from this address.', counted)
        }
      },
      async countRequest(principal, messages = 1) {
        await requests.consume(principal, messages).catch((refused: RateLimiterRes) => {
          throw tooMany('Too many requests.', refused)
        })
      },
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
