import { once } from 'node:events'
import { Server } from 'node:net'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether the process is about to end: balancers should send nothing more. */
    isLeaving(): boolean
    /**
     * Takes the process out of its balancers without a failed request; `close()` comes after it. It says that it is not
     * ready and serves on, then stops listening and serves what comes on open connections.
     * @param delayMs how long balancers may take to notice
     */
    leave(delayMs: number): Promise<void>
  }
}

const LINGER_MS = 500
const QUIET_TURN_MS = 0.1
const MOST_TURNS = 200

/** How a process takes leave of its balancers: those that ask for `/health/ready`, and those that only see refusals. */
export default fp(
  async (app) => {
    let isLeaving = false
    app.decorate('isLeaving', () => isLeaving)
    app.addHook('preClose', async () => {
      isLeaving = true
    })

    app.decorate('leave', async (delayMs) => {
      isLeaving = true
      await sleep(delayMs)
      await quietMoment()
      const closed = once(app.server, 'close')
      // Of the socket alone: the close() of HTTP would also cut idle connections, under a request that is on its way.
      Server.prototype.close.call(app.server)
      // Every connection gets one more answer, which says `Connection: close`.
      app.server.maxRequestsPerSocket = 1
      await Promise.race([closed, sleep(LINGER_MS)])
    })
  },
  { name: 'shutdown', dependencies: [] },
)

/**
 * Waits for a turn of the event loop that had next to nothing to do. Connections that the kernel has taken and the
 * process has not are reset when the socket closes, and a balancer does not repeat a POST that it has sent.
 */
async function quietMoment(): Promise<void> {
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    const started = performance.now()
    await turn()
    if (performance.now() - started < QUIET_TURN_MS) return
  }
}
