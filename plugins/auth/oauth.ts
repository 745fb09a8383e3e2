import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { OAuthScope } from '../../src/auth/scopes.ts'
import type { SignIn } from '../../src/auth/sign-in.ts'
import { type Config, listOf } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import { ISSUER_PATH, oauthAddresses } from '../../src/oauth/addresses.ts'
import { dropUnused } from '../../src/oauth/clients.ts'
import { cookieKeys, idTokenKey } from '../../src/oauth/keys.ts'
import { errors, type KoaContextWithOIDC } from '../../src/oauth/oidc-provider.ts'
import { describeProblem, languageOf, type ProviderError } from '../../src/oauth/problems.ts'
import { createAuthorizationServer } from '../../src/oauth/provider.ts'
import { createPublicFetch, type Network } from '../../src/oauth/public-fetch.ts'
import { authorizationRequest, checkSize, tokenRequest } from '../../src/oauth/requests.ts'
import type { OAuthStore } from '../../src/oauth/store.ts'
import type { Clock } from '../../src/time/clock.ts'
import { guardStore } from '../../src/unavailable.ts'
import interactions from './oauth-interactions.ts'

export interface OAuthOptions {
  config: Config
  clock: Clock
  store: OAuthStore
  /** Instead of the internet. */
  network?: Network
  /** How merchants sign in. */
  signIn: SignIn
}

const MAX_ACCESS_TOKEN_TTL_SECONDS = 3600
/** Twice what the largest honest registration or token request needs. */
const LARGEST_BODY = 16 * 1024
/** The provider's events for requests that it refuses; those for its own failures are `server_error`. */
const REFUSALS = [
  'authorization.error',
  'discovery.error',
  'end_session_confirm.error',
  'grant.error',
  'jwks.error',
  'registration_create.error',
  'revocation.error',
]
const COUNTED_REFUSALS = new Set(['token', 'revocation'])
const DISCOVERY = '/.well-known/oauth-authorization-server'

