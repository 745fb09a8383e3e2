import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type EmbeddedPostgres, freePort, startPostgres } from '../../embedded/postgres.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeTemplate } from '../support/global-setup.ts'
import { type Balancer, startNginx } from './balancer.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { connectClient, type Load, startLoad } from './load.ts'
import { makeOwner, type Owner } from './owner.ts'

let dir: string
let postgres: EmbeddedPostgres
let db: TestDatabase
let owner: Owner
let fleet: Fleet
let balancer: Balancer
let token: string

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flowpos-faults-'))
  postgres = await startCluster(await freePort())
  await makeTemplate(postgres)
  db = await createTestDatabase(postgres.url('postgres'))
  owner = await makeOwner(db)
  const settings = { REDIS_URL: inject('redisUrl'), DATABASE_STATEMENT_TIMEOUT_MS: '1000' }
  fleet = await startFleet(db, [settings, settings])
  balancer = await startNginx(fleet.ports)
  token = await owner.token(fleet)
})
afterAll(async () => {
  await balancer?.stop()
  await fleet?.stop()
  await db?.close()
  await postgres?.stop()
  await rm(dir, { recursive: true, force: true })
})

const startCluster = (port: number) =>
  startPostgres({ binDir: process.env.PG_BIN, dataDir: join(dir, 'data'), port, durable: true })
const load = () => startLoad({ origin: balancer.origin, owner, token })
const goesOn = async (calls: Load) => {
  const before = calls.answered()
  await expect.poll(() => calls.answered(), { timeout: 20_000 }).toBeGreaterThan(before + 20)
}
const allReady = () =>
  expect.poll(() => Promise.all(fleet.instances.map((each) => each.ready())), { timeout: 20_000 }).toEqual([200, 200])

it('is restarted: every requested order is there once', async () => {
  const calls = await load()
  await sleep(1000)
  const { port } = postgres
  await postgres.stop()
  await expect.poll(() => fleet.instances[0]?.ready()).toBe(503)
  await sleep(1000)
  postgres = await startCluster(port)
  await allReady()
  await goesOn(calls)
  const { retried } = await calls.finish('PostgreSQL restarted')
  expect(retried).toBeGreaterThan(0)
})

it('waits for a lock: the tool says that the call can be retried, and the next one succeeds', async () => {
  const locker = new pg.Client({ connectionString: db.ownerUrl })
  await locker.connect()
  const calls = await load()
  await locker.query('begin')
  await locker.query('lock table product in access exclusive mode')
  const client = connectClient(balancer.origin, () => token)
  const businessId = owner.second.id
  await expect(client.call('get_products', { businessId })).rejects.toThrow(
    /^unavailable: The database .* may be tried again after 2 seconds\.$/,
  )
  await locker.query('commit')
  await client.call('get_products', { businessId })
  await goesOn(calls)
  await calls.finish('a table locked')
  await locker.end()
})

it('is halted for longer than any timeout: calls end with an error that can be retried, and all is well afterwards', async () => {
  const calls = await load()
  await sleep(500)
  const halted = [postgres.pid, ...(await childrenOf(postgres.pid))]
  for (const pid of halted) process.kill(pid, 'SIGSTOP')
  try {
    const client = connectClient(balancer.origin, () => token)
    await expect(client.call('get_products', { businessId: owner.second.id })).rejects.toThrow(/may be tried again/)
    expect(await fleet.instances[0]?.ready()).toBe(503)
  } finally {
    for (const pid of halted) process.kill(pid, 'SIGCONT')
  }
  await allReady()
  await goesOn(calls)
  const { retried } = await calls.finish('PostgreSQL halted')
  expect(retried).toBeGreaterThan(0)
})

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').map(Number)
}
