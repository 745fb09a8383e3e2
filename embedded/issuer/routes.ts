/** The calls to Google's Identity Toolkit and Secure Token Service that the Firebase SDKs make here. */
import cors from '@fastify/cors'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Account, type Accounts, IdentityError } from './accounts.ts'
import type { KeyRing } from './keys.ts'
import type { Tokens } from './tokens.ts'

export type KeyEndpointState = 'ok' | 'hang' | number
type Body = Record<string, unknown>

/** What the routes use to answer. */
export interface Surface {
  keys: KeyRing
  accounts: Accounts
  tokens: Tokens
  /** The credential of firebase-admin. */
  adminToken: string
  keyMaxAgeSeconds: number
  keyEndpoint: { state: KeyEndpointState }
  /** Whether firebase-admin's look-ups of users work. */
  lookup: { state: 'ok' | 'fail' }
}

/** The server of an issuer; it does not listen yet. */
export async function createServer(surface: Surface): Promise<FastifyInstance> {
  const app = Fastify({
    forceCloseConnections: true,
    // The Firebase JS SDK's connectAuthEmulator puts the host of the real service in front of the path.
    rewriteUrl: (request) => (request.url ?? '/').replace(/^\/(identitytoolkit|securetoken)\.googleapis\.com\//, '/'),
  })
  await app.register(cors)
  readAnyBody(app)
  answerErrors(app)
  keyRoutes(app, surface)
  userRoutes(app, surface)
  adminRoutes(app, surface)
  return app
}

/** Tells JSON from forms by content, because curl sends JSON as a form unless told otherwise. */
function readAnyBody(app: FastifyInstance) {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, async (_request: unknown, text: string): Promise<Body> => {
    if (!text.trimStart().startsWith('{')) return Object.fromEntries(new URLSearchParams(text))
    try {
      return JSON.parse(text) as Body
    } catch {
      throw new IdentityError('Invalid JSON payload received.')
    }
  })
}

function answerErrors(app: FastifyInstance) {
  const shape = (code: number, message: string) => ({
    error: { code, message, errors: [{ message, domain: 'global', reason: 'invalid' }] },
  })
  app.setErrorHandler<Error & { statusCode?: number }>((error, _request, reply) => {
    const status = error instanceof IdentityError ? error.status : (error.statusCode ?? 500)
    return reply.code(status).send(shape(status, error.message))
  })
  app.setNotFoundHandler((_request, reply) => reply.code(404).send(shape(404, 'NOT_FOUND')))
}

function keyRoutes(app: FastifyInstance, { keys, keyEndpoint, keyMaxAgeSeconds }: Surface) {
  app.get('/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com', (_request, reply) => {
    if (keyEndpoint.state === 'hang') return reply.hijack()
    if (keyEndpoint.state !== 'ok') throw new IdentityError('UNAVAILABLE', keyEndpoint.state)
    return reply.header('cache-control', `public, max-age=${keyMaxAgeSeconds}`).send(keys.published())
  })
}

/** The calls of people who sign in with a password or have an ID token. */
function userRoutes(app: FastifyInstance, { accounts, tokens }: Surface) {
  app.post<{ Body: Body }>('/v1/accounts::signInWithPassword', async ({ body }) => {
    const email = text(body, 'email', 'INVALID_EMAIL')
    const password = text(body, 'password', 'MISSING_PASSWORD')
    const account = accounts.findByEmail(email)
    if (!account || !(await accounts.passwordMatches(account, password))) {
      throw new IdentityError('INVALID_LOGIN_CREDENTIALS')
    }
    if (account.disabled) throw new IdentityError('USER_DISABLED')
    return { kind: 'identitytoolkit#VerifyPasswordResponse', registered: true, ...tokens.open(account) }
  })

  app.post<{ Body: Body }>('/v1/accounts::lookup', async ({ body }) => {
    const account = tokens.authenticate(text(body, 'idToken', 'MISSING_ID_TOKEN'))
    return { kind: 'identitytoolkit#GetAccountInfoResponse', users: [record(account)] }
  })

  app.post<{ Body: Body }>('/v1/token', async ({ body }) => {
    if (body?.grant_type !== 'refresh_token') throw new IdentityError('INVALID_GRANT_TYPE')
    const refreshToken = text(body, 'refresh_token', 'MISSING_REFRESH_TOKEN')
    const { account, authTime } = tokens.resume(refreshToken)
    const idToken = tokens.idToken(account.uid, { auth_time: authTime })
    return {
      access_token: idToken,
      expires_in: tokens.lifetime,
      token_type: 'Bearer',
      refresh_token: refreshToken,
      id_token: idToken,
      user_id: account.uid,
      project_id: tokens.projectId,
    }
  })
}

/** The call with which firebase-admin checks that a session is still valid; only for the credential of its options. */
function adminRoutes(app: FastifyInstance, { accounts, tokens, adminToken, lookup }: Surface) {
  app.post<{ Body: Body }>(`/v1/projects/${tokens.projectId}/accounts::lookup`, async ({ body, headers }) => {
    if (headers.authorization !== `Bearer ${adminToken}`) throw new IdentityError('UNAUTHENTICATED', 401)
    if (lookup.state === 'fail') throw new IdentityError('UNAVAILABLE', 400)
    const users = list(body, 'localId').flatMap((uid) => accounts.find(uid) ?? [])
    return {
      kind: 'identitytoolkit#GetAccountInfoResponse',
      ...(users.length > 0 && { users: users.map(record) }),
    }
  })
}

function record(account: Account) {
  const { uid, email, displayName, createdAt, lastLoginAt } = account
  return {
    localId: uid,
    email,
    ...(displayName && { displayName }),
    emailVerified: true,
    disabled: account.disabled,
    validSince: String(account.validSince),
    createdAt: String(createdAt),
    ...(lastLoginAt && { lastLoginAt: String(lastLoginAt) }),
    providerUserInfo: [{ providerId: 'password', email, rawId: email, federatedId: email }],
  }
}

function text(body: Body | undefined, name: string, missing: string): string {
  const value = body?.[name]
  if (typeof value !== 'string' || value === '') throw new IdentityError(missing)
  return value
}

function list(body: Body | undefined, name: string): unknown[] {
  const value = body?.[name]
  return Array.isArray(value) ? value : []
}
