import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPage } from '../../../scripts/build-page.ts'
import { hostedNetworkOf } from '../../../src/network.ts'
import { rpc, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser } from '../../support/shop.ts'

const CHALLENGE = 'c2VjcmV0-Of.the=portal'
const HOSTED = '160.79.104.0/21'
const REGISTRATIONS_PER_HOUR = 300

let service: Service

beforeAll(async () => {
  await buildPage()
  service = await startService({
    users: ['ana'],
    config: {
      PUBLIC_URL: 'https://pos.example.com',
      WEBSITE_URL: 'https://www.example.com',
      PRIVACY_URL: 'https://www.example.com/privacy',
      TERMS_URL: 'https://www.example.com/terms',
      SUPPORT_URL: 'https://www.example.com/help',
      OPENAI_APPS_CHALLENGE: CHALLENGE,
      HOSTED_CLIENT_NETWORKS: HOSTED,
    },
  })
  await makeUser(service.db, 'ana', [{ shop: await makeShop(service.db), role: 'owner' }])
})
afterAll(() => service?.close())

const get = (url: string) => service.app.inject({ url, headers: { host: 'pos.example.com' } })

describe('what directories ask', () => {
  it('answers the challenge exactly, as plain text, and is a 404 where none is set', async () => {
    const answer = await get('/.well-known/openai-apps-challenge')
    expect(answer.body).toBe(CHALLENGE)
    expect(answer.headers['content-type']).toMatch(/^text\/plain/)
    const plain = await startService()
    expect((await plain.app.inject({ url: '/.well-known/openai-apps-challenge' })).statusCode).toBe(404)
    await plain.close()
  })

  it('says whom to tell of a weakness, for the next three months', async () => {
    const answer = await get('/.well-known/security.txt')
    expect(answer.headers['content-type']).toMatch(/^text\/plain/)
    expect(answer.body).toMatch(/^Contact: https:\/\/www\.example\.com\/help\n/)
    const expires = new Date(/Expires: (\S+)/.exec(answer.body)?.[1] ?? '')
    expect(expires.getTime() - service.now.getTime()).toBe(90 * 86_400_000)
  })

  it('introduces itself with icons that exist, and its web site', async () => {
    const { result } = (
      await rpc(service.app, await service.tokenOf('ana'), 'initialize', {
        protocolVersion: '2025-11-25',
        capabilities: {},
        clientInfo: { name: 'directory', version: '1' },
      })
    ).body
    expect(result.serverInfo).toMatchObject({ title: 'FlowPOS', websiteUrl: 'https://www.example.com' })
    expect(result.serverInfo.icons.map(({ theme }: { theme: string }) => theme)).toEqual([
      'light',
      'light',
      'dark',
      'dark',
    ])
    for (const { src, mimeType } of result.serverInfo.icons) {
      const { origin, pathname } = new URL(src)
      expect(origin).toBe('https://pos.example.com')
      const icon = await get(pathname)
      expect(icon.headers['content-type']).toBe(mimeType)
      expect(icon.headers['cross-origin-resource-policy']).toBe('cross-origin')
    }
    expect((await get('/favicon.ico')).headers['content-type']).toBe('image/png')
  })

  it('names privacy, terms and help in the metadata of the resource, without the protocol in its name', async () => {
    expect((await get('/.well-known/oauth-protected-resource/mcp/connect')).json()).toMatchObject({
      resource_name: 'FlowPOS',
      resource_policy_uri: 'https://www.example.com/privacy',
      resource_tos_uri: 'https://www.example.com/terms',
      resource_documentation: 'https://www.example.com/help',
    })
  })

  it("lets the users of a hosted assistant register from the assistant's few addresses", async () => {
    const register = (remoteAddress: string) =>
      service.app.inject({
        method: 'POST',
        url: '/oauth/register',
        headers: { host: 'pos.example.com' },
        remoteAddress,
        payload: { redirect_uris: ['https://claude.ai/api/mcp/auth_callback'], token_endpoint_auth_method: 'none' },
      })
    const many = async (address: string) => {
      const answers = await Promise.all(Array.from({ length: REGISTRATIONS_PER_HOUR + 5 }, () => register(address)))
      return answers.filter(({ statusCode }) => statusCode === 429).length
    }
    expect(await many('160.79.106.7')).toBe(0)
    expect(await many('160.79.112.7')).toBe(5)
    expect(hostedNetworkOf('2001:db8::1', [HOSTED, '2001:db8::/32'])?.network).toBe('2001:db8::/32')
    expect(hostedNetworkOf('::ffff:160.79.104.9', [HOSTED])?.network).toBe(HOSTED)
  })
})
