import { initializeApp } from '@firebase/app'
import {
  type AuthProvider,
  browserPopupRedirectResolver,
  browserSessionPersistence,
  connectAuthEmulator,
  getMultiFactorResolver,
  initializeAuth,
  inMemoryPersistence,
  type MultiFactorError,
  type MultiFactorInfo,
  OAuthProvider,
  PhoneAuthProvider,
  PhoneMultiFactorGenerator,
  type PhoneMultiFactorInfo,
  RecaptchaVerifier,
  SAMLAuthProvider,
  sendPasswordResetEmail,
  signInWithEmailAndPassword,
  signInWithPopup,
  TotpMultiFactorGenerator,
} from '@firebase/auth'
import type { SignIn } from '../../src/auth/sign-in.ts'
import { language } from '../language.ts'
import { codeOf, SignInFailure } from './failures.ts'

/** A sign-in that still needs a second factor. */
export interface SecondFactorRequest {
  factors: SecondFactor[]
  /** Sends the code of a factor, if it is one that comes by SMS. */
  prepare(factor: SecondFactor): Promise<void>
  /** Ends the sign-in with the code of the factor. */
  finish(factor: SecondFactor, code: string): Promise<void>
}

export interface SecondFactor {
  id: string
  kind: 'totp' | 'phone'
  /** The name that the person gave it, or the end of the telephone number. */
  name: string
}

export type Identity = ReturnType<typeof createIdentity>

/**
 * Firebase, as the sign-in of a page.
 * @param remember keeps somebody signed in while this browser tab is open; otherwise only until the page is left
 */
export function createIdentity(signIn: SignIn, { remember }: { remember: boolean }) {
  const { apiKey, projectId, authDomain, providers, recaptcha, identityUrl } = signIn
  // Firebase itself does not say that it found a session that is over.
  const wasSignedIn = remember && Object.keys(sessionStorage).some((key) => key.startsWith('firebase:authUser:'))
  const app = initializeApp({
    apiKey,
    ...(projectId === null ? {} : { projectId }),
    ...(authDomain === null ? {} : { authDomain }),
  })
  const auth = initializeAuth(app, {
    persistence: remember ? browserSessionPersistence : inMemoryPersistence,
    ...(authDomain === null ? {} : { popupRedirectResolver: browserPopupRedirectResolver }),
  })
  // Firebase writes its mails and messages in this language.
  auth.languageCode = language
  if (identityUrl !== null) {
    connectAuthEmulator(auth, identityUrl, { disableWarnings: true })
    auth.settings.appVerificationDisabledForTesting = true
  }

  /** Runs a sign-in, up to the session or to the question for a second factor. */
  async function begin(work: () => Promise<unknown>, provider?: string): Promise<SecondFactorRequest | null> {
    try {
      await work()
      return null
    } catch (error) {
      if (codeOf(error) !== 'auth/multi-factor-auth-required') throw new SignInFailure(error, provider)
      return secondFactor(error as MultiFactorError)
    }
  }

  function secondFactor(error: MultiFactorError): SecondFactorRequest {
    const resolver = getMultiFactorResolver(auth, error)
    const verificationIds = new Map<string, string>()
    return {
      factors: resolver.hints.filter(isKnown).map((hint) => ({
        id: hint.uid,
        kind: hint.factorId,
        name: hint.displayName ?? (hint.factorId === 'phone' ? (hint as PhoneMultiFactorInfo).phoneNumber : ''),
      })),
      prepare: ({ id, kind }) =>
        inWords(async () => {
          if (kind !== 'phone') return
          if (!recaptcha && identityUrl === null) throw { code: 'auth/missing-recaptcha-token' }
          const verifier = new RecaptchaVerifier(auth, document.body.appendChild(document.createElement('div')), {
            size: 'invisible',
          })
          const options = { multiFactorUid: id, session: resolver.session }
          try {
            verificationIds.set(id, await new PhoneAuthProvider(auth).verifyPhoneNumber(options, verifier))
          } finally {
            verifier.clear()
          }
        }),
      finish: ({ id, kind }, code) =>
        inWords(async () => {
          const assertion =
            kind === 'totp'
              ? TotpMultiFactorGenerator.assertionForSignIn(id, code)
              : PhoneMultiFactorGenerator.assertion(PhoneAuthProvider.credential(verificationIds.get(id) ?? '', code))
          await resolver.resolveSignIn(assertion)
        }),
    }
  }

  return {
    providers,
    /** Whether somebody was signed in when the page was opened; their session may be over. */
    wasSignedIn,
    /** Calls back with the e-mail address of the signed-in person, or null, now and after every change. */
    onChange: (listener: (email: string | null) => void) =>
      auth.onAuthStateChanged((user) => listener(user === null ? null : (user.email ?? user.uid))),
    /** @returns what is still missing, or null if the person is signed in */
    signIn: (email: string, password: string) => begin(() => signInWithEmailAndPassword(auth, email, password)),
    /**
     * Signs in with the pop-up of a provider.
     * @returns what is still missing, or null if the person is signed in
     */
    signInWith: (provider: string) => begin(() => signInWithPopup(auth, providerOf(provider)), provider),
    /** Sends a link for a new password. Nobody learns here whether the account exists. */
    async forgotPassword(email: string): Promise<void> {
      await inWords(() => sendPasswordResetEmail(auth, email)).catch((error: SignInFailure) => {
        if (error.code !== 'auth/user-not-found') throw error
      })
    },
    signOut: () => auth.signOut(),
    async idToken(): Promise<string> {
      const { currentUser } = auth
      if (currentUser === null) throw new SignInFailure({ code: 'auth/user-token-expired' })
      return inWords(() => currentUser.getIdToken())
    },
  }
}

function providerOf(id: string): AuthProvider {
  const provider = id.startsWith('saml.') ? new SAMLAuthProvider(id) : new OAuthProvider(id)
  // Tills are shared: Google and Microsoft would otherwise take whoever is signed in with them.
  if (provider instanceof OAuthProvider && (id === 'google.com' || id === 'microsoft.com')) {
    provider.setCustomParameters({ prompt: 'select_account' })
  }
  return provider
}

function isKnown(hint: MultiFactorInfo): hint is MultiFactorInfo & { factorId: 'totp' | 'phone' } {
  return hint.factorId === 'totp' || hint.factorId === 'phone'
}

async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw new SignInFailure(error)
  }
}
