import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { generateApiKey } from '../../../src/auth/api-key.ts'
import { networksOf } from '../../../src/network.ts'
import { type App, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser, type Shop } from '../../support/shop.ts'

const LIMIT = 3
let service: Service
let shop: Shop
let networks = 0

beforeAll(async () => {
  service = await startService({
    users: ['ana', 'luis', 'nadie', 'rosa', 'sara', 'tere'],
    config: { TOKEN_RATE_LIMIT_PER_MINUTE: String(LIMIT) },
  })
  shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
})
afterAll(() => service?.close())

// Over a limit, each refusal waits for a second. Those tests wait together that count nothing of what others do.

it.concurrent('refused credentials are limited per address, with Retry-After, at every route and by all instances', async () => {
  const another = await service.anotherInstance()
  const address = newAddress()
  const statuses = [
    (await exchange(service.app, 'bad-1', address)).statusCode,
    (await ask(another, 'bad-2', address)).statusCode,
    (await request(service.app, 'GET', '/mcp/tokens', 'bad-3', address)).statusCode,
  ]
  expect(statuses).toEqual([401, 401, 401])
  for (const refused of [
    await ask(service.app, 'bad-4', address),
    await request(another, 'POST', '/mcp/token/refresh', 'bad-5', address),
    await request(service.app, 'GET', `/mcp/keys?businessId=${shop.id}`, 'bad-6', address),
  ]) {
    expect(refused.statusCode).toBe(429)
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    expect(refused.json()).toMatchObject({ code: 'rate_limited' })
  }
  expect((await ask(service.app, 'bad', newAddress())).statusCode).toBe(401)
})

it.concurrent('good credentials are served from an address over the limit, and end a stolen token', async () => {
  const address = newAddress()
  const rawKey = await newKey()
  await flood(service.app, address)
  const granted = await exchange(service.app, service.issuer.issueToken('ana'), address)
  expect(granted.statusCode).toBe(200)
  const { accessToken } = granted.json()
  const [, payload = ''] = accessToken.split('.')
  const { jti } = JSON.parse(Buffer.from(payload, 'base64url').toString())
  expect((await ask(service.app, accessToken, address)).statusCode).toBe(200)
  expect((await ask(service.app, rawKey, address)).statusCode).toBe(200)
  const listed = await request(
    service.app,
    'GET',
    `/mcp/keys?businessId=${shop.id}`,
    service.issuer.issueToken('ana'),
    address,
  )
  expect(listed.statusCode).toBe(200)
  const ended = await request(service.app, 'POST', '/mcp/token/revoke', service.issuer.issueToken('ana'), address, {
    jti,
  })
  expect(ended.statusCode).toBe(200)
})

it.concurrent('a key that was good is served by an instance that has never seen it, from an address over its limit', async () => {
  const address = newAddress()
  const rawKey = await newKey()
  expect((await ask(service.app, rawKey, newAddress())).statusCode).toBe(200)
  const another = await service.anotherInstance()
  await flood(another, address)
  expect((await ask(another, rawKey, address)).statusCode).toBe(200)
})

it.concurrent('one refused credential is limited wherever it comes from', async () => {
  const statuses = []
  for (let attempt = 0; attempt <= LIMIT; attempt++) {
    statuses.push((await ask(service.app, 'the-same', newAddress())).statusCode)
  }
  expect(statuses).toEqual([401, 401, 401, 429])
})

it.concurrent('a sign-in without any membership counts, a role that is too low does not', async () => {
  const stranger = newAddress()
  const statuses = []
  for (let attempt = 0; attempt <= LIMIT; attempt++) {
    statuses.push((await exchange(service.app, service.issuer.issueToken('nadie'), stranger)).statusCode)
  }
  expect(statuses).toEqual([403, 403, 403, 429])

  const address = newAddress()
  const foreign = '/mcp/keys?businessId=00000000-0000-4000-8000-00000000ffff'
  for (let attempt = 0; attempt <= LIMIT; attempt++) {
    const refused = await request(service.app, 'GET', foreign, service.issuer.issueToken('ana'), address)
    expect(refused.statusCode).toBe(403)
  }
})

it.concurrent('a good credential that its business bars does not count: it is told so each time', async () => {
  const barring = await makeShop(service.db, { name: 'Barring' })
  await makeUser(service.db, 'luis', [{ shop: barring, role: 'owner' }])
  const { accessToken } = (await exchange(service.app, service.issuer.issueToken('luis'), newAddress())).json()
  const rawKey = await newKey('luis', barring)
  await service.db.asOwner("update business set allowed_clients = '{}' where id = $1", [barring.id])
  const another = await service.anotherInstance()
  for (const credential of [accessToken, rawKey]) {
    const address = newAddress()
    const statuses = []
    for (let attempt = 0; attempt <= LIMIT; attempt++) {
      statuses.push((await ask(another, credential, address)).statusCode)
    }
    expect(statuses).toEqual(Array(LIMIT + 1).fill(403))
    expect((await ask(another, 'bad', address)).statusCode).toBe(401)
    // Nor does it become one where others guess.
    await flood(another, address)
    expect((await ask(another, credential, address)).statusCode).toBe(403)
  }
})

