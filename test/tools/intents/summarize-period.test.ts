import { countTokens } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { addDays } from '../../../src/time/local.ts'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

// Three weeks of a Guatemalan shop without tax. The window is Monday 2026-03-09 to Sunday 2026-03-15, the period before
// is 2026-03-02 to 2026-03-08, the year before 2025-03-10 to 2025-03-16. All figures are worked out by hand.
let service: Service
let shop: Shop
let madrid: Shop
let hudson: Shop
let lima: Shop
let limaOwner: string
let token: string
let cashier: string
let coffee: Product
let bread: Product
let clock: Date
const WEEK = { from: '2026-03-09', to: '2026-03-15' }
const LONG = 'Extraordinarily long name of a product that somebody typed without an end in sight'

beforeAll(async () => {
  service = await startService({ users: ['ana', 'luis', 'bea', 'eve', 'lia'] })
  clock = service.now
  shop = await makeShop(service.db, { locationZones: ['America/Guatemala', 'Asia/Kathmandu'] })
  madrid = await makeShop(service.db, { name: 'Bar Sol', currency: 'EUR', timezone: 'Europe/Madrid' })
  hudson = await makeShop(service.db, { name: 'Hudson', currency: 'USD', timezone: 'America/New_York' })
  await makeUser(
    service.db,
    'ana',
    [shop, madrid, hudson].map((each) => ({ shop: each, role: 'owner' })),
  )
  await makeUser(service.db, 'luis', [{ shop, role: 'cashier' }])
  lima = await makeShop(service.db, { name: 'Lima', currency: 'PEN', timezone: 'America/Lima' })
  await makeUser(service.db, 'lia', [{ shop: lima, role: 'owner' }])
  limaOwner = await service.tokenOf('lia')
  token = await service.tokenOf('ana')
  cashier = await service.tokenOf('luis')
  coffee = await makeProduct(service.db, shop, { sku: 'CAFE', name: 'Café', category: 'Drinks' })
  bread = await makeProduct(service.db, shop, { sku: 'PAN', name: 'Pan', category: 'Bakery' })
  const tea = await makeProduct(service.db, shop, { sku: 'TE', name: 'Té', category: 'Drinks' })
  const mug = await makeProduct(service.db, shop, { sku: 'TAZA', name: 'Taza' })

  // A year before: net 100.00 from 1 order.
  await sell('Y', '2025-03-10T18:00:00Z', [[coffee, '10']])
  // The week before: gross and net 170.00 from 3 orders, average sale 56.67.
  const first = await sell('B1', '2026-03-02T18:00:00Z', [[bread, '10']], { client: 'ana' })
  await sell('B2', '2026-03-03T18:00:00Z', [[coffee, '5']], { client: 'cy' })
  await sell('B3', '2026-03-04T18:00:00Z', [[tea, '2']], { client: 'di' })
  // The week: Monday 120.00 less 12.00 of discount, Tuesday 30.00 in its last millisecond, Wednesday 35.00.
  await sell('N1', '2026-03-09T18:00:00Z', [[coffee, '12']], { client: 'ana', discount: '12' })
  await sell('N2', '2026-03-11T05:59:59.999Z', [[coffee, '3']], { client: 'bo' })
  await sell(
    'N3',
    '2026-03-11T18:00:00Z',
    [
      [bread, '2'],
      [mug, '1.5'],
    ],
    { client: 'di' },
  )
  // Thursday: 10.00 of the bread of the week before is refunded.
  await makeRefund(service.db.database, shop, {
    orderId: first,
    at: '2026-03-12T18:00:00Z',
    lines: [{ ...bread, line: 1, quantity: '1', returns: '10' }],
  })
  // Open and cancelled orders never count.
  for (const status of ['open', 'cancelled'] as const) {
    await sell(status, '2026-03-10T18:00:00Z', [[bread, '99']], { client: 'eva', status })
  }
  // A week later in Kathmandu (UTC+5:45): the last second of the 19th there, and the first of the 20th.
  const location = shop.locations[1] as string
  await sell('K1', '2026-03-19T18:14:59Z', [[coffee, '1']], { client: 'cy', location })
  await sell('K2', '2026-03-19T18:15:00Z', [[coffee, '1']], { client: 'di', location })

  // In Madrid the week begins at 23:00Z on the Sunday before; the order after its end does not count.
  const tapa = await makeProduct(service.db, madrid, { sku: 'TAPA' })
  for (const [number, at] of [
    ['1', '2026-03-08T22:59:59Z'],
    ['2', '2026-03-08T23:00:00Z'],
    ['3', '2026-03-15T22:59:59Z'],
    ['4', '2026-03-15T23:00:00Z'],
  ] as const) {
    const lines = [{ ...tapa, quantity: '1', unitPrice: '10' }]
    await makeOrder(service.db.database, madrid, { number, at, lines })
  }
})
afterEach(() => {
  service.now = clock
})
afterAll(() => service?.close())

