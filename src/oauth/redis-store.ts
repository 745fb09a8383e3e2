import type { Redis } from 'ioredis'
import type { OAuthStore } from './store.ts'

// Sets value and expiry together: a crash between two commands would leave a code or token that never expires.
const SAVE = `
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'value', ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[1])
  return 1`
const USE = `
  if redis.call('EXISTS', KEYS[1]) == 0 then return nil end
  local isFirst = redis.call('HSETNX', KEYS[1], 'usedAt', ARGV[1])
  if redis.call('TTL', KEYS[1]) > tonumber(ARGV[2]) then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
  return { isFirst, redis.call('HGET', KEYS[1], 'usedAt') }`
const TAKE_BACK_USE = `
  local usedAt = redis.call('HGET', KEYS[1], 'usedAt')
  if usedAt and tonumber(usedAt) >= tonumber(ARGV[1]) then redis.call('HDEL', KEYS[1], 'usedAt') end
  return 1`

/** The authorization server's state in Redis: a hash `mcp:oauth:{key}` for each value. */
export function createRedisOAuthStore(redis: Redis): OAuthStore {
  const name = (key: string) => `mcp:oauth:${key}`

  return {
    async find(key) {
      const { value, usedAt } = await redis.hgetall(name(key))
      return value === undefined ? null : { value, usedAt: usedAt === undefined ? null : new Date(Number(usedAt)) }
    },
    async save(key, value, ttlSeconds) {
      await redis.eval(SAVE, 1, name(key), ttlSeconds, value)
    },
    async use(key, now, keptSeconds) {
      const answer = (await redis.eval(USE, 1, name(key), now.getTime(), keptSeconds)) as [number, string] | null
      return answer === null ? null : { isFirst: answer[0] === 1, firstAt: new Date(Number(answer[1])) }
    },
    async takeBackUse(key, since) {
      await redis.eval(TAKE_BACK_USE, 1, name(key), since.getTime())
    },
    async renew(key, ttlSeconds) {
      await redis.expire(name(key), ttlSeconds)
    },
    async remove(key) {
      await redis.del(name(key))
    },
  }
}
