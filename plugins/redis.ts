import fastifyRedis from '@fastify/redis'
import fp from 'fastify-plugin'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { type Config, listOf } from '../src/config.ts'

/** The connection to Redis: a single server, Sentinel or Cluster, as the configuration says. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const client = createClient(config)
    client.on('error', (err: Error) => app.log.warn({ err }, 'Redis connection'))
    app.addHook('onClose', async () => {
      // A server that is away cannot be taken leave of.
      await client.quit().catch(() => client.disconnect())
    })
    await app.register(fastifyRedis, { client: client as Redis })
  },
  { name: 'redis' },
)

function createClient(config: Config): Redis | Cluster {
  // Commands fail at once while Redis is away: a caller is told to retry instead of waiting in a queue.
  const options = {
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    connectTimeout: 2000,
    commandTimeout: 900,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt: number) => Math.min(attempt * 100, 1000),
    ...(config.REDIS_PASSWORD === undefined ? {} : { password: config.REDIS_PASSWORD }),
  } satisfies RedisOptions

  if (config.REDIS_CLUSTER !== undefined) {
    return new Cluster(listOf(config.REDIS_CLUSTER).map(toAddress), {
      enableAutoPipelining: true,
      redisOptions: options,
    })
  }
  if (config.REDIS_SENTINELS !== undefined) {
    const sentinels = listOf(config.REDIS_SENTINELS).map(toAddress)
    return new Redis({ ...options, sentinels, name: config.REDIS_SENTINEL_MASTER })
  }
  if (config.REDIS_URL !== undefined) return new Redis(config.REDIS_URL, options)
  if (config.REDIS_HOST !== undefined)
    return new Redis({ ...options, host: config.REDIS_HOST, port: config.REDIS_PORT })
  throw new Error('set REDIS_URL (or REDIS_HOST, REDIS_SENTINELS or REDIS_CLUSTER)')
}

function toAddress(address: string): { host: string; port: number } {
  const [host = '', port = '6379'] = address.split(':')
  return { host, port: Number(port) }
}
