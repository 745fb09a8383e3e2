import { afterAll, beforeAll, expect, it } from 'vitest'
import { bandName } from '../../../src/pos/reports/order-bands.ts'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Shop } from '../../support/shop.ts'

// Orders of one day by what they came to, with tax and tip; the numbers without tax are beside them.
//   0.00 free · 0.99 · 1.00 · 49.99 · 50.00 · 99.99 = 80 + 8 tax + 11.99 tip · 100.00 · 2,000.00 · −5.00 brought back
//   20.00 of the order of 50.00 is refunded; the year before, one of 60.00
let service: Service
let shop: Shop
let token: string
const DAY = { from: '2026-03-10', to: '2026-03-10' }

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  const { db } = service
  shop = await makeShop(db)
  await makeUser(db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
  service.now = new Date('2026-03-20T18:00:00Z')
  const item = await makeProduct(db, shop, { sku: 'A' })
  const at = '2026-03-10T18:00:00Z'
  const sold = (
    number: string,
    unitPrice: string,
    more: { taxRate?: string; tips?: string; quantity?: string } = {},
  ) => {
    const { quantity = '1', taxRate = '0', tips = '0' } = more
    return makeOrder(db.database, shop, { number, at, tips, lines: [{ ...item, quantity, unitPrice, taxRate }] })
  }
  await sold('free', '0')
  await sold('cents', '0.99')
  await sold('one', '1')
  await sold('below', '49.99')
  const fifty = await sold('fifty', '50')
  await sold('tip', '80', { taxRate: '0.1', tips: '11.99' })
  await sold('hundred', '100')
  await sold('large', '2000')
  await sold('back', '5', { quantity: '-1' })
  await makeRefund(db.database, shop, {
    orderId: fifty,
    at,
    lines: [{ ...item, line: 1, quantity: '0', returns: '20' }],
  })
  await makeOrder(db.database, shop, {
    number: 'before',
    at: '2025-03-11T18:00:00Z',
    lines: [{ ...item, quantity: '1', unitPrice: '60' }],
  })
})
afterAll(() => service?.close())

const report = async (args: object) => {
  const { data, text, isError } = await call(service.app, token, 'get_sales_report', { ...DAY, ...args })
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return { data, text: text as string }
}

it('tells how large orders are, in the order of their totals', async () => {
  const { data, text } = await report({ groupBy: ['order_total'], measures: ['orders', 'net_sales'] })
  const rows = data.rows.map(({ key, orders, netSales }: Record<string, unknown>) => [key, orders, netSales])
  expect(rows).toEqual([
    ['below 0', 0, '-5.00'],
    ['0 to below 1', 2, '0.99'],
    ['1 to below 2', 1, '1.00'],
    ['20 to below 50', 1, '49.99'],
    // 50 − 20 and 80.
    ['50 to below 100', 2, '110.00'],
    ['100 to below 200', 1, '100.00'],
    ['2,000 to below 5,000', 1, '2000.00'],
  ])
  expect(data.totals).toMatchObject({ orders: 8, netSales: '2256.98' })
  expect(text).toContain('| 50 to below 100 | 2 | 110.00 |')
  expect(text).toContain('Bands are of what an order came to when it was sold, with tax and tips')
})

it('compares the bands, ranks them where they are sorted, and takes filters and limits', async () => {
  const year = await report({
    groupBy: ['order_total'],
    measures: ['orders'],
    compare: 'year',
    filters: ['total=50-150'],
  })
  expect(year.data.rows).toMatchObject([
    { key: '50 to below 100', orders: 2, ordersYearBefore: 1, yearChangePercent: '100.0' },
    { key: '100 to below 200', orders: 1, ordersYearBefore: 0 },
  ])
  const { data, text } = await report({
    groupBy: ['order_total'],
    measures: ['net_sales'],
    sort: 'net_sales',
    limit: 2,
  })
  expect(data.rows.map(({ key }: { key: string }) => key)).toEqual(['2,000 to below 5,000', '50 to below 100'])
  expect(text).toMatch(/^Only 2 of 7 bands of order totals are shown/)
})

it('goes beside another group, in order too', async () => {
  const { data } = await report({ groupBy: ['day', 'order_total'], measures: ['orders'], filters: ['total>=1'] })
  const [names, rows] = [data.columns.names, data.rows]
  const [bands, cells] =
    names.length > 1
      ? [names, rows[0].orders]
      : [rows.map(({ key }: { key: string }) => key), rows.map(({ orders }: { orders: number[] }) => orders[0])]
  expect(bands).toEqual([
    '1 to below 2',
    '20 to below 50',
    '50 to below 100',
    '100 to below 200',
    '2,000 to below 5,000',
  ])
  expect(cells).toEqual([1, 1, 2, 1, 1])
})

it('names the last bands', () => {
  expect(bandName(30)).toBe('2,000,000,000 to below 5,000,000,000')
  expect(bandName(31)).toBe('5,000,000,000 and more')
})
