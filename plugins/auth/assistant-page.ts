import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { PageAccountSchema, PageSettingsSchema } from '../../src/auth/assistant-page.ts'
import { bearerOf } from '../../src/auth/bearer.ts'
import { scopesOfMemberships } from '../../src/auth/principal.ts'
import { managesKeys } from '../../src/auth/scopes.ts'
import { signInOf } from '../../src/auth/sign-in-config.ts'
import type { Config } from '../../src/config.ts'
import { signInPageHeaders } from './pages.ts'

export interface SettingsOptions {
  config: Config
  /** A development issuer in Firebase's place. */
  identityUrl?: string
}

const FILES = {
  '/settings/mcp': 'settings/index.html',
  '/settings/mcp/v1': 'settings/index.html',
  '/settings/page.js': 'settings/page.js',
  '/settings/page.css': 'settings/page.css',
}

/** The AI Assistant page: tokens at `/settings/mcp`, API keys at `/settings/mcp/v1`. */
const settings: FastifyPluginAsyncTypebox<SettingsOptions> = async (app, { config, identityUrl }) => {
  const signIn = signInOf(config, identityUrl)
  const helmet = signInPageHeaders(signIn)

  app.addHook('onRequest', app.checkHost)

  for (const [url, file] of Object.entries(FILES)) {
    app.get(url, { helmet, schema: { hide: true } }, (_request, reply) => app.pages.send(reply, file))
  }

  app.get(
    '/settings/mcp/settings.json',
    { schema: { hide: true, response: { 200: PageSettingsSchema } } },
    (request, reply) => {
      reply.header('cache-control', 'no-store')
      return { mcpUrl: mcpUrlOf(request), signIn }
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
