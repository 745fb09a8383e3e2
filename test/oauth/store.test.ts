import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMemoryOAuthStore } from '../../embedded/memory-oauth-store.ts'
import { createRedisOAuthStore } from '../../src/oauth/redis-store.ts'
import type { OAuthStore } from '../../src/oauth/store.ts'
import { connectRedis } from '../support/service.ts'

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
    await store.consume(key)
    await store.save(key, 'second', 60)
    expect(await store.find(key)).toEqual({ value: 'second', consumed: false })
    await store.remove(key)
    expect(await store.find(key)).toBeNull()
  })

  it('lets exactly one of many use a value, and nobody one that does not exist', async () => {
    const store = create()
    const key = randomUUID()
    expect(await store.consume(key)).toBe(false)
    expect(await store.find(key)).toBeNull()
    await store.save(key, 'value', 60)
    const results = await Promise.all(Array.from({ length: 10 }, () => store.consume(key)))
    expect(results.filter(Boolean)).toHaveLength(1)
    expect(await store.find(key)).toEqual({ value: 'value', consumed: true })
  })

  it('forgets values when they expire, and only then', async () => {
    const store = create()
    const [short, renewed] = [randomUUID(), randomUUID()]
    await Promise.all([store.save(short, 'value', 1), store.save(renewed, 'value', 1)])
    await store.renew(renewed, 60)
    await store.renew('never-there', 60)
    await new Promise((resolve) => setTimeout(resolve, 1200))
    expect(await store.find(short)).toBeNull()
    expect(await store.find(renewed)).toEqual({ value: 'value', consumed: false })
    expect(await store.find('never-there')).toBeNull()
  })
})
