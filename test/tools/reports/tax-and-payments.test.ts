import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

// March 2026 of a Guatemalan business (UTC-6) with a branch in Kathmandu (UTC+5:45). Tax is inside the prices: 12 %,
// 5 % on books, none on water. Every figure is worked out by hand:
//
//   day     what                                           net      tax    paid
//   10      3 coffees at 11.20, 12 % inside              30.00     3.60    cash 40.00 and card 19.60, a tip of 5.00
//           2 books at 10.50, 5 % inside                 20.00     1.00    among it
//   11      1 coffee comes back without its sale        -10.00    -1.20    cash -7.20
//           1 water at 4.00                               4.00     0.00    among it
//   12      1 book of the 10th is refunded, tip 1.00    -10.00    -0.50    cash back 11.50
//   31      1 coffee in Kathmandu, where it is April     10.00     1.20    card 11.20
let service: Service
let shop: Shop
let crowd: Shop
let crumbs: Shop
let foreign: Shop
let fine: Shop
let token: string
let cashier: string
const MARCH = { from: '2026-03-01', to: '2026-03-31' }

beforeAll(async () => {
  service = await startService({ users: ['ana', 'cas'] })
  const { db } = service
  shop = await makeShop(db, {
    locationZones: ['America/Guatemala', 'Asia/Kathmandu'],
    pricesIncludeTax: true,
    taxRate: '0.12',
  })
  crowd = await makeShop(db, { name: 'Mercado' })
  crumbs = await makeShop(db, { name: 'Migas' })
  foreign = await makeShop(db, { name: 'Foreign' })
  fine = await makeShop(db, { name: 'Al peso' })
  await makeUser(
    db,
    'ana',
    [shop, crowd, crumbs, fine].map((each) => ({ shop: each, role: 'owner' })),
  )
  await makeUser(db, 'cas', [{ shop, role: 'cashier' }])
  token = await service.tokenOf('ana')
  cashier = await service.tokenOf('cas')
  // 17:00 on the 31st in Guatemala, 04:45 on the 1st of April in Kathmandu.
  service.now = new Date('2026-03-31T23:00:00Z')

  const coffee = { ...(await makeProduct(db, shop, { sku: 'COF' })), unitPrice: '11.20', taxRate: '0.12' }
  const book = { ...(await makeProduct(db, shop, { sku: 'BOK' })), unitPrice: '10.50', taxRate: '0.05' }
  const water = { ...(await makeProduct(db, shop, { sku: 'AQU' })), unitPrice: '4', taxRate: '0' }
  type Goods = Product & { unitPrice: string; taxRate: string }
  const sell = (
    number: string,
    at: string,
    goods: [Goods, string][],
    payments: [string, string][],
    more: { tips?: string; location?: string; status?: 'open' | 'cancelled' } = {},
  ) =>
    makeOrder(db.database, shop, {
      number,
      at,
      lines: goods.map(([product, quantity]) => ({ ...product, quantity, taxIncluded: true })),
      payments: payments.map(([method, amount]) => ({ method, amount })),
      ...more,
    })
  const sold = await sell(
    '1',
    '2026-03-10T18:00:00Z',
    [
      [coffee, '3'],
      [book, '2'],
    ],
    [
      ['cash', '40'],
      ['card', '19.60'],
    ],
    { tips: '5' },
  )
  await sell(
    '2',
    '2026-03-11T12:00:00Z',
    [
      [coffee, '-1'],
      [water, '1'],
    ],
    [['cash', '-7.20']],
  )
  await makeRefund(db.database, shop, {
    orderId: sold,
    at: '2026-03-12T18:00:00Z',
    lines: [{ ...book, line: 2, quantity: '1', returns: '10', tax: '0.50' }],
    tips: '1',
  })
  await sell('3', '2026-03-31T20:00:00Z', [[coffee, '1']], [['card', '11.20']], {
    location: shop.locations[1] as string,
  })
  await sell('4', '2026-03-10T18:00:00Z', [[coffee, '9']], [['cash', '100.80']], { status: 'open' })
  await sell('5', '2026-03-10T18:00:00Z', [[book, '9']], [['cash', '94.50']], { status: 'cancelled' })
  await sell('6', '2026-02-28T18:00:00Z', [[coffee, '1']], [['voucher', '11.20']])

  // 60 tax rates, from 1 % up, and 40 payment methods of 1.00 to 40.00.
  const item = await makeProduct(db, crowd, { sku: 'X' })
  await makeOrder(db.database, crowd, {
    number: '1',
    at: '2026-03-10T18:00:00Z',
    lines: Array.from({ length: 60 }, (_, index) => ({
      ...item,
      quantity: '1',
      unitPrice: '100',
      taxRate: `${(index + 1) / 100}`,
    })),
    payments: Array.from({ length: 40 }, (_, index) => ({ method: `method ${index + 1}`, amount: `${index + 1}` })),
  })

  // Three methods and tax rates, and of each a crumb that is paid back.
  const crumb = await makeProduct(db, crumbs, { sku: 'X' })
  for (const [index, method] of ['a', 'b', 'c'].entries()) {
    const taxRate = `0.0${index + 1}`
    const orderId = await makeOrder(db.database, crumbs, {
      number: `${index}`,
      at: '2026-03-10T18:00:00Z',
      lines: [{ ...crumb, quantity: '1', unitPrice: '100', taxRate }],
      payments: [{ method, amount: `${101 + index}` }],
    })
    await makeRefund(db.database, crumbs, {
      orderId,
      at: '2026-03-20T18:00:00Z',
      lines: [{ ...crumb, line: 1, quantity: '0', returns: '0.002', tax: '0.002' }],
      method,
    })
  }
})
afterAll(() => service?.close())

