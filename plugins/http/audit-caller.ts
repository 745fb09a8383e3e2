import fp from 'fastify-plugin'
import { type Caller, networkClassOf, userAgentClassOf } from '../../src/audit/caller.ts'

declare module 'fastify' {
  interface FastifyRequest {
    auditCaller: Caller
  }
}

/** Who sends a request, for the audit trail. */
export default fp(
  async (app) => {
    app.decorateRequest('auditCaller')
    app.addHook('onRequest', (request, _reply, done) => {
      request.auditCaller = {
        requestId: request.id,
        network: networkClassOf(request.ip),
        client: userAgentClassOf(request.headers['user-agent']),
      }
      done()
    })
  },
  { name: 'audit-caller', dependencies: [] },
)
