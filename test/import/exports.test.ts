import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FileReport, type ImportOptions, importFiles } from '../../src/import/import.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeShop, type Shop, type ShopOptions } from '../support/shop.ts'
import { type ImportBench, importBench } from './files.ts'

// Files as platforms and spreadsheets write them, with the figures that they hold worked out by hand.
const EXPORTS = join(import.meta.dirname, '../fixtures/exports')

let db: TestDatabase
let bench: ImportBench
beforeAll(async () => {
  db = await createTestDatabase()
  bench = await importBench(db)
})
afterAll(async () => {
  await bench.remove()
  await db.close()
})

const NEW_YORK: ShopOptions = { currency: 'USD', timezone: 'America/New_York' }

interface Made extends Shop {
  /** Imports orders written here. */
  write(lines: readonly string[], options?: Partial<ImportOptions>): Promise<FileReport>
  load(file: string, options?: Partial<ImportOptions>): Promise<FileReport>
}

async function shopOf(options: ShopOptions, firstLocation?: string): Promise<Made> {
  const shop = await makeShop(db, options)
  const digits = options.currency === 'CLP' || options.currency === 'JPY' ? 0 : 2
  await db.asOwner('update business set currency_digits = $2 where id = $1', [shop.id, digits])
  if (firstLocation) await db.asOwner('update location set name = $2 where business_id = $1', [shop.id, firstLocation])
  return {
    ...shop,
    write: (lines, given) => bench.load(shop, 'orders', lines, given),
    async load(file, given = {}) {
      const files = { [file.includes('products') ? 'products' : 'orders']: join(EXPORTS, file) }
      const report = await importFiles(db.commands, { businessId: shop.id, files, ...given })
      return report.files[0] as FileReport
    },
  }
}

/** Gross, discounts, returns, net, tax and total of all days. */
async function sumsOf({ id }: Shop): Promise<string> {
  const [row] = await db.asOwner<{ sums: string }>(
    `select concat_ws(' ', sum(gross_sales)::numeric(20,2), sum(discounts)::numeric(20,2), sum(returns)::numeric(20,2),
       sum(net_sales)::numeric(20,2), sum(tax)::numeric(20,2), sum(net_sales + tax + tips)::numeric(20,2)) as sums
     from sales_daily where business_id = $1 and basis = 'business'`,
    [id],
  )
  return row?.sums ?? ''
}

async function netByPlaceAndDay({ id }: Shop): Promise<string[]> {
  const rows = await db.asOwner<{ text: string }>(
    `select concat_ws(' ', l.name, s.day, s.net_sales::numeric(20,2)) as text from sales_daily s
     join location l on l.business_id = s.business_id and l.id = s.location_id
     where s.business_id = $1 and s.basis = location_basis(s.business_id, s.location_id) order by 1`,
    [id],
  )
  return rows.map(({ text }) => text)
}

const differences = ({ id }: Shop) =>
  db.asOwner("select c.* from set_config('app.business_id', $1::text, true), check_rollups($1::uuid) c", [id])

describe('two shops that number their orders alike', () => {
  it('are told apart by a prefix, and nothing is lost without a word', async () => {
    const shop = await shopOf(NEW_YORK, 'North')
    expect(await shop.load('two-shops-north.csv')).toMatchObject({ made: 2, unchanged: 0 })
    expect(await shop.load('two-shops-north.csv')).toMatchObject({ made: 0, unchanged: 2 })

    const south = await shop.load('two-shops-south.csv')
    expect(south).toMatchObject({ imported: false, rejected: 2, made: 0 })
    expect(south.rejects[0]?.reason).toBe(
      'order 1001 is there with another date and place and total (there 2026-11-20 10:00, North, 10.00); ' +
        'if it is another order, tell them apart with --number-prefix',
    )
    const refund = await shop.load('refund-in-next-file.csv')
    expect(refund).toMatchObject({ imported: false, rejected: 1 })
    expect(refund.rejects[0]?.reason).toMatch(
      /^order 1001 is there with another date and total \(.*\); a return needs a number of its own/,
    )

    expect(await shop.load('two-shops-south.csv', { numberPrefix: 'S-' })).toMatchObject({ made: 3 })
    expect(await shop.load('two-shops-south.csv', { numberPrefix: 'S-' })).toMatchObject({ made: 0, unchanged: 3 })
    expect(await shop.load('refund-in-next-file.csv', { numberPrefix: 'R-' })).toMatchObject({ made: 1 })
    expect(await netByPlaceAndDay(shop)).toEqual([
      'North 2026-11-20 20.00',
      'North 2026-11-25 -10.00',
      'South 2026-11-21 1089.00',
    ])
    expect(await differences(shop)).toEqual([])
  })
})