/** The authorization server of `/mcp/connect`, below `/oauth`. Any instance serves any step. */
const oauth: FastifyPluginAsync<OAuthOptions> = async (app, { config, clock, store, signIn, network }) => {
  const addresses = oauthAddresses(config)
  const { host, protocol } = new URL(addresses.origin)
  const provider = createAuthorizationServer({
    addresses,
    clock,
    store: guardStore('The session store', store),
    connections: app.connections,
    cookieKeys: cookieKeys([config.MCP_TOKEN_SECRET, ...listOf(config.MCP_TOKEN_PREVIOUS_SECRETS)]),
    idTokenKey: idTokenKey(config.MCP_TOKEN_SECRET),
    signingKey: app.jwtSigner.signingKey,
    accessTokenTtlSeconds: Math.min(config.MCP_TOKEN_TTL_SECONDS, MAX_ACCESS_TOKEN_TTL_SECONDS),
    errorPage: app.pages.error,
    fetch: createPublicFetch(network),
    countRefresh: (connectionId) => app.rateLimits.countAnonymous('refreshes', connectionId),
    clientDocuments: config.OAUTH_CLIENT_DOCUMENTS === 'on',
  })
  for (const event of REFUSALS) {
    ;(provider as EventEmitter).on(event, (ctx: KoaContextWithOIDC, err: ProviderError) => {
      app.log.info(factsOf(ctx, err), 'authorization server refused a request')
    })
  }
  provider.on('server_error', (ctx, err) => {
    app.log.error({ ...factsOf(ctx, err), err }, 'authorization server failed')
    if (!(err instanceof ServiceError) || err.retryAfterSeconds === undefined) return
    ctx.set('retry-after', String(err.retryAfterSeconds))
    if (ctx.response.is('json')) ctx.body = { error: 'temporarily_unavailable', error_description: err.message }
  })
  // After the answer is known, so that a good token is served whoever else asks from the same address.
  provider.use(async (ctx, next) => {
    await next()
    if (!COUNTED_REFUSALS.has(String(ctx.oidc?.route)) || ctx.status < 400 || ctx.status >= 500) return
    await app.rateLimits.countAnonymous('refused-tokens', ctx.ip).catch((err: ServiceError) => {
      if (err.code !== 'rate_limited') return
      ctx.status = err.statusCode
      ctx.set('retry-after', String(err.retryAfterSeconds))
      ctx.body = { error: 'temporarily_unavailable', error_description: err.message }
    })
  })
  ;(provider as EventEmitter).on('error', (err: Error) => app.log.error({ err }, 'authorization server failed'))
  const handle = provider.callback()

  app.addHook('onRequest', app.checkHost)
  await app.register(interactions, {
    provider,
    connections: app.connections,
    signIn,
  })

  await app.register(async (server) => {
    // The provider reads other bodies itself, and says which ones it expects.
    server.removeAllContentTypeParsers()
    server.addContentTypeParser('*', (_request, _body, done) => done(null))
    const types = ['application/x-www-form-urlencoded', 'application/json']
    server.addContentTypeParser<string>(types, { parseAs: 'string' }, (_request, body, done) => done(null, body))

    const at = (url: (request: FastifyRequest) => string) => (request: FastifyRequest, reply: FastifyReply) =>
      handOver(request, reply, url(request))
    const own = at(ownUrl)
    const hidden = { schema: { hide: true }, bodyLimit: LARGEST_BODY }

    server.get('/oauth/authorize', hidden, async (request, reply) => {
      const query = new URL(request.url, addresses.origin).searchParams
      try {
        await app.rateLimits.countAnonymous('authorizations', request.ip)
        checkSize(query)
        checkDocuments(query)
        await app.rateLimits.countAnonymous('authorizations-of-client', query.get('client_id') ?? '')
      } catch (error) {
        if (!(error instanceof ServiceError || error instanceof errors.OIDCProviderError)) throw error
        return refuse(request, reply, error)
      }
      // Tills are shared: the last person who signed in may not be the one who connects a client now.
      delete request.raw.headers.cookie
      return handOver(request, reply, `/authorize?${authorizationRequest(query, addresses)}`)
    })
    server.get('/oauth/authorize/:uid', hidden, own)
    server.post('/oauth/session/end/confirm', hidden, own)
    server.post('/oauth/token', hidden, async (request, reply) => {
      if (typeof request.body !== 'string') return own(request, reply)
      const body = await tokenRequest(new URLSearchParams(request.body), addresses, grantedTo)
      return handOver(request, reply, ownUrl(request), body.toString())
    })
    server.post('/oauth/revoke', hidden, own)
    server.post(
      '/oauth/register',
      { ...hidden, onRequest: (request) => app.rateLimits.countAnonymous('registrations', request.ip) },
      (request, reply) => handOver(request, reply, ownUrl(request), registration(request.body)),
    )
    server.get('/oauth/jwks', hidden, own)

    // RFC 8414 section 3.1 puts the well-known part before the issuer's path; some clients look after it.
    const discovery = at(() => DISCOVERY)
    server.get(`${DISCOVERY}${ISSUER_PATH}`, hidden, discovery)
    server.get(`/.well-known/openid-configuration${ISSUER_PATH}`, hidden, discovery)
    server.get(`${ISSUER_PATH}/.well-known/openid-configuration`, hidden, discovery)
  })

  function checkDocuments(query: URLSearchParams): void {
    if (config.OAUTH_CLIENT_DOCUMENTS === 'on' || query.get('client_id')?.startsWith('https://') !== true) return
    throw new errors.InvalidClient('client_id metadata documents are switched off')
  }

  /** Answers an authorization request that does not even reach the provider. */
  function refuse(request: FastifyRequest, reply: FastifyReply, problem: ServiceError | ProviderError): FastifyReply {
    const { error, error_description: description = problem.message } = problem as ProviderError
    request.log.info({ error, description }, 'authorization server refused a request')
    const language = languageOf(provider.createContext(request.raw, reply.raw))
    const page = app.pages.error(describeProblem(problem, language, request.id), language)
    const expected = problem instanceof ServiceError ? problem : undefined
    if (expected?.retryAfterSeconds !== undefined) reply.header('retry-after', expected.retryAfterSeconds)
    return reply
      .code(expected?.statusCode ?? 400)
      .type('text/html')
      .send(page)
  }

  /** The scopes of a refresh token. If it cannot be looked up, the provider will say why. */
  async function grantedTo(refreshToken: string): Promise<OAuthScope[] | undefined> {
    const found = await provider.RefreshToken.find(refreshToken).catch(() => undefined)
    return found === undefined ? undefined : ([...found.scopes] as OAuthScope[])
  }

  /**
   * Lets the provider answer a request as if it had come to the public address.
   * @param body in place of the one that was sent
   */
  async function handOver(request: FastifyRequest, reply: FastifyReply, url: string, body = request.body) {
    const raw = typeof body === 'string' ? withBody(request.raw, body) : request.raw
    // The provider takes the path below `baseUrl`; the request log takes the one that was sent.
    Object.assign(raw, { originalUrl: request.url, url, baseUrl: ISSUER_PATH })
    Object.assign(raw.headers, {
      host,
      'x-forwarded-host': host,
      'x-forwarded-proto': protocol.slice(0, -1),
      // The address that the trusted proxies tell, not what the client claims.
      'x-forwarded-for': request.ip,
      'x-request-id': request.id,
    })
    reply.hijack()
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value)
    }
    await handle(raw, reply.raw)
  }
}