/** An order at 10.00 per piece; the discount is on the first line. */
async function sell(
  number: string,
  at: string,
  lines: [Product, string][],
  options: { client?: string; discount?: string; status?: 'open' | 'cancelled'; location?: string } = {},
): Promise<string> {
  const { client, discount = '0', ...rest } = options
  const id = await makeOrder(service.db.database, shop, {
    number,
    at,
    ...rest,
    lines: lines.map(([product, quantity], index) => ({
      ...product,
      quantity,
      unitPrice: '10',
      discount: index === 0 ? discount : '0',
    })),
  })
  if (client === undefined) return id
  await service.db.asOwner(
    'insert into customer (business_id, code, name) values ($1, $2, $2) on conflict (business_id, code) do nothing',
    [shop.id, client],
  )
  await service.db.till.within({ businessId: shop.id }, 'write', (db) =>
    db
      .updateTable('orders')
      .set((eb) => ({
        customer_id: eb
          .selectFrom('customer')
          .select('id')
          .where('business_id', '=', shop.id)
          .where('code', '=', client),
      }))
      .where('id', '=', id)
      .execute(),
  )
  return id
}

async function summarize(args: Record<string, unknown>, of = shop) {
  const as = of === lima ? limaOwner : token
  const { data, text, isError } = await call(service.app, as, 'summarize_period', { businessId: of.id, ...args })
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return { period: data.periods[0], data, text }
}

