import type { JsonWebKey, KeyObject } from 'node:crypto'
import { scopesOfMemberships } from '../auth/principal.ts'
import { CLIENTS_SCOPE, intersectScopes, OAUTH_SCOPES, scopesOf } from '../auth/scopes.ts'
import type { Clock } from '../time/clock.ts'
import { createAdapter, isSecret, keyOf } from './adapter.ts'
import type { OAuthAddresses } from './addresses.ts'
import { normaliseClient } from './clients.ts'
import type { ConnectedUser, Connections } from './connections.ts'
import { createDocuments } from './documents.ts'
import {
  type Account,
  type Adapter,
  createProvider,
  currentRequest,
  errors,
  type JWK,
  type KoaContextWithOIDC,
  type Provider,
} from './oidc-provider.ts'
import { describeProblem, type Language, languageOf } from './problems.ts'
import { type createPublicFetch, isPublicUrl } from './public-fetch.ts'
import type { OAuthStore } from './store.ts'

export interface AuthorizationServerOptions {
  addresses: OAuthAddresses
  store: OAuthStore
  connections: Connections
  clock: Clock
  cookieKeys: string[]
  idTokenKey: JsonWebKey
  /** Signs access tokens (HS256). */
  signingKey: { kid: string; key: KeyObject }
  accessTokenTtlSeconds: number
  /** The HTML of a page that says what went wrong. */
  errorPage(problem: string, language: Language): string
  /** Fetches what clients name: their metadata documents and keys. */
  fetch: ReturnType<typeof createPublicFetch>
  /** Counts a refresh of a connection. @throws ServiceError `rate_limited` */
  countRefresh(connectionId: string): Promise<void>
  /** Whether clients may name a metadata document instead of registering. */
  clientDocuments: boolean
}

const MINUTE = 60
const DAY = 24 * 60 * MINUTE
/** How long a connection can be idle before its merchant has to sign in again. */
const CONNECTION_TTL_SECONDS = 90 * DAY
/** A client that comes back later than that can still send its merchant to the sign-in. */
const CLIENT_TTL_SECONDS = 365 * DAY
/** What the draft of client metadata documents recommends. */
const LARGEST_DOCUMENT = 5 * 1024
const LARGEST_KEYS = 64 * 1024
const ALL_SCOPES = OAUTH_SCOPES.join(' ')

interface MerchantAccount extends Account {
  user: ConnectedUser
}

