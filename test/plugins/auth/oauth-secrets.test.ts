import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { oauthAt, startOAuthService } from '../../support/connected-client.ts'
import { connectRedis, type Service } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

let service: Service
let origin: string
let oauth: ReturnType<typeof oauthAt>

beforeAll(async () => {
  ;({ service, origin } = await startOAuthService({ users: ['ana'] }))
  const shop = await makeShop(service.db)
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  oauth = oauthAt(service, origin)
})
afterAll(() => service?.close())

it('no token, code or secret is in Redis in clear', async () => {
  const secrets: string[] = []
  const client = await oauth.register({ token_endpoint_auth_method: 'client_secret_post' })
  const redeemed = await oauth.authorized(client, 'ana')
  const { body: first } = await oauth.token(client, redeemed)
  const { body: second } = await oauth.refresh(client, first.refresh_token)
  const unredeemed = await oauth.authorized(client, 'ana')
  secrets.push(client.client_secret as string, redeemed.code, unredeemed.code)
  for (const tokens of [first, second]) secrets.push(tokens.access_token, tokens.refresh_token)

  const stored = await everythingInRedis()
  expect(stored).toContain(client.client_id)
  expect(stored).toMatch(/mcp:oauth:RefreshToken:[\w-]{43}\b/)
  for (const secret of secrets) {
    expect(secret.length).toBeGreaterThan(20)
    expect(stored).not.toContain(secret)
  }
})

describe('a client with a secret', () => {
  it.each(['client_secret_post', 'client_secret_basic'])('is known by it: %s', async (method) => {
    const client = await oauth.register({ token_endpoint_auth_method: method })
    const redemption = await oauth.authorized(client, 'ana')
    const redeem = async (secret: string) => {
      const basic = `Basic ${Buffer.from(`${client.client_id}:${secret}`).toString('base64')}`
      const fields = new URLSearchParams({ ...redemption, resource: oauth.resource })
      if (method === 'client_secret_basic') return oauth.post('/oauth/token', fields, { authorization: basic })
      return oauth.post(
        '/oauth/token',
        new URLSearchParams([...fields, ['client_id', client.client_id], ['client_secret', secret]]),
      )
    }
    const secret = client.client_secret as string
    const lines = (await everythingInRedis()).split('\n')
    const registration = lines.find((line) => line.includes(client.client_id) && line.includes('client_secret":'))
    const [, stored = ''] = registration?.match(/"client_secret":"([^"]+)"/) ?? []
    expect(stored).toHaveLength(43)
    for (const wrong of [`${secret}x`, secret.slice(1), stored]) {
      const refused = await redeem(wrong)
      expect(refused.status).toBe(401)
      expect(await refused.json()).toMatchObject({ error: 'invalid_client' })
    }
    expect((await redeem(secret)).status).toBe(200)
  })
})

/** Names and values of everything that the authorization server stores. */
async function everythingInRedis(): Promise<string> {
  const redis = connectRedis()
  const keys = await redis.keys('mcp:*')
  const values = await Promise.all(
    keys.map(async (key) => {
      if ((await redis.type(key)) === 'hash') return Object.values(await redis.hgetall(key)).join('\n')
      return (await redis.type(key)) === 'string' ? redis.get(key) : ''
    }),
  )
  redis.disconnect()
  return keys.map((key, index) => `${key} ${values[index]}`).join('\n')
}
