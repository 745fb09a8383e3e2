import { afterAll, beforeAll, expect, it } from 'vitest'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

// Ten orders of March, by hand: coffee in 1–6, bread in 1–4 and 7, tea in 5, 8 and 9, jam in 1 and 2, soap in 10.
let service: Service
let token: string
let shop: Shop
let busy: { shop: Shop; token: string }

beforeAll(async () => {
  service = await startService({ users: ['ana', 'bea'] })
  const { db } = service
  shop = await makeShop(db, {})
  await makeUser(db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
  const other = await makeShop(db, {})
  await makeUser(db, 'bea', [{ shop: other, role: 'owner' }])
  busy = { shop: other, token: await service.tokenOf('bea') }
  service.now = new Date('2026-03-31T18:00:00Z')
  const goods: Record<string, Product> = {}
  for (const sku of ['COFFEE', 'BREAD', 'TEA', 'JAM', 'SOAP']) {
    goods[sku] = await makeProduct(db, shop, { sku, name: sku.toLowerCase() })
  }
  const sell = (number: string, skus: string[], more: object = {}) =>
    makeOrder(db.database, shop, {
      number,
      at: `2026-03-${number.padStart(2, '0')}T18:00:00Z`,
      lines: skus.map((sku) => ({ ...(goods[sku] as Product), quantity: '1', unitPrice: '10' })),
      ...more,
    })
  const first = await sell('1', ['COFFEE', 'BREAD', 'JAM', 'COFFEE'])
  await sell('2', ['COFFEE', 'BREAD', 'JAM'])
  await sell('3', ['COFFEE', 'BREAD'])
  await sell('4', ['COFFEE', 'BREAD'])
  await sell('5', ['COFFEE', 'TEA'])
  await sell('6', ['COFFEE'])
  await sell('7', ['BREAD'])
  await sell('8', ['TEA'])
  await sell('9', ['TEA'])
  await sell('10', ['SOAP'])
  // Neither an open order nor goods that come back were bought together; a refund changes nothing.
  await sell('11', ['COFFEE', 'SOAP'], { status: 'open' })
  await sell('12', ['COFFEE', 'SOAP'], { status: 'cancelled' })
  await makeOrder(db.database, shop, {
    number: '13',
    at: '2026-03-13T18:00:00Z',
    lines: [
      { ...(goods.SOAP as Product), quantity: '-1', unitPrice: '10' },
      { ...(goods.TEA as Product), quantity: '-1', unitPrice: '10' },
    ],
  })
  await makeRefund(db.database, shop, {
    orderId: first,
    at: '2026-03-14T18:00:00Z',
    lines: [{ ...(goods.JAM as Product), line: 3, quantity: '1', returns: '10' }],
  })
})
afterAll(() => service?.close())

const ask = (args: Record<string, unknown> = {}) =>
  call(service.app, token, 'get_bought_together', { from: '2026-03-01', to: '2026-03-31', ...args })
const pairsOf = (data: { rows: { first: string; second: string }[] }) =>
  data.rows.map(({ first, second }) => [first, second].sort().join())

it('finds pairs of the whole shop, with support and lift', async () => {
  const { data, text } = await ask()
  expect(data).toMatchObject({ orders: 10, pairs: 3, product: null })
  expect(pairsOf(data)[0]).toBe('bread,coffee')
  expect(pairsOf(data).sort()).toEqual(['bread,coffee', 'bread,jam', 'coffee,jam'])
  // Coffee in 6 orders, bread in 5, both in 4 of 10: lift 4 × 10 / (6 × 5) = 1.33.
  expect(data.rows[0]).toMatchObject({ orders: 4, supportPercent: '40.00', lift: '1.33' })
  const jam = data.rows.find(
    ({ first, second }: { first: string; second: string }) => [first, second].sort().join() === 'bread,jam',
  )
  // Jam in 2, all with bread: 2 × 10 / (2 × 5) = 2.00.
  expect(jam).toMatchObject({ orders: 2, supportPercent: '20.00', lift: '2.00' })
  expect(text).toMatch(/^Products bought together, of 10 orders in all, 2026-03-01 to 2026-03-31/)
})

it('finds what goes with one product, which stands first', async () => {
  const { data } = await ask({ product: 'coffee' })
  expect(data.rows).toEqual([
    {
      ...{ first: 'coffee', firstSku: 'COFFEE', second: 'bread', secondSku: 'BREAD' },
      ...{ orders: 4, supportPercent: '40.00', confidencePercent: '66.7', lift: '1.33' },
    },
    {
      ...{ first: 'coffee', firstSku: 'COFFEE', second: 'jam', secondSku: 'JAM' },
      // 2 × 10 / (6 × 2)
      ...{ orders: 2, supportPercent: '20.00', confidencePercent: '33.3', lift: '1.67' },
    },
  ])
})

it('tells what is mostly or never bought alone, and how often one product is', async () => {
  // Tea alone in 8 and 9, not in 5; jam in 1 and 2 never; soap in one order, which says little.
  const { data, text } = await ask({ limit: 1 })
  expect(data.alone).toEqual({
    mostly: { products: 1, rows: [{ product: 'tea', sku: 'TEA', orders: 3, alone: 2, alonePercent: '66.7' }] },
    never: { products: 1, rows: [{ product: 'jam', sku: 'JAM', orders: 2, alone: 0, alonePercent: '0.0' }] },
  })
  expect(text).toContain('Mostly bought alone, in more than half of their orders (1): tea [TEA] 2 of 3 orders.')
  expect(text).toContain('Never bought alone (1): jam [JAM] 0 of 2 orders.')
  // Coffee in 1 to 6, alone in 6.
  const coffee = await ask({ product: 'coffee' })
  expect(coffee.data.alone).toEqual({
    own: { product: 'coffee', sku: 'COFFEE', orders: 6, alone: 1, alonePercent: '16.7' },
  })
  expect(coffee.text).toContain('coffee was bought alone in 1 of its 6 orders (16.7 %).')
  const soap = await ask({ product: 'SOAP' })
  expect(soap.data.alone.own).toMatchObject({ orders: 1, alone: 1, alonePercent: '100.0' })
  expect(soap.text).toContain('soap was bought alone in 1 of its 1 order (100.0 %).')
  const unsold = await ask({ product: 'SOAP', from: '2026-03-01', to: '2026-03-02' })
  expect(unsold.data.alone).toEqual({})
})

it('says what it leaves out, that there is nothing, and what begins too early', async () => {
  expect((await ask({ limit: 1 })).text).toMatch(/^Only 1 of 3 pairs is shown\./)
  const alone = await ask({ product: 'SOAP' })
  expect(alone.data).toMatchObject({ pairs: 0, rows: [] })
  expect(alone.text).toMatch(/^No two products were sold together in 2 orders or more, .* with soap/)
  const long = await ask({ from: '2024-01-01', to: '2026-03-31' })
  expect(long.text).toContain('asked from 2024-01-01, before the first sale on file')
})

it('reads the latest whole days of a window with too many orders, and says so first', async () => {
  const { db } = service
  const goods: Record<string, Product> = {}
  for (const sku of ['COFFEE', 'BREAD', 'TEA'])
    goods[sku] = await makeProduct(db, busy.shop, { sku, name: sku.toLowerCase() })
  const sales = [
    ['2026-03-02', 'COFFEE', 'BREAD'],
    ['2026-03-05', 'COFFEE', 'BREAD'],
    ['2026-03-05', 'TEA'],
    ['2026-03-06', 'COFFEE', 'BREAD'],
    ['2026-03-06', 'COFFEE'],
  ]
  for (const [index, [day, ...skus]] of sales.entries()) {
    await makeOrder(db.database, busy.shop, {
      number: `B-${index}`,
      at: `${day}T18:00:00Z`,
      lines: skus.map((sku) => ({ ...(goods[sku] as Product), quantity: '1', unitPrice: '10' })),
    })
  }
  const count = (day: string, orders: number) =>
    db.asOwner('update sales_daily set orders = $3 where business_id = $1 and day = $2', [busy.shop.id, day, orders])
  const asked = async (args: Record<string, unknown> = {}) =>
    call(service.app, busy.token, 'get_bought_together', { from: '2026-03-01', to: '2026-03-31', ...args })

  // Two orders of the 6th and 19,998 of the 5th are as many as are read; that of the 2nd is one more.
  await count('2026-03-05', 19_998)
  const { data, text } = await asked()
  expect(text).toMatch(
    /^Only 2026-03-03 to 2026-03-31: at most 20,000 orders and refunds are read, the latest whole days first, and 2026-03-01 to 2026-03-31 has 20,001\. Products bought together, of 4 orders in all, 2026-03-03 to 2026-03-31/,
  )
  expect(data).toMatchObject({
    window: { from: '2026-03-03', to: '2026-03-31' },
    cut: { asked: { from: '2026-03-01', to: '2026-03-31', orders: 20_001 }, maxOrders: 20_000 },
    orders: 4,
    pairs: 1,
  })
  // Coffee in 3 of the 4, bread in 2, both in 2: lift 2 × 4 / (3 × 2).
  expect(data.rows).toMatchObject([{ orders: 2, supportPercent: '50.00', lift: '1.33' }])
  expect((await asked({ product: 'bread' })).data.rows).toMatchObject([
    { first: 'bread', second: 'coffee', orders: 2, confidencePercent: '100.0', lift: '1.33' },
  ])
  // Within the same orders: coffee alone in 1 of 3, bread in none of 2, tea in one order.
  expect(data.alone).toMatchObject({
    mostly: { products: 0, rows: [] },
    never: { rows: [{ sku: 'BREAD', orders: 2 }] },
  })
  const fits = await asked({ from: '2026-03-03' })
  expect(fits.data).toMatchObject({ window: { from: '2026-03-03' }, cut: null, orders: 4 })
  expect(fits.text).toMatch(/^Products bought together, of 4 orders in all, 2026-03-03/)

  // One more, and the 5th is too much; a day is read whole, and at least the latest with sales is.
  await count('2026-03-05', 19_999)
  const nothing = await asked()
  expect(nothing.data).toMatchObject({ window: { from: '2026-03-06' }, orders: 2, pairs: 0, rows: [] })
  expect(nothing.text).toMatch(/^Only 2026-03-06 to 2026-03-31: .* No two products were sold together/)
  await count('2026-03-06', 40_000)
  expect((await asked()).data).toMatchObject({ window: { from: '2026-03-06' }, orders: 2 })
})
