import { inLanguage } from './language.ts'

/** What the operator's links below the pages are called; an operator may have set none of them. */
export const LINKS = inLanguage({
  en: { website: 'FlowPOS', privacy: 'Privacy', terms: 'Terms', support: 'Help' },
  es: { website: 'FlowPOS', privacy: 'Privacidad', terms: 'Condiciones', support: 'Ayuda' },
})
