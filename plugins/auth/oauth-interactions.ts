import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { onlyBusiness } from '../../src/audit/audit-row.ts'
import { allows } from '../../src/auth/assistant-policy.ts'
import { chosenBusinesses } from '../../src/auth/memberships.ts'
import { type AuthorizedBusiness, describeBusiness, scopesOfMemberships } from '../../src/auth/principal.ts'
import { CLIENTS_SCOPE, intersectScopes, type OAuthScope, scopesOf, scopesOfRole } from '../../src/auth/scopes.ts'
import type { SignIn } from '../../src/auth/sign-in.ts'
import { ServiceError } from '../../src/errors.ts'
import { clientHostOf, clientNameOf, placeOf, publisherOf } from '../../src/oauth/clients.ts'
import type { ConnectedUser, Connections } from '../../src/oauth/connections.ts'
import {
  type Consent,
  ConsentSchema,
  type InteractionDetails,
  InteractionDetailsSchema,
} from '../../src/oauth/interaction-details.ts'
import { errors, type Interaction, type Provider } from '../../src/oauth/oidc-provider.ts'
import { describeProblem, languageOf } from '../../src/oauth/problems.ts'
import { clean } from '../../src/results/text.ts'
import { signInPageHeaders } from './pages.ts'

export interface InteractionOptions {
  provider: Provider
  connections: Connections
  signIn: SignIn
}

/** How long an approved client has for fetching its first token; from then on the token counts. */
const APPROVED_TTL_SECONDS = 300
const hide = { hide: true }
const params = Type.Object({ uid: Type.String({ maxLength: 64 }) })

