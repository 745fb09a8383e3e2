import fp from 'fastify-plugin'
import { createRedisSessionEvents } from '../../src/sessions/redis-events.ts'
import { createRedisSessionStore } from '../../src/sessions/redis-store.ts'
import sessions from './sessions.ts'

/** Sessions in Redis, which all instances share. */
export default fp(
  async (app) => {
    await app.register(sessions, {
      store: createRedisSessionStore(app.redis),
      events: createRedisSessionEvents(app.redis, app.redisSubscriber),
    })
  },
  { name: 'redis-sessions', dependencies: ['redis'] },
)
