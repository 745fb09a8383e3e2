import { randomUUID } from 'node:crypto'
import helmet from '@fastify/helmet'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { LogController } from 'fastify'
import type { AppOptions as FirebaseAppOptions } from 'firebase-admin/app'
import apiKeys from '../plugins/auth/api-keys.ts'
import settings from '../plugins/auth/assistant-page.ts'
import assistantRoutes from '../plugins/auth/assistant-routes.ts'
import credentialGuard from '../plugins/auth/credential-guard.ts'
import firebase from '../plugins/auth/firebase.ts'
import jwt from '../plugins/auth/jwt.ts'
import keyRoutes from '../plugins/auth/key-routes.ts'
import listing from '../plugins/auth/listing.ts'
import oauth from '../plugins/auth/oauth.ts'
import connections from '../plugins/auth/oauth-connections.ts'
import pages from '../plugins/auth/pages.ts'
import principals from '../plugins/auth/principals.ts'
import tokenRoutes from '../plugins/auth/token-routes.ts'
import tokens from '../plugins/auth/tokens.ts'
import accessChanges from '../plugins/data/access-changes.ts'
import audit from '../plugins/data/audit.ts'
import postgres from '../plugins/data/postgres.ts'
import redis from '../plugins/data/redis.ts'
import redisSessions from '../plugins/data/redis-sessions.ts'
import sessions from '../plugins/data/sessions.ts'
import auditCaller from '../plugins/http/audit-caller.ts'
import callerContext from '../plugins/http/caller-context.ts'
import docs from '../plugins/http/docs.ts'
import errors from '../plugins/http/errors.ts'
import health from '../plugins/http/health.ts'
import hostCheck from '../plugins/http/host-check.ts'
import metrics from '../plugins/http/metrics.ts'
import pressure from '../plugins/http/pressure.ts'
import rateLimit from '../plugins/http/rate-limit.ts'
import requestLog from '../plugins/http/request-log.ts'
import shutdown from '../plugins/http/shutdown.ts'
import connect from '../plugins/mcp/connect-endpoint.ts'
import mcp from '../plugins/mcp/endpoint.ts'
import exportLinks from '../plugins/mcp/export-links.ts'
import exportRoutes from '../plugins/mcp/exports.ts'
import questions from '../plugins/mcp/questions.ts'
import registry from '../plugins/mcp/registry.ts'
import serverInfo from '../plugins/mcp/server-info.ts'
import mcpStreams from '../plugins/mcp/streams.ts'
import toolCalls from '../plugins/mcp/tool-calls.ts'
import { missingForOAuth, signInOf } from './auth/sign-in-config.ts'
import { type Config, trustedProxies } from './config.ts'
import type { Network } from './oauth/public-fetch.ts'
import { createRedisOAuthStore } from './oauth/redis-store.ts'
import type { OAuthStore } from './oauth/store.ts'
import { requestTimeout } from './request-timeout.ts'
import type { SessionEvents } from './sessions/events.ts'
import type { SessionStore } from './sessions/store.ts'
import { type Clock, systemClock } from './time/clock.ts'
import { VALIDATION } from './validation.ts'

export interface AppOptions {
  config: Config
  clock?: Clock
  /** Replaces Redis, for a single instance. */
  sessions?: { store: SessionStore; events: SessionEvents }
  /** Replaces Redis for the authorization server, too. */
  oauthStore?: OAuthStore
  /** Replaces the Firebase credentials from the configuration. */
  firebaseApp?: FirebaseAppOptions
  /** A development issuer that the pages sign in with instead of Firebase. */
  identityUrl?: string
  /** Replaces the internet, where the authorization server fetches the metadata documents of clients. */
  network?: Network
  /** Role to assume in the database, for a login that has more rights. */
  databaseRole?: string
  /** How long a request may take to arrive. */
  requestTimeoutMs?: number
  /** Level and destination of the log; credentials are redacted in any case. */
  logger?: { level?: string; stream?: { write(line: string): void } }
}

