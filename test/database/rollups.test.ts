import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { paymentsByMethod } from '../../src/pos/reports/payments.ts'
import { rankedProducts } from '../../src/pos/reports/product-sales.ts'
import { salesTotal, salesUntil } from '../../src/pos/reports/sales.ts'
import { wholeBusiness } from '../../src/pos/scope.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, type Product, type Shop } from '../support/shop.ts'

let db: TestDatabase
const opened: Shop[] = []

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db?.close())
afterEach(async () => {
  for (const shop of opened.splice(0)) expect(await differences(shop)).toEqual([])
})

const within = (shop: Shop, statement: RawBuilder<unknown>) =>
  db.till.within({ businessId: shop.id }, 'write', (trx) => statement.execute(trx))
const differences = async (shop: Shop) =>
  (
    await db.till.within({ businessId: shop.id }, 'read', (trx) =>
      sql<{ rollup: string }>`select * from check_rollups(${shop.id})`.execute(trx),
    )
  ).rows

/** A shop for one test with a product `A`; its sums must agree with its rows when the test ends. */
async function openShop() {
  const shop = await makeShop(db, { locationZones: ['America/Guatemala', 'Asia/Kathmandu'] })
  opened.push(shop)
  const product = await makeProduct(db, shop, { sku: 'A' })
  return {
    shop,
    product,
    change: (statement: RawBuilder<unknown>) => within(shop, statement),
    differences: () => differences(shop),
    /** Two of the product at 10 each, on 1 May. */
    sellTwo: () =>
      makeOrder(db.database, shop, {
        number: '1',
        at: '2026-05-01T12:00:00Z',
        lines: [{ ...product, quantity: '2', unitPrice: '10' }],
      }),
    daily: () =>
      db.asOwner<{ day: string; net: string; orders: string; units: string }>(
        `select day::text, sum(net_sales)::text as net, sum(orders)::text as orders, sum(units_sold)::text as units
         from sales_daily where basis = 'business' and business_id = $1
         group by day having sum(orders) <> 0 or sum(net_sales) <> 0 order by day`,
        [shop.id],
      ),
    products: () =>
      db.asOwner<{ day: string; net: string }>(
        `select day::text, sum(net_sales)::text as net from product_daily where basis = 'business' and business_id = $1
         group by day having sum(net_sales) <> 0 order by day`,
        [shop.id],
      ),
  }
}

