/**
 * A development identity provider in this process. It answers the Identity Toolkit calls of the Firebase JS SDK and
 * of firebase-admin with genuinely signed ID tokens, so that the service verifies them as in production.
 */
import { randomBytes } from 'node:crypto'
import { Agent } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { AppOptions } from 'firebase-admin/app'
import { createAccounts, type IssuerUser } from './issuer/accounts.ts'
import { type Claims, createKeyRing, makeKey, readKey, type SigningKey } from './issuer/keys.ts'
import type { Message } from './issuer/messages.ts'
import { createPicks } from './issuer/pop-up.ts'
import { createServer, type KeyEndpointState } from './issuer/routes.ts'
import { createSecondFactors } from './issuer/second-factors.ts'
import { createTokens } from './issuer/tokens.ts'

export interface IssuerOptions {
  projectId: string
  users?: IssuerUser[] | undefined
  /** Signing keys, the first one signs; new ones by default. Issuers that share keys accept each other's tokens. */
  keys?: { kid: string; privateKeyPem: string }[] | undefined
  /** Called with what Firebase would send by mail or SMS. */
  onMessage?: ((message: Message) => void) | undefined
  /** How long verifiers may keep the public keys; 3600 by default. */
  keyMaxAgeSeconds?: number | undefined
  /** When tokens are issued, in seconds; now by default. */
  clock?: (() => number) | undefined
}

export interface Issuer {
  readonly url: string
  /** Options for firebase-admin's `initializeApp`: its real verification, with this issuer instead of Google. */
  firebaseOptions(): AppOptions
  /** Signs an ID token for a known or unknown uid; `claims` replace the regular ones, and `key` the issuer's. */
  issueToken(uid: string, claims?: Claims, options?: { key?: SigningKey }): string
  /** Signs with a new key from now on; the old keys stay published only with `keepOld`. */
  rotateKeys(options?: { keepOld?: boolean }): Promise<void>
  /** The published public keys, PEM by key id. */
  publicKeys(): Record<string, string>
  /** Makes the key endpoint work, fail with a status, or not answer at all. */
  setKeyEndpoint(state: KeyEndpointState): void
  /** Makes firebase-admin's look-ups of users work, or fail. */
  setLookup(state: 'ok' | 'fail'): void
  /** Ends all sessions of a user, which revokes the tokens issued so far. */
  revoke(uid: string): void
  /** Switches a user off, or on again. */
  disable(uid: string, disabled?: boolean): void
  /** Deletes a user. */
  remove(uid: string): void
  stop(): Promise<void>
}

/**
 * Starts the issuer on 127.0.0.1. It must never be trusted beyond this machine.
 * @param options the project and, optionally, its users and keys.
 * @returns the running issuer.
 */
export async function startIssuer(options: IssuerOptions): Promise<Issuer> {
  const keys = createKeyRing(options.keys ? options.keys.map(readKey) : [await makeKey()])
  const accounts = createAccounts()
  await Promise.all((options.users ?? []).map((user) => accounts.add(user)))
  const tokens = createTokens(options.projectId, keys, accounts, options.clock)
  const adminToken = randomBytes(32).toString('base64url')
  const keyEndpoint: { state: KeyEndpointState } = { state: 'ok' }
  const lookup: { state: 'ok' | 'fail' } = { state: 'ok' }
  const { keyMaxAgeSeconds = 3600, onMessage = () => {} } = options
  const app = await createServer({
    keys,
    accounts,
    tokens,
    picks: createPicks(accounts),
    secondFactors: createSecondFactors(onMessage),
    sendMessage: onMessage,
    adminToken,
    keyMaxAgeSeconds,
    keyEndpoint,
    lookup,
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
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
      keyEndpoint.state = state
    },
    setLookup(state) {
      lookup.state = state
    },
    revoke: (uid) => accounts.revoke(accounts.get(uid)),
    disable(uid, disabled = true) {
      accounts.get(uid).disabled = disabled
    },
    remove: (uid) => accounts.remove(uid),
    stop: () => app.close(),
  }
}

/** Redirects requests for Google's hosts to the issuer, over plain TCP instead of TLS. */
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
