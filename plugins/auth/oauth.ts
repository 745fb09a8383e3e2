import type { EventEmitter } from 'node:events'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Config, listOf } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import { ISSUER_PATH, oauthAddresses } from '../../src/oauth/addresses.ts'
import { cookieKeys, idTokenKey } from '../../src/oauth/keys.ts'
import { createAuthorizationServer, scopeOrDefault } from '../../src/oauth/provider.ts'
import { createPublicFetch, type Network } from '../../src/oauth/public-fetch.ts'
import type { OAuthStore } from '../../src/oauth/store.ts'
import type { Clock } from '../../src/time/clock.ts'
import { guardStore } from '../../src/unavailable.ts'
import interactions from './oauth-interactions.ts'

export interface OAuthOptions {
  config: Config
  clock: Clock
  store: OAuthStore
  /** A development issuer in Firebase's place. */
  identityUrl?: string
  /** Instead of the internet. */
  network?: Network
}

const MAX_ACCESS_TOKEN_TTL_SECONDS = 3600
const DISCOVERY = '/.well-known/oauth-authorization-server'

/** The authorization server of `/mcp/connect`, below `/oauth`. Any instance serves any step. */
const oauth: FastifyPluginAsync<OAuthOptions> = async (app, { config, clock, store, identityUrl, network }) => {
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
  })
  const logFailure = (err: Error) => app.log.error({ err }, 'authorization server failed')
  provider.on('server_error', (ctx, err) => {
    logFailure(err)
    if (!(err instanceof ServiceError) || err.retryAfterSeconds === undefined) return
    ctx.set('retry-after', String(err.retryAfterSeconds))
    if (ctx.response.is('json')) ctx.body = { error: 'temporarily_unavailable', error_description: err.message }
  })
  ;(provider as EventEmitter).on('error', logFailure)
  const handle = provider.callback()

  app.addHook('onRequest', app.checkHost)
  await app.register(interactions, {
    provider,
    connections: app.connections,
    config,
    ...(identityUrl ? { identityUrl } : {}),
  })

  await app.register(async (server) => {
    // The provider reads request bodies itself.
    server.removeAllContentTypeParsers()
    server.addContentTypeParser('*', (_request, _body, done) => done(null))

    const at = (url: (request: FastifyRequest) => string) => (request: FastifyRequest, reply: FastifyReply) =>
      handOver(request, reply, url(request))
    const own = at(({ url }) => url.slice(ISSUER_PATH.length))
    const hidden = { schema: { hide: true } }

    server.get('/oauth/authorize', hidden, (request, reply) => {
      // Tills are shared: the last person who signed in may not be the one who connects a client now.
      delete request.raw.headers.cookie
      return handOver(request, reply, authorizeUrl(request))
    })
    server.get('/oauth/authorize/:uid', hidden, own)
    server.post('/oauth/session/end/confirm', hidden, own)
    server.post('/oauth/token', hidden, own)
    server.post('/oauth/revoke', hidden, own)
    server.post('/oauth/register', { ...hidden, onRequest: app.rateLimits.countRegistration }, own)
    server.get('/oauth/jwks', hidden, own)

    // RFC 8414 section 3.1 puts the well-known part before the issuer's path; some clients look after it.
    const discovery = at(() => DISCOVERY)
    server.get(`${DISCOVERY}${ISSUER_PATH}`, hidden, discovery)
    server.get(`/.well-known/openid-configuration${ISSUER_PATH}`, hidden, discovery)
    server.get(`${ISSUER_PATH}/.well-known/openid-configuration`, hidden, discovery)
  })

  /** Lets the provider answer a request as if it had come to the public address. */
  async function handOver(request: FastifyRequest, reply: FastifyReply, url: string): Promise<void> {
    const { raw } = request
    Object.assign(raw, { url, originalUrl: ISSUER_PATH + url })
    Object.assign(raw.headers, { host, 'x-forwarded-host': host, 'x-forwarded-proto': protocol.slice(0, -1) })
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

function authorizeUrl({ url, query }: FastifyRequest): string {
  const { searchParams } = new URL(url, 'http://localhost')
  const { scope } = query as { scope?: unknown }
  // The provider refuses a parameter that is given twice.
  if (!Array.isArray(scope)) searchParams.set('scope', scopeOrDefault(searchParams.get('scope')))
  return `/authorize?${searchParams}`
}
