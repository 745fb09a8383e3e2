import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import fp from 'fastify-plugin'
import type { Config } from '../../src/config.ts'
import type { Clock } from '../../src/time/clock.ts'
import { SessionStream, type StreamOptions } from './protocol/session-stream.ts'
import { createWatchers, type Watcher } from './protocol/watchers.ts'

export interface McpStreams {
  /**
   * Answers with the live stream of a session (server-sent events), which replaces its previous one on any instance.
   * @throws ServiceError `rate_limited` with too many open, `unavailable`
   */
  open(reply: FastifyReply, options: StreamOptions): Promise<void>
  /**
   * Watches what a principal may see for as long as a stream is open.
   * @returns a function that stops it
   * @throws ServiceError `rate_limited` with too many open
   */
  watch(watcher: Watcher): () => void
}

declare module 'fastify' {
  interface FastifyInstance {
    mcpStreams: McpStreams
  }
}

/** Live streams: a change reaches the client whichever instance holds its stream. */
export default fp<{ config: Config; clock: Clock }>(
  async (app, { config, clock }) => {
    const { watch, renew, check, endAll } = createWatchers(app, { limit: config.MCP_STREAM_LIMIT, clock })
    const streams = new Set<SessionStream>()
    const parts = {
      events: app.sessionEvents,
      registry: app.registry,
      log: app.log,
      watch,
      look: renew,
      onClose: (stream: SessionStream) => void streams.delete(stream),
    }
    let isClosing = false

    app.decorate('mcpStreams', {
      watch(watcher) {
        const stop = watch(watcher)
        void renew(watcher)
        return stop
      },

      async open(reply, options) {
        const { session, protocolVersion = session.protocolVersion } = options
        const stream = new SessionStream(reply.raw, options, parts)
        if (!(await stream.takeOver(options.lastEventId))) return
        reply.hijack()
        stream.open(reply.getHeaders() as OutgoingHttpHeaders, protocolVersion)
        streams.add(stream)
        if (isClosing) stream.leave()
        await stream.bringUpToDate()
      },
    } satisfies McpStreams)

    const timer = setInterval(() => {
      for (const stream of streams) stream.keepAlive()
      check()
    }, config.MCP_STREAM_KEEP_ALIVE_SECONDS * 1000)
    timer.unref()

    app.addHook('preClose', async () => {
      clearInterval(timer)
      isClosing = true
      for (const stream of streams) stream.leave()
      endAll()
    })
  },
  { name: 'streams', dependencies: ['access-changes', 'sessions', 'metrics', 'registry'] },
)
