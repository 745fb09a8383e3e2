import type { Case } from './cases.ts'
import type { Sample } from './load.ts'
import type { MemoryUse } from './memory.ts'
import type { RoundTrips } from './record.ts'

/** Samples of each server by name, one per round, in order; none for a server that was left out. */
export type Rounds = Record<'bare' | 'service' | 'express', Sample[]>

const NAMES = { bare: 'bare Fastify', service: 'this service', express: 'SDK on Express' } as const
const MB = 1024 * 1024

/** The middle value, or the lower one of the two in the middle. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] as number
}

/** The table rows of a case with some number of connections, and whether it met its targets. */
export function callRows(each: Case, connections: number, rounds: Rounds): string[] {
  return Object.entries(rounds).flatMap(([key, samples]) => {
    if (samples.length === 0) return []
    const middle = (of: (sample: Sample) => number) => median(samples.map(of))
    return row([
      each.name,
      connections,
      NAMES[key as keyof Rounds],
      middle(({ cpu }) => cpu).toFixed(0),
      ratio(samples, rounds.bare).toFixed(2),
      middle(({ perSecond }) => perSecond).toFixed(0),
      middle(({ p50 }) => p50),
      middle(({ p99 }) => p99),
      (middle(({ rss }) => rss) / MB).toFixed(0),
    ])
  })
}

/** Which targets a case met, as sentences. */
export function verdicts(each: Case, connections: number, rounds: Rounds): string[] {
  const ofBare = ratio(rounds.service, rounds.bare)
  const ofExpress = ratio(rounds.express, rounds.service)
  const judge = (isMet: boolean) => (isMet ? 'met' : 'MISSED')
  const lines = [
    `${each.name} at ${connections}: ${ofBare.toFixed(2)} × bare (target ≤ ${each.mostOfBare}: ${judge(ofBare <= each.mostOfBare)})`,
  ]
  if (each.leastOfExpress !== undefined && rounds.express.length > 0) {
    const isMet = ofExpress >= each.leastOfExpress
    lines.push(`  Express ${ofExpress.toFixed(1)} × this service (target ≥ ${each.leastOfExpress}: ${judge(isMet)})`)
  }
  return lines
}

/** CPU of one server relative to another: the median of the ratios of each round, because what slows it slows both. */
function ratio(samples: readonly Sample[], others: readonly Sample[]): number {
  return median(samples.map(({ cpu }, round) => cpu / (others[round]?.cpu ?? Number.NaN)))
}

export const CALL_HEAD = row([
  'case',
  'connections',
  'server',
  'CPU µs',
  '× bare',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'RSS MB',
]).concat('\n', row(Array(9).fill('---')))

/** What every case costs outside the process. */
export function roundTripTable(trips: Record<string, RoundTrips>): string {
  const rows = Object.entries(trips).map(([name, { redis, redisCommands, postgres, statements }]) =>
    row([name, redis, redisCommands, postgres, statements]),
  )
  return [
    row(['case', 'Redis round trips', 'Redis commands', 'PostgreSQL round trips', 'statements']),
    row(Array(5).fill('---')),
    ...rows,
  ].join('\n')
}

export const MEMORY_HEAD = row([
  'server',
  'sessions',
  'heap bytes per idle session',
  'RSS bytes',
  'heap bytes per open stream',
  'RSS bytes',
]).concat('\n', row(Array(6).fill('---')))

/** The row of a server with so many sessions. */
export function memoryRow(server: keyof typeof NAMES, { sessions, idle, open }: MemoryUse): string {
  const bytes = (value: number | undefined) => (value === undefined ? 'no stream (405)' : value.toFixed(0))
  return row([NAMES[server], sessions, bytes(idle.heap), bytes(idle.rss), bytes(open?.heap), bytes(open?.rss)])
}

function row(cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`
}
