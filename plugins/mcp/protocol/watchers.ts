import type { FastifyInstance } from 'fastify'
import pLimit from 'p-limit'
import type { Principal } from '../../../src/auth/principal.ts'
import { ServiceError } from '../../../src/errors.ts'
import type { Clock } from '../../../src/time/clock.ts'

/** An open stream, and the principal that it informs. */
export interface Watcher {
  principal: Principal
  /** The principal's current state. @throws ServiceError once the credential is no longer valid */
  renew(): Promise<Principal>
  /** Called after each renewal, whether or not it changed what the principal may see. */
  onRenewed(principal: Principal): Promise<void>
  /** Ends the stream, because the credential is no longer valid or the instance closes. */
  end(): void
}

// The database notifies us of every change. This catches notifications lost on the way (a pooler, a cut connection).
const RENEW_EVERY_MS = 60_000
const RENEWALS_AT_A_TIME = 4

/**
 * All open streams, whose principals are renewed whenever the database reports a change.
 * @param limit how many streams a principal may have open
 */
export function createWatchers(app: FastifyInstance, { limit, clock }: { limit: number; clock: Clock }) {
  // The value is the time of the last renewal.
  const watchers = new Map<Watcher, number>()
  const open = new Map<string, number>()
  const renewals = pLimit(RENEWALS_AT_A_TIME)
  const waiting = new Set<Watcher>()

  /** Finds out what a watcher's principal may see now. */
  async function renew(watcher: Watcher): Promise<void> {
    if (!watchers.has(watcher)) return
    watchers.set(watcher, performance.now())
    // While renewals are slow, a watcher queues only once.
    if (waiting.has(watcher)) return
    waiting.add(watcher)
    try {
      await renewals(async () => {
        waiting.delete(watcher)
        watcher.principal = await watcher.renew()
        await watcher.onRenewed(watcher.principal)
      })
    } catch (error) {
      // The stream outlives an outage; its principal is renewed again later.
      if (error instanceof ServiceError && ['unauthenticated', 'forbidden'].includes(error.code)) watcher.end()
      else app.log.warn({ err: error }, 'a stream could not be renewed')
    }
  }

  app.onAccessChange((id) => {
    for (const watcher of watchers.keys()) {
      const { userId, credentialId } = watcher.principal
      if (id === null || id === userId || id === credentialId) void renew(watcher)
    }
  })

  return {
    renew,

    /**
     * Watches what a principal may see. It notices only later changes; call `renew` for earlier ones.
     * @returns a function that stops it
     * @throws ServiceError `rate_limited` with too many open
     */
    watch(watcher: Watcher): () => void {
      const { ref } = watcher.principal
      const count = open.get(ref) ?? 0
      if (count >= limit) {
        throw new ServiceError('rate_limited', `At most ${limit} streams may be open. Close one.`, {
          retryAfterSeconds: 30,
        })
      }
      open.set(ref, count + 1)
      watchers.set(watcher, performance.now())
      app.metrics.openStreams.inc()
      return () => {
        if (!watchers.delete(watcher)) return
        app.metrics.openStreams.dec()
        const left = (open.get(ref) ?? 1) - 1
        if (left === 0) open.delete(ref)
        else open.set(ref, left)
      }
    },

    /** Ends streams whose credential has expired, and renews those whose last renewal was a while ago. */
    check(): void {
      const now = performance.now()
      for (const [watcher, renewedAt] of watchers) {
        const { expiresAt } = watcher.principal
        if (expiresAt !== null && expiresAt <= clock()) watcher.end()
        else if (now - renewedAt >= RENEW_EVERY_MS) void renew(watcher)
      }
    },

    endAll(): void {
      for (const watcher of [...watchers.keys()]) watcher.end()
    },
  }
}
