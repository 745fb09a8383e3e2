/** The page of an authorization request: the merchant signs in, then approves or refuses the client. */
import type { InteractionDetails } from '../../src/oauth/interaction-details.ts'
import { attempt, byId, focusHeading, showOnly } from '../dom.ts'
import { send, wordsOf } from './answer.ts'
import { openConsent } from './consent.ts'
import { openFrame } from './frame.ts'
import { openSignIn } from './sign-in.ts'

const [loading, signIn, consent] = ['loading', 'sign-in', 'consent'].map((id) => byId(id, HTMLElement)) as [
  HTMLElement,
  HTMLElement,
  HTMLElement,
]

void openFrame()
void attempt(loading, async () => {
  const { ok, answer: details } = await send<InteractionDetails>(`${location.pathname}/details`)
  if (!ok) throw new Error(wordsOf(details))
  for (const place of document.querySelectorAll('.client')) place.textContent = details.client
  const view = details.prompt === 'login' ? signIn : consent
  document.title = view.querySelector('h1')?.textContent ?? document.title
  showOnly(view, [loading, signIn, consent])
  if (details.prompt === 'login') return openSignIn(view, details)
  openConsent(view, details)
  focusHeading(view)
})
