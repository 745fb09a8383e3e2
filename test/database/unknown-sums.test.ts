import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeOrder, makeProduct, makeRefund, makeShop } from '../support/shop.ts'

// Sums by employee and client, and of what is not known: a sale's time, cost, tax rate, employee or client.
let db: TestDatabase

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db?.close())

/**
 * A shop in Guatemala that sold on 1 May 2026, at 18:00 two breads at 10 with 1 off to Ana (Eva sold), and sometime a
 * bread at 7 (nobody knows who sold it, nor at which rate it was taxed). One bread was returned on 2 May at 9:00.
 */
async function openShop() {
  const shop = await makeShop(db, { locationZones: ['America/Guatemala', 'Asia/Kathmandu'] })
  const bread = await makeProduct(db, shop, { sku: 'BREAD' })
  const [eva, ben] = ['Eva', 'Ben'].map(() => randomUUID())
  await db.asOwner('insert into employee (business_id, id, number, name) values ($1, $2, $4, $4), ($1, $3, $5, $5)', [
    ...[shop.id, eva, ben],
    ...['Eva', 'Ben'],
  ])
  const [ana] = await db.asOwner<{ id: string }>(
    "insert into customer (business_id, code, name) values ($1, 'Ana', 'Ana') returning id",
    [shop.id],
  )
  const change = (statement: RawBuilder<unknown>) =>
    db.till.within({ businessId: shop.id }, 'write', (trx) => statement.execute(trx))
  const first = await makeOrder(db.database, shop, {
    number: '1',
    at: '2026-05-02T00:00:00Z',
    lines: [{ ...bread, quantity: '2', unitPrice: '10', discount: '1', taxRate: '0.1' }],
  })
  const second = await makeOrder(db.database, shop, {
    number: '2',
    at: '2026-05-01T18:00:00Z',
    lines: [{ ...bread, quantity: '1', unitPrice: '7' }],
  })
  await change(sql`update orders set sold_by = ${eva}, customer_id = ${ana?.id} where id = ${first}`)
  await change(sql`update order_item set unit_cost = 4 where order_id = ${first}`)
  await change(sql`update orders set has_time = false where id = ${second}`)
  await change(sql`update order_item set tax_rate = null, tax = 0.5 where order_id = ${second}`)
  await makeRefund(db.database, shop, {
    orderId: first,
    at: '2026-05-02T15:00:00Z',
    lines: [{ ...bread, line: 1, quantity: '1', returns: '9.5', tax: '0.95' }],
  })
  await change(sql`update order_refund_line set unit_cost = 4, restocked = true where business_id = ${shop.id}`)

  const list = async (columns: string, from: string) =>
    (
      await db.asOwner<{ row: string }>(
        `select concat_ws(' ', ${columns}) as row from ${from}
         where r.business_id = $1 and r.basis = 'business' and (r.orders, r.refunds) is distinct from (0, 0) order by 1`,
        [shop.id],
      )
    ).map(({ row }) => row)
  const by = (table: string, key: string) =>
    list(
      `r.${key}, coalesce(c.name, '–'), r.orders, r.refunds, r.net_sales::float`,
      `${table} r left join customer c on c.id = r.customer_id`,
    )
  return {
    shop,
    bread,
    ben: ben as string,
    first,
    second,
    change,
    staff: () =>
      list(
        `r.day, coalesce(r.hour::text, '–'), coalesce(e.name, '–'), r.order_type, r.is_discounted, r.orders, r.refunds,
         r.net_sales::float`,
        'staff_hourly r left join employee e on e.id = r.employee_id',
      ),
    days: () => by('customer_daily', 'day'),
    months: () => by('customer_monthly', 'month'),
    costed: (table: string) => list('r.net_sales::float, r.costed_net_sales::float, r.cost::float', `${table} r`),
    hours: () => list('r.day, r.hour, r.net_sales::float', 'sales_hourly r'),
    differences: async () => (await change(sql`select * from check_rollups(${shop.id})`)).rows,
  }
}

it('sums by employee keep sales without a time apart, and refunds with who sold', async () => {
  const { staff, hours, change, ben, first, differences } = await openShop()
  expect(await staff()).toEqual([
    '2026-05-01 18 Eva retail t 1 0 19',
    '2026-05-01 – – retail f 1 0 7',
    '2026-05-02 9 Eva retail t 0 1 -9.5',
  ])
  expect(await hours()).toEqual(['2026-05-01 18 19', '2026-05-02 9 -9.5'])
  await change(sql`update orders set sold_by = ${ben}, order_type = 'delivery' where id = ${first}`)
  // Without its discount, the order is in another cell, and so is its refund.
  await change(sql`update order_item set discount = 0 where order_id = ${first}`)
  expect(await staff()).toEqual([
    '2026-05-01 18 Ben delivery f 1 0 20',
    '2026-05-01 – – retail f 1 0 7',
    '2026-05-02 9 Ben delivery f 0 1 -9.5',
  ])
  expect(await differences()).toEqual([])
})

