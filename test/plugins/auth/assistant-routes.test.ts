import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { makeClient } from '../../support/clients.ts'
import { oauthAt, startOAuthService } from '../../support/connected-client.ts'
import { call, rpc, type Service } from '../../support/service.ts'
import { makeOrder, makeProduct, makeShop, makeUser, type Shop } from '../../support/shop.ts'

/** The rows of calls that change nothing are written later; a poll gives up after a second unless it is told. */
const WRITTEN = { timeout: 10_000 }

let service: Service
let origin: string
let shop: Shop
let other: Shop

beforeAll(async () => {
  ;({ service, origin } = await startOAuthService({ users: ['ana', 'luis', 'eve', 'rosa', 'juan'] }))
  shop = await makeShop(service.db, { name: 'Tienda Luna' })
  other = await makeShop(service.db, { name: 'Tienda Sol' })
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  await makeUser(service.db, 'luis', [
    { shop, role: 'cashier' },
    { shop: other, role: 'cashier' },
  ])
  await makeUser(service.db, 'eve', [{ shop: other, role: 'owner' }])
})
afterAll(() => service?.close())

const as = (uid: string) => ({ authorization: `Bearer ${service.issuer.issueToken(uid)}` })
const get = (uid: string, path: string, query: Record<string, string> = {}) =>
  service.app.inject({ url: `${path}?${new URLSearchParams({ businessId: shop.id, ...query })}`, headers: as(uid) })
const send = (uid: string, method: 'POST' | 'PATCH', path: string, payload: Record<string, unknown>) =>
  service.app.inject({ method, url: path, headers: as(uid), payload: { businessId: shop.id, ...payload } })
const names = async (uid: string) =>
  ((await get(uid, '/mcp/assistants')).json().assistants as { madeBy: string }[]).map(({ madeBy }) => madeBy).sort()
async function works(token: string, businessId = shop.id): Promise<boolean> {
  const call = { name: 'list_locations', arguments: { businessId } }
  const { status, body } = await rpc(service.app, token, 'tools/call', call)
  return status === 200 && body.result?.isError !== true
}

