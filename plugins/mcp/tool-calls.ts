import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { ServiceError } from '../../src/errors.ts'
import { describeFailure, runTool } from '../../src/mcp/run-tool.ts'
import type { CallContext } from '../../src/mcp/tool.ts'
import type { CallToolResult } from './protocol/results.ts'

export interface ToolCalls {
  /**
   * Runs a tool by name, and records the call.
   * @returns the result, failures included; null for a tool that is unknown or hidden from the principal
   */
  run(
    name: string,
    args: Record<string, unknown>,
    context: CallContext,
    log: FastifyBaseLogger,
  ): Promise<CallToolResult | null>
}

declare module 'fastify' {
  interface FastifyInstance {
    toolCalls: ToolCalls
  }
}

/** Runs, logs, measures and audits tool calls in one place, for every protocol revision. */
export default fp(
  async (app) => {
    // These lines hold only values that we made. Searching each for credentials costs as much as writing it.
    const lines = app.log.child({}, { redact: [] })

    const run: ToolCalls['run'] = async (name, args, context, log) => {
      const registered = app.registry.find(context.principal, name)
      if (registered === undefined) return null

      const started = performance.now()
      let outcome = 'ok'
      let businessId: string | null = null
      let isAudited = false
      try {
        const called = await runTool(registered, args, context)
        businessId = called.businessId
        isAudited = called.isAudited
        const { text, data } = called.result
        return { content: [{ type: 'text', text }], structuredContent: data }
      } catch (error) {
        const failure = expected(error, context.requestId)
        outcome = failure.code
        if (failure.code === 'internal_error') log.error({ err: error, tool: name }, 'tool failed')
        return { content: [{ type: 'text', text: describeFailure(failure) }], isError: true }
      } finally {
        const durationMs = Math.round(performance.now() - started)
        const { ref: principal, kind, credentialId } = context.principal
        app.metrics.toolCalls.observe({ tool: name, outcome }, durationMs / 1000)
        lines.info(
          { reqId: context.requestId, tool: name, principal, kind, businessId, durationMs, outcome },
          'tool call',
        )
        if (!isAudited) {
          app.audit({
            at: context.now,
            kind: 'tool',
            action: name,
            outcome,
            principal,
            credentialId,
            businessId,
            durationMs,
            requestId: context.requestId,
          })
        }
      }
    }

    app.decorate('toolCalls', { run })
  },
  { name: 'tool-calls', dependencies: ['registry', 'audit', 'metrics'] },
)

function expected(error: unknown, requestId: string): ServiceError {
  if (error instanceof ServiceError) return error
  return new ServiceError('internal_error', `Internal error. Request id: ${requestId}`)
}
