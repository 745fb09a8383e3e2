import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { paymentsByMethod, salesTotal, salesUntil } from '../../src/pos/sales.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeOrder, makeProduct, makeRefund, makeShop, type Product, type Shop } from '../support/shop.ts'

let db: TestDatabase
let shop: Shop
let product: Product

beforeAll(async () => {
  db = await createTestDatabase()
  shop = await makeShop(db, { locationZones: ['America/Guatemala', 'Asia/Kathmandu'] })
  product = await makeProduct(db, shop, { sku: 'A' })
})
afterAll(() => db?.close())

const differences = async () =>
  (
    await db.database.within({ businessId: shop.id }, 'read', (trx) =>
      sql`select * from check_rollups(${shop.id})`.execute(trx),
    )
  ).rows
const asShop = (statement: ReturnType<typeof sql>) =>
  db.database.within({ businessId: shop.id }, 'write', (trx) => statement.execute(trx))
const daily = () =>
  db.asOwner<{ day: string; net: string; orders: string; units: string }>(`
    select day::text, sum(net_sales)::text as net, sum(orders)::text as orders, sum(units_sold)::text as units
    from sales_daily where basis = 'business' group by day having sum(orders) <> 0 or sum(net_sales) <> 0 order by day`)
const products = () =>
  db.asOwner<{ day: string; net: string }>(`
    select day::text, sum(net_sales)::text as net from product_daily where basis = 'business'
    group by day having sum(net_sales) <> 0 order by day`)

describe('rollups follow', () => {
  let orderId: string

  it('a sale', async () => {
    orderId = await makeOrder(db.database, shop, {
      number: '1',
      at: '2026-05-01T12:00:00Z',
      lines: [{ ...product, quantity: '2', unitPrice: '10' }],
    })
    expect(await daily()).toEqual([{ day: '2026-05-01', net: '20.0000', orders: '1', units: '2.000' }])
    expect(await products()).toEqual([{ day: '2026-05-01', net: '20.0000' }])
  })

  it('a late edit of a line, a new line and a line taken out', async () => {
    await asShop(sql`update order_item set gross_sales = 25 where order_id = ${orderId}`)
    expect(await daily()).toMatchObject([{ net: '25.0000' }])
    await asShop(sql`
      insert into order_item (business_id, order_id, line_number, product_id, variant_id, name, quantity, unit_price, gross_sales)
      values (${shop.id}, ${orderId}, 2, ${product.productId}, ${product.variantId}, 'late', 1, 5, 5)`)
    expect(await daily()).toMatchObject([{ net: '30.0000', units: '3.000' }])
    await asShop(sql`delete from order_item where order_id = ${orderId} and line_number = 2`)
    expect(await products()).toEqual([{ day: '2026-05-01', net: '25.0000' }])
    expect(await differences()).toEqual([])
  })

  it('a move in time and place', async () => {
    await asShop(sql`update orders set completed_at = '2026-05-02T12:00:00Z' where id = ${orderId}`)
    expect(await daily()).toMatchObject([{ day: '2026-05-02', net: '25.0000', orders: '1' }])
    await asShop(sql`update orders set location_id = ${shop.locations[1]} where id = ${orderId}`)
    expect(await products()).toEqual([{ day: '2026-05-02', net: '25.0000' }])
    expect(await differences()).toEqual([])
  })

  it('an order that is completed only later, and one that is cancelled', async () => {
    const open = await makeOrder(db.database, shop, {
      number: '2',
      at: '2026-05-03T12:00:00Z',
      status: 'open',
      lines: [{ ...product, quantity: '1', unitPrice: '7' }],
    })
    expect(await daily()).toHaveLength(1)
    await asShop(sql`update orders set status = 'completed', completed_at = '2026-05-03T13:00:00Z' where id = ${open}`)
    expect(await daily()).toMatchObject([{}, { day: '2026-05-03', net: '7.0000' }])
    await asShop(sql`update orders set status = 'cancelled', cancelled_at = now() where id = ${open}`)
    expect(await daily()).toHaveLength(1)
    expect(await differences()).toEqual([])
  })

  it('a refund, which keeps its order completed', async () => {
    await makeRefund(db.database, shop, {
      orderId,
      at: '2026-05-04T12:00:00Z',
      lines: [{ ...product, line: 1, quantity: '1', returns: '12.50' }],
    })
    expect(await daily()).toMatchObject([
      { day: '2026-05-02', net: '25.0000' },
      { day: '2026-05-04', net: '-12.5000' },
    ])
    await expect(
      asShop(sql`update orders set status = 'cancelled', cancelled_at = now() where id = ${orderId}`),
    ).rejects.toThrow('an order with refunds stays completed')
    expect(await differences()).toEqual([])
  })

  it('a change of time zone', async () => {
    await makeOrder(db.database, shop, {
      number: '3',
      at: '2026-05-06T03:00:00Z',
      lines: [{ ...product, quantity: '1', unitPrice: '3' }],
    })
    expect(await daily()).toContainEqual({ day: '2026-05-05', net: '3.0000', orders: '1', units: '1.000' })
    await asShop(sql`update business set timezone = 'Europe/Madrid' where id = ${shop.id}`)
    expect(await daily()).toContainEqual({ day: '2026-05-06', net: '3.0000', orders: '1', units: '1.000' })
    expect(await differences()).toEqual([])
  })

  it('sales that are written side by side', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        makeOrder(db.database, shop, {
          number: `side-${index}`,
          at: `2026-05-10T${String(index).padStart(2, '0')}:00:00Z`,
          lines: [{ ...product, quantity: '1', unitPrice: '1.05' }],
        }),
      ),
    )
    expect(await daily()).toContainEqual({ day: '2026-05-10', net: '21.0000', orders: '20', units: '20.000' })
    expect(await differences()).toEqual([])
  })
})

