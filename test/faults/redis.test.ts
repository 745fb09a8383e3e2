import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../embedded/postgres.ts'
import { type RedisServer, startRedis } from '../../embedded/redis-server.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startRedisSentinel } from '../support/redis-sentinel.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { type Balancer, startNginx } from './balancer.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { type LoadOptions, startLoad } from './load.ts'
import { makeOwner, type Owner } from './owner.ts'

let db: TestDatabase
let owner: Owner

beforeAll(async () => {
  db = await createTestDatabase()
  owner = await makeOwner(db)
})
afterAll(() => db?.close())

describe('a single Redis', () => {
  const keepsAll = ['--appendonly', 'yes', '--appendfsync', 'always']
  let dir: string
  let redis: RedisServer
  let network: TcpProxy
  let fleet: Fleet
  let balancer: Balancer
  let token: string

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'flowpos-faults-'))
    redis = await startRedis({ port: await freePort(), dir, args: keepsAll })
    network = await startTcpProxy(redis.port)
    // Only the first instance's connection to Redis can be cut.
    fleet = await startFleet(db, [
      { REDIS_URL: `redis://127.0.0.1:${network.port}` },
      { REDIS_URL: redis.url },
      { REDIS_URL: redis.url },
    ])
    balancer = await startNginx(fleet.ports)
    token = await owner.token(fleet)
  })
  afterAll(async () => {
    await balancer?.stop()
    await fleet?.stop()
    await network?.close()
    await redis?.stop()
    await rm(dir, { recursive: true, force: true })
  })

  const load = (options: Partial<LoadOptions> = {}) => startLoad({ origin: balancer.origin, owner, token, ...options })
  const allReady = () =>
    expect
      .poll(() => Promise.all(fleet.instances.map((each) => each.ready())), { timeout: 20_000 })
      .toEqual([200, 200, 200])

  it('is restarted: every conversation keeps its business', async () => {
    const calls = await load()
    await sleep(1000)
    await redis.kill()
    await expect.poll(() => fleet.instances[1]?.ready()).toBe(503)
    await sleep(1000)
    redis = await startRedis({ port: redis.port, dir, args: keepsAll })
    await allReady()
    await sleep(1000)
    await calls.finish('Redis restarted, with its data')
  })

  it('comes back empty: conversations go on', async () => {
    const calls = await load({ mayForget: true })
    await sleep(1000)
    await redis.kill()
    await rm(dir, { recursive: true })
    redis = await startRedis({ port: redis.port, args: keepsAll })
    await allReady()
    await sleep(1000)
    await calls.finish('Redis restarted, empty')
  })

  it.each([
    ['cut', () => network.cut()],
    ['swallowing everything', async () => network.blackHole()],
  ])(
    'is lost to one instance, its network %s: that one says so at once, the others go on',
    async (how, breakNetwork) => {
      const [lonely, ...others] = fleet.instances as [Fleet['instances'][0], ...Fleet['instances']]
      const calls = await load()
      await sleep(1000)
      await breakNetwork()

      await expect.poll(() => lonely.ready()).toBe(503)
      const answer = await fetch(`${lonely.origin}/mcp`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'mcp-session-id': 'any' },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'get_context', arguments: {} },
        }),
        // A longer wait would delay a caller who could be served elsewhere.
        signal: AbortSignal.timeout(2000),
      })
      expect({ status: answer.status, retryAfter: answer.headers.get('retry-after') }).toEqual({
        status: 503,
        retryAfter: '2',
      })
      expect(await Promise.all(others.map((each) => each.ready()))).toEqual([200, 200])
      const before = calls.answered()
      await expect.poll(() => calls.answered(), { timeout: 10_000 }).toBeGreaterThan(before + 20)

      await network.heal()
      await allReady()
      await sleep(500)
      const { retried } = await calls.finish(`network between one instance and Redis ${how}`)
      expect(retried).toBeGreaterThan(0)
    },
  )
})

describe('Redis behind Sentinels', () => {
  it('loses its master: every conversation goes on with the replica', async () => {
    const redis = await startRedisSentinel()
    const settings = { REDIS_SENTINELS: redis.addresses, REDIS_SENTINEL_MASTER: redis.name }
    const fleet = await startFleet(db, [settings, settings])
    const balancer = await startNginx(fleet.ports)
    try {
      const calls = await startLoad({ origin: balancer.origin, owner, token: await owner.token(fleet) })
      await sleep(1000)
      const master = await redis.master()
      await master.kill()
      await expect.poll(() => redis.master(), { timeout: 20_000 }).not.toBe(master)
      await expect
        .poll(() => Promise.all(fleet.instances.map((each) => each.ready())), { timeout: 20_000 })
        .toEqual([200, 200])
      await sleep(1000)
      await calls.finish('Sentinel failover')
    } finally {
      await balancer.stop()
      await fleet.stop()
      await redis.stop()
    }
  })
})
