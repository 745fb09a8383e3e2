import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { generateApiKey } from '../../../src/auth/api-key.ts'
import { toolsOf } from '../../support/catalogue.ts'
import { call, rpc, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser, type Shop } from '../../support/shop.ts'

let service: Service
let shop: Shop
let foreign: Shop

beforeAll(async () => {
  service = await startService({ users: ['olga', 'sam', 'ana', 'luis', 'eve', 'rosa', 'sara', 'tere'] })
  shop = await makeShop(service.db, { name: 'Tienda Luna' })
  foreign = await makeShop(service.db, { name: 'Foreign' })
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  await makeUser(service.db, 'luis', [{ shop, role: 'cashier' }])
  await makeUser(service.db, 'eve', [{ shop: foreign, role: 'admin' }])
})
afterEach(() => {
  service.now = new Date()
})
afterAll(() => service?.close())

const as = (uid: string) => ({ authorization: `Bearer ${service.issuer.issueToken(uid)}` })
const create = (uid: string, payload: Record<string, unknown> = {}) =>
  service.app.inject({
    method: 'POST',
    url: '/mcp/keys',
    headers: as(uid),
    payload: { businessId: shop.id, role: 'tenant_developer', scopes: ['pos:read'], label: 'CI', ...payload },
  })

describe('API keys', () => {
  it('are created with the shapes of the product, shown once, stored as a hash', async () => {
    const response = await create('ana')
    expect(response.statusCode).toBe(201)
    const { rawKey, key } = response.json()
    expect(rawKey).toMatch(/^fp_mcp_[0-9a-f]{64}$/)
    expect(key).toEqual({
      id: expect.any(String),
      businessId: shop.id,
      role: 'tenant_developer',
      scopes: ['pos:read'],
      label: 'CI',
      isActive: true,
      createdAt: expect.any(String),
      expiresAt: null,
      lastUsedAt: null,
      createdBy: 'ana@example.com',
      makerHasLeft: false,
    })
    const list = await service.app.inject({ url: `/mcp/keys?businessId=${shop.id}`, headers: as('ana') })
    expect(list.json().keys).toContainEqual(key)
    expect(list.body).not.toContain(rawKey)
    const rows = await service.db.asOwner<{ row: string }>('select to_jsonb(k)::text as row from mcp_api_key k')
    expect(JSON.stringify(rows)).not.toContain(rawKey.slice(7))
  })

  it('open the endpoint for their business and scopes, and no more', async () => {
    const { rawKey, key } = (await create('ana', { scopes: ['pos:read', 'reports:read'] })).json()
    const { body } = await rpc(service.app, rawKey, 'tools/list')
    expect(body.result.tools.map((tool: { name: string }) => tool.name)).toEqual(toolsOf('pos:read', 'reports:read'))
    expect((await call(service.app, rawKey, 'get_products')).data.business.id).toBe(shop.id)
    expect((await call(service.app, rawKey, 'get_context')).data).toMatchObject({
      principal: 'api_key',
      role: 'tenant_developer',
    })
    expect((await call(service.app, rawKey, 'get_products', { businessId: foreign.id })).isError).toBe(true)
    const [row] = await service.db.asOwner<{ used: boolean }>(
      'select last_used_at is not null as used from mcp_api_key where id = $1',
      [key.id],
    )
    expect(row).toEqual({ used: true })
  })

  it('stop at once when revoked or deleted here, and within 60 seconds elsewhere', async () => {
    const other = await service.anotherInstance()
    for (const [method, suffix] of [
      ['PATCH', '/revoke'],
      ['DELETE', ''],
    ] as const) {
      const { rawKey, key } = (await create('ana')).json()
      expect((await rpc(service.app, rawKey, 'ping')).status).toBe(200)
      expect((await rpc(other, rawKey, 'ping')).status).toBe(200)
      // Many clients send the JSON content type without a body.
      const headers = { ...as('ana'), 'content-type': 'application/json' }
      const response = await service.app.inject({ method, url: `/mcp/keys/${key.id}${suffix}`, headers })
      expect(response.statusCode).toBe(method === 'PATCH' ? 200 : 204)
      expect((await rpc(service.app, rawKey, 'ping')).status).toBe(401)
      service.now = new Date(service.now.getTime() + 59_000)
      expect((await rpc(other, rawKey, 'ping')).status).toBe(401)
    }
  })

  it('end when they expire', async () => {
    const expiresAt = new Date(service.now.getTime() + 10_000).toISOString()
    const { rawKey } = (await create('ana', { expiresAt })).json()
    expect((await rpc(service.app, rawKey, 'ping')).status).toBe(200)
    service.now = new Date(service.now.getTime() + 11_000)
    expect((await rpc(service.app, rawKey, 'ping')).status).toBe(401)
    const past = await create('ana', { expiresAt })
    expect(past.json().message).toBe('expiresAt must be in the future.')
  })

  it("are managed by people with the product's own role names", async () => {
    await makeUser(service.db, 'olga', [{ shop, role: 'Owner' }])
    await makeUser(service.db, 'sam', [{ shop, role: 'StoreManager' }])
    expect((await create('sam')).statusCode).toBe(403)
    for (const [method, suffix] of [['PATCH', '/revoke'] as const, ['DELETE', ''] as const]) {
      const { key } = (await create('olga')).json()
      const response = await service.app.inject({ method, url: `/mcp/keys/${key.id}${suffix}`, headers: as('olga') })
      expect(response.statusCode).toBe(method === 'PATCH' ? 200 : 204)
    }
  })

  it('are managed by owners and admins of their business only', async () => {
    expect((await create('luis')).statusCode).toBe(403)
    const foreigner = await create('eve')
    expect(foreigner.statusCode).toBe(403)
    expect(foreigner.json().message).toBe(`You may manage API keys of: Foreign (${foreign.id}).`)
    const { key } = (await create('ana')).json()
    for (const uid of ['eve', 'luis']) {
      const revoke = await service.app.inject({ method: 'PATCH', url: `/mcp/keys/${key.id}/revoke`, headers: as(uid) })
      expect(revoke.statusCode).toBe(404)
      expect(
        (await service.app.inject({ method: 'DELETE', url: `/mcp/keys/${key.id}`, headers: as(uid) })).statusCode,
      ).toBe(404)
    }
    expect((await service.app.inject({ url: `/mcp/keys?businessId=${shop.id}`, headers: as('eve') })).statusCode).toBe(
      403,
    )
    expect((await service.app.inject({ url: `/mcp/keys?businessId=${shop.id}` })).statusCode).toBe(401)
  })

  it.each([
    [{ role: 'platform_operator' }, 403, 'npm run operator-key'],
    [{ role: 'owner' }, 400, 'role must be one of: merchant, tenant_developer'],
    [{ scopes: ['pos:all'] }, 400, 'must be one of: pos:read'],
    [{ expiresAt: '2030-12-31T23:59:60Z' }, 400, 'expiresAt must be an instant'],
    [{ label: 'a\u0000' }, 400, 'malformed'],
    [{ label: '   ' }, 400, 'label must match'],
    [{ label: '' }, 400, 'label must NOT have fewer than 1 characters'],
    [{ businessId: 'mine' }, 400, 'businessId must be a valid uuid'],
    [{ expires: 'never' }, 400, 'Unknown argument "expires"'],
  ])('refuse %j', async (payload, status, message) => {
    const response = await create('ana', payload)
    expect(response.statusCode).toBe(status)
    expect(response.json().message).toContain(message)
  })
})

