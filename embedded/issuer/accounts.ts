import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

export type SecondFactor = { id: string; name?: string } & (
  | {
      /** The secret that an authenticator app shares with the issuer. */
      totpSecret: string
    }
  | { phone: string }
)

export interface IssuerUser {
  uid: string
  email: string
  password: string
  displayName?: string | undefined
  /** Firebase's names of the ways in which this person has signed in before; by default the password and Google. */
  providers?: string[] | undefined
  secondFactors?: SecondFactor[] | undefined
}

export interface Account {
  uid: string
  email: string
  displayName: string | undefined
  providers: string[]
  secondFactors: SecondFactor[]
  /** Wrong passwords in a row, and when the last one came. */
  failures: { times: number; lastAt: number }
  salt: Buffer
  passwordHash: Buffer
  disabled: boolean
  /** Sessions that began before this second are revoked. */
  validSince: number
  createdAt: number
  lastLoginAt: number | undefined
}

export type Accounts = ReturnType<typeof createAccounts>

/** An error as Firebase's REST API words it. */
export class IdentityError extends Error {
  readonly status: number
  constructor(message: string, status = 400) {
    super(message)
    this.status = status
  }
}

const FAILURES_ALLOWED = 10
const FAILURE_PAUSE_MS = 60_000

const derive = promisify<string, Buffer, number, Buffer>(scrypt)

/** Now, in the whole seconds of token claims. */
export const nowSeconds = () => Math.floor(Date.now() / 1000)

/** The users of an issuer. */
export function createAccounts() {
  const byUid = new Map<string, Account>()
  const find = (uid: unknown) => (typeof uid === 'string' ? byUid.get(uid) : undefined)
  const findByEmail = (email: string) =>
    [...byUid.values()].find((account) => account.email === email.trim().toLowerCase())

  return {
    find,
    findByEmail,
    get(uid: unknown): Account {
      const account = find(uid)
      if (!account) throw new IdentityError('USER_NOT_FOUND')
      return account
    },
    all: () => [...byUid.values()],
    async add({ uid, email, password, displayName, providers, secondFactors }: IssuerUser): Promise<void> {
      const salt = randomBytes(16)
      byUid.set(uid, {
        uid,
        email: email.trim().toLowerCase(),
        displayName,
        providers: providers ?? ['password', 'google.com'],
        secondFactors: secondFactors ?? [],
        failures: { times: 0, lastAt: 0 },
        salt,
        passwordHash: await derive(password, salt, 32),
        disabled: false,
        validSince: nowSeconds(),
        createdAt: Date.now(),
        lastLoginAt: undefined,
      })
    },
    /** The account of an e-mail address with its password. */
    async authenticate(email: string, password: string): Promise<Account> {
      const account = findByEmail(email)
      if (!account) throw new IdentityError('INVALID_LOGIN_CREDENTIALS')
      const { failures } = account
      if (failures.times >= FAILURES_ALLOWED && Date.now() < failures.lastAt + FAILURE_PAUSE_MS) {
        throw new IdentityError('TOO_MANY_ATTEMPTS_TRY_LATER : Access to this account is disabled for a while.')
      }
      if (!timingSafeEqual(account.passwordHash, await derive(password, account.salt, 32))) {
        account.failures = { times: failures.times + 1, lastAt: Date.now() }
        throw new IdentityError('INVALID_LOGIN_CREDENTIALS')
      }
      account.failures = { times: 0, lastAt: 0 }
      return account
    },
    async setPassword(account: Account, password: string): Promise<void> {
      account.passwordHash = await derive(password, account.salt, 32)
    },
    revoke(account: Account) {
      // Firebase compares whole seconds: without the extra second, a session begun in this second would stay valid.
      account.validSince = nowSeconds() + 1
    },
    remove: (uid: string) => void byUid.delete(uid),
  }
}
