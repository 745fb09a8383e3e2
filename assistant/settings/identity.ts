import { type FirebaseError, initializeApp } from '@firebase/app'
import {
  type Auth,
  browserPopupRedirectResolver,
  browserSessionPersistence,
  connectAuthEmulator,
  GoogleAuthProvider,
  initializeAuth,
  signInWithEmailAndPassword,
  signInWithPopup,
} from '@firebase/auth'
import type { PageSettings } from '../../src/auth/assistant-page.ts'

const WORDS: Record<string, string> = {
  'auth/invalid-credential': 'Email or password is wrong.',
  'auth/wrong-password': 'Email or password is wrong.',
  'auth/user-not-found': 'Email or password is wrong.',
  'auth/invalid-email': 'This is not an email address.',
  'auth/user-disabled': 'This account is switched off. Ask an owner of the business.',
  'auth/too-many-requests': 'Too many attempts. Wait a few minutes and try again.',
  'auth/network-request-failed': 'The sign-in service cannot be reached. Check your connection and try again.',
  'auth/popup-blocked': 'The browser blocked the Google window. Allow pop-ups for this page and try again.',
  'auth/popup-closed-by-user': 'The Google window was closed before the sign-in was complete.',
  'auth/unauthorized-domain': 'This address is not among the authorized domains of the Firebase project.',
  'auth/multi-factor-auth-required': 'Accounts with a second factor cannot sign in on this page yet.',
}

/** Firebase, signed in for this browser tab only. */
export function createIdentity(firebase: NonNullable<PageSettings['firebase']>, identityUrl: string | null) {
  const { apiKey, projectId, authDomain } = firebase
  const app = initializeApp({
    apiKey,
    ...(projectId === null ? {} : { projectId }),
    ...(authDomain === null ? {} : { authDomain }),
  })
  const auth: Auth = initializeAuth(app, { persistence: browserSessionPersistence })
  if (identityUrl !== null) connectAuthEmulator(auth, identityUrl, { disableWarnings: true })

  return {
    offersGoogle: authDomain !== null,
    /** Calls back with the e-mail address of the signed-in person, or null, now and after every change. */
    onChange: (listener: (email: string | null) => void) =>
      auth.onAuthStateChanged((user) => listener(user === null ? null : (user.email ?? user.uid))),
    signIn: (email: string, password: string) => inWords(() => signInWithEmailAndPassword(auth, email, password)),
    signInWithGoogle: () =>
      inWords(() => signInWithPopup(auth, new GoogleAuthProvider(), browserPopupRedirectResolver)),
    signOut: () => auth.signOut(),
    async idToken(): Promise<string> {
      const { currentUser } = auth
      if (currentUser === null) throw new Error('You are signed out. Sign in again.')
      return inWords(() => currentUser.getIdToken())
    },
  }
}

async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code } = error as FirebaseError
    throw new Error(WORDS[code] ?? `The sign-in failed (${code}).`)
  }
}