describe('assistants of a business', () => {
  it('are listed with who made them: to an owner all, to others their own, to strangers none', async () => {
    await send('ana', 'POST', '/mcp/assistants/end', { all: true })
    await service.tokenOf('ana', { label: "Ana's laptop" })
    await service.tokenOf('luis')
    expect(await names('ana')).toEqual(['ana@example.com', 'luis@example.com'])
    expect(await names('luis')).toEqual(['luis@example.com'])
    expect((await get('eve', '/mcp/assistants')).statusCode).toBe(403)
    const own = (await get('ana', '/mcp/assistants')).json().assistants.find((each: { isOwn: boolean }) => each.isOwn)
    expect(own).toMatchObject({
      kind: 'token',
      name: "Ana's laptop",
      clientHost: 'token',
      expiresAt: expect.any(String),
    })
  })

  it('of staff end for the business of whoever ends them, and go on elsewhere, through refreshes', async () => {
    const token = await service.tokenOf('luis', { label: 'Till' })
    const { id } = (await get('ana', '/mcp/assistants'))
      .json()
      .assistants.find(({ name }: { name: string }) => name === 'Till')
    expect((await send('luis', 'POST', '/mcp/assistants/end', { id })).statusCode).toBe(403)
    expect((await send('eve', 'POST', '/mcp/assistants/end', { id })).statusCode).toBe(403)
    expect((await send('ana', 'POST', '/mcp/assistants/end', { id })).json()).toEqual({ ended: 1 })
    expect((await send('ana', 'POST', '/mcp/assistants/end', { id })).statusCode).toBe(404)
    expect(await works(token)).toBe(false)
    expect(await works(token, other.id)).toBe(true)
    const refreshed = await service.app.inject({
      method: 'POST',
      url: '/mcp/token/refresh',
      headers: { authorization: `Bearer ${token}` },
    })
    const next = refreshed.json().accessToken
    expect([await works(next), await works(next, other.id)]).toEqual([false, true])
  })

  it('are listed with the businesses that each may see, as far as whoever asks may know of them', async () => {
    const third = await makeShop(service.db, { name: 'Tienda Mar' })
    await makeUser(service.db, 'rosa', [
      { shop, role: 'admin' },
      { shop: other, role: 'cashier' },
      { shop: third, role: 'owner' },
    ])
    await makeUser(service.db, 'juan', [
      { shop, role: 'cashier' },
      { shop: other, role: 'cashier' },
      { shop: third, role: 'cashier' },
    ])
    const flow = oauthAt(service, origin)
    await service.tokenOf('juan', { label: "Juan's phone" })
    await service.tokenOf('rosa', { label: "Rosa's laptop" })
    const { key } = (
      await send('rosa', 'POST', '/mcp/keys', { role: 'merchant', scopes: ['pos:read'], label: 'ERP 2' })
    ).json()
    expect(key.label).toBe('ERP 2')
    await flow.connect('rosa', { client_name: 'Narrow' }, { scopes: ['pos:read'], businessIds: [third.id, shop.id] })
    const reach = async (uid: string) =>
      Object.fromEntries(
        ((await get(uid, '/mcp/assistants')).json().assistants as { name: string; businesses: string[] }[]).map(
          ({ name, businesses }) => [name, businesses.toSorted()],
        ),
      )
    // Rosa is a cashier of Tienda Sol, so whom it employs is not for her to know.
    expect(await reach('rosa')).toMatchObject({
      "Juan's phone": ['Tienda Luna', 'Tienda Mar'],
      "Rosa's laptop": ['Tienda Luna', 'Tienda Mar', 'Tienda Sol'],
      'ERP 2': ['Tienda Luna'],
      Narrow: ['Tienda Luna', 'Tienda Mar'],
    })
    expect(await reach('ana')).toMatchObject({
      "Juan's phone": ['Tienda Luna'],
      "Rosa's laptop": ['Tienda Luna'],
      Narrow: ['Tienda Luna'],
    })
    expect(await reach('juan')).toEqual({ "Juan's phone": ['Tienda Luna', 'Tienda Mar', 'Tienda Sol'] })
  })

  it("of another business stay out of an owner's reach", async () => {
    const token = await service.tokenOf('eve')
    const { jti } = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString())
    expect((await send('ana', 'POST', '/mcp/assistants/end', { id: jti })).statusCode).toBe(404)
    expect((await send('ana', 'POST', '/mcp/assistants/end', { businessId: other.id, all: true })).statusCode).toBe(403)
    expect(await works(token, other.id)).toBe(true)
  })

  it('end all at once, keys too', async () => {
    const token = await service.tokenOf('ana')
    const { rawKey } = (
      await send('ana', 'POST', '/mcp/keys', { role: 'merchant', scopes: ['pos:read'], label: 'ERP' })
    ).json()
    expect([await works(token), await works(rawKey)]).toEqual([true, true])
    expect((await send('ana', 'POST', '/mcp/assistants/end', { all: true })).json().ended).toBeGreaterThanOrEqual(2)
    expect((await rpc(service.app, token, 'tools/list')).status).toBe(403)
    expect((await rpc(service.app, rawKey, 'tools/list')).status).toBe(401)
    expect((await get('ana', '/mcp/assistants')).json().assistants).toEqual([])
  })
})

describe('the policy of a business', () => {
  it('switches all assistants off and on again, on every instance', async () => {
    const further = await service.anotherInstance()
    const token = await service.tokenOf('luis')
    expect((await rpc(further, token, 'tools/list')).status).toBe(200)
    expect((await send('luis', 'PATCH', '/mcp/assistants/policy', { isEnabled: false })).statusCode).toBe(403)
    const off = await send('ana', 'PATCH', '/mcp/assistants/policy', { isEnabled: false })
    expect(off.json()).toEqual({ isEnabled: false, allowedClients: null })
    onTestFinished(async () => void (await send('ana', 'PATCH', '/mcp/assistants/policy', { isEnabled: true })))
    expect([await works(token), await works(token, other.id)]).toEqual([false, true])
    const ana = await rpc(service.app, await service.tokenOf('ana'), 'tools/list')
    expect([ana.status, ana.body.message]).toEqual([
      403,
      'Assistants are switched off for Tienda Luna. An owner or admin can switch them on.',
    ])
    await expect.poll(async () => (await call(further, token, 'get_context')).data.businesses.length).toBe(1)
    await send('ana', 'PATCH', '/mcp/assistants/policy', { isEnabled: true })
    expect(await works(token)).toBe(true)
  })

  it('allows some clients and not others, whatever they call themselves', async () => {
    const flow = oauthAt(service, origin)
    const { tokens } = await flow.connect('ana')
    const pasted = await service.tokenOf('ana')
    const connected = (token: string) =>
      fetch(`${origin}/mcp/connect`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      }).then(({ status }) => status)
    const restrict = (allowedClients: string[] | null) =>
      send('ana', 'PATCH', '/mcp/assistants/policy', { allowedClients })
    onTestFinished(async () => void (await restrict(null)))
    await restrict(['claude.ai', 'token'])
    expect([await connected(tokens.access_token), await works(pasted)]).toEqual([403, true])
    await restrict(['computer'])
    expect([await connected(tokens.access_token), await works(pasted)]).toEqual([200, false])
    await restrict(null)
    expect([await connected(tokens.access_token), await works(pasted)]).toEqual([200, true])
  })
})

