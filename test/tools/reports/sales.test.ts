import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

// One week of a Guatemalan shop with IVA 12 % inside the price, and a Madrid branch of another business. Every figure
// below is worked out by hand from these orders.
let service: Service
let shop: Shop
let madrid: Shop
let token: string
let coffee: Product
let bread: Product
const IVA = { taxRate: '0.12', taxIncluded: true }

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  shop = await makeShop(service.db, {
    name: 'Tienda Luna',
    locationZones: ['America/Guatemala', 'Asia/Kathmandu'],
    pricesIncludeTax: true,
    taxRate: '0.12',
  })
  madrid = await makeShop(service.db, { name: 'Bar Sol', currency: 'EUR', timezone: 'Europe/Madrid' })
  await makeUser(service.db, 'ana', [
    { shop, role: 'owner' },
    { shop: madrid, role: 'owner' },
  ])
  coffee = await makeProduct(service.db, shop, { sku: 'CAFE-1', name: 'Café', price: '11.20' })
  bread = await makeProduct(service.db, shop, { sku: 'PAN-1', name: 'Pan', price: '25' })
  const { database } = service.db
  token = await service.tokenOf('ana')

  // Tuesday 2026-03-03, the same weekday a week before: net 30.00.
  await makeOrder(database, shop, {
    number: '1',
    at: '2026-03-03T18:00:00Z',
    lines: [{ ...coffee, ...IVA, quantity: '3', unitPrice: '11.20' }],
    payments: [{ method: 'cash', amount: '33.60' }],
  })
  // Tuesday 2026-03-10, 00:00:00 local: the first instant of the day. Gross 22.32, discount 2.23, tax 2.41.
  const discounted = await makeOrder(database, shop, {
    number: '2',
    at: '2026-03-10T06:00:00Z',
    lines: [{ ...bread, ...IVA, quantity: '1', unitPrice: '25', discount: '2.50' }],
    payments: [{ method: 'card', amount: '22.50' }],
  })
  // 23:59:59.999 local: the last one. Gross 30.00, tax 3.60, tip 5.00.
  await makeOrder(database, shop, {
    number: '3',
    at: '2026-03-11T05:59:59.999Z',
    lines: [{ ...coffee, ...IVA, quantity: '3', unitPrice: '11.20' }],
    tips: '5',
    payments: [{ method: 'cash', amount: '38.60' }],
  })
  // The instant after: the next day. Gross 20.00, tax 2.40.
  await makeOrder(database, shop, {
    number: '4',
    at: '2026-03-11T06:00:00Z',
    lines: [{ ...coffee, ...IVA, quantity: '2', unitPrice: '11.20' }],
  })
  // Open and cancelled orders never count.
  for (const status of ['open', 'cancelled'] as const) {
    await makeOrder(database, shop, {
      number: `5-${status}`,
      at: '2026-03-10T18:00:00Z',
      status,
      lines: [{ ...bread, ...IVA, quantity: '9', unitPrice: '25' }],
    })
  }
  // A day later, order 2 is fully refunded: 20.09 and its tax of 2.41 count on the day of the refund.
  await makeRefund(database, shop, {
    orderId: discounted,
    at: '2026-03-11T17:00:00Z',
    lines: [{ ...bread, line: 1, quantity: '1', returns: '20.09', tax: '2.41' }],
  })
  // In Kathmandu (UTC+5:45), at 18:14:59Z it is still the 10th and at 18:15Z the 11th. Gross 10.00 each, tax 1.20.
  for (const [number, at] of [
    ['6', '2026-03-10T18:14:59Z'],
    ['7', '2026-03-10T18:15:00Z'],
  ] as const) {
    await makeOrder(database, shop, {
      number,
      at,
      location: shop.locations[1] as string,
      lines: [{ ...coffee, ...IVA, quantity: '1', unitPrice: '11.20' }],
    })
  }

  // Madrid changes its clock on 2026-03-29 (23 hours) and 2026-10-25 (25 hours).
  const tapas = await makeProduct(service.db, madrid, { sku: 'TAPA' })
  for (const [number, at] of [
    ['first instant of the short day', '2026-03-28T23:00:00Z'],
    ['last second of the short day', '2026-03-29T21:59:59Z'],
    ['after the short day', '2026-03-29T22:00:00Z'],
    ['first instant of the long day', '2026-10-24T22:00:00Z'],
    ['last second of the long day', '2026-10-25T22:59:59Z'],
    ['after the long day', '2026-10-25T23:00:00Z'],
  ] as const) {
    await makeOrder(database, madrid, { number, at, lines: [{ ...tapas, quantity: '1', unitPrice: '10' }] })
  }
})
afterAll(() => service?.close())