it('reads times in the zone of --timezone, which never becomes the zone of a new shop', async () => {
  const shop = await shopOf({ currency: 'USD', timezone: 'America/Los_Angeles' }, 'Downtown')
  await shop.load('times-in-utc.csv', { timezone: 'UTC' })
  expect(await netByPlaceAndDay(shop)).toEqual(['Downtown 2026-11-20 10.00', 'Uptown 2026-11-20 100.00'])
  const zones = await db.asOwner('select distinct timezone from location where business_id = $1', [shop.id])
  expect(zones).toEqual([{ timezone: 'America/Los_Angeles' }])
})

it('takes local times by the clock that cuts the days, whichever zone data Node has', async () => {
  const shop = await shopOf({ currency: 'CAD', timezone: 'America/Vancouver' }, 'Main')
  await shop.load('vancouver.csv')
  const hours = await db.asOwner(
    'select day, hour, net_sales::numeric(20,2)::text as net from sales_hourly where business_id = $1 and basis = location_basis(business_id, location_id) order by 1',
    [shop.id],
  )
  expect(hours).toEqual([
    { day: '2026-11-20', hour: 23, net: '100.00' },
    { day: '2026-11-21', hour: 10, net: '10.00' },
  ])
  expect(await shop.load('vancouver.csv')).toMatchObject({ made: 0, unchanged: 2 })
})

it('takes an hour that comes twice for the first, and one that is skipped for the next', async () => {
  const shop = await shopOf(NEW_YORK)
  const header = 'order_number,ordered_at,sku,quantity,unit_price'
  await shop.write([header, '1,2025-11-02 01:30,A,1,1.00', '2,2025-03-09 02:30,A,1,1.00'])
  const orders = await db.asOwner('select completed_at from orders where business_id = $1 order by order_number', [
    shop.id,
  ])
  expect(orders).toEqual([
    { completed_at: new Date('2025-11-02T05:30:00Z') },
    { completed_at: new Date('2025-03-09T07:30:00Z') },
  ])
})

describe('dots as thousands', () => {
  const CHILE: ShopOptions = { currency: 'CLP', timezone: 'America/Santiago' }

  it('are never taken for decimals: the file is refused until --decimal decides', async () => {
    const shop = await shopOf(CHILE)
    const refused = await shop.load('chile-thousands.csv')
    expect(refused).toMatchObject({ imported: false, rejected: 2 })
    expect(refused.rejects[0]?.reason).toBe('unit_price "1.990" may be 1.99 or 1990: say --decimal . or --decimal ,')
    const dot = await shop.load('chile-thousands.csv', { decimal: '.' })
    expect(dot.rejects[0]?.reason).toBe('unit_price "1.990" has decimals, which CLP has not (see --decimal)')

    expect(await shop.load('chile-thousands.csv', { decimal: ',' })).toMatchObject({ imported: true, made: 2 })
    expect(await sumsOf(shop)).toBe('8485.00 0.00 0.00 8485.00 0.00 8485.00')
  })

  it('are read by the decimals of the other amounts of a file', async () => {
    const map = [
      'order_number=Bestellnummer,ordered_at=Datum,sku=Artikelnr,product_name=Bezeichnung,quantity=Menge',
      'unit_price=Einzelpreis,discount=Rabatt',
    ]
    for (const file of ['german-excel-semicolon-cp1252.csv', 'german-excel-semicolon-utf8.csv']) {
      const shop = await shopOf({ currency: 'EUR', timezone: 'Europe/Berlin' })
      await shop.load(file, { map, dateFormat: 'dd.MM.yyyy HH:mm' })
      expect(await sumsOf(shop)).toBe('2473.90 0.50 0.00 2473.40 0.00 2473.40')
      const names = await db.asOwner('select name from product where business_id = $1 order by name', [shop.id])
      expect(names).toEqual([{ name: 'Grüner Tee 100 g' }, { name: 'Käsekuchen' }])
    }
  })
})

