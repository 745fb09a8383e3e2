import fp from 'fastify-plugin'
import { unavailable } from '../../src/errors.ts'
import type { SessionEvents } from '../../src/sessions/events.ts'
import type { SessionStore } from '../../src/sessions/store.ts'
import { orUnavailable } from '../../src/unavailable.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: SessionStore
    sessionEvents: SessionEvents
  }
}

/** MCP sessions, choices of business and messages to clients. A store that is away answers `unavailable`, so that callers retry. */
export default fp<{ store: SessionStore; events: SessionEvents }>(
  async (app, { store, events }) => {
    const guard = <Args extends unknown[], T>(method: (...args: Args) => Promise<T>) =>
      orUnavailable('The session store', method)
    app.decorate('sessions', {
      read: guard(store.read),
      save: guard(store.save),
      renew: guard(store.renew),
      chooseBusiness: guard(store.chooseBusiness),
      noteLists: guard(store.noteLists),
      end: guard(store.end),
      ping: guard(store.ping),
    })
    app.decorate('sessionEvents', {
      announce: guard(events.announce),
      after: guard(events.after),
      latest: guard(events.latest),
      ring: guard(events.ring),
      // Without the guard's deadline: what is given up could not be stopped once it listens.
      listen: (sessionId, onRing) =>
        events.listen(sessionId, onRing).catch((error) => {
          throw unavailable('The session store', error)
        }),
    })
  },
  { name: 'sessions' },
)
