import fp from 'fastify-plugin'
import { orUnavailable } from '../src/errors.ts'
import type { SessionStore } from '../src/mcp/session-store.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: SessionStore
  }
}

/** MCP sessions and choices of business. A store that is away answers `unavailable`, so that callers retry. */
export default fp<{ store: SessionStore }>(
  async (app, { store }) => {
    const guard = <Args extends unknown[], T>(method: (...args: Args) => Promise<T>) =>
      orUnavailable('The session store', method)
    app.decorate('sessions', {
      read: guard(store.read),
      save: guard(store.save),
      chooseBusiness: guard(store.chooseBusiness),
      end: guard(store.end),
      ping: guard(store.ping),
    })
  },
  { name: 'sessions' },
)
