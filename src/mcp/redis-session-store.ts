import type { Redis } from 'ioredis'
import { CHOICE_TTL_SECONDS, type SessionRecord, type SessionState, type SessionStore } from './session-store.ts'

// Each script touches one key, so that it runs on a Cluster too. The value and its life are set together: a crash
// between two commands would leave a session that never ends.
const SAVE = `
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], unpack(ARGV, 2))
  redis.call('EXPIRE', KEYS[1], ARGV[1])
  return 1`
const UPDATE_OWN = `
  if redis.call('HGET', KEYS[1], 'principal') ~= ARGV[1] then return 0 end
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
  if ARGV[4] then redis.call('EXPIRE', KEYS[1], ARGV[4]) end
  return 1`

/** The key of a session. Ids come from clients: braces would be a hash tag of their choice. */
export function sessionKey(sessionId: string): string {
  return `mcp:session:${encodeURIComponent(sessionId)}`
}

/**
 * Sessions in Redis: a hash `mcp:session:{sid}` each, and a string `mcp:choice:{principal}` with the last choice.
 * @param redis with auto-pipelining, so that commands sent together take one round trip, on a Cluster too
 */
export function createRedisSessionStore(redis: Redis): SessionStore {
  const choiceKey = (principal: string) => `mcp:choice:${principal}`
  const updateOwn = (
    sessionId: string,
    principal: string,
    ...change:
      | [field: keyof SessionRecord, value: string]
      | [field: keyof SessionRecord, value: number, ttlSeconds: number]
  ) => redis.eval(UPDATE_OWN, 1, sessionKey(sessionId), principal, ...change)

  return {
    async read(sessionId, principal): Promise<SessionState> {
      const [hash, lastBusinessId] = await Promise.all([
        sessionId === undefined ? {} : redis.hgetall(sessionKey(sessionId)),
        principal === undefined ? null : redis.get(choiceKey(principal)),
      ])
      return { session: toSession(hash), lastBusinessId }
    },

    async save(sessionId, record, ttlSeconds) {
      const fields = Object.entries(record).filter(([, value]) => value !== undefined)
      await redis.eval(SAVE, 1, sessionKey(sessionId), ttlSeconds, ...(fields.flat() as string[]))
    },

    async renew(sessionId, principal, expiresAt, ttlSeconds) {
      await updateOwn(sessionId, principal, 'expiresAt', expiresAt, ttlSeconds)
    },

    async chooseBusiness(sessionId, principal, businessId) {
      await Promise.all([
        sessionId === undefined ? undefined : updateOwn(sessionId, principal, 'businessId', businessId),
        redis.set(choiceKey(principal), businessId, 'EX', CHOICE_TTL_SECONDS),
      ])
    },

    async noteLists(sessionId, principal, lists) {
      await updateOwn(sessionId, principal, 'lists', lists)
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
  const { principal, businessId, lists, protocolVersion, client, expiresAt = 0 } = hash
  return { principal, businessId, lists, protocolVersion, client, expiresAt: Number(expiresAt) }
}
