import {
  JSONRPCMessageSchema,
  LATEST_PROTOCOL_VERSION,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/sdk/types.js'
import { classifyInboundRequest } from '@modelcontextprotocol/server'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Caller } from '../../src/audit/caller.ts'
import { bearerOf } from '../../src/auth/bearer.ts'
import type { Principal } from '../../src/auth/principal.ts'
import type { Config } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import type { Clock } from '../../src/time/clock.ts'
import { createConversations, type Message, sessionIdOf } from './protocol/conversations.ts'
import { createExchange, toWebRequest } from './protocol/exchange.ts'
import { serveLegacy } from './protocol/legacy.ts'
import { serveListen, serveModern } from './protocol/modern.ts'
import { repairParams } from './protocol/params.ts'
import { pinOf, withPin } from './protocol/pin.ts'
import { viewOf, withView } from './protocol/view.ts'

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null
  }
}

const MAX_MESSAGES = 50
const ROUTE = { schema: { hide: true }, config: { isRoutine: true } } as const
/** Methods that are refused whoever asks. Preflights are answered before. */
const NOT_OFFERED = ['OPTIONS', 'PUT', 'PATCH']
const MALFORMED = Symbol('malformed')
// Those of Helmet's headers that matter for answers that are never pages. A constant costs less than Helmet itself.
const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

export interface McpOptions {
  clock: Clock
  path: string
  /** Where the service is reached, if that is configured. */
  publicUrl?: string | undefined
  /** The newest protocol revision that is offered. */
  newestProtocol: Config['MCP_NEWEST_PROTOCOL']
  /** The principal behind a Bearer credential, or a ServiceError. What it notes about the credential names the caller. */
  authenticate(credential: string, caller: Caller): Promise<Principal>
  /** The refusal of a request without a credential. */
  credentialRequired?(): ServiceError
  /** Whether the client can ask its person for more scopes: it is told by the status 403 instead of a result. */
  stepsUp?: boolean
}

/** The MCP endpoint. Only open streams outlive a request, so that any instance can answer any request. */
const mcp: FastifyPluginAsync<McpOptions> = async (app, options) => {
  const { clock, path, newestProtocol, authenticate, credentialRequired, stepsUp = false } = options
  const conversations = createConversations(app, clock)
  const originOf = ({ protocol, host }: FastifyRequest) => new URL(options.publicUrl ?? `${protocol}://${host}`).origin
  app.decorateRequest('principal', null)

  // JSON-RPC has its own answer to a body that is not JSON, and clients send DELETE with the content type but no body.
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
    reply.headers(SECURITY_HEADERS)
    if (NOT_OFFERED.includes(request.method)) throw methodNotAllowed(request, reply)
    const credential = bearerOf(request, credentialRequired)
    const principal = await app.credentialGuard.check(request, credential, () =>
      authenticate(credential, request.auditCaller),
    )
    await app.rateLimits.countRequest(principal.ref)
    request.principal = withView(withPin(principal, pinOf(request)), viewOf(request))
  })

  app.post(path, ROUTE, async (request, reply) => {
    const { body } = request
    if (body === MALFORMED) return reply.code(400).send(rpcError(-32700, 'Parse error: the body is not JSON'))
    if (typeof body !== 'object' || body === null) return reply.code(400).send(rpcError(-32600, 'Invalid Request'))
    if (Array.isArray(body) && (body.length === 0 || body.length > MAX_MESSAGES)) {
      const problem = `a batch has 1 to ${MAX_MESSAGES} messages`
      return reply.code(400).send(rpcError(-32600, `Invalid Request: ${problem}`))
    }
    if (Array.isArray(body) && body.some((message) => typeof message !== 'object' || message === null)) {
      return reply.code(400).send(rpcError(-32600, 'Invalid Request: every message of a batch is an object'))
    }

    const principal = principalOf(request)
    const messages = (Array.isArray(body) ? body : [body]) as Message[]
    if (messages.length > 1) await app.rateLimits.countRequest(principal.ref, messages.length - 1)
    for (const message of messages) repairParams(message)

    if (newestProtocol === LATEST_PROTOCOL_VERSION ? messages.every(isMessage) : isLegacy(request)) {
      const conversation = await conversations.converse(request, reply, principal, messages)
      const exchange = createExchange(app, request, principal, clock(), conversation, originOf)
      if (stepsUp) await exchange.requireGrant(messages)
      return serveLegacy(exchange, request, reply, messages)
    }
    const web = toWebRequest(request, reply)
    const choices = await conversations.choicesOf(principal, messages)
    const exchange = createExchange(app, request, principal, clock(), choices, originOf)
    if (stepsUp) await exchange.requireGrant(messages)
    if (!messages.some(({ method }) => method === 'subscriptions/listen')) {
      return reply.send(await serveModern(exchange, web, body))
    }
    let { digest } = app.registry.list(principal)
    const watch = (onChange: () => void, end: () => void) =>
      app.mcpStreams.watch({
        principal,
        renew: renewalOf(request),
        async onRenewed(renewed) {
          const before = digest
          digest = app.registry.list(renewed).digest
          if (digest !== before) onChange()
        },
        end,
      })
    return reply.send(await serveListen(exchange, web, body, watch))
  })

  // GET opens a stream, so HEAD has nothing to say. Without a credential it is challenged like GET: some clients probe
  // with it.
  app.route({
    ...ROUTE,
    url: path,
    method: ['HEAD', ...NOT_OFFERED],
    handler(request, reply) {
      throw methodNotAllowed(request, reply)
    },
  })

  app.get(path, { ...ROUTE, exposeHeadRoute: false }, async (request, reply) => {
    const principal = principalOf(request)
    const sessionId = sessionIdOf(request)
    const { accept = '', 'last-event-id': lastEventId, 'mcp-protocol-version': protocolVersion } = request.headers
    if (sessionId === undefined || !/text\/event-stream/i.test(accept)) {
      reply.header('allow', 'POST, DELETE')
      throw new ServiceError('method_not_allowed', 'There is no stream to listen to here. Send messages with POST.', {
        hint: 'The live stream of a session needs mcp-session-id and Accept: text/event-stream.',
      })
    }
    const { session } = await conversations.resume(sessionId, principal)
    await app.mcpStreams.open(reply, {
      principal,
      renew: renewalOf(request),
      sessionId,
      session,
      lastEventId: [lastEventId].flat()[0],
      protocolVersion: [protocolVersion].flat()[0],
      ttlSeconds: conversations.ttlOf(principal),
    })
    return reply
  })

  app.delete(path, ROUTE, async (request, reply) => {
    await conversations.end(request, principalOf(request))
    return reply.code(204).send()
  })

  /** A function that authenticates again later. It holds on to the credential and the caller, not to the request. */
  function renewalOf(request: FastifyRequest): () => Promise<Principal> {
    const credential = bearerOf(request, credentialRequired)
    const [pin, view] = [pinOf(request), viewOf(request)]
    const { auditCaller } = request
    return async () => withView(withPin(await authenticate(credential, auditCaller), pin), view)
  }
}

