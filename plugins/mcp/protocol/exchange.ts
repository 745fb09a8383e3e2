import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import pLimit from 'p-limit'
import { clientClassOf } from '../../../src/audit/caller.ts'
import type { Principal } from '../../../src/auth/principal.ts'
import { withoutClients } from '../../../src/database/database.ts'
import { ServiceError } from '../../../src/errors.ts'
import type { Ask } from '../../../src/mcp/confirmation.ts'
import { getPrompt, isPrompt, listPrompts, type PromptListing } from '../../../src/mcp/prompts.ts'
import { hasSeveral, type ToolList } from '../../../src/mcp/registry.ts'
import { listResources, nameOfResource, type ResourceListing, readResource } from '../../../src/mcp/resources.ts'
import type { CallContext } from '../../../src/mcp/tool.ts'
import type { Conversation, Message } from './conversations.ts'
import { pinOf } from './pin.ts'
import { createQuestionStream, type QuestionStream } from './question-stream.ts'
import { type CallToolResult, refusalOf } from './results.ts'

/** One POST as both protocol eras see it: what the principal may see and do. */
export interface Exchange {
  serverInfo: FastifyInstance['serverInfo']
  listTools(): Promise<ToolList>
  /**
   * Null for a tool that is unknown or secret; the caller cannot tell which.
   * @param ask how the call asks its person, if the client can show questions
   */
  call(name: string, args: Record<string, unknown>, ask?: Ask): Promise<CallToolResult | null>
  /** Signs what a client hands back with the answer to a question. */
  questions: FastifyInstance['questions']
  /** Where the session's person is asked; undefined without a session whose client shows forms. */
  questionStream: QuestionStream | undefined
  /**
   * Refuses a lone call of a tool whose scope the person could still grant, while the HTTP status can say so.
   * @throws ServiceError `insufficient_scope`
   */
  requireGrant(messages: Message[]): Promise<void>
  listPrompts(): PromptListing[]
  /** @throws ServiceError for a prompt that is unknown or hidden, and for wrong arguments */
  getPrompt(name: string, args: Record<string, string>): { description: string; text: string }
  listResources(): ResourceListing[]
  /** @throws ServiceError for a resource that is unknown or hidden */
  readResource(uri: string): Promise<string>
}

const CALLS_AT_A_TIME = 2
const SCHEMAS = ['outline', 'full'] as const

/** What a principal may see and do in one request, in the conversation that it belongs to. */
export function createExchange(
  app: FastifyInstance,
  request: FastifyRequest,
  principal: Principal,
  now: Date,
  { sessionId, session, lastBusinessId }: Conversation,
  originOf: (request: FastifyRequest) => string,
): Exchange {
  // The calls of a batch take turns, so that one request never takes all connections of the pool.
  const limit = Array.isArray(request.body) ? pLimit(CALLS_AT_A_TIME) : undefined
  const turns = <T>(work: () => Promise<T>): Promise<T> => (limit === undefined ? work() : limit(work))
  const schemas = schemasAsked(request)
  const mayUse = (tool: string) => app.registry.find(principal, tool) !== undefined
  if (session?.client !== undefined) request.auditCaller.client = clientClassOf(session.client)
  const record = (kind: 'prompt' | 'resource', action: string, businessId: string | null = null, outcome = 'ok') =>
    app.audit({
      at: now,
      kind,
      action,
      outcome,
      principal: principal.ref,
      credentialId: principal.credentialId,
      businessId,
      caller: request.auditCaller,
    })
  const context: CallContext = {
    principal,
    now,
    requestId: request.id,
    caller: request.auditCaller,
    hints: { pin: pinOf(request), session: session?.businessId, lastChoice: lastBusinessId },
    database: principal.clientData ? app.database : withoutClients(app.database),
    findTenant: app.principals.findTenant,
    origin: () => originOf(request),
    offerFile: (wanted, work) => app.exportLinks.offer(wanted, work, originOf(request)),
    chooseBusiness: (id) =>
      app.sessions.chooseBusiness(sessionId, { principal: principal.ref, credential: principal.credentialId }, id),
  }
  return {
    serverInfo: app.serverInfo,
    listTools: async () => {
      const list = app.registry.list(principal)
      // A client that has just listed its tools need not be notified of their change.
      if (sessionId !== undefined && session?.lists !== list.digest) {
        await app.sessions.noteLists(sessionId, principal.ref, list.digest)
      }
      return schemas === 'full' ? list.full() : list
    },
    questions: app.questions,
    questionStream:
      sessionId !== undefined && session?.showsForms ? createQuestionStream(app.sessionEvents, sessionId) : undefined,
    call: (name, args, ask) =>
      turns(async () => {
        const result = await app.toolCalls.run(name, args, { ...context, ask }, request.log)
        if (result === null || result.content.length === 1 || knowsLinks(request, session)) return result
        return { ...result, content: result.content.filter(({ type }) => type === 'text') }
      }),
    async requireGrant([message, ...more]) {
      if (message?.method !== 'tools/call' || message.id === undefined || more.length > 0) return
      const { name, arguments: args } = message.params ?? {}
      if (typeof name !== 'string') return
      await app.toolCalls.requireGrant(name, { ...(args as object | undefined) }, context)
    },
    listPrompts: () => listPrompts(mayUse),
    getPrompt: (name, args) => {
      try {
        const prompt = getPrompt(name, args, { mayUse, several: hasSeveral(principal) })
        record('prompt', name)
        return prompt
      } catch (error) {
        record('prompt', isPrompt(name) ? name : 'unknown', null, refusalOf(error).code)
        throw error
      }
    },
    listResources: () => listResources(principal),
    readResource: (uri) =>
      turns(async () => {
        const { text, name, businessId } = await readResource(uri, context)
        record('resource', name, businessId)
        return text
      }).catch((error: unknown) => {
        record('resource', nameOfResource(uri) ?? 'unknown', null, refusalOf(error).code)
        if (!(error instanceof ServiceError)) request.log.error({ err: error, uri }, 'resource failed')
        throw error
      }),
  }
}

/** Whether the client's protocol revision has links in results: clients of earlier ones would refuse the whole result. */
function knowsLinks({ headers }: FastifyRequest, session: Conversation['session']): boolean {
  const revision = headers['mcp-protocol-version'] ?? session?.protocolVersion ?? ''
  return String(revision) >= FIRST_WITH_LINKS
}

const FIRST_WITH_LINKS = '2025-06-18'

/** How much of the tools' schemas the client's configuration asks for. */
function schemasAsked(request: FastifyRequest): (typeof SCHEMAS)[number] {
  const { schemas } = request.query as { schemas?: unknown }
  if (schemas === undefined || schemas === '') return 'outline'
  const asked = SCHEMAS.find((each) => each === schemas)
  if (asked !== undefined) return asked
  throw new ServiceError('invalid_request', `?schemas= must be one of: ${SCHEMAS.join(', ')}.`)
}

/** The request as an SDK takes it; its signal fires when the client goes away. */
export function toWebRequest(request: FastifyRequest, reply: FastifyReply): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const gone = new AbortController()
  const web = new Request(`http://localhost${request.url}`, { method: 'POST', headers, signal: gone.signal })
  reply.raw.once('close', () => {
    // Referring to `web` here keeps it from being garbage-collected, after which its signal would never fire.
    if (!web.signal.aborted) gone.abort()
  })
  return web
}
