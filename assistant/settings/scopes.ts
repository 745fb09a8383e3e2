import type { Scope } from '../../src/auth/scopes.ts'
import { element } from '../dom.ts'

const MEANINGS: Record<Scope, string> = {
  'pos:read': 'See products, stock, orders and clients',
  'pos:write': 'Change products, stock, orders and clients',
  'reports:read': 'See sales reports',
  'psa:read': 'See project boards and time',
  'pos:intents': 'Summaries of days and periods, inventory and client health',
}

/** Fills a fieldset with a checkbox per scope, all checked. */
export function offerScopes(place: HTMLElement, scopes: readonly Scope[]): void {
  place.replaceChildren(
    ...scopes.map((scope) => {
      const box = element('input', { type: 'checkbox', name: 'scope', value: scope, defaultChecked: true })
      return element('label', { className: 'choice' }, box, element('span', {}, MEANINGS[scope], ' ', code(scope)))
    }),
  )
}

/** The checked scopes. @throws Error if there are none */
export function chosenScopes(place: HTMLElement): Scope[] {
  const chosen = [...place.querySelectorAll<HTMLInputElement>('input:checked')].map(({ value }) => value as Scope)
  if (chosen.length === 0) throw new Error('Choose at least one permission.')
  return chosen
}

function code(text: string): HTMLElement {
  return element('code', {}, text)
}