it('takes the cost of a line from the file, and never the cost of today', async () => {
  const shop = await shopOf(NEW_YORK)
  await shop.load('cost-products.csv')
  await shop.load('cost-orders.csv')
  const costs = await db.asOwner(
    'select order_number, net_sales::numeric(20,2)::text as net, cost::numeric(20,2)::text as cost from orders where business_id = $1 order by 1',
    [shop.id],
  )
  // 7.00 of margin (70 %) in 2024.
  expect(costs).toEqual([
    { order_number: 'K-1', net: '10.00', cost: '3.00' },
    { order_number: 'K-2', net: '10.00', cost: '7.00' },
  ])

  const history = await shopOf(NEW_YORK)
  await history.load('cost-products.csv')
  await history.load('cost-orders.csv', { map: ['cost='] })
  const lines = await db.asOwner('select unit_cost from order_item where business_id = $1', [history.id])
  expect(lines).toEqual([{ unit_cost: null }, { unit_cost: null }])
})

describe('a tax that the file states', () => {
  const taxes = ({ id }: Shop) =>
    db.asOwner(
      `select round(tax_rate, 3)::text as rate, net_sales::numeric(20,2)::text as net, tax::numeric(20,2)::text as tax
       from tax_daily where business_id = $1 and basis = 'business' order by tax_rate desc nulls last`,
      [id],
    )
  const HEADER = 'order_number,ordered_at,sku,quantity,unit_price,tax'

  it.each(['0.12', '0'])('is at the rate that was applied, also where the shop has the rate %s', async (taxRate) => {
    const shop = await shopOf({ taxRate })
    await shop.load('tax-stated.csv')
    expect(await taxes(shop)).toEqual([
      { rate: '0.120', net: '100.00', tax: '12.00' },
      { rate: '0.000', net: '100.00', tax: '0.00' },
    ])
    expect(await sumsOf(shop)).toBe('200.00 0.00 0.00 200.00 12.00 212.00')
    expect(await differences(shop)).toEqual([])
  })

  it('has no rate where none explains it: small amounts are explained by many', async () => {
    const shop = await shopOf({ ...NEW_YORK, taxRate: '0.07' })
    // 8.875 % of 0.90 is 0.08, and so is 8.75 % or 9 %. 7 % of 2.00 is 0.14. 100.00 with 9.31 is no common rate.
    await shop.write([
      HEADER,
      '1,2026-03-01,A,1,100.00,9.31',
      '2,2026-03-01,A,1,0.90,0.08',
      '3,2026-03-01,A,1,2.00,0.14',
    ])
    expect(await taxes(shop)).toEqual([
      { rate: '0.070', net: '2.00', tax: '0.14' },
      { rate: null, net: '100.90', tax: '9.39' },
    ])

    // With a line that shows 8.875 %, the small one is at this rate, too.
    const shown = await shopOf(NEW_YORK)
    await shown.write([
      HEADER,
      '1,2026-03-01,A,1,100.00,8.88',
      '2,2026-03-01,A,1,0.90,0.08',
      '3,2026-03-01,A,-1,100.00,-8.88',
    ])
    expect(await taxes(shown)).toEqual([{ rate: '0.089', net: '0.90', tax: '0.08' }])
  })
})