describe('rollups follow', () => {
  it('a sale', async () => {
    const { sellTwo, daily, products } = await openShop()
    await sellTwo()
    expect(await daily()).toEqual([{ day: '2026-05-01', net: '20.0000', orders: '1', units: '2.000' }])
    expect(await products()).toEqual([{ day: '2026-05-01', net: '20.0000' }])
  })

  it('a late edit of a line, a new line and a removed line', async () => {
    const { shop, product, sellTwo, change, daily, products } = await openShop()
    const orderId = await sellTwo()
    await change(sql`update order_item set gross_sales = 25 where order_id = ${orderId}`)
    expect(await daily()).toMatchObject([{ net: '25.0000' }])
    await change(sql`
      insert into order_item (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price, gross_sales)
      values (${shop.id}, ${orderId}, 2, ${product.productId}, ${product.variantId}, 'late', 1, 5, 5)`)
    expect(await daily()).toMatchObject([{ net: '30.0000', units: '3.000' }])
    await change(sql`delete from order_item where order_id = ${orderId} and line_number = 2`)
    expect(await products()).toEqual([{ day: '2026-05-01', net: '25.0000' }])
  })

  it('a move in time and place', async () => {
    const { shop, sellTwo, change, daily, products } = await openShop()
    const orderId = await sellTwo()
    await change(sql`update orders set completed_at = '2026-05-02T12:00:00Z' where id = ${orderId}`)
    expect(await daily()).toMatchObject([{ day: '2026-05-02', net: '20.0000', orders: '1' }])
    await change(sql`update orders set location_id = ${shop.locations[1]} where id = ${orderId}`)
    expect(await products()).toEqual([{ day: '2026-05-02', net: '20.0000' }])
  })

  it('an order that is completed only later, and one that is cancelled', async () => {
    const { shop, product, sellTwo, change, daily, differences } = await openShop()
    await sellTwo()
    const open = await makeOrder(db.database, shop, {
      number: '2',
      at: '2026-05-03T12:00:00Z',
      status: 'open',
      lines: [{ ...product, quantity: '1', unitPrice: '7' }],
    })
    expect(await daily()).toHaveLength(1)
    await change(sql`update orders set status = 'completed', completed_at = '2026-05-03T13:00:00Z' where id = ${open}`)
    expect(await daily()).toMatchObject([{}, { day: '2026-05-03', net: '7.0000' }])
    expect(await differences()).toEqual([])
    await change(sql`update orders set status = 'cancelled', cancelled_at = now() where id = ${open}`)
    expect(await daily()).toHaveLength(1)
  })

  it('a refund, which keeps its order completed', async () => {
    const { shop, product, sellTwo, change, daily } = await openShop()
    const orderId = await sellTwo()
    await makeRefund(db.database, shop, {
      orderId,
      at: '2026-05-04T12:00:00Z',
      lines: [{ ...product, line: 1, quantity: '1', returns: '12.50' }],
    })
    expect(await daily()).toMatchObject([
      { day: '2026-05-01', net: '20.0000' },
      { day: '2026-05-04', net: '-12.5000' },
    ])
    await expect(
      change(sql`update orders set status = 'cancelled', cancelled_at = now() where id = ${orderId}`),
    ).rejects.toThrow('an order with refunds stays completed')
  })

  it('a change of time zone', async () => {
    const { shop, product, change, daily } = await openShop()
    await makeOrder(db.database, shop, {
      number: '3',
      at: '2026-05-06T03:00:00Z',
      lines: [{ ...product, quantity: '1', unitPrice: '3' }],
    })
    expect(await daily()).toEqual([{ day: '2026-05-05', net: '3.0000', orders: '1', units: '1.000' }])
    await change(sql`update business set timezone = 'Europe/Madrid' where id = ${shop.id}`)
    expect(await daily()).toEqual([{ day: '2026-05-06', net: '3.0000', orders: '1', units: '1.000' }])
  })

  it('sales that are written in parallel', async () => {
    const { shop, product, daily } = await openShop()
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        makeOrder(db.database, shop, {
          number: `side-${index}`,
          // Every hour, from midnight.
          at: new Date(Date.UTC(2026, 4, 10, 6 + index)).toISOString(),
          lines: [{ ...product, quantity: '1', unitPrice: '1.05' }],
        }),
      ),
    )
    expect(await daily()).toEqual([{ day: '2026-05-10', net: '21.0000', orders: '20', units: '20.000' }])
  })
})