/** The pages between an authorization request and its answer: the merchant signs in, then approves the client. */
const interactions: FastifyPluginAsyncTypebox<InteractionOptions> = async (app, options) => {
  const { provider, connections, signIn } = options
  const helmet = signInPageHeaders(signIn)
  // Signing in starts a new session, even if somebody else had one in this browser.
  const endedSession = ['', '.sig'].map((end) => `${provider.cookieName('session')}${end}=; path=/oauth; max-age=0`)

  app.addHook('onSend', async (request, reply) => {
    if (request.routeOptions.url?.includes(':uid')) reply.header('cache-control', 'no-store')
  })

  app.get('/oauth/interaction/:uid', { helmet, schema: { ...hide, params } }, async (request, reply) => {
    try {
      // Fails here, with its status, if the request cannot proceed. Otherwise the page asks for the details itself.
      await detailsOf(request, reply)
      return app.pages.send(reply, 'oauth/index.html')
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      if (error.retryAfterSeconds !== undefined) reply.header('retry-after', error.retryAfterSeconds)
      const language = languageOf(provider.createContext(request.raw, reply.raw))
      const page = app.pages.error(describeProblem(error, language, request.id), language)
      return reply.code(error.statusCode).type('text/html').send(page)
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
      const { userId, signedInAt } = await app.credentialGuard.check(request, firebaseIdToken, () =>
        app.tokens.signIn(firebaseIdToken),
      )
      reply.header('set-cookie', endedSession)
      const ts = signedInAt.getTime() / 1000
      return finish(request, reply, { login: { accountId: userId, remember: false, ts } })
    },
  )

  const confirmSchema = { ...hide, params, body: ConsentSchema }
  app.post('/oauth/interaction/:uid/confirm', { schema: confirmSchema }, async (request, reply) => {
    const interaction = await interactionOf(request, reply, 'consent')
    const client = await clientOf(interaction)
    const user = await userOf(interaction, client)
    const asked = scopesOf(String(interaction.params.scope))
    const { scopes, clientData, businessIds, businessId } = narrowed(asked, user, request.body)
    const granted: string[] = clientData ? [...scopes, CLIENTS_SCOPE] : scopes
    const refused = asked.filter((scope) => !granted.includes(scope))

    const { client_id: clientId, resource } = interaction.params as { client_id: string; resource: string }
    const grant = new provider.Grant({ accountId: user.userId, clientId })
    // The id of the connection's row, which is a UUID.
    grant.jti = randomUUID()
    const connection = {
      id: grant.jti,
      userId: user.userId,
      signedInAt: signedInAt(interaction),
      ...{ scopes, clientData, businessIds, businessId },
    }
    const label = clientNameOf(client.clientName)
    const clientHost = hostOf(interaction, client)
    await connections.open({ ...connection, label, clientHost }, APPROVED_TTL_SECONDS)
    grant.addOIDCScope(granted.join(' '))
    grant.addResourceScope(resource, granted.join(' '))
    if (refused.length > 0) {
      grant.rejectOIDCScope(refused.join(' '))
      grant.rejectResourceScope(resource, refused.join(' '))
    }
    return finish(request, reply, { consent: { grantId: await grant.save() } })
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
    const redirectUri = String(interaction.params.redirect_uri)
    const client = await clientOf(interaction)
    const asking = {
      client: clientNameOf(client.clientName),
      place: placeOf(redirectUri),
    }
    if (interaction.prompt.name === 'login') return { prompt: 'login', ...asking, signIn }

    const user = await userOf(interaction, client)
    const asked = scopesOf(String(interaction.params.scope))
    return {
      prompt: 'consent',
      ...asking,
      publisher: publisherOf(client.clientId),
      businesses: user.businesses.map(({ id, name, role }) => ({
        id,
        name: clean(name),
        role,
        scopes: intersectScopes(asked, scopesOfRole(role)),
      })),
      barred: user.barred.map(({ name }) => clean(name)),
      scopes: intersectScopes(asked, scopesOfMemberships(user.businesses)),
      clientData: asked.includes(CLIENTS_SCOPE),
    }
  }

  async function clientOf({ params }: Interaction) {
    const client = await provider.Client.find(String(params.client_id))
    if (client === undefined) throw expired()
    return client
  }

  function hostOf({ params }: Interaction, { clientId }: { clientId: string }): string {
    return clientHostOf(clientId, String(params.redirect_uri))
  }

  /** Who has signed in, with the businesses that they can connect the client to, and those whose owner bars it. */
  async function userOf(
    interaction: Interaction,
    client: { clientId: string },
  ): Promise<ConnectedUser & { barred: AuthorizedBusiness[] }> {
    const accountId = interaction.session?.accountId
    const user = accountId === undefined ? null : await connections.findUser(accountId)
    if (user === null) throw new ServiceError('forbidden', 'You have no active membership in any business.')
    const policies = await connections.findPolicies(user.userId)
    const host = hostOf(interaction, client)
    const isBarred = ({ id }: AuthorizedBusiness) => {
      const policy = policies.get(id)
      return policy !== undefined && !allows(policy, host)
    }
    return {
      ...user,
      businesses: user.businesses.filter((business) => !isBarred(business)),
      barred: user.businesses.filter(isBarred),
    }
  }
}

export default fp(interactions, {
  name: 'oauth-interactions',
  dependencies: ['@fastify/helmet', 'errors', 'audit', 'credential-guard', 'tokens', 'pages'],
  encapsulate: true,
})

/**
 * What a connection gets: what was asked for, as far as the roles allow it and the merchant agrees.
 * @throws ServiceError `invalid_argument` for a foreign business, or when nothing is left
 */
function narrowed(asked: readonly OAuthScope[], user: ConnectedUser, consent: Consent) {
  const businessIds = consent.businessIds ?? null
  const businesses = chosenBusinesses(user.businesses, businessIds)
  if (businessIds !== null && businesses.length !== businessIds.length) {
    const choices = user.businesses.map(describeBusiness).join('; ')
    throw new ServiceError('invalid_argument', `businessIds: choose among ${choices}.`)
  }
  const offered = intersectScopes(asked, scopesOfMemberships(businesses))
  const scopes = intersectScopes(consent.scopes, offered)
  if (scopes.length === 0) {
    const choices = offered.length === 0 ? 'nothing' : offered.join(', ')
    throw new ServiceError(
      'invalid_argument',
      `scopes: nothing is left to allow. In the chosen businesses, your role allows ${choices} of what is asked for.`,
    )
  }
  const clientData = consent.clientData === true && asked.includes(CLIENTS_SCOPE)
  return { scopes, clientData, businessIds, businessId: onlyBusiness(businesses) }
}

function expired(): ServiceError {
  return new ServiceError('not_found', 'This sign-in has expired or was finished already.')
}

/** When the person of a consent proved to Firebase who they are. */
function signedInAt({ lastSubmission }: Interaction): Date {
  const seconds = lastSubmission?.login?.ts
  if (seconds === undefined) throw expired()
  return new Date(seconds * 1000)
}