it('counts a return as money back by its method', async () => {
  const shop = await shopOf({ currency: 'GBP', timezone: 'Europe/London' })
  await shop.load('pay-methods-returns.csv')
  const methods = await db.asOwner(
    `select method, payments::integer, amount::numeric(20,2)::text as paid, refunds::integer,
       refunded::numeric(20,2)::text as refunded
     from payment_daily where business_id = $1 and basis = 'business' order by method`,
    [shop.id],
  )
  expect(methods).toEqual([
    { method: 'card', payments: 1, paid: '100.00', refunds: 1, refunded: '30.00' },
    { method: 'cash', payments: 1, paid: '50.00', refunds: 0, refunded: '0.00' },
  ])
})

describe('a date without a time', () => {
  const hours = ({ id }: Shop) =>
    db.asOwner(
      "select hour, net_sales::numeric(20,2)::text as net from sales_hourly where business_id = $1 and basis = 'business' order by hour",
      [id],
    )

  it('has no hour, and is in the sums of its day', async () => {
    const shop = await shopOf(NEW_YORK)
    await shop.load('dates-without-time.csv')
    expect(await hours(shop)).toEqual([])
    expect(await sumsOf(shop)).toBe('400.00 0.00 0.00 400.00 0.00 400.00')
    expect(await shop.load('dates-without-time.csv')).toMatchObject({ made: 0, unchanged: 4 })
    expect(await differences(shop)).toEqual([])
  })

  it('is the same order when the shop has got another zone meanwhile', async () => {
    const shop = await shopOf({ currency: 'USD', timezone: 'UTC' })
    await shop.load('dates-without-time.csv')
    await db.asOwner(
      `update location set timezone = 'America/Los_Angeles' from set_config('app.business_id', $1::text, true)
       where business_id = $1::uuid`,
      [shop.id],
    )
    expect(await shop.load('dates-without-time.csv')).toMatchObject({ made: 0, unchanged: 4, rejected: 0 })
  })

  it('takes the time from a column of its own', async () => {
    const shop = await shopOf(NEW_YORK)
    const header = 'order_number,ordered_at,time,sku,quantity,unit_price'
    await shop.write([header, '1,2026-11-20,5:18 PM,A,1,10.00', '2,2026-11-20,,A,1,20.00'])
    expect(await hours(shop)).toEqual([{ hour: 17, net: '10.00' }])
  })
})

describe('employees', () => {
  const HEADER = 'order_number,ordered_at,sku,quantity,unit_price,employee'

  it('are made from their names or numbers, and have sold the orders', async () => {
    const shop = await shopOf(NEW_YORK)
    const lines = [
      HEADER,
      '1,2026-03-01 10:00,A,1,10.00,Ana',
      '2,2026-03-01 11:00,A,1,20.00,7',
      '3,2026-03-01 12:00,A,1,5.00,ANA',
      '3,2026-03-01 12:00,A,1,5.00,ana',
      '4,2026-03-01 13:00,A,-1,3.00,Ana',
      '5,2026-03-01 13:00,A,1,1.00,',
    ]
    expect((await shop.write(lines)).madeOnTheWay).toMatchObject({ employees: 2 })
    expect(await shop.write(lines)).toMatchObject({ made: 0, unchanged: 5, madeOnTheWay: { employees: 0 } })
    const sold = await db.asOwner(
      `select e.number, e.name, sum(s.net_sales)::numeric(20,2)::text as net from staff_hourly s
       left join employee e on e.business_id = s.business_id and e.id = s.employee_id
       where s.business_id = $1 and s.basis = 'business' group by 1, 2 order by 2`,
      [shop.id],
    )
    // 10.00 + 10.00 - 3.00
    expect(sold).toEqual([
      { number: '7', name: '7', net: '20.00' },
      { number: '8', name: 'Ana', net: '17.00' },
      { number: null, name: null, net: '1.00' },
    ])
    await db.asOwner("update employee set name = 'Luis' where business_id = $1 and number = '7'", [shop.id])
    expect(
      (await shop.write([HEADER, '6,2026-03-02 10:00,A,1,1.00,luis', '7,2026-03-02 10:00,A,1,1.00,7'])).madeOnTheWay,
    ).toMatchObject({ employees: 0 })
    expect(await differences(shop)).toEqual([])
  })
})

