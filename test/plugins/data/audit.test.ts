import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AUDITED } from '../../../src/audit/audit-row.ts'
import { call, rpc, type Service, startService } from '../../support/service.ts'
import { makeProduct, makeShop, makeUser, type Shop } from '../../support/shop.ts'

const DAY = 24 * 3_600_000
const ADDRESS = '203.0.113.77'
const AGENT = 'Mozilla/5.0 (Macintosh) Ana/1.0'
const SECRET_LABEL = 'ZZ Ana at home'

interface Row {
  kind: string
  action: string
  outcome: string
  principal: string | null
  credential_id: string | null
  business_id: string | null
  client: string | null
  network: string | null
  request_id: string | null
  subject: string | null
  occurrences: number
}

// Everything that changes who may do what, done once by hand; then what the trail says about it.
let service: Service
let shop: Shop
let ana: string
let luis: string
let keyId: string
let family: string
const tried: Record<string, string> = {}

const client = () => ({ 'user-agent': AGENT })
const inject = (method: 'POST' | 'PATCH' | 'DELETE', url: string, bearer: string | null, payload?: object) =>
  service.app.inject({
    method,
    url,
    remoteAddress: ADDRESS,
    headers: { ...client(), ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }) },
    ...(payload === undefined ? {} : { payload }),
  })
const jtiOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).jti
const exchange = async (uid: string) =>
  (
    await inject('POST', '/mcp/token', null, { firebaseIdToken: service.issuer.issueToken(uid), label: SECRET_LABEL })
  ).json().accessToken as string

beforeAll(async () => {
  service = await startService({ users: ['ana', 'luis', 'nina'] })
  shop = await makeShop(service.db)
  ana = await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  luis = await makeUser(service.db, 'luis', [{ shop, role: 'admin' }])
  await makeProduct(service.db, shop, { sku: 'A' })
  const [nina] = await service.db.asOwner<{ id: string }>(
    "insert into app_user (email) values ('nina@example.com') returning id",
  )
  await service.db.asOwner("insert into business_user (business_id, user_id, role) values ($1, $2, 'cashier')", [
    shop.id,
    nina?.id,
  ])
  const start = service.now.getTime()

  // Tokens: exchange, refresh, reuse of one that was replaced, an end by the person.
  const first = await exchange('ana')
  family = jtiOf(first)
  await inject('POST', '/mcp/token/refresh', first)
  service.now = new Date(start + 11 * 60_000)
  await inject('POST', '/mcp/token/refresh', first)
  service.now = new Date(start)
  const token = await exchange('ana')
  const other = await exchange('ana')
  await inject('POST', '/mcp/token/revoke', token, { jti: jtiOf(other) })
  tried.linked = await exchange('nina')

  // Keys, and the calls of one.
  const idToken = service.issuer.issueToken('luis')
  const made = await inject('POST', '/mcp/keys', idToken, {
    ...{ businessId: shop.id, role: 'tenant_developer', scopes: ['pos:read'], label: SECRET_LABEL },
  })
  const { rawKey, key } = made.json()
  keyId = key.id
  await rpc(service.app, rawKey, 'ping')
  await rpc(service.app, rawKey, 'ping')
  await call(service.app, rawKey, 'get_products', { search: SECRET_LABEL })
  await rpc(service.app, rawKey, 'resources/read', { uri: 'flowpos://business/profile' })
  await rpc(service.app, rawKey, 'resources/read', { uri: `flowpos://${SECRET_LABEL}` })
  await rpc(service.app, token, 'prompts/get', { name: 'morning_briefing' })
  await rpc(service.app, token, 'prompts/get', { name: SECRET_LABEL })

  // Luis leaves; a day later his token and his key are refused, several times.
  const luisToken = await exchange('luis')
  await service.db.asOwner('update business_user set is_active = false where user_id = $1', [luis])
  service.now = new Date(start + DAY + 60_000)
  for (let attempt = 0; attempt < 3; attempt++) await inject('POST', '/mcp/token/refresh', luisToken)
  for (let attempt = 0; attempt < 3; attempt++) await rpc(service.app, rawKey, 'ping')
  service.now = new Date(start)

  const anasId = service.issuer.issueToken('ana')
  await inject('PATCH', `/mcp/keys/${keyId}/revoke`, anasId)
  await inject('DELETE', `/mcp/keys/${keyId}`, anasId)
  for (let attempt = 0; attempt < 20; attempt++) await inject('POST', '/mcp', `fp_mcp_${'0'.repeat(63)}1`, {})
  await service.app.close()
})
afterAll(() => service?.close())

const rows = (where: string) => service.db.asOwner<Row>(`select * from mcp_audit where ${where} order by id`)

