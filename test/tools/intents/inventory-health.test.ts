import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeRefund, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'
import { makeCosted, makeStock, makeSupplier, type StockSettings } from '../../support/stock.ts'

// At this instant it is the 31st of March at noon in Guatemala, and the 1st of April in Kathmandu: the 30 days are the
// 1st to the 30th of March in one location, the 2nd to the 31st in the other.
const NOW = new Date('2026-03-31T18:30:00Z')

let service: Service
let shop: Shop
let edge: Shop
let empty: Shop
let fresh: Shop
let wholesale: Shop
let token: string
let cashier: string
let coffee: Product

const stock = (of: Shop, product: Product, settings: StockSettings) => makeStock(service.db, of, product, settings)

let orders = 0
function sell(of: Shop, product: Product, at: string, quantity: string, unitPrice: string, location?: string) {
  orders += 1
  const place = location === undefined ? {} : { location }
  return makeOrder(service.db.database, of, {
    number: String(orders),
    at,
    lines: [{ ...product, quantity, unitPrice }],
    ...place,
  })
}

const product = (of: Shop, sku: string, name: string, cost: string | null) =>
  makeCosted(service.db, of, { sku, name, cost })

beforeAll(async () => {
  service = await startService({ users: ['ana', 'beto'] })
  shop = await makeShop(service.db, { locationZones: ['America/Guatemala', 'Asia/Kathmandu'] })
  edge = await makeShop(service.db, { name: 'Borde', currency: 'JPY' })
  empty = await makeShop(service.db, { name: 'Vacío', currency: 'JPY' })
  fresh = await makeShop(service.db, { name: 'Nueva', locationZones: ['America/Guatemala', 'America/Guatemala'] })
  wholesale = await makeShop(service.db, { name: 'Mayorista' })
  await service.db.asOwner('update business set currency_digits = 0 where id = any ($1)', [[edge.id, empty.id]])
  await makeUser(
    service.db,
    'ana',
    [shop, edge, empty, fresh, wholesale].map((each) => ({ shop: each, role: 'owner' })),
  )
  await makeUser(service.db, 'beto', [{ shop, role: 'cashier' }])
  token = await service.tokenOf('ana')
  cashier = await service.tokenOf('beto')
  service.now = NOW
  const kathmandu = shop.locations[1] as string

  // 63 sold and 3 returned in March; the day before the 30 days and the running day do not count.
  coffee = await product(shop, 'CAFE', 'Café', '4')
  const march = await sell(shop, coffee, '2026-03-10T18:00:00Z', '63', '10')
  await makeRefund(service.db.database, shop, {
    orderId: march,
    at: '2026-03-12T18:00:00Z',
    lines: [{ ...coffee, line: 1, quantity: '3', returns: '30' }],
  })
  await sell(shop, coffee, '2026-03-01T05:59:59Z', '500', '10')
  await sell(shop, coffee, '2026-03-31T06:00:00Z', '700', '10')
  await stock(shop, coffee, { onHand: '4', pack: '10' })
  // On the last and on the first second of the 30 days of Kathmandu, and a second before and after them.
  await sell(shop, coffee, '2026-03-31T18:14:59Z', '20', '10', kathmandu)
  await sell(shop, coffee, '2026-03-01T18:15:00Z', '10', '10', kathmandu)
  await sell(shop, coffee, '2026-03-01T18:14:59Z', '500', '10', kathmandu)
  await sell(shop, coffee, '2026-03-31T18:15:00Z', '700', '10', kathmandu)
  await stock(shop, coffee, { onHand: '-2', at: kathmandu })

  const bread = await product(shop, 'PAN', 'Pan', '1')
  await sell(shop, bread, '2026-03-20T18:00:00Z', '30', '5')
  await stock(shop, bread, {
    onHand: '0',
    reorderPoint: '5',
    reorderQuantity: '40',
    safety: '3',
    pack: '8',
    max: '35',
  })
  const tea = await product(shop, 'TE', 'Té', '2')
  await sell(shop, tea, '2026-03-20T18:00:00Z', '10', '3')
  await stock(shop, tea, { onHand: '100', lead: 3 })
  await makeSupplier(service.db, shop, { name: 'Molino', leadDays: 10 }, bread, tea)

  await stock(shop, await product(shop, 'PIEDRA', 'Piedra', '3.5'), { onHand: '7' })
  const old = await product(shop, 'VIEJO', 'Viejo', null)
  await sell(shop, old, '2025-12-31T05:59:59Z', '1', '9')
  await stock(shop, old, { onHand: '2' })
  const slow = await product(shop, 'LENTO', 'Lento', '1')
  await sell(shop, slow, '2025-12-31T06:00:00Z', '1', '9')
  await stock(shop, slow, { onHand: '1' })
  await stock(shop, await product(shop, 'VELA', 'Vela', '1'), {
    onHand: '3',
    reorderPoint: '3',
    reorderQuantity: '12',
  })
  const gone = await product(shop, 'FUERA', 'Fuera', '1')
  await sell(shop, gone, '2026-03-20T18:00:00Z', '90', '5')
  await stock(shop, gone, { onHand: '0' })
  await service.db.asOwner('update product set is_active = false where id = $1', [gone.productId])
})
afterAll(() => service?.close())

