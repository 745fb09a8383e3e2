/**
 * A development identity provider in this process: the few Identity Toolkit calls of the Firebase JS SDK and of
 * firebase-admin, answered with genuinely signed ID tokens, so that the service verifies as it does in production.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyObject,
  randomBytes,
  scrypt,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import { Agent } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { promisify } from 'node:util'
import cors from '@fastify/cors'
import Fastify, { type FastifyInstance } from 'fastify'
import type { AppOptions } from 'firebase-admin/app'

export interface IssuerUser {
  uid: string
  email: string
  password: string
  displayName?: string | undefined
}

export interface IssuerOptions {
  projectId: string
  /** A free one by default. */
  port?: number | undefined
  users?: IssuerUser[] | undefined
  /** Signing keys, the first one signs; issuers that share them accept each other's tokens. Made anew by default. */
  keys?: { kid: string; privateKeyPem: string }[] | undefined
  /** How long verifiers may keep the public keys; 3600 by default. */
  keyMaxAgeSeconds?: number | undefined
  /** Life of an ID token; 3600 by default. */
  tokenTtlSeconds?: number | undefined
}

export interface Issuer {
  readonly url: string
  readonly port: number
  /** Options for firebase-admin's `initializeApp`: its real verification, with this issuer in Google's place. */
  firebaseOptions(): AppOptions
  /** Signs an ID token for a uid, known or not; `claims` replace the regular ones, `key` the issuer's. */
  issueToken(uid: string, claims?: Claims, options?: { key?: SigningKey }): string
  /** Signs with a new key from now on; the old keys stay published only if told so. */
  rotateKeys(options?: { keepOld?: boolean }): Promise<void>
  /** The published public keys, PEM by key id. */
  publicKeys(): Record<string, string>
  /** Lets the key endpoint work, fail with a status, or not answer at all. */
  setKeyEndpoint(state: KeyEndpointState): void
  /** Ends all sessions of a user: the tokens issued up to now are revoked. */
  revoke(uid: string): void
  /** Switches a user off, or on again. */
  disable(uid: string, disabled?: boolean): void
  /** Deletes a user. */
  remove(uid: string): void
  stop(): Promise<void>
}

export interface SigningKey {
  kid: string
  privateKey: KeyObject
}

export type Claims = Record<string, unknown>
export type KeyEndpointState = 'ok' | 'hang' | number
type Body = Record<string, unknown>

interface Account {
  uid: string
  email: string
  displayName: string | undefined
  salt: Buffer
  passwordHash: Buffer
  claims: Claims
  disabled: boolean
  /** Sessions that began before this second are revoked. */
  validSince: number
  createdAt: number
  lastLoginAt: number | undefined
}

/** An error as Firebase's REST API words it. */
class IdentityError extends Error {
  readonly status: number
  constructor(message: string, status = 400) {
    super(message)
    this.status = status
  }
}

const derive = promisify<string, Buffer, number, Buffer>(scrypt)
const makeKeyPair = promisify(generateKeyPair)
const nowSeconds = () => Math.floor(Date.now() / 1000)

/**
 * Starts the issuer on 127.0.0.1. It must never be trusted beyond this machine.
 * @param options the project and, optionally, its users and keys.
 * @returns the running issuer.
 */
export async function startIssuer(options: IssuerOptions): Promise<Issuer> {
  const keys = createKeyRing(options.keys ? options.keys.map(readKey) : [await makeKey()])
  const accounts = createAccounts()
  await Promise.all((options.users ?? []).map((user) => accounts.add(user)))
  const tokens = createTokens(options, keys, accounts)
  const adminToken = randomBytes(32).toString('base64url')
  const endpoint: { state: KeyEndpointState } = { state: 'ok' }

  const app = Fastify({
    forceCloseConnections: true,
    // connectAuthEmulator of the Firebase JS SDK puts the host of the real service in front of the path.
    rewriteUrl: (request) => (request.url ?? '/').replace(/^\/(identitytoolkit|securetoken)\.googleapis\.com\//, '/'),
  })
  await app.register(cors)
  readAnyBody(app)
  answerErrors(app)
  keyRoutes(app, keys, endpoint, options.keyMaxAgeSeconds ?? 3600)
  userRoutes(app, accounts, tokens)
  adminRoutes(app, accounts, options.projectId, adminToken)
  await app.listen({ host: '127.0.0.1', port: options.port ?? 0 })
  const { port } = app.server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    firebaseOptions: () => ({
      projectId: options.projectId,
      httpAgent: new LoopbackAgent(port),
      credential: { getAccessToken: async () => ({ access_token: adminToken, expires_in: 3600 }) },
    }),
    issueToken: (uid, claims, { key } = {}) => tokens.idToken(uid, claims, key),
    async rotateKeys({ keepOld = true } = {}) {
      const fresh = await makeKey()
      keys.replace(keepOld ? [fresh, ...keys.all()] : [fresh])
    },
    publicKeys: () => keys.published(),
    setKeyEndpoint(state) {
      endpoint.state = state
    },
    revoke: (uid) => accounts.revoke(accounts.get(uid)),
    disable(uid, disabled = true) {
      accounts.get(uid).disabled = disabled
    },
    remove: (uid) => accounts.remove(uid),
    stop: () => app.close(),
  }
}

