import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compactRows } from '../../support/compact-rows.ts'
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
    expect(compactRows(data, 'locations')).toEqual([
      {
        location: 'Location 1',
        city: 'Antigua',
        address: '5a Avenida | Norte',
        'time zone': 'America/Guatemala',
        'local time': `${day} 12:30`,
        state: '',
      },
      {
        location: 'Location 2',
        city: '',
        address: '',
        'time zone': 'Asia/Kathmandu',
        'local time': `${next} 00:15`,
        state: 'switched off',
      },
    ])
    expect(data).toMatchObject({ matching: 2, hasMore: false })
    expect(text).toContain(`|Location 1|Antigua|5a Avenida / Norte|America/Guatemala|${day} 12:30\n`)
    expect(text).toContain(`|Location 2|||Asia/Kathmandu|${next} 00:15|switched off`)
    expect(text).not.toContain('Bar Sol')
  })

  it('gives every location once over all pages', async () => {
    const first = await call(service.app, token, 'list_locations', { limit: 1 })
    expect(first.text).toMatch(/^Only 1 of 2 locations is shown/)
    const second = await call(service.app, token, 'list_locations', { limit: 1, cursor: first.data.nextCursor })
    const names = [first, second].flatMap(({ data }) => compactRows(data, 'locations').map(({ location }) => location))
    expect(names).toEqual(['Location 1', 'Location 2'])
    expect(second.data.hasMore).toBe(false)
  })
})

describe('list_suppliers', () => {
  it('tells contact, lead time and how many of their products are on sale', async () => {
    const { data, text } = await call(service.app, token, 'list_suppliers')
    expect(compactRows(data, 'suppliers')).toEqual([
      {
        supplier: 'Café Añejo',
        'e-mail': 'ventas@example.com',
        phone: '+502 2222 3333',
        'tax id': '12345-6',
        'lead time (days)': '7',
        'products on sale': '1',
        state: '',
      },
      {
        supplier: 'Molino',
        'e-mail': '',
        phone: '',
        'tax id': '',
        'lead time (days)': '',
        'products on sale': '0',
        state: 'switched off',
      },
    ])
    expect(text).toContain('|Café Añejo|ventas@example.com|+502 2222 3333|12345-6|7|1\n')
    expect(text).toContain('|Molino|||||0|switched off')
    expect(text).not.toContain('Secreto')
  })

  it('searches without accents, page by page', async () => {
    const found = await call(service.app, token, 'list_suppliers', { search: 'anejo' })
    expect(compactRows(found.data, 'suppliers')).toMatchObject([{ supplier: 'Café Añejo' }])
    const near = await call(service.app, token, 'list_suppliers', { search: 'molno' })
    expect(near.text).toMatch(/^No suppliers match the search; nearest are:\n\|supplier.*\n\|Molino/)
    expect(near.data).toMatchObject({ matching: 0, nearest: true })
    const first = await call(service.app, token, 'list_suppliers', { limit: 1 })
    const second = await call(service.app, token, 'list_suppliers', { limit: 1, cursor: first.data.nextCursor })
    expect(compactRows(second.data, 'suppliers')).toMatchObject([{ supplier: 'Molino' }])
    expect(second.data.hasMore).toBe(false)
    const none = await call(service.app, token, 'list_suppliers', { search: 'Secreto' })
    expect(none.text).toMatch(/^No suppliers match\./)
  })
})
