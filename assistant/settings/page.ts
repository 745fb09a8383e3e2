/** The AI Assistant page: signs in with Firebase and opens the view of its path. */

import { attempt, byId, focusHeading, showOnly } from '../dom.ts'
import { SESSION_EXPIRED } from '../sign-in/failures.ts'
import { createIdentity } from '../sign-in/identity.ts'
import { createApi, readSettings } from './api.ts'
import { openKeys } from './keys.ts'
import { forgetSecret } from './secret.ts'
import { createSignIn } from './sign-in.ts'
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
  const { signIn: settings, mcpUrl } = await readSettings()
  if (settings === null) return showOnly(unconfigured, views)

  const identity = createIdentity(settings, { remember: true })
  const api = createApi(identity.idToken, identity.signOut)
  const form = createSignIn(identity)
  let isSignedIn = identity.wasSignedIn
  byId('sign-out', HTMLButtonElement).addEventListener('click', () => {
    isSignedIn = false
    void identity.signOut().then(() => location.reload())
  })

  identity.onChange((who) => {
    const cameFromForm = !signIn.hidden
    forgetSecret()
    byId('who', HTMLElement).textContent = who ?? ''
    byId('account', HTMLElement).hidden = who === null
    if (who === null) {
      showOnly(signIn, views)
      // What was typed in the other views stays there, and is there again after the sign-in.
      form.start(isSignedIn ? SESSION_EXPIRED : undefined)
      isSignedIn = false
      return
    }
    isSignedIn = true
    showOnly(loading, views)
    void attempt(loading, async () => {
      await open(api, await api.account(), mcpUrl)
      showOnly(view, views)
      if (cameFromForm) focusHeading(view)
    })
  })
}