/** A shop for one test that sells bread to Ana and Eva, with its sums as lines of text. */
async function openBakery() {
  const { shop, product: bread, change, differences } = await openShop()
  const customers = await db.asOwner<{ id: string }>(
    `insert into customer (business_id, code, name) values ($1, 'Ana', 'Ana'), ($1, 'Eva', 'Eva') returning id`,
    [shop.id],
  )
  const [ana, eva] = customers.map(({ id }) => id) as [string, string]
  const list = async (columns: string, from: string) =>
    (
      await db.asOwner<{ row: string }>(
        `select concat_ws(' ', ${columns}) as row from ${from} and r.business_id = $1 order by 1`,
        [shop.id],
      )
    ).map(({ row }) => row)
  return {
    shop,
    bread,
    ana,
    eva,
    change,
    differences,
    list,
    months: () =>
      list(
        'r.month, v.sku, r.units_sold::float, r.net_sales::float',
        `product_monthly r join product_variant v on v.id = r.variant_id where r.basis = 'business' and (r.units_sold <> 0 or r.net_sales <> 0)`,
      ),
    taxes: () =>
      list(
        'r.day, r.tax_rate::float, r.net_sales::float, r.tax::float',
        `tax_daily r where r.basis = 'business' and (r.net_sales <> 0 or r.tax <> 0)`,
      ),
    payments: () =>
      list(
        'r.day, r.method, r.payments, r.amount::float, r.refunds, r.refunded::float',
        `payment_daily r where r.basis = 'business' and (r.payments <> 0 or r.refunds <> 0)`,
      ),
    clients: () =>
      list(
        `c.code, r.orders, r.net_sales::float, coalesce(to_char(r.first_at at time zone 'UTC', 'MM-DD'), '-'),
          coalesce(to_char(r.last_at at time zone 'UTC', 'MM-DD'), '-')`,
        'customer_sales r join customer c on c.id = r.customer_id where true',
      ),
    /** One bread with 10 % tax on top, of which everything but the tax is paid, in cash. */
    async sell(number: string, at: string, client: string, unitPrice: string, status?: 'open') {
      const id = await makeOrder(db.database, shop, {
        number,
        at,
        ...(status && { status }),
        lines: [{ ...bread, quantity: '1', unitPrice, taxRate: '0.1' }],
        payments: [{ method: 'cash', amount: unitPrice }],
      })
      await change(sql`update orders set customer_id = ${client} where id = ${id}`)
      return id
    },
    /** Ana's order on the last day of May: two breads, a cake `C` at another rate, and a returned bread. */
    async sellMixed() {
      const cake = await makeProduct(db, shop, { sku: 'C' })
      const id = await makeOrder(db.database, shop, {
        number: 'mixed',
        at: '2026-05-31T12:00:00Z',
        lines: [
          { ...bread, quantity: '2', unitPrice: '10', taxRate: '0.1' },
          { ...cake, quantity: '1', unitPrice: '5', taxRate: '0.05' },
          { ...bread, quantity: '-1', unitPrice: '3', taxRate: '0.1' },
        ],
        // 20 + 5 − 3, and 2 + 0.25 − 0.3 of tax.
        payments: [
          { method: 'card', amount: '20' },
          { method: 'cash', amount: '3.95' },
        ],
      })
      await change(sql`update orders set customer_id = ${ana} where id = ${id}`)
      return id
    },
    /** A refund of the first line of the order above: 6 without tax, 0.6 of tax and 0.4 of tip. */
    refundMixed: (orderId: string) =>
      makeRefund(db.database, shop, {
        orderId,
        at: '2026-06-02T12:00:00Z',
        lines: [{ ...bread, line: 1, quantity: '1', returns: '6', tax: '0.6' }],
        tips: '0.4',
      }),
  }
}

