import { expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { createOwnedDatabase } from '../support/owned-database.ts'

const SHOP = '00000000-0000-4000-8000-000000000001'
const THING = '00000000-0000-4000-8000-000000000002'

/** A database of an owner who is bound by row security, migrated up to a step. */
async function migratedTo(name: string) {
  const { kysely, rows } = await createOwnedDatabase()
  const step = async (direction: 'up' | 'down', last: string) => {
    while ((await migrate(kysely, direction))[0] !== last);
  }
  await step('up', name)
  return { rows, step }
}

it('brings the sales of an older database over, and back', async () => {
  const { rows, step } = await migratedTo('2026-12-01-audit')
  await rows(`select set_config('app.business_id', '${SHOP}', false)`)
  // Two lines of 20, of which one cost 2 × 3; one of its two came back. Another business has nothing.
  for (const statement of [
    `insert into business (id, name, currency, timezone) values ('${SHOP}', 'Shop', 'EUR', 'Europe/Madrid')`,
    `insert into location (business_id, id, name, timezone) values ('${SHOP}', '${THING}', 'Centro', 'Europe/Madrid')`,
    `insert into product (business_id, id, name) values ('${SHOP}', '${THING}', 'Beans')`,
    `insert into product_variant (business_id, id, product_id, sku, price) values
      ('${SHOP}', '${THING}', '${THING}', 'BEANS', 10)`,
    `insert into orders (business_id, id, order_number, location_id, status, completed_at) values
      ('${SHOP}', '${THING}', '1', '${THING}', 'completed', '2026-03-03T12:00:00Z')`,
    `insert into order_item (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price,
      tax_rate, gross_sales, tax, unit_cost)
      select '${SHOP}', '${THING}', n, '${THING}', '${THING}', 'Beans', 2, 10, 0.1, 20, 2, case n when 1 then 3 end
      from generate_series(1, 2) n`,
    `insert into order_refund (business_id, id, order_id, location_id, method, refunded_at) values
      ('${SHOP}', '${THING}', '${THING}', '${THING}', 'cash', '2026-03-04T12:00:00Z')`,
    `insert into order_refund_line (business_id, refund_id, order_id, line_number, product_id, variant_id, quantity,
      returns, tax, unit_cost, restocked)
      values ('${SHOP}', '${THING}', '${THING}', 1, '${THING}', '${THING}', 1, 10, 1, 3, true)`,
    `insert into order_payment (business_id, order_id, payment_number, method, amount) values
      ('${SHOP}', '${THING}', 1, 'cash', 50), ('${SHOP}', '${THING}', 2, 'card', -6)`,
  ]) {
    await rows(statement)
  }
  const number = async (of: string) => (await rows(`select (${of})::float as is`)).map(({ is }) => is)
  expect(await number(`select sum(costed_lines) from product_monthly where basis = 'business'`)).toEqual([2])

  await step('up', '2026-12-02-rollups')
  const costed = "select sum(costed_net_sales) from sales_monthly where basis = 'business'"
  expect(await number(costed)).toEqual([10])
  expect(
    await number("select costed_net_sales - cost from sales_daily where basis = 'business' and orders = 1"),
  ).toEqual([14])
  expect(await rows('select costed_net_sales::float as sale from orders')).toEqual([{ sale: 20 }])
  expect(await rows('select costed_net_sales::float as back from order_refund')).toEqual([{ back: 10 }])
  expect(
    await rows(`
      select day::text, hour, orders::int, refunds::int, net_sales::float as net from staff_hourly
      where basis = 'business' order by day`),
  ).toEqual([
    { day: '2026-03-03', hour: 13, orders: 1, refunds: 0, net: 40 },
    { day: '2026-03-04', hour: 13, orders: 0, refunds: 1, net: -10 },
  ])
  expect(await number("select net_sales from customer_monthly where basis = 'business'")).toEqual([30])
  expect(await number("select refunded from payment_daily where basis = 'business' and method = 'card'")).toEqual([6])
  expect(await rows(`select * from check_rollups('${SHOP}')`)).toEqual([])

  await rows('update order_item set tax_rate = null where line_number = 2')
  await step('down', '2026-12-02-rollups')
  expect(await rows('select tax_rate::float as rate from order_item')).toEqual([{ rate: 0.1 }, { rate: 0.1 }])
  expect(await number(`select sum(costed_lines) from product_monthly where basis = 'business'`)).toEqual([2])
  expect(await rows(`select * from check_rollups('${SHOP}')`)).toEqual([])
})

it('gives businesses the minor unit that their currency lacked', async () => {
  const { rows, step } = await migratedTo('2026-12-02-rollups')
  const shops = { COP: 0, HUF: 0, IQD: 0, JPY: 0, UGX: 0, GTQ: 2, KWD: 3, RSD: 2 }
  for (const [currency, digits] of Object.entries(shops)) {
    await rows(`
      with shop as (select gen_random_uuid() as id),
        settings as (select set_config('app.business_id', id::text, false) from shop)
      insert into business (id, name, currency, currency_digits, timezone)
      select id, '${currency}', '${currency}', ${digits}, 'UTC' from shop, settings`)
  }
  await step('up', '2026-12-02-shop-currencies')
  await rows('alter table business no force row level security')
  const made = await rows('select currency, currency_digits as digits from business')
  expect(Object.fromEntries(made.map(({ currency, digits }) => [currency, digits]))).toEqual({
    ...shops,
    COP: 2,
    HUF: 2,
    IQD: 3,
  })
})
