import fp from 'fastify-plugin'
import { unavailable } from '../../src/errors.ts'
import type { SessionEvents } from '../../src/sessions/events.ts'
import type { SessionStore } from '../../src/sessions/store.ts'
import { guardStore } from '../../src/unavailable.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: SessionStore
    sessionEvents: SessionEvents
  }
}

const PART = 'The session store'

/** MCP sessions, choices of business and messages to clients. While the store is down, it answers `unavailable`. */
export default fp<{ store: SessionStore; events: SessionEvents }>(
  async (app, { store, events }) => {
    app.decorate('sessions', guardStore(PART, store))
    app.decorate('sessionEvents', {
      ...guardStore(PART, events),
      // Without the guard's deadline: a subscription that arrives after it could no longer be stopped.
      listen: (sessionId, onRing) =>
        events.listen(sessionId, onRing).catch((error) => {
          throw unavailable(PART, error)
        }),
    })
  },
  { name: 'sessions', dependencies: [] },
)
