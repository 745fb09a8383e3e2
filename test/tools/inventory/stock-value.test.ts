import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeProduct } from '../../support/shop.ts'
import { startTill, type Till } from '../../support/till.ts'

let till: Till
beforeAll(async () => {
  till = await startTill()
  await till.product('PAN', { cost: '2', stock: '10' })
  const { db } = till.service
  const milk = await makeProduct(db, till.shop, { sku: 'LECHE', category: 'Lácteos' })
  await db.asOwner('update product_variant set cost = 5 where id = $1', [milk.variantId])
  const [coast] = await db.asOwner<{ id: string }>(
    "insert into location (business_id, name, timezone) values ($1, 'Costa', 'America/Guatemala') returning id",
    [till.shop.id],
  )
  // Seven in one place; three owed in the other, which are worth nothing.
  for (const [place, units] of [
    [till.shop.locations[0], 7],
    [coast?.id, -3],
  ]) {
    await db.asOwner(
      `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
       values ($1, $2, $3, $4, 'opening')`,
      [till.shop.id, place, milk.variantId, units],
    )
  }
})
afterAll(() => till?.service.close())

it('tells the value of the stock by location and category, for whoever sees costs', async () => {
  const { data, text } = await till.ok('get_inventory', { limit: 1 })
  expect(data.stockValue).toBe('55.00')
  expect(data.valueBy).toEqual({
    location: [
      { name: 'Location 1', value: '55.00' },
      { name: 'Costa', value: '0.00' },
    ],
    category: [
      { name: 'Lácteos', value: '35.00' },
      { name: 'no category', value: '20.00' },
    ],
  })
  expect(text).toContain('By location: Location 1 55.00; Costa 0.00. By category: Lácteos 35.00; no category 20.00.')
  expect((await till.ok('get_inventory', { locationId: 'Costa' })).data.valueBy.location).toEqual([
    { name: 'Costa', value: '0.00' },
  ])
  expect((await till.ok('get_inventory', { search: 'leche' })).data.valueBy).toBeUndefined()
  expect((await till.ok('get_inventory', {}, { token: till.cashier })).data.valueBy).toBeUndefined()
})
