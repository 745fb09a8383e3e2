import { language } from '../language.ts'

/** A point in time in the notation of the page's language and this browser's zone. */
export function localTime(instant: string): string {
  return new Intl.DateTimeFormat(localeOf(), { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(instant))
}

/** Time zone of this browser, for times that people act upon. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

/**
 * The first instant of a day of this browser's zone, as the service takes it.
 * @param day `2026-03-10`
 * @param after how many days later
 */
export function startOfDay(day: string, after = 0): string {
  const [year, month, date] = day.split('-').map(Number) as [number, number, number]
  return new Date(year, month - 1, date + after).toISOString()
}

/** The browser's own form of the page's language: es-GT rather than es. */
function localeOf(): string {
  return navigator.languages.find((tag) => tag.startsWith(language)) ?? language
}