it('a time that becomes known, or is forgotten, moves its sale and its refund', async () => {
  const { hours, change, first, second, differences } = await openShop()
  await change(sql`update orders set has_time = id = ${second} where id in (${first}, ${second})`)
  await change(sql`update order_refund set has_time = false where order_id = ${first}`)
  expect(await hours()).toEqual(['2026-05-01 12 7'])
  expect(await differences()).toEqual([])
})

it('sums by client hold the sales without one, and follow the client of an order', async () => {
  const { days, months, change, first, differences } = await openShop()
  expect(await days()).toEqual(['2026-05-01 Ana 1 0 19', '2026-05-01 – 1 0 7', '2026-05-02 Ana 0 1 -9.5'])
  expect(await months()).toEqual(['2026-05-01 Ana 1 1 9.5', '2026-05-01 – 1 0 7'])
  await change(sql`update orders set customer_id = null where id = ${first}`)
  expect(await months()).toEqual(['2026-05-01 – 2 1 16.5'])
  expect(await differences()).toEqual([])
})

it('net sales with a known cost are those of their lines', async () => {
  const { costed, change, second, shop } = await openShop()
  // 19 of 26 have a cost, of 2 × 4; then 9.50 of these came back with their 4.
  const days = ['-9.5 -9.5 -4', '26 19 8']
  expect(await costed('sales_daily')).toEqual(days)
  expect(await costed('sales_monthly')).toEqual(['16.5 9.5 4'])
  const totals = () =>
    db.asOwner<{ costed: number }>(
      `select costed_net_sales::float as costed from orders where business_id = $1
       union all select costed_net_sales::float from order_refund where business_id = $1 order by 1`,
      [shop.id],
    )
  expect((await totals()).map(({ costed }) => costed)).toEqual([0, 9.5, 19])
  await change(sql`update order_item set unit_cost = 0 where order_id = ${second}`)
  expect(await costed('sales_monthly')).toEqual(['16.5 16.5 4'])
})

it('a tax whose rate is not stated is summed apart, its refund, too', async () => {
  const { shop, bread, second, change, differences } = await openShop()
  const taxes = async () =>
    (
      await db.asOwner<{ row: string }>(
        `select concat_ws(' ', day, coalesce(tax_rate::float::text, '–'), net_sales::float, tax::float) as row
         from tax_daily where business_id = $1 and basis = 'business' and (net_sales, tax) <> (0, 0) order by 1`,
        [shop.id],
      )
    ).map(({ row }) => row)
  expect(await taxes()).toEqual(['2026-05-01 0.1 19 1.9', '2026-05-01 – 7 0.5', '2026-05-02 0.1 -9.5 -0.95'])
  const lines = [{ ...bread, line: 1, quantity: '1', returns: '7', tax: '0.5' }]
  await makeRefund(db.database, shop, { orderId: second, at: '2026-05-03T15:00:00Z', lines })
  await change(sql`update order_item set tax_rate = null where business_id = ${shop.id}`)
  expect(await taxes()).toEqual(['2026-05-01 – 26 2.4', '2026-05-02 – -9.5 -0.95', '2026-05-03 – -7 -0.5'])
  expect(await differences()).toEqual([])
})

it('a negative payment is money back by its method', async () => {
  const { shop, bread, differences } = await openShop()
  await makeOrder(db.database, shop, {
    number: '3',
    at: '2026-05-01T18:00:00Z',
    lines: [{ ...bread, quantity: '-1', unitPrice: '7' }],
    payments: [
      { method: 'cash', amount: '-5' },
      { method: 'card', amount: '-2' },
      { method: 'cash', amount: '0' },
    ],
  })
  const payments = await db.asOwner(
    `select method, payments::int, amount::float, refunds::int, refunded::float from payment_daily
     where business_id = $1 and basis = 'business' and day = '2026-05-01' order by method`,
    [shop.id],
  )
  expect(payments).toEqual([
    { method: 'card', payments: 0, amount: 0, refunds: 1, refunded: 2 },
    { method: 'cash', payments: 1, amount: 0, refunds: 1, refunded: 5 },
  ])
  expect(await differences()).toEqual([])
})

it('a difference in any of them is found, and rebuilt', async () => {
  const { shop, change, differences, staff, months } = await openShop()
  const before = [await staff(), await months()]
  for (const damage of [
    'staff_hourly set tips = tips + 1 where hour is null and',
    'staff_daily set refunds = refunds + 1 where employee_id is null and',
    'customer_monthly set orders = orders + 1 where customer_id is null and',
    'customer_daily set costed_net_sales = 0 where',
    'orders set costed_net_sales = 1 where sold_by is null and',
  ]) {
    await db.asOwner(`update ${damage} business_id = $1`, [shop.id])
  }
  const found = (await differences()) as { rollup: string; kept: string | null; raw: string | null }[]
  expect(new Set(found.map(({ rollup }) => rollup))).toEqual(
    new Set(['customer_daily', 'customer_monthly', 'orders', 'staff_daily', 'staff_hourly']),
  )
  await change(sql`select rebuild_rollups(${shop.id})`)
  expect([await staff(), await months()]).toEqual(before)
  expect(await differences()).toEqual([])
})
