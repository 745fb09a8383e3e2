import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'
import { makeCosted, makeStock, makeSupplier } from '../../support/stock.ts'

// Noon of the 31st of March in Guatemala: the 30 days are the 1st to the 30th.
const NOW = new Date('2026-03-31T18:30:00Z')

let service: Service
let chain: Shop
let large: Shop
let token: string
let cashier: string
let orders = 0

function sell(
  shop: Shop,
  product: Product,
  quantity: string,
  unitPrice: string,
  location = shop.locations[0] as string,
) {
  orders += 1
  const lines = [{ ...product, quantity, unitPrice }]
  return makeOrder(service.db.database, shop, { number: `${orders}`, at: '2026-03-20T18:00:00Z', location, lines })
}

beforeAll(async () => {
  service = await startService({ users: ['ana', 'beto'] })
  const zones = ['America/Guatemala', 'America/Guatemala', 'America/Guatemala']
  chain = await makeShop(service.db, { name: 'Cadena', locationZones: zones })
  large = await makeShop(service.db, { name: 'Grande' })
  await makeUser(
    service.db,
    'ana',
    [chain, large].map((shop) => ({ shop, role: 'owner' })),
  )
  await makeUser(service.db, 'beto', [{ shop: chain, role: 'cashier' }])
  token = await service.tokenOf('ana')
  cashier = await service.tokenOf('beto')
  service.now = NOW
  await fillChain()
  for (let n = 0; n < 120; n += 1) {
    const sku = `ABA-${String(n).padStart(3, '0')}`
    const product = await makeCosted(service.db, large, {
      sku,
      name: `Café de Antigua Molido 340 g ${n}`,
      cost: '45.5',
    })
    await makeStock(service.db, large, product, { onHand: '4', reorderPoint: '12', pack: '6' })
  }
})
afterAll(() => service?.close())

async function fillChain(): Promise<void> {
  const [centro, norte, sur] = chain.locations as [string, string, string]
  const add = (sku: string, cost: string | null, category?: string) =>
    makeCosted(service.db, chain, { sku, name: sku, cost, ...(category === undefined ? {} : { category }) })
  const stock = (product: Product, at: string, settings: Omit<Parameters<typeof makeStock>[3], 'at'>) =>
    makeStock(service.db, chain, product, { at, ...settings })

  // Norte has 20 above its maximum of 72. Centro sells 2 a day and wants 2 × (3 + 7) − 4 = 16.
  const coffee = await add('CAF-1', '45', 'Café')
  await sell(chain, coffee, '60', '10', centro)
  await stock(coffee, centro, { onHand: '4' })
  await stock(coffee, norte, { onHand: '92', max: '72' })
  // Norte and Sur have 5 and 8 above their maxima. Centro wants 3 × 10 − 0 = 30, in packs of 12.
  const beans = await add('FRI-1', '5.25')
  await sell(chain, beans, '90', '10', centro)
  await stock(beans, centro, { onHand: '0', pack: '12' })
  await stock(beans, norte, { onHand: '15', max: '10' })
  await stock(beans, sur, { onHand: '28', max: '20' })
  // Norte has 7 above its maximum; Centro, which loses more, takes them before Sur.
  const oil = await add('ACE-1', '20')
  await sell(chain, oil, '30', '10', centro)
  await sell(chain, oil, '15', '10', sur)
  await stock(oil, centro, { onHand: '0' })
  await stock(oil, sur, { onHand: '0' })
  await stock(oil, norte, { onHand: '17', max: '10' })
  // Without a maximum, Norte keeps 90 days of what it sells, 1 a day: 3 of 93. And no maximum takes what it needs:
  // Sur's is 1, but it sells 1 a day, and keeps 10.
  const salt = await add('SAL-1', null)
  await sell(chain, salt, '30', '2', norte)
  await sell(chain, salt, '30', '2', sur)
  await stock(salt, norte, { onHand: '93' })
  await stock(salt, sur, { onHand: '11', max: '1' })
  await stock(salt, centro, { onHand: '0', reorderPoint: '6' })
  await makeSupplier(service.db, chain, { name: 'El Ñandú', leadDays: 3 }, coffee, beans, salt)
  await makeSupplier(service.db, chain, { name: 'Molino', leadDays: 3 }, oil)
  // No supplier, and a lead time of its own.
  const candle = await add('VEL-1', '1.005')
  await stock(candle, sur, { onHand: '1', reorderPoint: '2', reorderQuantity: '3', lead: 20 })
}

