import { randomUUID } from 'node:crypto'
import { isLegacyRequest } from '@modelcontextprotocol/server'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import pLimit from 'p-limit'
import type { Principal } from '../src/auth/principal.ts'
import type { Clock } from '../src/clock.ts'
import { ServiceError } from '../src/errors.ts'
import { getPrompt, listPrompts, type PromptListing } from '../src/mcp/prompts.ts'
import { hasSeveral, type ToolListing } from '../src/mcp/registry.ts'
import { listResources, type ResourceListing, readResource } from '../src/mcp/resources.ts'
import type { SessionRecord } from '../src/mcp/session-store.ts'
import type { CallContext } from '../src/mcp/tool.ts'
import { serveLegacy } from './mcp-legacy.ts'
import { serveModern } from './mcp-modern.ts'
import type { CallToolResult } from './tool-calls.ts'

/** One POST as both protocol eras see it: what the principal may see and do. */
export interface Exchange {
  listTools(): readonly ToolListing[]
  /** null: unknown, or hidden, which is the same to the caller. */
  callTool(name: string, args: Record<string, unknown>): Promise<CallToolResult | null>
  listPrompts(): PromptListing[]
  /** @throws ServiceError for one that is unknown or hidden, and for wrong arguments */
  getPrompt(name: string, args: Record<string, string>): { description: string; text: string }
  listResources(): ResourceListing[]
  /** @throws ServiceError for one that is unknown or hidden */
  readResource(uri: string): Promise<string>
  /** Whether the request asked for progress, so that its answer may be a stream. */
  wantsProgress: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null
  }
}

const KEY_SESSION_TTL_SECONDS = 24 * 3600
const MOST_MESSAGES = 50
const CALLS_AT_A_TIME = 2
const SESSION_HEADER = 'mcp-session-id'
const PIN_HEADER = 'x-flowpos-business-id'
const MALFORMED = Symbol('malformed')

export interface McpOptions {
  clock: Clock
  path: string
  /** The principal behind a request, or a ServiceError. */
  authenticate(request: FastifyRequest): Promise<Principal>
}

/** The MCP endpoint. No object outlives a request, so that any instance answers any request. */
const mcp: FastifyPluginAsync<McpOptions> = async (app, { clock, path, authenticate }) => {
  app.decorateRequest('principal', null)

  // JSON-RPC has its own answer to what is not JSON, and DELETE comes with the content type and no body.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    if (body === '') return done(null, undefined)
    try {
      done(null, JSON.parse(body as string))
    } catch {
      done(null, MALFORMED)
    }
  })

  app.addHook('onRequest', app.checkHost)
  app.addHook('onRequest', async (request, reply) => {
    const principal = await authenticate(request)
    await app.rateLimits.countRequest(principal.ref)
    request.principal = principal
    reply.header('cache-control', 'no-store')
  })

  app.post(path, { schema: { hide: true } }, async (request, reply) => {
    const { body } = request
    if (body === MALFORMED) return reply.code(400).send(rpcError(-32700, 'Parse error: the body is not JSON'))
    if (typeof body !== 'object' || body === null) return reply.code(400).send(rpcError(-32600, 'Invalid Request'))
    if (Array.isArray(body) && (body.length === 0 || body.length > MOST_MESSAGES)) {
      const problem = `a batch has 1 to ${MOST_MESSAGES} messages`
      return reply.code(400).send(rpcError(-32600, `Invalid Request: ${problem}`))
    }

    if (Array.isArray(body) && body.some((message) => typeof message !== 'object' || message === null)) {
      return reply.code(400).send(rpcError(-32600, 'Invalid Request: every message of a batch is an object'))
    }
    const principal = principalOf(request)
    const messages = (Array.isArray(body) ? body : [body]) as Message[]
    if (messages.length > 1) await app.rateLimits.countRequest(principal.ref, messages.length - 1)
    for (const message of messages) dropNullArguments(message)
    const web = toWebRequest(request, reply)
    const isLegacy = await isLegacyRequest(web, body)
    const conversation = await (isLegacy ? resume(request, reply, principal, messages) : choicesOf(principal, messages))
    const exchange = createExchange(request, principal, messages, conversation)
    return reply.send(await (isLegacy ? serveLegacy : serveModern)(exchange, web, body))
  })

  app.get(path, { schema: { hide: true } }, async (_request, reply) => {
    reply.header('allow', 'POST, DELETE')
    throw new ServiceError('method_not_allowed', 'There is no stream to listen to here. Send messages with POST.')
  })

  app.delete(path, { schema: { hide: true } }, async (request, reply) => {
    const principal = principalOf(request)
    const sessionId = sessionIdOf(request)
    if (sessionId === undefined) throw new ServiceError('invalid_request', `${SESSION_HEADER} header required`)
    const { session } = await app.sessions.read(sessionId, principal.ref)
    // Ending what is not there any more is no failure of the client.
    if (session !== null) {
      requireOwn(session, principal)
      await app.sessions.end(sessionId, ttlOf(principal))
    }
    return reply.code(204).send()
  })

  /**
   * The session of a legacy request. Sessions are soft: the credential is the authority, so a request with an id that
   * is unknown or expired is served, and its record is made anew.
   */
  async function resume(
    request: FastifyRequest,
    reply: FastifyReply,
    principal: Principal,
    messages: Message[],
  ): Promise<Conversation> {
    const initialize = messages.find(({ method }) => method === 'initialize')
    if (initialize !== undefined) {
      const client = textOf(initialize.params?.clientInfo?.name)
      // This client ends its ids and goes on using them: it gets none, and the principal's choices count.
      if (client === 'openai-mcp') return NEW_CONVERSATION
      const sessionId = randomUUID()
      const protocolVersion = textOf(initialize.params?.protocolVersion)
      await app.sessions.save(sessionId, { principal: principal.ref, protocolVersion, client }, ttlOf(principal))
      reply.header(SESSION_HEADER, sessionId)
      return { ...NEW_CONVERSATION, sessionId }
    }

    const sessionId = sessionIdOf(request)
    if (sessionId === undefined) return choicesOf(principal, messages)
    // A token's sessions end with it; a key has no such end, so its sessions live as long as they are used.
    const slide = principal.kind === 'merchant' ? undefined : KEY_SESSION_TTL_SECONDS
    const { session, lastBusinessId } = await app.sessions.read(sessionId, principal.ref, slide)
    const own = session === null ? null : requireOwn(session, principal)
    if (own === null) await app.sessions.save(sessionId, { principal: principal.ref }, ttlOf(principal))
    return { sessionId, businessId: own?.businessId, lastBusinessId: lastBusinessId ?? undefined }
  }

  /** Without a session, the principal's last choice counts; it is read only for calls that need it. */
  async function choicesOf(principal: Principal, messages: Message[]): Promise<Conversation> {
    if (!messages.some(({ method }) => method === 'tools/call' || method === 'resources/read')) return NEW_CONVERSATION
    const { lastBusinessId } = await app.sessions.read(undefined, principal.ref)
    return { ...NEW_CONVERSATION, lastBusinessId: lastBusinessId ?? undefined }
  }

  function createExchange(
    request: FastifyRequest,
    principal: Principal,
    messages: Message[],
    { sessionId, businessId, lastBusinessId }: Conversation,
  ): Exchange {
    const turns = pLimit(CALLS_AT_A_TIME)
    const mayUse = (tool: string) => app.registry.find(principal, tool) !== undefined
    const context: CallContext = {
      principal,
      now: clock(),
      requestId: request.id,
      hints: { pin: pinOf(request), session: businessId, lastChoice: lastBusinessId },
      database: app.database,
      findTenant: app.principals.findTenant,
      chooseBusiness: (id) => app.sessions.chooseBusiness(sessionId, principal.ref, id),
    }
    return {
      listTools: () => app.registry.list(principal),
      // A batch takes turns, so that one request never takes all connections of the pool.
      callTool: (name, args) => turns(() => app.callTool(name, args, context, request.log)),
      listPrompts: () => listPrompts(mayUse),
      getPrompt: (name, args) => getPrompt(name, args, { mayUse, several: hasSeveral(principal) }),
      listResources: () => listResources(principal),
      readResource: (uri) =>
        turns(() => readResource(uri, context)).catch((error: unknown) => {
          if (!(error instanceof ServiceError)) request.log.error({ err: error, uri }, 'resource failed')
          throw error
        }),
      wantsProgress: messages.some(({ params }) => params?._meta?.progressToken !== undefined),
    }
  }

  function ttlOf({ expiresAt, kind }: Principal): number {
    if (kind !== 'merchant' || expiresAt === null) return KEY_SESSION_TTL_SECONDS
    return Math.max(1, Math.ceil((expiresAt.getTime() - clock().getTime()) / 1000))
  }
}

