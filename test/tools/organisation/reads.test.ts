import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, type Service, startService } from '../../support/service.ts'
import { makeProduct, makeShop, makeUser, type Shop } from '../../support/shop.ts'

let service: Service
let shop: Shop
let token: string

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  shop = await makeShop(service.db, { locationZones: ['America/Guatemala', 'Asia/Kathmandu'] })
  const other = await makeShop(service.db, { name: 'Bar Sol' })
  await makeUser(service.db, 'ana', [{ shop, role: 'cashier' }])
  token = await service.tokenOf('ana')
  const { asOwner } = service.db
  await asOwner(`update location set city = 'Antigua', address = '5a Avenida | Norte' where id = $1`, [
    shop.locations[0],
  ])
  await asOwner('update location set is_active = false where id = $1', [shop.locations[1]])
  await asOwner(
    `insert into supplier (business_id, name, email, phone, tax_id, lead_time_days, is_active) values
     ($1, 'Café Añejo', 'ventas@example.com', '+502 2222 3333', '12345-6', 7, true),
     ($1, 'Molino', null, null, null, null, false), ($2, 'Secreto', null, null, null, 1, true)`,
    [shop.id, other.id],
  )
  for (const sku of ['A', 'B']) {
    const { productId } = await makeProduct(service.db, shop, { sku })
    await asOwner(
      `update product set supplier_id = (select id from supplier where name = 'Café Añejo'), is_active = $2
       where id = $1`,
      [productId, sku === 'A'],
    )
  }
})
afterAll(() => service?.close())

describe('list_locations', () => {
  it('tells place, zone and what time it is there', async () => {
    const real = service.now
    service.now = new Date(Math.floor(real.getTime() / 86_400_000) * 86_400_000 + 18.5 * 3_600_000)
    const day = service.now.toISOString().slice(0, 10)
    const next = new Date(service.now.getTime() + 86_400_000).toISOString().slice(0, 10)
    const { data, text } = await call(service.app, token, 'list_locations')
    service.now = real
    // 18:30 UTC is 12:30 at −6:00 and a quarter past midnight of the next day at +5:45.
    expect(data.locations).toEqual([
      {
        id: shop.locations[0],
        name: 'Location 1',
        timezone: 'America/Guatemala',
        localTime: `${day}T12:30:00-06:00`,
        city: 'Antigua',
        address: '5a Avenida | Norte',
        isActive: true,
      },
      {
        id: shop.locations[1],
        name: 'Location 2',
        timezone: 'Asia/Kathmandu',
        localTime: `${next}T00:15:00+05:45`,
        city: null,
        address: null,
        isActive: false,
      },
    ])
    expect(data.hasMore).toBe(false)
    expect(text).toContain(
      `| Location 1 | Antigua | 5a Avenida / Norte | America/Guatemala | ${day}T12:30:00-06:00 | ${shop.locations[0]} |`,
    )
    expect(text).toContain('| Location 2 (switched off) | – | – |')
    expect(text).not.toContain('Bar Sol')
  })

  it('gives every location once over all pages', async () => {
    const first = await call(service.app, token, 'list_locations', { limit: 1 })
    expect(first.text).toMatch(/^Only 1 locations are shown/)
    const second = await call(service.app, token, 'list_locations', { limit: 1, cursor: first.data.nextCursor })
    expect([...first.data.locations, ...second.data.locations].map(({ id }) => id)).toEqual(shop.locations)
    expect(second.data.hasMore).toBe(false)
  })
})

describe('list_suppliers', () => {
  it('tells contact, lead time and how many of their products are on sale', async () => {
    const { data, text } = await call(service.app, token, 'list_suppliers')
    expect(data.suppliers).toEqual([
      {
        id: expect.any(String),
        name: 'Café Añejo',
        email: 'ventas@example.com',
        phone: '+502 2222 3333',
        taxId: '12345-6',
        leadTimeDays: 7,
        isActive: true,
        activeProducts: 1,
      },
      {
        id: expect.any(String),
        name: 'Molino',
        email: null,
        phone: null,
        taxId: null,
        leadTimeDays: null,
        isActive: false,
        activeProducts: 0,
      },
    ])
    expect(text).toContain('| Café Añejo | ventas@example.com | +502 2222 3333 | 12345-6 | 7 | 1 |')
    expect(text).toContain('| Molino (switched off) | – |')
    expect(text).not.toContain('Secreto')
  })

  it('searches without accents, page by page', async () => {
    const found = await call(service.app, token, 'list_suppliers', { search: 'anejo' })
    expect(found.data.suppliers).toMatchObject([{ name: 'Café Añejo' }])
    const first = await call(service.app, token, 'list_suppliers', { limit: 1 })
    const second = await call(service.app, token, 'list_suppliers', { limit: 1, cursor: first.data.nextCursor })
    expect(second.data).toMatchObject({ suppliers: [{ name: 'Molino' }], hasMore: false })
    const none = await call(service.app, token, 'list_suppliers', { search: 'Secreto' })
    expect(none.text).toMatch(/^No suppliers match\./)
  })
})
