import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import fp from 'fastify-plugin'

const Status = StatusSchema()
const TIMEOUT_MS = 1000

/** Probes: `/health/live` says that the process runs, `/health/ready` that it can serve. */
const health: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/health/live',
    { schema: { summary: 'The process turns', tags: ['health'], response: { 200: Status } } },
    () => ({
      status: 'ok' as const,
      checks: {},
    }),
  )

  app.get(
    '/health/ready',
    {
      schema: {
        summary: 'PostgreSQL answers, and the session store takes writes',
        tags: ['health'],
        response: { 200: Status, 503: Status },
      },
    },
    async (_request, reply) => {
      const [database, sessions] = await Promise.all([answers(app.database.ping()), answers(app.sessions.ping())])
      const isClosing = app.isLeaving()
      const ready = database === 'ok' && sessions === 'ok' && !isClosing
      return reply
        .code(ready ? 200 : 503)
        .send({ status: ready ? 'ok' : isClosing ? 'closing' : 'unavailable', checks: { database, sessions } })
    },
  )
}

export default fp(health, {
  name: 'health',
  dependencies: ['shutdown', 'postgres', 'sessions'],
  encapsulate: true,
})

function StatusSchema() {
  return Type.Object({ status: Type.String(), checks: Type.Record(Type.String(), Type.String()) }, { title: 'Status' })
}

async function answers(ping: Promise<void>): Promise<'ok' | 'away'> {
  const late = new Promise<'away'>((resolve) => setTimeout(() => resolve('away'), TIMEOUT_MS).unref())
  return Promise.race([ping.then(() => 'ok' as const).catch(() => 'away' as const), late])
}
