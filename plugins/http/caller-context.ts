import fp from 'fastify-plugin'
import { onBehalfOf } from '../../src/audit/caller.ts'

/** Lets the audit trail know whose request something belongs to, however far down it happens. */
export default fp(
  async (app) => {
    app.addHook('onRequest', (request, _reply, done) => onBehalfOf(request.auditCaller, done))
    // Again, because the events of reading the body belong to the connection, not to the request.
    app.addHook('preValidation', (request, _reply, done) => onBehalfOf(request.auditCaller, done))
  },
  { name: 'caller-context', dependencies: ['audit-caller'] },
)
