import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { CASES, messageOf } from './cases.ts'
import { headersOf, initialize, post } from './client.ts'
import type { Recordings } from './recording.ts'
import type { ServerProcess } from './server-process.ts'
import type { StatementRecorder } from './statement-recorder.ts'

/** What one call costs outside the process. */
export interface RoundTrips {
  /** How often Redis reads from the connection: commands that are sent together count once. */
  redis: number
  redisCommands: number
  postgres: number
  /** Number of statements; those sent together are one round trip. */
  statements: number
}

const CALLS = 5
// The end of a transaction may follow the answer to its call.
const SETTLE_MS = 50
const ID = 'c0ffee'

/**
 * Calls every case on a service.
 * @param recorder between the service and its database
 * @returns what it answered and sent, and its round trips to Redis and PostgreSQL
 */
export async function record(
  service: ServerProcess,
  recorder: StatementRecorder,
  { token, redisUrl }: { token: string; redisUrl: string },
) {
  const redis = new Redis(redisUrl)
  const headers = headersOf(token, await initialize(service.url, token))
  const recordings: Recordings = {}
  const roundTrips: Record<string, RoundTrips> = {}
  for (const each of CASES) {
    const call = () => post(service.url, headers, messageOf(each, ID))
    const { text, statements, trips } = await countTrips(call, recorder, redis)
    const [before, after, ...more] = text.split(JSON.stringify(ID))
    if (before === undefined || after === undefined || more.length > 0) throw new Error(`no id in ${text}`)
    if ((JSON.parse(text) as { result?: { isError?: boolean } }).result?.isError !== undefined) throw new Error(text)
    recordings[each.name] = { before, after, statements }
    roundTrips[each.name] = trips
  }
  redis.disconnect()
  return { recordings, roundTrips }
}

/**
 * Makes a call several times, the first time without counting.
 * @param recorder between the service and its database
 * @returns answer, statements and round trips of the call with the fewest statements
 */
export async function countTrips(call: () => Promise<{ text: string }>, recorder: StatementRecorder, redis: Redis) {
  await call()
  const calls = []
  for (let turn = 0; turn < CALLS; turn++) {
    recorder.take()
    const before = await countersOf(redis)
    const { text } = await call()
    const after = await countersOf(redis)
    await sleep(SETTLE_MS)
    // The difference includes the second reading of the counters.
    const counted = { redis: after.reads - before.reads - 1, redisCommands: after.commands - before.commands - 1 }
    calls.push({ text, counted, ...recorder.take() })
  }
  // Work besides the calls (audit trail, cached credentials) adds statements to some of them.
  const [least] = calls.toSorted((a, b) => a.statements.length - b.statements.length)
  const { text, statements } = least as (typeof calls)[number]
  const trips: RoundTrips = {
    redis: Math.min(...calls.map(({ counted }) => counted.redis)),
    redisCommands: Math.min(...calls.map(({ counted }) => counted.redisCommands)),
    postgres: Math.min(...calls.map(({ roundTrips }) => roundTrips)),
    statements: statements.length,
  }
  return { text, statements, trips }
}

async function countersOf(redis: Redis): Promise<{ reads: number; commands: number }> {
  const info = await redis.info('stats')
  const counter = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1])
  return { reads: counter('total_reads_processed'), commands: counter('total_commands_processed') }
}
