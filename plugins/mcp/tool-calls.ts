import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { type ErrorCode, ServiceError } from '../../src/errors.ts'
import { QuestionAsked } from '../../src/mcp/confirmation.ts'
import { refusedSubject } from '../../src/mcp/refused-subject.ts'
import { resolveBusiness } from '../../src/mcp/resolve-business.ts'
import { describeFailure, runTool } from '../../src/mcp/run-tool.ts'
import type { CallContext, Tool } from '../../src/mcp/tool.ts'
import type { CallToolResult } from './protocol/results.ts'

export interface ToolCalls {
  /**
   * Runs a tool by name, and records the call.
   * @returns the result, failures included; null for a tool that is unknown, or secret to the principal
   * @throws QuestionAsked if the call ends with a question to the person
   */
  run(
    name: string,
    args: Record<string, unknown>,
    context: CallContext,
    log: FastifyBaseLogger,
  ): Promise<CallToolResult | null>
  /**
   * Refuses a call, and records it, if the credential lacks a scope that its person could still grant.
   * @throws ServiceError `insufficient_scope`
   */
  requireGrant(name: string, args: Record<string, unknown>, context: CallContext): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    toolCalls: ToolCalls
  }
}

/** What a call is about. */
interface Concerns {
  businessId: string | null
  subject?: string | null
}

/** Runs, logs, measures and audits tool calls in one place, for every protocol revision. */
export default fp(
  async (app) => {
    // These lines hold only values that we made. Searching each for credentials costs as much as writing it.
    const lines = app.log.child({}, { redact: [] })

    const run: ToolCalls['run'] = async (name, args, context, log) => {
      const registered = app.registry.find(context.principal, name)
      if (registered === undefined) {
        const refusal = app.registry.refusal(context.principal, name)
        await recordRefusal(name, args, context, refusal?.code ?? 'not_found')
        return refusal === undefined ? null : failed(refusal)
      }

      const started = performance.now()
      let outcome = 'ok'
      let concerns: Concerns = { businessId: null }
      let isAudited = false
      try {
        const called = await runTool(registered, args, context)
        concerns = { businessId: called.businessId }
        isAudited = called.isAudited
        const { text, data } = called.result
        const links = (called.links ?? []).map((link) => ({ type: 'resource_link' as const, ...link }))
        return { content: [{ type: 'text', text }, ...links], structuredContent: data }
      } catch (error) {
        if (error instanceof QuestionAsked) {
          outcome = 'asked'
          // Nothing was done or refused yet: what comes of the answer is recorded.
          isAudited = true
          throw error
        }
        const failure = expected(error, context.requestId)
        outcome = failure.code
        concerns = await concernsOf(registered.tool, args, context, failure.code)
        if (failure.code === 'internal_error') log.error({ err: error, tool: name }, 'tool failed')
        return failed(failure)
      } finally {
        const durationMs = Math.round(performance.now() - started)
        record({ tool: name, outcome, ...concerns, durationMs }, context, { isAudited })
      }
    }

    function record(
      call: Concerns & { tool: string; outcome: string; durationMs: number },
      { principal: { ref: principal, kind, credentialId }, caller, requestId, now }: CallContext,
      { isAudited }: { isAudited: boolean },
    ): void {
      const { tool, outcome, businessId, subject = null, durationMs } = call
      app.metrics.toolCalls.observe({ tool, outcome }, durationMs / 1000)
      lines.info({ reqId: requestId, tool, principal, kind, businessId, durationMs, outcome }, 'tool call')
      if (isAudited) return
      app.audit({
        at: now,
        kind: 'tool',
        action: tool,
        outcome,
        principal,
        credentialId,
        businessId,
        durationMs,
        caller,
        requestId,
        subject,
      })
    }

    /** A call that failed has a business, too, if its arguments and the conversation say which. */
    async function concernsOf(
      tool: Tool | undefined,
      args: Record<string, unknown>,
      context: CallContext,
      code: ErrorCode,
    ): Promise<Concerns> {
      const argument = typeof args.businessId === 'string' ? { argument: args.businessId } : {}
      const isRead = tool?.kind === 'business' && tool.mode === 'read'
      const hints = { ...context.hints, ...argument, isRead }
      const business = await resolveBusiness(context.principal, hints, context.findTenant).catch(() => null)
      const subject = tool === undefined ? null : await refusedSubject(tool, args, business, code, context)
      return { businessId: business?.id ?? null, subject }
    }

    async function recordRefusal(
      name: string,
      args: Record<string, unknown>,
      context: CallContext,
      outcome: ErrorCode,
    ): Promise<void> {
      const tool = app.registry.all.find((known) => known.tool.name === name)?.tool
      const concerns = await concernsOf(tool, args, context, outcome)
      record({ tool: tool?.name ?? 'unknown', outcome, ...concerns, durationMs: 0 }, context, { isAudited: false })
    }

    const requireGrant: ToolCalls['requireGrant'] = async (name, args, context) => {
      const refusal = app.registry.refusal(context.principal, name)
      if (refusal?.code !== 'insufficient_scope') return
      await recordRefusal(name, args, context, refusal.code)
      throw refusal
    }

    app.decorate('toolCalls', { run, requireGrant })
  },
  { name: 'tool-calls', dependencies: ['registry', 'audit', 'metrics'] },
)

function failed(failure: ServiceError): CallToolResult {
  return { content: [{ type: 'text', text: describeFailure(failure) }], isError: true }
}

function expected(error: unknown, requestId: string): ServiceError {
  if (error instanceof ServiceError) return error
  return new ServiceError('internal_error', `Internal error. Request id: ${requestId}`)
}