const health = async (args: Record<string, unknown> = {}) => {
  const result = await call(service.app, token, 'get_inventory_health', { businessId: shop.id, ...args })
  expect({ isError: result.isError, text: result.isError ? result.text : '' }).toEqual({ isError: false, text: '' })
  return result
}

describe('get_inventory_health', () => {
  it('says what to reorder, how much, and what first', async () => {
    const { data } = await health()
    const of = (row: { sku: string }) => expect.objectContaining({ transfer: null, ...row })
    expect(data.reorder).toEqual([
      // 60 in 30 days are 2 a day; 4 last 2 days. 2 × (7 + 7) − 4 = 24, in tens. 600 / 30 × (7 − 2) = 100.
      {
        name: 'Café',
        sku: 'CAFE',
        location: 'Location 1',
        onHand: '4',
        perDay: '2',
        coverDays: '2',
        leadDays: 7,
        transfer: null,
        order: '30',
        revenueAtRisk: '100.00',
      },
      // 30 in 30 days; stock is −2. 1 × 14 + 2 = 16. 300 / 30 × 7 = 70.
      of({
        sku: 'CAFE',
        ...{ location: 'Location 2', onHand: '-2', coverDays: '0', order: '16', revenueAtRisk: '70.00' },
      }),
      // The supplier takes 10 days: 1 × 17 + 3 = 20, but at least 40; room for 35 in packs of 8. 150 / 30 × 10 = 50.
      of({ sku: 'PAN', ...{ onHand: '0', perDay: '1', leadDays: 10, order: '32', revenueAtRisk: '50.00' } }),
      // Nothing sells; at its reorder point.
      of({ sku: 'VELA', ...{ onHand: '3', perDay: '0', coverDays: null, order: '12', revenueAtRisk: '0.00' } }),
    ])
  })

  it('counts all stock and values it at cost', async () => {
    const { data } = await health()
    expect(data.totals).toEqual({
      skus: 7,
      stocks: 8,
      outOfStock: 2,
      outOfStockSelling: 2,
      // Pan and Vela.
      atOrBelowReorderPoint: 2,
      negative: 1,
      skusWithoutCost: 1,
      // 4 × 4 + 100 × 2 + 7 × 3.50 + 1 × 1 + 3 × 1
      stockValue: '244.50',
    })
    // 30 × 4 + 16 × 4 + 32 × 1 + 12 × 1; at risk 100 + 70 + 50.
    expect(data.toReorder).toEqual({
      products: 3,
      locations: 2,
      stocks: 4,
      transfers: 0,
      orders: 4,
      orderCost: '228.00',
      ordersWithoutCost: 0,
      revenueAtRisk: '220.00',
    })
    expect(data.deadStock).toEqual({ products: 3, locations: 1, stocks: 3, value: '27.50' })
    expect(data.overstock).toEqual({ products: 1, locations: 1, stocks: 1, value: '200.00' })
  })

  it('names slow stock: none sold in 90 days, or more than 180 days of cover', async () => {
    const { data } = await health()
    expect(data.dead.map((row: { sku: string; value: string | null }) => [row.sku, row.value])).toEqual([
      ['PIEDRA', '24.50'],
      ['VELA', '3.00'],
      ['VIEJO', null],
    ])
    // 10 in 30 days; 100 × 30 / 10 = 300 days.
    expect(data.overstocked).toEqual([
      { name: 'Té', sku: 'TE', location: 'Location 1', onHand: '100', coverDays: '300', value: '200.00' },
    ])
  })

  it('leads with the answer and at most three things to do; each half is whole', async () => {
    const { text, data } = await health()
    expect(text.split('\n').slice(0, 5)).toEqual([
      '3 products at 2 locations (4 stocks in all) to reorder, revenue at risk GTQ 220.00 without tax: 0 can get some by a transfer, 4 need an order, at cost GTQ 228.00.',
      'Of 8 stocks (7 active SKUs at all active locations, each judged alone): 2 out of stock (2 of them sold in the last 30 days), 2 at or below the reorder point, 1 with less than 0 on hand. Value of stock at cost GTQ 244.50 (SKUs without a cost: 1), dead GTQ 27.50 (3 products at 1 location), over-stocked GTQ 200.00 (1 product at 1 location).',
      '1. Order for 4 stocks (at cost GTQ 228.00); first 30 of Café [CAFE] at Location 1: 2 days of cover, delivery takes 7 days.',
      '2. Count what is below 0 (1 stock), then correct it with adjust_inventory.',
      '3. Clear out 3 products at 1 location of which none sold in 90 days (GTQ 27.50 at cost), first Piedra [PIEDRA] at Location 1.',
    ])
    expect(data.advice).toEqual(
      text
        .split('\n')
        .slice(2, 5)
        .map((line: string) => line.slice(3)),
    )
    expect(text).toContain('| Café | CAFE | Location 1 | 4 | 2 | 2 | 7 | – | 30 | 100.00 |')
    expect(text).toContain('| Té | TE | Location 1 | 100 | 300 | 200.00 |')
    expect(text).toContain('Sales of 2026-03-01 to 2026-03-30 (days of each location).')
    expect(text).toContain(data.terms)
    expect(data.terms).toContain('net sales without tax')
    expect(data.leftOut).toBe('')
    for (const id of [coffee.variantId, ...shop.locations]) expect(text + JSON.stringify(data)).not.toContain(id)
  })

  it('looks at one location by its own clock', async () => {
    const { data, text } = await health({ locationId: shop.locations[1] })
    expect(data.window).toMatchObject({
      from: '2026-03-02',
      to: '2026-03-31',
      timezone: 'Asia/Kathmandu',
      currency: 'GTQ',
    })
    expect(data.totals).toMatchObject({ skus: 1, stocks: 1, negative: 1 })
    expect(data.reorder).toMatchObject([{ sku: 'CAFE', perDay: '1' }])
    expect(text).toContain('(days of Asia/Kathmandu)')
  })

  it('leaves out closed locations unless one is asked for', async () => {
    const [, closed] = shop.locations
    await service.db.asOwner('update location set is_active = false where id = $1', [closed])
    expect((await health()).data.totals).toMatchObject({ stocks: 7 })
    expect((await health()).data.toReorder).toMatchObject({ stocks: 3, products: 3, locations: 1 })
    expect((await health({ locationId: closed })).data.totals).toMatchObject({ stocks: 1 })
    await service.db.asOwner('update location set is_active = true where id = $1', [closed])
  })

  it('says so if there is no stock', async () => {
    const { data, text } = await health({ businessId: empty.id })
    expect(text).toMatch(/^No stock of active products is kept at all active locations/)
    expect(data).toMatchObject({ totals: { stocks: 0, stockValue: '0' }, reorder: [], advice: [] })
  })

  it('is exact at the edges, and lists the first ten', async () => {
    // 20 × (8 + 7) / 30 is exactly 10. One shelf is full, one has no room for a whole pack.
    const exact = await product(edge, 'EXACT', 'Exact', '3')
    const full = await product(edge, 'FULL', 'Full', '3')
    const tight = await product(edge, 'TIGHT', 'Tight', '3')
    for (const each of [exact, full, tight]) await sell(edge, each, '2026-03-20T18:00:00Z', '20', '150')
    await stock(edge, exact, { onHand: '0', lead: 8 })
    await stock(edge, full, { onHand: '5', max: '5' })
    await stock(edge, tight, { onHand: '1', max: '12', pack: '12' })
    // 30 in 30 days: 180 days of cover are not too many, 181 are. 7 days of cover are just enough until the delivery.
    for (const [sku, onHand] of [
      ['D180', '180'],
      ['D181', '181'],
      ['D7', '7'],
    ] as const) {
      const each = await product(edge, sku, sku, '2')
      await sell(edge, each, '2026-03-20T18:00:00Z', '30', '100')
      await stock(edge, each, { onHand })
    }
    for (let n = 0; n < 12; n += 1) {
      const each = await product(edge, `X${n}`, `X${n}`, '1')
      await stock(edge, each, { onHand: '1', reorderPoint: '1', reorderQuantity: '1' })
    }
    const { data, text } = await health({ businessId: edge.id })
    expect(data.totals).toMatchObject({ outOfStock: 1 })
    expect([data.toReorder.stocks, data.overstock.stocks, data.deadStock.stocks]).toEqual([14, 1, 12])
    // 3000 / 30 × 8 = 800 at risk, in a currency without a minor unit.
    expect(data.reorder[0]).toMatchObject({ sku: 'EXACT', order: '10', revenueAtRisk: '800' })
    expect(data.reorder[1]).toMatchObject({ sku: 'D7', order: '7', coverDays: '7', revenueAtRisk: '0' })
    expect(data.overstocked).toMatchObject([{ sku: 'D181', coverDays: '181' }])
    expect([data.reorder.length, data.dead.length]).toEqual([10, 5])
    expect(data.leftOut).toBe(
      'Only 10 of 14 stocks to reorder (get_reorder_list has all, by supplier), 5 of 12 stocks dead (get_inventory has all stock) are listed.',
    )
    expect(text.split('\n')[1]).toBe(data.leftOut)
  })

  it('calls nothing dead that has not been at its location for 90 days', async () => {
    const stone = await product(fresh, 'PIEDRA', 'Piedra', '4')
    // The 90th day before the 31st of March is the 31st of December. A second later is too late.
    await stock(fresh, stone, { onHand: '20', since: '2026-01-01T05:59:59Z' })
    const sand = await product(fresh, 'ARENA', 'Arena', '4')
    await stock(fresh, sand, { onHand: '20', since: '2026-01-01T06:00:00Z' })
    // Moved yesterday to another branch, from stock that is old.
    await stock(fresh, stone, { onHand: '5', at: fresh.locations[1], since: '2026-03-30T18:00:00Z' })
    const { data } = await health({ businessId: fresh.id })
    expect(data.dead).toMatchObject([{ sku: 'PIEDRA', location: 'Location 1', value: '80.00' }])
    expect(data.deadStock).toMatchObject({ products: 1, stocks: 1, value: '80.00' })
  })

  it('lists whatever is at or below its reorder point, with what reaches it', async () => {
    const rows: [sku: string, settings: StockSettings, order: string][] = [
      // Nothing sold, no reorder quantity.
      ['BELOW', { onHand: '3', reorderPoint: '10' }, '7'],
      ['AT', { onHand: '10', reorderPoint: '10' }, '1'],
      ['PACKS', { onHand: '3', reorderPoint: '10', pack: '6' }, '12'],
      // A maximum below the reorder point gives way; one above it does not.
      ['TIGHT', { onHand: '3', reorderPoint: '10', pack: '6', max: '11' }, '12'],
      ['FITS', { onHand: '3', reorderPoint: '10', reorderQuantity: '40', max: '23' }, '20'],
      ['LITTLE', { onHand: '0', reorderPoint: '10', reorderQuantity: '2' }, '10'],
      ['NEGATIVE', { onHand: '-4', reorderPoint: '0' }, '4'],
    ]
    for (const [sku, settings] of rows) await stock(wholesale, await product(wholesale, sku, sku, null), settings)
    await stock(wholesale, await product(wholesale, 'ABOVE', 'ABOVE', '1'), { onHand: '11', reorderPoint: '10' })
    const { data, text } = await health({ businessId: wholesale.id })
    const found = data.reorder.map(({ sku, order }: { sku: string; order: string }) => [sku, order])
    expect(found.sort()).toEqual(rows.map(([sku, , order]) => [sku, order]).sort())
    expect(data.totals.atOrBelowReorderPoint).toBe(rows.length)
    expect(data.toReorder).toMatchObject({ orders: 7, orderCost: '0.00', ordersWithoutCost: 7 })
    expect(text).toContain('(without a known cost: 7)')
  })

  it('names the locations there are for one that is not', async () => {
    const { text } = await call(service.app, token, 'get_inventory_health', {
      businessId: shop.id,
      locationId: edge.locations[0],
    })
    expect(text).toContain(
      `invalid_argument: locationId must be one of this business: "Location 1" (${shop.locations[0]})`,
    )
  })

  it('is not there for a cashier', async () => {
    const { body } = await call(service.app, cashier, 'get_inventory_health')
    expect(JSON.stringify(body)).toContain('get_inventory_health')
    expect(body.result?.structuredContent).toBeUndefined()
  })
})
