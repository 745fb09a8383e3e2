import type { ToolResult } from '../mcp/tool.ts'
import { describeDays } from '../time/window.ts'

interface Told {
  window?: { from: string; to: string; soFar?: string }
  location?: Named
  supplier?: Named
  category?: Named
  product?: Named
  about?: { filters?: readonly string[] }
  taken?: string
}
type Named = { name: string } | string | null

/**
 * What the rows of a result are of: its days, its place, and what its filters were taken to mean, since a file does not
 * say it.
 */
export function holdsOf({ data, taken }: ToolResult<Record<string, unknown>>): string {
  const told = data as Told
  const soFar = told.window?.soFar === undefined ? '' : ` so far (${told.window.soFar})`
  const names = (['location', 'supplier', 'category', 'product'] as const).flatMap((each) => {
    const name = told[each]
    return name == null ? [] : [`${each} ${typeof name === 'string' ? name : name.name}`]
  })
  const words = taken ?? told.taken
  return [
    ...(told.window === undefined ? [] : [`${describeDays(told.window)}${soFar}`]),
    ...names,
    ...(told.about?.filters ?? []),
    ...(words === undefined ? [] : [words.replace(/\.$/, '')]),
  ].join('; ')
}
