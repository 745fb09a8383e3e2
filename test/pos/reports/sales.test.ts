import { afterAll, beforeAll, expect, it } from 'vitest'
import { salesOf, salesUntil } from '../../../src/pos/reports/sales.ts'
import { salesSince } from '../../../src/pos/reports/sales-since.ts'
import { wholeBusiness } from '../../../src/pos/scope.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { makeOrder, makeProduct, makeShop, type Shop } from '../../support/shop.ts'

let db: TestDatabase
let shop: Shop

// Guatemala is six hours behind UTC. Each sale is a power of two: a sum tells which are in it.
const SALES = [
  ['2026-05-10T05:59:59.999Z', '1'], // 23:59:59.999 of the day before
  ['2026-05-10T06:00:00Z', '2'], // 00:00
  ['2026-05-10T14:59:59.999Z', '4'], // 08:59:59.999
  ['2026-05-10T15:00:00Z', '8'], // 09:00
  ['2026-05-10T15:29:59.999Z', '16'], // 09:29:59.999
  ['2026-05-10T15:30:00Z', '32'], // 09:30
  ['2026-05-10T16:00:00Z', '64'], // 10:00
] as const

beforeAll(async () => {
  db = await createTestDatabase()
  shop = await makeShop(db)
  const item = await makeProduct(db, shop, { sku: 'A' })
  for (const [at, price] of SALES) {
    await makeOrder(db.database, shop, {
      number: at,
      at,
      lines: [{ ...item, quantity: '1', unitPrice: price }],
      payments: [{ method: 'cash', amount: price }],
    })
  }
})
afterAll(() => db?.close())

it.each([
  ['09:30:00.000', 2 + 4 + 8 + 16],
  ['09:30:00.001', 2 + 4 + 8 + 16 + 32],
  ['09:00:00.000', 2 + 4],
  ['09:00:00.001', 2 + 4 + 8],
  ['00:00:00.000', undefined],
])('a day until %s has the sales before it, whole hours and the one that runs', async (time, sum) => {
  for (const locationId of [undefined, shop.locations[0]]) {
    const sums = await db.database.within({ businessId: shop.id }, 'read', (trx) =>
      salesUntil(trx, { ...wholeBusiness(shop.id), locationId }, ['2026-05-10'], time, 'America/Guatemala'),
    )
    const sales = sums.get('2026-05-10')?.gross_sales
    expect(sales === undefined ? undefined : Number(sales)).toBe(sum)
  }
})

it.each([
  ['2026-05-09', '2026-05-09', null, 1],
  ['2026-05-09', '2026-05-10', null, 127],
  ['2026-05-09', '2026-05-10', '09:00:00.001', 1 + 2 + 4 + 8],
  ['2026-05-10', '2026-05-10', '09:00:00.000', 2 + 4],
  ['2026-05-10', '2026-05-11', '09:00:00.000', 126],
  ['2026-05-11', '2026-05-11', '09:00:00.000', 0],
])('%s to %s until %s', async (from, to, until, sum) => {
  const sales = await db.database.within({ businessId: shop.id }, 'read', (trx) =>
    salesOf(trx, wholeBusiness(shop.id), { from, to, until }, 'America/Guatemala'),
  )
  expect(Number(sales.gross_sales)).toBe(sum)
})

it('knows the first day with a completed order, of the business and of a location by its own clock', async () => {
  const later = await makeShop(db, { timezone: 'America/Guatemala', locationZones: ['UTC', 'Asia/Kathmandu'] })
  const since = (locationId?: string) =>
    db.database.within({ businessId: later.id }, 'read', (trx) =>
      salesSince(trx, { businessId: later.id, locationId, basis: locationId === undefined ? 'business' : 'location' }),
    )
  expect(await since()).toBeNull()

  const item = await makeProduct(db, later, { sku: 'B' })
  const sell = (number: string, at: string, locationId: string, status?: 'cancelled') =>
    makeOrder(db.database, later, {
      number,
      at,
      location: locationId,
      lines: [{ ...item, quantity: '1', unitPrice: '1' }],
      ...(status === undefined ? { payments: [{ method: 'cash', amount: '1' }] } : { status }),
    })
  const [utc, kathmandu] = later.locations as [string, string]
  await sell('cancelled', '2026-01-01T12:00:00Z', utc, 'cancelled')
  await sell('first', '2026-02-28T22:00:00Z', kathmandu)
  await sell('second', '2026-04-15T03:00:00Z', utc)
  await sell('third', '2026-04-20T03:00:00Z', utc)
  expect(await since()).toBe('2026-02-28')
  expect(await since(utc)).toBe('2026-04-15')
  expect(await since(kathmandu)).toBe('2026-03-01')
})
