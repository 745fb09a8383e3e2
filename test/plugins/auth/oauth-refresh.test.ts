import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { unavailable } from '../../../src/errors.ts'
import { createMemory, oauthAt, startOAuthService, type Tokens } from '../../support/connected-client.ts'
import { listen } from '../../support/merchant.ts'
import { connectRedis, type Service } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

const DAY = 24 * 3600
const INFO = { name: 'oauth-client', version: '1' }

let service: Service
let origin: string
/** A second instance, behind the same address as far as clients know. */
let second: string
let oauth: ReturnType<typeof oauthAt>

beforeAll(async () => {
  ;({ service, origin } = await startOAuthService({ users: ['ana', 'beto'] }))
  const shop = await makeShop(service.db)
  for (const uid of ['ana', 'beto']) await makeUser(service.db, uid, [{ shop, role: 'owner' }])
  second = await listen(await service.anotherInstance({ PUBLIC_URL: origin }))
  oauth = oauthAt(service, origin)
})
beforeEach(() => {
  service.now = new Date()
})
afterEach(() => {
  vi.useRealTimers()
})
afterAll(() => service?.close())

type Fetch = typeof fetch

interface Connected {
  call(): Promise<unknown>
  close(): Promise<void>
  memory: ReturnType<typeof createMemory>
}

/** Signs in with a client of an SDK, which sends its requests by the given function. */
type SignIn = (send: Fetch) => Promise<Connected>

const viaFirstSdk: SignIn = async (send) => {
  const memory = createMemory()
  const options = { authProvider: memory.provider, fetch: send }
  const transport = () => new StreamableHTTPClientTransport(new URL(oauth.resource), options)
  const first = transport()
  await expect(new Client(INFO).connect(first as never)).rejects.toThrow(/Unauthorized/i)
  await first.finishAuth((await oauth.authorize(memory.authorizationUrl(), 'ana')).get('code') as string)
  const client = new Client(INFO)
  await client.connect(transport() as never)
  return connected(client, memory)
}

const viaSecondSdk =
  (mode: 'legacy' | 'auto', version: string): SignIn =>
  async (send) => {
    const memory = createMemory()
    const options = { authProvider: memory.provider, fetch: send }
    const transport = () => new TransportV2(new URL(oauth.resource), options)
    const first = transport()
    await expect(new ClientV2(INFO).connect(first)).rejects.toThrow(/Unauthorized/i)
    await first.finishAuth(await oauth.authorize(memory.authorizationUrl(), 'ana'))
    const client = new ClientV2(INFO, { versionNegotiation: { mode } })
    await client.connect(transport())
    expect(client.getNegotiatedProtocolVersion()).toBe(version)
    return connected(client, memory)
  }

function connected(client: Client | ClientV2, memory: Connected['memory']): Connected {
  return {
    memory,
    async call() {
      const result = await client.callTool({ name: 'get_context', arguments: {} })
      expect(result.isError ?? false).toBe(false)
    },
    close: () => client.close(),
  }
}

const CLIENTS: [string, SignIn][] = [
  ['the first SDK', viaFirstSdk],
  ['the second SDK, legacy', viaSecondSdk('legacy', '2025-11-25')],
  ['the second SDK, 2026-07-28', viaSecondSdk('auto', '2026-07-28')],
]

/** Sends to both instances in turn, and knows what is under way. */
function inTurn(): Fetch & { idle(): Promise<void> } {
  let count = 0
  const underWay = new Set<Promise<unknown>>()
  const send: Fetch = (url, init) => {
    count += 1
    const answer = fetch(count % 2 === 0 ? String(url) : String(url).replace(origin, second), init)
    const done: Promise<unknown> = answer.catch(() => {}).then(() => underWay.delete(done))
    underWay.add(done)
    return answer
  }
  return Object.assign(send, {
    async idle() {
      do {
        await Promise.all(underWay)
        await sleep(100)
      } while (underWay.size > 0)
    },
  })
}

describe.each(CLIENTS)('a client of %s', (_name, signIn) => {
  it.each([
    ['one instance', () => fetch],
    ['two instances', inTurn],
  ])('stays connected when five calls meet the expiry: %s', async (_where, sender) => {
    const client = await signIn(sender())
    travel(3601)
    await Promise.all(Array.from({ length: 5 }, client.call))
    await client.call()
    expect(client.memory.redirects()).toBe(1)
    await client.close()
  })

  it('stays connected when the answer to a refresh is lost', async () => {
    let isLost = false
    const losing: Fetch = async (url, init) => {
      const response = await fetch(url, init)
      if (isLost || !String(init?.body).includes('grant_type=refresh_token')) return response
      isLost = true
      throw new TypeError('fetch failed')
    }
    const client = await signIn(losing)
    travel(3601)
    await client.call().catch(() => {})
    expect(isLost).toBe(true)
    // The SDKs offer a new sign-in then, which nobody accepts here.
    const redirects = client.memory.redirects()
    travel(50)
    await client.call()
    expect(client.memory.redirects()).toBe(redirects)
    await client.close()
  })

  it('is used through 20 expiries, five calls at once each time, with one sign-in', async () => {
    const send = inTurn()
    const client = await signIn(send)
    const seen = new Set<string>()
    for (let expiry = 0; expiry < 20; expiry += 1) {
      // A stream that ended is opened again at any time. Its refresh is answered before the hour is over, as everywhere
      // but in a test that leaps.
      await send.idle()
      travel(3601)
      await Promise.all(Array.from({ length: 5 }, client.call))
      seen.add(client.memory.tokens().refresh_token)
    }
    expect(seen.size).toBe(20)
    expect(client.memory.redirects()).toBe(1)
    await client.close()
  })
})