describe('the activity of a business', () => {
  it('tells who changed what, by the names of people and things, and what was refused', async () => {
    for (const isEnabled of [false, true]) await send('ana', 'PATCH', '/mcp/assistants/policy', { isEnabled })
    const token = await service.tokenOf('luis')
    const made = await call(service.app, token, 'create_client', { name: '=HYPERLINK("x")', businessId: shop.id })
    expect(made.isError).not.toBe(true)
    await call(service.app, token, 'get_sales_report', { businessId: shop.id })
    const rows = async (uid: string, query: Record<string, string> = {}) =>
      (await get(uid, '/mcp/activity', query)).json().rows as Record<string, unknown>[]
    await expect
      .poll(async () => (await rows('ana', { filter: 'refused', who: 'LUIS' })).length, WRITTEN)
      .toBeGreaterThan(0)
    expect((await rows('ana', { filter: 'changes' }))[0]).toMatchObject({
      kind: 'tool',
      action: 'create_client',
      outcome: 'ok',
      who: 'luis@example.com',
      object: { type: 'client', name: '=HYPERLINK("x")' },
    })
    expect((await rows('luis')).every(({ who }) => who === 'luis@example.com')).toBe(true)
    expect((await rows('ana', { filter: 'access' })).some(({ action }) => action === 'switched_off')).toBe(true)
    expect((await get('eve', '/mcp/activity')).statusCode).toBe(403)

    const csv = (await get('ana', '/mcp/activity.csv', { filter: 'changes' })).body
    expect(csv.charCodeAt(0)).toBe(0xfeff)
    const [line] = parse(csv, { bom: true, columns: true }) as Record<string, string>[]
    expect(line).toMatchObject({ who: 'luis@example.com', action: 'create_client', name: '\'=HYPERLINK("x")' })
  })

  it('shows what the business does not allow, by whom, and a flood of it as one row', async () => {
    const pasted = await service.tokenOf('luis', { label: 'Barred till' })
    const key = (
      await send('ana', 'POST', '/mcp/keys', { label: 'Barred key', role: 'tenant_developer', scopes: ['pos:read'] })
    ).json()
    const instance = await service.anotherInstance()
    const tries = (token: string) => rpc(instance, token, 'tools/call', { name: 'list_locations', arguments: {} })
    onTestFinished(async () => void (await send('ana', 'PATCH', '/mcp/assistants/policy', { allowedClients: null })))
    // Luis has another business, where nothing is restricted, but connected this token to one.
    await service.db.asOwner("update mcp_token set business_ids = array[$1::uuid] where label = 'Barred till'", [
      shop.id,
    ])
    await send('ana', 'PATCH', '/mcp/assistants/policy', { allowedClients: ['claude.ai'] })
    for (const token of [pasted, pasted, pasted, key.rawKey]) expect((await tries(token)).status).toBe(403)
    await instance.close()

    const rows = async (uid: string, businessId: string) =>
      ((await get(uid, '/mcp/activity', { filter: 'refused', businessId })).json().rows as Record<string, unknown>[])
        .filter(({ action, outcome }) => action === 'refused' && outcome === 'forbidden')
        .map(({ who, assistant, occurrences }) => [who, assistant, occurrences])
    expect((await rows('ana', shop.id)).sort()).toEqual([
      ['Barred key', null, 1],
      ['luis@example.com', 'Barred till', 3],
    ])
    expect(await rows('eve', other.id)).toEqual([])
  })

  it('names what a refused change was about, and the assistant by its own name', async () => {
    const tea = await makeProduct(service.db, shop, { sku: 'TEA', name: 'Tea' })
    const lines = [{ ...tea, quantity: '1', unitPrice: '10' }]
    await makeOrder(service.db.database, shop, { number: 'R-7', at: '2026-01-05T15:00:00Z', lines })
    await makeClient(service.db, shop, { code: 'C-77', name: 'Marta' })
    const secret = await makeClient(service.db, other, { code: 'C-88', name: 'Somebody else’s' })
    const oauth = oauthAt(service, origin)
    const { tokens } = await oauth.connect('ana', { client_name: 'Claude' })
    const tries = async (token: string, name: string, args: object, url: string) => {
      const params = { name, arguments: { ...args, businessId: shop.id } }
      await rpc(service.app, token, 'tools/call', params, { url })
    }
    // The connection may only read; the token may write, but not what cannot be done.
    await tries(tokens.access_token, 'cancel_order', { order: 'r-7', reason: 'mistake' }, '/mcp/connect')
    await tries(tokens.access_token, 'update_client', { client: secret, name: 'Eve' }, '/mcp/connect')
    const token = await service.tokenOf('luis', { label: 'Till 2' })
    await tries(token, 'refund_order', { order: 'R-7', reason: 'x', expectedRefundable: '999' }, '/mcp')
    await tries(token, 'adjust_inventory', { product: 'TEA', change: '0' }, '/mcp')
    await tries(token, 'update_client', { client: 'C-77', name: '' }, '/mcp')
    await tries(token, 'cancel_order', { order: 'no such order', reason: 'mistake' }, '/mcp')
    const rows = async (filter: string) =>
      (await get('ana', '/mcp/activity', { filter })).json().rows as Record<string, unknown>[]
    const refused = async () =>
      (await rows('refused')).map(({ action, object, assistant }) => [action, object, assistant])
    await expect.poll(refused, WRITTEN).toEqual(
      expect.arrayContaining([
        ['cancel_order', { type: 'order', name: 'R-7' }, 'Claude'],
        ['update_client', null, 'Claude'],
        ['refund_order', { type: 'order', name: 'R-7' }, 'Till 2'],
        ['adjust_inventory', { type: 'variant', name: 'Tea [TEA]' }, 'Till 2'],
        ['update_client', { type: 'client', name: 'Marta' }, 'Till 2'],
        ['cancel_order', null, 'Till 2'],
      ]),
    )
    // What was refused changed nothing.
    expect((await rows('changes')).every(({ outcome }) => outcome === 'ok')).toBe(true)
    const csv = parse((await get('ana', '/mcp/activity.csv', { filter: 'refused' })).body, { bom: true, columns: true })
    expect(csv).toEqual(expect.arrayContaining([expect.objectContaining({ assistant: 'Claude', name: 'R-7' })]))
  })

  it('is narrowed to a time', async () => {
    const times = async (query: Record<string, string>) =>
      ((await get('ana', '/mcp/activity', query)).json().rows as { at: string }[]).map(({ at }) => at)
    await service.tokenOf('ana')
    const all = await times({})
    const [newest] = all
    expect(await times({ since: String(newest) })).toEqual(all.filter((at) => at === newest))
    expect(await times({ until: String(newest) })).not.toContain(newest)
    expect(await times({ since: '2090-01-01T00:00:00Z' })).toEqual([])
    expect((await get('ana', '/mcp/activity', { since: 'yesterday' })).statusCode).toBe(400)
  })

  it('is read in pages without losing a row', async () => {
    const token = await service.tokenOf('ana')
    for (let i = 0; i < 60; i++) await call(service.app, token, 'list_locations')
    const read = async () => {
      const all: { at: string; action: string }[] = []
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: { rows: typeof all; nextCursor: string | null } = (
          await get('ana', '/mcp/activity', cursor === '' ? {} : { cursor })
        ).json()
        all.push(...page.rows)
        cursor = page.nextCursor
      }
      return all
    }
    await expect
      .poll(async () => (await read()).filter(({ action }) => action === 'list_locations').length, WRITTEN)
      .toBeGreaterThanOrEqual(60)
    const stamps = (await read()).map(({ at }) => at)
    expect(stamps).toEqual(stamps.toSorted().reverse())
  })
})