it.concurrent('a barred key that has expired, or whose maker has left, counts as one that is refused', async () => {
  const barring = await makeShop(service.db, { name: 'Barring' })
  await makeUser(service.db, 'sara', [{ shop: barring, role: 'owner' }])
  await makeUser(service.db, 'tere', [{ shop: barring, role: 'owner' }])
  const keyBy = async (uid: string) => [uid, await newKey(uid, barring)] as const
  const keys = [await keyBy('sara'), await keyBy('tere')]
  await service.db.asOwner(
    `update mcp_api_key k set expires_at = now() - interval '1 hour' from app_user u
     where u.id = k.created_by and u.firebase_uid = 'sara'`,
  )
  await service.db.asOwner("update app_user set is_active = false where firebase_uid = 'tere'")
  await service.db.asOwner("update business set allowed_clients = '{}' where id = $1", [barring.id])
  // An instance that has cached nothing of them.
  const another = await service.anotherInstance()
  for (const [uid, rawKey] of keys) {
    const answers = []
    for (let attempt = 0; attempt <= LIMIT; attempt++) answers.push(await ask(another, rawKey, newAddress()))
    expect([uid, answers.map(({ statusCode }) => statusCode)]).toEqual([uid, [401, 401, 401, 429]])
    expect(answers[0]?.json().message).toContain(uid === 'sara' ? 'has expired' : 'has left the business')
    expect(another.credentialGuard.remembers(rawKey)).toBe(false)
  }
})

it.concurrent('all addresses of one IPv6 subscriber are one network', async () => {
  const address = (host: number) => `2001:db8:7:${host % 2 === 0 ? '1' : '0001'}::${host.toString(16)}`
  const statuses = []
  for (let host = 1; host <= LIMIT + 1; host++)
    statuses.push((await ask(service.app, `bad-${host}`, address(host))).statusCode)
  expect(statuses).toEqual([401, 401, 401, 429])
  expect(networksOf('2001:db8::1')[0]).not.toEqual(networksOf('2001:db8:0:1::1')[0])
  expect(networksOf('::ffff:10.1.2.3')).toEqual(networksOf('10.1.2.3'))
})

it.concurrent('a provider’s whole /56 or /48 gets a few times the limit of one subscriber, not more', async () => {
  const statuses: number[] = []
  for (let subnet = 0; subnet < 4 * LIMIT + 1; subnet++) {
    statuses.push((await ask(service.app, `bad-${subnet}`, `2001:db8:9:${subnet.toString(16)}::1`)).statusCode)
  }
  expect(statuses.filter((status) => status === 401)).toHaveLength(4 * LIMIT)
  expect(statuses.at(-1)).toBe(429)
})

it('made-up keys from an address over the limit cost no transaction', async () => {
  const address = newAddress()
  await flood(service.app, address)
  const within = vi.spyOn(service.app.database, 'within')
  const statuses = await Promise.all(
    Array.from({ length: 20 }, async () => (await ask(service.app, generateApiKey().rawKey, address)).statusCode),
  )
  expect(statuses).toEqual(statuses.map(() => 429))
  expect(within.mock.calls.filter(([access]) => access.keyHash !== undefined)).toEqual([])
  within.mockRestore()
})

it('a barred credential costs one transaction in half a minute, and works again as soon as it is allowed', async () => {
  const barring = await makeShop(service.db, { name: 'Barring' })
  await makeUser(service.db, 'rosa', [{ shop: barring, role: 'owner' }])
  const { accessToken } = (await exchange(service.app, service.issuer.issueToken('rosa'), newAddress())).json()
  const rawKey = await newKey('rosa', barring)
  const allow = (clients: string[] | null) =>
    service.db.asOwner('update business set allowed_clients = $2 where id = $1', [barring.id, clients])
  const statusOf = async (credential: string) => (await ask(service.app, credential, newAddress())).statusCode
  for (const credential of [accessToken, rawKey]) {
    expect(await statusOf(credential)).toBe(200)
    await allow([])
    await expect.poll(() => statusOf(credential)).toBe(403)
    const within = vi.spyOn(service.app.database, 'within')
    const statuses = []
    for (let attempt = 0; attempt < 20; attempt++) statuses.push(await statusOf(credential))
    const reads = within.mock.calls.filter(([access]) => access.keyHash !== undefined || access.userId !== undefined)
    within.mockRestore()
    expect([statuses, reads.length]).toEqual([Array(20).fill(403), expect.toBeOneOf([0, 1])])
    await allow(null)
    await expect.poll(() => statusOf(credential)).toBe(200)
  }
})

it('a request without a credential, with which clients begin to sign in, does not count', async () => {
  const address = newAddress()
  for (let attempt = 0; attempt <= LIMIT; attempt++) {
    const refused = await service.app.inject({
      method: 'POST',
      url: '/mcp/connect',
      remoteAddress: address,
      payload: {},
    })
    expect(refused.statusCode).toBe(401)
  }
})

function newAddress(): string {
  networks += 1
  return `10.77.${networks >> 8}.${networks & 255}`
}

async function newKey(user = 'ana', of = shop): Promise<string> {
  const created = await service.app.inject({
    method: 'POST',
    url: '/mcp/keys',
    remoteAddress: newAddress(),
    headers: { authorization: `Bearer ${service.issuer.issueToken(user)}` },
    payload: { businessId: of.id, role: 'merchant', scopes: ['pos:read'], label: 'till' },
  })
  return created.json().rawKey
}

async function flood(app: App, remoteAddress: string): Promise<void> {
  for (let attempt = 0; attempt <= LIMIT; attempt++) await ask(app, `flood-${remoteAddress}-${attempt}`, remoteAddress)
}

function exchange(app: App, firebaseIdToken: string, remoteAddress: string) {
  return app.inject({ method: 'POST', url: '/mcp/token', remoteAddress, payload: { firebaseIdToken } })
}

function ask(app: App, credential: string, remoteAddress: string) {
  const payload = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
  return request(app, 'POST', '/mcp', credential, remoteAddress, payload)
}

function request(
  app: App,
  method: 'GET' | 'POST',
  url: string,
  credential: string,
  remoteAddress: string,
  payload?: object,
) {
  const headers = { authorization: `Bearer ${credential}` }
  return app.inject({ method, url, remoteAddress, headers, ...(payload === undefined ? {} : { payload }) })
}
