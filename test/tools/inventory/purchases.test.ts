import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compactRows } from '../../support/compact-rows.ts'
import type { Product } from '../../support/shop.ts'
import { makeSupplier } from '../../support/stock.ts'
import { startTill, type Till } from '../../support/till.ts'

let till: Till
let bean: Product
let rice: Product

const receive = (args: Record<string, unknown>, as?: { token: string }) =>
  till.ok('adjust_inventory', { reason: 'purchase', ...args }, as)
const list = async (args: Record<string, unknown>, as?: { token: string }) => {
  const { data, text } = await till.ok('list_inventory_movements', args, as)
  return { ...data, movements: compactRows(data, 'movements'), text }
}

beforeAll(async () => {
  till = await startTill()
  bean = await till.product('FRIJOL', { cost: '9', stock: '5' })
  rice = await till.product('ARROZ', { cost: '4.5' })
  await makeSupplier(till.service.db, till.shop, { name: 'El Ñandú', leadDays: 3 }, bean, rice)
  await makeSupplier(till.service.db, till.shop, { name: 'La Espiga', leadDays: null })
  await receive({ product: 'FRIJOL', change: '10', unitCost: '9.25' })
  await receive({ product: 'FRIJOL', change: '4', unitCost: '8.5', supplier: 'la espiga' })
  await receive({ product: 'FRIJOL', change: '1' })
  await receive({ product: 'ARROZ', change: '100.5', unitCost: '4.5' })
  // Two bags go back.
  await receive({ product: 'ARROZ', change: '-2', unitCost: '4.5' })
})
afterAll(() => till?.service.close())

describe('a purchase', () => {
  it('has a cost and the supplier of the product, and leaves the cost of the product as it is', async () => {
    const { data, text } = await receive({ product: 'FRIJOL', change: '3', unitCost: '9.75', dryRun: true })
    expect(data).toMatchObject({ reason: 'purchase', unitCost: '9.75', supplier: { name: 'El Ñandú' } })
    expect(text).toContain(
      'Bought from El Ñandú, at GTQ 9.75 a unit. The cost of the product stays GTQ 9.00: update_product changes it.',
    )
    const cost = await till.service.db.asOwner('select cost from product_variant where id = $1', [bean.variantId])
    expect(cost).toEqual([{ cost: '9.0000' }])
  })

  it('may cost what the product does, or nobody knows what', async () => {
    const same = await receive({ product: 'ARROZ', change: '1', unitCost: '4.50', dryRun: true })
    expect(same.text).toMatch(/Bought from El Ñandú, at GTQ 4\.50 a unit\.$/m)
    const unknown = await receive({ product: 'ARROZ', change: '1', dryRun: true })
    expect(unknown.data).toMatchObject({ unitCost: null, supplier: { name: 'El Ñandú' } })
    expect(unknown.text).toContain('Bought from El Ñandú, without a cost.')
  })

  it('is no other reason', async () => {
    expect(await till.fails('adjust_inventory', { product: 'ARROZ', change: '1', unitCost: '4' })).toContain(
      'unitCost belongs to a purchase, not to adjustment.',
    )
    const counted = { product: 'ARROZ', countedQuantity: '1', supplier: 'La Espiga' }
    expect(await till.fails('adjust_inventory', counted)).toContain('supplier belongs to a purchase, not to count.')
    const nobody = { product: 'ARROZ', change: '1', reason: 'purchase', supplier: 'Nadie' }
    expect(await till.fails('adjust_inventory', nobody)).toContain('supplier: no supplier of this business has that')
  })

  it('keeps its cost from the people at the till', async () => {
    const asCashier = { token: till.cashier }
    const args = { product: 'ARROZ', change: '1', reason: 'purchase', unitCost: '4' }
    expect(await till.fails('adjust_inventory', args, asCashier)).toContain('unitCost: no costs for the role cashier')
    const { text } = await receive({ product: 'ARROZ', change: '1', dryRun: true }, asCashier)
    expect(text).not.toContain('4.50')
    const seen = await list({ reason: 'purchase' }, asCashier)
    expect(seen.purchases).toBeUndefined()
    expect(JSON.stringify(seen)).not.toMatch(/9\.25|92\.50|Bought/)
    expect(seen.columns).not.toContain('unit cost')
  })
})

describe('the ledger', () => {
  it('sums what all purchases that match cost, by supplier', async () => {
    const { movements, purchases, text } = await list({ reason: 'purchase', preset: 'today', limit: 1 })
    expect(movements).toHaveLength(1)
    // 10 × 9.25 + 4 × 8.5 + 100.5 × 4.5 − 2 × 4.5 = 92.5 + 34 + 452.25 − 9
    expect(purchases).toEqual({
      count: 5,
      withoutCost: 1,
      cost: '569.75',
      currency: 'GTQ',
      suppliers: 2,
      bySupplier: [
        { supplier: 'El Ñandú', count: 4, withoutCost: 1, cost: '535.75' },
        { supplier: 'La Espiga', count: 1, withoutCost: 0, cost: '34.00' },
      ],
    })
    expect(text).toContain(
      'Bought for GTQ 569.75 at cost, without tax, in 5 purchases, 1 of them without a known cost: ' +
        'El Ñandú 535.75 (4 purchases, 1 of them without a known cost); La Espiga 34.00 (1 purchase).',
    )
  })

  it('tells the price of each, and finds them by supplier and product', async () => {
    const found = await list({ supplier: 'LA ESPIGA' })
    expect(found.movements).toMatchObject([
      { SKU: 'FRIJOL', quantity: '4', supplier: 'La Espiga', 'unit cost': '8.50', cost: '34.00' },
    ])
    const beans = await list({ product: 'FRIJOL' })
    expect(beans.purchases).toMatchObject({ count: 3, cost: '126.50', withoutCost: 1 })
    expect(beans.movements.map((row: Record<string, string>) => row.quantity)).toHaveLength(4)
    const none = await list({ reason: 'count' })
    expect(none.purchases).toBeUndefined()
    expect((await till.ok('list_inventory_movements', { supplier: 'El Ñandú', product: 'ARROZ' })).data).toMatchObject({
      matching: 2,
      unitsIn: '100.5',
      unitsOut: '2',
      purchases: { cost: '443.25' },
    })
    expect(await till.fails('list_inventory_movements', { supplier: 'Nadie' })).toContain('There are "El Ñandú"')
  })
})

describe('what was lost', () => {
  it('is worth the cost of today, for whoever sees costs', async () => {
    await till.product('TAZA', { cost: '12.5', stock: '9' })
    await till.product('VASO', { stock: '9' })
    await till.ok('adjust_inventory', { product: 'TAZA', change: '-3', reason: 'damage' })
    await till.ok('adjust_inventory', { product: 'VASO', change: '-1', reason: 'damage' })
    const { data, text } = await till.ok('list_inventory_movements', { reason: 'damage', limit: 1 })
    expect(data.worth).toEqual({ amount: '-37.50', currency: 'GTQ', withoutCost: 1 })
    expect(text).toContain(
      'Worth of all that match, at the cost of today: GTQ -37.50; 1 without a known cost are not in it.',
    )
    const cashier = await till.ok('list_inventory_movements', { reason: 'damage' }, { token: till.cashier })
    expect(cashier.data.worth).toBeUndefined()
    expect((await till.ok('list_inventory_movements', { reason: 'sale' })).data.worth).toBeUndefined()
  })
})