describe('summarize_period', () => {
  it('compares a period with the one before and with a year before', async () => {
    const { period } = await summarize(WEEK)
    // Gross 120 + 30 + 35 = 185, discounts 12, returns 10: net 163.00 from 3 orders, average sale 54.33.
    expect(period.figures).toMatchObject({
      grossSales: '185.00',
      discounts: '12.00',
      returns: '10.00',
      netSales: '163.00',
      orders: 3,
      refunds: 1,
      averageSale: '54.33',
    })
    // (163 − 170) / 170 = −4.1 %; (54.33 − 56.67) / 56.67 = −4.1 %.
    expect(period.comparison.previous).toEqual({
      from: '2026-03-02',
      to: '2026-03-08',
      orders: 3,
      netSales: '170.00',
      averageSale: '56.67',
      changePercent: { netSales: '-4.1', orders: '0.0', averageSale: '-4.1' },
    })
    // (163 − 100) / 100 = 63.0 %; (54.33 − 100) / 100 = −45.7 %.
    expect(period.comparison.year).toEqual({
      from: '2025-03-10',
      to: '2025-03-16',
      orders: 1,
      netSales: '100.00',
      averageSale: '100.00',
      changePercent: { netSales: '63.0', orders: '200.0', averageSale: '-45.7' },
    })
    // 10 / 185 = 5.4 %, 12 / 185 = 6.5 %; before, nothing was returned or discounted.
    expect(period.returns).toEqual({ percent: '5.4', before: '0.0' })
    expect(period.discounts).toEqual({ percent: '6.5', before: '0.0' })
    expect(period.window).toEqual({ ...WEEK, timezone: 'America/Guatemala', currency: 'GTQ' })
    expect(period.salesSince).toBe('2025-03-10')
  })

  it('tells the course of the days', async () => {
    const { period } = await summarize(WEEK)
    expect(period.trend.by).toBe('day')
    expect(period.trend.rows.map(({ netSales }: { netSales: string }) => netSales)).toEqual([
      ...['108.00', '30.00', '35.00', '-10.00', '0.00', '0.00', '0.00'],
    ])
    // Thursday had a refund and no orders: it was closed. 163 / 7 = 23.29.
    expect(period).toMatchObject({
      bestDay: { date: '2026-03-09', weekday: 'Monday', netSales: '108.00' },
      slowestDay: { date: '2026-03-10', weekday: 'Tuesday', netSales: '30.00' },
      meanPerDay: { netSales: '23.29', wholeDays: 7 },
      bestWeekday: null,
    })
  })

  it('names what moved, by product and by present category', async () => {
    const { period } = await summarize(WEEK)
    const changes = (rows: { sku: string; netSalesBefore: string; netSales: string }[]) =>
      rows.map((row) => [row.sku, row.netSalesBefore, row.netSales])
    // Bread: 20 sold less 10 returned. Tea sold nothing in the week.
    expect(period.topProducts).toEqual([
      { sku: 'CAFE', name: 'Café', unitsSold: '15', netSales: '138.00', changePercent: '176.0' },
      { sku: 'TAZA', name: 'Taza', unitsSold: '1.5', netSales: '15.00', changePercent: null },
      { sku: 'PAN', name: 'Pan', unitsSold: '2', netSales: '10.00', changePercent: '-90.0' },
    ])
    expect(period.changesCompare).toEqual({ days: WEEK, with: { from: '2026-03-02', to: '2026-03-08' } })
    expect(period.productsSold).toBe(3)
    expect(changes(period.movers.up)).toEqual([
      ['CAFE', '50.00', '138.00'],
      ['TAZA', '0.00', '15.00'],
    ])
    expect(changes(period.movers.down)).toEqual([
      ['PAN', '100.00', '10.00'],
      ['TE', '20.00', '0.00'],
    ])
    expect(period.categories).toEqual([
      { name: 'Drinks', netSales: '138.00', changePercent: '97.1' },
      { name: 'No category', netSales: '15.00', changePercent: null },
      { name: 'Bakery', netSales: '10.00', changePercent: '-90.0' },
    ])
  })

  it('tells new clients from returning ones, also of those who came again later', async () => {
    // Bo is new; Ana bought before, and so did Di, whose last order is later; Cy bought only before and after.
    expect((await summarize(WEEK)).period.clients).toEqual({ new: 1, returning: 2 })
    expect((await summarize({ from: '2026-03-02', to: '2026-03-08' })).period.clients).toEqual({ new: 3, returning: 0 })
    expect((await summarize({ from: '2026-03-13', to: '2026-03-14' })).period.clients).toEqual({ new: 0, returning: 0 })
  })

  it('is complete as text alone', async () => {
    const { text } = await summarize(WEEK)
    expect(text).toBe(
      [
        'Net sales GTQ 163.00 without tax from 3 orders, average sale GTQ 54.33 without tax — 2026-03-09 to 2026-03-15, 7 days.',
        'Against 2026-03-02 to 2026-03-08: GTQ 170.00 net, without tax (-4.1 %), 3 orders (+0.0 %), average sale GTQ 56.67 without tax (-4.1 %).',
        'Against 2025-03-10 to 2025-03-16: GTQ 100.00 net, without tax (+63.0 %), 1 order (+200.0 %), average sale GTQ 100.00 without tax (-45.7 %).',
        'gross GTQ 185.00 · returns GTQ 10.00 · discounts GTQ 12.00 · tax GTQ 0.00 · tips GTQ 0.00 · total GTQ 163.00 · 1 refund · 18.5 units',
        'Of gross sales: returns 5.4 % (before 0.0 %), discounts 6.5 % (before 0.0 %).',
        'Net by day: 2026-03-09 Mon 108.00; 2026-03-10 Tue 30.00; 2026-03-11 Wed 35.00; 2026-03-12 Thu -10.00; 2026-03-13 Fri 0.00; 2026-03-14 Sat 0.00; 2026-03-15 Sun 0.00',
        'Best day Monday 2026-03-09 GTQ 108.00, slowest with orders Tuesday 2026-03-10 GTQ 30.00, mean of 7 whole days GTQ 23.29.',
        'Changes below compare 2026-03-09 to 2026-03-15 with 2026-03-02 to 2026-03-08, whole days.',
        'Top 3 of 3 products, net:',
        '| product | SKU | units | net | change |',
        '|---|---|---|---|---|',
        '| Café | CAFE | 15 | 138.00 | +176.0 % |',
        '| Taza | TAZA | 1.5 | 15.00 | – |',
        '| Pan | PAN | 2 | 10.00 | -90.0 % |',
        'Gained most: Café [CAFE] 50.00 → 138.00; Taza [TAZA] 0.00 → 15.00',
        'Lost most: Pan [PAN] 100.00 → 10.00; Té [TE] 20.00 → 0.00',
        'Categories, 3 of 3: Drinks 138.00 (+97.1 %); No category 15.00 (–); Bakery 10.00 (-90.0 %)',
        'Clients with an order: 1 new, 2 returning.',
        'Stands out:',
        '- Discounts: GTQ 12.00 without tax in these 7 days; usual by the weekdays of 2026-02-09 to 2026-03-08: GTQ 0.00.',
        '- Refunds: GTQ 10.00 with tax and tips in these 7 days; usual by the weekdays of 2026-02-09 to 2026-03-08: GTQ 0.00.',
        'Days of America/Guatemala, weeks from Monday. Amounts in GTQ, without tax unless said; net = gross − returns − discounts, total = net + tax + tips. Stands out, against the same weekdays before: refunds or discounts from 3 × the usual and 2 % of gross sales; an hour under 50 % of its usual sales, 2.5 × √usual fewer orders; a product that sold none, usually 10 units; at most 3.',
        '',
        `Business: Tienda Luna (${shop.id})`,
      ].join('\n'),
    )
  })

  it('has nothing to compare where nothing was sold before', async () => {
    const { period, text } = await summarize({ from: '2026-03-02', to: '2026-03-08' })
    expect(period.comparison.previous).toMatchObject({
      netSales: '0.00',
      averageSale: null,
      changePercent: { netSales: null, orders: null, averageSale: null },
    })
    expect(period.returns).toEqual({ percent: '0.0', before: null })
    expect(text).toContain('\nAgainst 2026-02-23 to 2026-03-01: no sales, nothing to compare.\n')
    // The first sale on file is of 2025-03-10.
    expect(period.comparison.year).toEqual({
      from: '2025-03-03',
      to: '2025-03-09',
      reason: 'sales on file begin on 2025-03-10',
    })
    expect(text).toContain('\nNot compared with 2025-03-03 to 2025-03-09: sales on file begin on 2025-03-10.\n')
  })

  it('counts days from the first sale on, and tells no changes against what is not known', async () => {
    // Lima's first sale is of Wednesday 2026-03-18: 30.00, and 60.00 on the Saturday.
    const bagel = await makeProduct(service.db, lima, { sku: 'BAGEL' })
    for (const [at, quantity] of [
      ['2026-03-18T16:00:00Z', '3'],
      ['2026-03-21T16:00:00Z', '6'],
    ] as const) {
      const lines = [{ ...bagel, quantity, unitPrice: '10' }]
      await makeOrder(service.db.database, lima, { number: at, at, lines })
    }
    const { period, text } = await summarize({ from: '2026-03-16', to: '2026-03-22' }, lima)
    expect(period).toMatchObject({
      salesSince: '2026-03-18',
      comparison: { previous: { reason: 'sales on file begin on 2026-03-18' } },
      meanPerDay: { netSales: '18.00', wholeDays: 5 },
      changesCompare: null,
      topProducts: [{ sku: 'BAGEL', netSales: '90.00', changePercent: null }],
      movers: { up: [], down: [] },
      returns: { percent: '0.0', before: null },
    })
    expect(period.trend.rows[0]).toMatchObject({ from: '2026-03-18', days: 1 })
    expect(text).toContain('\nSales on file begin on 2026-03-18; means and rows count days from then on.\n')
    expect(text).not.toMatch(/Gained|Lost|Changes below/)
  })

  it('cuts a running period at today, and says that today is not over', async () => {
    // 22:00 of Wednesday 2026-03-11 in Guatemala.
    service.now = new Date('2026-03-12T04:00:00Z')
    const { period, text } = await summarize({ from: '2026-03-08', to: '2026-03-20' })
    // Sunday to Wednesday 22:00 with 0, 108, 30 and 35 against the same weekdays a week before: 100, 50 and 20.
    expect(period).toMatchObject({
      window: { from: '2026-03-08', to: '2026-03-11', soFar: '22:00', requestedTo: '2026-03-20' },
      days: 4,
      figures: { netSales: '173.00' },
      comparison: {
        previous: {
          from: '2026-03-01',
          to: '2026-03-04',
          until: '22:00',
          netSales: '170.00',
          changePercent: { netSales: '1.8' },
        },
      },
      slowestDay: { date: '2026-03-10' },
      meanPerDay: { netSales: '46.00', wholeDays: 3 },
      changesCompare: {
        days: { from: '2026-03-08', to: '2026-03-10' },
        with: { from: '2026-03-01', to: '2026-03-03' },
      },
    })
    // Of whole days: coffee 138 against 50.
    expect(period.topProducts[0]).toMatchObject({ sku: 'CAFE', netSales: '138.00', changePercent: '176.0' })
    expect(text).toContain(' — 2026-03-08 to 2026-03-11, 4 days (asked up to 2026-03-20), so far (22:00).')
    expect(text).toContain(
      '\nAgainst 2026-03-01 to 2026-03-04, its last day up to 22:00: GTQ 170.00 net, without tax (+1.8 %), ',
    )
    expect(text).toContain('; 2026-03-11 Wed (so far) 35.00\n')
    // The month to date is compared with the same days of the month before, a day with its weekday.
    const month = (await summarize({ from: '2026-03-01', to: '2026-03-31' })).period
    expect(month.comparison.previous).toMatchObject({ from: '2026-02-01', to: '2026-02-11', until: '22:00' })
    const today = await summarize({ preset: 'today' })
    expect(today.text).toMatch(/^Net sales GTQ 35\.00 without tax from 1 order, .* — 2026-03-11, so far \(22:00\)\.\n/)
    expect(today.text).toContain('\nAgainst Wednesday 2026-03-04 up to 22:00: GTQ 20.00 net, without tax (+75.0 %), ')
    expect(today.period.changesCompare).toBeNull()
  })

  it('leaves sales without a time out of both sides of "up to"', async () => {
    service.now = new Date('2026-03-12T04:00:00Z')
    await service.db.asOwner(
      `update orders set has_time = false where business_id = $1 and order_number in ('N3', 'B1')`,
      [shop.id],
    )
    const { period, text } = await summarize({ from: '2026-03-09' })
    await service.db.asOwner('update orders set has_time = true where business_id = $1', [shop.id])
    // 173 − 35 against 170: B1, 100.00, is of a whole day, Monday.
    expect(period.comparison.previous).toMatchObject({ netSales: '170.00', changePercent: { netSales: '-18.8' } })
    expect(period.withoutTime).toEqual({ netSales: '35.00' })
    expect(text).toContain('Sales without a time of day are on neither side of "up to 22:00": GTQ 35.00 of today.')
  })

  it('asks for the last 30 days by itself', async () => {
    service.now = new Date('2026-03-31T18:00:00Z')
    const { period } = await summarize({})
    expect(period.window).toMatchObject({ from: '2026-03-02', to: '2026-03-31' })
    // 170 + 163 + 20, and Kathmandu's orders on the 19th by the clock of the business.
    expect(period.figures).toMatchObject({ netSales: '353.00', orders: 8 })
  })

  it('goes by the clock of one location', async () => {
    const locationId = shop.locations[1]
    const { period, text } = await summarize({ from: '2026-03-20', to: '2026-03-20', locationId })
    expect(period).toMatchObject({
      window: { timezone: 'Asia/Kathmandu' },
      location: { id: locationId, name: 'Location 2' },
      figures: { orders: 1, netSales: '10.00' },
      comparison: { previous: { from: '2026-03-13', reason: 'sales on file begin on 2026-03-19' } },
      // Di, who bought elsewhere before; Cy's orders are on other days.
      clients: { new: 0, returning: 1 },
    })
    expect(text).toContain(' — 2026-03-20 at Location 2.')
    expect((await summarize({ from: '2026-03-20', to: '2026-03-20' })).period.figures.orders).toBe(0)
    const other = await summarize({ ...WEEK, locationId })
    expect(other.period).toMatchObject({ figures: { orders: 0 }, clients: { new: 0, returning: 0 }, topProducts: [] })
  })

  it('covers all businesses, each in its own zone and currency, shorter', async () => {
    const { data, text } = await summarize({ ...WEEK, allBusinesses: true })
    expect(
      data.periods.map(
        (period: { business: object; window: object; figures: { netSales: object; orders: number } }) => [
          period.window,
          period.figures.netSales,
          period.figures.orders,
        ],
      ),
    ).toEqual([
      [{ ...WEEK, timezone: 'America/Guatemala', currency: 'GTQ' }, '163.00', 3],
      [{ ...WEEK, timezone: 'Europe/Madrid', currency: 'EUR' }, '20.00', 2],
      [{ ...WEEK, timezone: 'America/New_York', currency: 'USD' }, '0.00', 0],
    ])
    // Madrid's first sale is of the last second of the week before.
    expect(data.periods[1].comparison.previous.reason).toBe('sales on file begin on 2026-03-08')
    expect(data.periods[0].trend.rows).toEqual([])
    expect(data.periods[0].movers.down).toHaveLength(1)
    expect(text).toContain(`\n\nBar Sol (${madrid.id}): Net sales EUR 20.00 without tax from 2 orders`)
    expect(text).toContain('Top 1 of 3 products, net:\n')
    expect(text).toContain('\n| Café | CAFE | 15 | 138.00 | +176.0 % |\n')
    expect(text).toContain('The trend and the year before are left out; with businessId one business is told in full.')
    expect(text).toMatch(/Business: Tienda Luna \(.+\); Bar Sol \(.+\); Hudson \(.+\)$/)
  })

  it('says so where a shop is empty', async () => {
    const { text } = await summarize({ ...WEEK, businessId: hudson.id })
    expect(text.split('\n')).toEqual([
      'Net sales USD 0.00 without tax from 0 orders — 2026-03-09 to 2026-03-15, 7 days.',
      'Not compared with 2026-03-02 to 2026-03-08: there are no sales on file.',
      'Not compared with 2025-03-10 to 2025-03-16: there are no sales on file.',
      'gross USD 0.00 · returns USD 0.00 · discounts USD 0.00 · tax USD 0.00 · tips USD 0.00 · total USD 0.00 · 0 refunds · 0 units',
      expect.stringMatching(/^Net by day: 2026-03-09 Mon 0\.00; /),
      'Mean of 7 whole days USD 0.00.',
      'Clients with an order: 0 new, 0 returning.',
      expect.stringMatching(/^Days of America\/New_York, weeks from Monday\. Amounts in USD, without tax unless/),
      '',
      `Business: Hudson (${hudson.id})`,
    ])
  })

  it.each([
    [
      { from: '2999-01-01', to: '2999-01-01' },
      /^invalid_argument: The window has not begun: from is 2999-01-01, and today is \d{4}-\d\d-\d\d in America\/Guatemala\./,
    ],
    [{ from: '2026-03-01', preset: 'today' }, /^invalid_argument: Give either preset, or from and to, not both\./],
    [{ locationId: 'nowhere' }, /^invalid_argument: locationId must be one of this business: /],
    [{ month: '2026-03' }, /^invalid_argument: .*month/],
  ])('refuses %j', async (args, message) => {
    const { text, isError } = await call(service.app, token, 'summarize_period', { businessId: shop.id, ...args })
    expect(isError).toBe(true)
    expect(text).toMatch(message)
  })

  it('refuses a location together with all businesses', async () => {
    const both = { locationId: shop.locations[0], allBusinesses: true }
    expect((await call(service.app, token, 'summarize_period', both)).text).toMatch(/^invalid_argument: Give either/)
  })

  it('is not there for a cashier', async () => {
    const { text, data } = await call(service.app, cashier, 'summarize_period', WEEK)
    expect(text).toMatch(/^role_not_allowed: .*pos:intents/)
    expect(data).toBeUndefined()
  })
})