/** Takes requests meant for Google's hosts to the issuer, by plain TCP instead of TLS. */
class LoopbackAgent extends Agent {
  readonly #port: number
  constructor(port: number) {
    super({ keepAlive: false })
    this.#port = port
  }
  override createConnection(): Socket {
    return connect({ host: '127.0.0.1', port: this.#port })
  }
}

function createKeyRing(initial: SigningKey[]) {
  let keys = initial
  const publicKey = (key: SigningKey) => createPublicKey(key.privateKey)
  return {
    all: () => keys,
    current(): SigningKey {
      const [first] = keys
      if (!first) throw new Error('The issuer needs a signing key.')
      return first
    },
    find: (kid: unknown) => keys.filter((key) => key.kid === kid).map(publicKey)[0],
    published: () =>
      Object.fromEntries(
        keys.map((key) => [key.kid, publicKey(key).export({ type: 'spki', format: 'pem' }).toString()]),
      ),
    replace(next: SigningKey[]) {
      keys = next
    },
  }
}

async function makeKey(): Promise<SigningKey> {
  const { privateKey } = await makeKeyPair('rsa', { modulusLength: 2048 })
  return { kid: randomBytes(20).toString('hex'), privateKey }
}

function readKey({ kid, privateKeyPem }: { kid: string; privateKeyPem: string }): SigningKey {
  return { kid, privateKey: createPrivateKey(privateKeyPem) }
}

function createAccounts() {
  const byUid = new Map<string, Account>()
  const find = (uid: unknown) => (typeof uid === 'string' ? byUid.get(uid) : undefined)
  const findByEmail = (email: unknown) =>
    typeof email === 'string'
      ? [...byUid.values()].find((account) => account.email === email.trim().toLowerCase())
      : undefined

  async function setPassword(account: Account, password: string) {
    account.passwordHash = await derive(password, account.salt, 32)
  }

  return {
    find,
    findByEmail,
    setPassword,
    get(uid: unknown): Account {
      const account = find(uid)
      if (!account) throw new IdentityError('USER_NOT_FOUND')
      return account
    },
    async add({ uid, email, password, displayName }: IssuerUser): Promise<Account> {
      const account: Account = {
        uid,
        email: email.trim().toLowerCase(),
        displayName,
        salt: randomBytes(16),
        passwordHash: Buffer.alloc(32),
        claims: {},
        disabled: false,
        validSince: nowSeconds(),
        createdAt: Date.now(),
        lastLoginAt: undefined,
      }
      await setPassword(account, password)
      if (findByEmail(account.email)) throw new IdentityError('EMAIL_EXISTS')
      if (byUid.has(uid)) throw new IdentityError('DUPLICATE_LOCAL_ID')
      byUid.set(uid, account)
      return account
    },
    async passwordMatches(account: Account, password: string): Promise<boolean> {
      return timingSafeEqual(account.passwordHash, await derive(password, account.salt, 32))
    },
    revoke(account: Account) {
      // Firebase compares whole seconds, so a session of this very second only falls with the next one.
      account.validSince = nowSeconds() + 1
    },
    remove: (uid: string) => void byUid.delete(uid),
  }
}

type KeyRing = ReturnType<typeof createKeyRing>
type Accounts = ReturnType<typeof createAccounts>
type Tokens = ReturnType<typeof createTokens>

function createTokens({ projectId, tokenTtlSeconds = 3600 }: IssuerOptions, keys: KeyRing, accounts: Accounts) {
  // Refresh tokens carry their session, so that issuers with the same keys accept each other's.
  const secret = keys.current().privateKey.export({ type: 'pkcs8', format: 'der' })
  const seal = (text: string) => createHmac('sha256', secret).update(`refresh:${text}`).digest()

  function idToken(uid: string, claims: Claims = {}, key: SigningKey = keys.current()): string {
    const account = accounts.find(uid)
    const now = nowSeconds()
    const payload = {
      ...account?.claims,
      iss: `https://securetoken.google.com/${projectId}`,
      aud: projectId,
      auth_time: Math.max(now, account?.validSince ?? 0),
      user_id: uid,
      sub: uid,
      iat: now,
      exp: now + tokenTtlSeconds,
      ...(account && profile(account)),
      ...claims,
    }
    const signed = `${encode({ alg: 'RS256', kid: key.kid, typ: 'JWT' })}.${encode(payload)}`
    return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), key.privateKey).toString('base64url')}`
  }

  function refreshToken(uid: string, authTime: number): string {
    const session = encode({ uid, authTime })
    return `${session}.${seal(session).toString('base64url')}`
  }

  return {
    idToken,
    lifetime: String(tokenTtlSeconds),
    projectId,
    /** A new session of an account, as the sign-in calls answer it. */
    open(account: Account) {
      const authTime = Math.max(nowSeconds(), account.validSince)
      account.lastLoginAt = Date.now()
      return {
        localId: account.uid,
        email: account.email,
        displayName: account.displayName ?? '',
        idToken: idToken(account.uid, { auth_time: authTime }),
        refreshToken: refreshToken(account.uid, authTime),
        expiresIn: String(tokenTtlSeconds),
      }
    },
    /** The session behind a refresh token. */
    resume(token: string): { account: Account; authTime: number } {
      const [session = '', signature = ''] = token.split('.')
      const given = Buffer.from(signature, 'base64url')
      const expected = seal(session)
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        throw new IdentityError('INVALID_REFRESH_TOKEN')
      }
      const { uid, authTime } = decode(session) as { uid: string; authTime: number }
      const account = accounts.get(uid)
      if (account.disabled) throw new IdentityError('USER_DISABLED')
      if (authTime < account.validSince) throw new IdentityError('TOKEN_EXPIRED')
      return { account, authTime }
    },
    /** The account that an ID token of this issuer speaks for. */
    authenticate(token: string): Account {
      const [header = '', payload = '', signature = ''] = token.split('.')
      const key = keys.find(decode(header).kid)
      const signed = Buffer.from(`${header}.${payload}`)
      if (!key || !verify('RSA-SHA256', signed, key, Buffer.from(signature, 'base64url'))) {
        throw new IdentityError('INVALID_ID_TOKEN')
      }
      const claims = decode(payload)
      const account = accounts.get(claims.sub)
      if (account.disabled) throw new IdentityError('USER_DISABLED')
      if (Number(claims.exp) <= nowSeconds() || Number(claims.auth_time) < account.validSince) {
        throw new IdentityError('TOKEN_EXPIRED')
      }
      return account
    },
  }
}

function profile(account: Account) {
  return {
    ...(account.displayName && { name: account.displayName }),
    email: account.email,
    // Nobody can read a confirmation mail here; the claim is worth no more than the loopback interface it is served on.
    email_verified: true,
    firebase: { identities: { email: [account.email] }, sign_in_provider: 'password' },
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString())
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** Reads JSON and forms by their look: curl sends JSON as a form unless told otherwise. */
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

function keyRoutes(app: FastifyInstance, keys: KeyRing, endpoint: { state: KeyEndpointState }, maxAge: number) {
  app.get('/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com', (_request, reply) => {
    if (endpoint.state === 'hang') return reply.hijack()
    if (endpoint.state !== 'ok') throw new IdentityError('UNAVAILABLE', endpoint.state)
    return reply.header('cache-control', `public, max-age=${maxAge}`).send(keys.published())
  })
}

/** The calls of people who sign in: they know a password or hold an ID token. */
function userRoutes(app: FastifyInstance, accounts: Accounts, tokens: Tokens) {
  app.post<{ Body: Body }>('/v1/accounts::signUp', async ({ body }) => {
    const account = await accounts.add(newUser(body))
    return { kind: 'identitytoolkit#SignupNewUserResponse', ...tokens.open(account) }
  })

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

  app.post<{ Body: Body }>('/v1/accounts::update', async ({ body }) => {
    const account = tokens.authenticate(text(body, 'idToken', 'MISSING_ID_TOKEN'))
    await updateProfile(accounts, account, body)
    return { kind: 'identitytoolkit#SetAccountInfoResponse', ...record(account), ...tokens.open(account) }
  })

  app.post<{ Body: Body }>('/v1/accounts::delete', async ({ body }) => {
    accounts.remove(tokens.authenticate(text(body, 'idToken', 'MISSING_ID_TOKEN')).uid)
    return { kind: 'identitytoolkit#DeleteAccountResponse' }
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

/** The calls of firebase-admin, open only to the credential of `firebaseOptions`. */
function adminRoutes(app: FastifyInstance, accounts: Accounts, projectId: string, adminToken: string) {
  app.register(
    async (admin) => {
      admin.addHook('onRequest', async (request) => {
        if (request.headers.authorization !== `Bearer ${adminToken}`) throw new IdentityError('UNAUTHENTICATED', 401)
      })

      admin.post<{ Body: Body }>('/accounts', async ({ body }) => {
        const { uid } = await accounts.add({ ...newUser(body), ...optional(body, 'localId', 'uid') })
        return { kind: 'identitytoolkit#SignupNewUserResponse', localId: uid }
      })

      admin.post<{ Body: Body }>('/accounts::lookup', async ({ body }) => {
        const found = [...list(body, 'localId').map(accounts.find), ...list(body, 'email').map(accounts.findByEmail)]
        const users = found.filter((account) => account !== undefined).map(record)
        return { kind: 'identitytoolkit#GetAccountInfoResponse', ...(users.length > 0 && { users }) }
      })

      admin.post<{ Body: Body }>('/accounts::update', async ({ body }) => {
        const account = accounts.get(body?.localId)
        await updateProfile(accounts, account, body)
        if (typeof body.customAttributes === 'string') account.claims = JSON.parse(body.customAttributes)
        if (body.validSince !== undefined) account.validSince = Number(body.validSince)
        if (typeof body.disableUser === 'boolean') account.disabled = body.disableUser
        return { kind: 'identitytoolkit#SetAccountInfoResponse', localId: account.uid }
      })

      admin.post<{ Body: Body }>('/accounts::delete', async ({ body }) => {
        accounts.remove(accounts.get(body?.localId).uid)
        return { kind: 'identitytoolkit#DeleteAccountResponse' }
      })
    },
    { prefix: `/v1/projects/${projectId}` },
  )
}

function newUser(body: Body): IssuerUser {
  const email = text(body, 'email', 'MISSING_EMAIL')
  if (!/^[^@\s]+@[^@\s]+$/.test(email.trim())) throw new IdentityError('INVALID_EMAIL')
  const password = strongPassword(text(body, 'password', 'MISSING_PASSWORD'))
  return { uid: randomBytes(14).toString('hex'), email, password, ...optional(body, 'displayName', 'displayName') }
}

async function updateProfile(accounts: Accounts, account: Account, body: Body) {
  if (typeof body.displayName === 'string') account.displayName = body.displayName
  if (typeof body.password === 'string') await accounts.setPassword(account, strongPassword(body.password))
}

function strongPassword(password: string): string {
  if (password.length < 6) throw new IdentityError('WEAK_PASSWORD : Password should be at least 6 characters')
  return password
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
    customAttributes: JSON.stringify(account.claims),
    providerUserInfo: [{ providerId: 'password', email, rawId: email, federatedId: email }],
  }
}

function text(body: Body | undefined, name: string, missing: string): string {
  const value = body?.[name]
  if (typeof value !== 'string' || value === '') throw new IdentityError(missing)
  return value
}

function optional(body: Body | undefined, name: string, as: string): Record<string, string> {
  const value = body?.[name]
  return typeof value === 'string' && value !== '' ? { [as]: value } : {}
}

function list(body: Body | undefined, name: string): unknown[] {
  const value = body?.[name]
  return Array.isArray(value) ? value : []
}
