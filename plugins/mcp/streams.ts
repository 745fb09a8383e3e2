import { randomUUID } from 'node:crypto'
import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import pLimit from 'p-limit'
import type { Principal } from '../../src/auth/principal.ts'
import type { Config } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import { FIRST_EVENT_ID, type Ring } from '../../src/sessions/events.ts'
import type { SessionRecord } from '../../src/sessions/store.ts'
import type { Clock } from '../../src/time/clock.ts'

/** An open stream, and what is known of whom it informs. */
export interface Watcher {
  principal: Principal
  /** The principal as of now. @throws ServiceError once the credential is worth nothing any more */
  renew(): Promise<Principal>
  /** Told what the principal is now; what they may see may have changed, or not. */
  onRenewed(principal: Principal): Promise<void>
  /** Ends the stream: the credential is worth nothing any more, or the instance closes. */
  end(): void
}

export interface StreamOptions extends Pick<Watcher, 'principal' | 'renew'> {
  sessionId: string
  session: SessionRecord
  /** `Last-Event-ID`: messages after it are delivered first. */
  lastEventId: string | undefined
  protocolVersion: string | undefined
  /** Seconds that undelivered messages are kept. */
  ttlSeconds: number
}

export interface McpStreams {
  /**
   * Answers with the live stream of a session (server-sent events), in place of the one that it had, on any instance.
   * @throws ServiceError `rate_limited` with too many open, `unavailable`
   */
  open(reply: FastifyReply, options: StreamOptions): Promise<void>
  /**
   * Watches what a principal may see for as long as a stream is open.
   * @returns what stops it
   * @throws ServiceError `rate_limited` with too many open
   */
  watch(watcher: Watcher): () => void
}

declare module 'fastify' {
  interface FastifyInstance {
    mcpStreams: McpStreams
  }
}

// The database notifies of every change; this is for what is lost on the way (a pooler, a cut connection).
const RENEW_EVERY_MS = 60_000
const RENEWALS_AT_A_TIME = 4
// A client that does not read its stream resumes later from where it was.
const MAX_UNREAD_BYTES = 65_536
// So long may the end of a stream take to reach its client.
const FAREWELL_MS = 5000
const EVENT_ID = /^\d{1,20}-\d{1,20}$/
// MCP 2025-11-25, transports: an event with an id and empty data, so that the client can resume from the first on.
const FIRST_PRIMED_REVISION = '2025-11-25'

const LISTS_CHANGED = ['tools', 'prompts', 'resources'].map((list) =>
  JSON.stringify({ jsonrpc: '2.0', method: `notifications/${list}/list_changed` }),
)

