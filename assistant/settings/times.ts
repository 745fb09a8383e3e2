import { language } from '../language.ts'

/** A point in time in the notation of the page's language and this browser's zone. */
export function localTime(instant: string): string {
  return new Intl.DateTimeFormat(localeOf(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(instant))
}

/** Time zone of this browser, for times that people act upon. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** The browser's own form of the page's language: es-GT rather than es. */
function localeOf(): string {
  return navigator.languages.find((tag) => tag.startsWith(language)) ?? language
}
