import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Service, startService } from '../../support/service.ts'

let service: Service

beforeAll(async () => {
  service = await startService({ config: { MAX_EVENT_LOOP_DELAY_MS: '50' } })
})
afterAll(() => service?.close())

it('a process that is held up says so at once, with Retry-After, and goes on when it is free', async () => {
  const ask = (url: string) => service.app.inject({ url })
  const end = Date.now() + 2500
  let shed = await ask('/mcp')
  while (shed.statusCode !== 503 && Date.now() < end) {
    const until = Date.now() + 200
    while (Date.now() < until);
    await delay(1)
    shed = await ask('/mcp')
  }
  expect(shed.statusCode).toBe(503)
  expect(shed.json()).toMatchObject({ code: 'unavailable', message: expect.stringContaining('busy') })
  expect(shed.headers['retry-after']).toBe('2')
  expect((await ask('/health/live')).statusCode).toBe(200)
  await expect.poll(async () => (await ask('/mcp')).statusCode, { timeout: 5000 }).toBe(401)
})
