import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'

const ROOT = path.join(import.meta.dirname, '..')
const SOURCES = ['src', 'plugins', 'tools', 'embedded', 'demo', 'cli', 'assistant', 'scripts']
// They put the parts together; only entries and tests import them.
const COMPOSITION = ['src/app.ts', 'src/server.ts']
const IMPORT = /\b(?:from|import)\s*\(?\s*'(\.[^']+)'/g

/** The folders that a folder imports from, each with a file that does so. */
type Arrows = Map<string, Map<string, string>>

async function readArrows(): Promise<Arrows> {
  const arrows: Arrows = new Map()
  const found = await Promise.all(
    SOURCES.map((source) => readdir(path.join(ROOT, source), { recursive: true, withFileTypes: true })),
  )
  for (const { parentPath, name } of found.flat().filter((entry) => /\.m?ts$|\.mjs$/.test(entry.name))) {
    const folder = path.relative(ROOT, parentPath)
    const file = `${folder}/${name}`
    if (COMPOSITION.includes(file)) continue
    for (const [, specifier = ''] of (await readFile(path.join(ROOT, file), 'utf8')).matchAll(IMPORT)) {
      const target = path.dirname(path.join(folder, specifier))
      if (target === folder) continue
      arrows.set(folder, (arrows.get(folder) ?? new Map<string, string>()).set(target, file))
    }
  }
  return arrows
}

/** The arrows of one circle in words; empty if there is none. */
function findCircle(arrows: Arrows): string[] {
  const left = new Map(arrows)
  const nextOf = (folder: string) => [...(left.get(folder) ?? [])].find(([target]) => left.has(target))
  // A folder that imports from no other remaining folder is not part of a circle.
  for (let before = -1; before !== left.size; ) {
    before = left.size
    for (const folder of left.keys()) if (nextOf(folder) === undefined) left.delete(folder)
  }
  const way: string[] = []
  let [at] = left.keys()
  while (at !== undefined && !way.includes(at)) {
    way.push(at)
    at = nextOf(at)?.[0]
  }
  if (at === undefined) return []
  return way.slice(way.indexOf(at)).map((folder) => {
    const [target, file] = nextOf(folder) as [string, string]
    return `${folder} → ${target} (${file})`
  })
}

it('has no circle of folders', async () => {
  const arrows = await readArrows()
  expect([...(arrows.get('tools/orders')?.keys() ?? [])]).toContain('src/pos/orders')
  expect(findCircle(arrows)).toEqual([])
})

it('names the circle where there is one', () => {
  const arrows = new Map(
    Object.entries({
      tools: { pos: 't.ts' },
      pos: { time: 'p.ts' },
      time: { text: 'w.ts' },
      text: { pos: 'x.ts' },
    }).map(([folder, targets]) => [folder, new Map(Object.entries(targets))]),
  )
  expect(findCircle(arrows)).toEqual(['pos → time (p.ts)', 'time → text (w.ts)', 'text → pos (x.ts)'])
})
