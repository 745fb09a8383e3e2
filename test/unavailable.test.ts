import { expect, it } from 'vitest'
import { guardStore } from '../src/unavailable.ts'

const AWAY = { code: 'unavailable', statusCode: 503, retryAfterSeconds: 2 }

it('guards every method of a store', async () => {
  const store = guardStore('The store', {
    get: async (key: string, count: number) => `${key}${count}`,
    fails: () => Promise.reject(new Error('10.0.0.1 refused')),
    hangs: () => new Promise<void>(() => {}),
  })
  expect(await store.get('a', 1)).toBe('a1')
  const message = 'The store does not answer at the moment. Try again in a few seconds.'
  await expect(store.fails()).rejects.toMatchObject({ ...AWAY, message })
  const started = performance.now()
  await expect(store.hangs()).rejects.toMatchObject(AWAY)
  expect(performance.now() - started).toBeGreaterThan(750)
})
