import { expect, it } from 'vitest'
import { createFairQueue, type Turn } from '../../src/database/fair-queue.ts'

const LIMITS = {
  all: 4,
  perTenant: 3,
  perPrincipal: 2,
  heavy: 2,
  heavyPerTenant: 1,
  waitingPerTenant: 5,
  maxWaitMs: 40,
}

/** Takes turns by name, and keeps the order in which they started. */
function players(limits = LIMITS) {
  const queue = createFairQueue(limits)
  const started: string[] = []
  const releases = new Map<string, () => void>()
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve))
  return {
    started,
    take(name: string, turn: Turn): Promise<void> {
      const taken = queue.take(turn).then((release) => {
        started.push(name)
        releases.set(name, release)
      })
      // Those that nobody waits for may run out of time.
      taken.catch(() => {})
      return taken
    },
    async release(name: string) {
      await settle()
      releases.get(name)?.()
      await settle()
    },
  }
}

it('serves a quiet tenant next, however many of a busy one wait', async () => {
  const { take, release, started } = players({ ...LIMITS, perPrincipal: 9, perTenant: 4 })
  for (const name of ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7']) void take(name, { tenant: 'a' })
  void take('b1', { tenant: 'b' })
  void take('b2', { tenant: 'b' })
  await release('a1')
  await release('a2')
  await release('a3')
  await release('a4')
  expect(started.slice(0, 4)).toEqual(['a1', 'a2', 'a3', 'a4'])
  expect(started.slice(4, 8)).toEqual(['a5', 'b1', 'a6', 'b2'])
})

it('leaves connections free beside one tenant, and beside one person', async () => {
  const { take, started } = players()
  for (const name of ['p1', 'p2', 'p3']) void take(name, { tenant: 'a', principal: 'pia' })
  await take('q1', { tenant: 'a', principal: 'quino' })
  void take('q2', { tenant: 'a', principal: 'quino' })
  await take('b1', { tenant: 'b' })
  expect(started).toEqual(['p1', 'p2', 'q1', 'b1'])
})

it('runs one heavy call per tenant, and lets light ones pass those that wait', async () => {
  const { take, release, started } = players()
  await take('heavy1', { tenant: 'a', isHeavy: true })
  void take('heavy2', { tenant: 'a', isHeavy: true })
  await take('light', { tenant: 'a' })
  await take('other', { tenant: 'b', isHeavy: true })
  void take('third', { tenant: 'c', isHeavy: true })
  expect(started).toEqual(['heavy1', 'light', 'other'])
  await release('heavy1')
  expect(started).toHaveLength(4)
  await release('other')
  expect(started.slice(3).sort()).toEqual(['heavy2', 'third'])
})

it('gives a turn back once only', async () => {
  const { take, release, started } = players({ ...LIMITS, all: 1 })
  await take('a1', { tenant: 'a' })
  for (const name of ['a2', 'a3']) void take(name, { tenant: 'a' })
  await release('a1')
  await release('a1')
  expect(started).toEqual(['a1', 'a2'])
})

it('refuses the call that would wait behind too many of its own, and one that has waited too long', async () => {
  const { take } = players({ ...LIMITS, all: 1 })
  await take('b', { tenant: 'b' })
  const waiting = ['a1', 'a2', 'a3', 'a4', 'a5'].map((name) => take(name, { tenant: 'a' }).catch((error) => error))
  await expect(take('a6', { tenant: 'a' })).rejects.toMatchObject({ code: 'rate_limited', retryAfterSeconds: 2 })
  for (const refused of await Promise.all(waiting)) {
    expect(refused).toMatchObject({ code: 'unavailable', retryAfterSeconds: 2 })
  }
  await expect(take('a7', { tenant: 'a' })).rejects.toMatchObject({ code: 'unavailable' })
})
