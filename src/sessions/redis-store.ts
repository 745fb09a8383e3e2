import type { Redis } from 'ioredis'
import { CHOICE_TTL_SECONDS, type SessionRecord, type SessionState, type SessionStore } from './store.ts'

// Uses a single key, so that it can run on a Cluster.
const UPDATE_OWN = `
  local json = redis.call('GET', KEYS[1])
  local record = json and cjson.decode(json) or {}
  if record.principal ~= ARGV[1] then return 0 end
  for field, value in pairs(cjson.decode(ARGV[2])) do record[field] = value end
  redis.call('SET', KEYS[1], cjson.encode(record), unpack(ARGV, 3))
  return 1`
const HEALTH_TTL_SECONDS = 60
const ENDED = JSON.stringify({ ended: true })

/** The key of a session. Ids come from clients, so braces are escaped: they would set the hash tag. */
export function sessionKey(sessionId: string): string {
  return `mcp:session:${encodeURIComponent(sessionId)}`
}

/**
 * Sessions in Redis: for each a string `mcp:session:{sid}` with the record as JSON, and for each credential a
 * string `mcp:choice:{credential}` with the last choice.
 * @param redis with auto-pipelining, so that commands sent together take one round trip, on a Cluster too
 */
export function createRedisSessionStore(redis: Redis): SessionStore {
  const choiceKey = (credential: string) => `mcp:choice:${credential}`
  const updateOwn = (
    sessionId: string,
    principal: string,
    change: Partial<SessionRecord>,
    ...life: (string | number)[]
  ) => redis.eval(UPDATE_OWN, 1, sessionKey(sessionId), principal, JSON.stringify(change), ...life)
  // One command costs half as much as two, but on a Cluster its keys would have to be on the same node.
  const getBoth = (...keys: [string, string]): Promise<(string | null)[]> =>
    redis.isCluster ? Promise.all(keys.map((key) => redis.get(key))) : redis.mget(keys)

  return {
    async read(sessionId, credential): Promise<SessionState> {
      if (sessionId === undefined) {
        return {
          session: null,
          lastBusinessId: credential === undefined ? null : await redis.get(choiceKey(credential)),
        }
      }
      const key = sessionKey(sessionId)
      if (credential === undefined) return { session: toSession(await redis.get(key)), lastBusinessId: null }
      const [json = null, lastBusinessId = null] = await getBoth(key, choiceKey(credential))
      return { session: toSession(json), lastBusinessId }
    },

    async save(sessionId, record, ttlSeconds) {
      await redis.set(sessionKey(sessionId), JSON.stringify(record), 'EX', ttlSeconds, 'NX')
    },

    async renew(sessionId, principal, expiresAt, ttlSeconds) {
      await updateOwn(sessionId, principal, { expiresAt }, 'EX', ttlSeconds)
    },

    async chooseBusiness(sessionId, { principal, credential }, businessId) {
      await Promise.all([
        sessionId === undefined ? undefined : updateOwn(sessionId, principal, { businessId }, 'KEEPTTL'),
        redis.set(choiceKey(credential), businessId, 'EX', CHOICE_TTL_SECONDS),
      ])
    },

    async noteLists(sessionId, principal, lists) {
      await updateOwn(sessionId, principal, { lists }, 'KEEPTTL')
    },

    async end(sessionId, ttlSeconds) {
      await redis.set(sessionKey(sessionId), ENDED, 'EX', ttlSeconds)
    },

    async ping() {
      // A full Redis, or a replica, answers PING but takes no sessions.
      await redis.set('mcp:health', '1', 'EX', HEALTH_TTL_SECONDS)
    },
  }
}

function toSession(json: string | null): SessionState['session'] {
  if (json === null) return null
  return json === ENDED ? 'ended' : (JSON.parse(json) as SessionRecord)
}
