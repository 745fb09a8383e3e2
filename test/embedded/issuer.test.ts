import { createHmac, generateKeyPairSync } from 'node:crypto'
import { deleteApp, initializeApp } from 'firebase-admin/app'
import { type Auth, getAuth } from 'firebase-admin/auth'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Message } from '../../embedded/issuer/messages.ts'
import { totp } from '../../embedded/issuer/second-factors.ts'
import { type Issuer, startIssuer } from '../../embedded/issuer.ts'

const projectId = 'flowpos-test'
const ana = { uid: 'ana-uid', email: 'ana@example.com', password: 'correct horse', displayName: 'Ana' }
const SECRET = '12345678901234567890'
const eva = {
  uid: 'eva-uid',
  email: 'eva@example.com',
  password: 'correct horse',
  providers: ['password'],
  secondFactors: [
    { id: 'app', name: 'Authenticator', totpSecret: SECRET },
    { id: 'mobile', phone: '+50255501234' },
  ],
}
const now = () => Math.floor(Date.now() / 1000)

const keys = ['key-1'].map((kid) => ({
  kid,
  privateKeyPem: generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString(),
}))
const attacker = { kid: 'attacker', privateKey: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey }

let issuer: Issuer
let auth: Auth
let messages: Message[]
const apps: ReturnType<typeof initializeApp>[] = []

function connect(to: Issuer): Auth {
  const app = initializeApp(to.firebaseOptions(), `app-${apps.length}`)
  apps.push(app)
  return getAuth(app)
}

/** The fields of the answers that the tests read. */
interface Answer {
  idToken: string
  refreshToken: string
  id_token: string
  users: object[]
  mfaPendingCredential: string
  phoneResponseInfo: { sessionInfo: string }
  error: { message: string }
}

