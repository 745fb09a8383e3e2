import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, rpc, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

// March 2026 of a Guatemalan business (UTC-6) with a branch in New York, whose clock changes on 8 March, and a branch
// that was closed. Every figure is worked out by hand from these orders. Net sales without tax:
//
//   product (category, cost)     March by the business's clock                                        February
//   coffee  (Drinks, 4.00)       10 sold 100.00 − discount 5.00 − 2 returned 19.00 = 76.00             50.00
//   tea     (Drinks, none)       4 sold 20.00 − 1 returned 5.00 = 15.00                                10.00
//   bread   (Food, 2.00)         6 sold 18.00 + 3 sold 9.00 = 27.00                                    –
//   bag     (none, none)         50.00 + 7.00 = 57.00                                                  8.00
//   candle  (Seasonal, none)     –                                                                     15.00
//   together                     204.00 − 5.00 − 24.00 = 175.00                                        83.00
let service: Service
let shop: Shop
let tokyo: Shop
let crowd: Shop
let foreign: Shop
let token: string
let cashier: string
let coffee: Product
let tea: Product
let bread: Product
let bag: Product
const MARCH = { from: '2026-03-01', to: '2026-03-31' }

beforeAll(async () => {
  service = await startService({ users: ['ana', 'cas'] })
  const { db } = service
  shop = await makeShop(db, {
    locationZones: ['America/Guatemala', 'America/New_York', 'America/Guatemala', 'America/Guatemala'],
  })
  const [home, newYork, closed, neverOpened] = shop.locations as [string, string, string, string]
  await db.asOwner('update location set is_active = false where id = any($1)', [[closed, neverOpened]])
  tokyo = await makeShop(db, { name: 'Kissa', currency: 'JPY', timezone: 'Asia/Tokyo' })
  await db.asOwner('update business set currency_digits = 0 where id = $1', [tokyo.id])
  crowd = await makeShop(db, { name: 'Mercado', locationZones: Array.from({ length: 60 }, () => 'America/Guatemala') })
  foreign = await makeShop(db, { name: 'Foreign' })
  await makeUser(
    db,
    'ana',
    [shop, tokyo, crowd].map((each) => ({ shop: each, role: 'owner' })),
  )
  await makeUser(db, 'cas', [{ shop, role: 'cashier' }])
  token = await service.tokenOf('ana')
  cashier = await service.tokenOf('cas')
  service.now = new Date('2026-04-10T18:00:00Z')

  coffee = await makeProduct(db, shop, { sku: 'COF', name: 'Café', category: 'Drinks' })
  tea = await makeProduct(db, shop, { sku: 'TEA', name: 'Té', category: 'Drinks' })
  bread = await makeProduct(db, shop, { sku: 'PAN', name: 'Pan', category: 'Food' })
  bag = await makeProduct(db, shop, { sku: 'BAG', name: 'Bag' })
  const candle = await makeProduct(db, shop, { sku: 'CAN', name: 'Candle', category: 'Seasonal' })
  await makeProduct(db, foreign, { sku: 'X', category: 'Foreign' })
  const order = (
    number: string,
    at: string,
    location: string,
    lines: [Product, string, string, object?][],
    tips = '0',
  ) =>
    makeOrder(db.database, shop, {
      number,
      at,
      location,
      tips,
      lines: lines.map(([product, quantity, unitPrice, more]) => ({ ...product, quantity, unitPrice, ...more })),
    })

  const a = await order('A', '2026-03-02T18:00:00Z', home, [
    [coffee, '10', '10', { discount: '5', taxRate: '0.1' }], // tax 9.50
  ])
  await order(
    'B',
    '2026-03-10T18:00:00Z',
    home,
    [
      [tea, '4', '5'],
      [bread, '6', '3'],
    ],
    '2',
  )
  await makeRefund(db.database, shop, {
    orderId: a,
    at: '2026-03-12T18:00:00Z',
    location: home,
    lines: [{ ...coffee, line: 1, quantity: '2', returns: '19', tax: '1.90' }],
  })
  // 00:30 of 1 April in New York, 22:30 of 31 March by the business's clock.
  await order('D', '2026-04-01T04:30:00Z', newYork, [[bag, '1', '50']])
  // 00:30 of 1 March in New York (still in winter), 23:30 of 28 February by the business's clock.
  await order('E', '2026-03-01T05:30:00Z', newYork, [[tea, '2', '5']])
  // The last second of the day of 23 hours in New York.
  await order('F', '2026-03-09T03:59:59Z', newYork, [[bread, '3', '3']])
  // A tea that is returned without its order, along with a sale.
  await order('G', '2026-03-20T18:00:00Z', home, [
    [bag, '1', '7'],
    [tea, '-1', '5'],
  ])
  // The first sale on file; February and March can be compared with what was before them.
  await order('Z', '2026-01-20T18:00:00Z', home, [[candle, '1', '5']])
  await order('H', '2026-02-10T18:00:00Z', home, [[coffee, '5', '10']])
  await order('I', '2026-02-11T18:00:00Z', home, [[candle, '1', '15']])
  await order('J', '2026-02-15T18:00:00Z', closed, [[bag, '1', '8']])
  await makeOrder(db.database, shop, {
    number: 'open',
    at: '2026-03-15T18:00:00Z',
    status: 'open',
    lines: [{ ...bag, quantity: '9', unitPrice: '9' }],
  })
  await db.till.within({ businessId: shop.id }, 'write', async (trx) => {
    for (const [product, cost] of [
      [coffee, '4'],
      [bread, '2'],
    ] as const) {
      await sql`update order_item set unit_cost = ${cost} where variant_id = ${product.variantId}`.execute(trx)
      await sql`update order_refund_line set unit_cost = ${cost} where variant_id = ${product.variantId}`.execute(trx)
    }
  })

  const tofu = await makeProduct(db, tokyo, { sku: 'TOFU', name: '豆腐', category: '食品' })
  for (const [number, at, unitPrice] of [
    ['1', '2026-03-05T03:00:00Z', '333'],
    ['2', '2026-03-31T14:59:59Z', '100'], // 23:59:59 in Tokyo
    ['3', '2026-03-31T15:00:00Z', '100'], // the next day
  ] as const) {
    await makeOrder(db.database, tokyo, { number, at, lines: [{ ...tofu, quantity: '1', unitPrice }] })
  }
})
afterAll(() => service?.close())

