import { type RawBuilder, type SqlBool, sql } from 'kysely'

// A search finds every word of it somewhere in a text, in any order, without regard to case, accents and plural. Where
// that finds nothing, the texts that are nearest by their trigrams are told instead, and said to be only that. Numbers,
// codes and addresses are never near: a tax id that differs in one digit is somebody else's.

const MAX_WORDS = 10
/** How near the nearest must be, as a mean of `word_similarity`, which is 1 for a word that is there. */
export const NEAR = 0.45

/** A search in SQL, over texts that `search_text` has normalised. */
export interface TextSearch {
  isMatch: RawBuilder<SqlBool>
  /** The best first: 0 with the whole phrase, 1 with all words as they are written, 2 with another plural. */
  rank: RawBuilder<number>
  /** Between 0 and 1, for what is no match; 0 if a number of the search is not there. */
  nearness: RawBuilder<number>
  /** A LIKE pattern of all matches, which an index by trigrams finds; null for a search of short words. */
  indexed: string | null
  /** Words without which nothing is near. */
  nearWords: string[]
}

/** How a text is searched for something; a search without letters and digits is for it as it is written. */
export function searching(text: RawBuilder<string>, search: string): TextSearch {
  const phrase = normalised(search).trim().replace(/\s+/g, ' ')
  const found = [...new Set(phrase.match(/[\p{L}\p{N}]+/gu) ?? [])].slice(0, MAX_WORDS)
  const words = found.length === 0 ? [phrase] : found
  const isWhole = sql<SqlBool>`${text} like ${pattern(phrase)}`
  // A single letter is somewhere in every text, so that it must begin a word, and a single digit be the number.
  const areThere = words.map((word) => {
    if (/^\p{N}$/u.test(word)) return isNumber(text, word)
    return /^\p{L}$/u.test(word) ? sql<SqlBool>`${text} ~ ${`\\m${word}`}` : sql<SqlBool>`${text} like ${pattern(word)}`
  })
  const inAnyForm = words.map((word, index) => {
    const forms = otherForms(word)
    if (forms.length === 0) return areThere[index] as RawBuilder<SqlBool>
    return sql<SqlBool>`(${areThere[index]} or ${text} ~ ${`\\m(${forms.join('|')})\\M`})`
  })
  // The longest word finds the fewest.
  const longest = words.map(commonStem).reduce((one, other) => (other.length > one.length ? other : one))
  return {
    isMatch: sql<SqlBool>`(${isWhole} or (${sql.join(inAnyForm, sql` and `)}))`,
    rank: sql<number>`case when ${isWhole} then 0 when ${sql.join(areThere, sql` and `)} then 1 else 2 end`,
    nearness: nearnessOf(text, phrase, words),
    indexed: longest.length < MIN_INDEXED ? null : pattern(longest),
    nearWords: fuzzyParts(phrase, words),
  }
}

/** A shorter text has no trigram. */
const MIN_INDEXED = 3

/** The beginning that a word of letters or digits has in common with its other forms; of something else, nothing. */
function commonStem(word: string): string {
  if (!/^[\p{L}\p{N}]+$/u.test(word)) return ''
  const forms = otherForms(word)
  let length = word.length
  while (!forms.every((form) => form.startsWith(word.slice(0, length)))) length--
  return word.slice(0, length)
}

/** So many letters are needed for a slip among them to be told from another word. */
const MIN_FUZZY = 3

/** Digits and letters of "600ml" are parts by themselves. */
function partsOf(words: readonly string[]): string[] {
  return words.flatMap((word) => word.match(/\p{N}+|[^\p{N}]+/gu) ?? [])
}

function isFuzzy(part: string): boolean {
  return part.length >= MIN_FUZZY && /^\p{L}+$/u.test(part)
}

/** The parts of words in which slips are forgiven; none of them in an address. */
function fuzzyParts(phrase: string, words: readonly string[]): string[] {
  return phrase.includes('@') ? [] : partsOf(words).filter(isFuzzy)
}

/** How near a text is to words; what is no word, and words too short for slips, must be there as written. */
function nearnessOf(text: RawBuilder<string>, phrase: string, words: readonly string[]): RawBuilder<number> {
  const fuzzy = fuzzyParts(phrase, words)
  if (fuzzy.length === 0) return sql<number>`0::real`
  const similarities = fuzzy.map((part) => sql<number>`word_similarity(${part}, ${text})`)
  const mean = sql<number>`((${sql.join(similarities, sql` + `)}) / ${sql.lit(fuzzy.length)})`
  const exact = partsOf(words)
    .filter((part) => !isFuzzy(part))
    .map((part) => (/^\p{N}+$/u.test(part) ? isNumber(text, part) : sql<SqlBool>`${text} like ${pattern(part)}`))
  return exact.length === 0 ? mean : sql<number>`case when ${sql.join(exact, sql` and `)} then ${mean} else 0::real end`
}

/** Whether a number is in a text, and not only as a part of a longer one. */
function isNumber(text: RawBuilder<string>, number: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`${text} ~ ${`(?<!\\d)${number}(?!\\d)`}`
}

/** The same as `search_text` does in the database. */
export function normalised(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
}

/** Whether each of some words, or another form of it, begins a word of a text. */
export function beginsWords(text: string, words: readonly string[]): boolean {
  const begun = normalised(text).match(/\p{L}+/gu) ?? []
  return words.map(normalised).every((word) => {
    const forms = [word, ...otherForms(word)]
    return begun.some((each) => forms.some((form) => each.startsWith(form)))
  })
}

/** A LIKE pattern that finds a text anywhere; its wildcards count as ordinary characters. */
function pattern(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`
}

/** Singular and plural of a word in Spanish or English, besides what begins with the word itself. */
function otherForms(word: string): string[] {
  if (!/^\p{L}{3,}$/u.test(word)) return []
  const stems = [
    ...(word.endsWith('ces') ? [`${word.slice(0, -3)}z`] : []),
    ...(word.endsWith('ies') ? [`${word.slice(0, -3)}y`] : []),
    ...(word.endsWith('es') ? [word.slice(0, -2)] : []),
    ...(word.endsWith('s') ? [word.slice(0, -1)] : []),
    ...(word.endsWith('z') ? [`${word.slice(0, -1)}ces`] : []),
    ...(word.endsWith('y') ? [`${word.slice(0, -1)}ies`] : []),
  ]
  return stems.filter((stem) => stem.length >= 3)
}