export default mcp

/** As much of a JSON-RPC message as is read before an SDK checks it. */
interface Message {
  method?: unknown
  params?: {
    clientInfo?: { name?: unknown }
    protocolVersion?: unknown
    arguments?: unknown
    _meta?: { progressToken?: unknown }
  }
}

interface Conversation {
  sessionId: string | undefined
  /** Active business of the session. */
  businessId: string | undefined
  lastBusinessId: string | undefined
}

const NEW_CONVERSATION: Conversation = { sessionId: undefined, businessId: undefined, lastBusinessId: undefined }

/** @throws ServiceError `not_found` for a session that was ended or belongs to somebody else, alike */
function requireOwn(session: SessionRecord | 'ended', principal: Principal): SessionRecord {
  if (session !== 'ended' && session.principal === principal.ref) return session
  throw new ServiceError('not_found', 'Session not found', { hint: 'Start a new one with initialize.' })
}

/** @throws ServiceError `invalid_request` for an id that no server of MCP gives out */
function sessionIdOf(request: FastifyRequest): string | undefined {
  const id = request.headers[SESSION_HEADER]
  if (id === undefined) return undefined
  // MCP 2025-11-25, transports: visible ASCII.
  if (typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id)) return id
  throw new ServiceError('invalid_request', `${SESSION_HEADER} must be 1 to 128 visible ASCII characters`)
}

/** The business that the client's configuration pins, in a header or in the URL. */
function pinOf(request: FastifyRequest): string | undefined {
  const header = request.headers[PIN_HEADER]
  const { businessId } = request.query as { businessId?: unknown }
  const pins = new Set([header, businessId].flat().filter((pin) => pin !== undefined && pin !== ''))
  if (pins.size > 1) {
    throw new ServiceError('invalid_request', `${PIN_HEADER} and ?businessId= pin different businesses. Keep one.`)
  }
  const [pin] = pins
  return pin === undefined ? undefined : String(pin)
}

function principalOf({ principal }: FastifyRequest): Principal {
  if (principal === null) throw new Error('the route is served without authentication')
  return principal
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, 100) : undefined
}

function rpcError(code: number, message: string) {
  return { jsonrpc: '2.0', id: null, error: { code, message } }
}

/** Some clients call a tool that takes no arguments with null. */
function dropNullArguments({ method, params }: Message): void {
  if (method === 'tools/call' && params?.arguments === null) delete params.arguments
}

/** The request as the SDKs take it; its signal fires when the client goes away. */
function toWebRequest(request: FastifyRequest, reply: FastifyReply): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  return new Request(`http://localhost${request.url}`, { method: 'POST', headers, signal: gone.signal })
}