describe('months, tax rates, payments and clients follow', () => {
  it('a sale at two rates with a return line, and one that is still open', async () => {
    const { eva, sell, sellMixed, months, taxes, payments, clients } = await openBakery()
    await sellMixed()
    await sell('2', '2026-06-01T12:00:00Z', eva, '4', 'open')
    expect(await months()).toEqual(['2026-05-01 A 2 17', '2026-05-01 C 1 5'])
    expect(await taxes()).toEqual(['2026-05-31 0.05 5 0.25', '2026-05-31 0.1 17 1.7'])
    expect(await payments()).toEqual(['2026-05-31 card 1 20 0 0', '2026-05-31 cash 1 3.95 0 0'])
    expect(await clients()).toEqual(['Ana 1 22 05-31 05-31'])
  })

  it('a late edit of a line, a removed line, and a late payment', async () => {
    const { shop, sellMixed, change, months, taxes, payments, clients } = await openBakery()
    const orderId = await sellMixed()
    await change(sql`update order_item set gross_sales = 8, tax = 0.8, quantity = 1
      where order_id = ${orderId} and line_number = 1`)
    await change(sql`delete from order_item where order_id = ${orderId} and line_number = 3`)
    await change(sql`update order_item set tax_rate = 0.07 where order_id = ${orderId} and line_number = 2`)
    await change(sql`update order_payment set amount = 12 where order_id = ${orderId} and method = 'card'`)
    await change(sql`delete from order_payment where order_id = ${orderId} and method = 'cash'`)
    await change(sql`insert into order_payment (business_id, order_id, payment_number, method, amount)
      values (${shop.id}, ${orderId}, 3, 'transfer', 2.05)`)
    expect(await months()).toEqual(['2026-05-01 A 1 8', '2026-05-01 C 1 5'])
    expect(await taxes()).toEqual(['2026-05-31 0.07 5 0.25', '2026-05-31 0.1 8 0.8'])
    expect(await payments()).toEqual(['2026-05-31 card 1 12 0 0', '2026-05-31 transfer 1 2.05 0 0'])
    expect(await clients()).toEqual(['Ana 1 13 05-31 05-31'])
  })

  it('a refund, at the rate that its line has and gets', async () => {
    const { sellMixed, refundMixed, change, months, taxes, payments, clients } = await openBakery()
    const orderId = await sellMixed()
    await refundMixed(orderId)
    expect(await months()).toContain('2026-06-01 A 0 -6')
    expect(await taxes()).toContain('2026-06-02 0.1 -6 -0.6')
    expect(await payments()).toContain('2026-06-02 cash 0 0 1 7')
    // 22 − 6.
    expect(await clients()).toEqual(['Ana 1 16 05-31 05-31'])
    await change(sql`update order_item set tax_rate = 0.2 where order_id = ${orderId} and line_number = 1`)
    expect(await taxes()).toEqual([
      '2026-05-31 0.05 5 0.25',
      '2026-05-31 0.1 -3 -0.3',
      '2026-05-31 0.2 20 2',
      '2026-06-02 0.2 -6 -0.6',
    ])
  })

  it('a move to another client, refunds included', async () => {
    const { eva, sellMixed, refundMixed, change, clients } = await openBakery()
    const orderId = await sellMixed()
    await refundMixed(orderId)
    await change(sql`update orders set customer_id = ${eva} where id = ${orderId}`)
    expect(await clients()).toEqual(['Ana 0 0 - -', 'Eva 1 16 05-31 05-31'])
    await change(sql`update orders set customer_id = null where id = ${orderId}`)
    expect(await clients()).toEqual(['Ana 0 0 - -', 'Eva 0 0 - -'])
  })

  it('first and last orders that come late, move and leave', async () => {
    const { ana, eva, sell, change, payments, clients } = await openBakery()
    const first = await sell('3', '2026-04-10T12:00:00Z', ana, '1')
    const last = await sell('4', '2026-07-10T12:00:00Z', ana, '2')
    await sell('5', '2026-05-10T12:00:00Z', ana, '4')
    expect(await clients()).toEqual(['Ana 3 7 04-10 07-10'])
    await change(sql`update orders set completed_at = '2026-06-10T12:00:00Z' where id = ${first}`)
    expect(await clients()).toEqual(['Ana 3 7 05-10 07-10'])
    expect(await payments()).toContain('2026-06-10 cash 1 1 0 0')
    await change(sql`update orders set status = 'cancelled', cancelled_at = now() where id = ${last}`)
    expect(await clients()).toEqual(['Ana 2 5 05-10 06-10'])
    await change(sql`update orders set customer_id = ${eva} where order_number in ('3', '5')`)
    expect(await clients()).toEqual(['Ana 0 0 - -', 'Eva 2 5 05-10 06-10'])
  })

  it('an order that is completed at last, and one that changes its place', async () => {
    const { shop, ana, eva, sellMixed, refundMixed, sell, change, months, clients, list } = await openBakery()
    await refundMixed(await sellMixed())
    await sell('1', '2026-06-10T12:00:00Z', ana, '1')
    await sell('2', '2026-05-10T12:00:00Z', eva, '5')
    await sell('3', '2026-06-01T12:00:00Z', eva, '4', 'open')
    await change(sql`update orders set status = 'completed', completed_at = '2026-06-30T20:00:00Z',
      location_id = ${shop.locations[1]} where order_number = '3'`)
    // At the first location 1 less the refund of 6, at the second 4.
    expect(await months()).toEqual(expect.arrayContaining(['2026-06-01 A 1 -5', '2026-06-01 A 1 4']))
    expect(await clients()).toContain('Eva 2 9 05-10 06-30')
    // In Kathmandu it is July already.
    const there = `r.basis = 'location' and r.location_id = '${shop.locations[1]}'`
    expect(await list('r.month, r.net_sales::float', `product_monthly r where ${there}`)).toEqual(['2026-07-01 4'])
    expect(await list('r.day, r.amount::float', `payment_daily r where ${there}`)).toEqual(['2026-07-01 4'])
    expect(await list('r.day, r.tax::float', `tax_daily r where ${there}`)).toEqual(['2026-07-01 0.4'])
    expect(await list('r.month, r.orders', `sales_monthly r where ${there}`)).toEqual(['2026-07-01 1'])
  })

  it('a change of time zone', async () => {
    const { shop, eva, sell, change, months, taxes, payments, clients } = await openBakery()
    await sell('1', '2026-06-30T20:00:00Z', eva, '4')
    expect(await months()).toEqual(['2026-06-01 A 1 4'])
    await change(sql`update business set timezone = 'Asia/Tokyo' where id = ${shop.id}`)
    expect(await months()).toEqual(['2026-07-01 A 1 4'])
    expect(await taxes()).toEqual(['2026-07-01 0.1 4 0.4'])
    expect(await payments()).toEqual(['2026-07-01 cash 1 4 0 0'])
    expect(await clients()).toEqual(['Eva 1 4 06-30 06-30'])
  })

  it('orders of one client that are written and cancelled in parallel', async () => {
    const { ana, sell, change, clients } = await openBakery()
    await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const id = await sell(`side-${index}`, `2026-08-${10 + index}T12:00:00Z`, ana, '1')
        if (index % 3 !== 1) {
          await change(sql`update orders set status = 'cancelled', cancelled_at = now() where id = ${id}`)
        }
      }),
    )
    expect(await clients()).toEqual(['Ana 4 4 08-11 08-20'])
  })

  it('payments and refund lines that are written while their order changes', async () => {
    const { shop, bread, ana, eva, sell, change, taxes, payments, clients } = await openBakery()
    const ids = await Promise.all(
      Array.from({ length: 8 }, (_, index) => sell(`race-${index}`, '2026-09-10T12:00:00Z', ana, '10', 'open')),
    )
    await Promise.all(
      ids.flatMap((id) => [
        change(sql`update orders set status = 'completed', completed_at = '2026-09-11T12:00:00Z' where id = ${id}`),
        change(sql`insert into order_payment (business_id, order_id, payment_number, method, amount)
          values (${shop.id}, ${id}, 2, 'card', 1)`),
      ]),
    )
    expect(await payments()).toEqual(['2026-09-11 card 8 8 0 0', '2026-09-11 cash 8 80 0 0'])
    await Promise.all(
      ids.flatMap((id) => [
        makeRefund(db.database, shop, {
          orderId: id,
          at: '2026-09-12T12:00:00Z',
          lines: [{ ...bread, line: 1, quantity: '1', returns: '10', tax: '1' }],
        }),
        change(sql`update order_item set tax_rate = 0.3 where order_id = ${id}`),
        change(sql`update orders set customer_id = ${eva} where id = ${id}`),
      ]),
    )
    expect(await taxes()).toEqual(['2026-09-11 0.3 80 8', '2026-09-12 0.3 -80 -8'])
    await change(sql`update orders set customer_id = null where order_number like 'race-%'`)
    expect(await clients()).toEqual(['Ana 0 0 - -', 'Eva 0 0 - -'])
  })

  it('a difference is found in each, and rebuilt', async () => {
    const { shop, ana, eva, sell, change, clients, differences } = await openBakery()
    await sell('1', '2026-04-10T12:00:00Z', ana, '1')
    await sell('2', '2026-05-10T12:00:00Z', ana, '4')
    await sell('3', '2026-06-10T12:00:00Z', eva, '3')
    for (const damage of [
      'payment_daily set amount = amount + 1',
      'tax_daily set tax = tax + 1',
      'product_monthly set tax = tax + 1',
      'customer_sales set last_at = now()',
    ]) {
      await db.asOwner(`update ${damage} where business_id = $1`, [shop.id])
    }
    expect(new Set((await differences()).map(({ rollup }) => rollup))).toEqual(
      new Set(['customer_sales', 'payment_daily', 'product_monthly', 'tax_daily']),
    )
    await change(sql`select rebuild_rollups(${shop.id})`)
    expect(await clients()).toEqual(['Ana 2 5 04-10 05-10', 'Eva 1 3 06-10 06-10'])
  })
})

