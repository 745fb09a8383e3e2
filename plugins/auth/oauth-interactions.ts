import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { onlyBusiness } from '../../src/audit/audit-row.ts'
import { scopesOfMemberships } from '../../src/auth/principal.ts'
import { intersectScopes, SCOPES, type Scope } from '../../src/auth/scopes.ts'
import type { Config } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import { clientNameOf, destinationOf } from '../../src/oauth/clients.ts'
import type { ConnectedUser, Connections } from '../../src/oauth/connections.ts'
import { type InteractionDetails, InteractionDetailsSchema } from '../../src/oauth/interaction-details.ts'
import { errors, type Interaction, type Provider } from '../../src/oauth/oidc-provider.ts'
import { pageHeaders } from './pages.ts'

export interface InteractionOptions {
  provider: Provider
  connections: Connections
  config: Config
  /** A development issuer in Firebase's place. */
  identityUrl?: string
}

const FIREBASE_IDENTITY_URL = 'https://identitytoolkit.googleapis.com'
const hide = { hide: true }
const params = Type.Object({ uid: Type.String({ maxLength: 64 }) })

/** The pages between an authorization request and its answer: the merchant signs in, then approves the client. */
const interactions: FastifyPluginAsyncTypebox<InteractionOptions> = async (app, options) => {
  const { provider, connections, config, identityUrl } = options
  const signInUrl = new URL('/v1/accounts:signInWithPassword', identityUrl ?? FIREBASE_IDENTITY_URL)
  signInUrl.searchParams.set('key', config.FIREBASE_API_KEY ?? '')
  const helmet = pageHeaders({ 'connect-src': ["'self'", signInUrl.origin] })
  // Signing in starts a new session, even if somebody else had one in this browser.
  const endedSession = ['', '.sig'].map((end) => `${provider.cookieName('session')}${end}=; path=/oauth; max-age=0`)

  app.addHook('onSend', async (request, reply) => {
    if (request.routeOptions.url?.includes(':uid')) reply.header('cache-control', 'no-store')
  })
  for (const file of ['oauth/page.js', 'oauth/page.css']) {
    app.get(`/${file}`, { schema: hide }, (_request, reply) => app.pages.send(reply, file))
  }

  app.get('/oauth/interaction/:uid', { helmet, schema: { ...hide, params } }, async (request, reply) => {
    try {
      // Fails here, with its status, if the request cannot proceed. Otherwise the page asks for the details itself.
      await detailsOf(request, reply)
      return app.pages.send(reply, 'oauth/index.html')
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
      return reply.code(error.statusCode).type('text/html').send(app.pages.error(error.message))
    }
  })

  app.get(
    '/oauth/interaction/:uid/details',
    { schema: { ...hide, params, response: { 200: InteractionDetailsSchema } } },
    detailsOf,
  )

  app.post(
    '/oauth/interaction/:uid/login',
    {
      schema: {
        ...hide,
        params,
        body: Type.Object(
          { firebaseIdToken: Type.String({ minLength: 1, maxLength: 8192 }) },
          { additionalProperties: false },
        ),
      },
    },
    async (request, reply) => {
      await interactionOf(request, reply, 'login')
      const { firebaseIdToken } = request.body
      const { userId } = await app.credentialGuard.check(request, firebaseIdToken, () =>
        app.tokens.signIn(firebaseIdToken),
      )
      reply.header('set-cookie', endedSession)
      return finish(request, reply, { login: { accountId: userId, remember: false } })
    },
  )

  app.post('/oauth/interaction/:uid/confirm', { schema: { ...hide, params } }, async (request, reply) => {
    const interaction = await interactionOf(request, reply, 'consent')
    const user = await userOf(interaction)
    const { granted, refused } = scopesFor(interaction, user)
    if (granted.length === 0) throw new ServiceError('forbidden', 'Your role allows nothing of what is asked for.')

    const { client_id: clientId, resource } = interaction.params as { client_id: string; resource: string }
    const grant = new provider.Grant({ accountId: user.userId, clientId })
    // The id of the connection's row, which is a UUID.
    grant.jti = randomUUID()
    grant.addOIDCScope(granted.join(' '))
    grant.addResourceScope(resource, granted.join(' '))
    if (refused.length > 0) {
      grant.rejectOIDCScope(refused.join(' '))
      grant.rejectResourceScope(resource, refused.join(' '))
    }
    const grantId = await grant.save()
    app.audit({
      kind: 'connection',
      action: 'consented',
      principal: `user:${user.userId}`,
      credentialId: grant.jti,
      businessId: onlyBusiness(user.businesses),
    })
    return finish(request, reply, { consent: { grantId } })
  })

  app.post('/oauth/interaction/:uid/abort', { schema: { ...hide, params } }, async (request, reply) => {
    const { session } = await interactionOf(request, reply)
    const principal = session?.accountId === undefined ? null : `user:${session.accountId}`
    app.audit({ kind: 'connection', action: 'declined', principal })
    return finish(request, reply, { error: 'access_denied', error_description: 'The merchant did not allow it.' })
  })

  /**
   * The interaction that this browser is in the middle of, by its signed cookie.
   * @param prompt the step that the request is for
   */
  async function interactionOf(
    request: FastifyRequest,
    reply: FastifyReply,
    prompt?: 'login' | 'consent',
  ): Promise<Interaction> {
    const interaction = await provider.interactionDetails(request.raw, reply.raw).catch((error) => {
      if (error instanceof errors.SessionNotFound) throw expired()
      throw error
    })
    const { uid } = request.params as { uid: string }
    if (interaction.uid !== uid || (prompt !== undefined && interaction.prompt.name !== prompt)) throw expired()
    return interaction
  }

  async function finish(
    request: FastifyRequest,
    reply: FastifyReply,
    result: Parameters<Provider['interactionResult']>[2],
  ) {
    return { redirectTo: await provider.interactionResult(request.raw, reply.raw, result) }
  }

  /** What the page shows. */
  async function detailsOf(request: FastifyRequest, reply: FastifyReply): Promise<InteractionDetails> {
    const interaction = await interactionOf(request, reply)
    const { client_id: clientId, redirect_uri: redirectUri } = interaction.params
    const client = await provider.Client.find(String(clientId))
    if (client === undefined) throw expired()
    const asking = { client: clientNameOf(client.clientName), destination: destinationOf(String(redirectUri)) }
    if (interaction.prompt.name === 'login') return { prompt: 'login', ...asking, signInUrl: signInUrl.href }

    const user = await userOf(interaction)
    const businesses = user.businesses.map(({ name }) => name)
    return { prompt: 'consent', ...asking, businesses, scopes: scopesFor(interaction, user).granted }
  }

  async function userOf({ session }: Interaction): Promise<ConnectedUser> {
    const user = session?.accountId === undefined ? null : await connections.findUser(session.accountId)
    if (user === null) throw new ServiceError('forbidden', 'You have no active membership in any business.')
    return user
  }
}

export default fp(interactions, {
  name: 'oauth-interactions',
  dependencies: ['@fastify/helmet', 'errors', 'audit', 'credential-guard', 'tokens', 'pages'],
  encapsulate: true,
})

function scopesFor({ params }: Interaction, user: ConnectedUser): { granted: Scope[]; refused: Scope[] } {
  const asked = intersectScopes(String(params.scope).split(' ') as Scope[], SCOPES)
  const granted = intersectScopes(asked, scopesOfMemberships(user.businesses))
  return { granted, refused: asked.filter((scope) => !granted.includes(scope)) }
}

function expired(): ServiceError {
  return new ServiceError('not_found', 'This sign-in has expired or was finished already.')
}
