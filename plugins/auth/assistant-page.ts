import { existsSync } from 'node:fs'
import path from 'node:path'
import type { FastifyHelmetOptions } from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { PageAccount, PageSettings } from '../../src/auth/assistant-page.ts'
import { bearerOf } from '../../src/auth/bearer.ts'
import { scopesOfMemberships } from '../../src/auth/principal.ts'
import { managesKeys } from '../../src/auth/scopes.ts'
import type { Config } from '../../src/config.ts'
import { ServiceError } from '../../src/errors.ts'
import { PAGE_FOLDER } from '../../src/folders.ts'

export interface SettingsOptions {
  config: Config
  /** A development issuer in Firebase's place. */
  identityUrl?: string
  /** Where the built page lies. */
  folder?: string
}

const FILES = {
  '/settings/mcp': 'index.html',
  '/settings/mcp/v1': 'index.html',
  '/settings/page.js': 'page.js',
  '/settings/page.css': 'page.css',
}

/** The AI Assistant page: tokens at `/settings/mcp`, API keys at `/settings/mcp/v1`. */
const settings: FastifyPluginAsync<SettingsOptions> = async (app, { config, identityUrl, folder = PAGE_FOLDER }) => {
  const firebase = firebaseOf(config, identityUrl)
  const helmet = pageHeaders(firebase?.authDomain ?? null, identityUrl)
  const isBuilt = existsSync(path.join(folder, 'index.html'))
  if (isBuilt) await app.register(fastifyStatic, { root: folder, serve: false, preCompressed: true })
  else app.log.warn('The AI Assistant page is not built: npm run build makes it.')

  app.addHook('onRequest', app.checkHost)

  for (const [url, file] of Object.entries(FILES)) {
    app.get(url, { helmet, schema: { hide: true } }, (_request, reply) => {
      if (isBuilt) return reply.sendFile(file)
      throw new ServiceError('unavailable', 'The AI Assistant page is missing from this installation.', {
        hint: 'The operator builds it with npm run build and restarts the service.',
      })
    })
  }

  app.get('/settings/mcp/settings.json', { schema: { hide: true } }, (request, reply): PageSettings => {
    reply.header('cache-control', 'no-store')
    return { mcpUrl: mcpUrlOf(request), firebase, identityUrl: identityUrl ?? null }
  })

  const guard = { onRequest: app.rateLimits.checkFailures, onSend: app.rateLimits.countFailure }
  app.get(
    '/settings/mcp/account',
    { ...guard, schema: { hide: true } },
    async (request, reply): Promise<PageAccount> => {
      reply.header('cache-control', 'no-store')
      const { businesses } = await app.tokens.signIn(bearerOf(request))
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

function firebaseOf(config: Config, identityUrl: string | undefined): PageSettings['firebase'] {
  const apiKey = config.FIREBASE_API_KEY ?? (identityUrl === undefined ? undefined : 'development')
  if (apiKey === undefined) return null
  return {
    apiKey,
    projectId: config.FIREBASE_PROJECT_ID ?? null,
    // A development issuer has no pop-up to offer.
    authDomain: identityUrl === undefined ? (config.FIREBASE_AUTH_DOMAIN ?? null) : null,
  }
}

function pageHeaders(authDomain: string | null, identityUrl: string | undefined): FastifyHelmetOptions {
  const identityHosts =
    identityUrl === undefined
      ? ['https://identitytoolkit.googleapis.com', 'https://securetoken.googleapis.com']
      : [new URL(identityUrl).origin]
  return {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'script-src': ["'self'", ...(authDomain === null ? [] : ['https://apis.google.com'])],
        'style-src': ["'self'"],
        'img-src': ['data:'],
        'connect-src': ["'self'", ...identityHosts],
        'frame-src': authDomain === null ? ["'none'"] : [`https://${authDomain}`],
        'form-action': ["'none'"],
        'base-uri': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    // The pop-up tells its opener that the person has signed in.
    crossOriginOpenerPolicy: { policy: authDomain === null ? 'same-origin' : 'same-origin-allow-popups' },
    // Firebase API keys are commonly restricted to the sites that may use them.
    referrerPolicy: { policy: 'strict-origin' },
    xFrameOptions: { action: 'deny' },
  }
}

export default fp(settings, {
  name: 'assistant-page',
  dependencies: ['@fastify/helmet', 'errors', 'host-check', 'rate-limit', 'tokens'],
  encapsulate: true,
})
