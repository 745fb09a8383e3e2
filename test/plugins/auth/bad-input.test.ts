import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildPage } from '../../../scripts/build-page.ts'
import { oauthAt, startOAuthService } from '../../support/connected-client.ts'
import { openConsent } from '../../support/connection.ts'
import { call, type Service } from '../../support/service.ts'
import { makeShop, makeUser, type Shop } from '../../support/shop.ts'

const WRITTEN = { timeout: 10_000 }

let service: Service
let origin: string
let shop: Shop

beforeAll(async () => {
  await buildPage()
  ;({ service, origin } = await startOAuthService({ users: ['ana'], pageSignsIn: true }))
  shop = await makeShop(service.db, { name: 'Tienda Luna' })
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
})
afterAll(() => service?.close())

const SETTINGS = ['', '/assistants', '/activity', '/token', '/v1'].map((view) => `/settings/mcp${view}`)
/** What the page asks, with the credential in a header. */
const READS = ['assistants', 'activity', 'activity.csv'].map((name) => `/mcp/${name}`)
const WRITES: [method: string, path: string, body: object][] = [
  ['POST', '/mcp/assistants/end', {}],
  ['PATCH', '/mcp/assistants/policy', { isEnabled: false }],
  ['POST', '/mcp/keys', { role: 'tenant_developer', scopes: ['pos:read'], label: 'x' }],
]

describe('another site', () => {
  it.each([
    ...SETTINGS,
    '/docs/',
    '/oauth/interaction/of-nobody',
    '/oauth/authorize?client_id=unknown',
    '/oauth/authorize?client_id=https%3A%2F%2Fevil.example%2Fclient.json&redirect_uri=javascript%3Aalert(1)',
    '/oauth/authorize?client_id=x&client_id=y&state=%3Cscript%3Ealert(1)%3C%2Fscript%3E',
  ])('cannot put %s in a frame, nor a script into it', async (url) => {
    const { headers, body } = await service.app.inject({ url, headers: { accept: 'text/html' } })
    expect(headers['content-type']).toMatch(/^text\/html/)
    expect(headers['x-frame-options']).toMatch(/^(DENY|SAMEORIGIN)$/)
    const policy = String(headers['content-security-policy'])
    expect(policy).toMatch(/frame-ancestors '(none|self)'/)
    expect(/script-src ([^;]*)/.exec(policy)?.[1]).not.toContain('unsafe')
    expect(body).not.toMatch(/<script(?![^>]* src="\.?\/)|\son[a-z]+=|javascript:/i)
  })

  it('cannot put the consent in a frame either, whose cookies are no credential anywhere else', async () => {
    const open = await openConsent(service, origin, 'ana')
    const page = await open.browser.fetch(open.page)
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    const ask = (method: string, path: string, body?: object) =>
      open.browser.fetch(`${origin}${path}`, {
        method,
        headers: { origin: 'https://evil.example', 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify({ businessId: shop.id, ...body }) }),
      })
    for (const path of READS) {
      const answer = await ask('GET', `${path}?businessId=${shop.id}`)
      expect([path, answer.status < 400, answer.headers.get('access-control-allow-origin')]).toEqual([
        path,
        false,
        null,
      ])
    }
    for (const [method, path, body] of WRITES) expect([path, (await ask(method, path, body)).ok]).toEqual([path, false])
    // From this origin: the cookies alone do not do it.
    for (const path of READS) {
      expect((await open.browser.fetch(`${origin}${path}?businessId=${shop.id}`)).status).toBe(401)
    }
    expect((await open.confirm({ scopes: ['pos:read'] })).status).toBe(200)
  })

  it('gets no cookie that it could have sent along, and no script can read one', async () => {
    const client = await oauthAt(service, origin).register({})
    const answer = await fetch(oauthAt(service, origin).authorizationRequest(client).url, { redirect: 'manual' })
    const cookies = answer.headers.getSetCookie()
    expect(cookies.length).toBeGreaterThan(0)
    for (const cookie of cookies) expect(cookie).toMatch(/^(?=.*; samesite=lax)(?=.*; httponly)/i)
    for (const url of SETTINGS) expect((await service.app.inject({ url })).headers['set-cookie']).toBeUndefined()
  })
})

it('names that deceive are plain in the activity and its file: no formula, no hidden or reordering mark, cut off', async () => {
  const hostile = `\u202e=HYPERLINK("https://evil.example")<script>${'largo'.repeat(15)}`
  const token = await service.tokenOf('ana', { label: `=1+1\u202e\u200b${'y'.repeat(60)}` })
  const made = await call(service.app, token, 'create_client', { name: hostile, businessId: shop.id })
  expect(made.isError).not.toBe(true)
  const headers = { authorization: `Bearer ${service.issuer.issueToken('ana')}` }
  const get = (path: string) => service.app.inject({ url: `${path}?businessId=${shop.id}&filter=changes`, headers })
  await expect.poll(async () => (await get('/mcp/activity')).json().rows.length, WRITTEN).toBe(1)
  const [row] = (await get('/mcp/activity')).json().rows
  const lines = parse((await get('/mcp/activity.csv')).body, { bom: true, columns: true }) as Record<string, string>[]
  expect(lines).toHaveLength(1)
  for (const text of [row.object.name, row.assistant, lines[0]?.name, lines[0]?.assistant] as string[]) {
    expect(text).not.toMatch(/[\u200b\u202a-\u202e\u2066-\u2069\n\r]/)
    expect(text.length).toBeLessThanOrEqual(101)
  }
  for (const cell of Object.values(lines[0] ?? {})) expect(cell).not.toMatch(/^[=+\-@\t\r]/)
  expect(lines[0]?.assistant).toMatch(/^'=1\+1/)
})
