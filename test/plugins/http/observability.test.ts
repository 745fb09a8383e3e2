import { Writable } from 'node:stream'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createMemorySessionEvents } from '../../../embedded/memory-session-events.ts'
import { createMemorySessionStore } from '../../../embedded/memory-session-store.ts'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config.ts'
import { SERVICE_ROLE } from '../../../src/database/pool.ts'
import { call, SECRET, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser, type Shop } from '../../support/shop.ts'

let service: Service
let shop: Shop
let token: string

beforeEach(async () => {
  service = await startService({ users: ['ana'] })
  shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
})
afterEach(() => service?.close())

it('every tool call is audited with who, which credential, what, where and how it ended', async () => {
  await call(service.app, token, 'get_products')
  await call(service.app, token, 'get_order', { order: 'none' })
  const [user] = await service.db.asOwner<{ id: string }>('select id from app_user')
  await expect
    .poll(
      () =>
        service.db.asOwner(
          "select principal, business_id, action as tool, outcome from mcp_audit where kind = 'tool' order by id",
        ),
      {
        timeout: 5000,
      },
    )
    .toEqual([
      { principal: `user:${user?.id}`, business_id: shop.id, tool: 'get_products', outcome: 'ok' },
      { principal: `user:${user?.id}`, business_id: shop.id, tool: 'get_order', outcome: 'not_found' },
    ])
})

it('metrics count calls by tool and outcome', async () => {
  await call(service.app, token, 'get_order', { order: 'none' })
  const { body } = await service.app.inject('/metrics')
  expect(body).toMatch(/mcp_tool_call_duration_seconds_count\{tool="get_order",outcome="not_found"\} 1/)
  expect(body).not.toContain(shop.id)
})

it('probes say which parts are available', async () => {
  expect((await service.app.inject('/health/live')).json()).toEqual({ status: 'ok', checks: {} })
  const ready = await service.app.inject('/health/ready')
  expect(ready.statusCode).toBe(200)
  expect(ready.json()).toEqual({ status: 'ok', checks: { database: 'ok', sessions: 'ok' } })
})

it('OpenAPI describes the routes', async () => {
  const document = (await service.app.inject('/docs/json')).json()
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining(['/mcp/token', '/mcp/token/refresh', '/mcp/keys', '/mcp/keys/{id}', '/health/ready']),
  )
})

it('logs hold no credential', async () => {
  let log = ''
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log += chunk
      done()
    },
  })
  const app = await buildApp({
    config: loadConfig({ DATABASE_URL: service.db.ownerUrl, MCP_TOKEN_SECRET: SECRET }),
    databaseRole: SERVICE_ROLE,
    sessions: { store: createMemorySessionStore(), events: createMemorySessionEvents() },
    firebaseApp: service.issuer.firebaseOptions(),
    logger: { level: 'trace', stream },
  })
  const firebaseIdToken = service.issuer.issueToken('ana')
  const exchanged = await app.inject({ method: 'POST', url: '/mcp/token', payload: { firebaseIdToken } })
  const { accessToken } = exchanged.json()
  const { rawKey } = (
    await app.inject({
      method: 'POST',
      url: '/mcp/keys',
      headers: { authorization: `Bearer ${firebaseIdToken}` },
      payload: { businessId: shop.id, role: 'merchant', scopes: ['pos:read'], label: 'x' },
    })
  ).json()
  await call(app, accessToken, 'get_products', { search: 'zzsearched' })
  await call(app, rawKey, 'get_context')
  await app.inject({ method: 'POST', url: '/mcp', headers: { authorization: 'Bearer zzforged' }, payload: {} })
  app.log.info({ authorization: 'zzleak1', accessToken: 'zzleak2', body: { firebaseIdToken: 'zzleak3' } }, 'redacted')
  await app.close()

  expect(log).toContain('"tool":"get_products"')
  for (const secret of [firebaseIdToken, accessToken, rawKey, 'zzforged', SECRET, 'zzleak', 'zzsearched']) {
    expect(log).not.toContain(secret)
  }
})