/** Live streams: what changes for a client reaches it whatever instance holds its stream. */
export default fp<{ config: Config; clock: Clock }>(
  async (app, { config, clock }) => {
    const { sessionEvents: events, registry } = app
    // With the time at which each was looked at last.
    const watchers = new Map<Watcher, number>()
    const open = new Map<string, number>()
    const streams = new Set<ServerResponse>()
    const renewals = pLimit(RENEWALS_AT_A_TIME)
    const waiting = new Set<Watcher>()
    let isClosing = false

    function watch(watcher: Watcher): () => void {
      const { ref } = watcher.principal
      const count = open.get(ref) ?? 0
      if (count >= config.MCP_STREAM_LIMIT) {
        throw new ServiceError('rate_limited', `At most ${config.MCP_STREAM_LIMIT} streams may be open. Close one.`, {
          retryAfterSeconds: 30,
        })
      }
      open.set(ref, count + 1)
      watchers.set(watcher, performance.now())
      app.metrics.openStreams.inc()
      return () => {
        if (!watchers.delete(watcher)) return
        app.metrics.openStreams.dec()
        const left = (open.get(ref) ?? 1) - 1
        if (left === 0) open.delete(ref)
        else open.set(ref, left)
      }
    }

    /** Looks what a watcher's principal may see now. */
    async function renew(watcher: Watcher): Promise<void> {
      if (!watchers.has(watcher)) return
      watchers.set(watcher, performance.now())
      // While the database is silent, nobody queues twice.
      if (waiting.has(watcher)) return
      waiting.add(watcher)
      try {
        await renewals(async () => {
          waiting.delete(watcher)
          watcher.principal = await watcher.renew()
          await watcher.onRenewed(watcher.principal)
        })
      } catch (error) {
        // While a part is away, the stream stays: it is looked at again.
        if (error instanceof ServiceError && ['unauthenticated', 'forbidden'].includes(error.code)) watcher.end()
        else app.log.warn({ err: error }, 'a stream could not be renewed')
      }
    }

    app.onAccessChange((id) => {
      for (const watcher of watchers.keys()) {
        const { userId, credentialId } = watcher.principal
        if (id === null || id === userId || id === credentialId) void renew(watcher)
      }
    })

    const timer = setInterval(() => {
      // Comments keep proxies from closing an idle connection, and find clients that are gone.
      for (const stream of streams) {
        stream.write(': keep-alive\n\n')
        if (stream.writableLength > MAX_UNREAD_BYTES) stream.destroy()
      }
      const now = performance.now()
      for (const [watcher, renewedAt] of watchers) {
        const { expiresAt } = watcher.principal
        if (expiresAt !== null && expiresAt <= clock()) watcher.end()
        else if (now - renewedAt >= RENEW_EVERY_MS) void renew(watcher)
      }
    }, config.MCP_STREAM_KEEP_ALIVE_SECONDS * 1000)
    timer.unref()

    app.decorate('mcpStreams', {
      watch,

      async open(reply, options) {
        const { sessionId, session, lastEventId, protocolVersion, ttlSeconds } = options
        const { raw } = reply
        const { socket } = reply.request
        const streamId = randomUUID()
        let cursor = FIRST_EVENT_ID
        let isEnded = false
        let isDelivering = false
        let isRung = false
        let isHeard = false

        const end = () => {
          isEnded = true
          // Nothing may be written to it any more.
          if (!streams.delete(raw)) return
          raw.end()
          // A client that does not read would hold it for ever.
          setTimeout(() => raw.writableFinished || raw.destroy(), FAREWELL_MS).unref()
        }
        const deliver = async () => {
          isRung = true
          if (isDelivering) return
          isDelivering = true
          try {
            while (isRung && streams.has(raw)) {
              isRung = false
              for (const { id, message } of await events.after(sessionId, cursor)) {
                if (!streams.has(raw)) return
                raw.write(`id: ${id}\nevent: message\ndata: ${message}\n\n`)
                cursor = id
              }
              if (raw.writableLength > MAX_UNREAD_BYTES) raw.destroy()
            }
          } catch (err) {
            app.log.warn({ err }, 'messages of a session could not be read')
          } finally {
            isDelivering = false
          }
        }
        const announce = (to: Principal) =>
          events.announce(sessionId, to.ref, registry.list(to).digest, LISTS_CHANGED, ttlSeconds)
        const onRenewed = async (to: Principal) => {
          await announce(to)
          // Also what a lost ring had announced.
          await deliver()
        }
        const onRing = (ring: Ring) => {
          if (ring === 'event') void deliver()
          else if (ring === `taken:${streamId}`) isHeard = true
          // Of two that begin together, the one that was heard last stays.
          else if (isHeard || ring === 'ended') end()
        }

        const { principal } = options
        const unwatch = watch({ principal, renew: options.renew, onRenewed, end })
        let unlisten: (() => void) | undefined
        const close = () => {
          socket.off('close', close)
          streams.delete(raw)
          unwatch()
          unlisten?.()
        }
        raw.once('close', close)
        // An answer that waits behind another one is not told that its connection is gone.
        socket.once('close', close)
        raw.on('error', () => raw.destroy())
        const listening = events.listen(sessionId, onRing).then((stop) => {
          unlisten = stop
        })
        try {
          const [latest] = await Promise.all([events.latest(sessionId), listening])
          cursor = lastEventId !== undefined && EVENT_ID.test(lastEventId) ? lastEventId : latest
          await events.ring(sessionId, `taken:${streamId}`)
        } catch (error) {
          close()
          // A subscription that comes late is given up, too; nobody waits for it.
          listening.then(close, () => {})
          throw error
        }
        if (raw.destroyed || socket.destroyed) return close()

        reply.hijack()
        raw.writeHead(200, {
          ...(reply.getHeaders() as OutgoingHttpHeaders),
          'content-type': 'text/event-stream',
          // nginx keeps what it gets otherwise, until there is enough of it.
          'x-accel-buffering': 'no',
        })
        // A stream lives for hours; what it was asked for with would be a tenth of its weight.
        Object.assign(reply.request.raw, { headers: {}, rawHeaders: [] })
        const isPrimed = (protocolVersion ?? session.protocolVersion ?? '') >= FIRST_PRIMED_REVISION
        raw.write(isPrimed ? `id: ${cursor}\ndata: \n\n` : ': open\n\n')
        streams.add(raw)
        if (isClosing) takeLeave(raw)
        if (isEnded || isClosing) return end()
        // What changed while no stream was open was told to nobody.
        if (session.lists !== registry.list(principal).digest) await announce(principal).catch(() => {})
        await deliver()
      },
    } satisfies McpStreams)

    app.addHook('preClose', async () => {
      clearInterval(timer)
      isClosing = true
      for (const stream of streams) takeLeave(stream)
      for (const watcher of [...watchers.keys()]) watcher.end()
    })
  },
  { name: 'streams', dependencies: ['access-changes', 'sessions', 'metrics', 'registry'] },
)

/** Tells a client when to come back: not all at once, as the instances that are left take them over. */
function takeLeave(stream: ServerResponse): void {
  stream.write(`retry: ${Math.round(200 + Math.random() * 1800)}\n\n`)
}
