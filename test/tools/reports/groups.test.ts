import { afterAll, beforeAll, expect, it } from 'vitest'
import { DIMENSIONS } from '../../../src/pos/reports/dimensions.ts'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

// Sales of 10.00 a piece, without tax, by the clock of Guatemala (UTC-6):
//   1   10 March 2025, 12:00   1 piece    nobody
//   2   10 March 2026, 09:00   3 pieces   sold by Eva to Luz of Antigua
//   3   10 March 2026, 18:00   2 pieces   sold by Eva
//   4   11 March 2026, no time 4 pieces   nobody
//   5   11 March 2026, 09:00   1 comes back without its sale
//   6   opened on the 11th, completed on 12 March 2026, 02:00: 1 piece
let service: Service
let shop: Shop
let token: string
const DAYS = { from: '2026-03-10', to: '2026-03-12' }

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  const { db } = service
  shop = await makeShop(db)
  await makeUser(db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
  service.now = new Date('2026-03-20T18:00:00Z')
  const item: Product = await makeProduct(db, shop, { sku: 'A', name: 'Galleta', category: 'Pan' })
  for (const [number, at, quantity] of [
    ['1', '2025-03-10T18:00:00Z', '1'],
    ['2', '2026-03-10T15:00:00Z', '3'],
    ['3', '2026-03-11T00:00:00Z', '2'],
    ['4', '2026-03-11T18:00:00Z', '4'],
    ['5', '2026-03-11T15:00:00Z', '-1'],
    ['6', '2026-03-12T08:00:00Z', '1'],
  ] as const) {
    await makeOrder(db.database, shop, { number, at, lines: [{ ...item, quantity, unitPrice: '10' }] })
  }
  const run = (text: string) => db.asOwner(text, [shop.id])
  await run("insert into customer (business_id, code, name, city) values ($1, 'C-1', 'Luz', ' Antigua ')")
  await run("insert into employee (business_id, number, name) values ($1, '7', 'Eva')")
  await run(`update orders set sold_by = (select id from employee where business_id = $1)
    where business_id = $1 and order_number in ('2', '3')`)
  await run(`update orders set customer_id = (select id from customer where business_id = $1)
    where business_id = $1 and order_number = '2'`)
  await run("update orders set has_time = false where business_id = $1 and order_number = '4'")
  await run("update orders set opened_at = '2026-03-11T20:00:00Z' where business_id = $1 and order_number = '6'")
})
afterAll(() => service?.close())

const report = async (args: object) => {
  const { data, text, isError } = await call(service.app, token, 'get_sales_report', { ...DAYS, ...args })
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return { data, text }
}
const pairs = ({ data }: { data: { rows: { key: string; netSales: string }[] } }) =>
  data.rows.map(({ key, netSales }) => [key, netSales])

it('tells zeros where nothing matches', async () => {
  const { data } = await report({ groupBy: ['month'], filters: ['total=5000-'], measures: ['returns', 'tax'] })
  expect(data.totals).toMatchObject({ netSales: '0.00', tax: '0.00', returns: '0.00', orders: 0 })
  expect(data.about.basis.orders).toBe(0)
})

it('groups by employee, client and city', async () => {
  const measures = ['net_sales']
  // Eva 30 + 20; nobody 40 − 10 + 10.
  expect(pairs(await report({ groupBy: ['employee'], measures }))).toEqual([
    ['Eva', '50.00'],
    ['unknown employee', '40.00'],
  ])
  expect(pairs(await report({ groupBy: ['client'], measures }))).toEqual([
    ['no client', '60.00'],
    ['Luz', '30.00'],
  ])
  expect(pairs(await report({ groupBy: ['city'], measures }))).toEqual([
    ['no client or no city', '60.00'],
    ['Antigua', '30.00'],
  ])
})

