import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DIMENSIONS } from '../../../src/pos/reports/dimensions.ts'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Shop } from '../../support/shop.ts'

// Sales of 10.00 a piece, without tax, by the clock of Guatemala (UTC-6). Bread is of the category Pan, from Norte, at a
// rate of 0 %; of mugs none of these is known.
//   1   11 March 2025, 12:00   2 mugs            nobody   cash 20
//   2   10 March 2026, 09:00   3 bread           Eva      cash 30          to Luz of Antigua
//   3   10 March 2026, 15:00   2 mugs            Eva      cash 5 of 20     to Leo, whose city is blank
//   4   11 March 2026, 09:00   4 bread, 1 mug    nobody   nothing of 50
//       12 March 2026, 12:00   1 bread of it comes back, 10 in cash
//   5   11 March 2026, 15:00   1 bread           Eva      card 10
//   6   10 February 2026       1 pin of the category "Sin categoría"      cash 10
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
  const bread = await makeProduct(db, shop, { sku: 'PAN', category: 'Pan' })
  const mug = await makeProduct(db, shop, { sku: 'MUG' })
  const pin = await makeProduct(db, shop, { sku: 'PIN', category: 'Sin categoría' })
  const run = (text: string) => db.asOwner(text, [shop.id])
  await run("insert into supplier (business_id, name) values ($1, 'Norte')")
  await run(`update product set supplier_id = (select id from supplier where business_id = $1)
    where business_id = $1 and name <> 'MUG'`)
  await run("insert into employee (business_id, number, name) values ($1, '7', 'Eva')")
  await run(
    "insert into customer (business_id, code, name, city) values ($1, 'C-1', 'Luz', 'Antigua'), ($1, 'C-2', 'Leo', ' ')",
  )
  const orders = new Map<string, string>()
  for (const [number, at, pieces, payments] of [
    ['1', '2025-03-11T18:00:00Z', [[mug, '2']], [{ method: 'cash', amount: '20' }]],
    ['2', '2026-03-10T15:00:00Z', [[bread, '3']], [{ method: 'cash', amount: '30' }]],
    ['3', '2026-03-10T21:00:00Z', [[mug, '2']], [{ method: 'cash', amount: '5' }]],
    [
      '4',
      '2026-03-11T15:00:00Z',
      [
        [bread, '4'],
        [mug, '1'],
      ],
      undefined,
    ],
    ['5', '2026-03-11T21:00:00Z', [[bread, '1']], [{ method: 'card', amount: '10' }]],
    ['6', '2026-02-10T18:00:00Z', [[pin, '1']], [{ method: 'cash', amount: '10' }]],
  ] as const) {
    const lines = pieces.map(([product, quantity]) => ({ ...product, quantity, unitPrice: '10' }))
    const paid = payments === undefined ? {} : { payments: [...payments] }
    orders.set(number, await makeOrder(db.database, shop, { number, at, lines, ...paid }))
  }
  await makeRefund(db.database, shop, {
    orderId: orders.get('4') as string,
    at: '2026-03-12T18:00:00Z',
    lines: [{ ...bread, line: 1, quantity: '1', returns: '10' }],
  })
  await run(`update orders set sold_by = (select id from employee where business_id = $1)
    where business_id = $1 and order_number in ('2', '3', '5')`)
  await run(`update orders o set customer_id = (select id from customer c where c.business_id = $1
      and c.name = case order_number when '2' then 'Luz' else 'Leo' end)
    where business_id = $1 and order_number in ('2', '3')`)
  await db.till.within({ businessId: shop.id }, 'write', (trx) =>
    sql`update order_item set tax_rate = null where variant_id = ${mug.variantId}`.execute(trx),
  )
})
afterAll(() => service?.close())

const report = async (args: object) => {
  const { data, text, isError } = await call(service.app, token, 'get_sales_report', { ...DAYS, ...args })
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return { data, text: text as string }
}

/** Net sales of each filter, and a year before. */
const SOLD = [
  // 50 + 10 − 10.
  ['client=none', '50.00', '20.00', 'without a client'],
  // 50 − 10.
  ['employee=none', '40.00', '20.00', 'sold by nobody known'],
  // 20 + 10.
  ['category=none', '30.00', '20.00', 'of no category'],
  ['supplier=none', '30.00', '20.00', 'of no known supplier'],
  ['tax_rate=none', '30.00', '20.00', 'of which no tax rate is stated'],
  // Leo's 20, and what is without a client.
  ['city=none', '70.00', '20.00', 'without a client or of clients without a city'],
  // Whole orders: 20 + 50 − 10.
  ['payment_method=none', '60.00', '0.00', 'with no known payment'],
] as const

