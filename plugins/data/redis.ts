import fastifyRedis, { type FastifyRedis } from '@fastify/redis'
import fp from 'fastify-plugin'
import { type Cluster, type Redis, ReplyError } from 'ioredis'
import type { Config } from '../../src/config.ts'
import { createRedisClient } from '../../src/redis-client.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** A connection that only subscribes. Whoever subscribes does so again whenever it is `ready`. */
    redisSubscriber: Redis
  }
}

const PING_EVERY_MS = 5000
const START_PATIENCE_MS = 2000

/** The connections to Redis. The service starts without Redis, too: it is not ready until there is one. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const client = createRedisClient(config)
    let isAway = false
    // Errors hold the command that failed, and that may hold the password: only their words are logged.
    client.on('error', ({ message }: Error) => {
      if (!isAway) app.log.warn({ reason: message }, 'Redis is away')
      isAway = true
    })
    client.on('ready', () => {
      if (isAway) app.log.info('Redis is back')
      isAway = false
    })

    const subscriber = createRedisClient(config)
    // The loss is logged with the first connection's.
    subscriber.on('error', () => {})
    // A connection that the network has lost looks idle: asked for an answer in vain, it is made anew.
    const timer = setInterval(() => subscriber.ping().catch(() => {}), PING_EVERY_MS)
    timer.unref()
    app.decorate('redisSubscriber', subscriber as Redis)

    app.addHook('onClose', async () => {
      clearInterval(timer)
      subscriber.disconnect()
      // A server that is away cannot be taken leave of.
      await client.quit().catch(() => client.disconnect())
    })
    // The plugin of Fastify would wait for a server that is away, and give up.
    if (await isReady(client)) await app.register(fastifyRedis, { client: client as Redis })
    else app.decorate('redis', client as FastifyRedis)
  },
  { name: 'redis', dependencies: [] },
)

/**
 * Whether Redis answers within two seconds.
 * @throws Error when it answers with a refusal, such as that of a password
 */
function isReady(client: Redis | Cluster): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer)
      client.off('ready', onReady).off('error', onError)
      act()
    }
    const timer = setTimeout(() => settle(() => resolve(false)), START_PATIENCE_MS)
    const onReady = () => settle(() => resolve(true))
    const onError = (error: Error & { lastNodeError?: Error }) => {
      const { message } = error.lastNodeError ?? error
      const isRefusal = (error.lastNodeError ?? error) instanceof ReplyError
      if (isRefusal) settle(() => reject(new Error(`Redis refuses the connection: ${message}`)))
    }
    client.on('ready', onReady).on('error', onError)
  })
}
