import { randomUUID } from 'node:crypto'
import { type RawBuilder, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { makeClient, makePurchase } from '../support/clients.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { createOwnedDatabase } from '../support/owned-database.ts'
import { makeOrder, makeProduct, makeRefund, makeShop } from '../support/shop.ts'

// Sums by city, category and supplier, and how they follow clients and products that change theirs.
let db: TestDatabase

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db?.close())

/**
 * A shop in Guatemala with a branch in Nepal, where it was the next day already. On 1 May it sold two breads at 10 to Ana,
 * of which one came back on 2 May, and in the branch a bread to nobody for 7.
 */
async function openShop() {
  const shop = await makeShop(db, { locationZones: ['America/Guatemala', 'Asia/Kathmandu'] })
  const bread = await makeProduct(db, shop, { sku: 'BREAD', category: 'Bakery' })
  const ana = await makeClient(db, shop, { code: 'Ana', city: ' Cobán ' })
  const first = await makePurchase(db, shop, ana, {
    number: '1',
    at: '2026-05-01T20:00:00Z',
    lines: [{ ...bread, quantity: '2', unitPrice: '10' }],
  })
  await makeOrder(db.database, shop, {
    number: '2',
    at: '2026-05-01T20:00:00Z',
    location: shop.locations[1] as string,
    lines: [{ ...bread, quantity: '1', unitPrice: '7' }],
  })
  await makeRefund(db.database, shop, {
    orderId: first,
    at: '2026-05-02T15:00:00Z',
    lines: [{ ...bread, line: 1, quantity: '1', returns: '10' }],
  })
  const change = (statement: RawBuilder<unknown>) =>
    db.till.within({ businessId: shop.id }, 'write', (trx) => statement.execute(trx))
  const list = async (table: string, group: string, join = '') =>
    (
      await db.asOwner<{ row: string }>(
        `select concat_ws(' ', r.day, coalesce(${group}, '–'), sum(r.net_sales)::float) as row
         from ${table} r ${join} where r.business_id = $1 and r.basis = 'business'
         group by r.day, ${group} having sum(r.net_sales) <> 0 order by 1`,
        [shop.id],
      )
    ).map(({ row }) => row)
  return {
    ...{ shop, bread, ana, first, change },
    cities: () => list('city_daily', `nullif(r.city, '')`),
    categories: () => list('category_daily', 'g.name', 'left join category g on g.id = r.category_id'),
    suppliers: () => list('supplier_daily', 'g.name', 'left join supplier g on g.id = r.supplier_id'),
    differences: async () =>
      (await change(sql`select rollup from check_rollups(${shop.id})`)).rows.map(
        (row) => (row as { rollup: string }).rollup,
      ),
  }
}

it('sums by city move with a client', async () => {
  const { cities, change, ana, differences } = await openShop()
  expect(await cities()).toEqual(['2026-05-01 Cobán 20', '2026-05-01 – 7', '2026-05-02 Cobán -10'])
  await change(sql`update customer set city = 'Antigua', name = 'Ana María' where id = ${ana}`)
  expect(await cities()).toEqual(['2026-05-01 Antigua 20', '2026-05-01 – 7', '2026-05-02 Antigua -10'])
  await change(sql`update customer set city = null where id = ${ana}`)
  expect(await cities()).toEqual(['2026-05-01 – 27', '2026-05-02 – -10'])
  expect(await differences()).toEqual([])
})

it('sums by category and supplier move with a product, each by itself', async () => {
  const { shop, bread, categories, suppliers, change, differences } = await openShop()
  const norte = randomUUID()
  await change(sql`insert into supplier (business_id, id, name) values (${shop.id}, ${norte}, 'Norte')`)
  await change(sql`update product set supplier_id = ${norte} where id = ${bread.productId}`)
  expect(await categories()).toEqual(['2026-05-01 Bakery 27', '2026-05-02 Bakery -10'])
  expect(await suppliers()).toEqual(['2026-05-01 Norte 27', '2026-05-02 Norte -10'])
  await change(sql`update product set category_id = null where id = ${bread.productId}`)
  expect(await categories()).toEqual(['2026-05-01 – 27', '2026-05-02 – -10'])
  expect(await suppliers()).toEqual(['2026-05-01 Norte 27', '2026-05-02 Norte -10'])
  expect(await differences()).toEqual([])
})