async function call(path: string, body: object, base = issuer.url) {
  const response = await fetch(`${base}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Answer }
}

const signIn = (password: string, email = ana.email) =>
  call('/v1/accounts:signInWithPassword?key=any', { email, password, returnSecureToken: true })

/** Replaces parts of a token, whatever its signature. */
function tamper(token: string, header: object, claims: object = {}, signature?: (signed: string) => string) {
  const [head = '', payload = '', original = ''] = token.split('.')
  const change = (part: string, change: object) =>
    Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(part, 'base64url').toString()), ...change })).toString(
      'base64url',
    )
  const signed = `${change(head, header)}.${change(payload, claims)}`
  return `${signed}.${signature ? signature(signed) : original}`
}

beforeAll(() => {
  // With this variable firebase-admin would accept unsigned tokens.
  delete process.env.FIREBASE_AUTH_EMULATOR_HOST
})

beforeEach(async () => {
  messages = []
  const onMessage = (message: Message) => messages.push(message)
  issuer = await startIssuer({ projectId, users: [ana, eva], keys, keyMaxAgeSeconds: 0, onMessage })
  auth = connect(issuer)
})

afterEach(() => issuer.stop())
afterAll(() => Promise.all(apps.map(deleteApp)))

describe('verification by firebase-admin', () => {
  it('accepts a genuine token', async () => {
    const { body } = await signIn(ana.password)
    const claims = await auth.verifyIdToken(body.idToken, true)
    expect(claims).toMatchObject({ uid: ana.uid, email: ana.email, email_verified: true, name: 'Ana' })
  })

  const refused: [string, () => string][] = [
    ['an expired token', () => issuer.issueToken(ana.uid, { iat: now() - 7200, exp: now() - 3600 })],
    ['another audience', () => issuer.issueToken(ana.uid, { aud: 'another-project' })],
    ['another issuer', () => issuer.issueToken(ana.uid, { iss: 'https://securetoken.google.com/another-project' })],
    ['an empty subject', () => issuer.issueToken(ana.uid, { sub: '' })],
    ['an unknown key', () => issuer.issueToken(ana.uid, {}, { key: attacker })],
    ['a known key id on a foreign key', () => issuer.issueToken(ana.uid, {}, { key: { ...attacker, kid: 'key-1' } })],
    ['no signature', () => tamper(issuer.issueToken(ana.uid), { alg: 'none' }, {}, () => '')],
    [
      'no signature and no key id',
      () => tamper(issuer.issueToken(ana.uid), { alg: 'none', kid: undefined }, {}, () => ''),
    ],
    [
      'the public key as an HMAC secret',
      () =>
        tamper(issuer.issueToken(ana.uid), { alg: 'HS256' }, {}, (signed) =>
          createHmac('sha256', issuer.publicKeys()['key-1'] ?? '')
            .update(signed)
            .digest('base64url'),
        ),
    ],
    ['a changed payload', () => tamper(issuer.issueToken(ana.uid), {}, { sub: 'somebody-else' })],
  ]
  it.each(refused)('refuses %s', async (_what, token) => {
    await expect(auth.verifyIdToken(token(), true)).rejects.toMatchObject({
      code: expect.stringMatching(/^auth\/(argument-error|id-token-expired)$/),
    })
  })

  it('follows a rotation, with and without the old key', async () => {
    const old = issuer.issueToken(ana.uid)
    await issuer.rotateKeys()
    const fresh = issuer.issueToken(ana.uid)
    await expect(auth.verifyIdToken(old, true)).resolves.toMatchObject({ uid: ana.uid })
    await expect(auth.verifyIdToken(fresh, true)).resolves.toMatchObject({ uid: ana.uid })

    await issuer.rotateKeys({ keepOld: false })
    await expect(auth.verifyIdToken(fresh, true)).rejects.toMatchObject({ code: 'auth/argument-error' })
    await expect(auth.verifyIdToken(issuer.issueToken(ana.uid), true)).resolves.toMatchObject({ uid: ana.uid })
  })

  it('notices revoked, disabled and deleted users when asked to', async () => {
    const token = issuer.issueToken(ana.uid)
    issuer.revoke(ana.uid)
    await expect(auth.verifyIdToken(token)).resolves.toMatchObject({ uid: ana.uid })
    await expect(auth.verifyIdToken(token, true)).rejects.toMatchObject({ code: 'auth/id-token-revoked' })

    const later = issuer.issueToken(ana.uid)
    await expect(auth.verifyIdToken(later, true)).resolves.toMatchObject({ uid: ana.uid })
    issuer.disable(ana.uid)
    await expect(auth.verifyIdToken(later, true)).rejects.toMatchObject({ code: 'auth/user-disabled' })
    issuer.disable(ana.uid, false)
    issuer.remove(ana.uid)
    await expect(auth.verifyIdToken(later, true)).rejects.toMatchObject({ code: 'auth/user-not-found' })
  })

  it('accepts the tokens of an issuer that shares the keys', async () => {
    const other = await startIssuer({ projectId, users: [ana], keys })
    const { body } = await call('/v1/accounts:signInWithPassword', ana, other.url)
    await expect(auth.verifyIdToken(body.idToken, true)).resolves.toMatchObject({ uid: ana.uid })
    const again = await call('/v1/token', { grant_type: 'refresh_token', refresh_token: body.refreshToken })
    expect(again).toMatchObject({ status: 200, body: { user_id: ana.uid } })
    await other.stop()
  })

  it('fails while the key endpoint does', async () => {
    const token = issuer.issueToken(ana.uid)
    issuer.setKeyEndpoint('hang')
    const pending = auth.verifyIdToken(token).then(
      () => 'accepted',
      () => 'refused',
    )
    const patience = new Promise((resolve) => setTimeout(resolve, 200, 'waiting'))
    expect(await Promise.race([pending, patience])).toBe('waiting')

    issuer.setKeyEndpoint(503)
    const keyPath = '/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com'
    expect((await fetch(`${issuer.url}${keyPath}`)).status).toBe(503)
    issuer.setKeyEndpoint('ok')
    await expect(auth.verifyIdToken(token)).resolves.toMatchObject({ uid: ana.uid })
  })
})

describe('administration', () => {
  it('is closed to everybody but firebase-admin', async () => {
    await expect(auth.getUser(ana.uid)).resolves.toMatchObject({ uid: ana.uid, email: ana.email, displayName: 'Ana' })
    const { status } = await call(`/v1/projects/${projectId}/accounts:lookup`, { localId: [ana.uid] })
    expect(status).toBe(401)
  })
})

describe('a second factor', () => {
  const pendingSignIn = async () => (await signIn(eva.password, eva.email)).body
  const finish = (body: object) => call('/v2/accounts/mfaSignIn:finalize', body)

  it('makes codes as authenticator apps do (RFC 6238, appendix B)', () => {
    expect([59, 1111111109, 1234567890, 20000000000].map((seconds) => totp(SECRET, seconds))).toEqual([
      '287082',
      '081804',
      '005924',
      '353130',
    ])
  })

  it('is asked for instead of a session, and accepted from an app', async () => {
    const pending = await pendingSignIn()
    expect(pending).not.toHaveProperty('idToken')
    expect(pending).toMatchObject({
      mfaInfo: [
        { mfaEnrollmentId: 'app', displayName: 'Authenticator', totpInfo: {} },
        { mfaEnrollmentId: 'mobile', phoneInfo: '+*******1234' },
      ],
    })
    const { mfaPendingCredential } = pending
    const withCode = (verificationCode: string) =>
      finish({ mfaPendingCredential, mfaEnrollmentId: 'app', totpVerificationInfo: { verificationCode } })
    expect((await withCode('000000')).body.error.message).toBe('INVALID_CODE')
    const { body } = await withCode(totp(SECRET, now()))
    expect(await auth.verifyIdToken(body.idToken, true)).toMatchObject({
      uid: eva.uid,
      firebase: { sign_in_provider: 'password', sign_in_second_factor: 'totp', second_factor_identifier: 'app' },
    })
    expect((await withCode(totp(SECRET, now()))).body.error.message).toBe('INVALID_MFA_PENDING_CREDENTIAL')

    const refreshed = await call('/v1/token', { grant_type: 'refresh_token', refresh_token: body.refreshToken })
    expect(await auth.verifyIdToken(refreshed.body.id_token)).toMatchObject({
      firebase: { sign_in_second_factor: 'totp' },
    })
  })

  it('is accepted from a message', async () => {
    const { mfaPendingCredential } = await pendingSignIn()
    const start = await call('/v2/accounts/mfaSignIn:start', { mfaPendingCredential, mfaEnrollmentId: 'mobile' })
    const { sessionInfo } = start.body.phoneResponseInfo
    const code = messages[0]?.code as string
    expect(messages).toEqual([{ to: '+50255501234', kind: 'sms', code: expect.stringMatching(/^\d{6}$/) }])
    const withCode = (given: string) =>
      finish({ mfaPendingCredential, phoneVerificationInfo: { sessionInfo, code: given } })
    expect((await withCode('x')).body.error.message).toBe('INVALID_CODE')
    const { body } = await withCode(code)
    expect(await auth.verifyIdToken(body.idToken, true)).toMatchObject({ uid: eva.uid })
  })
})

describe('a pop-up', () => {
  const pick = async (name: string, provider = 'google.com') => {
    const html = await (await fetch(`${issuer.url}/emulator/auth/handler?providerId=${provider}`)).text()
    return new RegExp(`data-code="([^"]+)"><b>${name}<`).exec(html)?.[1]
  }
  const signInWith = (code: string | undefined) =>
    call('/v1/accounts:signInWithIdp?key=any', { requestUri: `${issuer.url}/emulator/auth/handler?code=${code}` })

  it('signs in whom the person picked, once', async () => {
    const code = await pick('Ana')
    const { body } = await signInWith(code)
    expect(await auth.verifyIdToken(body.idToken, true)).toMatchObject({
      uid: ana.uid,
      firebase: { sign_in_provider: 'google.com', identities: { 'google.com': [ana.uid] } },
    })
    expect((await signInWith(code)).body.error.message).toBe('INVALID_IDP_RESPONSE')
  })

  it('does not sign in to an account that belongs to another way', async () => {
    expect((await signInWith(await pick('eva-uid'))).body).toMatchObject({ needConfirmation: true, email: eva.email })
  })

  it('does not sign in a disabled user', async () => {
    const code = await pick('Ana')
    issuer.disable(ana.uid)
    expect((await signInWith(code)).body.error.message).toBe('USER_DISABLED')
  })
})