const read = async (name: string, args: Record<string, unknown>) => {
  const { data, text, isError } = await call(service.app, token, name, { businessId: shop.id, ...args })
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return { data, text, rows: data.rows as Record<string, string | null>[] }
}
const columns = (rows: Record<string, string | null>[], ...names: string[]) =>
  rows.map((row) => names.map((name) => row[name]))

describe('get_top_products', () => {
  it('ranks by net sales, with shares and margins of what has a known cost', async () => {
    const { data, text } = await read('get_top_products', MARCH)
    expect(data).toMatchObject({
      window: { ...MARCH, timezone: 'America/Guatemala', currency: 'GTQ' },
      // Coffee and bread, 76 + 27, cost 40 + 18.
      totals: { netSales: '175.00', unitsSold: '25', margin: '45.00', marginPercent: '43.7', costedPercent: '58.9' },
    })
    expect(data.rows[0]).toEqual({
      key: 'Café',
      ref: 'COF',
      netSales: '76.00',
      unitsSold: '10',
      margin: '36.00',
      marginPercent: '47.4',
      costedPercent: '100.0',
      sharePercent: '43.4',
    })
    expect(columns(data.rows, 'ref', 'netSales', 'sharePercent', 'margin', 'marginPercent').slice(1)).toEqual([
      ['BAG', '57.00', '32.6', null, null],
      ['PAN', '27.00', '15.4', '9.00', '33.3'],
      ['TEA', '15.00', '8.6', null, null],
    ])
    expect(text).toContain('| Café [COF] | 76.00 | 10 | 36.00 | 47.4 | 100.0 | 43.4 |')
  })

  it.each([
    [{ by: 'units' }, ['COF', 'PAN', 'TEA', 'BAG']],
    [{ by: 'margin' }, ['COF', 'PAN', 'BAG', 'TEA']],
    [{ by: 'margin', order: 'worst' }, ['PAN', 'COF', 'BAG', 'TEA']],
    [{ order: 'worst' }, ['TEA', 'PAN', 'BAG', 'COF']],
    [{ category: 'drinks' }, ['COF', 'TEA']],
  ])('ranks %j', async (args, skus) => {
    const { rows } = await read('get_top_products', { ...MARCH, ...args })
    expect(rows.map(({ ref }) => ref)).toEqual(skus)
  })

  it('says that there are more', async () => {
    const { data, text } = await read('get_top_products', { ...MARCH, limit: 2 })
    expect(data.rows).toHaveLength(2)
    expect(text).toMatch(/^Only 2 of 4 products are shown; totals are of all\./)
  })

  it('compares what it ranks by with the month before', async () => {
    const { data, text } = await read('get_top_products', { ...MARCH, compare: 'previous' })
    expect(data.comparison.previous).toMatchObject({
      ...{ from: '2026-02-01', to: '2026-02-28', totals: { netSales: '83.00' }, changePercent: { netSales: '110.8' } },
    })
    expect(columns(data.rows, 'ref', 'netSalesBefore', 'changePercent')).toEqual([
      ['COF', '50.00', '52.0'],
      ['BAG', '8.00', '612.5'],
      ['PAN', '0.00', null],
      ['TEA', '10.00', '50.0'],
      ['CAN', '15.00', '-100.0'],
    ])
    expect(text).toContain('Against 2026-02-01 to 2026-02-28: net 83.00 (+110.8 %)')
    const units = await read('get_top_products', { ...MARCH, compare: 'previous', by: 'units', limit: 1 })
    expect(units.rows[0]).toMatchObject({ unitsSoldBefore: '5', changePercent: '100.0' })
    // Coffee earned 50 − 20 = 30 in February; bread's margin is unknown.
    const margin = await read('get_top_products', { ...MARCH, compare: 'previous', by: 'margin', limit: 2 })
    expect(columns(margin.rows, 'ref', 'marginBefore', 'changePercent')).toEqual([
      ['COF', '30.00', '20.0'],
      ['PAN', null, null],
    ])
  })

  it('tells totals and comparison of the category that is asked for', async () => {
    const { data, text } = await read('get_top_products', {
      ...MARCH,
      category: 'Drinks',
      compare: 'previous',
      limit: 1,
    })
    // Drinks: 91.00 in March, coffee 50.00 and tea 10.00 in February: (91 − 60) / 60 = 51.7 %.
    expect(data.totals.netSales).toBe('91.00')
    expect(data.comparison.previous).toMatchObject({
      totals: { netSales: '60.00' },
      changePercent: { netSales: '51.7' },
    })
    expect(columns(data.rows, 'ref', 'sharePercent')).toEqual([['COF', '83.5']])
    expect(text).not.toContain('175.00')
  })

  it('cuts the days of one location by its own clock', async () => {
    const { data } = await read('get_top_products', { ...MARCH, locationId: shop.locations[1] })
    expect(data.window.timezone).toBe('America/New_York')
    expect(columns(data.rows, 'ref', 'netSales', 'sharePercent')).toEqual([
      ['TEA', '10.00', '52.6'],
      ['PAN', '9.00', '47.4'],
    ])
  })

  it('has no decimals for yen', async () => {
    const { data } = await read('get_top_products', { ...MARCH, businessId: tokyo.id })
    expect(data.totals.netSales).toBe('433')
    expect(columns(data.rows, 'key', 'netSales', 'sharePercent', 'margin')).toEqual([['豆腐', '433', '100.0', null]])
  })

  it('answers for a window without sales, and refuses what is not there', async () => {
    const { data, text } = await read('get_top_products', { from: '2020-01-01', to: '2020-01-01' })
    expect(data).toMatchObject({ totals: { netSales: '0.00' }, rows: [] })
    expect(text).toContain('Net sales GTQ 0.00 without tax, 2020-01-01 (days')
    const failing = async (args: object) =>
      (await call(service.app, token, 'get_top_products', { businessId: shop.id, ...args })).text
    const unknown = await failing({ category: 'Foreign' })
    expect(unknown).toMatch(/^not_found: category/)
    expect(unknown).toContain('list_categories')
    expect(await failing({ locationId: foreign.locations[0] })).toMatch(/^invalid_argument: locationId must be one of/)
    expect(await failing({ limit: 51 })).toMatch(/^invalid_argument: limit/)
    expect(await failing({ sort: 'units' })).toMatch(/^invalid_argument: .*sort/)
  })
})