describe.each(SOLD)('the filter %s', (filter, now, before, words) => {
  it('tells what has none, beside the year before, and says so', async () => {
    const { data, text } = await report({ groupBy: [], measures: ['net_sales'], filters: [filter], compare: 'year' })
    expect(data.totals.netSales).toBe(now)
    expect(data.comparison.year.totals.netSales).toBe(before)
    expect(data.about.filters).toEqual([words])
    expect(text.split('\n')[0]).toContain(`2026-03-10 to 2026-03-12 ${words} (`)
  })

  it('goes with every group, and the totals are the same', async () => {
    for (const dimension of DIMENSIONS) {
      const isLine = /^(category|supplier|tax_rate)/.test(filter)
      if (dimension === 'payment_method') continue
      const groups = isLine || dimension === 'hour' ? [[dimension]] : [[dimension], [dimension, 'hour']]
      for (const groupBy of groups) {
        const { data } = await report({ groupBy, measures: ['net_sales'], filters: [filter] })
        expect([groupBy, data.totals.netSales]).toEqual([groupBy, now])
      }
    }
  })

  it('is the row of none', async () => {
    const groupBy = [filter.split('=')[0]]
    const measures = [groupBy[0] === 'payment_method' ? 'total' : 'net_sales']
    const all = await report({ groupBy, measures })
    const [row, ...others] = (await report({ groupBy, measures, filters: [filter] })).data.rows
    expect(others).toEqual([])
    expect(all.data.rows).toContainEqual(row)
  })
})

describe('filters of none', () => {
  it('go together, and with hours and a second group', async () => {
    const { data } = await report({
      ...{ groupBy: ['employee', 'day'], measures: ['net_sales'], filters: ['client=none'] },
    })
    expect(data.columns.names).toEqual(['unknown employee', 'Eva'])
    expect(data.rows).toMatchObject([
      { key: '2026-03-10', netSales: [null, null] },
      { key: '2026-03-11', netSales: ['50.00', '10.00'] },
      { key: '2026-03-12', netSales: ['-10.00', null] },
    ])
    const morning = await report({ groupBy: [], filters: ['client=none', 'employee=none', 'hour=9-12'] })
    expect(morning.data.totals).toMatchObject({ netSales: '50.00', orders: 1 })
    // The mug of order 4, and 10 of what came back is bread.
    const mug = await report({ groupBy: ['product'], filters: ['client=none', 'category=none'] })
    expect(mug.data.rows).toMatchObject([{ key: 'MUG', netSales: '10.00' }])
  })

  it('of payments tell what is not known to be paid, without what is', async () => {
    // 15 of order 3, 50 of order 4.
    const filters = ['payment_method=none']
    const { data } = await report({ groupBy: ['day', 'payment_method'], filters })
    expect(data.totals.total).toBe('65.00')
    const { data: totals } = await report({ groupBy: [], measures: ['total'], filters })
    expect(totals.totals.total).toBe('65.00')
    const orders = await report({ groupBy: [], measures: ['orders'], filters })
    expect(orders.data.totals).toMatchObject({ orders: 2, netSales: '60.00' })
    expect(orders.text).toContain('Orders whose known payments do not add up to their total')
    expect(orders.data.about.basis).not.toHaveProperty('call')
  })

  it.each([
    ['client', ['no client', 'Sin cliente', 'ninguno', 'NULL'], '50.00'],
    ['employee', ['nobody', 'unknown employee', 'sin vendedor'], '40.00'],
    ['city', ['no client or no city', 'sin ciudad'], '70.00'],
  ])('of %s are taken in other words', async (name, texts, net) => {
    for (const text of texts) {
      const { data } = await report({ groupBy: [], filters: [`${name}=${text}`] })
      expect([text, data.totals.netSales]).toEqual([text, net])
    }
  })

  it('give way to what is called so', async () => {
    const all = { from: '2026-02-01', groupBy: [] }
    const called = await report({ ...all, filters: ['category=sin categoria'] })
    expect(called.data.totals.netSales).toBe('10.00')
    expect(called.data.about.filters).toEqual(['of Sin categoría'])
    expect((await report({ ...all, filters: ['category=no category'] })).data.totals.netSales).toBe('30.00')
  })

  it('have their orders listed', async () => {
    for (const [filters, numbers] of [
      [['client=none'], ['5', '4']],
      [['employee=none'], ['4']],
      [['client=none', 'employee=Eva'], ['5']],
    ] as const) {
      const { basis } = (await report({ groupBy: [], filters })).data.about
      const { data } = await call(service.app, token, basis.call.tool, basis.call.arguments)
      expect([basis.orders, data.matching.orders]).toEqual([numbers.length, numbers.length])
      const at = data.columns.indexOf('order')
      expect(data.orders.map((row: string[]) => row[at])).toEqual(numbers)
    }
  })

  it('are named where nothing else fits', async () => {
    for (const filter of ['client=Ximena', 'employee=Ximena', 'category=Ximena', 'payment_method=bitcoin', 'total']) {
      const { text, isError } = await call(service.app, token, 'get_sales_report', { filters: [filter] })
      expect([isError, text]).toEqual([true, expect.stringContaining('none')])
    }
  })
})
