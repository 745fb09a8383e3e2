import type { Redis } from 'ioredis'
import { FIRST_EVENT_ID, MAX_EVENTS, type Ring, type SessionEvents } from './events.ts'
import { sessionKey } from './redis-store.ts'

// The keys of session and messages share a hash tag, so that the script can run on a Cluster. It also serves a
// session whose record Redis has lost: the next request would create it again.
const ANNOUNCE = `
  local json = redis.call('GET', KEYS[1])
  local record = json and cjson.decode(json) or { principal = ARGV[1] }
  if record.principal ~= ARGV[1] or record.lists == ARGV[2] then return 0 end
  record.lists = ARGV[2]
  redis.call('SET', KEYS[1], cjson.encode(record), unpack(json and { 'KEEPTTL' } or { 'EX', ARGV[3] }))
  for i = 6, #ARGV do redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', 'message', ARGV[i]) end
  redis.call('EXPIRE', KEYS[2], ARGV[3])
  redis.call('PUBLISH', ARGV[5], 'event')
  return 1`

/**
 * Messages in Redis: a stream `{mcp:session:{sid}}:events` for each session, and a channel `mcp:doorbell:{sid}`.
 * @param redis for commands
 * @param subscriber one connection for the rings of all sessions
 */
export function createRedisSessionEvents(redis: Redis, subscriber: Redis): SessionEvents {
  // Arrays, because there is nearly always one listener, and a Set of one takes four times the memory.
  const listeners = new Map<string, ((ring: Ring) => void)[]>()
  const eventsKey = (sessionId: string) => `{${sessionKey(sessionId)}}:events`
  const channelOf = (sessionId: string) => `mcp:doorbell:${sessionId}`

  subscriber.on('message', (channel: string, ring: string) => {
    for (const onRing of listeners.get(channel) ?? []) onRing(ring as Ring)
  })
  subscriber.on('ready', async () => {
    if (listeners.size === 0) return
    // A failed subscription is retried after the next reconnect. Streams also check for messages at every renewal.
    await subscriber.subscribe(...listeners.keys()).catch(() => {})
    for (const each of listeners.values()) for (const onRing of each) onRing('event')
  })

  return {
    async announce(sessionId, principal, lists, messages, ttlSeconds) {
      const channel = channelOf(sessionId)
      const args = [principal, lists, ttlSeconds, MAX_EVENTS, channel, ...messages]
      await redis.eval(ANNOUNCE, 2, sessionKey(sessionId), eventsKey(sessionId), ...args)
    },

    async after(sessionId, id) {
      const entries = await redis.xrange(eventsKey(sessionId), `(${id}`, '+')
      return entries.map(([entryId, [, message = '']]) => ({ id: entryId, message }))
    },

    async latest(sessionId) {
      const [entry] = await redis.xrevrange(eventsKey(sessionId), '+', '-', 'COUNT', 1)
      return entry?.[0] ?? FIRST_EVENT_ID
    },

    async ring(sessionId, ring) {
      await redis.publish(channelOf(sessionId), ring)
    },

    async listen(sessionId, onRing) {
      const channel = channelOf(sessionId)
      const others = listeners.get(channel) ?? []
      listeners.set(channel, [...others, onRing])
      const stop = () => {
        const left = listeners.get(channel)?.filter((listener) => listener !== onRing) ?? []
        if (left.length > 0) return void listeners.set(channel, left)
        if (listeners.delete(channel)) subscriber.unsubscribe(channel).catch(() => {})
      }
      try {
        // Even if others listen already: their subscription may not have been confirmed yet.
        await subscriber.subscribe(channel)
      } catch (error) {
        stop()
        throw error
      }
      return stop
    },
  }
}
