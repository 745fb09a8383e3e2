import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type EmbeddedPostgres, freePort, startPostgres } from '../../embedded/postgres.ts'
import { type RedisServer, startRedis } from '../../embedded/redis-server.ts'
import { checkHistory, type Operation } from '../consistency/checker.ts'
import { createPlanner, makeBusyShop, type Plan, randomOf, readFinal } from '../consistency/shop.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeTemplate } from '../support/global-setup.ts'
import type { Shop } from '../support/shop.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { makeOwner } from './owner.ts'

// In the way of Jepsen: people work in one shop through several instances, while instances are killed and networks cut;
// then the history of what they asked and were told is compared with what is there.
const SEED = Number(process.env.CONSISTENCY_SEED ?? randomBytes(4).readUInt32LE())
const SECONDS = Number(process.env.CONSISTENCY_SECONDS ?? 40)
const PEOPLE = 6
const INSTANCES = 3
const PATIENCE_MS = 4000

let dir: string
let postgres: EmbeddedPostgres
let redis: RedisServer
let db: TestDatabase
let shop: Shop
let fleet: Fleet
let token: string
let networks: { name: string; proxy: TcpProxy }[]

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flowpos-consistency-'))
  postgres = await startCluster(await freePort())
  redis = await startRedis({ port: await freePort() })
  await makeTemplate(postgres)
  db = await createTestDatabase(postgres.url('postgres'))
  const owner = await makeOwner(db)
  shop = await makeBusyShop(db, 'ana')
  await db.asOwner('create role consistent login in role flowpos_service')
  networks = []
  const settings = []
  for (let index = 0; index < INSTANCES; index++) {
    const [toPostgres, toRedis] = [await startTcpProxy(postgres.port), await startTcpProxy(redis.port)]
    networks.push({ name: `PostgreSQL of ${index}`, proxy: toPostgres }, { name: `Redis of ${index}`, proxy: toRedis })
    const url = new URL(db.ownerUrl)
    url.username = 'consistent'
    url.hostname = '127.0.0.1'
    url.port = String(toPostgres.port)
    settings.push({
      DATABASE_URL: url.href,
      REDIS_URL: `redis://127.0.0.1:${toRedis.port}`,
      DATABASE_STATEMENT_TIMEOUT_MS: '2000',
    })
  }
  fleet = await startFleet(db, settings)
  token = await owner.token(fleet)
})
afterAll(async () => {
  await fleet?.stop()
  await Promise.all(networks?.map(({ proxy }) => proxy.close()) ?? [])
  await db?.close()
  await postgres?.stop()
  await redis?.stop()
  await rm(dir, { recursive: true, force: true })
})

const startCluster = (port: number) =>
  startPostgres({ binDir: process.env.PG_BIN, dataDir: join(dir, 'data'), port, durable: true })

