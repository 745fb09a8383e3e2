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

// Most results are ASCII. The search for characters that cost more is the slowest part, so it is skipped for them.
const ASCII = /^[\0-\x7f]*$/

/** A generous estimate of the tokens that a text costs a model; ids and decimals cost one per 2.5 letters. */
export function estimateTokens(text: string): number {
  let tokens = 0.4 * text.length
  if (ASCII.test(text)) return Math.ceil(tokens)
  for (const [characters] of text.matchAll(/[^\0-\x7f]+/g)) {
    for (const character of characters) tokens += weightOf(character) - 0.4 * character.length
  }
  return Math.ceil(tokens)
}