it('rows that would escape their sums are refused', async () => {
  const owner = async (statement: string) => db.asOwner(statement)
  await owner('create role test_schema_owner')
  await owner('grant all on schema public to test_schema_owner')
  for (const name of ['orders_rollup_insert', 'orders_rollup_update']) {
    await owner(`alter function ${name}() owner to test_schema_owner`)
  }
  await owner('grant all on all tables in schema public to test_schema_owner')
  await expect(owner(`update orders set tips = 1 where order_number = '3'`)).rejects.toThrow('set app.business_id')
  await owner('alter function orders_rollup_insert() owner to postgres')
  await owner('alter function orders_rollup_update() owner to postgres')
  await owner('drop owned by test_schema_owner')
  await owner('drop role test_schema_owner')
})

it('sums of another business are nobody else’s to check or rebuild', async () => {
  const other = await makeShop(db, { name: 'Other' })
  for (const name of ['check_rollups', 'rebuild_rollups']) {
    await expect(asShop(sql`select ${sql.raw(name)}(${other.id})`)).rejects.toThrow('set app.business_id')
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
  const scope = { businessId: azores.id }
  await db.database.within(scope, 'read', async (trx) => {
    expect(await salesTotal(trx, scope, day)).toMatchObject({ orders: '2' })
    expect(await paymentsByMethod(trx, scope, day, 'Atlantic/Azores')).toMatchObject([{ amount: '10.0000' }])
    const until = await salesUntil(trx, scope, [day.from], '00:45:00', 'Atlantic/Azores')
    expect(until.get(day.from)).toMatchObject({ orders: '2' })
  })
})

it('a difference is found and rebuilt', async () => {
  await db.asOwner(
    "update sales_daily set gross_sales = gross_sales + 1 where day = '2026-05-10' and basis = 'business'",
  )
  expect(await differences()).toEqual([
    expect.objectContaining({
      rollup: 'sales_daily',
      day: '2026-05-10',
      kept_net_sales: '22.0000',
      raw_net_sales: '21.0000',
    }),
  ])
  await asShop(sql`select rebuild_rollups(${shop.id})`)
  expect(await differences()).toEqual([])
})

it('stock follows its ledger, and the ledger is append-only', async () => {
  const move = (quantity: number) =>
    asShop(sql`insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
      values (${shop.id}, ${shop.locations[0]}, ${product.variantId}, ${quantity}, 'count')`)
  await Promise.all([10, -3, 5].map(move))
  const stock = await db.asOwner('select on_hand::text from inventory where variant_id = $1', [product.variantId])
  expect(stock).toEqual([{ on_hand: '12.000' }])
  await expect(db.asOwner('delete from inventory_movement')).rejects.toThrow('inventory_movement is append-only')
})