export default fp(oauth, {
  name: 'oauth',
  dependencies: ['@fastify/helmet', 'errors', 'host-check', 'rate-limit', 'jwt', 'oauth-connections', 'pages'],
  encapsulate: true,
})

function ownUrl({ url }: FastifyRequest): string {
  const [path = '', ...query] = url.slice(ISSUER_PATH.length).split('?')
  return [path.replace(/\/$/, ''), ...query].join('?')
}

/** A request whose body was read, with a body to read. */
function withBody(raw: IncomingMessage, body: string): IncomingMessage {
  const { method, socket, httpVersion, httpVersionMajor, httpVersionMinor, rawHeaders } = raw
  const { 'transfer-encoding': _chunked, ...headers } = raw.headers
  const bytes = Buffer.from(body)
  const parts = { method, socket, httpVersion, httpVersionMajor, httpVersionMinor, rawHeaders }
  return Object.assign(Readable.from([bytes]), {
    ...parts,
    headers: { ...headers, 'content-length': String(bytes.length) },
  }) as unknown as IncomingMessage
}

/** A registration without what we do not use; a body that is no object is left to the provider. */
function registration(body: unknown): unknown {
  try {
    const metadata = JSON.parse(String(body))
    if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return body
    dropUnused(metadata)
    return JSON.stringify(metadata)
  } catch {
    return body
  }
}

/** What the log tells of a failed request: who asked, where, and why it failed; no parameter but the client's id. */
function factsOf(ctx: KoaContextWithOIDC, err: ProviderError) {
  const { originalUrl = '' } = ctx.req as { originalUrl?: string }
  const [path] = originalUrl.split('?', 1)
  const clientId: unknown = ctx.oidc.client?.clientId ?? ctx.oidc.params?.client_id
  return {
    reqId: ctx.get('x-request-id'),
    path,
    clientId: typeof clientId === 'string' ? clientId.slice(0, 200) : undefined,
    userAgent: ctx.get('user-agent').slice(0, 200),
    error: err.error,
    description: err.error_description?.slice(0, 300),
    detail: err.error_detail?.slice(0, 300),
  }
}