it('leaves sales of unknown time out of hours, and says how much', async () => {
  const { data, text } = await report({ groupBy: [], measures: ['net_sales'], filters: ['hour=9-19'] })
  // 30 + 20 − 10.
  expect(data.totals.netSales).toBe('40.00')
  expect(text).toContain('Sales whose time of day is not known are left out: net GTQ 40.00.')
})

it('tells them in net sales where the first measure does not add up', async () => {
  for (const measures of [['average_sale'], ['share']]) {
    const { text } = await report({ groupBy: [], measures, filters: ['hour=9-19'] })
    expect(text).toContain('Sales whose time of day is not known are left out: net GTQ 40.00.')
  }
})

it('says of nothing that it is cut where nothing matches', async () => {
  for (const groupBy of [
    ['day', 'category'],
    ['day', 'location'],
    ['day', 'hour'],
  ]) {
    const { data, text } = await report({ groupBy, measures: ['net_sales'], filters: ['weekday=Sun'] })
    expect(data.about).not.toHaveProperty('cut')
    expect(text).not.toContain('are shown')
  }
})

it('has the hours in their order, also the first few of them', async () => {
  // 02:00, 09:00, 18:00; as texts, 18 would come before 2.
  const { data } = await report({ groupBy: ['hour'], measures: ['orders'], limit: 2 })
  expect(data.rows.map(({ key }: { key: string }) => key)).toEqual(['02:00', '09:00', 'unknown time'])
})

it('lists only the days and weekdays that a filter leaves', async () => {
  const filters = ['weekday=Tue']
  for (const groupBy of [['day'], ['day', 'location']]) {
    expect((await report({ groupBy, measures: ['net_sales'], filters })).data.rows).toMatchObject([
      { key: '2026-03-10' },
    ])
  }
  const { data } = await report({ groupBy: ['weekday'], measures: ['net_sales'], filters })
  expect(data.rows).toMatchObject([{ key: 'Tuesday', netSales: '50.00' }])
})

it('tells a mean per day of what adds up, orders too, and of nothing else', async () => {
  const march = { from: '2026-03-03', to: '2026-03-10', groupBy: ['weekday'] }
  const { data, text } = await report({ ...march, measures: ['orders'] })
  // Two orders on the two Tuesdays.
  expect(data.rows[1]).toEqual({ key: 'Tuesday', orders: 2, days: 2, ordersPerDay: '1.0' })
  expect(text).toContain('| Tuesday | 2 | 2 | 1.0 |')
  // Two orders on ten Tuesdays are not none.
  const long = await report({ from: '2026-01-05', to: '2026-03-15', groupBy: ['weekday'], measures: ['orders'] })
  expect(long.data.rows[1]).toMatchObject({ key: 'Tuesday', days: 10, ordersPerDay: '0.20' })
  const mean = await report({ ...march, measures: ['average_sale', 'orders'] })
  expect(mean.data.rows[1]).toEqual({ key: 'Tuesday', averageSale: '25.00', orders: 2 })
  expect(mean.text).not.toMatch(/per day/i)
  const hours = await report({ groupBy: [], measures: ['orders'], filters: ['hour=9-19'] })
  expect(hours.text).toContain('Sales whose time of day is not known are left out: orders 1.')
})

it('compares a day that is still running with the same hours by city, category and supplier', async () => {
  service.now = new Date('2026-03-17T16:00:00Z')
  try {
    const today = { from: '2026-03-17', to: '2026-03-17', compare: 'previous', measures: ['net_sales'] }
    // A week before, only the three pieces to Luz of Antigua were sold by 10:00.
    const before = async (args: object) =>
      (await report({ ...today, ...args })).data.rows.map(
        (row: { key: string; netSalesBefore: string }) => `${row.key} ${row.netSalesBefore}`,
      )
    expect(await before({ groupBy: ['city'] })).toContain('Antigua 30.00')
    expect(await before({ groupBy: ['category'] })).toEqual(['Pan 30.00'])
    expect(await before({ groupBy: ['supplier'] })).toEqual(['no supplier 30.00'])
    expect(await before({ groupBy: ['client'], filters: ['city=Antigua'] })).toEqual(['Luz 30.00'])
    const filters = [['city=antigua'], ['category=Pan'], ['supplier=none']]
    for (const each of filters)
      expect(await before({ groupBy: ['location'], filters: each })).toEqual([`Location 1 30.00`])
  } finally {
    service.now = new Date('2026-03-20T18:00:00Z')
  }
})

