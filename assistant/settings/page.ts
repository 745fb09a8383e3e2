/** The AI Assistant page: signs in with Firebase and opens the view of its path. */

import { attempt, byId, showOnly } from '../dom.ts'
import { createApi, readSettings } from './api.ts'
import { createIdentity } from './identity.ts'
import { openKeys } from './keys.ts'
import { forgetSecret } from './secret.ts'
import { openTokens } from './tokens.ts'

const KEYS_PATH = '/settings/mcp/v1'

const [loading, unconfigured, signIn, tokens, keys] = ['loading', 'unconfigured', 'sign-in', 'tokens', 'keys'].map(
  (id) => byId(id, HTMLElement),
) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement, HTMLElement]
const views = [loading, unconfigured, signIn, tokens, keys]
const [view, open] = location.pathname === KEYS_PATH ? [keys, openKeys] : ([tokens, openTokens] as const)

document.querySelector(`nav a[href="${location.pathname}"]`)?.setAttribute('aria-current', 'page')
void attempt(loading, start)

async function start(): Promise<void> {
  const { firebase, identityUrl, mcpUrl } = await readSettings()
  if (firebase === null) return showOnly(unconfigured, views)

  const identity = createIdentity(firebase, identityUrl)
  const api = createApi(identity.idToken)
  const form = byId('sign-in-form', HTMLFormElement)
  const email = byId('email', HTMLInputElement)
  const password = byId('password', HTMLInputElement)
  const google = byId('google', HTMLButtonElement)

  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void attempt(form, async () => {
      await identity.signIn(email.value.trim(), password.value)
      form.reset()
    })
  })
  google.hidden = !identity.offersGoogle
  google.addEventListener('click', () => void attempt(form, async () => void (await identity.signInWithGoogle())))
  byId('sign-out', HTMLButtonElement).addEventListener(
    'click',
    () => void identity.signOut().then(() => location.reload()),
  )

  identity.onChange((who) => {
    forgetSecret()
    byId('who', HTMLElement).textContent = who ?? ''
    byId('account', HTMLElement).hidden = who === null
    if (who === null) return showOnly(signIn, views)
    showOnly(loading, views)
    void attempt(loading, async () => {
      await open(api, await api.account(), mcpUrl)
      showOnly(view, views)
    })
  })
}
