/**
 * The pages that Firebase's auth domain serves for pop-ups, at the paths and with the messages that the JS SDK expects of
 * an emulator. Here a person picks one of the accounts, where Google would ask who they are.
 */
import { randomBytes } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { type Account, type Accounts, IdentityError } from './accounts.ts'

const NAMES: Record<string, string> = { 'google.com': 'Google', 'microsoft.com': 'Microsoft', 'apple.com': 'Apple' }

/** Who was picked, by the code that the pop-up hands over. A code works once. */
export type Picks = ReturnType<typeof createPicks>

export function createPicks(accounts: Accounts) {
  const picks = new Map<string, { uid: string; provider: string }>()
  return {
    offer(account: Account, provider: string): string {
      const code = randomBytes(16).toString('hex')
      picks.set(code, { uid: account.uid, provider })
      return code
    },
    /** @param requestUri where a provider would have sent the browser back to */
    take(requestUri: string): { account: Account; provider: string } {
      const code = new URL(requestUri, 'http://localhost').searchParams.get('code') ?? ''
      const pick = picks.get(code)
      if (!pick) throw new IdentityError('INVALID_IDP_RESPONSE')
      picks.delete(code)
      return { account: accounts.get(pick.uid), provider: pick.provider }
    },
  }
}

/** The two pages: the pop-up itself, and the frame that passes its answer to the page that opened it. */
export function popUpRoutes(app: FastifyInstance, accounts: Accounts, picks: Picks) {
  app.get<{ Querystring: { providerId?: string } }>('/emulator/auth/handler', ({ query }, reply) => {
    const provider = query.providerId ?? ''
    const buttons = accounts
      .all()
      .toSorted((a, b) => (a.email < b.email ? -1 : 1))
      .map(
        (account) =>
          `<li><button data-code="${picks.offer(account, provider)}"><b>${escapeHtml(account.displayName ?? account.uid)}</b><span>${escapeHtml(account.email)}</span></button></li>`,
      )
    return reply.type('text/html').send(picker(escapeHtml(NAMES[provider] ?? provider), buttons.join('')))
  })
  app.get('/emulator/auth/iframe', (_request, reply) => reply.type('text/html').send(FRAME))
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

const picker = (provider: string, buttons: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sign in with ${provider}</title>
<style>
  body { max-width: 24rem; margin: 0 auto; padding: 1.5rem 1rem; font: 16px/1.5 system-ui, sans-serif; }
  h1 { margin: 0; font-size: 1.3rem; }
  p { margin: .25rem 0 1rem; opacity: .75; }
  ul { margin: 0 0 1rem; padding: 0; list-style: none; border: 1px solid #8885; border-radius: .5rem; overflow: hidden; }
  li + li { border-top: 1px solid #8885; }
  button { font: inherit; color: inherit; background: none; border: 0; cursor: pointer; padding: .6rem .8rem; }
  li button { display: grid; width: 100%; text-align: left; }
  li span { opacity: .75; font-size: .875rem; }
  button:hover { background: #8882; }
  :focus-visible { outline: 2px solid; outline-offset: -2px; }
</style>
<h1>Sign in with ${provider}</h1>
<p>The development issuer stands in for ${provider}. Choose an account.</p>
<ul>${buttons}</ul>
<button id="cancel">Cancel</button>
<script>
  const query = new URLSearchParams(location.search)
  function answer(result) {
    const authEvent = {
      type: query.get('authType'), eventId: query.get('eventId'), urlResponse: null, sessionId: '', postBody: '',
      tenantId: null, error: null, ...result,
    }
    for (let i = 0; i < opener.frames.length; i++) {
      try {
        const frame = opener.frames[i]
        if (frame.location.pathname === '/emulator/auth/iframe') frame.postMessage({ authEvent }, location.origin)
      } catch {
        // A frame of another origin.
      }
    }
  }
  for (const button of document.querySelectorAll('[data-code]')) {
    button.onclick = () => answer({ urlResponse: location.origin + location.pathname + '?code=' + button.dataset.code })
  }
  document.getElementById('cancel').onclick = () => answer({ error: { code: 'auth/user-cancelled', message: '' } })
</script>
`

const FRAME = `<!doctype html>
<meta charset="utf-8">
<title>Answers of the pop-up</title>
<script>
  function gapi_onload() {
    gapi.load('gapi.iframes', { callback() {
      const filter = gapi.iframes.CROSS_ORIGIN_IFRAMES_FILTER
      const page = gapi.iframes.getContext().getParentIframe()
      const send = (authEvent) => page.send('authEvent', { type: 'authEvent', authEvent }, () => {}, filter)
      page.register('webStorageSupport', () => ({ status: 'ACK', webStorageSupport: true }), filter)
      addEventListener('message', ({ data, origin }) => {
        if (origin === location.origin && data.authEvent) send(data.authEvent)
      })
      send({ type: 'unknown', error: { code: 'auth/no-auth-event' } })
    } })
  }
</script>
<script src="https://apis.google.com/js/api.js"></script>
`
