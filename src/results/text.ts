/**
 * Cleans text written by strangers: control, invisible and direction-changing characters become spaces, several spaces
 * become one, and text longer than `max` is cut. `max` counts letters; characters that cost a model several tokens
 * count as several.
 */
export function clean(text: string, max = 120): string {
  const plain = PLAIN.test(text) ? text : withoutInvisible(text)
  if (plain.length * MAX_WEIGHT <= max) return plain
  const characters = [...plain]
  const total = characters.reduce((sum, character) => sum + weightOf(character), 0)
  if (total <= max) return plain
  let rest = max - 1
  const end = characters.findIndex((character) => {
    rest -= weightOf(character)
    return rest < 0
  })
  return `${characters.slice(0, end).join('')}…`
}

// Most names are ASCII words, which this recognises quickly.
const PLAIN = /^(?:[!-~]+ )*[!-~]+$/

function withoutInvisible(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

const MAX_WEIGHT = 4

/** A generous estimate: scripts beyond Latin cost up to three tokens per character, emoji up to four. */
function weightOf(character: string): number {
  const codePoint = character.codePointAt(0) as number
  return codePoint < 0x250 ? 1 : codePoint < 0x3000 ? 3 : codePoint < 0xa000 ? 2 : codePoint < 0x10000 ? 3 : MAX_WEIGHT
}

/** Cleans a text that may be missing: null stays null. */
export function cleanOrNull(text: string | null, max?: number): string | null {
  return text === null ? null : clean(text, max)
}

/** A name in a table, marked if it is switched off. */
export function nameWithState(name: string, isActive: boolean): string {
  return isActive ? name : `${name} (switched off)`
}

/** The name of a sellable product, with the label of its variant if it has one. */
export function variantName({ name, label }: { name: string; label: string | null }, max?: number): string {
  return clean(label === null ? name : `${name} ${label}`, max)
}

// Classes of ASCII characters, by which tokenizers cut a text into pieces.
const [OTHER, SPACE, DIGIT, CONSONANT, VOWEL, JSON_SIGN] = [0, 1, 2, 3, 4, 5]
const CLASS_OF = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code)
  if (code <= 32) return SPACE
  if (/\d/.test(character)) return DIGIT
  if (/[aeiouy]/i.test(character)) return VOWEL
  if (/[a-z]/i.test(character)) return CONSONANT
  return /[",:[\]{}|.-]/.test(character) ? JSON_SIGN : OTHER
})
const classAt = (text: string, index: number) => CLASS_OF[text.charCodeAt(index)]

/**
 * How many tokens a text costs a model, estimated from above: texts of any script, codes and signs cost no more, so that
 * what is kept within a limit by it is within that limit. A word costs one per three letters (three made-up syllables
 * may cost four), and what nobody can pronounce nearly one per letter; digits one per three; other scripts one per byte.
 */
export function estimateTokens(text: string): number {
  let tokens = 0
  for (let index = 0; index < text.length; ) {
    const start = index
    const first = classAt(text, index++)
    if (first === undefined) {
      const codePoint = text.codePointAt(start) as number
      tokens += codePoint < 0x100 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4
      if (codePoint > 0xffff) index++
    } else if (first === VOWEL || first === CONSONANT) {
      let vowels = first === VOWEL ? 1 : 0
      for (; index < text.length; index++) {
        const next = classAt(text, index)
        if (next !== VOWEL && next !== CONSONANT) break
        // A capital within a word begins another piece.
        if (text.charCodeAt(index) < 97 && text.charCodeAt(index - 1) >= 97) break
        if (next === VOWEL) vowels++
      }
      const letters = index - start
      tokens += vowels * 4 >= letters ? Math.ceil(letters / 3) : Math.max(1, 0.8 * letters)
    } else if (first === DIGIT) {
      while (classAt(text, index) === DIGIT) index++
      tokens += Math.ceil((index - start) / 3)
    } else if (first === SPACE) {
      // A space belongs to the word after it.
      if (text[start] !== ' ' || classAt(text, index) === DIGIT) tokens++
    } else {
      let isJson = first === JSON_SIGN
      for (; index < text.length; index++) {
        const next = classAt(text, index)
        if (next === JSON_SIGN) continue
        if (next !== OTHER) break
        isJson = false
      }
      const signs = index - start
      tokens += signs === 1 ? 1 : isJson ? 1 + Math.max(0, (signs - 3) / 3) : 0.75 * signs
    }
  }
  return Math.ceil(tokens)
}

/**
 * How much of an estimate is of words that people can pronounce. Of ordinary names and words the estimate is a third too
 * high, of codes it is not.
 */
export function estimateWords(text: string): number {
  const words = text.match(/[A-Za-z]{4,}/g) ?? []
  return words.reduce((tokens, word) => {
    const vowels = word.match(/[aeiouy]/gi)?.length ?? 0
    return vowels * 4 >= word.length ? tokens + Math.ceil(word.length / 3) : tokens
  }, 0)
}
