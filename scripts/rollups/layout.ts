import dedent from 'dedent'

/** SQL from a template, without the template's own indentation; inserted texts are indented like their line. */
export const layout = dedent.withOptions({ alignValues: true, escapeSpecialCharacters: false })

// Inserted texts may be indented by up to thirty columns.
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

/** A text in parentheses: a short one inline, a longer one indented on separate lines. */
export function nested(text: string): string {
  return text.includes('\n') || text.length > BRACKET_WIDTH ? `(\n${text.replace(/^(?=.)/gm, '  ')}\n)` : `(${text})`
}

/** The union of the rows of several queries. */
export function union(...queries: string[]): string {
  return queries.join('\nunion all\n')
}