it('keeps a city of any length, and says that a change needs to see the latest sales', async () => {
  const { shop, cities, change, ana, differences } = await openShop()
  // No text that could be compressed.
  await change(sql`update customer set city = (
    select string_agg(md5(n::text), '') from generate_series(1, 200) n) where id = ${ana}`)
  expect((await cities())[0]).toMatch(/^2026-05-01 c4ca4238[0-9a-f]{192} 20$/)
  expect(await differences()).toEqual([])
  const office = await tillOf(shop.id, 'repeatable read')
  await expect(office.query(`update customer set city = 'X' where id = $1`, [ana])).rejects.toThrow('read committed')
})

it('a product that changes both groups and a sale to them do not wait crosswise', async () => {
  const { shop, bread, change, categories, suppliers, differences } = await openShop()
  const cake = await makeProduct(db, shop, { sku: 'CAKE', category: 'Bakery' })
  await change(sql`insert into supplier (business_id, name) values (${shop.id}, 'Norte')`)
  const [bakery, norte] = ['category', 'supplier'].map(
    (table) => sql`(select id from ${sql.table(table)} where business_id = ${shop.id} limit 1)`,
  )
  await change(sql`update product set supplier_id = ${norte} where business_id = ${shop.id}`)
  const sell = (number: string) =>
    makeOrder(db.database, shop, {
      number,
      at: '2026-05-01T20:00:00Z',
      lines: [{ ...cake, quantity: '1', unitPrice: '1' }],
    })
  for (let round = 0; round < 20; round++) {
    const move = round % 2 === 0 ? sql`null::uuid, null::uuid` : sql`${bakery}, ${norte}`
    await Promise.all([
      ...[1, 2, 3].map((n) => sell(`${round}-${n}`)),
      change(sql`update product set (category_id, supplier_id) = (select ${move}) where id = ${bread.productId}`),
    ])
  }
  expect(await categories()).toEqual(['2026-05-01 Bakery 87', '2026-05-02 Bakery -10'])
  expect(await suppliers()).toEqual(['2026-05-01 Norte 87', '2026-05-02 Norte -10'])
  expect(await differences()).toEqual([])
})

it('sums by category move with very many products at once', async () => {
  const { shop, categories, change, differences } = await openShop()
  await change(sql`
    with made as (
      insert into product (business_id, name) select ${shop.id}, 'Ware ' || n from generate_series(1, 120) n
      returning id, name)
    insert into product_variant (business_id, product_id, sku, price)
    select ${shop.id}, id, name, 1 from made`)
  const order = randomUUID()
  await change(sql`insert into orders (business_id, id, order_number, location_id, status, completed_at)
    values (${shop.id}, ${order}, '3', ${shop.locations[0]}, 'completed', '2026-06-01T18:00:00Z')`)
  await change(sql`
    insert into order_item
      (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price, gross_sales)
    select ${shop.id}, ${order}, row_number() over (), product_id, id, sku, 1, 1, 1
    from product_variant where business_id = ${shop.id} and sku like 'Ware %'`)
  await change(sql`
    update product set category_id = (select id from category where business_id = ${shop.id} and name = 'Bakery')
    where business_id = ${shop.id}`)
  expect(await categories()).toEqual(['2026-05-01 Bakery 27', '2026-05-02 Bakery -10', '2026-06-01 Bakery 120'])
  expect(await differences()).toEqual([])
})

/** A connection of the till in a transaction, and whether it waits for a lock. */
async function tillOf(shopId: string, isolation = 'read committed') {
  const client = new pg.Client({ connectionString: db.ownerUrl })
  await client.connect()
  onTestFinished(() => client.end())
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  await client.query(`begin isolation level ${isolation}; select set_config('app.business_id', '${shopId}', true)`)
  return {
    query: (text: string, values: unknown[] = []) => client.query(text, values),
    isWaiting: async () => {
      const [found] = await db.asOwner<{ is: boolean }>(
        `select wait_event_type = 'Lock' as is from pg_stat_activity where pid = $1`,
        [rows[0]?.pid],
      )
      return found?.is
    },
  }
}

it('a client who moves waits for the sales to them that are under way', async () => {
  const { shop, bread, ana, cities, differences } = await openShop()
  const [sale, office] = await Promise.all([tillOf(shop.id), tillOf(shop.id)])
  const order = randomUUID()
  await sale.query(
    `insert into orders (business_id, id, order_number, location_id, customer_id, status, completed_at, tips)
     values ($1, $2, '3', $3, $4, 'completed', '2026-05-03T18:00:00Z', 0)`,
    [shop.id, order, shop.locations[0], ana],
  )
  // What is no group waits for nobody.
  await office.query(`update customer set note = 'likes bread' where id = $1`, [ana])
  const moved = office.query(`update customer set city = 'Antigua' where id = $1`, [ana])
  await expect.poll(office.isWaiting).toBe(true)
  await sale.query(
    `insert into order_item
       (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price, gross_sales)
     values ($1, $2, 1, $3, $4, 'x', 1, 5, 5)`,
    [shop.id, order, bread.productId, bread.variantId],
  )
  await sale.query('commit')
  await moved
  await office.query('commit')
  expect(await cities()).toEqual([
    ...['2026-05-01 Antigua 20', '2026-05-01 – 7', '2026-05-02 Antigua -10', '2026-05-03 Antigua 5'],
  ])
  expect(await differences()).toEqual([])
})

