import { inLanguage } from '../language.ts'

/** What stands behind the host that the browser goes to: nothing for a web site. */
export const APPLICATION = inLanguage({
  en: { site: '', computer: ' (an application on this computer)', device: ' (an application on this device)' },
  es: { site: '', computer: ' (una aplicación en esta computadora)', device: ' (una aplicación en este dispositivo)' },
})
