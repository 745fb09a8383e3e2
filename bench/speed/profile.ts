import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The parts of a CPU profile that are used here. */
interface Profile {
  nodes: {
    id: number
    callFrame: { functionName: string; url: string; lineNumber: number }
    children?: number[]
  }[]
  samples: number[]
  timeDeltas: number[]
}

const AREAS = 24
const FUNCTIONS = 40

/**
 * Where the time of a profile went, as lines of text: self time by package or file of the service, and time by function
 * including everything that it calls in the same turn.
 */
export function summarizeProfile(json: string): string {
  const { nodes, samples, timeDeltas } = JSON.parse(json) as Profile
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const self = new Map<number, number>()
  for (const [index, id] of samples.entries()) self.set(id, (self.get(id) ?? 0) + (timeDeltas[index] ?? 0))

  const areas = new Map<string, number>()
  const own = new Map<string, number>()
  const inclusive = new Map<string, number>()
  let busy = 0
  const add = (sums: Map<string, number>, key: string, time: number) => sums.set(key, (sums.get(key) ?? 0) + time)
  for (const [id, time] of self) {
    const stack: Frame[] = []
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame
      if (frame !== undefined) stack.push(frame)
    }
    const [top] = stack
    if (top === undefined || top.functionName === '(idle)' || stack.some(({ url }) => url.endsWith('/probe.js')))
      continue
    busy += time
    add(areas, areaOf(top), time)
    add(own, nameOf(top), time)
    for (const name of new Set(stack.map(nameOf))) add(inclusive, name, time)
  }
  const table = (sums: Map<string, number>, most: number) =>
    [...sums]
      .sort(([, a], [, b]) => b - a)
      .slice(0, most)
      .map(([name, time]) => `${((100 * time) / busy).toFixed(1).padStart(6)} %  ${name}`)
  return [
    'Self time by package or file:',
    ...table(areas, AREAS),
    'Self time by function:',
    ...table(own, FUNCTIONS),
    'With what it calls:',
    ...table(inclusive, FUNCTIONS * 2),
  ].join('\n')
}

type Frame = Profile['nodes'][number]['callFrame']

function nameOf(frame: Frame): string {
  const { functionName, url } = frame
  return url === '' ? functionName : `${functionName || '(anonymous)'}  ${moduleOf(frame)}`
}

function areaOf(frame: Frame): string {
  const { functionName, url } = frame
  if (url === '') return functionName.startsWith('(') ? functionName : 'native'
  const module = moduleOf(frame)
  return /(?<=node_modules\/)(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? module
}

const bundles = new Map<string, { line: number; module: string }[]>()

/** The source of a function. In a bundle, a comment above each module has its path. */
function moduleOf({ url, lineNumber }: Frame): string {
  let modules = bundles.get(url)
  if (modules === undefined) {
    const file = url.startsWith('file:') ? fileURLToPath(url) : ''
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
    modules = lines.flatMap((text, line) => {
      const module = /^\/\/ (\S+\.[cm]?[jt]s)$/.exec(text)?.[1]
      return module === undefined ? [] : [{ line, module }]
    })
    bundles.set(url, modules)
  }
  return modules.findLast(({ line }) => line <= lineNumber)?.module ?? url.replace(/^file:.*\/node_modules\//, '')
}
