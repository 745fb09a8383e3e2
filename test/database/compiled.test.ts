import { afterAll, beforeAll, expect, it } from 'vitest'
import { compileOnce } from '../../src/database/compiled.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeShop, type Shop } from '../support/shop.ts'

let db: TestDatabase
let shop: Shop

beforeAll(async () => {
  db = await createTestDatabase()
  shop = await makeShop(db, { locationZones: ['Europe/Lisbon', 'Europe/Madrid'] })
})
afterAll(() => db.close())

it('a query is built once for the arguments that are there, and run with the values of each call', async () => {
  let built = 0
  const zonesOf = compileOnce((trx, { businessId, name }: { businessId: string; name?: string | undefined }) => {
    built += 1
    const zones = trx.selectFrom('location').select('timezone').where('business_id', '=', businessId)
    return (name === undefined ? zones : zones.where('name', '=', name)).orderBy('name')
  })
  await db.database.within({ businessId: shop.id }, 'read', async (trx) => {
    const both = [{ timezone: 'Europe/Lisbon' }, { timezone: 'Europe/Madrid' }]
    expect(await zonesOf(trx, { businessId: shop.id, name: 'Location 2' })).toEqual([both[1]])
    expect(await zonesOf(trx, { businessId: shop.id, name: 'Location 1' })).toEqual([both[0]])
    expect(await zonesOf(trx, { businessId: shop.id })).toEqual(both)
    expect(await zonesOf(trx, { businessId: shop.id, name: undefined })).toEqual(both)
    expect(built).toBe(2)
  })
})