describe('sign-in', () => {
  it('refuses a wrong password as Firebase does', async () => {
    const wrong = { code: 400, message: 'INVALID_LOGIN_CREDENTIALS' }
    const expected = { status: 400, body: { error: { ...wrong, errors: [{ message: wrong.message }] } } }
    expect(await signIn('wrong')).toMatchObject(expected)
    expect(await signIn(ana.password, 'nobody@example.com')).toMatchObject(expected)
    expect(await call('/v1/accounts:signInWithPassword', { email: ana.email })).toMatchObject({
      status: 400,
      body: { error: { message: 'MISSING_PASSWORD' } },
    })
  })

  it('refuses a disabled user', async () => {
    issuer.disable(ana.uid)
    expect((await signIn(ana.password)).body.error.message).toBe('USER_DISABLED')
  })

  it('refuses even the right password after too many wrong ones', async () => {
    for (let i = 0; i < 10; i++) expect((await signIn('wrong')).body.error.message).toBe('INVALID_LOGIN_CREDENTIALS')
    expect((await signIn(ana.password)).body.error.message).toMatch(/^TOO_MANY_ATTEMPTS_TRY_LATER : /)
    expect((await signIn(eva.password, eva.email)).status).toBe(200)
  })

  it('changes a forgotten password by the code that it sent, once', async () => {
    const reset = (oobCode: string | undefined) =>
      call('/v1/accounts:resetPassword', { oobCode, newPassword: 'battery staple' })
    const request = (email: string) => call('/v1/accounts:sendOobCode', { requestType: 'PASSWORD_RESET', email })
    expect((await request('nobody@example.com')).body.error.message).toBe('EMAIL_NOT_FOUND')
    expect((await request(ana.email)).status).toBe(200)
    expect(messages).toEqual([{ to: ana.email, kind: 'reset-password', code: expect.any(String) }])
    expect((await reset('guessed')).body.error.message).toBe('INVALID_OOB_CODE')
    expect((await reset(messages[0]?.code)).status).toBe(200)
    expect((await signIn(ana.password)).status).toBe(400)
    expect((await signIn('battery staple')).status).toBe(200)
    expect((await reset(messages[0]?.code)).body.error.message).toBe('INVALID_OOB_CODE')
  })

  it('speaks the paths of the Firebase JS SDK: sign in, look up, refresh', async () => {
    const prefix = '/identitytoolkit.googleapis.com/v1/accounts'
    const { email, password } = ana
    const signedIn = await call(`${prefix}:signInWithPassword?key=any`, { email, password, returnSecureToken: true })
    const found = await call(`${prefix}:lookup?key=any`, { idToken: signedIn.body.idToken })
    expect(found.body.users).toMatchObject([{ localId: ana.uid, email, emailVerified: true }])
    const forged = tamper(signedIn.body.idToken, {}, { sub: 'somebody-else' })
    expect((await call(`${prefix}:lookup`, { idToken: forged })).body.error.message).toBe('INVALID_ID_TOKEN')

    const refreshed = await fetch(`${issuer.url}/securetoken.googleapis.com/v1/token?key=any`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: signedIn.body.refreshToken }),
    })
    const session = (await refreshed.json()) as Answer
    expect(await auth.verifyIdToken(session.id_token, true)).toMatchObject({ uid: ana.uid })
  })

  it('stops refreshing after a revocation', async () => {
    const { body } = await signIn(ana.password)
    issuer.revoke(ana.uid)
    const refresh = (token: string) => call('/v1/token', { grant_type: 'refresh_token', refresh_token: token })
    expect((await refresh(body.refreshToken)).body.error.message).toBe('TOKEN_EXPIRED')
    expect((await refresh(`${body.refreshToken}x`)).body.error.message).toBe('INVALID_REFRESH_TOKEN')
  })

  it('is open to pages of any origin, and reads JSON sent as a form', async () => {
    const preflight = await fetch(`${issuer.url}/v1/accounts:signInWithPassword`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:3000',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-client-version,content-type',
      },
    })
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-client-version')

    const response = await fetch(`${issuer.url}/v1/accounts:signInWithPassword`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: JSON.stringify(ana),
    })
    expect(response.status).toBe(200)
    expect((await fetch(`${issuer.url}/unknown`)).status).toBe(404)
  })
})
