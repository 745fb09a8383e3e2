import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { productCells, salesByBucket, salesTotal } from '../../src/pos/reports/sales.ts'
import { monthlyCells } from '../../src/pos/rollups.ts'
import { type SalesScope, wholeBusiness } from '../../src/pos/scope.ts'
import type { Days } from '../../src/time/window.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, type Shop } from '../support/shop.ts'

let db: TestDatabase
let shop: Shop

// One sale for each first, second, middle and last day of December 2023 to March 2024, a leap year, and two refunds.
const DAYS = ['12', '01', '02', '03'].flatMap((month) => {
  const year = month === '12' ? '2023' : '2024'
  return ['01', '02', '15', month === '02' ? '29' : '31'].map((day) => `${year}-${month}-${day}`)
})

beforeAll(async () => {
  db = await createTestDatabase()
  shop = await makeShop(db, { timezone: 'UTC', locationZones: ['UTC', 'Asia/Tokyo'] })
  const product = await makeProduct(db, shop, { sku: 'A' })
  for (const [index, day] of DAYS.entries()) {
    // At 20:00 UTC it is the next day in Tokyo, and the next month at the end of one.
    const orderId = await makeOrder(db.database, shop, {
      number: day,
      at: `${day}T20:00:00Z`,
      location: shop.locations[index % 2] as string,
      lines: [{ ...product, quantity: '1', unitPrice: String(2 ** index) }],
    })
    if (index % 7 !== 6) continue
    await makeRefund(db.database, shop, {
      orderId,
      at: '2024-02-29T20:00:00Z',
      lines: [{ ...product, line: 1, quantity: '1', returns: '0.5' }],
    })
  }
})
afterAll(() => db?.close())

const read = <T>(work: Parameters<typeof db.database.within<T>>[2]) =>
  db.database.within({ businessId: shop.id }, 'read', work)
const sumOf = async (cells: ReturnType<typeof productCells>) => {
  const { rows } = await read((trx) =>
    sql<{ net: string; count: number }>`
      select coalesce(sum(net_sales), 0)::text as net, count(*)::int as count from ${cells} c`.execute(trx),
  )
  return rows[0] as { net: string; count: number }
}
const dailySum = async ({ locationId, basis }: SalesScope, { from, to }: Days) => {
  const [row] = await db.asOwner<{ net: string }>(
    `select coalesce(sum(net_sales), 0)::text as net from product_daily
     where business_id = $1 and day between $2 and $3
       and basis = $4 and ($5::uuid is null or location_id = $5)`,
    [shop.id, from, to, basis, locationId ?? null],
  )
  return row?.net
}

it('months and the days at their edges add up to the same as the days, for every window', async () => {
  const edges = ['2023-11-30', ...DAYS, '2024-01-30', '2024-02-28', '2024-03-16', '2024-04-01', '2024-04-30'].sort()
  for (const locationId of [undefined, ...shop.locations]) {
    // The second one is in Tokyo.
    const basis = locationId === shop.locations[1] ? 'location' : 'business'
    const scope = { businessId: shop.id, locationId, basis } as const
    for (const from of edges) {
      for (const to of edges.filter((edge) => edge >= from)) {
        const days = { from, to }
        const { net } = await sumOf(productCells(scope, days))
        const daily = Number(await dailySum(scope, days))
        expect({ locationId, from, to, net: Number(net) }).toEqual({ locationId, from, to, net: daily })
      }
    }
  }
})

it('sales add up, too, as a total and by month', async () => {
  const scope = wholeBusiness(shop.id)
  const days = { from: '2023-12-02', to: '2024-03-30' }
  // Index 1 to 14 of the sales: 2^15 − 2 of gross; refunds of 0.50 of the sales 6 and 13.
  expect(await read((trx) => salesTotal(trx, scope, days))).toMatchObject({
    orders: '14',
    refunds: '2',
    gross_sales: '32766.0000',
    returns: '1.0000',
  })
  const months = await read((trx) => salesByBucket(trx, scope, days, 'month'))
  expect([...months].map(([month, sums]) => [month, sums.gross_sales, sums.returns])).toEqual([
    ['2023-12-01', '14.0000', '0.0000'],
    ['2024-01-01', '240.0000', '0.0000'],
    ['2024-02-01', '3840.0000', '1.0000'],
    ['2024-03-01', '28672.0000', '0.0000'],
  ])
})

it('quarters, months and days add up to the same as the days, for every window', async () => {
  const edges = [
    '2023-09-30',
    '2023-10-01',
    ...DAYS,
    '2023-12-30',
    '2024-03-16',
    '2024-04-01',
    '2024-06-30',
    '2024-07-01',
  ].sort()
  for (const from of edges) {
    for (const to of edges.filter((edge) => edge >= from)) {
      const of = (areQuartersFine: boolean) =>
        monthlyCells(
          'customer',
          { keys: ['customer_id'], sums: ['net_sales'] },
          wholeBusiness(shop.id),
          { from, to },
          { areQuartersFine },
        )
      const [byQuarters, byMonths] = [await sumOf(of(true)), await sumOf(of(false))]
      expect({ from, to, net: byQuarters.net }).toEqual({ from, to, net: byMonths.net })
    }
  }
  const rows = async (from: string, to: string) =>
    (
      await sumOf(
        monthlyCells(
          'customer',
          { keys: ['customer_id'], sums: ['net_sales'] },
          wholeBusiness(shop.id),
          { from, to },
          {
            areQuartersFine: true,
          },
        ),
      )
    ).count
  // Of two locations: a quarter; a quarter after a month; two months.
  expect(await rows('2024-01-01', '2024-03-31')).toBe(2)
  expect(await rows('2023-12-01', '2024-03-31')).toBe(4)
  expect(await rows('2023-12-01', '2024-01-31')).toBe(4)
})

it('reads months, and the smaller part of the days of months that the window cuts', async () => {
  const scope = wholeBusiness(shop.id)
  const rowsOf = async (from: string, to: string) =>
    (await sumOf(monthlyCells('sales', { keys: [], sums: ['net_sales'] }, scope, { from, to }))).count
  // Two locations in each month.
  expect(await rowsOf('2023-12-01', '2024-03-31')).toBe(8)
  expect(await rowsOf('2024-02-01', '2024-02-29')).toBe(2)
  // February and a day at each side of it.
  expect(await rowsOf('2024-01-31', '2024-03-01')).toBe(4)
  expect(await rowsOf('2024-02-01', '2024-02-14')).toBe(2)
  // February less its last day: a sale and refunds at both locations; January less its first.
  expect(await rowsOf('2024-02-01', '2024-02-28')).toBe(4)
  expect(await rowsOf('2024-01-02', '2024-02-29')).toBe(5)
})
