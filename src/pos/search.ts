import { type RawBuilder, type SqlBool, sql } from 'kysely'

// A search finds every word of it somewhere in a text, in any order, without regard to case, accents and plural. Where
// that finds nothing, the texts that are nearest by their trigrams are told instead, and said to be only that.

const MAX_WORDS = 10
/** How near the nearest must be, as a mean of `word_similarity`, which is 1 for a word that is there. */
const NEAR = 0.45

/** A search in SQL, over texts that `search_text` has normalised. */
export interface TextSearch {
  isMatch: RawBuilder<SqlBool>
  /** The best first: 0 with the whole phrase, 1 with all words as they are written, 2 with another plural. */
  rank: RawBuilder<number>
  /** Between 0 and 1, for what is no match. */
  nearness: RawBuilder<number>
  isNear: RawBuilder<SqlBool>
}

/** How a text is searched for something; a search without letters and digits is for it as it is written. */
export function searching(text: RawBuilder<string>, search: string): TextSearch {
  const phrase = normalised(search).trim().replace(/\s+/g, ' ')
  const found = [...new Set(phrase.match(/[\p{L}\p{N}]+/gu) ?? [])].slice(0, MAX_WORDS)
  const words = found.length === 0 ? [phrase] : found
  const isWhole = sql<SqlBool>`${text} like ${pattern(phrase)}`
  const areThere = words.map((word) => sql<SqlBool>`${text} like ${pattern(word)}`)
  const inAnyForm = words.map((word, index) => {
    const forms = otherForms(word)
    if (forms.length === 0) return areThere[index] as RawBuilder<SqlBool>
    return sql<SqlBool>`(${areThere[index]} or ${text} ~ ${`\\m(${forms.join('|')})\\M`})`
  })
  const similarities = words.map((word) => sql<number>`word_similarity(${word}, ${text})`)
  const nearness = sql<number>`((${sql.join(similarities, sql` + `)}) / ${sql.lit(words.length)})`
  return {
    isMatch: sql<SqlBool>`(${sql.join(inAnyForm, sql` and `)})`,
    rank: sql<number>`case when ${isWhole} then 0 when ${sql.join(areThere, sql` and `)} then 1 else 2 end`,
    nearness,
    isNear: sql<SqlBool>`${nearness} >= ${sql.lit(NEAR)}`,
  }
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
