import fp from 'fastify-plugin'

/** One log line for each request, when it is answered; Fastify's own two cost more than most answers. */
export default fp(
  async (app) => {
    app.addHook('onResponse', async (request, reply) => {
      // Without the query: people put credentials there.
      const [path] = request.url.split('?', 1)
      const { statusCode: status, elapsedTime } = reply
      request.log.info({ method: request.method, path, status, durationMs: Math.round(elapsedTime) }, 'request')
    })
  },
  { name: 'request-log' },
)