describe("platforms' own exports", () => {
  it.each([
    ['shopify-orders.csv', NEW_YORK, {}, '87.50 5.00 25.00 57.50 3.29 60.79'],
    ['square-items.csv', NEW_YORK, {}, '1248.00 3.00 16.50 1228.50 98.28 1326.78'],
    ['woocommerce-orders.csv', { currency: 'EUR', timezone: 'Europe/Dublin' }, {}, '74.90 5.00 10.00 59.90 5.00 64.90'],
    [
      'loyverse-receipts-by-item.csv',
      { currency: 'PHP', timezone: 'Asia/Manila' },
      { dateFormat: 'd/M/yyyy HH:mm' },
      '134.88 0.00 15.00 119.88 0.00 119.88',
    ],
    ['toast-item-selections.csv', NEW_YORK, {}, '60.00 20.00 0.00 40.00 3.55 43.55'],
    ['etsy-sold-items.csv', NEW_YORK, {}, '103.00 2.70 0.00 100.30 4.10 104.40'],
    [
      'paypal-activity.csv',
      { currency: 'EUR', timezone: 'Europe/Madrid' },
      {},
      '1250.00 0.00 0.00 1250.00 0.00 1250.00',
    ],
    ['clover-line-items.csv', NEW_YORK, {}, '12.50 0.50 0.00 12.00 0.96 12.96'],
    ['status-words.csv', NEW_YORK, {}, '20.00 0.00 0.00 20.00 0.00 20.00'],
    ['discount-as-negative-line.csv', NEW_YORK, {}, '10.00 2.00 0.00 8.00 0.00 8.00'],
    ['excel-sep-line.csv', NEW_YORK, {}, '10.00 0.00 0.00 10.00 0.00 10.00'],
    ['tabs.tsv', NEW_YORK, {}, '10.00 0.00 0.00 10.00 0.00 10.00'],
    ['utc-word.csv', NEW_YORK, {}, '10.00 0.00 0.00 10.00 0.00 10.00'],
    ['offset-after-space.csv', NEW_YORK, {}, '10.00 0.00 0.00 10.00 0.00 10.00'],
    [
      'cop-huf-decimals.csv',
      { currency: 'COP', timezone: 'America/Bogota' },
      {},
      '2470.18 0.00 0.00 2470.18 0.00 2470.18',
    ],
  ] as [string, ShopOptions, Partial<ImportOptions>, string][])(
    'are read as they are: %s',
    async (file, options, given, sums) => {
      const shop = await shopOf(options)
      const report = await shop.load(file, given)
      expect(report.rejects).toEqual([])
      expect(await sumsOf(shop)).toBe(sums)
      expect(await differences(shop)).toEqual([])
      const again = await shop.load(file, given)
      expect(again).toMatchObject({ made: 0, rejected: 0, unchanged: report.made })
      expect(await sumsOf(shop)).toBe(sums)
    },
  )
})

