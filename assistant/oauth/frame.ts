import type { PageSettings } from '../../src/auth/assistant-page.ts'
import { byId, element } from '../dom.ts'
import { chooseLanguage, inLanguage, LANGUAGE_NAMES, LANGUAGES, type Language, language } from '../language.ts'
import { LINKS } from '../links.ts'
import { send } from './answer.ts'

/** What stands around every view: the choice of language above, the operator's links below. */
export async function openFrame(): Promise<void> {
  document.documentElement.lang = language
  const choice = byId('language', HTMLSelectElement)
  choice.append(
    ...LANGUAGES.map((each) =>
      element('option', { value: each, lang: each, selected: each === language }, LANGUAGE_NAMES[each]),
    ),
  )
  choice.addEventListener('change', () => chooseLanguage(choice.value as Language))
  byId('language-label', HTMLElement).textContent = inLanguage({ en: 'Language', es: 'Idioma' })

  const { ok, answer } = await send<PageSettings>('/settings/mcp/settings.json')
  // The sign-in works without them.
  if (!ok) return
  const footer = byId('links', HTMLElement)
  for (const [name, text] of Object.entries(LINKS) as [keyof typeof LINKS, string][]) {
    const href = answer.links[name]
    if (href !== null) footer.append(element('a', { href, rel: 'noreferrer', target: '_blank' }, text))
  }
  footer.hidden = footer.childElementCount === 0
}
