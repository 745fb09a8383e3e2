import type { Redis } from 'ioredis'
import type { OAuthStore } from './store.ts'

// Sets value and expiry together: a crash between two commands would leave a code or token that never expires.
const SAVE = `
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'value', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[1])
  return 1`
const CONSUME = `
  if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
  return redis.call('HSETNX', KEYS[1], 'consumed', '1')`

/** The authorization server's state in Redis: a hash `mcp:oauth:{key}` for each value. */
export function createRedisOAuthStore(redis: Redis): OAuthStore {
  const name = (key: string) => `mcp:oauth:${key}`

  return {
    async find(key) {
      const { value, consumed } = await redis.hgetall(name(key))
      return value === undefined ? null : { value, consumed: consumed !== undefined }
    },
    async save(key, value, ttlSeconds) {
      await redis.eval(SAVE, 1, name(key), ttlSeconds, value)
    },
    async consume(key) {
      return (await redis.eval(CONSUME, 1, name(key))) === 1
    },
    async renew(key, ttlSeconds) {
      await redis.expire(name(key), ttlSeconds)
    },
    async remove(key) {
      await redis.del(name(key))
    },
  }
}
