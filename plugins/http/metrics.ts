import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Config } from '../../src/config.ts'
import { requestTimeout } from '../../src/request-timeout.ts'

declare module 'fastify' {
  interface FastifyInstance {
    metrics: ReturnType<typeof createMetrics>
  }
}

/** Prometheus metrics at /metrics, on a separate port if METRICS_PORT is set. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    const metrics = createMetrics()
    app.decorate('metrics', metrics)

    app.addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'unknown'
      metrics.httpRequests.observe(
        { method: request.method, route, status: reply.statusCode },
        reply.elapsedTime / 1000,
      )
      done()
    })

    if (config.METRICS_PORT === undefined) return serve(app, metrics.registry)
    const own = Fastify({ logger: false, ...requestTimeout() })
    serve(own, metrics.registry)
    app.addHook('onListen', async () => {
      await own.listen({ host: config.HOST, port: config.METRICS_PORT ?? 0 })
    })
    app.addHook('onClose', () => own.close())
  },
  { name: 'metrics', dependencies: [] },
)

function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
  return {
    registry,
    httpRequests: new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Duration of HTTP requests',
      labelNames: ['method', 'route', 'status'],
      buckets,
      registers: [registry],
    }),
    openStreams: new Gauge({
      name: 'mcp_open_streams',
      help: 'Open live streams',
      registers: [registry],
    }),
    toolCalls: new Histogram({
      name: 'mcp_tool_call_duration_seconds',
      help: 'Duration of tool calls',
      labelNames: ['tool', 'outcome'],
      buckets,
      registers: [registry],
    }),
  }
}

function serve(app: FastifyInstance, registry: Registry): void {
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    return reply.type(registry.contentType).send(await registry.metrics())
  })
}
