/** The languages of the pages for people. */
const LANGUAGES = ['en', 'es'] as const
export type Language = (typeof LANGUAGES)[number]

/** The first of the browser's languages that the pages speak; else English. */
export const language: Language =
  navigator.languages
    .map((tag) => tag.slice(0, 2).toLowerCase())
    .find((tag): tag is Language => LANGUAGES.some((each) => each === tag)) ?? 'en'

/**
 * Texts in the reader's language.
 * @param texts the same texts in every language
 */
export function inLanguage<T>(texts: Record<Language, T>): T {
  return texts[language]
}

/** Puts texts in the place of the elements that name them in `data-text`, and says which language the page is in. */
export function translate(texts: Record<string, string>): void {
  document.documentElement.lang = language
  for (const place of document.querySelectorAll<HTMLElement>('[data-text]')) {
    const text = texts[place.dataset.text as string]
    if (text !== undefined) place.textContent = text
  }
}
