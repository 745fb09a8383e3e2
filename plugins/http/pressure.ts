import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import type { Config } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'

const PROBES = new Set(['/health/live', '/health/ready', '/metrics'])

/** Sheds requests with 503 while this process is held up, so that those it takes are answered in time. */
export default fp<{ config: Config }>(
  async (app, { config }) => {
    await app.register(underPressure, {
      maxEventLoopDelay: config.MAX_EVENT_LOOP_DELAY_MS,
      pressureHandler(request) {
        if (PROBES.has(request.routeOptions.url ?? '')) return
        throw new ServiceError('unavailable', 'The service is busy. Try again in a few seconds.', {
          retryAfterSeconds: 2,
        })
      },
    })
  },
  { name: 'pressure', dependencies: ['errors'] },
)