describe('get_sales_by_category', () => {
  it('sums by the present category, products without one apart', async () => {
    const { data, text } = await read('get_sales_by_category', MARCH)
    expect(
      columns(data.rows, 'key', 'unitsSold', 'grossSales', 'discounts', 'returns', 'netSales', 'sharePercent'),
    ).toEqual([
      ['Drinks', '14', '120.00', '5.00', '24.00', '91.00', '52.0'],
      ['No category', '2', '57.00', '0.00', '0.00', '57.00', '32.6'],
      ['Food', '9', '27.00', '0.00', '0.00', '27.00', '15.4'],
    ])
    // Drinks: the margin of coffee alone, 76 − 40, which is 83.5 % of 91. All: 76 + 27 of net sales cost 58.
    expect(columns(data.rows, 'margin', 'marginPercent', 'costedPercent')).toEqual([
      ['36.00', '47.4', '83.5'],
      [null, null, '0.0'],
      ['9.00', '33.3', '100.0'],
    ])
    expect(data.totals).toEqual({
      unitsSold: '25',
      grossSales: '204.00',
      discounts: '5.00',
      returns: '24.00',
      netSales: '175.00',
      tax: '7.60',
      margin: '45.00',
      marginPercent: '43.7',
      costedPercent: '58.9',
    })
    expect(text).toContain('| Drinks | 91.00 | 14 | 120.00 | 5.00 | 24.00 | 36.00 | 47.4 | 83.5 | 52.0 |')
    expect(text).toContain('margin 45.00 · margin % 43.7 · cost known, % of net 58.9')
  })

  it('compares, including categories that no longer sell', async () => {
    const { data } = await read('get_sales_by_category', { ...MARCH, compare: 'previous' })
    expect(columns(data.rows, 'key', 'netSales', 'netSalesBefore', 'changePercent')).toEqual([
      ['Drinks', '91.00', '60.00', '51.7'],
      ['No category', '57.00', '8.00', '612.5'],
      ['Food', '27.00', '0.00', null],
      ['Seasonal', '0.00', '15.00', '-100.0'],
    ])
    expect(data.comparison.previous).toMatchObject({
      totals: { netSales: '83.00' },
      changePercent: { netSales: '110.8' },
    })
  })

  it('is empty without sales, and has no decimals for yen', async () => {
    const { data, text } = await read('get_sales_by_category', { from: '2020-01-01', to: '2020-01-01' })
    expect(data.rows).toEqual([])
    expect(text).toContain('Net sales GTQ 0.00 without tax, 2020-01-01')
    const { rows } = await read('get_sales_by_category', { ...MARCH, businessId: tokyo.id })
    expect(columns(rows, 'key', 'grossSales', 'netSales')).toEqual([['食品', '433', '433']])
  })
})