it('sales of one month that lock their products crosswise wait for each other', async () => {
  const busy = await makeShop(db, { name: 'Busy' })
  const sold = await Promise.all(['X', 'Y'].map((sku) => makeProduct(db, busy, { sku })))
  const lines = [...sold, ...sold.toReversed()]
  const sell = (day: string, products: Product[]) =>
    db.till.within({ businessId: busy.id }, 'write', async (trx) => {
      const id = randomUUID()
      await sql`insert into orders (business_id, id, order_number, location_id, status, completed_at)
        values (${busy.id}, ${id}, ${day}, ${busy.locations[0]}, 'completed', ${`${day}T12:00:00Z`})`.execute(trx)
      for (const [index, { productId, variantId }] of products.entries()) {
        await sql`insert into order_item
          (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price, gross_sales)
          values (${busy.id}, ${id}, ${index + 1}, ${productId}, ${variantId}, 'x', 1, 1, 1)`.execute(trx)
        await sql`select pg_sleep(0.05)`.execute(trx)
      }
    })
  await Promise.all([sell('2026-05-02', lines.slice(0, 2)), sell('2026-05-03', lines.slice(2))])
  const [row] = await db.asOwner<{ net: string }>(
    `select sum(net_sales)::text as net from product_monthly where basis = 'business' and business_id = $1`,
    [busy.id],
  )
  expect(row?.net).toBe('4.0000')
})

