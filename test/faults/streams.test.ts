import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js'
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { type Balancer, startNginx } from './balancer.ts'
import { type Fleet, type Instance, startFleet } from './fleet.ts'
import { makeOwner, type Owner } from './owner.ts'

let db: TestDatabase
let owner: Owner
let fleet: Fleet
let balancer: Balancer
let client: Client
let told: number

beforeAll(async () => {
  db = await createTestDatabase()
  owner = await makeOwner(db)
})
afterAll(() => db?.close())

beforeEach(async () => {
  await setRole('owner')
  const settings = { REDIS_URL: inject('redisUrl') }
  fleet = await startFleet(db, [settings, settings, settings])
  balancer = await startNginx(fleet.ports)
  client = new Client({ name: 'test', version: '1' })
  told = 0
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void told++)
  const transport = new StreamableHTTPClientTransport(new URL(`${balancer.origin}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${await owner.token(fleet)}` } },
    reconnectionOptions: {
      initialReconnectionDelay: 200,
      maxReconnectionDelay: 1000,
      reconnectionDelayGrowFactor: 1.5,
      maxRetries: 20,
    },
  })
  await client.connect(transport as never)
  await expect.poll(holders, { timeout: 10_000 }).toHaveLength(1)
})
afterEach(async () => {
  await client?.close()
  await balancer?.stop()
  await fleet?.stop()
})

it.each([
  ['is killed', (instance: Instance) => instance.kill()],
  ['is restarted by a deployment', (instance: Instance) => instance.terminate()],
])('a client is told of a change that is made when the instance of its stream %s', async (what, end) => {
  const [holder] = (await holders()) as [Instance]
  const ended = end(holder)
  await setRole('cashier')
  await ended
  await expect.poll(() => told, { timeout: 20_000 }).toBeGreaterThan(0)
  // A duplicate message would arrive late.
  await sleep(2500)
  expect(await holders()).not.toContain(holder)
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).not.toContain('summarize_day')
  const lost = Math.max(0, 1 - told)
  const doubled = Math.max(0, told - 1)
  console.log(`stream, its instance ${what}: 1 change made, ${told} told, lost ${lost}, doubled ${doubled}`)
  expect(told).toBe(1)
})

/** The instances that hold a stream. */
async function holders(): Promise<Instance[]> {
  const open = await Promise.all(
    fleet.instances.map(async ({ origin }) => {
      const metrics = await fetch(`${origin}/metrics`).then(
        (response) => response.text(),
        () => '',
      )
      return Number(/^mcp_open_streams (\d+)/m.exec(metrics)?.[1] ?? 0)
    }),
  )
  return fleet.instances.filter((_instance, index) => open[index] === 1)
}

async function setRole(role: string): Promise<void> {
  await db.asOwner('update business_user set role = $1', [role])
}
