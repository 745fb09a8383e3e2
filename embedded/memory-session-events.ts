import { EventEmitter } from 'node:events'
import { LRUCache } from 'lru-cache'
import { FIRST_EVENT_ID, MAX_EVENTS, type SessionEvent, type SessionEvents } from '../src/sessions/events.ts'

/** Messages to clients in this process's memory, for a single instance: the demo without Redis. */
export function createMemorySessionEvents(): SessionEvents {
  const kept = new LRUCache<string, { lists: string; events: SessionEvent[] }>({ max: 10_000 })
  const bells = new EventEmitter().setMaxListeners(0)
  let count = 0

  return {
    async announce(sessionId, _principal, lists, messages, ttlSeconds) {
      const { lists: known, events } = kept.get(sessionId) ?? { lists: undefined, events: [] }
      if (known === lists) return
      const added = messages.map((message) => ({ id: `${Date.now()}-${++count}`, message }))
      kept.set(sessionId, { lists, events: [...events, ...added].slice(-MAX_EVENTS) }, { ttl: ttlSeconds * 1000 })
      bells.emit(sessionId, 'event')
    },
    async after(sessionId, id) {
      const events = kept.get(sessionId)?.events ?? []
      return events.slice(events.findIndex((event) => event.id === id) + 1)
    },
    async latest(sessionId) {
      return kept.get(sessionId)?.events.at(-1)?.id ?? FIRST_EVENT_ID
    },
    async ring(sessionId, ring) {
      bells.emit(sessionId, ring)
    },
    async listen(sessionId, onRing) {
      bells.on(sessionId, onRing)
      return () => void bells.off(sessionId, onRing)
    },
  }
}
