import fp from 'fastify-plugin'
import { type AppOptions, applicationDefault, cert, deleteApp, initializeApp } from 'firebase-admin/app'
import { type DecodedIdToken, getAuth } from 'firebase-admin/auth'
import pLimit from 'p-limit'
import type { Config } from '../../src/config.ts'
import { ServiceError, unavailable } from '../../src/errors.ts'
import type { Clock } from '../../src/time/clock.ts'

/** Who signed in, according to Firebase. */
export interface FirebaseIdentity {
  uid: string
  /** When they proved who they are; a refreshed ID token keeps it. */
  signedInAt: Date
  /** Present only if Firebase has verified it. */
  email?: string
}

export interface FirebaseVerifier {
  /**
   * Verifies an ID token: signature, audience, issuer, times, and that neither session nor user has been disabled.
   * @throws ServiceError `unauthenticated`, or `unavailable` when Firebase cannot be asked
   */
  verify(idToken: string): Promise<FirebaseIdentity>
  /**
   * Asks whether a sign-in is still good: the user exists, is switched on, and has not been signed out everywhere since.
   * @throws ServiceError `unauthenticated`, or `unavailable` when Firebase cannot be asked
   */
  requireSignIn(uid: string, signedInAt: Date): Promise<void>
}

declare module 'fastify' {
  interface FastifyInstance {
    firebase: FirebaseVerifier
  }
}

export interface FirebaseOptions {
  config: Config
  clock: Clock
  /** Replaces the credentials from the configuration. */
  appOptions?: AppOptions
}

const TIMEOUT_MS = 5000
const CLOCK_SKEW_SECONDS = 60
// A token whose only purpose is to make firebase-admin fetch the signing keys: it can never verify.
const WARM_UP_TOKEN = [{ alg: 'RS256', typ: 'JWT', kid: 'warm-up' }, {}]
  .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  .concat('AA')
  .join('.')

let instances = 0

/** Verification of Firebase ID tokens by firebase-admin. */
export default fp<FirebaseOptions>(
  async (app, { config, clock, appOptions }) => {
    instances += 1
    const firebase = initializeApp(appOptions ?? credentials(config), `flowpos-mcp-${instances}`)
    const auth = getAuth(firebase)
    app.addHook('onClose', () => deleteApp(firebase))

    // firebase-admin fetches the keys once for every call that waits for them. Signatures are therefore checked one at
    // a time: the first check after the keys expire fetches them for all. Revocation is checked in parallel.
    const oneAtATime = pLimit(1)

    app.decorate('firebase', {
      async verify(idToken) {
        requireClaims(idToken)
        const deadline = AbortSignal.timeout(TIMEOUT_MS)
        const decoded = await withDeadline(deadline, async () => {
          // The turn ends at the deadline as well, so that a fetch that hangs does not hold up the next ones.
          await oneAtATime(() =>
            deadline.aborted ? undefined : Promise.race([late(deadline), auth.verifyIdToken(idToken)]),
          )
          return auth.verifyIdToken(idToken, true)
        })
        const now = clock().getTime() / 1000
        // firebase-admin accepts tokens from the future; RFC 7519 leaves the choice to us.
        if (decoded.iat > now + CLOCK_SKEW_SECONDS || decoded.auth_time > now + CLOCK_SKEW_SECONDS) {
          throw new ServiceError('unauthenticated', 'The Firebase ID token was issued in the future.')
        }
        return identityOf(decoded)
      },

      async requireSignIn(uid, signedInAt) {
        const user = await withDeadline(AbortSignal.timeout(TIMEOUT_MS), () => auth.getUser(uid))
        // Firebase counts in whole seconds.
        const seconds = (milliseconds: number) => Math.floor(milliseconds / 1000)
        const validSince = seconds(Date.parse(user.tokensValidAfterTime ?? '1970-01-01'))
        if (user.disabled || seconds(signedInAt.getTime()) < validSince) throw signedOut()
      },
    } satisfies FirebaseVerifier)

    // Not awaited: the service is ready without it, and the first sign-in queues behind it.
    app.addHook('onReady', async () => {
      const deadline = AbortSignal.timeout(TIMEOUT_MS)
      const warmUp = () => oneAtATime(() => Promise.race([late(deadline), auth.verifyIdToken(WARM_UP_TOKEN)]))
      withDeadline(deadline, warmUp).catch((error: ServiceError) => {
        if (error.code === 'unavailable') app.log.warn({ err: error }, 'the keys of Firebase could not be fetched yet')
      })
    })
  },
  { name: 'firebase', dependencies: [] },
)

function credentials(config: Config): AppOptions {
  const { FIREBASE_PROJECT_ID: projectId, FIREBASE_SERVICE_ACCOUNT: account } = config
  if (projectId === undefined) throw new Error('FIREBASE_PROJECT_ID is not set')
  return { projectId, credential: account === undefined ? applicationDefault() : cert(JSON.parse(account)) }
}

/** Rejects when the deadline has passed. */
function late(deadline: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const expire = () => reject(unavailable('The sign-in service'))
    if (deadline.aborted) expire()
    else deadline.addEventListener('abort', expire, { once: true })
  })
}

async function withDeadline<T>(deadline: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await Promise.race([work(), late(deadline)])
  } catch (error) {
    throw toServiceError(error)
  }
}

function identityOf({ uid, auth_time, email, email_verified }: DecodedIdToken): FirebaseIdentity {
  const signedInAt = new Date(auth_time * 1000)
  return { uid, signedInAt, ...(email !== undefined && email_verified === true ? { email } : {}) }
}

const NOT_VALID = 'The Firebase ID token is not valid. Sign in again and send a fresh one.'

/** firebase-admin throws an internal error when the payload is not an object. */
function requireClaims(idToken: string): void {
  try {
    const claims: unknown = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString())
    if (typeof claims === 'object' && claims !== null) return
  } catch {
    // Not JSON: refused below, like every other malformed token.
  }
  throw new ServiceError('unauthenticated', NOT_VALID)
}

function signedOut(): ServiceError {
  return new ServiceError('unauthenticated', 'This sign-in is no longer valid. Sign in again.')
}

const REVOKED = new Set(['auth/id-token-revoked', 'auth/user-disabled', 'auth/user-not-found'])
const REFUSED = new Set(['auth/argument-error', 'auth/invalid-id-token', 'auth/invalid-argument'])

function toServiceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error
  const { code, message = '' } = error as { code?: string; message?: string }
  if (code === 'auth/id-token-expired') {
    return new ServiceError(
      'unauthenticated',
      'The Firebase ID token has expired. Call user.getIdToken(true) for a new one.',
    )
  }
  if (code !== undefined && REVOKED.has(code)) {
    return signedOut()
  }
  // When the key endpoint is down, firebase-admin reports the code of a bad token. Only the start of the message tells
  // the two apart: the rest may quote the token.
  const away = /^Error (fetching public keys|while making request)/.test(message)
  if (code !== undefined && REFUSED.has(code) && !away) {
    return new ServiceError('unauthenticated', NOT_VALID)
  }
  return unavailable('The sign-in service', error)
}