const report = async (args: Record<string, unknown>) => {
  const { data, text, isError } = await call(service.app, token, 'get_sales_report', args)
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return data
}
const amounts = (figures: Record<string, string>) =>
  Object.fromEntries(
    ['grossSales', 'returns', 'discounts', 'netSales', 'tax', 'tips', 'total'].map((key) => [key, figures[key]]),
  )

describe('get_sales_report', () => {
  it('gives a day by the clock of the business, to the cent', async () => {
    const { totals, window } = await report({ from: '2026-03-10', to: '2026-03-10' })
    // Orders 2, 3, 6 and 7: gross 22.32 + 30.00 + 10.00 + 10.00, tax 2.41 + 3.60 + 1.20 + 1.20.
    expect(amounts(totals)).toEqual({
      grossSales: '72.32',
      returns: '0.00',
      discounts: '2.23',
      netSales: '70.09',
      tax: '8.41',
      tips: '5.00',
      total: '83.50',
    })
    expect(totals).toMatchObject({
      orders: 4,
      refunds: 0,
      unitsSold: '6',
      averageSale: '17.52',
    })
    expect(window).toEqual({ from: '2026-03-10', to: '2026-03-10', timezone: 'America/Guatemala', currency: 'GTQ' })
  })

  it('counts a refund on its own day', async () => {
    const { totals } = await report({ from: '2026-03-11', to: '2026-03-11' })
    // Order 4 (20.00, tax 2.40) less the refund (20.09, tax 2.41).
    expect(amounts(totals)).toEqual({
      grossSales: '20.00',
      returns: '20.09',
      discounts: '0.00',
      netSales: '-0.09',
      tax: '-0.01',
      tips: '0.00',
      total: '-0.10',
    })
    expect(totals).toMatchObject({ orders: 1, refunds: 1 })
  })

  it('cuts the days of one location by its own clock, half an hour and a quarter apart', async () => {
    const locationId = shop.locations[1]
    const { rows, window, location } = await report({ from: '2026-03-10', to: '2026-03-11', locationId })
    expect(window.timezone).toBe('Asia/Kathmandu')
    expect(location).toEqual({ id: locationId, name: 'Location 2' })
    expect(rows.map((row: { orders: number }) => row.orders)).toEqual([1, 1])
  })

  it.each([
    ['2026-03-28', '2026-03-30', [0, 2, 1]],
    ['2026-10-24', '2026-10-26', [0, 2, 1]],
  ])('knows days of 23 and of 25 hours: %s to %s', async (from, to, orders) => {
    const { rows } = await report({ from, to, businessId: madrid.id })
    expect(rows.map((row: { orders: number }) => row.orders)).toEqual(orders)
  })

  it('groups by week, month, weekday and hour with rows that add up to the total', async () => {
    const window = { from: '2026-03-01', to: '2026-03-31' }
    for (const [groupBy, count] of [
      ['day', 31],
      ['week', 6],
      ['month', 1],
      ['weekday', 7],
      // Hours without sales are left out: 00, 11, 12, 23.
      ['hour', 4],
    ] as const) {
      const { rows, totals } = await report({ ...window, groupBy: [groupBy] })
      expect(rows).toHaveLength(count)
      const net = rows.reduce(
        (sum: number, row: { netSales: string }) => sum + Math.round(Number(row.netSales) * 100),
        0,
      )
      expect({ groupBy, net }).toEqual({ groupBy, net: 10000 })
      expect(totals.netSales).toBe('100.00')
    }
    const { rows } = await report({ ...window, groupBy: ['weekday'] })
    const tuesday = rows.find((row: { key: string }) => row.key === 'Tuesday')
    expect(tuesday.netSales).toBe('100.09')
    const byHour = await report({ from: '2026-03-10', to: '2026-03-10', groupBy: ['hour'] })
    expect(byHour.rows[0]).toMatchObject({ key: '00:00', netSales: '20.09' })
    expect(byHour.rows.at(-1)).toMatchObject({ key: '23:00', netSales: '30.00' })
  })

  it('is complete as text alone', async () => {
    const { text } = await call(service.app, token, 'get_sales_report', { from: '2026-03-10', to: '2026-03-10' })
    expect(text).toBe(
      [
        'Sales GTQ 78.50 with tax (GTQ 70.09 net, without tax) from 4 orders, 2026-03-10 (days of America/Guatemala).',
        'gross 72.32 · returns 0.00 · discounts 2.23 · net 70.09 · tax 8.41 · tips 5.00 · total 83.50 · orders 4 · refunds 0 · units 6 · average sale 17.52',
        '| day | net | tax | total | orders | average sale |',
        '|---|---|---|---|---|---|',
        '| 2026-03-10 Tue | 70.09 | 8.41 | 83.50 | 4 | 17.52 |',
        'Amounts in GTQ without tax (price tags include it); only total is with it: net + tax + tips. Net = gross − returns − discounts.',
        'Basis: A sale counts on the local day of its completion, a refund on its own day; open and cancelled orders never. 4 orders. list_orders {"from":"2026-03-10","to":"2026-03-10","status":"completed"} lists them.',
        // Paid were 22.50 and 38.60; orders 6 and 7 of 11.20 have no payment on file.
        'Net GTQ 70.09 + tax GTQ 8.41 + tips GTQ 5.00 = total GTQ 83.50; paid GTQ 61.10 − paid back GTQ 0.00; difference GTQ 22.40: sales without a known payment.',
        '',
        `Business: Tienda Luna (${shop.id})`,
      ].join('\n'),
    )
  })

  it('refuses more rows than it shows, saying what to do', async () => {
    const { text, isError } = await call(service.app, token, 'get_sales_report', {
      from: '2025-01-01',
      to: '2025-12-31',
      groupBy: ['day'],
    })
    expect(isError).toBe(true)
    expect(text).toContain('groupBy day gives more rows than fit one answer for 365 days. Use groupBy week or month')
  })

  it.each([
    ['2026-02-08', 'day'],
    ['2026-02-07', 'week'],
    ['2025-08-11', 'week'],
    ['2025-08-10', 'month'],
    ['2023-09-01', 'month'],
  ])('is by the finest stretches that fit where none are asked for: from %s by %s', async (from, stretch) => {
    const { data } = await call(service.app, token, 'get_sales_report', { from, to: '2026-03-10' })
    expect(data.about.groupBy).toEqual([stretch])
    expect(data.totals.orders).toBeGreaterThan(0)
  })

  it('refuses a location that is not there, naming those that are', async () => {
    const { text } = await call(service.app, token, 'get_sales_report', { locationId: madrid.locations[0] })
    expect(text).toContain(`locationId must be one of this business: "Location 1" (${shop.locations[0]})`)
  })
})

