import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { findLibrary } from '../../embedded/debian-package.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { startNginx } from './balancer.ts'
import { type Fleet, type Settings, startFleet } from './fleet.ts'
import { connectClient, startLoad } from './load.ts'
import { makeOwner, type Owner } from './owner.ts'

let db: TestDatabase
let owner: Owner

beforeAll(async () => {
  db = await createTestDatabase()
  owner = await makeOwner(db)
})
afterAll(() => db?.close())

async function withFleet(settings: Settings[], work: (fleet: Fleet, origin: string) => Promise<void>): Promise<void> {
  const fleet = await startFleet(
    db,
    settings.map((each) => ({ REDIS_URL: inject('redisUrl'), ...each })),
  )
  const balancer = await startNginx(fleet.ports)
  try {
    await work(fleet, balancer.origin)
  } finally {
    await balancer.stop()
    await fleet.stop()
  }
}

async function refresh(origin: string, token: string): Promise<string> {
  const response = await fetch(`${origin}/mcp/token/refresh`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  expect(response.status).toBe(200)
  return ((await response.json()) as { accessToken: string }).accessToken
}

it('accepts on every instance the tokens of another whose clock is 50 s off', async () => {
  const library = await findLibrary('faketime/libfaketime.so.1', 'libfaketime')
  const clock = (FAKETIME: string) => ({ LD_PRELOAD: library, FAKETIME, FAKETIME_DONT_FAKE_MONOTONIC: '1' })
  await withFleet([clock('-50s'), clock('+50s'), {}], async (fleet, origin) => {
    const token = await owner.token(fleet)
    for (const issuer of fleet.instances) {
      const issued = await refresh(issuer.origin, token)
      const offBy =
        JSON.parse(Buffer.from(issued.split('.')[1] as string, 'base64url').toString()).iat - Date.now() / 1000
      console.log(`clock skew: a token issued ${offBy.toFixed(0)} s from now`)
      const calls = await startLoad({ origin, owner, token: issued, patienceMs: 0, callers: 3 })
      await expect.poll(() => calls.answered(), { timeout: 20_000 }).toBeGreaterThan(30)
      await calls.finish('clock skew')
    }
  })
})

it('continues a conversation whose token has expired and was refreshed', async () => {
  await withFleet([{}, {}], async (fleet, origin) => {
    let token = await owner.token({ ...fleet, seconds: 4 })
    const client = connectClient(origin, () => token)
    await client.initialize()
    await client.call('set_active_business', { businessId: owner.second.id })
    expect((await client.call('get_products', {})).business?.id).toBe(owner.second.id)

    await sleep(4500)
    await expect(client.call('get_products', {})).rejects.toThrow(
      /^401 .*Your FlowPOS token has expired\. Generate a new token in Settings → AI Assistant, or refresh it with POST/,
    )
    token = await refresh(origin, token)
    for (let i = 0; i < 4; i++) {
      expect((await client.call('get_products', {})).business?.id).toBe(owner.second.id)
    }
    console.log('expired token: one call refused, the conversation went on with its business after a refresh')
  })
})

it('rotates the secret in two rounds of deployments without a failed call', async () => {
  await withFleet([{}, {}, {}], async (fleet, origin) => {
    const secret = 'f6d0c2b7a19e4835'.repeat(4)
    const old = await owner.token(fleet)
    const calls = await startLoad({ origin, owner, token: old, patienceMs: 0, callers: 4 })
    const deploy = async (settings: Settings) => {
      for (const instance of fleet.instances) {
        expect(await instance.terminate()).toBe(0)
        await instance.start(settings)
        // From here on, instances sign with different secrets, but all accept every token.
        calls.use(await refresh(instance.origin, old))
        await sleep(1000)
      }
    }
    await deploy({ MCP_TOKEN_PREVIOUS_SECRETS: secret })
    await deploy({ MCP_TOKEN_SECRET: secret, MCP_TOKEN_PREVIOUS_SECRETS: fleet.secret })
    calls.use(old)
    await sleep(500)
    await calls.finish('rotation of the secret')
  })
})