describe('keys of somebody who leaves', () => {
  const HOUR = 3_600_000
  const keysAs = async (uid: string) =>
    (await service.app.inject({ url: `/mcp/keys?businessId=${shop.id}`, headers: as(uid) })).json().keys
  const leave = (uid: string, isActive = false) =>
    service.db.asOwner(
      'update business_user m set is_active = $2 from app_user u where u.id = m.user_id and u.firebase_uid = $1',
      [uid, isActive],
    )
  // The database notifies the service of the change, which takes a moment.
  const expectStatus = (rawKey: string, status: number) =>
    expect.poll(async () => (await rpc(service.app, rawKey, 'ping')).status).toBe(status)

  it('are shown as such, work for a day more, and go on if they come back', async () => {
    await makeUser(service.db, 'rosa', [{ shop, role: 'admin' }])
    const { rawKey, key } = (await create('rosa', { label: 'till' })).json()
    expect(key).toMatchObject({ createdBy: 'rosa@example.com', makerHasLeft: false, expiresAt: null })
    await expectStatus(rawKey, 200)

    await leave('rosa')
    const left = (await keysAs('ana')).find(({ id }: { id: string }) => id === key.id)
    expect(left).toMatchObject({ createdBy: 'rosa@example.com', makerHasLeft: true, isActive: true })
    const endsIn = new Date(left.expiresAt).getTime() - service.now.getTime()
    expect(endsIn).toBeGreaterThan(23.9 * HOUR)
    expect(endsIn).toBeLessThanOrEqual(24.1 * HOUR)
    await expectStatus(rawKey, 200)
    service.now = new Date(service.now.getTime() + 24.1 * HOUR)
    await expectStatus(rawKey, 401)
    expect((await rpc(service.app, rawKey, 'ping')).body.message).toContain('has left the business')

    await leave('rosa', true)
    await expectStatus(rawKey, 200)
  })

  it('end at once with a user who is switched off, or a membership that is deleted', async () => {
    await makeUser(service.db, 'sara', [{ shop, role: 'admin' }])
    const { rawKey, key } = (await create('sara')).json()
    await service.db.asOwner("update app_user set is_active = false where firebase_uid = 'sara'")
    await expectStatus(rawKey, 401)
    await service.db.asOwner("update app_user set is_active = true where firebase_uid = 'sara'")
    await expectStatus(rawKey, 200)
    await service.db.asOwner(
      "delete from business_user m using app_user u where u.id = m.user_id and u.firebase_uid = 'sara'",
    )
    await expectStatus(rawKey, 401)
    const shown = (await keysAs('ana')).find(({ id }: { id: string }) => id === key.id)
    expect(shown).toMatchObject({ createdBy: null, makerHasLeft: true })
  })
})

