import fastifyRedis, { type FastifyRedis } from '@fastify/redis'
import fp from 'fastify-plugin'
import { type Cluster, type Redis, ReplyError } from 'ioredis'
import type { Config } from '../../src/config.ts'
import { createRedisClient } from '../../src/redis-client.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** A connection for subscriptions only. Subscribers must subscribe again whenever it becomes `ready`. */
    redisSubscriber: Redis
  }
}

const PING_EVERY_MS = 5000
const START_PATIENCE_MS = 2000

/** The connections to Redis. The service also starts without Redis, and is not ready until it answers. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const client = createRedisClient(config)
    let isAway = false
    // An error carries the command that failed, which may contain the password: log its message only.
    client.on('error', ({ message }: Error) => {
      if (!isAway) app.log.warn({ reason: message }, 'Redis is away')
      isAway = true
    })
    client.on('ready', () => {
      if (isAway) app.log.info('Redis is back')
      isAway = false
    })

    const subscriber = createRedisClient(config)
    // The first connection logs the loss.
    subscriber.on('error', () => {})
    // A connection that the network dropped looks idle. A ping that gets no answer makes ioredis reconnect.
    const timer = setInterval(() => subscriber.ping().catch(() => {}), PING_EVERY_MS)
    timer.unref()
    app.decorate('redisSubscriber', subscriber as Redis)

    app.addHook('onClose', async () => {
      clearInterval(timer)
      subscriber.disconnect()
      // QUIT needs an answer, which a server that is down does not give.
      await client.quit().catch(() => client.disconnect())
    })
    // @fastify/redis waits for a server that is down, and gives up.
    if (await isReady(client)) await app.register(fastifyRedis, { client: client as Redis })
    else app.decorate('redis', client as FastifyRedis)
  },
  { name: 'redis', dependencies: [] },
)

/**
 * Whether Redis answers within two seconds.
 * @throws Error when it refuses us, for example because of a wrong password
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
