import { LRUCache } from 'lru-cache'
import {
  CHOICE_TTL_SECONDS,
  type SessionRecord,
  type SessionState,
  type SessionStore,
} from '../src/mcp/session-store.ts'

/** Sessions in this process's memory, for one instance alone: the demo without Redis. */
export function createMemorySessionStore(): SessionStore {
  const sessions = new LRUCache<string, Exclude<SessionState['session'], null>>({ max: 10_000 })
  const choices = new LRUCache<string, string>({ max: 10_000, ttl: CHOICE_TTL_SECONDS * 1000 })

  const updateOwn = (sessionId: string, principal: string, change: Partial<SessionRecord>) => {
    const session = sessions.get(sessionId)
    if (session === undefined || session === 'ended' || session.principal !== principal) return
    sessions.set(sessionId, { ...session, ...change }, { ttl: sessions.getRemainingTTL(sessionId) })
  }

  return {
    async read(sessionId, principal, slideSeconds) {
      const session = sessionId === undefined ? undefined : sessions.get(sessionId)
      if (sessionId !== undefined && session !== undefined && slideSeconds !== undefined) {
        sessions.set(sessionId, session, { ttl: slideSeconds * 1000 })
      }
      return { session: session ?? null, lastBusinessId: choices.get(principal) ?? null }
    },
    async save(sessionId, record, ttlSeconds) {
      sessions.set(sessionId, record, { ttl: ttlSeconds * 1000 })
    },
    async chooseBusiness(sessionId, principal, businessId) {
      if (sessionId !== undefined) updateOwn(sessionId, principal, { businessId })
      choices.set(principal, businessId)
    },
    async noteLists(sessionId, principal, lists) {
      updateOwn(sessionId, principal, { lists })
    },
    async end(sessionId, ttlSeconds) {
      sessions.set(sessionId, 'ended', { ttl: ttlSeconds * 1000 })
    },
    async ping() {},
  }
}
