import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rpc, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser, type Shop } from '../../support/shop.ts'

let service: Service
let first: Shop
let second: Shop
let anaId: string

beforeAll(async () => {
  service = await startService({
    users: ['odd', 'ana', 'luis', 'nobody', 'gone', 'newcomer', 'dismissed', 'byuid', 'twice'],
  })
  first = await makeShop(service.db, { name: 'First' })
  second = await makeShop(service.db, { name: 'Second', currency: 'EUR', timezone: 'Europe/Madrid' })
  anaId = await makeUser(service.db, 'ana', [
    { shop: first, role: 'owner' },
    { shop: second, role: 'owner' },
  ])
  await makeUser(service.db, 'luis', [{ shop: first, role: 'cashier' }])
  await makeUser(service.db, 'gone', [{ shop: first, role: 'owner' }])
  await makeUser(service.db, 'dismissed', [{ shop: first, role: 'owner' }])
})
afterAll(() => service?.close())

const exchange = (payload: unknown) =>
  service.app.inject({ method: 'POST', url: '/mcp/token', payload: payload as Record<string, unknown> })
const refresh = (token: string) =>
  service.app.inject({ method: 'POST', url: '/mcp/token/refresh', headers: { authorization: `Bearer ${token}` } })

describe('POST /mcp/token', () => {
  it('answers with all fields of the guide', async () => {
    const response = await exchange({ firebaseIdToken: service.issuer.issueToken('ana') })
    expect(response.statusCode).toBe(200)
    expect(response.headers['cache-control']).toBe('no-store')
    const body = response.json()
    const issuedAt = Math.floor(service.now.getTime() / 1000)
    expect(body).toEqual({
      accessToken: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/),
      tokenType: 'Bearer',
      expiresIn: 86400,
      expiresAt: new Date((issuedAt + 86400) * 1000).toISOString(),
      role: 'merchant',
      activeBusinessId: first.id,
      authorizedBusinessIds: [first.id, second.id],
      authorizedBusinesses: [
        { id: first.id, name: 'First' },
        { id: second.id, name: 'Second' },
      ],
      scopes: ['pos:read', 'pos:write', 'reports:read', 'psa:read', 'pos:intents'],
    })
  })

  it('gives a cashier the till only', async () => {
    const response = await exchange({ firebaseIdToken: service.issuer.issueToken('luis') })
    expect(response.json().scopes).toEqual(['pos:read', 'pos:write'])
  })

  it('refuses people whose roles give nothing, with the role', async () => {
    await makeUser(service.db, 'odd', [{ shop: first, role: 'Astronaut' }])
    const response = await exchange({ firebaseIdToken: service.issuer.issueToken('odd') })
    expect(response.statusCode).toBe(403)
    expect(response.json().message).toContain('role (Astronaut) gives no access')
  })

  it('lets scopes narrow', async () => {
    const response = await exchange({
      firebaseIdToken: service.issuer.issueToken('ana'),
      scopes: ['reports:read', 'pos:read'],
    })
    expect(response.json().scopes).toEqual(['pos:read', 'reports:read'])
  })

  it('refuses scopes beyond the role, naming what there is', async () => {
    const response = await exchange({ firebaseIdToken: service.issuer.issueToken('luis'), scopes: ['reports:read'] })
    expect(response.statusCode).toBe(400)
    expect(response.json().message).toContain('pos:read, pos:write; not reports:read')
  })

  it.each([
    ['nothing', undefined, 'firebaseIdToken is required'],
    [
      'an unknown argument',
      { firebaseIdToken: 'x', scope: 'pos:read' },
      'Unknown argument "scope"; valid are: firebaseIdToken, scopes, label',
    ],
    ['a wrong type', { firebaseIdToken: 42 }, 'firebaseIdToken must be string'],
    ['an unknown scope', { firebaseIdToken: 'x', scopes: ['pos:everything'] }, 'must be one of: pos:read, pos:write'],
    ['no scope at all', { firebaseIdToken: 'x', scopes: [] }, 'scopes must NOT have fewer than 1 items'],
  ])('answers 400 to %s', async (_what, payload, message) => {
    const response = await exchange(payload ?? {})
    expect(response.statusCode).toBe(400)
    expect(response.json()).toMatchObject({ statusCode: 400, code: 'invalid_argument', error: 'Bad Request' })
    expect(response.json().message).toContain(message)
  })

  it('answers 400 to a NUL character, which the database cannot store', async () => {
    const response = await exchange({ firebaseIdToken: service.issuer.issueToken('ana'), label: 'a\u0000b' })
    expect(response.statusCode).toBe(400)
    expect(response.json().message).toBe('A value is malformed or out of range.')
  })

  it('answers 400 to malformed JSON and 413 to a body over the limit', async () => {
    const headers = { 'content-type': 'application/json' }
    const malformed = await service.app.inject({ method: 'POST', url: '/mcp/token', headers, payload: '{"fire' })
    expect(malformed.statusCode).toBe(400)
    const large = await service.app.inject({
      method: 'POST',
      url: '/mcp/token',
      headers,
      payload: JSON.stringify({ firebaseIdToken: 'x'.repeat(1_100_000) }),
    })
    expect(large.statusCode).toBe(413)
    expect(large.json().code).toBe('payload_too_large')
  })

  it.each([
    ['garbage', () => 'garbage'],
    ['an expired token', () => service.issuer.issueToken('ana', { exp: Math.floor(Date.now() / 1000) - 10 })],
    ['another audience', () => service.issuer.issueToken('ana', { aud: 'other' })],
    ['another issuer', () => service.issuer.issueToken('ana', { iss: 'https://securetoken.google.com/other' })],
    ['an audience that reads like an outage', () => service.issuer.issueToken('ana', { aud: 'network timeout' })],
    ['a payload that is no object', () => `${part({ alg: 'RS256', kid: 'x' })}.${part(null)}.x`],
    ['iat in the future', () => service.issuer.issueToken('ana', { iat: Math.floor(Date.now() / 1000) + 600 })],
    [
      'auth_time in the future',
      () => service.issuer.issueToken('ana', { auth_time: Math.floor(Date.now() / 1000) + 600 }),
    ],
    ['alg none', () => `${part({ alg: 'none' })}.${service.issuer.issueToken('ana').split('.')[1]}.`],
  ])('answers 401 with a challenge to %s', async (_what, token) => {
    const response = await exchange({ firebaseIdToken: token() })
    expect(response.statusCode).toBe(401)
    expect(response.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token", error_description="[^"]+"$/)
    expect(response.json()).toMatchObject({ statusCode: 401, code: 'unauthenticated', error: 'Unauthorized' })
  })

  it('answers 401 to a revoked sign-in', async () => {
    const token = service.issuer.issueToken('gone')
    service.issuer.revoke('gone')
    expect((await exchange({ firebaseIdToken: token })).statusCode).toBe(401)
  })

  it('answers 403 to a user without membership, and to one whose only membership is switched off', async () => {
    const unknown = await exchange({ firebaseIdToken: service.issuer.issueToken('nobody') })
    expect(unknown.statusCode).toBe(403)
    expect(unknown.json().message).toContain('no active membership')
    await service.db.asOwner(
      `update business_user set is_active = false where user_id = (select id from app_user where firebase_uid = 'dismissed')`,
    )
    expect((await exchange({ firebaseIdToken: service.issuer.issueToken('dismissed') })).statusCode).toBe(403)
  })

  it('links a person entered by e-mail at the first sign-in with the verified address, and only then', async () => {
    const [user] = await service.db.asOwner<{ id: string }>(
      "insert into app_user (email) values ('Newcomer@Example.com') returning id",
    )
    await service.db.asOwner("insert into business_user (business_id, user_id, role) values ($1, $2, 'owner')", [
      first.id,
      user?.id,
    ])
    const unverified = service.issuer.issueToken('newcomer', { email_verified: false })
    expect((await exchange({ firebaseIdToken: unverified })).statusCode).toBe(403)
    const verified = service.issuer.issueToken('newcomer', { email_verified: true })
    expect((await exchange({ firebaseIdToken: verified })).statusCode).toBe(200)
    const [linked] = await service.db.asOwner('select firebase_uid from app_user where id = $1', [user?.id])
    expect(linked).toEqual({ firebase_uid: 'newcomer' })
  })
})

