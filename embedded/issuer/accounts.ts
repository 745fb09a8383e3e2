import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

export interface IssuerUser {
  uid: string
  email: string
  password: string
  displayName?: string | undefined
}

export interface Account {
  uid: string
  email: string
  displayName: string | undefined
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
    async add({ uid, email, password, displayName }: IssuerUser): Promise<void> {
      const salt = randomBytes(16)
      byUid.set(uid, {
        uid,
        email: email.trim().toLowerCase(),
        displayName,
        salt,
        passwordHash: await derive(password, salt, 32),
        disabled: false,
        validSince: nowSeconds(),
        createdAt: Date.now(),
        lastLoginAt: undefined,
      })
    },
    async passwordMatches(account: Account, password: string): Promise<boolean> {
      return timingSafeEqual(account.passwordHash, await derive(password, account.salt, 32))
    },
    revoke(account: Account) {
      // Firebase compares whole seconds: without the extra second, a session begun in this second would stay valid.
      account.validSince = nowSeconds() + 1
    },
    remove: (uid: string) => void byUid.delete(uid),
  }
}