describe('what a file states for the whole order', () => {
  const HEADER = 'order_number,ordered_at,sku,quantity,unit_price'

  it('is shared among its lines to the cent, and rejected where it does not add up', async () => {
    const shop = await shopOf(NEW_YORK)
    // 3 × 10.00 less 1.00: 9.67 + 9.66 + 9.67; tax 2.00 by the same parts.
    await shop.write([
      `${HEADER},order_discount,order_tax,order_total`,
      '1,2026-03-01 10:00,A,1,10.00,1.00,2.00,31.00',
      '1,2026-03-01 10:00,B,1,10.00,,,',
      '1,2026-03-01 10:00,C,1,10.00,,,',
    ])
    const lines = await db.asOwner(
      `select (net_sales)::numeric(20,2)::text as net, tax::numeric(20,2)::text as tax from order_item
       where business_id = $1 order by line_number`,
      [shop.id],
    )
    expect(lines).toEqual([
      { net: '9.67', tax: '0.67' },
      { net: '9.66', tax: '0.66' },
      { net: '9.67', tax: '0.67' },
    ])
    const { rejects } = await shop.write([
      `${HEADER},order_discount,order_total,refunded`,
      '2,2026-03-01 10:00,A,1,10.00,,9.00,',
      '3,2026-03-01 10:00,A,1,10.00,11.00,,',
      '4,2026-03-01 10:00,A,1,10.00,,,10.01',
      '5,2026-03-01 10:00,A,1,-2.00,,,',
    ])
    expect(rejects.map(({ reason }) => reason)).toEqual([
      'order_total is 9.00, but its lines, discounts, shipping, tax and tip make 10.00',
      'the discount of the order, 11, is more than its 10',
      "refunded 10.01 is more than the order's 10.00",
      'the discount of the order, 2, is more than its 0',
    ])
  })

  it('gives a part back by its method, and tells a refund that came later', async () => {
    const shop = await shopOf(NEW_YORK)
    const header = `${HEADER},payment_method,refunded`
    const order = (refunded: string) =>
      ['1,2026-03-01 10:00,A,1,10.00', '1,2026-03-01 10:00,B,1,20.00'].map((line) => `${line},card,${refunded}`)
    await shop.write([header, ...order('')])
    const { rejects } = await shop.write([header, ...order('6.00')])
    expect(rejects[0]?.reason).toMatch(/^order 1 is there with another refund/)

    const other = await shopOf(NEW_YORK)
    await other.write([header, ...order('6.00')])
    const back = await db.asOwner(
      `select r.method, r.has_time, l.line_number, l.quantity::integer, l.returns::numeric(20,2)::text as returns
       from order_refund r join order_refund_line l on l.business_id = r.business_id and l.refund_id = r.id
       where r.business_id = $1 order by l.line_number`,
      [other.id],
    )
    expect(back).toEqual([
      { method: 'card', has_time: false, line_number: 1, quantity: 0, returns: '2.00' },
      { method: 'card', has_time: false, line_number: 2, quantity: 0, returns: '4.00' },
    ])
    expect(await sumsOf(other)).toBe('30.00 0.00 6.00 24.00 0.00 24.00')
    expect(await differences(other)).toEqual([])
  })

  it('reads words of other systems, told by --map-value where they are not known', async () => {
    const shop = await shopOf(NEW_YORK)
    const lines = [
      `${HEADER},status,type,void`,
      '1,2026-03-01 10:00,A,1,10.00,angelegt,Sale,',
      '2,2026-03-01 10:00,A,1,4.00,paid,Refund,',
      '3,2026-03-01 10:00,A,1,7.00,paid,Sale,true',
      '4,2026-03-01 10:00,A,1,7.00,paid,Withdrawal,',
    ]
    const { rejects } = await shop.write(lines)
    expect(rejects.map(({ line }) => line)).toEqual([2, 5])
    const mapValues = ['status:Angelegt=completed', 'type:withdrawal=skip']
    expect(await shop.write(lines, { mapValues })).toMatchObject({ rows: 4, leftOut: 2, made: 2 })
    expect(await sumsOf(shop)).toBe('10.00 0.00 4.00 6.00 0.00 6.00')
  })

  it('is in the currency of the business', async () => {
    const shop = await shopOf(NEW_YORK)
    const { rejects } = await shop.write([
      `${HEADER},currency`,
      '1,2026-03-01 10:00,A,1,10.00,EUR',
      '2,2026-03-01 10:00,A,1,€10.00,USD',
    ])
    expect(rejects.map(({ reason }) => reason)).toEqual([
      'currency "EUR" is not USD',
      'unit_price "€10.00" is not a plain decimal number such as 1234.50',
    ])
  })
})
