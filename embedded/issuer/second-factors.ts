import { createHmac, randomBytes, randomInt } from 'node:crypto'
import { type Account, IdentityError, nowSeconds, type SecondFactor } from './accounts.ts'
import type { SendMessage } from './messages.ts'
import type { SignInMethod } from './tokens.ts'

const STEP_SECONDS = 30

export type SecondFactors = ReturnType<typeof createSecondFactors>

/** Sign-ins that wait for their second factor. */
export function createSecondFactors(sendMessage: SendMessage) {
  const pending = new Map<string, { account: Account; provider: string }>()
  const sent = new Map<string, { pendingCredential: string; factor: SecondFactor; code: string }>()

  const pendingOf = (credential: unknown) => {
    const found = pending.get(String(credential))
    if (!found) throw new IdentityError('INVALID_MFA_PENDING_CREDENTIAL')
    return found
  }
  const factorOf = (account: Account, id: unknown) => {
    const factor = account.secondFactors.find((each) => each.id === id)
    if (!factor) throw new IdentityError('MFA_ENROLLMENT_NOT_FOUND')
    return factor
  }

  return {
    /** The answer to a sign-in that needs a second factor. */
    ask(account: Account, provider: string) {
      const mfaPendingCredential = randomBytes(16).toString('hex')
      pending.set(mfaPendingCredential, { account, provider })
      return { localId: account.uid, email: account.email, mfaPendingCredential, mfaInfo: enrolments(account) }
    },
    /** Sends the code of a factor by SMS. */
    send(mfaPendingCredential: unknown, enrolmentId: unknown) {
      const factor = factorOf(pendingOf(mfaPendingCredential).account, enrolmentId)
      if (!('phone' in factor)) throw new IdentityError('INVALID_PHONE_NUMBER')
      const sessionInfo = randomBytes(16).toString('hex')
      const code = String(randomInt(1_000_000)).padStart(6, '0')
      sent.set(sessionInfo, { pendingCredential: String(mfaPendingCredential), factor, code })
      sendMessage({ to: factor.phone, kind: 'sms', code })
      return sessionInfo
    },
    /** Ends a sign-in with the code of an authenticator app, or one that was sent. */
    finish(
      mfaPendingCredential: unknown,
      given: { enrolmentId: unknown; code: unknown } | { sessionInfo: unknown; code: unknown },
    ): { account: Account; method: SignInMethod } {
      const { account, provider } = pendingOf(mfaPendingCredential)
      let factor: SecondFactor
      let expected: string[]
      if ('sessionInfo' in given) {
        const message = sent.get(String(given.sessionInfo))
        if (!message || message.pendingCredential !== mfaPendingCredential)
          throw new IdentityError('INVALID_SESSION_INFO')
        factor = message.factor
        expected = [message.code]
      } else {
        factor = factorOf(account, given.enrolmentId)
        const { totpSecret = '' } = factor as { totpSecret?: string }
        // Neighbouring codes are good as well: clocks differ, and typing takes time.
        expected = [-1, 0, 1].map((step) => totp(totpSecret, nowSeconds() + step * STEP_SECONDS))
      }
      if (!expected.includes(String(given.code))) throw new IdentityError('INVALID_CODE')
      pending.delete(String(mfaPendingCredential))
      return {
        account,
        method: { provider, secondFactor: { id: factor.id, kind: 'phone' in factor ? 'phone' : 'totp' } },
      }
    },
  }
}

/** A time-based one-time password of six digits (RFC 6238, with the defaults that authenticator apps use). */
export function totp(secret: string, seconds: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(seconds / STEP_SECONDS)))
  const digest = createHmac('sha1', secret).update(counter).digest()
  // RFC 4226 section 5.3: the last four bits say where the number is.
  const number = digest.readUInt32BE((digest.at(-1) as number) & 0xf) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** The second factors of an account, as Firebase describes them. */
export function enrolments(account: Account): object[] {
  const enrolledAt = new Date(account.createdAt).toISOString()
  return account.secondFactors.map(({ id, name, ...factor }) => ({
    mfaEnrollmentId: id,
    enrolledAt,
    ...(name && { displayName: name }),
    // A sign-in shows only the end of the number.
    ...('phone' in factor ? { phoneInfo: factor.phone.replace(/\d(?=\d{4})/g, '*') } : { totpInfo: {} }),
  }))
}
