import { grouped } from '../money/money.ts'

/**
 * So many things in words: `1 order`, `2,400 orders`, `0.5 units`.
 * @param count a number, or a decimal string
 * @param one what one of them is called
 */
export function counted(count: number | string, one: string): string {
  return `${grouped(String(count))} ${ofNumber(count, one)}`
}

/** What so many things are called, for a sentence that says the number elsewhere. */
export function ofNumber(count: number | string, one: string): string {
  return Number(count) === 1 ? one : pluralOf(one)
}

/** As `counted`, of things that are called in the plural: `1 blocked step` of "blocked steps". */
export function countedOf(count: number | string, many: string): string {
  return `${grouped(String(count))} ${Number(count) === 1 ? singularOf(many) : many}`
}

/** How many of a list are shown, after "Only": `1 order is shown`, `2 of 40 orders are shown`. */
export function areShown(count: number, many: string, of?: number): string {
  const what = of === undefined ? countedOf(count, many) : `${grouped(String(count))} of ${countedOf(of, many)}`
  return `${what} ${count === 1 ? 'is' : 'are'} shown`
}

/** The first words about a page of a list: how many of all that match it shows. */
export function describePage(page: {
  /** What the rows are, in the plural: "products". */
  what: string
  shown: number
  /** How many match; absent if they are too many to count. */
  total?: number | undefined
  nextCursor?: string | undefined
}): string {
  const { what, shown, total, nextCursor } = page
  if (nextCursor !== undefined) return `Only ${areShown(shown, what, total)}; more follow with cursor ${nextCursor}`
  return total === undefined || shown === total
    ? `${what.charAt(0).toUpperCase()}${what.slice(1)} that match: ${grouped(String(shown))}.`
    : `The last ${grouped(String(shown))} of ${countedOf(total, what)} that match.`
}

function pluralOf(one: string): string {
  if (/[^aeiou]y$/.test(one)) return `${one.slice(0, -1)}ies`
  return /(?:s|x|ch|sh)$/.test(one) ? `${one}es` : `${one}s`
}

/** Only the last word, or the one before "of", is in the plural: "rows of stock". */
function singularOf(many: string): string {
  const [, words = '', rest = ''] = /^(.*?)( of .*)?$/.exec(many) ?? []
  if (words.endsWith('ies')) return `${words.slice(0, -3)}y${rest}`
  return `${words.replace(/(?<=ss|x|ch|sh)es$|s$/, '')}${rest}`
}
