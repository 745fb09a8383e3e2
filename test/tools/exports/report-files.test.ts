import { parse } from 'csv-parse/sync'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTill, type Till } from '../../support/till.ts'

const YEAR = { from: '2025-03-11', to: '2026-03-10' }
const PRODUCTS = 20

let till: Till
beforeAll(async () => {
  till = await startTill()
  await till.service.db.asOwner("insert into customer (business_id, code, name) values ($1, 'C-1', 'José')", [
    till.shop.id,
  ])
  // Each sold once, at 100 without tax.
  for (let index = 0; index < PRODUCTS; index++) {
    const sku = `ROW-${String(index).padStart(2, '0')}`
    await till.product(sku, { price: '112' })
    await till.ok('create_order', { items: [{ product: sku, quantity: '1' }], clientId: 'C-1' })
  }
})
afterAll(() => till?.service.close())

async function rowsOf(args: Record<string, unknown>, what = 'get_sales_report'): Promise<Record<string, string>[]> {
  const { data } = await till.ok('export_data', { what, arguments: args })
  const { pathname, search } = new URL(data.url)
  const { statusCode, body } = await till.service.app.inject({ method: 'GET', url: pathname + search })
  expect([statusCode, statusCode === 200 ? '' : body]).toEqual([200, ''])
  return parse(body, { bom: true, columns: true })
}

const titlesOf = async (groupBy: string[]) => Object.keys((await rowsOf({ groupBy, measures: ['net_sales'] }))[0] ?? {})

it.each([[{ groupBy: ['day'] }], [{}]])('a report of a year by day has each day of it: %j', async (args) => {
  const days = await rowsOf({ ...YEAR, ...args })
  expect([days.length, days[0]?.Day, days[0]?.Total]).toEqual([365, '2025-03-11', '0.00'])
  expect([days.at(-1)?.Day, days.at(-1)?.Total]).toEqual(['2026-03-10', '2240.00'])
  expect(Object.keys(days[0] ?? {})).toEqual(['Day', 'Net sales', 'Tax', 'Total', 'Orders', 'Average sale'])
})

it('a report of two groups has all values of the second, where an answer has the first ones', async () => {
  const asked = { ...YEAR, groupBy: ['week', 'product'], measures: ['net_sales'] }
  const rows = await rowsOf(asked)
  expect(rows).toHaveLength(53)
  const row = rows.at(-1) ?? {}
  expect(Object.keys(row)).toHaveLength(1 + PRODUCTS + 1)
  expect(row).toMatchObject({ Week: '2026-03-09', 'Net sales (ROW-19)': '100.00', 'All net sales': '2000.00' })
  const { data } = await till.ok('get_sales_report', asked)
  expect(data.columns.names.length).toBeLessThan(PRODUCTS)
})

it('a report says what each row is about, and by which code', async () => {
  expect(await titlesOf(['client', 'order_type'])).toEqual(['Client', 'Client code', 'Order type', 'Net sales'])
  expect(await titlesOf(['variant', 'client'])).toEqual(['Variant', 'SKU', 'Client', 'Client code', 'Net sales'])
  expect(await titlesOf(['week'])).toEqual(['Week', 'From', 'To', 'Days', 'Is partial', 'Net sales'])
  expect(await titlesOf(['hour', 'client'])).toEqual(['Hour', 'Net sales (José C-1)', 'All net sales'])
  const [sold] = await rowsOf({ groupBy: ['variant'], sort: '-net_sales' })
  expect(sold).toMatchObject({ SKU: expect.stringMatching(/^ROW-\d\d$/), 'Net sales': '100.00' })
})

it('a report that is not grouped has its totals', async () => {
  expect(await rowsOf({ groupBy: [] })).toMatchObject([{ 'Net sales': '2000.00', Tax: '240.00', Orders: '20' }])
})