describe('a used refresh token', () => {
  it('works again for a minute after its first use', async () => {
    const { client, tokens } = await oauth.connect('ana')
    const answers = [await oauth.refresh(client, tokens.refresh_token)]
    travel(59)
    answers.push(await oauth.refresh(client, tokens.refresh_token))
    for (const { status, body } of answers) {
      expect(status).toBe(200)
      expect(await oauth.statusOf(body.access_token)).toBe(200)
      expect((await oauth.refresh(client, body.refresh_token)).status).toBe(200)
    }
  })

  it.each([
    ['at the same instance', ''],
    ['at another instance', 'second'],
  ])('ends everything that came from the sign-in when it is used after that: %s', async (_where, instance) => {
    const { client, tokens } = await oauth.connect('ana')
    const renewed = (await oauth.refresh(client, tokens.refresh_token)).body
    // A repetition does not prolong the minute.
    travel(40)
    const repeated = (await oauth.refresh(client, tokens.refresh_token)).body
    expect(await connections()).toContain(idOf(tokens))
    travel(21)
    const reuse = await (instance === 'second' ? oauthVia(second) : oauth).refresh(client, tokens.refresh_token)
    expect(reuse).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })

    for (const each of [tokens, renewed, repeated]) {
      expect(await oauth.statusOf(each.access_token)).toBe(401)
      expect(await oauth.refresh(client, each.refresh_token)).toMatchObject({
        status: 400,
        body: { error: 'invalid_grant' },
      })
    }
    expect(await connections()).not.toContain(idOf(tokens))
  })

  it('is of no use to another client, and does not end the connection then', async () => {
    const { client, tokens } = await oauth.connect('ana')
    const renewed = (await oauth.refresh(client, tokens.refresh_token)).body
    const other = await oauth.register()
    expect((await oauth.refresh(other, tokens.refresh_token)).status).toBe(400)
    travel(61)
    expect((await oauth.refresh(other, tokens.refresh_token)).status).toBe(400)
    expect((await oauth.refresh(client, renewed.refresh_token)).status).toBe(200)
  })

  it('does not bring back a connection that was ended', async () => {
    const { client, tokens } = await oauth.connect('ana')
    const renewed = (await oauth.refresh(client, tokens.refresh_token)).body
    const revocation = new URLSearchParams({ client_id: client.client_id, token: renewed.refresh_token })
    expect((await oauth.post('/oauth/revoke', revocation)).status).toBe(200)
    expect((await oauth.refresh(client, tokens.refresh_token)).status).toBe(400)
  })
})

describe('an authorization code', () => {
  it('leaves nobody a token when it is used twice at the same moment (RFC 6749 4.1.2)', async () => {
    for (let round = 0; round < 6; round += 1) {
      const client = await oauth.register()
      const redemption = await oauth.authorized(client, 'ana')
      const answers = await Promise.all([oauth, oauthVia(second)].map((each) => each.token(client, redemption)))
      expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
      for (const { status, body } of answers) {
        if (status !== 200) continue
        expect(await oauth.statusOf(body.access_token)).toBe(401)
        expect((await oauth.refresh(client, body.refresh_token)).status).toBe(400)
      }
    }
  })
})

