import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { createOwnedDatabase } from '../support/owned-database.ts'

const ORDERS = 3000

// A shop that is imported into a new database: its owner is bound by row security, and no statistics know the shop yet.
it('reads only the orders that a change names, also where no statistics know the business', async () => {
  const { kysely } = await createOwnedDatabase()
  await migrate(kysely)
  const [business, location, product, variant] = Array.from({ length: 4 }, () => randomUUID())
  await kysely.transaction().execute(async (db) => {
    await sql`select set_config('app.business_id', ${business}, true)`.execute(db)
    await sql`insert into business (id, name, currency, timezone) values (${business}, 'Shop', 'EUR', 'UTC')`.execute(
      db,
    )
    await sql`insert into location (business_id, id, name, timezone) values (${business}, ${location}, 'Here', 'UTC')`.execute(
      db,
    )
    await sql`insert into product (business_id, id, name) values (${business}, ${product}, 'Tea')`.execute(db)
    await sql`insert into product_variant (business_id, id, product_id, sku, price)
      values (${business}, ${variant}, ${product}, 'Tea', 1)`.execute(db)
    await sql`insert into orders (business_id, order_number, location_id, status, opened_at, completed_at)
      select ${business}, n::text, ${location}, 'completed', now(), now() from generate_series(1, ${ORDERS}::integer) n`.execute(
      db,
    )

    const read = async (statement: ReturnType<typeof sql>) => {
      const before = await rowsRead()
      await statement.execute(db)
      return (await rowsRead()) - before
    }
    const rowsRead = async () => {
      const { rows } = await sql<{ count: number }>`select (seq_tup_read + idx_tup_fetch)::integer as count
        from pg_stat_xact_user_tables where relname = 'orders'`.execute(db)
      return rows[0]?.count ?? 0
    }
    const order = sql`(select id from orders where business_id = ${business} and order_number = '7')`
    const { rows } = await sql<{ id: string }>`select * from ${order} o`.execute(db)
    const id = rows[0]?.id
    const line =
      await read(sql`insert into order_item (business_id, order_id, line_number, product_id, variant_id, name,
      quantity, unit_price, gross_sales, unit_cost) values (${business}, ${id}, 1, ${product}, ${variant}, 'Tea', 1, 1, 1, 1)`)
    const payment = await read(sql`insert into order_payment (business_id, order_id, payment_number, method, amount)
      values (${business}, ${id}, 1, 'cash', 1)`)
    const refund = await read(sql`insert into order_refund (business_id, order_id, location_id, method)
      values (${business}, ${id}, ${location}, 'cash')`)
    const refundLine = await read(sql`insert into order_refund_line
      (business_id, refund_id, order_id, line_number, product_id, variant_id, quantity, returns)
      select business_id, id, order_id, 1, ${product}::uuid, ${variant}::uuid, 1, 1 from order_refund`)
    for (const [name, count] of Object.entries({ line, payment, refund, refundLine }))
      expect([name, count < 50 ? 'few' : count]).toEqual([name, 'few'])
  })
})

const [PRODUCTS, DAYS] = [40, 300]

it('reads only the cells of a product that moves to another category', async () => {
  const { kysely } = await createOwnedDatabase()
  await migrate(kysely)
  const [business, location, category] = Array.from({ length: 3 }, () => randomUUID())
  await kysely.transaction().execute(async (db) => {
    await sql`select set_config('app.business_id', ${business}, true)`.execute(db)
    await sql`insert into business (id, name, currency, timezone) values (${business}, 'Shop', 'EUR', 'UTC')`.execute(
      db,
    )
    await sql`insert into location (business_id, id, name, timezone)
      values (${business}, ${location}, 'Here', 'UTC')`.execute(db)
    await sql`insert into category (business_id, id, name) values (${business}, ${category}, 'Tea')`.execute(db)
    await sql`insert into product (business_id, name)
      select ${business}, n::text from generate_series(1, ${PRODUCTS}::integer) n`.execute(db)
    const days = sql`generate_series(timestamp '2024-01-01', timestamp '2024-01-01' + ${DAYS - 1} * interval '1 day', '1 day') day`
    const months = sql`(select distinct date_trunc('month', day)::date as month from ${days}) m`
    await sql`insert into sales_monthly (business_id, location_id, basis, month)
      select ${business}, ${location}, 'business', month from ${months}`.execute(db)
    await sql`insert into product_monthly (business_id, location_id, basis, month, product_id, variant_id)
      select ${business}, ${location}, 'business', month, id, id from product, ${months}`.execute(db)
    await sql`insert into product_daily (business_id, location_id, basis, day, product_id, variant_id, gross_sales)
      select ${business}, ${location}, 'business', day, id, id, 1 from product, ${days}`.execute(db)

    const rowsRead = async () => {
      const { rows } = await sql<{ count: number }>`select (seq_tup_read + idx_tup_fetch)::integer as count
        from pg_stat_xact_user_tables where relname = 'product_daily'`.execute(db)
      return rows[0]?.count ?? 0
    }
    const before = await rowsRead()
    await sql`update product set category_id = ${category} where name = '7'`.execute(db)
    // Once for each sign.
    expect((await rowsRead()) - before).toBeLessThanOrEqual(2 * DAYS)
    const { rows } = await sql`select count(*)::integer as days, sum(net_sales)::float as net
      from category_daily where category_id = ${category}`.execute(db)
    expect(rows).toEqual([{ days: DAYS, net: DAYS }])
  })
})
