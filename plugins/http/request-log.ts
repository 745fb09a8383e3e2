import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Called all the time: a success is not worth a log line. */
    isRoutine?: boolean
  }
}

/**
 * One log line per request, written with the answer; Fastify's own two lines cost more than most answers. A successful
 * MCP message gets no line here: its tool call has one.
 */
export default fp(
  async (app) => {
    app.addHook('onResponse', (request, reply, done) => {
      // As the client sent it, but without the query string: people put credentials there.
      const [path] = request.originalUrl.split('?', 1)
      const { statusCode: status, elapsedTime } = reply
      const level = request.routeOptions.config.isRoutine === true && status < 400 ? 'debug' : 'info'
      request.log[level]({ method: request.method, path, status, durationMs: Math.round(elapsedTime) }, 'request')
      done()
    })
  },
  { name: 'request-log', dependencies: [] },
)