describe('a connection in use', () => {
  // Whoever is looked up at that moment is looked up again, a few times at most.
  it('is announced as changed once, however many refreshes come at once', async () => {
    const { client, tokens } = await oauth.connect('ana')
    const changed: (string | null)[] = []
    service.app.onAccessChange((id) => changed.push(id))
    // What opened the connection has been announced before this.
    const first = randomUUID()
    await service.db.asOwner("select pg_notify('flowpos_access', $1)", [first])
    await expect.poll(() => changed).toContain(first)
    changed.length = 0
    travel(3601)
    const answers = await Promise.all(Array.from({ length: 8 }, () => oauth.refresh(client, tokens.refresh_token)))
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200))
    // A change that is announced after these.
    const last = randomUUID()
    await service.db.asOwner("select pg_notify('flowpos_access', $1)", [last])
    await expect.poll(() => changed).toContain(last)
    expect(changed.filter((id) => id === idOf(tokens))).toHaveLength(1)
  })

  it('goes on for two years when it is used every 80 days', async () => {
    const { client, tokens } = await oauth.connect('ana')
    vi.useFakeTimers({ toFake: ['Date'] })
    let latest: Tokens = tokens
    for (let day = 80; day <= 720; day += 80) {
      travel(80 * DAY)
      vi.setSystemTime(service.now)
      const { status, body } = await oauth.refresh(client, latest.refresh_token)
      expect({ day, status }).toEqual({ day, status: 200 })
      expect(await oauth.statusOf(body.access_token)).toBe(200)
      latest = body
    }
    travel(91 * DAY)
    vi.setSystemTime(service.now)
    expect((await oauth.refresh(client, latest.refresh_token)).body.error).toBe('invalid_grant')
  })

  it('ends when Firebase no longer stands by the sign-in, which is asked once a day', async () => {
    const { client, tokens } = await oauth.connect('beto')
    service.issuer.revoke('beto')
    travel(3600)
    const within = await oauth.refresh(client, tokens.refresh_token)
    expect(within.status).toBe(200)
    travel(DAY)
    expect((await oauth.refresh(client, within.body.refresh_token)).body.error).toBe('invalid_grant')
    expect(await oauth.statusOf(within.body.access_token)).toBe(401)
    const ended = await service.db.asOwner(
      "select subject from mcp_audit where kind = 'connection' and action = 'ended' and credential_id = $1",
      [idOf(tokens)],
    )
    expect(ended).toEqual([{ subject: 'by the end of the sign-in' }])
  })

  it('waits, and does not end, while Firebase cannot be asked', async () => {
    const { client, tokens } = await oauth.connect('ana')
    travel(2 * DAY)
    service.issuer.setLookup('fail')
    try {
      for (let attempt = 0; attempt < 2; attempt++) {
        const away = await oauth.refresh(client, tokens.refresh_token)
        expect(away).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
        travel(120)
      }
    } finally {
      service.issuer.setLookup('ok')
    }
    expect((await oauth.refresh(client, tokens.refresh_token)).status).toBe(200)
  })

  it('survives a refresh that failed on our side, however late the client tries again', async () => {
    const { client, tokens } = await oauth.connect('ana')
    const renew = vi.spyOn(service.app.connections, 'renew').mockRejectedValueOnce(unavailable('The database'))
    expect((await oauth.refresh(client, tokens.refresh_token)).status).toBe(503)
    expect(renew).toHaveBeenCalled()
    renew.mockRestore()
    travel(300)
    expect((await oauth.refresh(client, tokens.refresh_token)).status).toBe(200)
  })

  it('is kept for 90 days after its last use: tokens, grant, registration and entry in the list', async () => {
    const redis = connectRedis()
    const before = await redis.keys('mcp:oauth:*')
    const { client, tokens } = await oauth.connect('ana')
    const created = (await redis.keys('mcp:oauth:*')).filter((key) => !before.includes(key))
    const kept = created.filter((key) => /^mcp:oauth:(Grant|Client):/.test(key))
    expect(kept.map((key) => key.split(':')[2]).sort()).toEqual(['Client', 'Grant'])
    // As if these days had passed.
    for (const key of kept) await redis.expire(key, 100)

    travel(10 * DAY)
    expect((await oauth.refresh(client, tokens.refresh_token)).status).toBe(200)
    for (const key of kept) expect(await redis.ttl(key)).toBeGreaterThanOrEqual(90 * DAY - 60)
    const refreshTokens = (await redis.keys('mcp:oauth:RefreshToken:*')).filter((key) => !before.includes(key))
    expect(refreshTokens).toHaveLength(2)
    const lives = await Promise.all(refreshTokens.map((key) => redis.ttl(key)))
    // The used one is kept for a week, so that another use of it is noticed.
    expect(Math.min(...lives)).toBeLessThanOrEqual(7 * DAY)
    expect(Math.max(...lives)).toBeGreaterThan(90 * DAY - 60)
    const [row] = await service.db.asOwner<{ expires_at: Date }>('select expires_at from mcp_token where jti = $1', [
      idOf(tokens),
    ])
    expect(row?.expires_at).toEqual(new Date(service.now.getTime() + 90 * DAY * 1000))
    redis.disconnect()
  })
})

function travel(seconds: number): void {
  service.now = new Date(service.now.getTime() + seconds * 1000)
}

/** The same, at another instance. */
function oauthVia(instance: string): ReturnType<typeof oauthAt> {
  const there = oauthAt(service, instance)
  const token: typeof oauth.token = (client, fields) => there.token(client, { resource: oauth.resource, ...fields })
  return {
    ...there,
    token,
    refresh: (client, refreshToken) => token(client, { grant_type: 'refresh_token', refresh_token: refreshToken }),
  }
}

/** The id of the connection that a token belongs to. */
function idOf({ access_token: token }: Tokens): string {
  return JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).sid
}

/** The ids of Ana's live connections, as she sees them. */
async function connections(): Promise<string[]> {
  const headers = { authorization: `Bearer ${await service.tokenOf('ana')}` }
  const { tokens } = (await service.app.inject({ url: '/mcp/tokens', headers })).json()
  return tokens.map(({ jti }: { jti: string }) => jti)
}
