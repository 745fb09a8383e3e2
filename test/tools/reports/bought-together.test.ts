import { afterAll, beforeAll, expect, it } from 'vitest'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

// Ten orders of March, by hand: coffee in 1–6, bread in 1–4 and 7, tea in 5, 8 and 9, jam in 1 and 2, soap in 10.
let service: Service
let token: string
let shop: Shop

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  const { db } = service
  shop = await makeShop(db, {})
  await makeUser(db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
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
  expect(data.rows[0]).toMatchObject({ orders: 4, supportPercent: '40.0', lift: '1.33' })
  const jam = data.rows.find(
    ({ first, second }: { first: string; second: string }) => [first, second].sort().join() === 'bread,jam',
  )
  // Jam in 2, all with bread: 2 × 10 / (2 × 5) = 2.00.
  expect(jam).toMatchObject({ orders: 2, supportPercent: '20.0', lift: '2.00' })
  expect(text).toMatch(/^Products bought together, of 10 orders in all, 2026-03-01 to 2026-03-31/)
})

it('finds what goes with one product, which stands first', async () => {
  const { data } = await ask({ product: 'coffee' })
  expect(data.rows).toEqual([
    {
      ...{ first: 'coffee', firstSku: 'COFFEE', second: 'bread', secondSku: 'BREAD' },
      ...{ orders: 4, supportPercent: '40.0', confidencePercent: '66.7', lift: '1.33' },
    },
    {
      ...{ first: 'coffee', firstSku: 'COFFEE', second: 'jam', secondSku: 'JAM' },
      // 2 × 10 / (6 × 2)
      ...{ orders: 2, supportPercent: '20.0', confidencePercent: '33.3', lift: '1.67' },
    },
  ])
})

it('says what it leaves out, that there is nothing, and what begins too early', async () => {
  expect((await ask({ limit: 1 })).text).toMatch(/^Only 1 of 3 pairs is shown\./)
  const alone = await ask({ product: 'SOAP' })
  expect(alone.data).toMatchObject({ pairs: 0, rows: [] })
  expect(alone.text).toMatch(/^No two products were sold together in 2 orders or more, .* with soap/)
  const long = await ask({ from: '2024-01-01', to: '2026-03-31' })
  expect(long.text).toContain('asked from 2024-01-01, before the first sale on file')
})
