import dedent from 'dedent'

/** SQL as a template says it, without the template's own indentation; what is put in is indented like its line. */
export const layout = dedent.withOptions({ alignValues: true, escapeSpecialCharacters: false })

// What is put in stands up to thirty columns to the right.
const LIST_WIDTH = 90
const BRACKET_WIDTH = 70

/** A comma-separated list, in as many lines as it needs. */
export function list(items: readonly string[]): string {
  const lines: string[] = []
  for (const item of items) {
    const last = lines.at(-1)
    if (last === undefined || last.length + item.length > LIST_WIDTH) lines.push(item)
    else lines[lines.length - 1] = `${last}, ${item}`
  }
  return lines.join(',\n')
}

/** A text in round brackets: a short one as it is, a longer one indented on lines of its own. */
export function nested(text: string): string {
  return text.includes('\n') || text.length > BRACKET_WIDTH ? `(\n${text.replace(/^(?=.)/gm, '  ')}\n)` : `(${text})`
}

/** The rows of several queries together. */
export function union(...queries: string[]): string {
  return queries.join('\nunion all\n')
}
