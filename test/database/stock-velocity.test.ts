import fc from 'fast-check'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, type Product, type Shop } from '../support/shop.ts'

// The sums follow the clock of the database, so these sales are at distances from now.
const DAY_MS = 86_400_000
// The business is in UTC: its sums of a location with that clock are those of the location, too.
const CLOCKS = ['America/Guatemala', 'UTC']

let db: TestDatabase
let number = 0

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db?.close())

async function openShop(zone = 'America/Guatemala'): Promise<{ shop: Shop; products: Product[] }> {
  const shop = await makeShop(db, { timezone: 'UTC', locationZones: [zone, 'Pacific/Auckland', 'UTC'] })
  return { shop, products: [await makeProduct(db, shop, { sku: 'A' }), await makeProduct(db, shop, { sku: 'B' })] }
}

function sell(shop: Shop, product: Product, daysAgo: number, quantity: number, location = shop.locations[0] as string) {
  number += 1
  return makeOrder(db.database, shop, {
    number: `${number}`,
    at: new Date(Date.now() - daysAgo * DAY_MS).toISOString(),
    location,
    lines: [{ ...product, quantity: String(quantity), unitPrice: '10' }],
  })
}

const through = async (shop: Shop, location = shop.locations[0]) => {
  const [row] = await db.asOwner<{ behind: number | null }>(
    `select (now() at time zone l.timezone)::date - d.through as behind
     from stock_velocity_day d join location l on l.business_id = d.business_id and l.id = d.location_id
     where d.business_id = $1 and d.location_id = $2`,
    [shop.id, location],
  )
  return row?.behind
}

/** The sums as a reader has them, for windows that end some days ago, and the same from the orders themselves. */
async function bothSums(shop: Shop, daysAgo: number) {
  const kept = await db.asOwner(
    `select location_id, variant_id, sum(units)::text as units, sum(net_sales)::text as net_sales, sum(sold)::text as sold
     from (
       select v.location_id, v.variant_id, v.units, v.net_sales, v.sold from stock_velocity v where v.business_id = $1
       union all
       select d.location_id, c.variant_id, c.units, c.net_sales, c.sold
       from stock_velocity_day d cross join lateral
         velocity_changes(d.business_id, d.location_id, d.through, (now() at time zone 'UTC')::date - $2::integer) c
       where d.business_id = $1
     ) s
     group by 1, 2 having (sum(units), sum(net_sales), sum(sold)) is distinct from (0, 0, 0) order by 1, 2`,
    [shop.id, daysAgo],
  )
  const raw = await db.asOwner(
    `select location_id, variant_id, sum(units)::text as units, sum(net_sales)::text as net_sales, sum(sold)::text as sold
     from (
       select f.location_id, f.variant_id,
         case when age < 30 then quantity else 0 end as units, case when age < 30 then net else 0 end as net_sales,
         case when quantity > 0 then quantity else 0 end as sold
       from (
         select o.location_id, i.variant_id, i.quantity, i.net_sales as net,
           (now() at time zone 'UTC')::date - $2::integer - (o.completed_at at time zone l.timezone)::date as age
         from orders o join order_item i on i.business_id = o.business_id and i.order_id = o.id
         join location l on l.business_id = o.business_id and l.id = o.location_id
         where o.business_id = $1 and o.status = 'completed'
         union all
         select r.location_id, rl.variant_id, -rl.quantity, -rl.returns,
           (now() at time zone 'UTC')::date - $2::integer - (r.refunded_at at time zone l.timezone)::date
         from order_refund r join order_refund_line rl on rl.business_id = r.business_id and rl.refund_id = r.id
         join location l on l.business_id = r.business_id and l.id = r.location_id
         where r.business_id = $1
       ) f where age between 0 and 89
     ) s
     group by 1, 2 having (sum(units), sum(net_sales), sum(sold)) is distinct from (0, 0, 0) order by 1, 2`,
    [shop.id, daysAgo],
  )
  const plain = (rows: Record<string, unknown>[]) =>
    rows.map(({ units, net_sales, sold, ...row }) => ({ ...row, sums: [units, net_sales, sold].map(Number) }))
  return { kept: plain(kept), raw: plain(raw) }
}

async function expectExact(shop: Shop): Promise<void> {
  for (const daysAgo of [0, 1, 3, 5, 19, 40]) {
    const { kept, raw } = await bothSums(shop, daysAgo)
    expect({ daysAgo, sums: kept }).toEqual({ daysAgo, sums: raw })
  }
}