export default fp(mcp, {
  name: 'endpoint',
  dependencies: [
    'errors',
    'host-check',
    'rate-limit',
    'credential-guard',
    'postgres',
    'audit',
    'sessions',
    'principals',
    'tokens',
    'registry',
    'server-info',
    'questions',
    'tool-calls',
    'export-links',
    'streams',
  ],
  encapsulate: true,
})

const LEGACY_REVISIONS = new Set(SUPPORTED_PROTOCOL_VERSIONS)

/** Whether a POST uses a revision up to 2025-11-25. Newer ones announce themselves in `_meta`. */
function isLegacy({ headers, body }: FastifyRequest): boolean {
  const version = headers['mcp-protocol-version']
  if ((version === undefined || LEGACY_REVISIONS.has(String(version))) && isPlainRequest(body as Message)) return true
  // The SDK of the newer revision decides, and answers malformed messages.
  const [protocolVersionHeader, mcpMethodHeader, mcpNameHeader] = [
    headers['mcp-protocol-version'],
    headers['mcp-method'],
    headers['mcp-name'],
  ].map((value) => (Array.isArray(value) ? value.join(', ') : value))
  return (
    classifyInboundRequest({
      httpMethod: 'POST',
      ...(protocolVersionHeader === undefined ? {} : { protocolVersionHeader }),
      ...(mcpMethodHeader === undefined ? {} : { mcpMethodHeader }),
      ...(mcpNameHeader === undefined ? {} : { mcpNameHeader }),
      body,
    }).kind === 'legacy'
  )
}

/** Whether a server that knows no newer revision would take this; the SDK of the newer one answers malformed messages. */
function isMessage(message: Message): boolean {
  return isPlainRequest(message) || JSONRPCMessageSchema.safeParse(message).success
}

/** Whether this is a JSON-RPC request without `_meta`: a quick check that settles most of them. */
function isPlainRequest({ jsonrpc, id, method, params }: Message): boolean {
  if (jsonrpc !== '2.0' || typeof method !== 'string') return false
  if (typeof id !== 'string' && !Number.isSafeInteger(id)) return false
  if (params === undefined) return true
  return typeof params === 'object' && params !== null && !Array.isArray(params) && params._meta === undefined
}

/** RFC 9110 section 15.5.6 */
function methodNotAllowed({ method }: FastifyRequest, reply: FastifyReply): ServiceError {
  reply.header('allow', 'GET, POST, DELETE')
  return new ServiceError('method_not_allowed', `${method} is not offered here. Send messages with POST.`)
}

function principalOf({ principal }: FastifyRequest): Principal {
  if (principal === null) throw new Error('the route is served without authentication')
  return principal
}

function rpcError(code: number, message: string) {
  return { jsonrpc: '2.0', id: null, error: { code, message } }
}
