import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, inject, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type Balancer, startHaproxy, startNginx } from './balancer.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { startLoad } from './load.ts'
import { makeOwner, type Owner } from './owner.ts'

let db: TestDatabase
let fleet: Fleet
let owner: Owner
let token: string
let balancer: Balancer | undefined

beforeAll(async () => {
  db = await createTestDatabase()
  owner = await makeOwner(db)
  const settings = { REDIS_URL: inject('redisUrl') }
  fleet = await startFleet(db, [settings, settings, settings])
  token = await owner.token(fleet)
})
afterEach(() => balancer?.stop())
afterAll(async () => {
  await fleet?.stop()
  await db?.close()
})

it.each([
  ['nginx', startNginx],
  ['haproxy', startHaproxy],
])('loses and doubles nothing when instances are killed in the middle of calls behind %s', async (name, start) => {
  balancer = await start(fleet.ports)
  const load = await startLoad({ origin: balancer.origin, owner, token })
  for (const instance of fleet.instances) {
    await sleep(1000)
    await instance.kill()
    await instance.start()
  }
  const { retried } = await load.finish(`kill -9 of each instance behind ${name}`)
  expect(retried).toBeGreaterThan(0)
})

it.each([
  ['nginx', startNginx],
  ['haproxy', startHaproxy],
])('fails no call while the instances are replaced one after the other behind %s', async (name, start) => {
  balancer = await start(fleet.ports)
  const load = await startLoad({ origin: balancer.origin, owner, token, patienceMs: 0 })
  for (const instance of fleet.instances) {
    await sleep(1000)
    expect(await instance.terminate()).toBe(0)
    await instance.start()
  }
  await load.finish(`rolling restart behind ${name}`)
})