describe('a person entered by uid', () => {
  const enter = async (uid: string) => {
    const id = await makeUser(service.db, uid, [{ shop: first, role: 'owner' }])
    await service.db.asOwner('update app_user set email = null where id = $1', [id])
    return id
  }
  const signIn = (uid: string) =>
    exchange({ firebaseIdToken: service.issuer.issueToken(uid, { email_verified: true }) })

  it('is known by the verified address after signing in', async () => {
    const id = await enter('byuid')
    expect((await signIn('byuid')).statusCode).toBe(200)
    expect(await service.db.asOwner("select id from app_user where lower(email) = 'byuid@example.com'")).toEqual([
      { id },
    ])
  })

  it('signs in although somebody else was entered with the address', async () => {
    await enter('twice')
    await service.db.asOwner("insert into app_user (email) values ('Twice@example.com')")
    expect((await signIn('twice')).statusCode).toBe(200)
  })
})

describe('POST /mcp/token/refresh', () => {
  it('gives a new token with the current memberships, and leaves the old one valid', async () => {
    const old = await service.tokenOf('ana', { scopes: ['pos:read'], label: 'Laptop' })
    const response = await refresh(old)
    expect(response.statusCode).toBe(200)
    expect(response.json().scopes).toEqual(['pos:read'])
    expect(response.json().accessToken).not.toBe(old)
    expect((await rpc(service.app, old, 'ping')).status).toBe(200)
  })

  it('accepts a token expired up to seven days ago, which /mcp no longer accepts', async () => {
    const token = await service.tokenOf('ana')
    const issued = service.now
    service.now = new Date(issued.getTime() + (86400 + 7 * 86400 - 60) * 1000)
    expect((await rpc(service.app, token, 'ping')).status).toBe(401)
    expect((await refresh(token)).statusCode).toBe(200)
    service.now = new Date(issued.getTime() + (86400 + 7 * 86400 + 60) * 1000)
    expect((await refresh(token)).statusCode).toBe(401)
    service.now = new Date()
  })

  it('accepts an empty body with the JSON content type', async () => {
    const headers = { authorization: `Bearer ${await service.tokenOf('ana')}`, 'content-type': 'application/json' }
    const response = await service.app.inject({ method: 'POST', url: '/mcp/token/refresh', headers })
    expect(response.statusCode).toBe(200)
    expect(response.json().accessToken).toMatch(/^eyJ/)
  })

  it('answers 401 to a forged token, one of another secret, HS256 confusion and alg none', async () => {
    const [, payload = ''] = (await service.tokenOf('ana')).split('.')
    for (const token of [
      'x.y.z',
      `${part({ alg: 'none', typ: 'JWT' })}.${payload}.`,
      service.issuer.issueToken('ana'),
    ]) {
      expect((await refresh(token)).statusCode).toBe(401)
    }
    expect((await service.app.inject({ method: 'POST', url: '/mcp/token/refresh' })).statusCode).toBe(401)
  })
})