const list = async (args: Record<string, unknown> = {}) => {
  const result = await call(service.app, token, 'get_reorder_list', { businessId: chain.id, ...args })
  expect({ isError: result.isError, text: result.isError ? result.text : '' }).toEqual({ isError: false, text: '' })
  return result
}

describe('get_reorder_list', () => {
  it('moves first what another location has too much of, and orders the rest', async () => {
    const { data } = await list()
    expect(data.transfers).toEqual([
      ['ACE-1', 'ACE-1', 'Location 2', 'Location 1', '7'],
      ['CAF-1', 'CAF-1', 'Location 2', 'Location 1', '16'],
      ['FRI-1', 'FRI-1', 'Location 2', 'Location 1', '5'],
      ['FRI-1', 'FRI-1', 'Location 3', 'Location 1', '8'],
      // Of the 6 that Centro lacks.
      ['SAL-1', 'SAL-1', 'Location 2', 'Location 1', '3'],
      ['SAL-1', 'SAL-1', 'Location 3', 'Location 1', '1'],
    ])
    expect(data.orders).toEqual([
      {
        supplier: 'El Ñandú',
        location: 'Location 1',
        leadDays: 3,
        lines: [
          // 30 − 13 = 17, in packs of 12.
          ['FRI-1', 'FRI-1', '0', '24', '12', '5.25', '126.00'],
          ['SAL-1', 'SAL-1', '0', '2', '1', '', ''],
        ],
      },
      {
        supplier: 'Molino',
        location: 'Location 1',
        leadDays: 3,
        lines: [['ACE-1', 'ACE-1', '0', '3', '1', '20.00', '60.00']],
      },
      // 0.5 × 10.
      {
        supplier: 'Molino',
        location: 'Location 3',
        leadDays: 3,
        lines: [['ACE-1', 'ACE-1', '0', '5', '1', '20.00', '100.00']],
      },
      {
        supplier: 'no supplier',
        location: 'Location 3',
        leadDays: 20,
        lines: [['VEL-1', 'VEL-1', '1', '3', '1', '1.005', '3.02']],
      },
    ])
    expect(data.totals).toEqual({
      products: 5,
      locations: 2,
      stocks: 6,
      transfers: 6,
      orders: 5,
      // 126 + 60 + 100 + 3.015
      cost: '289.02',
      ordersWithoutCost: 1,
    })
    expect(data.suppliers).toEqual([
      { supplier: 'El Ñandú', leadDays: 3, orders: 2, cost: '126.00', ordersWithoutCost: 1 },
      { supplier: 'Molino', leadDays: 3, orders: 2, cost: '160.00', ordersWithoutCost: 0 },
      { supplier: 'no supplier', leadDays: null, orders: 1, cost: '3.02', ordersWithoutCost: 0 },
    ])
  })

  it('is what get_inventory_health counts and advises', async () => {
    const { data, text } = await call(service.app, token, 'get_inventory_health', { businessId: chain.id })
    expect(data.toReorder).toMatchObject({
      ...{ products: 5, locations: 2, stocks: 6, transfers: 4, orders: 5 },
      ...{ orderCost: '289.02', ordersWithoutCost: 1 },
    })
    expect(text).toMatch(/^5 products at 2 locations \(6 stocks in all\) to reorder, /)
    // Beans lose most: 900 / 30 × 3 days.
    expect(data.reorder[0]).toMatchObject({
      sku: 'FRI-1',
      transfer: '8 from Location 3, 5 from Location 2',
      order: '24',
      revenueAtRisk: '90.00',
    })
    expect(data.advice[0]).toBe(
      'Before ordering, move with transfer_inventory what another location has too much of: it helps 4 of 6 stocks; first 8 ' +
        'from Location 3, 5 from Location 2 of FRI-1 [FRI-1] at Location 1.',
    )
  })

  it('answers what to order from a supplier in one call, by name in any case and accents', async () => {
    const { data, text } = await list({ supplier: 'el nandu' })
    expect(data).toMatchObject({ supplier: 'El Ñandú', totals: { orders: 2, cost: '126.00', transfers: 5 } })
    expect(data.suppliers).toHaveLength(1)
    expect(text.split('\n')[0]).toBe(
      '3 products at 1 location to reorder from El Ñandú (as of 2026-03-31): 5 transfers first, then 2 lines to order, at cost GTQ 126.00 (without a known cost: 1).',
    )
    expect(text).toContain('| FRI-1 | FRI-1 | 0 | 24 | 12 | 5.25 | 126.00 |')
    expect(text).toContain('| SAL-1 | SAL-1 | 0 | 2 | 1 | – | – |')
    expect(text).toContain('| El Ñandú | 3 | 2 | 126.00 | 1 |')
    expect(text).toContain(data.terms)
  })

  it('narrows to a location and a category; the sums follow', async () => {
    const sur = await list({ locationId: chain.locations[2] })
    expect(sur.data.totals).toMatchObject({ products: 2, locations: 1, orders: 2, transfers: 0, cost: '103.02' })
    expect(sur.data.location).toEqual({ id: chain.locations[2], name: 'Location 3' })
    const coffee = await list({ category: 'cafe' })
    expect(coffee.data).toMatchObject({
      category: 'Café',
      totals: { transfers: 1, orders: 0, cost: '0.00' },
      orders: [],
    })
    const none = await list({ category: 'cafe', supplier: 'Molino' })
    expect(none.text).toMatch(/^Nothing is to be reordered from Molino of Café \(as of 2026-03-31\)\./)
  })

  it.each([1, 2, 4])('loses and repeats no line between pages of %i', async (limit) => {
    const whole = await list()
    const rows: unknown[] = []
    let cursor: string | undefined
    do {
      const { data, text } = await list({ limit, ...(cursor === undefined ? {} : { cursor }) })
      rows.push(...data.transfers)
      for (const { supplier, location, lines } of data.orders)
        rows.push(...lines.map((line: string[]) => [supplier, location, ...line]))
      expect(data.totals).toEqual(whole.data.totals)
      cursor = data.nextCursor
      if (cursor !== undefined)
        expect(text).toMatch(new RegExp(`^Only ${limit} of 11 lines (is|are) shown; .*${cursor}`))
    } while (cursor !== undefined)
    expect(rows).toEqual([
      ...whole.data.transfers,
      ...whole.data.orders.flatMap(
        ({ supplier, location, lines }: { supplier: string; location: string; lines: string[][] }) =>
          lines.map((line) => [supplier, location, ...line]),
      ),
    ])
  })

  it('shows as many lines as a model can read', async () => {
    const { data, text } = await list({ businessId: large.id, limit: 100 })
    expect(data.orders).toMatchObject([{ supplier: 'no supplier' }])
    expect(data.orders[0].lines.length).toBeGreaterThanOrEqual(80)
    expect(data.nextCursor).toBeDefined()
    expect(data.orders[0].lines[0]).toEqual([
      'ABA-000',
      'Café de Antigua Molido 340 g 0',
      '4',
      '12',
      '6',
      '45.50',
      '546.00',
    ])
    // 120 lines of 12 at 45.50.
    expect(data.totals).toMatchObject({ orders: 120, cost: '65520.00' })
    expect(countTokens(text) + countTokens(JSON.stringify(data))).toBeLessThan(8000)
  })

  it('refuses a supplier that there is none of, and a cursor of another list', async () => {
    const unknown = await call(service.app, token, 'get_reorder_list', { businessId: chain.id, supplier: 'Nadie' })
    expect(unknown.text).toMatch(/^not_found: supplier: no supplier of this business/)
    const cursor = Buffer.from('["1","2","3"]').toString('base64url')
    const wrong = await call(service.app, token, 'get_reorder_list', { businessId: chain.id, cursor })
    expect(wrong.text).toMatch(/^invalid_argument: cursor/)
  })

  it('is not there for a cashier, who sees no costs', async () => {
    expect((await call(service.app, cashier, 'get_reorder_list')).text).toMatch(/^role_not_allowed: .*pos:intents/)
  })
})