it.each(CLOCKS)('sums nothing until the first sale of today, then all until yesterday, in %s', async (zone) => {
  const { shop, products } = await openShop(zone)
  const [a, b] = products as [Product, Product]
  await sell(shop, a, 89.5, 5)
  await sell(shop, a, 20, 7)
  expect(await through(shop)).toBeNull()
  await sell(shop, b, 0, 1)
  expect(await through(shop)).toBe(1)
  expect(await through(shop, shop.locations[1])).toBeNull()
  const [row] = await db.asOwner(
    'select units::text, net_sales::text, sold::text from stock_velocity where business_id = $1 and variant_id = $2',
    [shop.id, a.variantId],
  )
  // Of the 30 days, and of the 90.
  expect(row).toEqual({ units: '7.000', net_sales: '70.0000', sold: '12.000' })
  await expectExact(shop)
})

it.each(CLOCKS)('moves forward by the days that have passed, and takes out what has left, in %s', async (zone) => {
  const { shop, products } = await openShop(zone)
  const [a, b] = products as [Product, Product]
  for (const days of [3, 4, 10, 32, 33, 36, 60, 92, 93, 96]) await sell(shop, a, days, days)
  await sell(shop, a, 0, 1)
  // As it was five days ago.
  await db.asOwner(
    `with w as (
       select c.* from stock_velocity_day d cross join lateral
         velocity_changes(d.business_id, d.location_id, d.through, d.through - 5) c
       where d.business_id = $1 and d.through is not null
     ), changed as (
       update stock_velocity v set units = v.units + w.units, net_sales = v.net_sales + w.net_sales, sold = v.sold + w.sold
       from w where v.business_id = $1 and v.variant_id = w.variant_id
     )
     update stock_velocity_day set through = through - 5 where business_id = $1 and through is not null`,
    [shop.id],
  )
  await expectExact(shop)
  expect(await through(shop)).toBe(6)
  await sell(shop, b, 0, 1)
  expect(await through(shop)).toBe(1)
  await expectExact(shop)
})

it.each(CLOCKS)(
  'follows old orders that are loaded, cancelled and refunded later, and a changed time zone, in %s',
  async (zone) => {
    const { shop, products } = await openShop(zone)
    const [a, b] = products as [Product, Product]
    await sell(shop, b, 0, 1)
    const orders = []
    for (const days of [2, 5, 29, 31, 33, 88, 91, 94, 200]) orders.push(await sell(shop, a, days, days))
    await expectExact(shop)
    const [first, second, third] = orders as [string, string, string]
    await makeRefund(db.database, shop, {
      orderId: first,
      at: new Date(Date.now() - DAY_MS).toISOString(),
      lines: [{ ...a, line: 1, quantity: '1', returns: '10' }],
    })
    await makeRefund(db.database, shop, {
      orderId: third,
      at: new Date(Date.now() - 20 * DAY_MS).toISOString(),
      lines: [{ ...a, line: 1, quantity: '2', returns: '20' }],
    })
    await db.till.within({ businessId: shop.id }, 'write', (trx) =>
      sql`update orders set status = 'cancelled', cancelled_at = now() where business_id = ${shop.id} and id = ${second}`.execute(
        trx,
      ),
    )
    await expectExact(shop)
    await db.till.within({ businessId: shop.id }, 'write', (trx) =>
      sql`update location set timezone = 'Asia/Kathmandu' where business_id = ${shop.id} and id = ${shop.locations[0]}`.execute(
        trx,
      ),
    )
    await expectExact(shop)
  },
)

it('is exact after any sales, in any order', async () => {
  const sale = fc.record({
    product: fc.nat(1),
    location: fc.nat(1),
    daysAgo: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 130, noNaN: true })),
    quantity: fc.integer({ min: 1, max: 9 }),
    fate: fc.constantFrom('kept', 'kept', 'cancelled', 'refunded'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(sale, { minLength: 3, maxLength: 12 }), async (sales) => {
      const { shop, products } = await openShop()
      for (const { product, location, daysAgo, quantity, fate } of sales) {
        const sold = products[product] as Product
        const order = await sell(shop, sold, daysAgo, quantity, shop.locations[location])
        if (fate === 'cancelled') {
          await db.till.within({ businessId: shop.id }, 'write', (trx) =>
            sql`update orders set status = 'cancelled', cancelled_at = now() where business_id = ${shop.id} and id = ${order}`.execute(
              trx,
            ),
          )
        }
        if (fate !== 'refunded') continue
        await makeRefund(db.database, shop, {
          orderId: order,
          at: new Date(Date.now() - (daysAgo / 2) * DAY_MS).toISOString(),
          lines: [{ ...sold, line: 1, quantity: '1', returns: '10' }],
        })
      }
      await expectExact(shop)
    }),
    { numRuns: 15 },
  )
}, 120_000)
