import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { expect } from 'vitest'
import { type App, connectRedis, SECRET, type Service } from '../support/service.ts'

/** How many inputs a whole run sends; `npm test` sends a small part. */
const INPUTS = Number(process.env.HOSTILE_INPUTS ?? 3000)
/** How many of them each file sends. */
export const COUNTS = {
  rpc: Math.round(INPUTS * 0.58),
  routes: Math.round(INPUTS * 0.3),
  import: Math.round(INPUTS * 0.1),
  sockets: Math.round(INPUTS * 0.01),
  logs: Math.round(INPUTS * 0.01),
}
const SEED = Number(process.env.HOSTILE_SEED ?? Math.floor(Math.random() * 2 ** 31))
const AT_A_TIME = 25
const HANGS_AFTER_MS = 30_000

export type Request = InjectOptions & { url: string }

/** Checks an answer besides what holds for all. */
export type Check = (response: LightMyRequestResponse, request: Request) => void

/** Sends inputs by the tens, and counts them. */
export class Siege {
  sent = 0
  private readonly statuses = new Map<number, number>()
  private readonly app: App
  constructor(app: App) {
    this.app = app
  }

  /** Sends `count` inputs, and fails at the first answer that is not as it should be. */
  async run(name: string, count: number, requests: fc.Arbitrary<Request>, check: Check = () => {}): Promise<void> {
    const rounds = Math.ceil(count / AT_A_TIME)
    const property = fc.asyncProperty(
      fc.array(requests, { minLength: AT_A_TIME, maxLength: AT_A_TIME }),
      async (batch) => {
        await Promise.all(batch.map((request) => this.send(name, request, check)))
      },
    )
    // A smaller batch would say no more than the request that the failure names.
    await fc.assert(property, { seed: SEED, numRuns: rounds, endOnFailure: true })
  }

  private async send(name: string, request: Request, check: Check): Promise<void> {
    this.sent++
    const patience = new AbortController()
    const response = await Promise.race([
      this.app.inject(request),
      sleep(HANGS_AFTER_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ])
    // A timer that is left would hold on to the answer.
    patience.abort()
    const what = `${name}: ${JSON.stringify(request).slice(0, 2000)}`
    if (response === undefined) throw new Error(`no answer within ${HANGS_AFTER_MS} ms to ${what}`)
    this.statuses.set(response.statusCode, (this.statuses.get(response.statusCode) ?? 0) + 1)
    const problem = response.statusCode >= 500 ? `${response.statusCode} ${response.body}` : leakIn(response)
    if (problem !== undefined) throw new Error(`${problem}\nin answer to ${what}\nHOSTILE_SEED=${SEED}`)
    try {
      check(response, request)
    } catch (error) {
      throw new Error(
        `${response.statusCode} ${response.body.slice(0, 1000)}\nin answer to ${what}\nHOSTILE_SEED=${SEED}`,
        { cause: error },
      )
    }
  }

  /** Prints what was sent and what came. */
  report(name: string): void {
    const came = [...this.statuses].sort(([a], [b]) => a - b).map(([status, times]) => `${status} × ${times}`)
    console.log(`${name}: ${this.sent} inputs, HOSTILE_SEED=${SEED}; ${came.join(', ')}`)
  }
}

export function seed(): number {
  return SEED
}

/** What only this process, its database and its source know. No input contains any of it. */
const INTERNALS = new RegExp(
  [
    SECRET,
    process.cwd(),
    'node_modules',
    'node:internal',
    '\\bat (?:async )?[\\w.<>]+ \\((?:file|/|node:)',
    '\\.ts:\\d+',
    'syntax error at',
    'violates .* constraint',
    'invalid input syntax',
    'invalid byte sequence',
    'relation .* does not exist',
    'SQLSTATE',
    'ReplyError',
    'WRONGTYPE',
    'ECONN[A-Z]+',
    'Cannot read propert',
    'is not a function',
    'internal_error',
    'Internal error',
    'server_error',
  ].join('|'),
)

/** What an answer tells of the inside. */
export function leakIn({ body, headers }: Pick<LightMyRequestResponse, 'body' | 'headers'>): string | undefined {
  const found = INTERNALS.exec(body) ?? INTERNALS.exec(JSON.stringify(headers))
  if (found !== null) return `the answer shows ${found[0]}: ${body.slice(0, 500)}`
  const split = Object.entries(headers).find(([, value]) => /[\r\n]/.test(String(value)))
  return split === undefined ? undefined : `the header ${split[0]} has several lines`
}

/** What a service holds on to. */
export interface Holdings {
  heapMb: number
  redisKeys: number
  /** Keys of Redis that never expire. */
  lasting: string[]
  connections: number
}

/** Measures after garbage was collected. */
export async function holdings({ db }: Service): Promise<Holdings> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let round = 0; round < 3; round++) {
    await sleep(50)
    collect()
  }
  const redis = connectRedis()
  const keys = await redis.keys('*')
  const lasting: string[] = []
  const lives = await redis.pipeline(keys.map((key) => ['ttl', key])).exec()
  for (const [index, key] of keys.entries()) if (lives?.[index]?.[1] === -1) lasting.push(key)
  redis.disconnect()
  const [row] = await db.asOwner<{ count: string }>(
    `select count(*) from pg_stat_activity where datname = current_database() and application_name = 'flowpos-mcp'`,
  )
  return {
    heapMb: process.memoryUsage().heapUsed / 2 ** 20,
    redisKeys: keys.length,
    lasting,
    connections: Number(row?.count),
  }
}

/** Fails if a service holds on to more than before, but for what it was told to keep. */
export function expectNoGrowth(
  before: Holdings,
  after: Holdings,
  allowed: { redisKeys: number; heapMb: number },
): void {
  console.log(`held: ${JSON.stringify(before)} → ${JSON.stringify(after)}`)
  expect(after.redisKeys - before.redisKeys, 'keys in Redis').toBeLessThanOrEqual(allowed.redisKeys)
  expect(after.lasting, 'keys in Redis that never expire').toEqual(before.lasting)
  expect(after.heapMb - before.heapMb, 'MB of heap').toBeLessThan(allowed.heapMb)
  // The service's pool and listener, and the two pools of the test's database.
  expect(after.connections, 'connections to PostgreSQL').toBeLessThanOrEqual(20)
}

/** Addresses of many networks, so that the limits per network do not end the run. */
export const address = fc.integer({ min: 0, max: 255 }).map((host) => `203.0.${host}.7`)
