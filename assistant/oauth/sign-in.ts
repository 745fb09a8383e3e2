import type { InteractionDetails } from '../../src/oauth/interaction-details.ts'
import { attempt, byId } from '../dom.ts'
import { answer, offerAbort, send } from './answer.ts'

type Login = Extract<InteractionDetails, { prompt: 'login' }>

/** The merchant signs in. */
export function openSignIn(view: HTMLElement, { signInUrl }: Login): void {
  const form = byId('sign-in-form', HTMLFormElement)
  const email = byId('email', HTMLInputElement)
  const password = byId('password', HTMLInputElement)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void attempt(form, async () => {
      const credentials = { email: email.value, password: password.value, returnSecureToken: true }
      const { ok, answer: identity } = await send<{ idToken?: string }>(signInUrl, credentials)
      if (!ok) throw new Error('Email or password is wrong, or the account is switched off.')
      if (identity.idToken === undefined) throw new Error('Accounts with a second factor cannot sign in here yet.')
      await answer('login', { firebaseIdToken: identity.idToken })
    })
  })
  offerAbort(view)
  email.focus()
}
