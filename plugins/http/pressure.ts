import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import type { Config } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'

// Probes; and refreshes, which cost little, while clients take a 503 for the end of their sign-in.
const NEVER_SHED = new Set(['/health/live', '/health/ready', '/metrics', '/oauth/token', '/mcp/token/refresh'])

/** Sheds requests with 503 while this process is held up, so that those it takes are answered in time. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    await app.register(underPressure, {
      maxEventLoopDelay: config.MAX_EVENT_LOOP_DELAY_MS,
      pressureHandler(request) {
        if (NEVER_SHED.has(request.routeOptions.url ?? '')) return
        throw new ServiceError('unavailable', 'The service is busy. Try again in a few seconds.', {
          retryAfterSeconds: 2,
        })
      },
    })
  },
  { name: 'pressure', dependencies: ['errors'] },
)
