import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Scope } from '../../src/auth/scopes.ts'

// The list that people read: a tool that changes its scope shows in its diff.
const LIST = readFileSync(path.join(import.meta.dirname, '../../docs/tools/README.md'), 'utf8')
const ROW = /^\| \[`(\w+)`\]\S+ \| (\w+) \| ([^|]+) \|/gm

/** The tools that `docs/tools/README.md` lists for some scopes, as `tools/list` shows them to a person with one business. */
export function toolsOf(...scopes: Scope[]): string[] {
  return (
    [...LIST.matchAll(ROW)]
      // The tools of research modes are in a list of their own.
      .filter(([, , domain]) => domain !== 'research')
      .filter(
        ([, name, , needed = '']) =>
          name === 'get_context' || needed.split(', ').every((scope) => scopes.some((each) => each === scope)),
      )
      .map(([, name]) => name as string)
  )
}
