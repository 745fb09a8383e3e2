import { afterAll, beforeAll, expect, it } from 'vitest'
import { salesUntil } from '../../../src/pos/reports/sales.ts'
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
      salesUntil(trx, { businessId: shop.id, locationId }, ['2026-05-10'], time, 'America/Guatemala'),
    )
    const sales = sums.get('2026-05-10')?.gross_sales
    expect(sales === undefined ? undefined : Number(sales)).toBe(sum)
  }
})
