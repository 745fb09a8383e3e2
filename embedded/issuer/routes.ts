/** The calls to Google's Identity Toolkit and Secure Token Service that the Firebase SDKs make here. */
import { randomBytes } from 'node:crypto'
import cors from '@fastify/cors'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Account, type Accounts, IdentityError } from './accounts.ts'
import type { KeyRing } from './keys.ts'
import type { SendMessage } from './messages.ts'
import { type Picks, popUpRoutes } from './pop-up.ts'
import { enrolments, type SecondFactors } from './second-factors.ts'
import type { Tokens } from './tokens.ts'

export type KeyEndpointState = 'ok' | 'hang' | number
type Body = Record<string, unknown>

/** What the routes use to answer. */
export interface Surface {
  keys: KeyRing
  accounts: Accounts
  tokens: Tokens
  picks: Picks
  secondFactors: SecondFactors
  sendMessage: SendMessage
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
  popUpRoutes(app, surface.accounts, surface.picks)
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

/** The calls of people who sign in, or have an ID token. */
function userRoutes(app: FastifyInstance, { accounts, tokens, picks, secondFactors, sendMessage }: Surface) {
  const resetCodes = new Map<string, Account>()

  /** A session, or what it takes to begin one. */
  function begin(account: Account, provider: string) {
    if (account.disabled) throw new IdentityError('USER_DISABLED')
    return account.secondFactors.length > 0 ? secondFactors.ask(account, provider) : tokens.open(account, { provider })
  }

  app.post<{ Body: Body }>('/v1/accounts::signInWithPassword', async ({ body }) => {
    const email = text(body, 'email', 'INVALID_EMAIL')
    const password = text(body, 'password', 'MISSING_PASSWORD')
    const account = await accounts.authenticate(email, password)
    return { kind: 'identitytoolkit#VerifyPasswordResponse', registered: true, ...begin(account, 'password') }
  })

  app.post<{ Body: Body }>('/v1/accounts::signInWithIdp', async ({ body }) => {
    const { account, provider } = picks.take(text(body, 'requestUri', 'MISSING_REQUEST_URI'))
    const kind = 'identitytoolkit#VerifyAssertionResponse'
    if (!account.providers.includes(provider)) {
      return { kind, needConfirmation: true, email: account.email, verifiedProvider: account.providers }
    }
    return { kind, providerId: provider, federatedId: account.uid, ...begin(account, provider) }
  })

  app.post<{ Body: Body }>('/v2/accounts/mfaSignIn::start', async ({ body }) => {
    return { phoneResponseInfo: { sessionInfo: secondFactors.send(body.mfaPendingCredential, body.mfaEnrollmentId) } }
  })

  app.post<{ Body: Body }>('/v2/accounts/mfaSignIn::finalize', async ({ body }) => {
    const phone = body.phoneVerificationInfo as Body | undefined
    const app = body.totpVerificationInfo as Body | undefined
    const { account, method } = secondFactors.finish(
      body.mfaPendingCredential,
      phone === undefined
        ? { enrolmentId: body.mfaEnrollmentId, code: app?.verificationCode }
        : { sessionInfo: phone.sessionInfo, code: phone.code },
    )
    const { idToken, refreshToken } = tokens.open(account, method)
    return { idToken, refreshToken }
  })

  // A real project has a site key; with a development issuer the SDK is told not to load reCAPTCHA.
  app.get('/v1/recaptchaParams', async () => ({ recaptchaSiteKey: 'development' }))

  app.post<{ Body: Body }>('/v1/accounts::sendOobCode', async ({ body }) => {
    const account = accounts.findByEmail(text(body, 'email', 'MISSING_EMAIL'))
    if (body.requestType !== 'PASSWORD_RESET') throw new IdentityError('INVALID_REQ_TYPE')
    // As in a project without protection against guessing of addresses: the page must hide the difference itself.
    if (!account) throw new IdentityError('EMAIL_NOT_FOUND')
    const code = randomBytes(16).toString('hex')
    resetCodes.set(code, account)
    sendMessage({ to: account.email, kind: 'reset-password', code })
    return { kind: 'identitytoolkit#GetOobConfirmationCodeResponse', email: account.email }
  })

  app.post<{ Body: Body }>('/v1/accounts::resetPassword', async ({ body }) => {
    const code = text(body, 'oobCode', 'MISSING_OOB_CODE')
    const account = resetCodes.get(code)
    if (!account) throw new IdentityError('INVALID_OOB_CODE')
    await accounts.setPassword(account, text(body, 'newPassword', 'MISSING_PASSWORD'))
    resetCodes.delete(code)
    return { kind: 'identitytoolkit#ResetPasswordResponse', email: account.email, requestType: 'PASSWORD_RESET' }
  })

  app.post<{ Body: Body }>('/v1/accounts::lookup', async ({ body }) => {
    const account = tokens.authenticate(text(body, 'idToken', 'MISSING_ID_TOKEN'))
    return { kind: 'identitytoolkit#GetAccountInfoResponse', users: [record(account)] }
  })

  app.post<{ Body: Body }>('/v1/token', async ({ body }) => {
    if (body?.grant_type !== 'refresh_token') throw new IdentityError('INVALID_GRANT_TYPE')
    const refreshToken = text(body, 'refresh_token', 'MISSING_REFRESH_TOKEN')
    const { account, idToken } = tokens.resume(refreshToken)
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
    ...(account.secondFactors.length > 0 && { mfaInfo: enrolments(account) }),
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
