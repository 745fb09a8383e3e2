import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemorySessionStore } from '../../embedded/memory-session-store.ts'
import { createRedisSessionStore } from '../../src/sessions/redis-store.ts'
import type { SessionStore } from '../../src/sessions/store.ts'
import { connectRedis } from '../support/service.ts'

let redis: Redis

beforeAll(() => {
  redis = connectRedis()
})
afterAll(() => redis.disconnect())

describe.each([
  ['Redis', (): SessionStore => createRedisSessionStore(redis)],
  ['memory', createMemorySessionStore],
])('sessions in %s', (_where, create) => {
  const someone = () => `user:${randomUUID()}`

  it('a record that is created again late does not overwrite what was stored meanwhile', async () => {
    const [store, sid, owner] = [create(), randomUUID(), someone()]
    await store.save(sid, { principal: owner, client: 'first', expiresAt: 1_900_000_000 }, 60)
    await store.chooseBusiness(sid, { principal: owner, credential: owner }, 'shop-2')
    await store.save(sid, { principal: owner, client: 'second' }, 60)
    expect(await store.read(sid, owner)).toEqual({
      session: { principal: owner, client: 'first', expiresAt: 1_900_000_000, businessId: 'shop-2' },
      lastBusinessId: 'shop-2',
    })
  })

  it('nobody else can change a session or create one', async () => {
    const [store, sid, owner, other] = [create(), randomUUID(), someone(), someone()]
    await store.save(sid, { principal: owner, lists: 'a' }, 60)
    await store.chooseBusiness(sid, { principal: other, credential: other }, 'shop-9')
    await store.noteLists(sid, other, 'z')
    await store.renew(sid, other, 2_000_000_000, 60)
    expect((await store.read(sid, undefined)).session).toEqual({ principal: owner, lists: 'a' })
    await store.noteLists('never-there', owner, 'z')
    expect((await store.read('never-there', owner)).session).toBeNull()
  })

  it('a last choice belongs to the credential that made it', async () => {
    const [store, sid, owner, weak, strong] = [create(), randomUUID(), someone(), randomUUID(), randomUUID()]
    await store.chooseBusiness(undefined, { principal: owner, credential: weak }, 'shop-2')
    expect((await store.read(sid, weak)).lastBusinessId).toBe('shop-2')
    expect((await store.read(sid, strong)).lastBusinessId).toBeNull()
  })

  it('an ended session stays ended, whatever follows', async () => {
    const [store, sid, owner] = [create(), randomUUID(), someone()]
    await store.save(sid, { principal: owner }, 60)
    await store.end(sid, 60)
    await store.save(sid, { principal: owner }, 60)
    await store.noteLists(sid, owner, 'a')
    await store.chooseBusiness(sid, { principal: owner, credential: owner }, 'shop-2')
    expect(await store.read(sid, owner)).toEqual({ session: 'ended', lastBusinessId: 'shop-2' })
  })

  it('a session lives as long as it was created or renewed for; a choice does not extend it', async () => {
    const [store, sid, renewed, owner] = [create(), randomUUID(), randomUUID(), someone()]
    await Promise.all([sid, renewed].map((id) => store.save(id, { principal: owner }, 1)))
    await Promise.all([
      store.chooseBusiness(sid, { principal: owner, credential: owner }, 'shop-1'),
      store.renew(renewed, owner, 2_000_000_000, 60),
    ])
    await new Promise((resolve) => setTimeout(resolve, 1200))
    expect((await store.read(sid, owner)).session).toBeNull()
    expect((await store.read(renewed, owner)).session).toMatchObject({ expiresAt: 2_000_000_000 })
  })
})
