import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered all the time: a success is no news. */
    isRoutine?: boolean
  }
}

/**
 * One log line for each request, when it is answered; Fastify's own two cost more than most answers. A message of MCP
 * that went well is told by the line of its tool call.
 */
export default fp(
  async (app) => {
    app.addHook('onResponse', (request, reply, done) => {
      // Without the query: people put credentials there.
      const [path] = request.url.split('?', 1)
      const { statusCode: status, elapsedTime } = reply
      const level = request.routeOptions.config.isRoutine === true && status < 400 ? 'debug' : 'info'
      request.log[level]({ method: request.method, path, status, durationMs: Math.round(elapsedTime) }, 'request')
      done()
    })
  },
  { name: 'request-log', dependencies: [] },
)