const ask = async (tool: string, args: Record<string, unknown> = {}) => {
  const { data, text, isError } = await call(service.app, token, tool, args)
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return { data, text: text.split('\n\nBusiness')[0] as string }
}
const salesReport = async (args: Record<string, unknown>) => (await ask('get_sales_report', args)).data.totals

describe('get_tax_report', () => {
  it('counts rates whose net sales round to nothing in the whole', async () => {
    const { db } = service
    for (const [taxRate, net] of [
      ['0.12', '10.004'],
      ['0.05', '0.004'],
      ['0', '0.004'],
    ] as const) {
      const product = await makeProduct(db, fine, { sku: taxRate })
      const lines = [{ ...product, quantity: '1', unitPrice: '10', taxRate }]
      await makeOrder(db.database, fine, { number: taxRate, at: '2026-03-10T18:00:00Z', lines })
      await db.till.within({ businessId: fine.id }, 'write', (trx) =>
        sql`update order_item set gross_sales = ${net}, tax = 0 where variant_id = ${product.variantId}`.execute(trx),
      )
    }
    const { data, text } = await ask('get_tax_report', { ...MARCH, businessId: fine.id })
    expect(data.rows).toMatchObject([{ ratePercent: '12', netSales: '10.00', tax: '0.00' }])
    // 10.012.
    expect(data.totals).toEqual({ netSales: '10.01', tax: '0.00' })
    expect(text).toContain('| All | 10.01 | 0.00 |')
  })

  const rates = (data: { rows: { ratePercent: string; netSales: string; tax: string }[] }) =>
    data.rows.map((row) => [row.ratePercent, row.netSales, row.tax])

  it('gives what was taxed at each rate, less what came back', async () => {
    const { data } = await ask('get_tax_report', MARCH)
    expect(data).toEqual({
      business: expect.anything(),
      window: { ...MARCH, timezone: 'America/Guatemala', currency: 'GTQ', soFar: '17:00' },
      location: null,
      pricesIncludeTax: true,
      terms: expect.stringContaining('tax paid on purchases is not deducted'),
      totals: { netSales: '44.00', tax: '4.10' },
      basis: {
        definition: expect.stringContaining('day of its completion'),
        // Orders 1, 2 and 3.
        orders: 3,
        call: { tool: 'list_orders', arguments: { ...MARCH, status: 'completed' } },
        reconciliation:
          'Net GTQ 44.00 + tax GTQ 4.10 + tips GTQ 4.00 = total GTQ 52.10; paid GTQ 70.80 − paid back GTQ 18.70; difference GTQ 0.00.',
      },
      rows: [
        // 30 − 10 + 10, and 3.60 − 1.20 + 1.20.
        { ratePercent: '12', netSales: '30.00', tax: '3.60' },
        // 20 − 10, and 1.00 − 0.50.
        { ratePercent: '5', netSales: '10.00', tax: '0.50' },
        { ratePercent: '0', netSales: '4.00', tax: '0.00' },
      ],
    })
  })

  it.each([MARCH, { from: '2026-03-12', to: '2026-03-12' }, { from: '2026-02-01', to: '2026-03-11' }])(
    'agrees with the sales report: %j',
    async (window) => {
      const totals = await salesReport({ ...window, groupBy: 'month' })
      const { data } = await ask('get_tax_report', window)
      expect(data.totals).toEqual({ netSales: totals.netSales, tax: totals.tax })
    },
  )

  it('counts a refund on its own day, at the rate of its line', async () => {
    expect(rates((await ask('get_tax_report', { from: '2026-03-12', to: '2026-03-12' })).data)).toEqual([
      ['5', '-10.00', '-0.50'],
    ])
  })

  it('follows the clock of a location, by default for its month', async () => {
    const [home, kathmandu] = shop.locations
    expect(rates((await ask('get_tax_report', { locationId: home })).data)).toEqual([
      ['12', '20.00', '2.40'],
      ['5', '10.00', '0.50'],
      ['0', '4.00', '0.00'],
    ])
    const { data, text } = await ask('get_tax_report', { locationId: kathmandu })
    expect(data.window).toEqual({
      from: '2026-04-01',
      to: '2026-04-01',
      soFar: '04:45',
      timezone: 'Asia/Kathmandu',
      currency: 'GTQ',
    })
    expect(rates(data)).toEqual([['12', '10.00', '1.20']])
    expect(text).toContain('2026-04-01 at Location 2 (days of Asia/Kathmandu; so far (04:45))')
    expect((await ask('get_tax_report', { ...MARCH, locationId: kathmandu })).text).toBe(
      'No sales to tax, 2026-03-01 to 2026-03-31 at Location 2 (days of Asia/Kathmandu).\nSales on file begin on 2026-04-01.',
    )
  })

  it('is complete as text alone', async () => {
    expect((await ask('get_tax_report')).text).toBe(
      [
        'Tax GTQ 4.10 on net sales GTQ 44.00 without tax, 2026-03-01 to 2026-03-31 (days of America/Guatemala; so far (17:00)).',
        '| rate % | net sales | tax |',
        '|---|---|---|',
        '| 12 | 30.00 | 3.60 |',
        '| 5 | 10.00 | 0.50 |',
        '| 0 | 4.00 | 0.00 |',
        '| All | 44.00 | 4.10 |',
        'Amounts in GTQ, less returns and refunds. Prices include tax; net sales are without it, and tax is rounded on each line. Tax on sales only: tax paid on purchases is not deducted.',
        'Basis: A sale counts on the local day of its completion, a refund on its own day; open and cancelled orders never. 3 orders. list_orders {"from":"2026-03-01","to":"2026-03-31","status":"completed"} lists them.',
        'Net GTQ 44.00 + tax GTQ 4.10 + tips GTQ 4.00 = total GTQ 52.10; paid GTQ 70.80 − paid back GTQ 18.70; difference GTQ 0.00.',
      ].join('\n'),
    )
  })

  it('compares, with a rate or method of the window before alone', async () => {
    // Order 6 of 28 February, a coffee of 10.00 and 1.20 by voucher, is the first sale: February is not known whole.
    const window = { from: '2026-03-01', to: '2026-03-28', compare: 'previous' }
    const taxes = await ask('get_tax_report', window)
    const against = { from: '2026-02-01', to: '2026-02-28' }
    expect(taxes.data.comparison.previous).toMatchObject({ ...against, reason: 'sales on file begin on 2026-02-28' })
    // A day is compared with the day a week before.
    const day = { from: '2026-03-07', to: '2026-03-07', compare: 'previous' }
    const tax = await ask('get_tax_report', day)
    expect(tax.data.comparison).toEqual({
      previous: {
        ...{ from: '2026-02-28', to: '2026-02-28', weekday: 'Saturday' },
        ...{ totals: { tax: '1.20' }, changePercent: { tax: '-100.0' } },
      },
    })
    expect(tax.data.rows).toEqual([
      { ratePercent: '12', netSales: '0.00', tax: '0.00', taxBefore: '1.20', changePercent: '-100.0' },
    ])
    expect(tax.text).toContain('Against Saturday 2026-02-28: tax GTQ 1.20 (-100.0 %).')
    expect(tax.text).toContain('| 12 | 0.00 | 0.00 | 1.20 | -100.0 |')
    const paid = await ask('get_sales_by_payment_method', day)
    expect(paid.data.comparison.previous).toMatchObject({ totals: { netAmount: '11.20' } })
    expect(paid.data.rows).toMatchObject([
      { method: 'voucher', payments: 0, netAmount: '0.00', netAmountBefore: '11.20', changePercent: '-100.0' },
    ])
    expect(paid.text).toContain('Against Saturday 2026-02-28: net amount GTQ 11.20 (-100.0 %).')
  })

  it('compares with all that was taxed and paid, also what is too little for a row', async () => {
    // On 20 March 0.002 and 0.002 of tax come back at each of three rates: 0.006 and 0.012 in all.
    const day = { from: '2026-03-27', to: '2026-03-27', compare: 'previous', businessId: crumbs.id }
    const { data, text } = await ask('get_tax_report', day)
    expect(data.comparison.previous).toMatchObject({ from: '2026-03-20', totals: { tax: '-0.01' } })
    expect(text).toContain('tax GTQ -0.01')
    const paid = await ask('get_sales_by_payment_method', day)
    expect(paid.data.comparison.previous).toMatchObject({ from: '2026-03-20', totals: { netAmount: '-0.01' } })
  })

  it('names as many orders as its call lists, by the day of completion', async () => {
    for (const window of [MARCH, { from: '2026-03-11', to: '2026-03-11' }]) {
      const { basis } = (await ask('get_tax_report', window)).data
      const listed = await ask(basis.call.tool, basis.call.arguments)
      expect(listed.data.matching.orders).toBe(basis.orders)
      expect(listed.data.windowOf).toBe('completed')
    }
  })

  it('shows fifty rates, the rest as one', async () => {
    const { data, text } = await ask('get_tax_report', { ...MARCH, businessId: crowd.id })
    expect(data.rows).toHaveLength(51)
    expect(data.rows[0]).toEqual({ ratePercent: '60', netSales: '100.00', tax: '60.00' })
    // 1 to 10 % of 100.00 each; all of them 1 to 60 %.
    expect(data.rows[50]).toEqual({ ratePercent: null, netSales: '1000.00', tax: '55.00' })
    expect(data.totals).toEqual({ netSales: '6000.00', tax: '1830.00' })
    expect(data.pricesIncludeTax).toBe(false)
    expect(text).toContain('| Other (10 rates) | 1,000.00 | 55.00 |')
    expect(text).toContain('Prices are without tax')
  })
})