describe('get_sales_by_location', () => {
  it('gives each location on the days of the business, so that they add up to its sales', async () => {
    const { data, text } = await read('get_sales_by_location', MARCH)
    // Home: A 95.00, B 38.00, G 2.00 less the refund of 19.00. New York: F 9.00, and D 50.00, which the business has on
    // its 31 March; E it has on 28 February.
    expect(data.rows).toEqual([
      {
        key: 'Location 1',
        netSales: '116.00',
        grossSales: '145.00',
        returns: '24.00',
        discounts: '5.00',
        tax: '7.60',
        tips: '2.00',
        total: '125.60',
        orders: 3,
        averageSale: '38.67',
        sharePercent: '66.3',
      },
      expect.objectContaining({
        ...{ key: 'Location 2', orders: 2, netSales: '59.00', averageSale: '29.50', sharePercent: '33.7' },
      }),
    ])
    expect(data.totals).toMatchObject({ orders: 5, netSales: '175.00', total: '184.60', averageSale: '35.00' })
    expect(text).toContain(
      'All days are of America/Guatemala; with locationId, get_sales_report counts those of a location by its own ' +
        'clock (here also America/New_York).',
    )
    const byWeek = await read('get_sales_report', { ...MARCH, groupBy: ['location', 'week'] })
    expect(byWeek.text).toContain('(here also America/New_York)')
    // Alone, New York has its own days: E and F, and not yet D.
    const alone = await read('get_sales_report', { ...MARCH, groupBy: ['location'], locationId: 'Location 2' })
    expect(alone.data.totals).toMatchObject({ orders: 2, netSales: '19.00' })
    expect(alone.data.window.timezone).toBe('America/New_York')
    expect(alone.text).not.toContain('All days are of')
  })

  it('keeps a closed location that sold before, and leaves out those without sales', async () => {
    const { data, text } = await read('get_sales_by_location', { ...MARCH, compare: 'previous' })
    // February: H and I at home, E 10.00 in New York, J where it is closed now.
    expect(columns(data.rows, 'key', 'netSales', 'netSalesBefore', 'changePercent')).toEqual([
      ['Location 1', '116.00', '65.00', '78.5'],
      ['Location 2', '59.00', '10.00', '490.0'],
      ['Location 3 (switched off)', '0.00', '8.00', '-100.0'],
    ])
    expect(data.comparison.previous).toMatchObject({
      ...{ from: '2026-02-01', to: '2026-02-28' },
      totals: { netSales: '83.00', orders: 4, averageSale: '20.75' },
      // 5 orders after 4.
      changePercent: { netSales: '110.8', orders: '25.0' },
    })
    expect(text).toContain('Locations without sales are left out.')
  })

  it('compares with the year before, and says why where it cannot', async () => {
    const { data, text } = await read('get_sales_by_location', { ...MARCH, compare: 'both' })
    expect(data.comparison).toMatchObject({
      previous: { totals: { netSales: '83.00' } },
      year: { from: '2025-03-01', to: '2025-03-31', reason: 'sales on file begin on 2026-01-20' },
    })
    expect(text).toContain('Not compared with 2025-03-01 to 2025-03-31: sales on file begin on 2026-01-20.')
  })

  it('rounds yen, and compares a running month with the same days up to the same time', async () => {
    const { data, text } = await read('get_sales_by_location', { ...MARCH, businessId: tokyo.id })
    expect(data.rows[0]).toMatchObject({ netSales: '433', averageSale: '217', sharePercent: '100.0' })
    expect(text).not.toContain('All days are of')
    const running = await read('get_sales_by_location', { preset: 'this_month', compare: 'previous' })
    expect(running.data.window).toMatchObject({ from: '2026-04-01', to: '2026-04-10', soFar: '12:00' })
    expect(running.text).toContain('so far (12:00)')
    // At noon of 10 March, B had not been sold yet: A 95.00 at home and F 9.00 in New York.
    expect(running.data.comparison.previous).toMatchObject({ until: '12:00', totals: { netSales: '104.00' } })
    expect(columns(running.rows, 'key', 'netSales', 'netSalesBefore', 'changePercent').sort()).toEqual([
      ['Location 1', '0.00', '95.00', '-100.0'],
      ['Location 2', '0.00', '9.00', '-100.0'],
    ])
  })
})

