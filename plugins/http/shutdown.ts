import { once } from 'node:events'
import { Server, type Socket } from 'node:net'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the process is about to end, so that balancers should send it nothing more. */
    isLeaving(): boolean
    /**
     * Takes the process out of its load balancers without a failed request; call `close()` after it. The process first
     * reports that it is not ready but goes on serving, then stops listening and serves only connections that are open.
     * @param delayMs time for balancers to notice
     */
    leave(delayMs: number): Promise<void>
  }
}

const LINGER_MS = 500
const QUIET_TURN_MS = 0.1
const MOST_TURNS = 200

/** A graceful exit for load balancers that poll `/health/ready`, and for those that only notice refused connections. */
export default fp(
  async (app) => {
    let isLeaving = false
    app.decorate('isLeaving', () => isLeaving)
    // Clients open connections in advance. Node takes one without a request for one whose request is on its way, and
    // its close() would wait for the time limit of headers.
    const sockets = new Set<Socket>()
    app.server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    app.addHook('preClose', async () => {
      isLeaving = true
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    })

    app.decorate('leave', async (delayMs) => {
      isLeaving = true
      await sleep(delayMs)
      await quietMoment()
      const closed = once(app.server, 'close')
      // Close only the listening socket: HTTP's close() would also cut idle connections with a request on its way.
      Server.prototype.close.call(app.server)
      // The next answer on each connection says `Connection: close`.
      app.server.maxRequestsPerSocket = 1
      await Promise.race([closed, sleep(LINGER_MS)])
    })
  },
  { name: 'shutdown', dependencies: [] },
)

/**
 * Waits for a turn of the event loop with next to nothing to do. Connections that the kernel has accepted but the
 * process has not are reset when the socket closes, and a balancer does not repeat a POST that it has sent.
 */
async function quietMoment(): Promise<void> {
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    const started = performance.now()
    await turn()
    if (performance.now() - started < QUIET_TURN_MS) return
  }
}
