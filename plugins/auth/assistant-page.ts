import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { PageAccountSchema, PageSettingsSchema } from '../../src/auth/assistant-page.ts'
import { bearerOf } from '../../src/auth/bearer.ts'
import { scopesOfMemberships } from '../../src/auth/principal.ts'
import { managesKeys } from '../../src/auth/scopes.ts'
import { missingForOAuth, signInOf } from '../../src/auth/sign-in-config.ts'
import type { Config } from '../../src/config.ts'
import { oauthAddresses } from '../../src/oauth/addresses.ts'
import { signInPageHeaders } from './pages.ts'

export interface SettingsOptions {
  config: Config
  /** A development issuer in Firebase's place. */
  identityUrl?: string
}

const PAGE = 'settings/index.html'
/** One page with several views, which it tells apart by the path. */
const VIEWS = ['', '/assistants', '/activity', '/token', '/v1'].map((view) => `/settings/mcp${view}`)

/** The AI Assistant page: how to connect at `/settings/mcp`, its other views below, API keys at `/settings/mcp/v1`. */
const settings: FastifyPluginAsyncTypebox<SettingsOptions> = async (app, { config, identityUrl }) => {
  const signIn = signInOf(config, identityUrl)
  const helmet = signInPageHeaders(signIn)
  const hasOAuth = missingForOAuth(config, identityUrl).length === 0
  const connectUrl = hasOAuth ? oauthAddresses(config).resource : null
  const links = {
    website: config.WEBSITE_URL ?? null,
    privacy: config.PRIVACY_URL ?? null,
    terms: config.TERMS_URL ?? null,
    support: config.SUPPORT_URL ?? null,
  }

  app.addHook('onRequest', app.checkHost)

  for (const url of VIEWS) {
    app.get(url, { helmet, schema: { hide: true } }, (_request, reply) => app.pages.send(reply, PAGE))
  }
  // Where people look for it.
  for (const url of ['/', '/settings']) {
    app.get(url, { schema: { hide: true } }, (_request, reply) => reply.redirect('/settings/mcp'))
  }

  app.get(
    '/settings/mcp/settings.json',
    { schema: { hide: true, response: { 200: PageSettingsSchema } } },
    (request, reply) => {
      reply.header('cache-control', 'no-store')
      return { mcpUrl: mcpUrlOf(request), connectUrl, links, signIn }
    },
  )

  app.get(
    '/settings/mcp/account',
    { schema: { hide: true, response: { 200: PageAccountSchema } } },
    async (request, reply) => {
      reply.header('cache-control', 'no-store')
      const credential = bearerOf(request)
      const { businesses } = await app.credentialGuard.check(request, credential, () => app.tokens.signIn(credential))
      return {
        scopes: scopesOfMemberships(businesses),
        businesses: businesses.map(({ id, name, role }) => ({ id, name, role, managesKeys: managesKeys(role) })),
      }
    },
  )

  function mcpUrlOf(request: FastifyRequest): string {
    return new URL('/mcp', config.PUBLIC_URL ?? `${request.protocol}://${request.host}`).href
  }
}

export default fp(settings, {
  name: 'assistant-page',
  dependencies: ['@fastify/helmet', 'errors', 'host-check', 'credential-guard', 'tokens', 'pages'],
  encapsulate: true,
})