/** The app with all its plugins; nothing listens yet. */
export async function buildApp(options: AppOptions) {
  const { config, clock = systemClock } = options
  const app = Fastify({
    logger: { level: config.LOG_LEVEL, redact: REDACTED, ...options.logger },
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.BODY_LIMIT_BYTES,
    ...requestTimeout(options.requestTimeoutMs),
    // People type /mcp/, and some clients add the slash. A redirect would cost them the body or the credential.
    routerOptions: { ignoreTrailingSlash: true },
    trustProxy: trustedProxies(config),
    genReqId: () => randomUUID(),
    ajv: { customOptions: VALIDATION },
    forceCloseConnections: 'idle',
    // A request that arrives during the shutdown is served like any other.
    return503OnClosing: false,
  }).withTypeProvider<TypeBoxTypeProvider>()

  try {
    await app.register(shutdown)
    await app.register(requestLog)
    await app.register(errors)
    await app.register(auditCaller)
    await app.register(pressure, { config })
    await app.register(hostCheck, { config })
    await app.register(metrics, { config })

    await app.register(postgres, { config, ...(options.databaseRole ? { role: options.databaseRole } : {}) })
    await app.register(audit, { clock })
    await app.register(accessChanges, { config })
    if (options.sessions === undefined) {
      await app.register(redis, { config })
      await app.register(redisSessions)
    } else {
      await app.register(sessions, options.sessions)
    }
    const store = options.sessions === undefined ? { redis: app.redis } : {}
    await app.register(rateLimit, { config, ...store })
    await app.register(credentialGuard, { config, ...store })

    await app.register(firebase, { config, clock, ...(options.firebaseApp ? { appOptions: options.firebaseApp } : {}) })
    await app.register(jwt, { config, clock })
    await app.register(principals, { config, clock })
    await app.register(tokens, { config, clock })
    await app.register(connections, { clock })
    await app.register(apiKeys, { clock })

    await app.register(serverInfo, { config })
    await app.register(questions, { config })
    await app.register(registry)
    await app.register(toolCalls)
    await app.register(exportLinks, { clock, ...store })
    await app.register(mcpStreams, { config, clock })

    const newestProtocol = config.MCP_NEWEST_PROTOCOL
    await app.register(mcp, {
      clock,
      path: '/mcp',
      publicUrl: config.PUBLIC_URL,
      newestProtocol,
      authenticate: app.principals.authenticate,
    })
    const missing = missingForOAuth(config, options.identityUrl)
    const signIn = missing.length === 0 ? signInOf(config, options.identityUrl) : null
    if (signIn !== null) await app.register(connect, { config, clock })
    else app.log.warn(`OAuth and /mcp/connect are off, because these settings are missing: ${missing.join(', ')}`)
    // Without the MCP endpoint, which sets its own headers: Helmet costs time and memory on every request.
    await app.register(async (others) => {
      await others.register(helmet)
      await others.register(docs)
      await others.register(health)
      await others.register(exportRoutes, { clock })
      // Not for the probes, which come all the time.
      await others.register(async (audited) => {
        await audited.register(callerContext)
        await audited.register(tokenRoutes)
        await audited.register(keyRoutes)
        await audited.register(assistantRoutes, { clock })
        await audited.register(pages)
        await audited.register(listing, { config, clock })
        await audited.register(settings, {
          config,
          ...(options.identityUrl ? { identityUrl: options.identityUrl } : {}),
        })
        if (signIn === null) return
        await audited.register(oauth, {
          config,
          clock,
          store: options.oauthStore ?? createRedisOAuthStore(app.redis),
          signIn,
          ...(options.network ? { network: options.network } : {}),
        })
      })
    })
    await app.ready()
    return app
  } catch (error) {
    // Connections opened before the failure must not keep the process alive.
    await app.close()
    throw error
  }
}

/** Headers and fields that carry credentials, wherever they are logged. */
const REDACTED = [
  'req.headers.authorization',
  'headers.authorization',
  'authorization',
  'firebaseIdToken',
  'accessToken',
  'rawKey',
  '*.authorization',
  '*.firebaseIdToken',
  '*.accessToken',
  '*.rawKey',
]