it('compares two dimensions with the year before', async () => {
  const { data } = await report({
    ...{ from: '2026-03-10', to: '2026-03-19', groupBy: ['employee', 'month'], measures: ['net_sales'] },
    ...{ compare: 'year' },
  })
  // 10.00 a year before, to nobody's name; 90.00 now: 800 % more.
  expect(data.comparison.year).toMatchObject({
    ...{ from: '2025-03-10', to: '2025-03-19', totals: { netSales: '10.00' }, changePercent: { netSales: '800.0' } },
  })
  expect(data.rows).toMatchObject([
    { key: 'Eva', netSales: ['50.00'], netSalesYearBefore: ['0.00'] },
    { key: 'unknown employee', netSales: ['40.00'], netSalesYearBefore: ['10.00'] },
  ])
})

it('has the cells of every measure of two dimensions in the data, those of total too', async () => {
  const { data } = await report({ groupBy: ['day', 'location'], measures: ['total', 'tax'] })
  expect(data.rows[0]).toEqual({
    ...{ key: '2026-03-10', total: ['50.00'], tax: ['0.00'], all: { total: '50.00', tax: '0.00' } },
  })
  const paid = await report({ groupBy: ['payment_method', 'day'] })
  expect(paid.data.rows).toMatchObject([{ total: ['50.00'] }, { total: ['30.00'] }, { total: ['10.00'] }])
})

it('names as many orders as its call lists: by completion, with those that only took goods back', async () => {
  for (const [args, orders] of [
    [DAYS, 5],
    [{ from: '2026-03-12', to: '2026-03-12' }, 1],
    [{ filters: ['employee=Eva'] }, 2],
    [{ filters: ['client=C-1'] }, 1],
  ] as const) {
    const { basis } = (await report({ ...args, groupBy: [] })).data.about
    const { data } = await call(service.app, token, basis.call.tool, basis.call.arguments)
    expect([basis.orders, data.matching.orders]).toEqual([orders, orders])
  }
  expect((await report({ groupBy: [] })).text).toContain('5 orders, of which 1 only took goods back.')
})

it('takes a city by words of its name, and none where no client is', async () => {
  const asked = (filter: string) =>
    call(service.app, token, 'get_sales_report', { ...DAYS, groupBy: [], filters: [filter] })
  const { data } = await asked('city=ANTI')
  expect(data.about.filters).toEqual(['of clients in Antigua'])
  expect((await asked('city=Xela')).text).toBe(
    'invalid_argument: city must be one of: Antigua. "none" takes what has none.',
  )
})

it.each([
  ...['category=Pan', 'product=Galleta', 'product=A', 'client=C-1', 'city=Antigua', 'employee=7', 'tax_rate=0'],
  ...['discounted=no', 'order_type=retail', 'location=Location 1', 'hour=9-19', 'weekday=Tue', 'total=10-'],
])('takes the filter %s with every group, and the totals are the same', async (filter) => {
  const whole = await report({ groupBy: [], filters: [filter] })
  expect(Number(whole.data.totals.netSales)).toBeGreaterThan(0)
  const others = DIMENSIONS.filter((dimension) => dimension !== 'payment_method')
  for (const dimension of others) {
    const { data } = await report({ groupBy: [dimension], measures: ['net_sales'], filters: [filter] })
    expect([dimension, data.totals.netSales]).toEqual([dimension, whole.data.totals.netSales])
  }
})