describe('rows and the sales report', () => {
  it.each([
    MARCH,
    { from: '2026-02-15', to: '2026-04-05' },
    { from: '2026-03-12', to: '2026-03-12' },
    { from: '2026-03-20', to: '2026-03-31' },
  ])('add up to the cent: %j', async (window) => {
    const { totals } = (await read('get_sales_report', window)).data
    const categories = await read('get_sales_by_category', window)
    const products = await read('get_top_products', { ...window, limit: 50 })
    const cents = (rows: Record<string, string | null>[], name: string) =>
      rows.reduce((sum, row) => sum + Math.round(Number(row[name]) * 100), 0)
    for (const name of ['grossSales', 'discounts', 'returns', 'netSales']) {
      expect([name, cents(categories.rows, name)]).toEqual([name, Math.round(Number(totals[name]) * 100)])
      expect(categories.data.totals[name]).toBe(totals[name])
    }
    expect(cents(products.rows, 'netSales')).toBe(cents(categories.rows, 'netSales'))
    expect(products.data.totals.netSales).toBe(totals.netSales)

    const locations = await read('get_sales_by_location', window)
    for (const name of ['grossSales', 'returns', 'discounts', 'netSales', 'tax', 'tips', 'total']) {
      expect([name, cents(locations.rows, name)]).toEqual([name, Math.round(Number(totals[name]) * 100)])
      expect(locations.data.totals[name]).toBe(totals[name])
    }
  })

  it('are hidden from a cashier', async () => {
    const { body } = await rpc(service.app, cashier, 'tools/list')
    const names = body.result.tools.map(({ name }: { name: string }) => name)
    expect(names.filter((name: string) => name.startsWith('get_sales') || name === 'get_top_products')).toEqual([])
    expect((await call(service.app, cashier, 'get_top_products')).text).toMatch(/^role_not_allowed: .*reports:read/)
  })
})