describe('the length of a result', () => {
  const shops: Shop[] = []

  beforeAll(async () => {
    for (const number of [1, 2, 3]) {
      const long = await makeShop(service.db, { name: `Shop with a name of some length ${number}` })
      shops.push(long)
      const products: Product[] = []
      for (let index = 0; index < 40; index++) {
        products.push(
          await makeProduct(service.db, long, {
            sku: `SKU-${index}-0123456789`,
            name: `${LONG} ${index}`,
            category: `${LONG} ${index % 9}`,
          }),
        )
      }
      // Every other day over two months, each product at its own falling or rising price.
      for (let day = 0; day < 62; day += 2) {
        await makeOrder(service.db.database, long, {
          number: `${day}`,
          at: `${addDays('2026-02-01', day)}T18:00:00Z`,
          lines: products.map((product, index) => ({
            ...product,
            quantity: '3',
            unitPrice: String(100000 + (index - 20) * day * 70),
            discount: day > 30 ? '9000' : '0',
          })),
        })
      }
    }
    const memberships = shops.map((each) => ({ shop: each, role: 'owner' }))
    await makeUser(service.db, 'bea', memberships)
    const more: Shop[] = []
    for (let index = 0; index < 6; index++) more.push(await makeShop(service.db, { name: `Branch ${index}` }))
    await makeUser(service.db, 'eve', [...memberships, ...more.map((each) => ({ shop: each, role: 'owner' }))])
  })

  it.each([
    ['bea', 1],
    ['bea', 3],
    ['eve', 8],
  ])('stays one screen for %s with %i businesses', async (uid, count) => {
    const bearer = await service.tokenOf(uid)
    const { data, text } = await call(service.app, bearer, 'summarize_period', {
      from: '2026-03-01',
      to: '2026-03-31',
      allBusinesses: count > 1,
    })
    expect(data.periods).toHaveLength(count)
    expect(countTokens(text)).toBeLessThan(2000)
    expect(countTokens(text) + countTokens(JSON.stringify(data))).toBeLessThan(8000)
  })

  it('names what is left out of many businesses', async () => {
    const { data, text } = await call(service.app, await service.tokenOf('eve'), 'summarize_period', {
      from: '2026-03-01',
      to: '2026-03-31',
      allBusinesses: true,
    })
    const leftOut = '1 more business is left out. Only the main figures of each; with businessId one is told in full.'
    expect(data.leftOut).toBe(leftOut)
    expect(text).toContain(leftOut)
    expect(text).not.toContain('Branch 5')
  })
})