it('a cost of zero differs from an unknown one, however the window cuts months', async () => {
  const shelf = await makeShop(db, { name: 'Shelf' })
  const item = await makeProduct(db, shelf, { sku: 'K' })
  const lines = (quantity: string) => [{ ...item, quantity, unitPrice: '5' }]
  const sold = await makeOrder(db.database, shelf, { number: '1', at: '2026-05-04T12:00:00Z', lines: lines('1') })
  const back = await makeOrder(db.database, shelf, { number: '2', at: '2026-05-06T12:00:00Z', lines: lines('-1') })
  await makeOrder(db.database, shelf, { number: '3', at: '2026-05-08T12:00:00Z', lines: lines('1') })
  const write = (statement: ReturnType<typeof sql>) =>
    db.till.within({ businessId: shelf.id }, 'write', (trx) => statement.execute(trx))
  const setCost = (cost: string | null, ...orders: string[]) =>
    write(sql`update order_item set unit_cost = ${cost} where order_id = any(${orders}::uuid[])`)
  const costs = ([from, to]: readonly [string, string]) =>
    db.till.within({ businessId: shelf.id }, 'read', async (trx) => {
      const query = { by: 'net_sales', order: 'best', limit: 5 } as const
      const [row] = await rankedProducts(trx, wholeBusiness(shelf.id), { from, to }, query)
      return [row?.cost, row?.margin]
    })
  const month = ['2026-05-01', '2026-05-31'] as const
  const mostOfIt = ['2026-05-02', '2026-05-30'] as const
  const june = ['2026-06-01', '2026-06-30'] as const

  for (const days of [month, mostOfIt]) expect(await costs(days)).toEqual([null, null])
  await setCost('0', sold)
  for (const days of [month, mostOfIt]) expect(await costs(days)).toEqual(['0.0000', '5.0000'])
  await setCost('3', sold)
  for (const days of [month, mostOfIt]) expect(await costs(days)).toEqual(['3.0000', '2.0000'])
  // What has a cost came back, and what is left has none.
  await setCost('3', back)
  for (const days of [month, mostOfIt]) expect(await costs(days)).toEqual([null, null])
  await setCost(null, sold, back)
  await write(sql`update orders set status = 'cancelled', cancelled_at = now() where id = ${back}`)
  for (const days of [month, mostOfIt]) expect(await costs(days)).toEqual([null, null])

  await setCost('3', sold)
  const refunded = [{ ...item, line: 1, quantity: '1', returns: '5' }]
  await makeRefund(db.database, shelf, { orderId: sold, at: '2026-06-02T12:00:00Z', lines: refunded })
  expect(await costs(june)).toEqual([null, null])
  // Written off: their cost stays with the sale.
  await db.asOwner('update order_refund_line set unit_cost = 3 where business_id = $1', [shelf.id])
  expect(await costs(june)).toEqual(['0.0000', '-5.0000'])
  await db.asOwner('update order_refund_line set restocked = true where business_id = $1', [shelf.id])
  expect(await costs(june)).toEqual(['-3.0000', '-2.0000'])
  expect((await write(sql`select * from check_rollups(${shelf.id})`)).rows).toEqual([])
})

