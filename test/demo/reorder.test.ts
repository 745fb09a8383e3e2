import { afterAll, beforeAll, expect, it } from 'vitest'
import { LA_CEIBA } from '../../demo/data/directory.ts'
import { seedDemo } from '../../demo/seed.ts'
import { type ReorderList, reorderList } from '../../src/pos/intents/reorder-list.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

// The demo's shop in Guatemala has two locations, of which one often has too much of what the other lacks.
const NOW = new Date('2026-11-28T10:45:00Z')

let database: TestDatabase
let list: ReorderList

beforeAll(async () => {
  database = await createTestDatabase()
  await seedDemo({ connectionString: database.ownerUrl, now: NOW, days: 60, scale: 1 })
  list = await database.database.within({ businessId: LA_CEIBA.id }, 'read', (db) =>
    reorderList(db, { businessId: LA_CEIBA.id, locationId: undefined }, NOW, { limit: 1000, after: undefined }),
  )
}, 120_000)
afterAll(() => database?.close())

it('moves what a location has above its maximum before it orders', async () => {
  const transfers = list.lines.filter(({ action }) => action === 'transfer')
  const moved = (sku: string) =>
    transfers
      .filter((line) => line.sku === sku)
      .map(({ from, location, quantity }) => [from, location, Number(quantity)])
  expect(moved('CAF-002')).toEqual([['Antigua', 'Zona 10', 72]])
  expect(moved('ABA-004')).toEqual([['Antigua', 'Zona 10', 42]])
  expect(moved('ABA-001')).toEqual([['Zona 10', 'Antigua', 66]])

  // The same from the stock itself: what is at or below its reorder point here, and above its maximum there.
  const expected = await database.asOwner<{ sku: string }>(
    `select v.sku from inventory i
     join inventory other on other.business_id = i.business_id and other.variant_id = i.variant_id
       and other.location_id <> i.location_id and other.on_hand >= other.max_stock + 1
     join product_variant v on v.business_id = i.business_id and v.id = i.variant_id
     where i.business_id = $1 and i.on_hand <= i.reorder_point order by v.sku collate "C"`,
    [LA_CEIBA.id],
  )
  expect(expected.length).toBeGreaterThan(3)
  expect(transfers.map(({ sku }) => sku)).toEqual(expect.arrayContaining(expected.map(({ sku }) => sku)))
})

it('gives nothing away that the giver needs, and orders only what is still missing', async () => {
  const stock = await database.asOwner<{ sku: string; location: string; on_hand: string; max_stock: string }>(
    `select v.sku, l.name as location, i.on_hand, i.max_stock from inventory i
     join location l on l.business_id = i.business_id and l.id = i.location_id
     join product_variant v on v.business_id = i.business_id and v.id = i.variant_id where i.business_id = $1`,
    [LA_CEIBA.id],
  )
  const at = (sku: string, location: string | null) =>
    stock.find((row) => row.sku === sku && row.location === location) as (typeof stock)[number]
  for (const { action, sku, location, from, quantity } of list.lines) {
    const moved = list.lines.filter(
      (line) => line.action === 'transfer' && line.sku === sku && line.location === location,
    )
    const comes = moved.reduce((sum, line) => sum + Number(line.quantity), 0)
    if (action === 'transfer') {
      const giver = at(sku, from)
      expect(Number(giver.on_hand) - Number(quantity)).toBeGreaterThanOrEqual(Number(giver.max_stock))
    } else {
      const taker = at(sku, location)
      expect(Number(taker.on_hand) + comes + Number(quantity)).toBeLessThanOrEqual(Number(taker.max_stock))
    }
  }
})