it.each([
  ['a sale', 1, 10],
  ['a refund, although it names no client,', 0, -1],
])('%s waits for a client who moves', async (_what, orders, tips) => {
  const { shop, first, ana, cities, differences } = await openShop()
  const [till, office] = await Promise.all([tillOf(shop.id), tillOf(shop.id)])
  await office.query(`update customer set city = 'Antigua' where id = $1`, [ana])
  const written =
    orders === 1
      ? till.query(
          `insert into orders (business_id, id, order_number, location_id, customer_id, status, completed_at, tips)
           values ($1, $2, '3', $3, $4, 'completed', '2026-05-04T18:00:00Z', 10)`,
          [shop.id, randomUUID(), shop.locations[0], ana],
        )
      : till.query(
          `insert into order_refund (business_id, id, order_id, location_id, refunded_at, tips, method)
           values ($1, $2, $3, $4, '2026-05-04T18:00:00Z', 1, 'cash')`,
          [shop.id, randomUUID(), first, shop.locations[0]],
        )
  await expect.poll(till.isWaiting).toBe(true)
  await office.query('commit')
  await written
  await till.query('commit')
  expect(await cities()).toEqual(['2026-05-01 Antigua 20', '2026-05-01 – 7', '2026-05-02 Antigua -10'])
  const [later] = await db.asOwner(
    `select city, orders::integer, tips::float from city_daily
     where business_id = $1 and basis = 'business' and day = '2026-05-04'`,
    [shop.id],
  )
  expect(later).toEqual({ city: 'Antigua', orders, tips })
  expect(await differences()).toEqual([])
})

it.each(['a new line', 'a line that is corrected'])('%s waits for a product that moves', async (what) => {
  const { shop, bread, first, categories, differences } = await openShop()
  const [sale, office] = await Promise.all([tillOf(shop.id), tillOf(shop.id)])
  await office.query('update product set category_id = null where id = $1', [bread.productId])
  const sold =
    what === 'a new line'
      ? sale.query(
          `insert into order_item
             (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price, gross_sales)
           values ($1, $2, 2, $3, $4, 'x', 1, 5, 5)`,
          [shop.id, first, bread.productId, bread.variantId],
        )
      : sale.query('update order_item set gross_sales = 25 where order_id = $1', [first])
  await expect.poll(sale.isWaiting).toBe(true)
  await office.query('commit')
  await sold
  await sale.query('commit')
  expect(await categories()).toEqual(['2026-05-01 – 32', '2026-05-02 – -10'])
  expect(await differences()).toEqual([])
})

it('a sale by a connection from which clients are withheld counts in the city of its client', async () => {
  const { kysely, superuserUrl, rows } = await createOwnedDatabase()
  await migrate(kysely)
  const [business, location, client] = [randomUUID(), randomUUID(), randomUUID()]
  await rows(`
    insert into business (id, name, currency, timezone) values ('${business}', 'Shop', 'EUR', 'Europe/Madrid');
    insert into location (business_id, id, name, timezone) values ('${business}', '${location}', 'Centro', 'Europe/Madrid');
    insert into customer (business_id, id, code, name, city) values ('${business}', '${client}', 'A', 'Ana', 'Soria')`)
  const service = new pg.Client({ connectionString: superuserUrl })
  await service.connect()
  onTestFinished(() => service.end())
  await service.query(`
    set role flowpos_service; set app.business_id = '${business}'; set app.clients_hidden = 'on';
    insert into orders (business_id, id, order_number, location_id, customer_id, status, opened_at, completed_at, tips)
    values ('${business}', '${randomUUID()}', '1', '${location}', '${client}', 'completed', now(), now(), 2)`)
  expect((await service.query('select from customer')).rowCount).toBe(0)
  expect((await service.query('select from city_daily')).rowCount).toBe(0)
  expect(await rows(`select city, orders::integer, tips::float from city_daily where basis = 'business'`)).toEqual([
    { city: 'Soria', orders: 1, tips: 2 },
  ])
})