describe('the audit trail', () => {
  it('has a row for every event that changes or uses what gives access', async () => {
    const found = await rows('true')
    // The connections of OAuth clients, what owners decide about assistants, and the commands have tests of their own.
    const elsewhere = [
      ...AUDITED.connection.map((action) => `connection ${action}`),
      ...AUDITED.assistants.map((action) => `assistants ${action}`),
      'membership made',
    ]
    const expected = Object.entries(AUDITED).flatMap(([kind, actions]) => actions.map((action) => `${kind} ${action}`))
    const seen = new Set(found.map(({ kind, action }) => `${kind} ${action}`))
    expect([...seen].sort()).toEqual(
      [
        ...expected.filter((event) => !elsewhere.includes(event)),
        ...['tool get_products', 'resource business_profile', 'resource unknown'],
        ...['prompt morning_briefing', 'prompt unknown'],
      ].sort(),
    )
  })

  it('tells how a family of tokens lived and why it ended', async () => {
    const life = await rows(`kind = 'token' and credential_id = '${family}'`)
    expect(life.map(({ action, subject }) => [action, subject])).toEqual([
      ['exchanged', null],
      ['refreshed', null],
      ['ended', 'by reuse of a replaced token'],
    ])
    const [byAnother] = await rows(`action = 'ended' and kind = 'token' and credential_id <> '${family}'`)
    expect(byAnother).toMatchObject({
      principal: `user:${ana}`,
      subject: expect.stringMatching(/^by token [0-9a-f-]{36}$/),
    })
  })

  it('tells how a key lived, by whom, after it was deleted, too', async () => {
    const life = await rows(`kind in ('key', 'membership') and credential_id = '${keyId}'`)
    expect(life.map(({ action, principal, business_id }) => [action, principal, business_id])).toEqual([
      ['made', `user:${luis}`, shop.id],
      ['first_used', `key:${keyId}`, shop.id],
      ['seen_gone', `key:${keyId}`, shop.id],
      ['revoked', `user:${ana}`, shop.id],
      ['deleted', `user:${ana}`, shop.id],
    ])
    const [key] = await service.db.asOwner('select label, is_active from mcp_api_key where id = $1', [keyId])
    expect(key).toEqual({ label: SECRET_LABEL, is_active: false })
  })

  it('says from where and with what, without the address', async () => {
    const [made] = await rows("kind = 'key' and action = 'made'")
    expect(made).toMatchObject({ client: 'browser', network: '203.0.113.0/24', request_id: expect.any(String) })
    const all = JSON.stringify(await rows('true'))
    for (const hidden of [ADDRESS, 'ana@example.com', SECRET_LABEL, 'Macintosh']) expect(all).not.toContain(hidden)
  })

  it('counts refusals that are alike in one row', async () => {
    const refused = await rows(
      "kind = 'sign_in' and action = 'refused' and subject = '/mcp' and network = '203.0.113.0/24'",
    )
    expect(refused).toMatchObject([{ outcome: 'unauthenticated', principal: null, occurrences: 20 }])
    const gone = await rows("action = 'seen_gone'")
    expect(gone.map(({ principal }) => principal).sort()).toEqual([`key:${keyId}`, `user:${luis}`].sort())
  })
})

it('a flood of refusals from many networks cannot fill the trail', async () => {
  const app = await service.anotherInstance()
  const before = (await rows('true')).length
  for (let network = 0; network < 150; network++) {
    await app.inject({
      ...{ method: 'POST', url: '/mcp', remoteAddress: `198.18.${network}.1` },
      headers: { authorization: 'Bearer nonsense', 'user-agent': `agent${network}` },
    })
  }
  await app.close()
  const added = (await rows('true')).slice(before)
  expect(added.length).toBeLessThanOrEqual(53)
  expect(added.reduce((sum, { occurrences }) => sum + occurrences, 0)).toBe(150)
})

it('a write that fails leaves no row of success', async () => {
  const app = await service.anotherInstance()
  await service.db.asOwner(`alter table mcp_audit add constraint no_end check (action <> 'ended') not valid`)
  const token = (
    await app.inject({
      method: 'POST',
      url: '/mcp/token',
      payload: { firebaseIdToken: service.issuer.issueToken('ana') },
    })
  ).json().accessToken
  const headers = { authorization: `Bearer ${token}` }
  const ended = await app.inject({ method: 'POST', url: '/mcp/token/revoke', headers, payload: { jti: jtiOf(token) } })
  expect(ended.statusCode).toBe(500)
  // Neither the end nor its row: they are one transaction.
  expect((await rpc(app, token, 'ping')).status).toBe(200)
  await service.db.asOwner('alter table mcp_audit drop constraint no_end')
})
