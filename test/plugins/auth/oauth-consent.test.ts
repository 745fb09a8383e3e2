import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../../embedded/postgres.ts'
import { buildPage } from '../../../scripts/build-page.ts'
import { connectAs, openConsent } from '../../support/connection.ts'
import { Browser } from '../../support/cookie-browser.ts'
import { call, rpc, type Service, startService } from '../../support/service.ts'
import { makeShop, makeUser, type Shop } from '../../support/shop.ts'

const CONNECT = { url: '/mcp/connect' }
const CLIENT_TOOLS = ['create_client', 'get_client', 'get_client_health', 'list_clients', 'update_client']

let service: Service
let origin: string
let sol: Shop
let luna: Shop

beforeAll(async () => {
  await buildPage()
  const port = await freePort()
  origin = `http://localhost:${port}`
  service = await startService({ users: ['ana', 'carla', 'eva', 'fer', 'gus'], config: { PORT: String(port) } })
  sol = await makeShop(service.db, { name: 'Tienda Sol' })
  luna = await makeShop(service.db, { name: 'Café Luna' })
  for (const uid of ['ana', 'fer']) {
    await makeUser(service.db, uid, [
      { shop: sol, role: 'owner' },
      { shop: luna, role: 'owner' },
    ])
  }
  await makeUser(service.db, 'eva', [
    { shop: sol, role: 'owner' },
    { shop: luna, role: 'cashier' },
  ])
  await makeUser(service.db, 'carla', [{ shop: sol, role: 'cashier' }])
  await service.app.listen({ host: 'localhost', port })
})
afterAll(() => service?.close())

async function toolsOf(token: string): Promise<string[]> {
  const { body } = await rpc(service.app, token, 'tools/list', {}, CONNECT)
  return body.result.tools.map(({ name }: { name: string }) => name)
}