describe('get_sales_by_payment_method', () => {
  it('gives what was paid and given back by each method, tax and tips included', async () => {
    const { data } = await ask('get_sales_by_payment_method', MARCH)
    expect(data).toEqual({
      business: expect.anything(),
      window: { ...MARCH, timezone: 'America/Guatemala', currency: 'GTQ', soFar: '17:00' },
      location: null,
      totals: { payments: 3, amount: '70.80', refunds: 2, refunded: '18.70', netAmount: '52.10' },
      // All that was sold is paid.
      withoutPayment: '0.00',
      terms: expect.stringContaining('with tax and tips'),
      basis: {
        definition: expect.stringContaining('day of its completion'),
        // Orders 1, 2 and 3.
        orders: 3,
        call: { tool: 'list_orders', arguments: { ...MARCH, status: 'completed' } },
        reconciliation:
          'Net GTQ 44.00 + tax GTQ 4.10 + tips GTQ 4.00 = total GTQ 52.10; paid GTQ 70.80 − paid back GTQ 18.70; difference GTQ 0.00.',
      },
      rows: [
        {
          method: 'cash',
          // A coffee came back without its sale, and a water was paid with it: 7.20 went back.
          payments: 1,
          amount: '40.00',
          refunds: 2,
          refunded: '18.70',
          netAmount: '21.30',
          sharePercent: '40.9',
        },
        {
          method: 'card',
          payments: 2,
          amount: '30.80',
          refunds: 0,
          refunded: '0.00',
          netAmount: '30.80',
          sharePercent: '59.1',
        },
      ],
    })
    // All that was sold is paid: net sales 44.00, tax 4.10, tips 5.00 − 1.00.
    expect((await salesReport({ ...MARCH, groupBy: 'month' })).total).toBe('52.10')
  })

  it('counts a payment with its order, a refund on its own day', async () => {
    const rows = async (args: Record<string, unknown>) =>
      (await ask('get_sales_by_payment_method', args)).data.rows.map(
        (row: { method: string; amount: string; refunded: string; sharePercent: string | null }) => [
          row.method,
          row.amount,
          row.refunded,
          row.sharePercent,
        ],
      )
    expect(await rows({ from: '2026-03-10', to: '2026-03-10' })).toEqual([
      ['cash', '40.00', '0.00', '67.1'],
      ['card', '19.60', '0.00', '32.9'],
    ])
    expect(await rows({ from: '2026-03-12', to: '2026-03-12' })).toEqual([['cash', '0.00', '11.50', null]])
    const [home, kathmandu] = shop.locations
    expect(await rows({ ...MARCH, locationId: home })).toEqual([
      ['cash', '40.00', '18.70', '52.1'],
      ['card', '19.60', '0.00', '47.9'],
    ])
    expect(await rows({ from: '2026-04-01', to: '2026-04-01', locationId: kathmandu })).toEqual([
      ['card', '11.20', '0.00', '100.0'],
    ])
  })

  it('takes the last 30 days by default, and is complete as text alone', async () => {
    expect((await ask('get_sales_by_payment_method')).text).toBe(
      [
        'Paid GTQ 70.80 with tax and tips in 3 payments, refunded GTQ 18.70: GTQ 52.10 is left, 2026-03-02 to 2026-03-31 (days of America/Guatemala; so far (17:00)).',
        '| method | payments | amount | refunds | refunded | net amount | share % |',
        '|---|---|---|---|---|---|---|',
        '| cash | 1 | 40.00 | 2 | 18.70 | 21.30 | 40.9 |',
        '| card | 2 | 30.80 | 0 | 0.00 | 30.80 | 59.1 |',
        '| All | 3 | 70.80 | 2 | 18.70 | 52.10 | – |',
        'Amounts in GTQ with tax and tips; payments of completed orders, open orders do not count.',
        'Basis: A sale counts on the local day of its completion, a refund on its own day; open and cancelled orders never. 3 orders. list_orders {"from":"2026-03-02","to":"2026-03-31","status":"completed"} lists them.',
        'Net GTQ 44.00 + tax GTQ 4.10 + tips GTQ 4.00 = total GTQ 52.10; paid GTQ 70.80 − paid back GTQ 18.70; difference GTQ 0.00.',
      ].join('\n'),
    )
    expect((await ask('get_sales_by_payment_method', { from: '2026-01-01', to: '2026-01-01' })).text).toBe(
      'No payments and no refunds, 2026-01-01 (days of America/Guatemala).\nSales on file begin on 2026-02-28.',
    )
  })

  it('shows thirty methods, the rest as one', async () => {
    const { data } = await ask('get_sales_by_payment_method', { ...MARCH, businessId: crowd.id })
    expect(data.rows).toHaveLength(31)
    expect(data.rows[0]).toMatchObject({ method: 'method 40', amount: '40.00' })
    // 1.00 to 10.00 of 1.00 to 40.00: 55 of 820.
    expect(data.rows[30]).toMatchObject({
      method: 'Other (10 methods)',
      payments: 10,
      amount: '55.00',
      refunds: 0,
      netAmount: '55.00',
      sharePercent: '6.7',
    })
    expect(data.totals).toMatchObject({ payments: 40, amount: '820.00' })
  })
})

it.each([
  ['get_tax_report', 60],
  ['get_sales_by_payment_method', 40],
])('a file of %s has each of %i rows', async (what, rows) => {
  const { data } = await ask('export_data', { what, arguments: MARCH, businessId: crowd.id })
  const { pathname, search } = new URL(data.url)
  const { body } = await service.app.inject({ method: 'GET', url: pathname + search })
  expect(body.trim().split('\n')).toHaveLength(rows + 1)
  expect(body).not.toContain('Other')
})

it.each(['get_tax_report', 'get_sales_by_payment_method'])('%s refuses what is not its to answer', async (tool) => {
  // A cashier has no reports at all.
  expect((await call(service.app, cashier, tool)).text).toMatch(/^role_not_allowed: .*reports:read/)
  expect((await call(service.app, token, tool, { groupBy: 'day' })).text).toContain('groupBy')
  const { text } = await call(service.app, token, tool, { locationId: foreign.locations[0] })
  expect(text).toContain('locationId must be one of this business')
  expect(text).not.toContain(foreign.locations[0])
})
