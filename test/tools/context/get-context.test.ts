import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeShop, makeUser, type Shop } from '../../support/shop.ts'

// The clock stands at noon in Guatemala on Tuesday 2026-03-10.
let service: Service
let token: string
let shop: Shop
let young: Shop
let carlos: string

beforeAll(async () => {
  service = await startService({ users: ['ana', 'carlos'] })
  const { db } = service
  shop = await makeShop(db, {
    name: 'Shop',
    locationZones: ['America/Guatemala', 'America/Guatemala', 'Europe/Madrid'],
  })
  const empty = await makeShop(db, { name: 'Empty' })
  await makeUser(db, 'ana', [
    { shop, role: 'owner' },
    { shop: empty, role: 'owner' },
  ])
  young = await makeShop(db, { name: 'Young' })
  await makeUser(db, 'carlos', [{ shop: young, role: 'owner' }])
  token = await service.tokenOf('ana')
  carlos = await service.tokenOf('carlos')
  service.now = new Date('2026-03-10T18:00:00Z')
  const tea = await makeProduct(db, shop, { sku: 'TEA', price: '10' })
  const lines = [{ ...tea, quantity: '1', unitPrice: '10' }]
  const [first, second, third] = shop.locations
  const sales = [
    // An order that was cancelled begins nothing.
    { number: '1', at: '2025-01-05T18:00:00Z', location: second, status: 'cancelled' },
    { number: '2', at: '2025-03-03T05:59:00Z', location: first },
    { number: '3', at: '2025-07-20T18:00:00Z', location: second },
    { number: '4', at: '2025-07-05T18:00:00Z', location: first },
    // The first of August in Madrid, though not yet in Guatemala.
    { number: '5', at: '2025-07-31T22:30:00Z', location: third },
  ] as const
  for (const sale of sales) await makeOrder(db.till, shop, { ...sale, location: sale.location as string, lines })
})
afterAll(() => service?.close())

describe('get_context', () => {
  it('tells since when there are sales, and which locations began later', async () => {
    const { data, text } = await call(service.app, token, 'get_context')
    const names = await service.db.asOwner<{ id: string; name: string }>('select id, name from location')
    const [, second, third] = shop.locations.map((id) => names.find((row) => row.id === id)?.name)
    expect(data.businesses).toMatchObject([
      {
        name: 'Shop',
        salesSince: '2025-03-02',
        locationsSince: [
          { location: second, salesSince: '2025-07-20' },
          { location: third, salesSince: '2025-08-01' },
        ],
      },
      { name: 'Empty', salesSince: null },
    ])
    expect(text).toContain(
      `local time Tuesday 2026-03-10 12:00, sales on file since 2025-03-02 (${second} since 2025-07-20, ${third} since 2025-08-01)`,
    )
    expect(text).toMatch(/2\. Empty .*, no sales on file yet\n/)
  })

  it('knows the first sale of a shop at once', async () => {
    const since = async () => (await call(service.app, carlos, 'get_context')).data.businesses[0].salesSince
    expect(await since()).toBeNull()
    const juice = await makeProduct(service.db, young, { sku: 'JUICE', price: '5' })
    const lines = [{ ...juice, quantity: '1', unitPrice: '5' }]
    await makeOrder(service.db.till, young, { number: '1', at: '2026-03-09T18:00:00Z', lines })
    expect(await since()).toBe('2026-03-09')
  })

  it('tells local times alone', async () => {
    const { data, text } = await call(service.app, token, 'get_context')
    expect(JSON.stringify(data) + text).not.toMatch(/\dT[\d:.]+Z/)
    expect(data.credentialExpiresAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-06:00$/)
    expect(text).toMatch(/valid until \d{4}-\d\d-\d\d \d\d:\d\d \(America\/Guatemala\)\.$/m)
  })
})
