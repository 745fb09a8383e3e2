import fp from 'fastify-plugin'
import type { Config } from '../../src/config.ts'
import { serverInfoOf } from '../../src/mcp/server-info.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** How the service introduces itself to clients. */
    serverInfo: ReturnType<typeof serverInfoOf>
  }
}

/** Made once: every message has it. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    app.decorate('serverInfo', serverInfoOf(config))
  },
  { name: 'server-info', dependencies: [] },
)