/** The authorization server of `/mcp/connect`: OAuth 2.1 as MCP requires it, without OpenID Connect. */
export function createAuthorizationServer(options: AuthorizationServerOptions): Provider {
  const { addresses, store, connections, clock, signingKey } = options
  const documents = createDocuments(options.fetch, store)
  const isFirstAttempt = firstAttempts()

  const grants = grantAdapter()

  const provider = createProvider(addresses.issuer, {
    adapter: (model) =>
      model === 'Grant' ? grants : createAdapter({ store, clock, endGrant: (id) => grants.destroy(id) }, model),
    findAccount: async (_ctx, userId, token) => {
      const user = await connections.findUser(userId, (token as { grantId?: string } | undefined)?.grantId)
      if (user === null) return undefined
      return { accountId: userId, claims: () => ({ sub: userId }), user } satisfies MerchantAccount
    },
    jwks: { keys: [options.idTokenKey as JWK] },
    enabledJWA: {
      idTokenSigningAlgValues: ['EdDSA'],
      clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256', 'Ed25519', 'EdDSA'],
    },
    scopes: OAUTH_SCOPES,
    responseTypes: ['code'],
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    clientDefaults: { application_type: 'native', id_token_signed_response_alg: 'EdDSA' },
    extraClientMetadata: {
      properties: ['application_type'],
      validator: (_ctx, _key, _value, metadata) => normaliseClient(metadata),
    },
    clientBasedCORS: () => true,
    pkce: { required: () => true },
    issueRefreshToken: async () => true,
    rotateRefreshToken: async ({ oidc }) => {
      await options.countRefresh(oidc.entities.RefreshToken?.grantId ?? '')
      return true
    },
    revokeGrantPolicy: () => true,
    expiresWithSession: async () => false,
    // Consent is for one connection only: the next one asks again.
    loadExistingGrant: async ({ oidc }) => {
      const grantId = oidc.result?.consent?.grantId
      return grantId === undefined ? undefined : oidc.provider.Grant.find(grantId)
    },
    interactions: {
      async url({ oidc }, { uid }) {
        if (oidc.client !== undefined) await documents.keepBegun(oidc.client)
        return `/oauth/interaction/${uid}`
      },
    },
    routes: {
      authorization: '/authorize',
      token: '/token',
      registration: '/register',
      revocation: '/revoke',
      jwks: '/jwks',
    },
    cookies: {
      keys: options.cookieKeys,
      long: { signed: true, httpOnly: true, sameSite: 'lax', path: '/oauth' },
      short: { signed: true, httpOnly: true, sameSite: 'lax' },
    },
    ttl: {
      AccessToken: options.accessTokenTtlSeconds,
      AuthorizationCode: MINUTE,
      RefreshToken: CONNECTION_TTL_SECONDS,
      Grant: CONNECTION_TTL_SECONDS,
      // Anybody can begin; only who signs in is given time.
      Interaction: (_ctx, { prompt }) => (prompt.name === 'login' ? 10 : 30) * MINUTE,
      Session: 30 * MINUTE,
    },
    fetch: (url, init = {}) => documents.fetch(String(url), init, currentRequest()?.oidc?.route === 'authorization'),
    fetchResponseBodyLimits: { 'client_id metadata document': LARGEST_DOCUMENT, jwks_uri: LARGEST_KEYS },
    features: {
      registration: { enabled: true, issueRegistrationAccessToken: false },
      revocation: { enabled: true, allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId },
      clientIdMetadataDocument: {
        enabled: options.clientDocuments,
        ack: 'draft-02',
        allowFetch: (ctx, id) => isPublicUrl(new URL(id)) && isFirstAttempt(ctx),
        cacheDuration: { min: 5 * MINUTE, max: DAY },
      },
      // Documents offer several ways of authentication; this lets them differ from the one that they prefer.
      rpMetadataChoices: { enabled: true },
      resourceIndicators: {
        enabled: true,
        // With a third argument, it is asked which of several resources the token is for; ours is never among several.
        defaultResource: async (_ctx, _client, several) => {
          if (several !== undefined) throw new errors.InvalidTarget()
          return addresses.resource
        },
        useGrantedResource: async () => true,
        getResourceServerInfo: async (_ctx, resource) => {
          if (resource !== addresses.resource) throw new errors.InvalidTarget()
          return {
            audience: resource,
            scope: ALL_SCOPES,
            accessTokenFormat: 'jwt' as const,
            accessTokenTTL: options.accessTokenTtlSeconds,
            jwt: { sign: { alg: 'HS256' as const, ...signingKey } },
          }
        },
      },
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
    },
    formats: {
      customizers: {
        jwt: async (ctx, token, parts) => {
          if (token.kind !== 'AccessToken') return
          parts.payload = { ...parts.payload, ...(await connect(ctx, token)) }
        },
      },
    },
    renderError: (ctx, _out, problem) => {
      const language = languageOf(ctx)
      ctx.type = 'html'
      ctx.body = options.errorPage(describeProblem(problem, language, ctx.get('x-request-id')), language)
    },
  })
  // RFC 9700 section 4.11.2: anybody can register a client, so nobody is sent to its address before a merchant answered.
  provider.on('authorization.error', (ctx, error) => {
    if (ctx.oidc.route !== 'authorization') return
    error.allow_redirect = false
    if (ctx.status === 303) ctx.status = 400
  })
  // The plugin that passes requests on sets host and protocol of the public address, and the request's id.
  provider.proxy = true
  provider.Client.prototype.compareClientSecret = function (sent) {
    return isSecret(sent, this.clientSecret ?? '')
  }
  provider.use(async (ctx, next) => {
    const started = clock()
    await next()
    // A refresh that failed on our side must not count as the one use of its token.
    const { refresh_token: refreshToken } = (ctx.oidc?.route === 'token' && ctx.oidc.params) || {}
    if (ctx.status >= 500 && typeof refreshToken === 'string') {
      // If the store is what failed, the use was hardly stored.
      await store.takeBackUse(keyOf('RefreshToken', refreshToken), started).catch(() => {})
    }
    // We issue no ID tokens, so discovery must not list the scope that asks for them.
    if (ctx.oidc?.route === 'discovery') Object.assign(ctx.body as object, { scopes_supported: OAUTH_SCOPES })
  })
  return provider

  /** The extra claims of an access token. Makes sure that its connection has not been ended, and extends it. */
  async function connect(ctx: KoaContextWithOIDC, token: InstanceType<Provider['AccessToken']>) {
    const { client, account } = ctx.oidc
    const { user } = account as MerchantAccount
    const granted = scopesOf(token.scope)
    const scopes = intersectScopes(granted, scopesOfMemberships(user.businesses))
    if (scopes.length === 0) throw new errors.InvalidGrant('the roles of the user no longer give any of the scopes')

    const connection = { id: token.grantId as string, userId: user.userId }
    const isFirst = token.gty === 'authorization_code'
    const used = isFirst ? { ...connection, client: ctx.get('user-agent') } : connection
    if (!(await connections.renew(used, CONNECTION_TTL_SECONDS))) {
      throw new errors.InvalidGrant('the connection was ended')
    }
    await Promise.all([
      store.renew(keyOf('Grant', connection.id), CONNECTION_TTL_SECONDS),
      store.renew(keyOf('Client', token.clientId as string), CLIENT_TTL_SECONDS),
      client === undefined ? undefined : documents.keep(client, CLIENT_TTL_SECONDS),
    ])

    const iat = Math.floor(clock().getTime() / 1000)
    token.scope = [...scopes, ...granted.filter((scope) => scope === CLIENTS_SCOPE)].join(' ')
    return {
      iat,
      exp: iat + options.accessTokenTtlSeconds,
      sid: connection.id,
      scope: token.scope,
      scopes,
      business: user.businesses[0]?.id,
    }
  }

  /**
   * A grant ends when it is revoked, or when a code or refresh token is used again. Its connection ends with it. It
   * lives as long as the store keeps it, which each refresh prolongs: writing it anew could bring back one that ended.
   */
  function grantAdapter(): Adapter {
    const adapter = createAdapter({ store, clock, endGrant: async () => {} }, 'Grant')
    return {
      ...adapter,
      upsert: (id, { exp, ...grant }, ttlSeconds) => adapter.upsert(id, grant, ttlSeconds),
      async destroy(id) {
        const grant = await adapter.find(id)
        await adapter.destroy(id)
        if (grant?.accountId !== undefined) await connections.end({ id, userId: grant.accountId })
      },
    }
  }
}

/** Whether a request asks for the first time; the provider tries again what has just failed, to render the error. */
function firstAttempts(): (request: object | undefined) => boolean {
  const seen = new WeakSet()
  return (request) => {
    if (request === undefined) return true
    const isFirst = !seen.has(request)
    seen.add(request)
    return isFirst
  }
}
