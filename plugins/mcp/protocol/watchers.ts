import type { FastifyInstance } from 'fastify'
import pLimit from 'p-limit'
import type { Principal } from '../../../src/auth/principal.ts'
import { ServiceError } from '../../../src/errors.ts'
import type { Clock } from '../../../src/time/clock.ts'

/** An open stream, and what is known of whom it informs. */
export interface Watcher {
  principal: Principal
  /** The principal as of now. @throws ServiceError once the credential is worth nothing any more */
  renew(): Promise<Principal>
  /** Told what the principal is now; what they may see may have changed, or not. */
  onRenewed(principal: Principal): Promise<void>
  /** Ends the stream: the credential is worth nothing any more, or the instance closes. */
  end(): void
}

// The database notifies of every change; this is for what is lost on the way (a pooler, a cut connection).
const RENEW_EVERY_MS = 60_000
const RENEWALS_AT_A_TIME = 4

/**
 * Everybody who has a stream open, looked at again whenever the database tells of a change.
 * @param limit how many streams a person may have open
 */
export function createWatchers(app: FastifyInstance, { limit, clock }: { limit: number; clock: Clock }) {
  // With the time at which each was looked at last.
  const watchers = new Map<Watcher, number>()
  const open = new Map<string, number>()
  const renewals = pLimit(RENEWALS_AT_A_TIME)
  const waiting = new Set<Watcher>()

  /** Looks what a watcher's principal may see now. */
  async function renew(watcher: Watcher): Promise<void> {
    if (!watchers.has(watcher)) return
    watchers.set(watcher, performance.now())
    // While the database is silent, nobody queues twice.
    if (waiting.has(watcher)) return
    waiting.add(watcher)
    try {
      await renewals(async () => {
        waiting.delete(watcher)
        watcher.principal = await watcher.renew()
        await watcher.onRenewed(watcher.principal)
      })
    } catch (error) {
      // While a part is away, the stream stays: it is looked at again.
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
     * Watches what a principal may see, from changes on that come later: `renew` tells of those that came before.
     * @returns what stops it
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

    /** Ends the streams whose credential has expired, and looks at those that have not been looked at for long. */
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
