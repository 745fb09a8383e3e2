/**
 * Text written by strangers, as data: control, invisible and direction-changing characters become spaces, runs of
 * space become one, and what is longer than `max` characters is cut.
 */
export function clean(text: string, max = 120): string {
  const plain = text
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  const characters = [...plain]
  return characters.length <= max ? plain : `${characters.slice(0, max - 1).join('')}…`
}

/** The name of a sellable product, with the label of its variant where there are several. */
export function variantName({ name, label }: { name: string; label: string | null }, max?: number): string {
  return clean(label === null ? name : `${name} ${label}`, max)
}

/** Free text such as a note: cleaned, cut, and marked as not to be followed. Null stays null. */
export function untrusted(text: string | null, max = 300): string | null {
  return text === null ? null : `[untrusted text] ${clean(text, max)}`
}

/** A compact Markdown table. Cells are plain text; a bar in one would break the row. */
export function table(headers: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '/')).join(' | ')} |`
  return [line(headers), `|${'---|'.repeat(headers.length)}`, ...rows.map(line)].join('\n')
}

/** A list as text; one that was cut says so first. */
export function listText(list: {
  /** What the rows are, in plural: "products". */
  what: string
  headers: readonly string[]
  rows: readonly (readonly (string | number)[])[]
  nextCursor?: string | undefined
}): string {
  const { what, headers, rows, nextCursor } = list
  if (rows.length === 0) return `No ${what} match.`
  const cut =
    nextCursor === undefined ? '' : `Only ${rows.length} ${what} are shown; more follow with cursor ${nextCursor}\n`
  return cut + table(headers, rows)
}

/**
 * About how many tokens a text costs a model, rather too many than too few: ids and decimals cost a token for two or
 * three characters, scripts beyond ASCII up to two tokens a character.
 */
export function estimateTokens(text: string): number {
  const ascii = text.replace(/\P{ASCII}+/gu, '').length
  return Math.ceil(ascii / 2.5 + 2 * ([...text].length - ascii))
}
