import { randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Principal } from '../../../src/auth/principal.ts'
import { ServiceError } from '../../../src/errors.ts'
import type { SessionRecord } from '../../../src/sessions/store.ts'
import type { Clock } from '../../../src/time/clock.ts'
import { showsForms } from './forms.ts'
import { problemOfParams } from './params.ts'

/** The parts of a JSON-RPC message that are read before an SDK checks it. */
export interface Message {
  jsonrpc?: unknown
  id?: unknown
  method?: unknown
  result?: unknown
  params?: {
    name?: unknown
    capabilities?: { elicitation?: unknown }
    clientInfo?: { name?: unknown }
    protocolVersion?: unknown
    arguments?: unknown
    _meta?: { progressToken?: unknown }
  }
}

/** What earlier requests have left for this one. */
export interface Conversation {
  sessionId: string | undefined
  /** The session's record, if there is a session. */
  session: SessionRecord | undefined
  lastBusinessId: string | undefined
}

const SESSION_HEADER = 'mcp-session-id'
const KEY_SESSION_TTL_SECONDS = 24 * 3600
// Renew only when that gains more than a minute, so that most requests write nothing.
const RENEWAL_STEP_SECONDS = 60
const NEW_CONVERSATION: Conversation = { sessionId: undefined, session: undefined, lastBusinessId: undefined }

/**
 * Sessions of the protocol revisions up to 2025-11-25. They are soft: the credential is the authority, so a request
 * with an unknown or expired id is served, and its record is created again.
 */
export function createConversations(app: FastifyInstance, clock: Clock) {
  const now = () => Math.floor(clock().getTime() / 1000)
  const recordOf = (principal: Principal): SessionRecord => ({
    principal: principal.ref,
    lists: app.registry.list(principal).digest,
    expiresAt: now() + ttlOf(principal),
  })
  // With a single business there is nothing to choose.
  const chooserOf = ({ credentialId, businesses }: Principal) => (businesses.length === 1 ? undefined : credentialId)

  /** @throws ServiceError `not_found`, the same for a session that was ended and for somebody else's */
  async function resume(sessionId: string, principal: Principal): Promise<Conversation & { session: SessionRecord }> {
    const { session: found, lastBusinessId } = await app.sessions.read(sessionId, chooserOf(principal))
    const session = found === null ? recordOf(principal) : requireOwn(found, principal)
    const ttl = ttlOf(principal)
    const expiresAt = now() + ttl
    if (found === null) await store(sessionId, session, principal)
    // A session lives as long as the token in use, including one that replaced the first.
    else if ((session.expiresAt ?? 0) < expiresAt - RENEWAL_STEP_SECONDS) {
      await app.sessions.renew(sessionId, principal.ref, expiresAt, ttl)
    }
    return { sessionId, session, lastBusinessId: lastBusinessId ?? undefined }
  }

  /** Whoever makes up ids by the hundred is served, but no longer remembered: the store is shared by all. */
  async function store(sessionId: string, session: SessionRecord, principal: Principal): Promise<void> {
    if (await app.rateLimits.countSession(principal.ref)) await app.sessions.save(sessionId, session, ttlOf(principal))
  }

  /** Without a session, the credential's last choice counts; it is read only for calls that need it. */
  async function choicesOf(principal: Principal, messages: Message[]): Promise<Conversation> {
    if (!messages.some(({ method }) => method === 'tools/call' || method === 'resources/read')) return NEW_CONVERSATION
    const chooser = chooserOf(principal)
    if (chooser === undefined) return NEW_CONVERSATION
    const { lastBusinessId } = await app.sessions.read(undefined, chooser)
    return { ...NEW_CONVERSATION, lastBusinessId: lastBusinessId ?? undefined }
  }

  /** The lifetime of the principal's sessions, in seconds. */
  function ttlOf({ expiresAt, kind }: Principal): number {
    if (kind !== 'merchant' || expiresAt === null) return KEY_SESSION_TTL_SECONDS
    return Math.max(1, Math.ceil((expiresAt.getTime() - clock().getTime()) / 1000))
  }

  return {
    resume,
    choicesOf,
    ttlOf,

    /** The conversation that legacy messages belong to; `initialize` begins one. */
    async converse(
      request: FastifyRequest,
      reply: FastifyReply,
      principal: Principal,
      messages: Message[],
    ): Promise<Conversation> {
      const initialize = messages.find(({ method }) => method === 'initialize')
      if (initialize === undefined) {
        const sessionId = sessionIdOf(request)
        return sessionId === undefined ? choicesOf(principal, messages) : resume(sessionId, principal)
      }
      // What will be refused begins no session.
      if (messages.length > 1 || problemOfParams(initialize) !== undefined) return NEW_CONVERSATION
      const client = textOf(initialize.params?.clientInfo?.name)
      // This client ends its session and keeps using the id. It gets no session, and the credential's choices count.
      if (client === 'openai-mcp') return NEW_CONVERSATION
      const sessionId = randomUUID()
      if (client !== undefined && principal.kind === 'merchant' && principal.userId !== null) {
        const family = { userId: principal.userId, familyId: principal.credentialId }
        // For the merchant's list; no conversation fails because it is not noted.
        app.tokens.noteUse(family, client).catch((err) => request.log.warn({ err }, 'the client was not noted'))
      }
      const session = {
        ...recordOf(principal),
        protocolVersion: textOf(initialize.params?.protocolVersion),
        client,
        ...(showsForms(initialize.params?.capabilities?.elicitation) ? { showsForms: true } : {}),
      }
      await store(sessionId, session, principal)
      reply.header(SESSION_HEADER, sessionId)
      return { ...NEW_CONVERSATION, sessionId, session }
    },

    /** Ends the session of a request for good. */
    async end(request: FastifyRequest, principal: Principal): Promise<void> {
      const sessionId = sessionIdOf(request)
      if (sessionId === undefined) throw new ServiceError('invalid_request', `${SESSION_HEADER} header required`)
      const { session } = await app.sessions.read(sessionId, undefined)
      // Ending a session that is already gone is not an error.
      if (session === null) return
      requireOwn(session, principal)
      await app.sessions.end(sessionId, ttlOf(principal))
      await app.sessionEvents.ring(sessionId, 'ended')
    },
  }
}

/** @throws ServiceError `invalid_request` for an id that no MCP server would issue */
export function sessionIdOf(request: FastifyRequest): string | undefined {
  const id = request.headers[SESSION_HEADER]
  if (id === undefined) return undefined
  // MCP 2025-11-25, transports: visible ASCII.
  if (typeof id === 'string' && /^[\x21-\x7e]{1,128}$/.test(id)) return id
  throw new ServiceError('invalid_request', `${SESSION_HEADER} must be 1 to 128 visible ASCII characters`)
}

function requireOwn(session: SessionRecord | 'ended', principal: Principal): SessionRecord {
  if (session !== 'ended' && session.principal === principal.ref) return session
  throw new ServiceError('not_found', 'Session not found', { hint: 'Start a new one with initialize.' })
}

function textOf(value: unknown): string | undefined {
  // The cut may leave half of a surrogate pair, which Redis's JSON parser rejects.
  return typeof value === 'string' ? value.slice(0, 100).toWellFormed() : undefined
}