it('rows that would escape their sums are refused', async () => {
  const { sellTwo } = await openShop()
  const orderId = await sellTwo()
  const owner = async (statement: string) => db.asOwner(statement)
  await owner('create role test_schema_owner')
  await owner('grant all on schema public to test_schema_owner')
  for (const name of ['orders_rollup_insert', 'orders_rollup_update']) {
    await owner(`alter function ${name}() owner to test_schema_owner`)
  }
  await owner('grant all on all tables in schema public to test_schema_owner')
  await expect(owner(`update orders set tips = 1 where id = '${orderId}'`)).rejects.toThrow('set app.business_id')
  await owner('alter function orders_rollup_insert() owner to postgres')
  await owner('alter function orders_rollup_update() owner to postgres')
  await owner('drop owned by test_schema_owner')
  await owner('drop role test_schema_owner')
})

it('nobody can check or rebuild the sums of another business', async () => {
  const { change } = await openShop()
  const other = await makeShop(db, { name: 'Other' })
  for (const name of ['check_rollups', 'rebuild_rollups']) {
    await expect(change(sql`select ${sql.raw(name)}(${other.id})`)).rejects.toThrow('set app.business_id')
  }
})

it('a midnight that happens twice belongs to the new day both times', async () => {
  const azores = await makeShop(db, { name: 'Azores', timezone: 'Atlantic/Azores' })
  const item = await makeProduct(db, azores, { sku: 'A' })
  // On 2026-10-25 the clock goes from 01:00 back to 00:00: 00:30 is 00:30Z and again 01:30Z.
  for (const at of ['2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z']) {
    await makeOrder(db.database, azores, {
      number: at,
      at,
      lines: [{ ...item, quantity: '1', unitPrice: '5' }],
      payments: [{ method: 'cash', amount: '5' }],
    })
  }
  const day = { from: '2026-10-25', to: '2026-10-25' }
  const scope = wholeBusiness(azores.id)
  await db.till.within(scope, 'read', async (trx) => {
    expect(await salesTotal(trx, scope, day)).toMatchObject({ orders: '2' })
    expect(await paymentsByMethod(trx, { ...scope, ...day, limit: 20 })).toMatchObject([{ amount: '10.0000' }])
    const until = await salesUntil(trx, scope, [day.from], '00:45:00', 'Atlantic/Azores')
    expect(until.get(day.from)).toMatchObject({ orders: '2' })
  })
})

it('a difference is found and rebuilt', async () => {
  const { shop, sellTwo, change, differences } = await openShop()
  await sellTwo()
  await db.asOwner(
    "update sales_daily set gross_sales = gross_sales + 1 where business_id = $1 and day = '2026-05-01' and basis = 'business'",
    [shop.id],
  )
  expect(await differences()).toEqual([
    expect.objectContaining({
      rollup: 'sales_daily',
      day: '2026-05-01',
      kept: '21.0000',
      raw: '20.0000',
    }),
  ])
  await change(sql`select rebuild_rollups(${shop.id})`)
  expect(await differences()).toEqual([])
})

it('stock follows its ledger, and the ledger is append-only', async () => {
  const { shop, product, change } = await openShop()
  const move = (quantity: number) =>
    change(sql`insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
      values (${shop.id}, ${shop.locations[0]}, ${product.variantId}, ${quantity}, 'count')`)
  await Promise.all([10, -3, 5].map(move))
  const stock = await db.asOwner('select on_hand::text from inventory where variant_id = $1', [product.variantId])
  expect(stock).toEqual([{ on_hand: '12.000' }])
  await expect(db.asOwner('delete from inventory_movement')).rejects.toThrow('inventory_movement is append-only')
})