it('no more than 100 keys of a business, however many are made at the same moment', async () => {
  const crowded = await makeShop(service.db, { name: 'Crowded' })
  await makeUser(service.db, 'tere', [{ shop: crowded, role: 'owner' }])
  const { key } = (await create('tere', { businessId: crowded.id })).json()
  await service.db.asOwner(
    `insert into mcp_api_key (business_id, role, scopes, label, key_hash)
     select $1::uuid, 'merchant', '{pos:read}', n::text, sha256(($1::uuid::text || n)::bytea) from generate_series(1, 98) n`,
    [crowded.id],
  )
  const made = await Promise.all([1, 2, 3, 4, 5].map(() => create('tere', { businessId: crowded.id })))
  expect(made.map(({ statusCode }) => statusCode).sort()).toEqual([201, 409, 409, 409, 409])
  // One that was deleted counts no more.
  await service.app.inject({ method: 'DELETE', url: `/mcp/keys/${key.id}`, headers: as('tere') })
  expect((await create('tere', { businessId: crowded.id })).statusCode).toBe(201)
  const list = await service.app.inject({ url: `/mcp/keys?businessId=${crowded.id}`, headers: as('tere') })
  expect(list.json().keys).toHaveLength(100)
  expect(list.body).not.toContain(key.id)
})

describe('operator keys', () => {
  it('choose one tenant at a time, any active one, and are never shown to merchants', async () => {
    const service = await startService()
    onTestFinished(() => service.close())
    const shop = await makeShop(service.db, { name: 'Tienda Luna' })
    const foreign = await makeShop(service.db, { name: 'Foreign' })
    const { rawKey, hash } = generateApiKey()
    await service.db.asOwner(
      "insert into mcp_api_key (role, scopes, label, key_hash) values ('platform_operator', '{pos:read}', 'ops', $1)",
      [hash],
    )
    const before = await call(service.app, rawKey, 'get_products')
    expect(before.text).toContain('business_required: Choose a business first. See list_tenants')
    const { data } = await call(service.app, rawKey, 'list_tenants', { limit: 1 })
    expect(data).toMatchObject({ tenants: [{ id: foreign.id, name: 'Foreign' }], hasMore: true })
    const next = await call(service.app, rawKey, 'list_tenants', { limit: 1, cursor: data.nextCursor })
    expect(next.data).toMatchObject({ tenants: [{ id: shop.id }], hasMore: false })

    const { headers } = await rpc(service.app, rawKey, 'initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'ops', version: '1' },
    })
    const session = { 'mcp-session-id': headers['mcp-session-id'] as string }
    const context = async () => (await call(service.app, rawKey, 'get_context', {}, session)).text
    expect(await context()).toContain('Platform operator: choose a tenant with set_active_tenant.')
    await call(service.app, rawKey, 'set_active_tenant', { tenantId: shop.id }, session)
    expect(await context()).toContain('Platform operator: another tenant is chosen with set_active_tenant.')
    expect((await call(service.app, rawKey, 'get_products', {}, session)).data.business.id).toBe(shop.id)
    await service.db.asOwner('update business set is_active = false where id = $1', [foreign.id])
    const off = await call(service.app, rawKey, 'set_active_tenant', { tenantId: foreign.id }, session)
    expect(off.text).toContain('business_not_available')
    expect((await call(service.app, rawKey, 'set_active_business', { businessId: shop.id })).body.error.code).toBe(
      -32602,
    )
    expect((await call(service.app, rawKey, 'list_tenants', { cursor: 'AAAA' })).text).toContain(
      'invalid_argument: cursor',
    )
  })
})
