import { LRUCache } from 'lru-cache'
import { CHOICE_TTL_SECONDS, type SessionRecord, type SessionState, type SessionStore } from '../src/sessions/store.ts'

/** Sessions in this process's memory, for a single instance: the demo without Redis. */
export function createMemorySessionStore(): SessionStore {
  const sessions = new LRUCache<string, Exclude<SessionState['session'], null>>({ max: 10_000 })
  const choices = new LRUCache<string, string>({ max: 10_000, ttl: CHOICE_TTL_SECONDS * 1000 })

  const updateOwn = (sessionId: string, principal: string, change: Partial<SessionRecord>, ttl?: number) => {
    const session = sessions.get(sessionId)
    if (session === undefined || session === 'ended' || session.principal !== principal) return
    sessions.set(sessionId, { ...session, ...change }, { ttl: ttl ?? sessions.getRemainingTTL(sessionId) })
  }

  return {
    async read(sessionId, credential) {
      const session = sessionId === undefined ? undefined : sessions.get(sessionId)
      const lastBusinessId = credential === undefined ? undefined : choices.get(credential)
      return { session: session ?? null, lastBusinessId: lastBusinessId ?? null }
    },
    async save(sessionId, record, ttlSeconds) {
      if (!sessions.has(sessionId)) sessions.set(sessionId, record, { ttl: ttlSeconds * 1000 })
    },
    async renew(sessionId, principal, expiresAt, ttlSeconds) {
      updateOwn(sessionId, principal, { expiresAt }, ttlSeconds * 1000)
    },
    async chooseBusiness(sessionId, { principal, credential }, businessId) {
      if (sessionId !== undefined) updateOwn(sessionId, principal, { businessId })
      choices.set(credential, businessId)
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
