import { afterAll, beforeAll, expect, it } from 'vitest'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Shop } from '../../support/shop.ts'

// A lamp of 30.00 is sold on Tuesday and comes back on Wednesday: together nothing, and neither day is. A cup of 10.00
// is sold on both. Pins are given away.
let service: Service
let shop: Shop
let token: string
const DAYS = { from: '2026-03-10', to: '2026-03-11' }

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  const { db } = service
  shop = await makeShop(db)
  await makeUser(db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
  service.now = new Date('2026-03-20T18:00:00Z')
  const [lamp, cup, pin] = [
    await makeProduct(db, shop, { sku: 'LAMP' }),
    await makeProduct(db, shop, { sku: 'CUP' }),
    await makeProduct(db, shop, { sku: 'PIN' }),
  ]
  const [tuesday, wednesday] = ['2026-03-10T18:00:00Z', '2026-03-11T18:00:00Z']
  const orderId = await makeOrder(db.database, shop, {
    number: '1',
    at: tuesday,
    lines: [
      { ...lamp, quantity: '1', unitPrice: '30' },
      { ...cup, quantity: '1', unitPrice: '10' },
      { ...pin, quantity: '1', unitPrice: '0' },
    ],
  })
  await makeOrder(db.database, shop, {
    number: '2',
    at: wednesday,
    lines: [{ ...cup, quantity: '1', unitPrice: '10' }],
  })
  await makeRefund(db.database, shop, {
    orderId,
    at: wednesday,
    lines: [{ ...lamp, line: 1, quantity: '1', returns: '30' }],
  })
})
afterAll(() => service?.close())

const report = async (args: object) => {
  const { data, text, isError } = await call(service.app, token, 'get_sales_report', { ...DAYS, ...args })
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return { data, text: text as string }
}

it('has the values whose cells come to nothing together, so that the cells add up to the totals', async () => {
  for (const time of ['day', 'weekday']) {
    const { data } = await report({ groupBy: [time, 'product'], measures: ['net_sales'] })
    expect(data.columns).toMatchObject({ names: ['CUP', 'LAMP'], totals: { netSales: ['20.00', '0.00'] } })
    expect(data.rows).toMatchObject([
      { netSales: ['10.00', '30.00'], all: { netSales: '40.00' } },
      { netSales: ['10.00', '-30.00'], all: { netSales: '-20.00' } },
    ])
    expect(data.about).not.toHaveProperty('cut')
  }
})

it('counts them among what is cut', async () => {
  const { text } = await report({ groupBy: ['day', 'product'], measures: ['net_sales'], limit: 1 })
  expect(text).toMatch(/^Only 1 of 2 products is shown/)
})
