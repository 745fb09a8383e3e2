import { createHmac, timingSafeEqual } from 'node:crypto'
import { type Account, type Accounts, IdentityError, nowSeconds } from './accounts.ts'
import { type Claims, decodePart, encodePart, type KeyRing, type SigningKey, signJwt, verifyJwt } from './keys.ts'

const ID_TOKEN_TTL_SECONDS = 3600

/** How somebody signed in. */
export interface SignInMethod {
  /** Firebase's name of it. */
  provider: string
  secondFactor?: { id: string; kind: 'totp' | 'phone' }
}

export type Tokens = ReturnType<typeof createTokens>

/**
 * ID tokens and refresh tokens, as Firebase makes them.
 * @param clock the seconds at which tokens are issued; they expire by the time of the machine
 */
export function createTokens(projectId: string, keys: KeyRing, accounts: Accounts, clock: () => number = nowSeconds) {
  // Refresh tokens contain their session, so that issuers with the same keys accept each other's.
  const secret = keys.current().privateKey.export({ type: 'pkcs8', format: 'der' })
  const seal = (text: string) => createHmac('sha256', secret).update(`refresh:${text}`).digest()

  function idToken(uid: string, claims: Claims = {}, key: SigningKey = keys.current()): string {
    const account = accounts.find(uid)
    const now = clock()
    return signJwt(
      {
        iss: `https://securetoken.google.com/${projectId}`,
        aud: projectId,
        auth_time: Math.max(now, account?.validSince ?? 0),
        user_id: uid,
        sub: uid,
        iat: now,
        exp: nowSeconds() + ID_TOKEN_TTL_SECONDS,
        ...(account && profile(account)),
        ...claims,
      },
      key,
    )
  }

  function refreshToken(uid: string, authTime: number, method: SignInMethod): string {
    const session = encodePart({ uid, authTime, method })
    return `${session}.${seal(session).toString('base64url')}`
  }

  return {
    idToken,
    lifetime: String(ID_TOKEN_TTL_SECONDS),
    projectId,
    /** A new session of an account, as the sign-in call answers it. */
    open(account: Account, method: SignInMethod) {
      const authTime = Math.max(clock(), account.validSince)
      account.lastLoginAt = Date.now()
      return {
        localId: account.uid,
        email: account.email,
        displayName: account.displayName ?? '',
        idToken: idToken(account.uid, { auth_time: authTime, firebase: methodClaims(account, method) }),
        refreshToken: refreshToken(account.uid, authTime, method),
        expiresIn: String(ID_TOKEN_TTL_SECONDS),
      }
    },
    /** A new ID token for the session behind a refresh token. */
    resume(token: string): { account: Account; idToken: string } {
      const [session = '', signature = ''] = token.split('.')
      const given = Buffer.from(signature, 'base64url')
      const expected = seal(session)
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
        throw new IdentityError('INVALID_REFRESH_TOKEN')
      }
      const { uid, authTime, method } = decodePart(session) as { uid: string; authTime: number; method: SignInMethod }
      const account = accounts.get(uid)
      if (account.disabled) throw new IdentityError('USER_DISABLED')
      if (authTime < account.validSince) throw new IdentityError('TOKEN_EXPIRED')
      return { account, idToken: idToken(uid, { auth_time: authTime, firebase: methodClaims(account, method) }) }
    },
    /** The account that an ID token of this issuer speaks for. */
    authenticate(token: string): Account {
      const claims = verifyJwt(token, keys)
      if (!claims) throw new IdentityError('INVALID_ID_TOKEN')
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
    // Nobody can receive a confirmation mail here, and the issuer serves only the loopback interface.
    email_verified: true,
    firebase: methodClaims(account),
  }
}

function methodClaims(account: Account, { provider, secondFactor }: SignInMethod = { provider: 'password' }): Claims {
  return {
    identities: { email: [account.email], ...(provider !== 'password' && { [provider]: [account.uid] }) },
    sign_in_provider: provider,
    ...(secondFactor && { sign_in_second_factor: secondFactor.kind, second_factor_identifier: secondFactor.id }),
  }
}