it('no sale, refund, transfer or correction is lost, doubled or impossible while instances and networks fail', async () => {
  console.log(
    `CONSISTENCY_SEED=${SEED} CONSISTENCY_SECONDS=${SECONDS} npm run test:faults -- consistency repeats this run`,
  )
  const history: Operation[] = []
  const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
  const plan = createPlanner(shop, { from: day(-1), to: day(1) })
  const until = performance.now() + SECONDS * 1000
  const people = Array.from({ length: PEOPLE }, async (_, person) => {
    const random = randomOf(SEED + person + 1)
    for (let turn = 0; performance.now() < until; turn++) {
      const id = `p${person}-${turn}`
      history.push(await perform(id, plan(id, random), random))
      await sleep(random() * 40)
    }
  })
  const faults = await breakThings(until - 3000, randomOf(SEED))
  await Promise.all(people)
  await rest()

  const final = await readFinal(db, shop)
  // What an unknown count did is known from its ledger entry alone.
  const resolved = await Promise.all(history.map(resolve))
  const started = performance.now()
  const { violations, undecided } = checkHistory(resolved, final)
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const times = (outcome: string) => resolved.filter((each) => each.outcome === outcome).length
  const happened = resolved.filter(({ outcome, id }) => outcome === 'unknown' && final.applied.has(id)).length
  console.log(
    `consistency: ${resolved.length} operations, ${times('ok')} ok, ${times('refused')} refused, ${times('unknown')} unknown (${happened} happened), checked in ${seconds} s; ${faults.length} faults: ${faults.join(', ')}`,
  )
  if (violations.length > 0) {
    const file = join(tmpdir(), `flowpos-history-${SEED}.json`)
    await writeFile(file, JSON.stringify({ resolved, counters: [...final.counters], applied: [...final.applied] }))
    console.log(`the history is in ${file}`)
  }
  expect({ violations: violations.slice(0, 20), undecided }).toEqual({ violations: [], undecided: [] })
  // Each balance is the sum of its ledger, and the sums that reports use are those of the raw rows.
  for (const [key, value] of final.ledger) expect({ key, value }).toEqual({ key, value: final.counters.get(key) })
  expect(
    await db.asOwner("select c.* from set_config('app.business_id', $1::text, true), check_rollups($1::uuid) c", [
      shop.id,
    ]),
  ).toEqual([])
  expect(times('ok')).toBeGreaterThan(100)

  // The same history with one fault planted turns red.
  const sale = resolved.find(({ name, outcome }) => name === 'create_order' && outcome === 'ok') as Operation
  const look = resolved.findLast(({ name, outcome }) => name === 'get_inventory' && outcome === 'ok') as Operation
  const kindsOf = (operations: Operation[], applied = final.applied) =>
    checkHistory(operations, { ...final, applied }).violations.map(({ kind }) => kind)
  expect(kindsOf(resolved, new Map([...final.applied, [sale.id, 0]]))).toContain('lost')
  expect(kindsOf(resolved, new Map([...final.applied, [sale.id, 2]]))).toContain('doubled')
  const stale = { ...look, seen: look.seen.map(({ key }) => ({ key, value: final.initial.get(key) ?? 0 })) }
  expect(kindsOf(resolved.map((each) => (each === look ? stale : each)))).toContain('inexplicable')
  expect(faults.length).toBeGreaterThan(SECONDS / 8)
})

/** Asks an instance, or several one after the other with the same key; some people ask once and without a key. */
async function perform(
  id: string,
  { tool, args, effects, read, remember }: Plan,
  random: () => number,
): Promise<Operation> {
  const isWrite = effects === null || effects.length > 0
  const hasKey = isWrite && random() < 0.6
  const instances = Array.from({ length: 4 }, () => Math.floor(random() * INSTANCES))
  const invoked = performance.now()
  const operation = { id, name: tool, invoked, completed: null, effects: effects ?? [], seen: [] }
  // Some hang up before the answer, as phones do; then nobody knows, or the key tells.
  const patience = random() < (hasKey ? 0.15 : 0.02) ? random() * 40 : PATIENCE_MS
  let isUnknown = false
  for (const instance of hasKey || !isWrite ? instances : instances.slice(0, 1)) {
    const answer = await ask(
      instance,
      tool,
      hasKey ? { ...args, idempotencyKey: id } : args,
      isUnknown ? PATIENCE_MS : patience,
    )
    if (answer.outcome === 'ok') {
      remember?.(answer.data)
      return { ...operation, outcome: 'ok', completed: performance.now(), ...read(answer.data) }
    }
    isUnknown ||= answer.outcome === 'unknown'
    if (answer.outcome === 'refused' && !answer.mayRetry) break
    await sleep(200)
  }
  // A read that failed told nothing.
  if (!isWrite) return { ...operation, outcome: 'refused' }
  return { ...operation, outcome: isUnknown ? 'unknown' : 'refused' }
}

// biome-ignore lint/suspicious/noExplicitAny: answers are data of several tools
type Answer = { outcome: 'ok'; data: any } | { outcome: 'refused'; mayRetry: boolean } | { outcome: 'unknown' }