describe('the consent', () => {
  it('offers what is asked for as far as the roles allow it, by business', async () => {
    const { details } = await openConsent(service, origin, 'eva', { scope: 'pos:read reports:read clients:read' })
    expect(details).toMatchObject({
      businesses: [
        { id: sol.id, name: 'Tienda Sol', role: 'owner', scopes: ['pos:read', 'reports:read'] },
        { id: luna.id, name: 'Café Luna', role: 'cashier', scopes: ['pos:read'] },
      ],
      scopes: ['pos:read', 'reports:read'],
      clientData: true,
    })
    const { details: fewer } = await openConsent(service, origin, 'carla', { scope: 'pos:read reports:read' })
    expect(fewer).toMatchObject({ scopes: ['pos:read'], clientData: false })
  })

  it('leaves out businesses whose owner does not allow the client, and connects to none of them', async () => {
    const restrict = (id: string, clients: string[] | null) =>
      service.db.asOwner('update business set allowed_clients = $2 where id = $1', [id, clients])
    await restrict(luna.id, ['claude.ai'])
    const { details } = await openConsent(service, origin, 'eva', { scope: 'pos:read' })
    expect(details).toMatchObject({ businesses: [{ id: sol.id }], barred: ['Café Luna'], scopes: ['pos:read'] })
    const consent = { scopes: ['pos:read' as const], businessIds: [luna.id] }
    await expect(connectAs(service, origin, 'eva', { consent })).rejects.toThrow(/choose among Tienda Sol/)
    await restrict(sol.id, ['claude.ai'])
    const { details: none } = await openConsent(service, origin, 'eva', { scope: 'pos:read' })
    expect(none).toMatchObject({ businesses: [], barred: ['Tienda Sol', 'Café Luna'], scopes: [] })
    for (const { id } of [sol, luna]) await restrict(id, null)
  })

  it('of reading only gives no tool that writes, now or after a refresh', async () => {
    const tokens = await connectAs(service, origin, 'ana', { consent: { scopes: ['pos:read'], clientData: true } })
    expect(tokens.scope).toBe('pos:read clients:read')
    expect(await toolsOf(tokens.access_token)).not.toContain('create_order')
    const { body: wider } = await refresh(tokens, 'pos:read pos:write clients:read')
    expect(wider.scope).toBe('pos:read clients:read')
    const { body } = await refresh(tokens)
    expect(body.scope).toBe('pos:read clients:read')
    const names = await toolsOf(body.access_token)
    expect(names).toContain('list_clients')
    expect(names).not.toContain('refund_order')
  })

  it('without the clients’ data gives no tool about clients', async () => {
    const consent = { scopes: ['pos:read' as const, 'pos:write' as const, 'pos:intents' as const] }
    const tokens = await connectAs(service, origin, 'ana', { consent })
    expect(tokens.scope).toBe('pos:read pos:write pos:intents')
    const names = await toolsOf(tokens.access_token)
    expect(names).toEqual(expect.arrayContaining(['list_orders', 'create_order', 'summarize_day']))
    expect(names.filter((name) => CLIENT_TOOLS.includes(name))).toEqual([])
    const prompts = await rpc(service.app, tokens.access_token, 'prompts/list', {}, CONNECT)
    expect(JSON.stringify(prompts.body)).not.toContain('month_review')
  })

  it('loses the clients’ data by a refresh that asks for less', async () => {
    const tokens = await connectAs(service, origin, 'ana')
    expect(await toolsOf(tokens.access_token)).toContain('list_clients')
    const { body } = await refresh(tokens, 'pos:read')
    expect(await toolsOf(body.access_token)).not.toContain('list_clients')
  })

  it('is what the list of tokens shows', async () => {
    await connectAs(service, origin, 'ana', {
      metadata: { client_name: 'Narrow' },
      consent: { scopes: ['pos:read'], businessIds: [luna.id] },
    })
    const headers = { authorization: `Bearer ${await service.tokenOf('ana', { label: 'Pasted' })}` }
    const { tokens } = (await service.app.inject({ url: '/mcp/tokens', headers })).json()
    const shown = (label: string) => tokens.find((each: { label: string | null }) => each.label === label)
    expect(shown('Narrow')).toMatchObject({ scopes: ['pos:read'], clientData: false, businessIds: [luna.id] })
    expect(shown('Pasted')).toMatchObject({ scopes: null, clientData: true, businessIds: null })
  })

  it('is narrowed to what was asked for, whatever the answer says', async () => {
    const tokens = await connectAs(service, origin, 'ana', {
      scope: 'pos:read',
      consent: { scopes: ['pos:read', 'pos:write', 'reports:read'], clientData: true },
    })
    expect(tokens.scope).toBe('pos:read')
    expect(await toolsOf(tokens.access_token)).not.toContain('list_clients')
  })

  it('for some businesses keeps the others out of reach, also for everything that names or counts them', async () => {
    const tokens = await connectAs(service, origin, 'ana', {
      consent: { scopes: ['pos:read', 'pos:intents'], clientData: true, businessIds: [luna.id] },
    })
    const { access_token: token } = tokens
    const ask = (name: string, args: object, headers: Record<string, string> = {}) =>
      call(service.app, token, name, args as Record<string, unknown>, { ...CONNECT, ...headers })

    expect(await toolsOf(token)).not.toContain('set_active_business')
    expect((await ask('get_context', {})).data.businesses.map(({ id }: { id: string }) => id)).toEqual([luna.id])
    expect((await ask('list_orders', { businessId: luna.id })).data.business.id).toBe(luna.id)
    const refused = [
      await ask('list_orders', { businessId: sol.id }),
      await ask('list_orders', {}, { 'x-flowpos-business-id': sol.id }),
      await ask('list_orders', {}, { url: `/mcp/connect?businessId=${sol.id}` }),
    ]
    for (const { text, isError } of refused) {
      expect(isError).toBe(true)
      expect(text).toMatch(/^business_not_available: /)
      expect(text).not.toContain('Sol')
    }
    const all = await ask('summarize_day', { allBusinesses: true })
    expect(all.data.days).toHaveLength(1)
    expect(JSON.stringify(all.body)).not.toContain(sol.id)

    const { body } = await refresh(tokens)
    const renewed = await call(service.app, body.access_token, 'list_orders', { businessId: sol.id }, CONNECT)
    expect(renewed.text).toMatch(/^business_not_available: /)
  })

  it('for some businesses gives what the role in these allows', async () => {
    const consent = { scopes: ['pos:read' as const, 'reports:read' as const], businessIds: [luna.id] }
    const tokens = await connectAs(service, origin, 'eva', { consent })
    expect(tokens.scope).toBe('pos:read')
    expect((await refresh(tokens)).body.scope).toBe('pos:read')
  })

  it('for all businesses includes those to come; for some, it does not', async () => {
    const some = await connectAs(service, origin, 'fer', {
      consent: { scopes: ['pos:read'], businessIds: [sol.id, luna.id] },
    })
    const all = await connectAs(service, origin, 'fer', { consent: { scopes: ['pos:read'] } })
    const later = await makeShop(service.db, { name: 'Later' })
    await service.db.asOwner(
      "insert into business_user (business_id, user_id, role) select $1, id, 'owner' from app_user where firebase_uid = 'fer'",
      [later.id],
    )
    service.now = new Date(service.now.getTime() + 60_000)
    const ids = async (token: string) => {
      const { data } = await call(service.app, token, 'get_context', {}, CONNECT)
      return data.businesses.map(({ id }: { id: string }) => id).sort()
    }
    expect(await ids(all.access_token)).toEqual([sol.id, luna.id, later.id].sort())
    expect(await ids(some.access_token)).toEqual([sol.id, luna.id].sort())
  })

  it('ends with the last business that was chosen', async () => {
    const tokens = await connectAs(service, origin, 'fer', {
      consent: { scopes: ['pos:read'], businessIds: [luna.id] },
    })
    const switchLuna = (isActive: boolean) =>
      service.db.asOwner(
        `update business_user m set is_active = $2 from app_user u
         where u.id = m.user_id and u.firebase_uid = 'fer' and m.business_id = $1`,
        [luna.id, isActive],
      )
    await switchLuna(false)
    try {
      service.now = new Date(service.now.getTime() + 60_000)
      const refused = await rpc(service.app, tokens.access_token, 'tools/list', {}, CONNECT)
      expect(refused.status).toBe(403)
      expect(refused.body.message).toContain('that you chose for this connection')
      const seen = await service.db.asOwner(
        `select a.business_id, a.outcome from mcp_audit a join app_user u on a.principal = 'user:' || u.id
         where u.firebase_uid = 'fer' and a.kind = 'membership' and a.action = 'seen_gone'`,
      )
      expect(seen).toEqual([{ business_id: expect.any(String), outcome: 'forbidden' }])
      expect(await refresh(tokens)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
    } finally {
      await switchLuna(true)
    }
  })

  it('does not narrow what the person pastes or gets elsewhere', async () => {
    await connectAs(service, origin, 'ana', { consent: { scopes: ['pos:read'], businessIds: [luna.id] } })
    const pasted = await service.tokenOf('ana')
    const { data } = await call(service.app, pasted, 'get_context')
    expect(data.businesses).toHaveLength(2)
    expect((await rpc(service.app, pasted, 'tools/list')).body.result.tools).toContainEqual(
      expect.objectContaining({ name: 'list_clients' }),
    )
  })
})

describe('an answer that is refused', () => {
  it.each([
    ['without scopes', {}, 'scopes'],
    ['with nothing left to allow', { scopes: [] }, 'nothing is left to allow'],
    ['with what the role does not allow', { scopes: ['reports:read'] }, 'your role allows pos:read, pos:write'],
    ['with an unknown scope', { scopes: ['admin'] }, 'scopes'],
    ['with the clients alone', { scopes: [], clientData: true }, 'nothing is left to allow'],
    ['with a scope twice', { scopes: ['pos:read', 'pos:read'] }, 'scopes'],
    ['with more than it takes', { scopes: ['pos:read'], userId: 'x' }, 'userId'],
    ['with no business', { scopes: ['pos:read'], businessIds: [] }, 'businessIds'],
    ['with too many businesses', { scopes: ['pos:read'], businessIds: Array(201).fill('x') }, 'businessIds'],
    ['with something else for a business', { scopes: ['pos:read'], businessIds: ["' or 1=1"] }, 'businessIds'],
  ])('%s', async (_what, consent, words) => {
    const { confirm } = await openConsent(service, origin, 'carla')
    const { status, body } = await confirm(consent)
    expect(status).toBe(400)
    expect(body.message).toContain(words)
    expect(body.redirectTo).toBeUndefined()
  })

  it("with somebody else's business, the same as with one that does not exist, and can be given again", async () => {
    const open = await openConsent(service, origin, 'carla')
    const foreign = await open.confirm({ scopes: ['pos:read'], businessIds: [luna.id] })
    const unknown = await open.confirm({ scopes: ['pos:read'], businessIds: ['00000000-0000-4000-8000-000000000000'] })
    expect(foreign.status).toBe(400)
    expect(foreign.body.message).toBe(`businessIds: choose among Tienda Sol (${sol.id}).`)
    expect(unknown).toEqual(foreign)
    expect((await open.confirm({ scopes: ['pos:read'] })).status).toBe(200)
  })

  it('from another site, another browser, or for another sign-in', async () => {
    const open = await openConsent(service, origin, 'carla')
    const body = JSON.stringify({ scopes: ['pos:read'] })
    const post = (browser: Browser, headers: Record<string, string>, url = `${open.page}/confirm`) =>
      browser.fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
    expect((await post(open.browser, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await post(new Browser(), { origin })).status).toBe(404)
    // A form cannot send JSON.
    expect((await post(open.browser, { origin, 'content-type': 'text/plain' })).status).toBe(400)
    const other = await openConsent(service, origin, 'ana')
    expect((await post(open.browser, { origin }, `${other.page}/confirm`)).status).toBe(404)
  })

  it('twice: the second answer finds nothing to answer', async () => {
    const open = await openConsent(service, origin, 'carla')
    const first = await open.confirm({ scopes: ['pos:read'] })
    await open.tokens(first.body.redirectTo as string)
    expect((await open.confirm({ scopes: ['pos:read', 'pos:write'] })).status).toBe(404)
  })
})

describe('the page of the consent', () => {
  it('cannot be framed, cached or scripted', async () => {
    const open = await openConsent(service, origin, 'ana')
    const page = await open.browser.fetch(open.page)
    expect(page.headers.get('x-frame-options')).toBe('DENY')
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe')
    expect(page.headers.get('cache-control')).toBe('no-store')
  })

  it('gets names without characters that hide or reorder text', async () => {
    const hostile = await makeShop(service.db, { name: 'Shop\u202e\u2066<img src=x>\u0007' })
    await makeUser(service.db, 'gus', [{ shop: hostile, role: 'owner' }])
    const metadata = { client_name: '\u202eedualC\u200b <script>' }
    const { details } = await openConsent(service, origin, 'gus', { metadata })
    expect(details.client).toBe('edualC <script>')
    expect(details.businesses[0]?.name).toBe('Shop <img src=x>')
  })
})

it('an approved connection that never fetched a token is gone in minutes', async () => {
  const open = await openConsent(service, origin, 'carla', { metadata: { client_name: 'Never Came' } })
  await open.confirm({ scopes: ['pos:read'] })
  const [row] = await service.db.asOwner<{ expires_at: Date; scopes: string[]; client_data: boolean }>(
    "select expires_at, scopes, client_data from mcp_token where label = 'Never Came'",
  )
  expect(row).toMatchObject({ scopes: ['pos:read'], client_data: false })
  expect((row?.expires_at.getTime() ?? 0) - service.now.getTime()).toBeLessThanOrEqual(300_000)
  const life = await service.db.asOwner(
    `select a.action from mcp_audit a join mcp_token t on t.jti = a.credential_id
     where t.label = 'Never Came' and a.kind = 'connection'`,
  )
  expect(life).toEqual([{ action: 'consented' }])
})

async function refresh(tokens: { refresh_token: string; client_id: string }, scope?: string) {
  const { client_id, refresh_token } = tokens
  const fields = { grant_type: 'refresh_token', client_id, refresh_token, ...(scope === undefined ? {} : { scope }) }
  const response = await fetch(`${origin}/oauth/token`, { method: 'POST', body: new URLSearchParams(fields) })
  return {
    status: response.status,
    body: (await response.json()) as { access_token: string; refresh_token: string; client_id: string; scope: string },
  }
}