describe('get_sales_report', () => {
  it('compares with the days before, figure by figure', async () => {
    const { data, text } = await read('get_sales_report', {
      from: '2026-03-11',
      to: '2026-03-31',
      groupBy: [],
      measures: ['net_sales', 'orders', 'average_sale'],
      compare: 'previous',
    })
    // By the business's clock D 50.00, G 7.00 − 5.00 and the refund of 19.00; before A 95.00, B 38.00, E 10.00, F 9.00.
    expect(data.totals).toMatchObject({
      ...{ grossSales: '57.00', returns: '24.00', discounts: '0.00', netSales: '33.00', tax: '-1.90', tips: '0.00' },
      ...{ total: '31.10', orders: 2, refunds: 2, unitsSold: '2', averageSale: '16.50' },
    })
    // (33 − 152) / 152 = −78.3 %; 152 / 4 = 38.00, and 16.50 is 56.6 % less.
    expect(data.comparison).toEqual({
      previous: {
        from: '2026-02-18',
        to: '2026-03-10',
        totals: { netSales: '152.00', orders: 4, averageSale: '38.00' },
        changePercent: { netSales: '-78.3', orders: '-50.0', averageSale: '-56.6' },
      },
    })
    expect(text).toContain('Against 2026-02-18 to 2026-03-10: net 152.00 (-78.3 %) · orders 4 (-50.0 %)')
  })

  it('compares nothing with days before the first sale on file', async () => {
    const { data, text } = await read('get_sales_report', {
      ...{ from: '2026-02-01', to: '2026-02-28', groupBy: ['month'], compare: 'both' },
    })
    const reason = 'sales on file begin on 2026-01-20'
    expect(data.comparison).toEqual({
      previous: { from: '2026-01-01', to: '2026-01-31', reason },
      year: { from: '2025-02-01', to: '2025-02-28', reason },
    })
    expect(text).toContain(`Not compared with 2026-01-01 to 2026-01-31: ${reason}.`)
    expect(data.rows).toEqual([
      {
        ...{ key: '2026-02', from: '2026-02-01', to: '2026-02-28', days: 28, isPartial: false },
        ...{ netSales: '83.00', tax: '0.00', total: '83.00', orders: 4, averageSale: '20.75' },
      },
    ])
  })

  it('compares a month to date with the same days, the last up to the same time', async () => {
    const { data, text } = await read('get_sales_report', { preset: 'this_month', compare: 'previous' })
    // At noon of 10 March, B had not been sold yet: A 95.00 and F 9.00.
    expect(data.comparison.previous).toMatchObject({
      ...{ from: '2026-03-01', to: '2026-03-10', until: '12:00', totals: { netSales: '104.00', orders: 2 } },
    })
    expect(data.window).toMatchObject({ from: '2026-04-01', to: '2026-04-10', soFar: '12:00' })
    expect(text).toContain('so far (12:00)')
    expect((await read('get_sales_report', MARCH)).data.comparison).toBeUndefined()
  })

  it('marks parts of weeks and months, and labels months and quarters', async () => {
    const weeks = await read('get_sales_report', { ...MARCH, groupBy: ['week'], measures: ['net_sales'] })
    expect(weeks.data.rows[0]).toEqual({
      ...{ key: '2026-02-23', from: '2026-03-01', to: '2026-03-01', days: 1, isPartial: true, netSales: '0.00' },
    })
    expect(weeks.text).toContain('| 2026-03-01 to 2026-03-01, part of the week of 2026-02-23 | 0.00 |')
    expect(weeks.text).toContain('| week of 2026-03-02 | 104.00 |')
    const quarters = await read('get_sales_report', {
      ...{ from: '2026-02-01', to: '2026-06-30', groupBy: ['quarter'], measures: ['net_sales'] },
    })
    expect(quarters.data.rows).toEqual([
      { key: '2026-Q1', from: '2026-02-01', to: '2026-03-31', days: 59, isPartial: true, netSales: '258.00' },
      { key: '2026-Q2', from: '2026-04-01', to: '2026-04-10', days: 10, isPartial: true, netSales: '0.00' },
    ])
    expect(quarters.text).toContain('2026-04-01 to 2026-04-10, part of 2026-Q2, so far')
  })

  it('gives means of weekdays over the days that they had, since the first sale', async () => {
    const { data, text } = await read('get_sales_report', {
      ...{ from: '2026-01-01', to: '2026-03-31', groupBy: ['weekday'], measures: ['net_sales'] },
    })
    // Tuesdays: Z 5.00, H 50.00, B 38.00 and D 50.00. From 20 January on there are eleven, and ten Fridays.
    expect(data.rows[1]).toEqual({ key: 'Tuesday', netSales: '143.00', days: 11, netSalesPerDay: '13.00' })
    expect(data.rows[4]).toMatchObject({ key: 'Friday', netSales: '2.00', days: 10, netSalesPerDay: '0.20' })
    expect(text).toContain('Sales on file begin on 2026-01-20.')
  })

  it('has two dimensions, with the totals of each', async () => {
    const { data, text } = await read('get_sales_report', {
      ...{ from: '2026-02-01', to: '2026-03-31', groupBy: ['category', 'month'] },
    })
    expect(data.rows).toEqual([
      { key: 'Drinks', netSales: ['60.00', '91.00'], all: { netSales: '151.00' } },
      { key: 'No category', netSales: ['8.00', '57.00'], all: { netSales: '65.00' } },
      { key: 'Food', netSales: [null, '27.00'], all: { netSales: '27.00' } },
      { key: 'Seasonal', netSales: ['15.00', null], all: { netSales: '15.00' } },
    ])
    expect(data.columns).toEqual({ names: ['2026-02', '2026-03'], totals: { netSales: ['83.00', '175.00'] } })
    expect(text).toContain('| Drinks | 60.00 | 91.00 | 151.00 |')
    expect(text).toContain('| All | 83.00 | 175.00 | 258.00 |')
  })

  it('counts an order once in each category that it has, and once in the total', async () => {
    const { data } = await read('get_sales_report', { ...MARCH, groupBy: ['category'], measures: ['orders'] })
    // A and B have drinks (G only takes one back), B and F food, D and G neither.
    expect(data.totals.orders).toBe(5)
    expect(data.rows.map(({ key, orders }: { key: string; orders: number }) => [key, orders]).sort()).toEqual([
      ['Drinks', 2],
      ['Food', 2],
      ['No category', 2],
    ])
  })

  it('filters everything in the result, by the clock of the place', async () => {
    const { data, text } = await read('get_sales_report', {
      ...{ ...MARCH, groupBy: ['variant'], filters: ['location=location 2', 'category=drinks'] },
    })
    // E is of 1 March in New York.
    expect(data.totals).toMatchObject({ netSales: '10.00', unitsSold: '2' })
    expect(data.rows).toEqual([{ key: 'Té', ref: 'TEA', netSales: '10.00', unitsSold: '2', sharePercent: '100.0' }])
    expect(text).toContain('2026-03-01 to 2026-03-31 of Drinks at Location 2 (days of America/New_York)')
    // Noon is the hour of A, B, G and the refund; B alone costs 38.00 with a tip of 2.00.
    const noon = { ...MARCH, groupBy: [], measures: ['net_sales'] }
    expect((await read('get_sales_report', { ...noon, filters: ['hour=12-13'] })).data.totals.netSales).toBe('116.00')
    expect((await read('get_sales_report', { ...noon, filters: ['hour=22-1'] })).data.totals.netSales).toBe('50.00')
    expect((await read('get_sales_report', { ...noon, filters: ['total=40'] })).data.totals.netSales).toBe('38.00')
    expect((await read('get_sales_report', { ...noon, filters: ['weekday=Sat,Sun'] })).data.totals.netSales).toBe(
      '9.00',
    )
    expect((await read('get_sales_report', { ...noon, filters: ['discounted=yes'] })).data.totals.netSales).toBe(
      '76.00',
    )
  })

  it('ranks and cuts, saying so first, with totals of everything', async () => {
    const { data, text } = await read('get_sales_report', {
      ...{ ...MARCH, groupBy: ['variant'], measures: ['net_sales'], sort: '-net_sales', limit: 2 },
    })
    expect(data.rows.map(({ ref }: { ref: string }) => ref)).toEqual(['TEA', 'PAN'])
    expect(data.totals.netSales).toBe('175.00')
    expect(text).toMatch(/^Only 2 of 4 products are shown; totals are of all\./)
    const days = await read('get_sales_report', {
      ...{ ...MARCH, groupBy: ['day'], measures: ['orders'], sort: 'net_sales', limit: 1 },
    })
    expect(days.data.rows).toMatchObject([{ key: '2026-03-02', orders: 1, netSales: '95.00' }])
  })

  it.each([
    [{ groupBy: ['product'], measures: ['tips'] }, 'tips of single products or tax rates is not known'],
    [{ groupBy: ['payment_method', 'product'] }, 'payment_method and product cannot be joined'],
    [{ groupBy: ['payment_method'], measures: ['net_sales'] }, 'total is what was paid less refunds'],
    [{ groupBy: ['day'], sort: 'profit' }, 'sort must be one of: net_sales'],
    [{ filters: ['colour=red'] }, 'the names are location, category'],
    [{ filters: ['weekday=Yesterday'] }, 'must be names such as'],
    [{ filters: ['hour=9'] }, 'two whole hours'],
    [{ filters: ['location!=Centro'] }, 'to leave one out, group by it'],
    [{ filters: ['total>500'] }, '"total>=100"'],
    [{ locationId: 'Centro', filters: ['location=Norte'] }, 'are both given. Leave one out.'],
    [{ filters: ['total=5-3'] }, 'a range of order totals'],
    [{ filters: ['category=Drinks', 'category=Food'] }, 'category twice'],
    [{ from: '2026-05-01', to: '2026-05-31' }, 'The window has not begun: from is 2026-05-01, and today is 2026-04-10'],
  ])('refuses %j, saying what can be asked', async (args, message) => {
    const { text, isError } = await call(service.app, token, 'get_sales_report', { businessId: shop.id, ...args })
    expect({ isError, text }).toEqual({ isError: true, text: expect.stringContaining(message) })
  })
})

