import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { salesTotal } from '../../src/pos/reports/sales.ts'
import { salesScope } from '../../src/pos/scope.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeOrder, makeProduct, makeShop } from '../support/shop.ts'

let db: TestDatabase

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db?.close())

it.each(['Location 1', 'Location 2'])(
  'reads %s by its own clock, though the one that is remembered of its business is an old one',
  async (name) => {
    const shop = await makeShop(db, {
      timezone: 'America/Guatemala',
      locationZones: ['America/Guatemala', 'Asia/Tokyo'],
    })
    const item = await makeProduct(db, shop, { sku: 'A' })
    for (const [index, location] of shop.locations.entries()) {
      await makeOrder(db.database, shop, {
        number: `${index}`,
        // In Tokyo, it was the 10th.
        at: '2026-03-09T18:00:00Z',
        location,
        lines: [{ ...item, quantity: '1', unitPrice: '10' }],
      })
    }
    const remembered = {
      ...{ id: shop.id, name: shop.name, role: 'owner', timezone: 'America/Guatemala' },
      ...{ currency: 'GTQ', currencyDigits: 2 },
    }
    await db.till.within({ businessId: shop.id }, 'write', (trx) =>
      sql`update business set timezone = 'Asia/Tokyo' where id = ${shop.id}`.execute(trx),
    )
    const day = name === 'Location 1' ? '2026-03-09' : '2026-03-10'
    const sales = await db.database.within({ businessId: shop.id }, 'read', async (trx) =>
      salesTotal(trx, salesScope(shop.id, await placeOf(trx, remembered, name)), { from: day, to: day }),
    )
    expect(sales).toMatchObject({ orders: '1', gross_sales: '10.0000' })
  },
)
