/** The languages of the pages for people. */
export const LANGUAGES = ['en', 'es'] as const
export type Language = (typeof LANGUAGES)[number]

export const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', es: 'Español' }

const CHOICE = 'flowpos-language'

/** What the person chose on a page; else the first of the browser's languages that the pages speak; else English. */
export const language: Language = chosen() ?? navigator.languages.map(languageOf).find(isSpoken) ?? 'en'

function chosen(): Language | undefined {
  // Browsers that keep nothing throw.
  try {
    const choice = localStorage.getItem(CHOICE) ?? undefined
    return isSpoken(choice) ? choice : undefined
  } catch {
    return undefined
  }
}

function languageOf(tag: string): string {
  return tag.slice(0, 2).toLowerCase()
}

function isSpoken(tag: string | undefined): tag is Language {
  return LANGUAGES.some((each) => each === tag)
}

/** Shows the page in another language from now on. */
export function chooseLanguage(choice: Language): void {
  localStorage.setItem(CHOICE, choice)
  location.reload()
}

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