async function ask(instance: number, name: string, args: Record<string, unknown>, patienceMs: number): Promise<Answer> {
  try {
    const response = await fetch(`${fleet.instances[instance]?.origin}/mcp`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
      signal: AbortSignal.timeout(Math.ceil(patienceMs)),
    })
    const text = await response.text()
    // Without its parts, an instance refuses before it begins.
    if (response.status === 503) return { outcome: 'refused', mayRetry: true }
    if (response.status !== 200) throw new Error(`${response.status} ${text}`)
    const { isError, structuredContent, content } = JSON.parse(text).result
    if (isError !== true) return { outcome: 'ok', data: structuredContent }
    const reason: string = content[0].text
    if (/it may have been made/.test(reason)) return { outcome: 'unknown' }
    if (!/^(conflict|unavailable|rate_limited)/.test(reason)) throw new Error(`${name}: ${reason}`)
    return { outcome: 'refused', mayRetry: /may be tried again/.test(reason) }
  } catch (error) {
    const { cause, name: kind } = error as Error & { cause?: { code?: string } }
    if (cause?.code === 'ECONNREFUSED') return { outcome: 'refused', mayRetry: true }
    if (cause !== undefined || kind === 'TimeoutError' || kind === 'AbortError') return { outcome: 'unknown' }
    throw error
  }
}

/** Faults one after the other, with pauses, until a moment. */
async function breakThings(until: number, random: () => number): Promise<string[]> {
  const done: string[] = []
  while (performance.now() < until) {
    await sleep(500 + random() * 1200)
    const [what, which, long] = [random(), random(), 300 + random() * 1500]
    const index = Math.floor(which * INSTANCES)
    const network = networks[Math.floor(which * networks.length)] as (typeof networks)[number]
    if (what < 0.25) {
      done.push(`kill ${index}`)
      await fleet.instances[index]?.kill()
      await fleet.instances[index]?.start()
    } else if (what < 0.5) {
      done.push(`cut ${network.name}`)
      await network.proxy.cut()
      await sleep(long)
      await network.proxy.heal()
    } else if (what < 0.75) {
      done.push(`swallow ${network.name}`)
      network.proxy.blackHole()
      await sleep(long)
      await network.proxy.heal()
    } else if (what < 0.93) {
      done.push('end connections')
      await db.asOwner(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where usename = 'consistent' and datname = current_database() and random() < 0.5`,
      )
    } else {
      done.push('restart PostgreSQL')
      await postgres.stop()
      await sleep(long)
      postgres = await startCluster(postgres.port)
    }
  }
  return done
}

/** Waits until everything works again and nothing of the run is under way any more. */
async function rest(): Promise<void> {
  await expect
    .poll(() => Promise.all(fleet.instances.map((each) => each.ready())), { timeout: 30_000 })
    .toEqual(fleet.instances.map(() => 200))
  const busy = `select count(*) from pg_stat_activity where usename = 'consistent' and state <> 'idle' and datname = current_database()`
  await expect.poll(async () => (await db.asOwner<{ count: string }>(busy))[0]?.count, { timeout: 20_000 }).toBe('0')
}

async function resolve(operation: Operation): Promise<Operation> {
  if (operation.outcome !== 'unknown' || operation.effects.length > 0) return operation
  const rows = await db.asOwner<{ location: string; sku: string; quantity: string }>(
    `select m.location_id as location, v.sku, m.quantity from inventory_movement m
     join product_variant v on v.business_id = m.business_id and v.id = m.variant_id
     where m.business_id = $1 and m.note = $2`,
    [shop.id, operation.id],
  )
  const effects = rows.flatMap(({ location, sku, quantity }) =>
    [location, 'all'].map((where) => ({ key: `stock:${where}:${sku}`, delta: Number(quantity) })),
  )
  return { ...operation, effects }
}
