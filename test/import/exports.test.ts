import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FileReport, type ImportOptions, importFiles } from '../../src/import/import.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeShop, type Shop, type ShopOptions } from '../support/shop.ts'

// Files as platforms and spreadsheets write them, with the figures that they hold worked out by hand.
const EXPORTS = join(import.meta.dirname, '../fixtures/exports')

let db: TestDatabase
beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db.close())

const NEW_YORK: ShopOptions = { currency: 'USD', timezone: 'America/New_York' }

interface Made extends Shop {
  load(file: string, options?: Partial<ImportOptions>): Promise<FileReport>
}

async function shopOf(options: ShopOptions, firstLocation?: string): Promise<Made> {
  const shop = await makeShop(db, options)
  const digits = options.currency === 'CLP' || options.currency === 'JPY' ? 0 : 2
  await db.asOwner('update business set currency_digits = $2 where id = $1', [shop.id, digits])
  if (firstLocation) await db.asOwner('update location set name = $2 where business_id = $1', [shop.id, firstLocation])
  return {
    ...shop,
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
     where s.business_id = $1 and s.basis = 'location' order by 1`,
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
