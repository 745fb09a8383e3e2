import type { Redis } from 'ioredis'
import { CHOICE_TTL_SECONDS, type SessionState, type SessionStore } from './session-store.ts'

// Each script touches one key, so that it runs on a Cluster too. The value and its life are set together: a crash
// between two commands would leave a session that never ends.
const SAVE = `
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], unpack(ARGV, 2))
  redis.call('EXPIRE', KEYS[1], ARGV[1])
  return 1`
const CHOOSE = `
  if redis.call('HGET', KEYS[1], 'principal') ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], 'businessId', ARGV[2])
  return 1`

/**
 * Sessions in Redis: a hash `mcp:session:{sid}` each, and a string `mcp:choice:{principal}` with the last choice.
 * @param redis with auto-pipelining, so that commands sent together take one round trip, on a Cluster too
 */
export function createRedisSessionStore(redis: Redis): SessionStore {
  const sessionKey = (sessionId: string) => `mcp:session:${sessionId}`
  const choiceKey = (principal: string) => `mcp:choice:${principal}`

  return {
    async read(sessionId, principal, slideSeconds): Promise<SessionState> {
      const [hash, lastBusinessId] = await Promise.all([
        sessionId === undefined ? {} : redis.hgetall(sessionKey(sessionId)),
        redis.get(choiceKey(principal)),
        sessionId !== undefined && slideSeconds !== undefined
          ? redis.expire(sessionKey(sessionId), slideSeconds)
          : undefined,
      ])
      return { session: toSession(hash), lastBusinessId }
    },

    async save(sessionId, record, ttlSeconds) {
      const fields = Object.entries(record).filter(([, value]) => value !== undefined)
      await redis.eval(SAVE, 1, sessionKey(sessionId), ttlSeconds, ...(fields.flat() as string[]))
    },

    async chooseBusiness(sessionId, principal, businessId) {
      await Promise.all([
        sessionId === undefined ? undefined : redis.eval(CHOOSE, 1, sessionKey(sessionId), principal, businessId),
        redis.set(choiceKey(principal), businessId, 'EX', CHOICE_TTL_SECONDS),
      ])
    },

    async end(sessionId, ttlSeconds) {
      await redis.eval(SAVE, 1, sessionKey(sessionId), ttlSeconds, 'ended', '1')
    },

    async ping() {
      await redis.ping()
    },
  }
}

function toSession(hash: Record<string, string>): SessionState['session'] {
  if (hash.ended !== undefined) return 'ended'
  if (hash.principal === undefined) return null
  const { principal, businessId, protocolVersion, client } = hash
  return { principal, businessId, protocolVersion, client }
}
