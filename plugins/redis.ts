import fastifyRedis from '@fastify/redis'
import fp from 'fastify-plugin'
import { Cluster, type RedisOptions } from 'ioredis'
import { type Config, listOf } from '../src/config.ts'

/** The connection to Redis: a single server, Sentinel or Cluster, as the configuration says. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    // Commands fail at once while Redis is away: a caller is told to retry instead of waiting in a queue.
    const common = {
      enableAutoPipelining: true,
      enableOfflineQueue: false,
      connectTimeout: 2000,
      commandTimeout: 900,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt: number) => Math.min(attempt * 100, 1000),
      ...(config.REDIS_PASSWORD === undefined ? {} : { password: config.REDIS_PASSWORD }),
    } satisfies RedisOptions
    if (config.REDIS_CLUSTER !== undefined) {
      const client = new Cluster(listOf(config.REDIS_CLUSTER).map(toAddress), {
        enableAutoPipelining: true,
        enableOfflineQueue: true,
        redisOptions: common,
      })
      await app.register(fastifyRedis, { client, closeClient: true })
    } else if (config.REDIS_SENTINELS !== undefined) {
      const sentinels = listOf(config.REDIS_SENTINELS).map(toAddress)
      await app.register(fastifyRedis, { ...common, sentinels, name: config.REDIS_SENTINEL_MASTER, closeClient: true })
    } else if (config.REDIS_URL !== undefined) {
      await app.register(fastifyRedis, { ...common, url: config.REDIS_URL, closeClient: true })
    } else if (config.REDIS_HOST !== undefined) {
      await app.register(fastifyRedis, {
        ...common,
        host: config.REDIS_HOST,
        port: config.REDIS_PORT,
        closeClient: true,
      })
    } else {
      throw new Error('set REDIS_URL (or REDIS_HOST, REDIS_SENTINELS or REDIS_CLUSTER)')
    }
    app.redis.on('error', (err: Error) => app.log.warn({ err }, 'Redis connection'))
  },
  { name: 'redis' },
)

function toAddress(address: string): { host: string; port: number } {
  const [host = '', port = '6379'] = address.split(':')
  return { host, port: Number(port) }
}
