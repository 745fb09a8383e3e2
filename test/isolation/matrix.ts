import { randomUUID } from 'node:crypto'
import type { Tool } from '../../src/mcp/tool.ts'
import { type Args, type Choose, isOpen, leavesOf, nameOf, SOURCES, withValue, workingCall } from './arguments.ts'
import { MARKS } from './shops.ts'

export interface World {
  /** Real values of each column in `SOURCES`: another tenant's, of deleted rows of one's own, of rows switched off. */
  values: Record<'foreign' | 'deleted' | 'off', Record<string, string[]>>
  /** A value of one's own that works. */
  own: Choose
  ownIds: ReadonlySet<string>
  foreignIds: readonly string[]
}

/** The whole answer to a call, a failure too, as JSON. */
export type Ask = (tool: string, args: Args) => Promise<string>

export interface Finding {
  tool: string
  argument: string
  kind: string
  value: unknown
  problem: string
}

export interface Verdict {
  calls: number
  findings: Finding[]
}

const UUID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g

/** What nobody could have got from the service. */
export const MALFORMED: readonly unknown[] = [
  '',
  ' ',
  '%',
  "' or 1=1 --",
  '\u0000',
  '\ud800',
  '\r\nX: y',
  'x'.repeat(5000),
  '00000000-0000-0000-0000-00000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  0,
  true,
  ['%'],
  { $ne: null },
]

/** The filters of a report, by the columns whose values they take. */
const FILTERS: Record<string, string> = {
  'category.name': 'category',
  'product_variant.sku': 'product',
  'customer.code': 'client',
  'location.name': 'location',
  'employee.name': 'employee',
}

/**
 * Every tool × every argument that can hold an id, a code, a name or a text × values that are foreign, absent, deleted,
 * switched off and malformed. What writes is rehearsed.
 */
export async function runMatrix(
  tools: readonly Tool[],
  ask: Ask,
  world: World,
  malformed: readonly unknown[] = MALFORMED,
): Promise<Verdict> {
  const verdict: Verdict = { calls: 0, findings: [] }
  for (const tool of tools) {
    const rehearse = tool.kind === 'business' && tool.mode === 'write' ? { dryRun: true } : {}
    const base = { ...workingCall(tool, world.own), ...rehearse }
    verdict.calls++
    const shown = leakIn(await ask(tool.name, base), undefined, world)
    if (shown !== undefined) {
      verdict.findings.push({ tool: tool.name, argument: '', kind: 'own', value: undefined, problem: shown })
    }
    const cursors = await cursorsOf(tool, ask, world)
    for (const leaf of leavesOf(tool).filter(isOpen)) {
      const find = (kind: string, value: unknown, problem: string) =>
        verdict.findings.push({ tool: tool.name, argument: leaf.path, kind, value, problem })
      const answerTo = async (kind: string, value: unknown, filter?: string): Promise<string> => {
        verdict.calls++
        const given = filter === undefined ? value : `${filter}=${value}`
        const answer = await ask(tool.name, withValue(tool, base, leaf, given, world.own))
        const problem = leakIn(answer, value, world)
        if (problem !== undefined) find(kind, value, problem)
        return comparable(answer, value, world)
      }

      const sources = SOURCES[nameOf(leaf)]
      if (sources === undefined) {
        find('unknown', undefined, 'say in test/isolation/arguments.ts which columns hold values for this argument')
        continue
      }
      // A rehearsal neither stores nor looks up a key; `runWrites` does.
      if (nameOf(leaf) === 'idempotencyKey') continue
      for (const source of sources) {
        const known =
          source === 'cursor'
            ? cursors
            : {
                foreign: world.values.foreign[source]?.[0],
                deleted: world.values.deleted[source]?.[0],
                off: world.values.off[source]?.[0],
              }
        if (source === 'cursor' && known.foreign === undefined) continue
        if (known.foreign === undefined) throw new Error(`the foreign shop has no ${source}`)
        // A filter names what its value is of.
        const filter = nameOf(leaf) === 'filters' ? FILTERS[source] : undefined
        const absent = await answerTo('absent', absentLike(known.foreign), filter)
        const foreign = await answerTo('foreign', known.foreign, filter)
        // A cursor is a place in an order, where any two differ.
        if (source === 'cursor') continue
        if (foreign !== absent) find('foreign', known.foreign, `${foreign}\n  differs from\n  ${absent}`)
        if (known.deleted !== undefined) {
          const deleted = await answerTo('deleted', known.deleted, filter)
          if (deleted !== absent) find('deleted', known.deleted, `${deleted}\n  differs from\n  ${absent}`)
        }
        if (known.off !== undefined) await answerTo('switched off', known.off, filter)
      }
      for (const value of malformed) await answerTo('malformed', value)
    }
  }
  return verdict
}

