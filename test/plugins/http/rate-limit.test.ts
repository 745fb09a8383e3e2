import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectRedis, rpc, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

const SESSIONS_PER_HOUR = 600
const AUTHORIZATIONS_PER_MINUTE = 60
const REFUSED_TOKENS_PER_MINUTE = 300

let service: Service

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  await makeUser(service.db, 'ana', [{ shop: await makeShop(service.db), role: 'owner' }])
})
afterAll(() => service?.close())

it('whoever makes up sessions is served on, but fills nothing', async () => {
  const redis = connectRedis()
  const token = await service.tokenOf('ana')
  const ids = Array.from({ length: SESSIONS_PER_HOUR + 50 }, () => randomUUID())
  for (let from = 0; from < ids.length; from += 50) {
    const answers = await Promise.all(
      ids.slice(from, from + 50).map((id) => rpc(service.app, token, 'tools/list', {}, { 'mcp-session-id': id })),
    )
    expect(answers.filter(({ status }) => status !== 200)).toEqual([])
  }
  const kept = await Promise.all(ids.map((id) => redis.exists(`mcp:session:${id}`)))
  expect(kept.filter(Boolean)).toHaveLength(SESSIONS_PER_HOUR)
  await redis.quit()
})

it('sign-ins that nobody ends are limited per address, before anything is stored', async () => {
  const redis = connectRedis()
  const registered = await service.app.inject({
    method: 'POST',
    url: '/oauth/register',
    payload: { redirect_uris: ['http://127.0.0.1:1/cb'], token_endpoint_auth_method: 'none' },
  })
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: registered.json().client_id,
    redirect_uri: 'http://127.0.0.1:1/cb',
    code_challenge: 'a'.repeat(43),
    code_challenge_method: 'S256',
  })
  const begin = (remoteAddress: string) => service.app.inject({ url: `/oauth/authorize?${query}`, remoteAddress })
  const stored = async () => (await redis.keys('mcp:oauth:Interaction:*')).length
  const before = await stored()
  const answers = await Promise.all(Array.from({ length: AUTHORIZATIONS_PER_MINUTE + 20 }, () => begin('10.66.1.1')))
  expect(answers.filter(({ statusCode }) => statusCode === 303)).toHaveLength(AUTHORIZATIONS_PER_MINUTE)
  expect(answers.filter(({ statusCode }) => statusCode === 429)).toHaveLength(20)
  expect((await stored()) - before).toBeLessThanOrEqual(2 * AUTHORIZATIONS_PER_MINUTE)
  expect((await begin('10.66.1.2')).statusCode).toBe(303)
  await redis.quit()
})

it('refused token requests are limited per address, whatever X-Forwarded-For claims', async () => {
  const ask = (remoteAddress: string, fields: Record<string, string>) =>
    service.app.inject({
      method: 'POST',
      url: '/oauth/token',
      remoteAddress,
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-forwarded-for': randomUUID() },
      payload: new URLSearchParams(fields).toString(),
    })
  const registered = await service.app.inject({
    method: 'POST',
    url: '/oauth/register',
    payload: { redirect_uris: ['http://127.0.0.1:1/cb'], token_endpoint_auth_method: 'none' },
  })
  const wrong = { grant_type: 'refresh_token', client_id: registered.json().client_id, refresh_token: 'x'.repeat(43) }
  const statuses: number[] = []
  for (let round = 0; round < 31; round++) {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask('10.65.1.1', wrong)))
    statuses.push(...answers.map(({ statusCode }) => statusCode))
  }
  expect(statuses.filter((status) => status === 400)).toHaveLength(REFUSED_TOKENS_PER_MINUTE)
  expect(statuses.filter((status) => status === 429)).toHaveLength(10)
  const limited = await ask('10.65.1.1', wrong)
  expect(limited.json()).toMatchObject({ error: 'temporarily_unavailable' })
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0)
  expect((await ask('10.65.1.2', wrong)).statusCode).toBe(400)
})