describe('the largest results', () => {
  beforeAll(async () => {
    const { db } = service
    // 60 products in 60 categories with the longest names, each with sales in 60 locations and in 53 weeks.
    const products: Product[] = []
    for (let index = 10; index < 70; index += 1) {
      const name = `${index} ${'Hand-made Guatemalan ceramics, glazed, '.repeat(2)}`
      products.push(await makeProduct(db, crowd, { sku: `CERAMICS-2026-${index}`, name, category: name }))
    }
    for (const [index, location] of crowd.locations.entries()) {
      await makeOrder(db.database, crowd, {
        number: `L-${index}`,
        at: '2026-03-15T18:00:00Z',
        location,
        lines: [
          { ...(products[index] as Product), quantity: '1017', unitPrice: `${1234 + index}.57`, taxRate: '0.12' },
        ],
      })
    }
    for (let week = 0; week < 53; week += 1) {
      await makeOrder(db.database, crowd, {
        number: `W-${week}`,
        at: new Date(Date.UTC(2025, 0, 1 + 7 * week, 18)).toISOString(),
        tips: '123456789.01',
        lines: [
          {
            ...(products[0] as Product),
            quantity: '9871',
            unitPrice: '98765432.15',
            discount: '43210.98',
            taxRate: '0.12',
          },
          { ...(products[1] as Product), quantity: '-1234', unitPrice: '98765432.15', taxRate: '0.12' },
        ],
      })
    }
    await db.till.within({ businessId: crowd.id }, 'write', (trx) =>
      sql`update order_item set unit_cost = 123.45`.execute(trx),
    )
  })

  it.each([
    ['get_sales_report', { from: '2025-01-01', to: '2025-12-31', groupBy: 'week' }, 53],
    ['get_top_products', { ...MARCH, limit: 50 }, undefined],
    ['get_sales_by_category', MARCH, undefined],
    ['get_sales_by_location', MARCH, undefined],
  ])('%s stays under 8,000 tokens', async (name, args, count) => {
    const { data, text, rows } = await read(name, { ...args, compare: 'both', businessId: crowd.id })
    expect(countTokens(text) + countTokens(JSON.stringify(data))).toBeLessThan(8000)
    expect(rows.length).toBeGreaterThan(20)
    if (count !== undefined)
      expect(text).toMatch(new RegExp(`^Only \\d+ of ${count} weeks are shown; totals are of all`))
  })

  it('sum what they do not show', async () => {
    // 1017 × (1234.57 + … + 1293.57) = 1017 × 75844.20
    const net = '77133551.40'
    const locations = await read('get_sales_by_location', { ...MARCH, businessId: crowd.id })
    expect(locations.data.totals.netSales).toBe(net)
    expect(locations.text).toMatch(/^Only \d+ of 60 locations are shown; totals are of all\./)
    const { data, text } = await read('get_top_products', { ...MARCH, businessId: crowd.id, limit: 50 })
    expect(data.totals.netSales).toBe(net)
    expect(text).toMatch(/^Only \d+ of 60 products are shown; totals are of all\./)
  })
})
