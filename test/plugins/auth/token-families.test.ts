import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { rpc, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

let service: Service
let users = 0

beforeAll(async () => {
  const uids = Array.from({ length: 40 }, (_, index) => `user${index}`)
  service = await startService({ users: uids })
  const shop = await makeShop(service.db)
  for (const uid of uids) await makeUser(service.db, uid, [{ shop, role: 'owner' }])
})
afterEach(() => {
  service.now = new Date()
})
afterAll(() => service?.close())

describe('ending a token', () => {
  it('ends what was refreshed from it, and what it was refreshed from', async () => {
    const user = newUser()
    const first = await service.tokenOf(user)
    const second = await refreshed(first)
    const third = await refreshed(second)
    const other = await service.tokenOf(user)
    expect((await revoke(service.issuer.issueToken(user), { jti: jtiOf(second) })).json()).toMatchObject({ ended: 1 })
    expect(await statuses(first, second, third, other)).toEqual([401, 401, 401, 200])
    expect((await refresh(third)).statusCode).toBe(401)
  })

  it('reaches every family at once, and none of another person', async () => {
    const [user, neighbour] = [newUser(), newUser()]
    const own = await Promise.all([1, 2, 3].map(() => service.tokenOf(user)))
    const foreign = await service.tokenOf(neighbour)
    const ended = await revoke(service.issuer.issueToken(user), { all: true })
    expect(ended.json()).toMatchObject({ ended: 3, revokedAt: expect.any(String) })
    expect(await statuses(...own, foreign)).toEqual([401, 401, 401, 200])
    expect((await revoke(service.issuer.issueToken(user), { all: true })).statusCode).toBe(404)
  })

  it('also ends the successor that a refresh makes in the same moment', async () => {
    for (let round = 0; round < 10; round++) {
      const user = newUser()
      const token = await service.tokenOf(user)
      const [next] = await Promise.all([refresh(token), revoke(token, { jti: jtiOf(token) })])
      const made = next.statusCode === 200 ? [next.json().accessToken] : []
      expect(await statuses(token, ...made)).toEqual([401, ...made.map(() => 401)])
    }
  })

  it('is asked for with one of jti and all', async () => {
    const token = await service.tokenOf(newUser())
    for (const body of [{}, { jti: jtiOf(token), all: true }]) {
      const refused = await revoke(token, body)
      expect(refused.json()).toMatchObject({ statusCode: 400, message: 'Give either jti or all.' })
    }
    expect((await revoke(token, { all: false })).statusCode).toBe(400)
  })

  it('is not for a narrowed token, but for its own', async () => {
    const user = newUser()
    const full = await service.tokenOf(user)
    const narrowed = await service.tokenOf(user, { scopes: ['pos:read'] })
    const listed = await list(narrowed)
    expect(listed.map(({ jti }) => jti)).toEqual([jtiOf(narrowed)])
    for (const body of [{ jti: jtiOf(full) }, { all: true }]) {
      expect((await revoke(narrowed, body)).json()).toMatchObject({ statusCode: 403, code: 'forbidden' })
    }
    expect(await statuses(full, narrowed)).toEqual([200, 200])
    expect((await revoke(narrowed, { jti: jtiOf(narrowed) })).statusCode).toBe(200)
    expect(await statuses(full, narrowed)).toEqual([200, 401])
  })
})

describe('a refreshed token', () => {
  it('works for ten more minutes, also for a second refresh', async () => {
    const old = await service.tokenOf(newUser())
    const next = await refreshed(old)
    service.now = new Date(service.now.getTime() + 9 * MINUTE)
    const another = await refreshed(old)
    expect(await statuses(old, next, another)).toEqual([200, 200, 200])
    service.now = new Date(service.now.getTime() + 2 * MINUTE)
    expect(await statuses(old, next, another)).toEqual([401, 200, 200])
  })

  it('ends its family when it is refreshed after that', async () => {
    const old = await service.tokenOf(newUser())
    const next = await refreshed(old)
    service.now = new Date(service.now.getTime() + 11 * MINUTE)
    const reused = await refresh(old)
    expect(reused.json()).toMatchObject({ statusCode: 401, message: expect.stringContaining('ended') })
    expect(await statuses(next)).toEqual([401])
  })

  it('is limited in how often it can be', async () => {
    let token = await service.tokenOf(newUser())
    const answers: number[] = []
    for (let count = 0; count < 65; count++) {
      const response = await refresh(token)
      answers.push(response.statusCode)
      if (response.statusCode === 200) token = response.json().accessToken
    }
    expect(answers.filter((status) => status === 429)).toHaveLength(6)
    expect(await statuses(token)).toEqual([200])
  })
})

describe('the list', () => {
  it('has a line per family, however often it was refreshed', async () => {
    const user = newUser()
    const stolen = await service.tokenOf(user, { label: 'Laptop' })
    let latest = stolen
    for (let count = 0; count < 30; count++) latest = await refreshed(latest)
    await service.tokenOf(user, { label: 'Phone' })
    const listed = await list(service.issuer.issueToken(user))
    expect(listed.map(({ label }) => label).sort()).toEqual(['Laptop', 'Phone'])
    const laptop = listed.find(({ label }) => label === 'Laptop')
    expect(laptop).toMatchObject({ jti: jtiOf(stolen), client: 'lightMyRequest' })
    expect((await revoke(service.issuer.issueToken(user), { jti: laptop?.jti })).statusCode).toBe(200)
    expect(await statuses(latest)).toEqual([401])
  })

  it('says which MCP client uses a token', async () => {
    const user = newUser()
    const token = await service.tokenOf(user)
    const clientInfo = { name: 'claude-ai', version: '1' }
    await rpc(service.app, token, 'initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo })
    await expect.poll(async () => (await list(token))[0]?.usedBy).toBe('claude-ai')
  })

  it('is never cut: a person has at most 500 families, and is told how to end some', async () => {
    const user = newUser()
    await service.tokenOf(user)
    await service.db.asOwner(
      `insert into mcp_token (jti, family_id, user_id, created_at, expires_at, signed_in_at, checked_at)
       select id, id, user_id, created_at, expires_at, signed_in_at, checked_at
       from (select gen_random_uuid() as id, t.* from mcp_token t join app_user u on u.id = t.user_id
         cross join generate_series(1, 499) where u.firebase_uid = $1) made`,
      [user],
    )
    expect(await list(service.issuer.issueToken(user))).toHaveLength(500)
    const refused = await service.app.inject({
      method: 'POST',
      url: '/mcp/token',
      payload: { firebaseIdToken: service.issuer.issueToken(user) },
    })
    expect(refused.json()).toMatchObject({ statusCode: 429, message: expect.stringContaining('End those') })
    expect((await revoke(service.issuer.issueToken(user), { all: true })).json()).toMatchObject({ ended: 500 })
    expect(await service.tokenOf(user)).toMatch(/^eyJ/)
  })
})

describe('a refresh asks Firebase', () => {
  it('and is refused when the account is off or gone, or was signed out everywhere', async () => {
    const acts = [
      (uid: string) => service.issuer.disable(uid),
      (uid: string) => service.issuer.remove(uid),
      (uid: string) => service.issuer.revoke(uid),
    ]
    for (const act of acts) {
      const user = newUser()
      const token = await service.tokenOf(user)
      act(user)
      expect((await refresh(token)).json()).toMatchObject({
        statusCode: 401,
        message: expect.stringMatching(/Sign in again/),
      })
    }
  })

  it('and goes on without its answer for a day, not longer', async () => {
    const user = newUser()
    const token = await service.tokenOf(user)
    service.issuer.setLookup('fail')
    try {
      const next = await refreshed(token)
      service.now = new Date(service.now.getTime() + DAY + MINUTE)
      expect((await refresh(next)).statusCode).toBe(503)
    } finally {
      service.issuer.setLookup('ok')
    }
    expect((await refresh(await service.tokenOf(user))).statusCode).toBe(200)
  })
})

function newUser(): string {
  users += 1
  return `user${users - 1}`
}

function refresh(token: string) {
  const headers = { authorization: `Bearer ${token}` }
  return service.app.inject({ method: 'POST', url: '/mcp/token/refresh', headers })
}

async function refreshed(token: string): Promise<string> {
  const response = await refresh(token)
  expect(response.statusCode).toBe(200)
  return response.json().accessToken
}

function revoke(credential: string, payload: object) {
  const headers = { authorization: `Bearer ${credential}` }
  return service.app.inject({ method: 'POST', url: '/mcp/token/revoke', headers, payload })
}

async function list(credential: string): Promise<{ jti: string; label: string | null; usedBy: string | null }[]> {
  const response = await service.app.inject({ url: '/mcp/tokens', headers: { authorization: `Bearer ${credential}` } })
  return response.json().tokens
}

function statuses(...tokens: string[]): Promise<number[]> {
  return Promise.all(tokens.map(async (token) => (await rpc(service.app, token, 'ping')).status))
}

function jtiOf(token: string): string {
  return JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).jti
}