describe('tokens of one’s own', () => {
  it('lists them with label, and revokes one by jti at once', async () => {
    const token = await service.tokenOf('ana', { label: 'Phone' })
    const headers = { authorization: `Bearer ${token}` }
    const list = await service.app.inject({ url: '/mcp/tokens', headers })
    const phone = list.json().tokens.find((each: { label: string }) => each.label === 'Phone')
    expect(phone).toMatchObject({ client: 'lightMyRequest', scopes: null })

    expect((await rpc(service.app, token, 'ping')).status).toBe(200)
    const byFirebase = { authorization: `Bearer ${service.issuer.issueToken('ana')}` }
    const payload = { jti: phone.jti }
    const luis = { authorization: `Bearer ${await service.tokenOf('luis')}` }
    const foreign = await service.app.inject({ method: 'POST', url: '/mcp/token/revoke', headers: luis, payload })
    expect(foreign.statusCode).toBe(404)
    const revoked = await service.app.inject({ method: 'POST', url: '/mcp/token/revoke', headers: byFirebase, payload })
    expect(revoked.statusCode).toBe(200)
    expect((await rpc(service.app, token, 'ping')).status).toBe(401)
    expect((await refresh(token)).statusCode).toBe(401)
  })
})

it.each([
  ['/mcp/token', 'firebaseIdToken is required.'],
  ['/mcp/token/revoke', 'Give either jti or all.'],
])('%s names what an empty body lacks', async (url, message) => {
  const authorization = `Bearer ${await service.tokenOf('ana')}`
  for (const headers of [{ authorization }, { authorization, 'content-type': 'application/json' }]) {
    const response = await service.app.inject({ method: 'POST', url, headers })
    expect(response.json()).toMatchObject({ statusCode: 400, code: 'invalid_argument', message })
  }
})

it('a revocation answers 401, never 500, to requests under way', async () => {
  for (let round = 0; round < 5; round++) {
    const token = await service.tokenOf('ana')
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
    const headers = { authorization: `Bearer ${service.issuer.issueToken('ana')}` }
    const requests = Array.from({ length: 12 }, () => rpc(service.app, token, 'ping'))
    await service.app.inject({ method: 'POST', url: '/mcp/token/revoke', headers, payload: { jti } })
    for (const { status } of await Promise.all(requests)) expect([200, 401]).toContain(status)
  }
})

describe('what is switched off stops working within 60 seconds', () => {
  it.each([
    ['a membership', 'update business_user set is_active = $1 where user_id = $2'],
    ['a user', 'update app_user set is_active = $1 where id = $2'],
  ])('%s', async (_what, statement) => {
    const token = await service.tokenOf('ana')
    const start = service.now
    expect((await rpc(service.app, token, 'ping')).status).toBe(200)
    await service.db.asOwner(statement, [false, anaId])
    service.now = new Date(start.getTime() + 59_000)
    expect((await rpc(service.app, token, 'ping')).status).toBe(403)
    await service.db.asOwner(statement, [true, anaId])
    service.now = new Date()
  })
})

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
