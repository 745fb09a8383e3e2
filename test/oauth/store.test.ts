import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryOAuthStore } from '../../embedded/memory-oauth-store.ts'
import { createRedisOAuthStore } from '../../src/oauth/redis-store.ts'
import type { OAuthStore } from '../../src/oauth/store.ts'
import { connectRedis } from '../support/service.ts'

const NOON = new Date('2026-11-28T12:00:00.123Z')

let redis: Redis

beforeAll(() => {
  redis = connectRedis()
})
afterAll(() => redis.disconnect())

describe.each([
  ['Redis', (): OAuthStore => createRedisOAuthStore(redis)],
  ['memory', createMemoryOAuthStore],
])('the store in %s', (_where, create) => {
  it('finds what was saved last, until it is removed', async () => {
    const store = create()
    const key = randomUUID()
    expect(await store.find(key)).toBeNull()
    await store.save(key, 'first', 60)
    await store.use(key, NOON, 60)
    await store.save(key, 'second', 60)
    expect(await store.find(key)).toEqual({ value: 'second', usedAt: null })
    await store.remove(key)
    expect(await store.find(key)).toBeNull()
  })

  it('tells the first use from all others, and keeps its time', async () => {
    const store = create()
    const key = randomUUID()
    expect(await store.use(key, NOON, 60)).toBeNull()
    expect(await store.find(key)).toBeNull()
    await store.save(key, 'value', 60)
    const uses = await Promise.all(Array.from({ length: 10 }, () => store.use(key, NOON, 60)))
    expect(uses.filter((use) => use?.isFirst)).toHaveLength(1)
    const later = new Date(NOON.getTime() + 61_001)
    expect(await store.use(key, later, 60)).toEqual({ isFirst: false, firstAt: NOON })
    expect(await store.find(key)).toEqual({ value: 'value', usedAt: NOON })
  })

  it('takes back a use that was not before an instant, and keeps a used value no longer than told', async () => {
    const store = create()
    const key = randomUUID()
    await store.save(key, 'value', 3600)
    await store.use(key, NOON, 1)
    await store.takeBackUse(key, new Date(NOON.getTime() + 1))
    expect(await store.find(key)).toEqual({ value: 'value', usedAt: NOON })
    await store.takeBackUse(key, NOON)
    expect(await store.find(key)).toEqual({ value: 'value', usedAt: null })
    await new Promise((resolve) => setTimeout(resolve, 1200))
    expect(await store.find(key)).toBeNull()
  })

  it('forgets values when they expire, and only then', async () => {
    const store = create()
    const [short, renewed] = [randomUUID(), randomUUID()]
    await Promise.all([store.save(short, 'value', 1), store.save(renewed, 'value', 1)])
    await store.renew(renewed, 60)
    await store.renew('never-there', 60)
    await new Promise((resolve) => setTimeout(resolve, 1200))
    expect(await store.find(short)).toBeNull()
    expect(await store.find(renewed)).toEqual({ value: 'value', usedAt: null })
    expect(await store.find('never-there')).toBeNull()
  })
})
