import fp from 'fastify-plugin'
import { type Caller, networkClassOf, onBehalfOf, userAgentClassOf } from '../../src/audit/caller.ts'

declare module 'fastify' {
  interface FastifyRequest {
    auditCaller: Caller
  }
}

/** Lets the audit trail know whose request something belongs to, however far down it happens. */
export default fp(
  async (app) => {
    app.decorateRequest('auditCaller')
    app.addHook('onRequest', (request, _reply, done) => {
      request.auditCaller = {
        requestId: request.id,
        network: networkClassOf(request.ip),
        client: userAgentClassOf(request.headers['user-agent']),
      }
      onBehalfOf(request.auditCaller, done)
    })
    // Again, because the events of reading the body belong to the connection, not to the request.
    app.addHook('preValidation', (request, _reply, done) => onBehalfOf(request.auditCaller, done))
  },
  { name: 'audit-caller', dependencies: [] },
)
