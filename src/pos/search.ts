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
  const nearness = nearnessOf(text, phrase, words)
  return {
    isMatch: sql<SqlBool>`(${isWhole} or (${sql.join(inAnyForm, sql` and `)}))`,
    rank: sql<number>`case when ${isWhole} then 0 when ${sql.join(areThere, sql` and `)} then 1 else 2 end`,
    nearness,
  }
}

/** So many letters are needed for a slip among them to be told from another word. */
const MIN_FUZZY = 3

/** How near a text is to words; what is no word, and words too short for slips, must be there as written. */
function nearnessOf(text: RawBuilder<string>, phrase: string, words: readonly string[]): RawBuilder<number> {
  // Digits and letters of "600ml" are parts by themselves.
  const parts = words.flatMap((word) => word.match(/\p{N}+|[^\p{N}]+/gu) ?? [])
  const isFuzzy = (part: string) => part.length >= MIN_FUZZY && /^\p{L}+$/u.test(part)
  const fuzzy = parts.filter(isFuzzy)
  if (fuzzy.length === 0 || phrase.includes('@')) return sql<number>`0::real`
  const similarities = fuzzy.map((part) => sql<number>`word_similarity(${part}, ${text})`)
  const mean = sql<number>`((${sql.join(similarities, sql` + `)}) / ${sql.lit(fuzzy.length)})`
  const exact = parts
    .filter((part) => !isFuzzy(part))
    .map((part) => (/^\p{N}+$/u.test(part) ? isNumber(text, part) : sql<SqlBool>`${text} like ${pattern(part)}`))
  return exact.length === 0 ? mean : sql<number>`case when ${sql.join(exact, sql` and `)} then ${mean} else 0::real end`
}

/** Whether a number is in a text, and not only as a part of a longer one. */
function isNumber(text: RawBuilder<string>, number: string): RawBuilder<SqlBool> {
  return sql<SqlBool>`${text} ~ ${`(?<!\\d)${number}(?!\\d)`}`
}

/** The same as `search_text` does in the database. */
function normalised(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
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