describe('summarize_day', () => {
  it('compares a whole day with the same weekday before', async () => {
    const { data, text } = await call(service.app, token, 'summarize_day', { date: '2026-03-10' })
    const [day] = data.days
    expect(day.window).not.toHaveProperty('soFar')
    expect(day.figures.netSales).toBe('70.09')
    // A week before: 30.00. (70.09 − 30) / 30 = 133.6 %. Mean of four Tuesdays: 30 / 4 = 7.50, up 834.5 %.
    expect(day.comparison.previous).toMatchObject({
      from: '2026-03-03',
      weekday: 'Tuesday',
      netSales: '30.00',
      changePercent: { netSales: '133.6' },
    })
    // The first sale is of the 3rd: the three Tuesdays before are not known, and neither is the year before.
    expect(day.salesSince).toBe('2026-03-03')
    expect(day.comparison.meanOfLastFour).toEqual({ dates: ['2026-03-03'], netSales: '30.00', changePercent: '133.6' })
    expect(day.comparison.year).toEqual({
      from: '2025-03-11',
      to: '2025-03-11',
      weekday: 'Tuesday',
      reason: 'sales on file begin on 2026-03-03',
    })
    expect(text).toContain('\nNot compared with Tuesday 2025-03-11: sales on file begin on 2026-03-03.\n')
    expect(day.topProducts).toEqual([
      { sku: 'CAFE-1', name: 'Café', unitsSold: '5', netSales: '50.00' },
      { sku: 'PAN-1', name: 'Pan', unitsSold: '1', netSales: '20.09' },
    ])
    expect(day.payments.map((row: { method: string; amount: string }) => [row.method, row.amount])).toEqual([
      ['cash', '38.60'],
      ['card', '22.50'],
    ])
    expect(day.discounts).toMatchObject([{ orderNumber: '2', discount: '2.23' }])
    expect(text.split('\n')[0]).toBe(
      'Sales GTQ 78.50 with tax (GTQ 70.09 net, without tax) from 4 orders, average sale GTQ 17.52 without tax — Tuesday 2026-03-10.',
    )
  })

  it('compares a running day up to the same time', async () => {
    const real = service.now
    // 12:30 local: sales of earlier days count up to this time, order 1 (12:00) but not order 3 (23:59) and its tip.
    service.now = new Date('2026-03-17T18:30:00Z')
    const noon = (await call(service.app, token, 'summarize_day')).data.days[0]
    expect(noon).toMatchObject({ window: { from: '2026-03-17', to: '2026-03-17', soFar: '12:30' } })
    // Up to 12:30 on the 10th: orders 2 (20.09), 6 and 7 (12:14:59 and 12:15, 10.00 each).
    expect(noon.comparison.previous).toMatchObject({
      until: '12:30',
      netSales: '40.09',
      changePercent: { netSales: '-100.0' },
    })
    // … and order 1 of the 3rd (30.00 at 12:00), the day of the first sale: (40.09 + 30.00) / 2 = 35.045.
    expect(noon.comparison.meanOfLastFour.netSales).toBe('35.05')
    service.now = new Date('2026-03-17T18:14:59Z')
    const earlier = (await call(service.app, token, 'summarize_day')).data.days[0]
    expect(earlier.comparison.previous.netSales).toBe('20.09')
    service.now = real
  })

  it('names refunds and low stock of what sold', async () => {
    await service.db.asOwner(
      `insert into inventory (business_id, location_id, variant_id, reorder_point) values ($1, $2, $3, 10)`,
      [shop.id, shop.locations[0], coffee.variantId],
    )
    await service.db.asOwner(
      `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason) values ($1, $2, $3, 4, 'count')`,
      [shop.id, shop.locations[0], coffee.variantId],
    )
    const { data } = await call(service.app, token, 'summarize_day', { date: '2026-03-11' })
    expect(data.days[0].refunds).toEqual([{ orderNumber: '2', total: '22.50', reason: null }])
    expect(data.days[0].lowStockNow).toMatchObject([{ sku: 'CAFE-1', onHand: '4', reorderPoint: '10' }])
    expect(data.days[0].payments).toContainEqual({
      method: 'cash',
      payments: 0,
      amount: '0.00',
      refunded: '22.50',
    })
  })

  it('covers all businesses, each in its own zone and currency', async () => {
    const { data, text } = await call(service.app, token, 'summarize_day', { date: '2026-03-29', allBusinesses: true })
    expect(
      data.days.map((day: { business: { name: string }; window: object; figures: { netSales: object } }) => [
        day.business.name,
        day.window,
        day.figures.netSales,
      ]),
    ).toEqual([
      ['Tienda Luna', expect.objectContaining({ currency: 'GTQ', timezone: 'America/Guatemala' }), '0.00'],
      ['Bar Sol', expect.objectContaining({ currency: 'EUR', timezone: 'Europe/Madrid' }), '20.00'],
    ])
    expect(text).toContain(`Business: Tienda Luna (${shop.id}); Bar Sol (${madrid.id})`)
  })

  it('refuses a day that has not come', async () => {
    expect((await call(service.app, token, 'summarize_day', { date: '2999-01-01' })).text).toMatch(
      /^invalid_argument: date must not be after today/,
    )
  })
})
