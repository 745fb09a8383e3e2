import type { Scope } from '../../src/auth/scopes.ts'
import type { InteractionDetails } from '../../src/oauth/interaction-details.ts'
import { attempt, byId, element } from '../dom.ts'
import { answer, offerAbort } from './answer.ts'

type Consent = Extract<InteractionDetails, { prompt: 'consent' }>

const SCOPE_WORDS: Record<Scope, string> = {
  'pos:read': 'See products, stock, orders and clients',
  'pos:write': 'Create and change products, stock, orders and clients',
  'reports:read': 'See sales and tax reports',
  'psa:read': 'See project boards and time sheets',
  'pos:intents': 'Summarize days and periods, the state of stock and of clients',
}

/** The merchant approves or refuses the client. */
export function openConsent(view: HTMLElement, { businesses, scopes }: Consent): void {
  const names = businesses.flatMap((name) => [', ', element('strong', {}, name)]).slice(1)
  byId('businesses', HTMLElement).append(...names)
  byId('scopes', HTMLUListElement).append(
    ...scopes.map((scope) => element('li', {}, `${SCOPE_WORDS[scope]} (${scope})`)),
  )
  const isRefused = scopes.length === 0
  byId('refused', HTMLElement).hidden = !isRefused
  byId('granted', HTMLElement).hidden = isRefused
  const allow = byId('allow', HTMLButtonElement)
  allow.hidden = isRefused
  allow.addEventListener('click', () => void attempt(view, () => answer('confirm')))
  offerAbort(view)
}