/** Every argument of every tool that writes, with foreign values, for real. Each call is as new as it can be. */
export async function runWrites(
  tools: readonly Tool[],
  ask: Ask,
  { values, ownFor }: Pick<World, 'values'> & { ownFor: (tool: string) => Choose },
  businessId: string,
): Promise<Verdict & { written: string[] }> {
  const verdict: Verdict & { written: string[] } = { calls: 0, findings: [], written: [] }
  let count = 0
  for (const tool of tools) {
    if (tool.kind !== 'business' || tool.mode !== 'write') continue
    const fresh: Choose = (name) => {
      const value = ownFor(tool.name)(name)
      return name === 'sku' || name === 'code' ? `${String(value)}-${++count}` : value
    }
    for (const leaf of leavesOf(tool).filter(isOpen)) {
      for (const source of SOURCES[nameOf(leaf)] ?? []) {
        const value = source === 'idempotency.key' ? keyOf(tool.name) : values.foreign[source]?.[0]
        const base = { ...workingCall(tool, fresh), businessId }
        const answer = await ask(tool.name, withValue(tool, base, leaf, value, fresh))
        verdict.calls++
        const isReplay = /"replayed":true|idempotencyKey was used/.test(answer)
        const problem = isReplay ? `found another tenant's key: ${answer}` : undefined
        if (problem !== undefined) {
          verdict.findings.push({ tool: tool.name, argument: leaf.path, kind: 'written', value, problem })
        }
        if (answer.includes('"replayed":false') && !verdict.written.includes(tool.name)) verdict.written.push(tool.name)
      }
    }
  }
  return verdict
}

/** The key with which the caller has used a tool in the foreign shop. */
export function keyOf(tool: string): string {
  return `${MARKS.foreign} ${tool}`
}

/** A value like a foreign one that nobody has. */
export function absentLike(foreign: string): string {
  if (foreign.match(UUID)?.[0] === foreign) return randomUUID()
  if (/^[\w-]{20,}$/.test(foreign) && !foreign.includes(MARKS.foreign)) {
    const decoded = Buffer.from(foreign, 'base64url').toString()
    return Buffer.from(moved(decoded, MARKS.absent, () => randomUUID())).toString('base64url')
  }
  return moved(foreign, MARKS.absent, () => randomUUID())
}

/** A text about another shop. */
function moved(text: string, mark: string, id: () => string): string {
  return text
    .replace(/ZZFOREIGN|ZZMYOWNED|ZZOFFLINE/g, mark)
    .replace(/zzforeign|zzmyowned|zzoffline/g, mark.toLowerCase())
    .replaceAll(UUID, id)
}

/** The cursor of a tool's first row, and what it would be in other shops. */
async function cursorsOf(tool: Tool, ask: Ask, world: World) {
  if (tool.input.properties.cursor === undefined) return {}
  const first = await ask(tool.name, { ...workingCall(tool, world.own), limit: 1 })
  const [, cursor] = /"nextCursor":"([\w-]+)"/.exec(first) ?? []
  if (cursor === undefined) return {}
  const decoded = Buffer.from(cursor, 'base64url').toString()
  const encode = (mark: string, id: () => string) => Buffer.from(moved(decoded, mark, id)).toString('base64url')
  return { foreign: encode(MARKS.foreign, () => world.foreignIds[0] as string), deleted: undefined, off: undefined }
}

/** What an answer should not contain; the caller's own value is not news to them. */
function leakIn(answer: string, value: unknown, world: World): string | undefined {
  if (answer.includes('internal_error')) return answer.slice(0, 300)
  const rest = withoutValue(answer, value)
  const at = rest.toUpperCase().indexOf(MARKS.foreign)
  if (at >= 0) return `shows ${rest.slice(Math.max(0, at - 60), at + 60)}`
  const id = world.foreignIds.find((each) => rest.includes(each))
  return id === undefined ? undefined : `shows the foreign id ${id}`
}

/** An answer without what differs between two equal calls. */
function comparable(answer: string, value: unknown, world: World): string {
  return withoutValue(answer, value)
    .replaceAll(UUID, (id) => (world.ownIds.has(id) ? id : '<new>'))
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<instant>')
    .replaceAll(/untrusted-[0-9a-f]{8}/g, '<boundary>')
}

function withoutValue(answer: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') return answer
  const escaped = JSON.stringify(value).slice(1, -1)
  // Twice escaped where a message quotes it.
  const forms = [JSON.stringify(escaped).slice(1, -1), escaped]
  return forms.reduce(
    (rest, form) => rest.replaceAll(new RegExp(form.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'gi'), '‹value›'),
    answer,
  )
}
