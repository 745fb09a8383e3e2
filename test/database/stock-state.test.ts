import fc from 'fast-check'
import { type RawBuilder, sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { migrate } from '../../src/database/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { createOwnedDatabase } from '../support/owned-database.ts'
import { makeOrder, makeProduct, makeShop, type Product, type Shop } from '../support/shop.ts'

const DAY_MS = 86_400_000

let db: TestDatabase

beforeAll(async () => {
  db = await createTestDatabase()
})
afterAll(() => db?.close())

const change = (shop: Shop, statement: RawBuilder<unknown>) =>
  db.till.within({ businessId: shop.id }, 'write', (trx) => statement.execute(trx))

const differences = (shop: Shop) =>
  db.commands.within(
    { businessId: shop.id },
    'read',
    async (trx) => (await sql<{ rollup: string }>`select * from check_stock(${shop.id})`.execute(trx)).rows,
  )

async function openShop() {
  const shop = await makeShop(db, { timezone: 'UTC', locationZones: ['UTC', 'UTC'] })
  const products = [await makeProduct(db, shop, { sku: 'A' }), await makeProduct(db, shop, { sku: 'B' })]
  const suppliers = await db.asOwner<{ id: string }>(
    `insert into supplier (business_id, name) values ($1, 'S'), ($1, 'T') returning id`,
    [shop.id],
  )
  return { shop, products, suppliers: suppliers.map(({ id }) => id) }
}

const begin = (shop: Shop, { variantId }: Product, location: number) => sql`
  insert into inventory (business_id, location_id, variant_id)
  values (${shop.id}, ${shop.locations[location]}, ${variantId}) on conflict do nothing`
const move = (shop: Shop, { variantId }: Product, location: number, quantity: string) => sql`
  insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
  values (${shop.id}, ${shop.locations[location]}, ${variantId}, ${quantity}::numeric, 'adjustment')`

const stockOf = (shop: Shop) =>
  db.asOwner(
    `select location_id, variant_id, is_on_sale, cost::text, supplier_id, value::text, on_hand_milli::text,
       free_milli::text, low_milli::text
     from inventory where business_id = $1 order by location_id, variant_id`,
    [shop.id],
  )

/** A shop as the test tells it, in thousandths. */
interface Told {
  products: { isActive: boolean; isOnSale: boolean; supplier: number | null; cost: number | null }[]
  stock: Map<
    string,
    {
      location: number
      product: number
      onHand: number
      safety: number | null
      point: number | null
      least: number | null
    }
  >
}

describe('stock', () => {
  it('says what its product says, and its quantities in thousandths, after any changes in any order', async () => {
    const product = fc.nat(1)
    const location = fc.nat(1)
    const milli = fc.integer({ min: 1, max: 40_000 })
    const maybe = fc.option(milli)
    const step = fc.oneof(
      fc.record({ kind: fc.constant('begin' as const), product, location }),
      fc.record({ kind: fc.constant('move' as const), product, location, by: milli, isOut: fc.boolean() }),
      fc.record({
        kind: fc.constant('settings' as const),
        product,
        location,
        safety: maybe,
        point: maybe,
        least: maybe,
      }),
      fc.record({ kind: fc.constant('cost' as const), product, cost: maybe }),
      fc.record({ kind: fc.constant('variant' as const), product, isOn: fc.boolean() }),
      fc.record({ kind: fc.constant('product' as const), product, isOn: fc.boolean() }),
      fc.record({ kind: fc.constant('supplier' as const), product, supplier: fc.option(fc.nat(1)) }),
      fc.record({ kind: fc.constant('all costs' as const), cost: maybe }),
    )
    const units = (thousandths: number | null) => (thousandths === null ? null : String(thousandths / 1000))
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 25 }), async (steps) => {
        const { shop, products, suppliers } = await openShop()
        const told: Told = {
          products: products.map(() => ({ isActive: true, isOnSale: true, supplier: null, cost: null })),
          stock: new Map(),
        }
        const at = (where: { product: number; location: number }) => {
          const key = `${where.location} ${where.product}`
          const row = told.stock.get(key) ?? {
            location: where.location,
            product: where.product,
            onHand: 0,
            safety: null,
            point: null,
            least: null,
          }
          told.stock.set(key, row)
          return row
        }
        for (const each of steps) {
          if (each.kind === 'all costs') {
            for (const one of told.products) one.cost = each.cost
            await change(
              shop,
              sql`update product_variant set cost = ${units(each.cost)}::numeric where business_id = ${shop.id}`,
            )
            continue
          }
          const of = products[each.product] as Product
          const one = told.products[each.product] as Told['products'][number]
          if (each.kind === 'begin') {
            at(each)
            await change(shop, begin(shop, of, each.location))
          } else if (each.kind === 'move') {
            const by = each.isOut ? -each.by : each.by
            at(each).onHand += by
            await change(shop, move(shop, of, each.location, units(by) as string))
          } else if (each.kind === 'settings') {
            const { safety, point, least } = each
            const row = told.stock.get(`${each.location} ${each.product}`)
            if (row) Object.assign(row, { safety, point, least })
            await change(
              shop,
              sql`update inventory set safety_stock = ${units(safety)}::numeric, reorder_point = ${units(point)}::numeric,
                  reorder_quantity = ${units(least)}::numeric
                where business_id = ${shop.id} and location_id = ${shop.locations[each.location]} and variant_id = ${of.variantId}`,
            )
          } else if (each.kind === 'cost') {
            one.cost = each.cost
            await change(
              shop,
              sql`update product_variant set cost = ${units(each.cost)}::numeric where business_id = ${shop.id} and id = ${of.variantId}`,
            )
          } else if (each.kind === 'variant') {
            one.isOnSale = each.isOn
            await change(
              shop,
              sql`update product_variant set is_active = ${each.isOn} where business_id = ${shop.id} and id = ${of.variantId}`,
            )
          } else if (each.kind === 'product') {
            one.isActive = each.isOn
            await change(
              shop,
              sql`update product set is_active = ${each.isOn} where business_id = ${shop.id} and id = ${of.productId}`,
            )
          } else {
            one.supplier = each.supplier
            const supplier = each.supplier === null ? null : suppliers[each.supplier]
            await change(
              shop,
              sql`update product set supplier_id = ${supplier} where business_id = ${shop.id} and id = ${of.productId}`,
            )
          }
        }
        const expected = [...told.stock.values()].map(
          ({ location: place, product: index, onHand, safety, point, least }) => {
            const { isActive, isOnSale, supplier, cost } = told.products[index] as Told['products'][number]
            return {
              location_id: shop.locations[place],
              variant_id: products[index]?.variantId,
              is_on_sale: isActive && isOnSale,
              cost,
              supplier_id: supplier === null ? null : suppliers[supplier],
              value: onHand > 0 && cost !== null ? onHand * cost : null,
              on_hand_milli: onHand,
              free_milli: onHand - (safety ?? 0),
              low_milli: point !== null && onHand <= point ? Math.max(least ?? 0, point - onHand, 1000) : null,
            }
          },
        )
        const kept = (await stockOf(shop)).map((row) => ({
          ...row,
          cost: row.cost === null ? null : Math.round(Number(row.cost) * 1000),
          value: row.value === null ? null : Math.round(Number(row.value) * 1_000_000),
          on_hand_milli: Number(row.on_hand_milli),
          free_milli: Number(row.free_milli),
          low_milli: row.low_milli === null ? null : Number(row.low_milli),
        }))
        const sorted = (rows: Record<string, unknown>[]) =>
          rows.toSorted((a, b) => (`${a.location_id} ${a.variant_id}` < `${b.location_id} ${b.variant_id}` ? -1 : 1))
        expect(sorted(kept)).toEqual(sorted(expected))
        expect(await differences(shop)).toEqual([])
      }),
      { numRuns: 12 },
    )
  }, 120_000)

  it('agrees with its products after changes at the same time', async () => {
    for (let round = 0; round < 6; round++) {
      const { shop, products, suppliers } = await openShop()
      const [a, b] = products as [Product, Product]
      await change(shop, begin(shop, a, 0))
      await Promise.all([
        change(shop, sql`update product_variant set cost = ${round + 1} where business_id = ${shop.id}`),
        change(shop, begin(shop, a, 1)),
        change(
          shop,
          sql`update product set is_active = false, supplier_id = ${suppliers[0]} where business_id = ${shop.id}`,
        ),
        change(shop, move(shop, b, 0, '3')),
        change(
          shop,
          sql`update product_variant set is_active = false where business_id = ${shop.id} and id = ${b.variantId}`,
        ),
        change(shop, move(shop, a, 0, '-1')),
        change(shop, move(shop, b, 1, '2')),
      ])
      expect(await differences(shop)).toEqual([])
      const rows = await stockOf(shop)
      expect(rows.map(({ is_on_sale, cost, supplier_id }) => ({ is_on_sale, cost, supplier_id }))).toEqual(
        rows.map(() => ({ is_on_sale: false, cost: `${round + 1}.0000`, supplier_id: suppliers[0] })),
      )
      expect(rows).toHaveLength(4)
    }
  })

  it('waits for the change of a product that it begins with', async () => {
    const { shop, products } = await openShop()
    const [a] = products as [Product]
    const holder = new pg.Client({ connectionString: db.ownerUrl })
    await holder.connect()
    await holder.query('begin')
    await holder.query('update product_variant set cost = 7 where business_id = $1', [shop.id])
    const begun = change(shop, begin(shop, a, 0))
    await expect
      .poll(async () => (await db.asOwner(`select 1 from pg_locks where not granted`)).length)
      .toBeGreaterThan(0)
    await holder.query('commit')
    await holder.end()
    await begun
    expect((await stockOf(shop)).map(({ cost }) => cost)).toEqual(['7.0000'])
  })

  it('is checked and made anew with the rollups, for its own business alone', async () => {
    const { shop, products } = await openShop()
    const [a] = products as [Product]
    await change(shop, sql`update product_variant set cost = 2 where business_id = ${shop.id}`)
    await change(shop, move(shop, a, 0, '3'))
    await db.asOwner('update inventory set cost = 9, is_on_sale = false where business_id = $1', [shop.id])
    expect(await differences(shop)).toMatchObject([{ rollup: 'inventory', kept: '9.0000', raw: '2.0000' }])
    const other = await makeShop(db, { name: 'Other' })
    const ask = (name: string) =>
      db.commands.within({ businessId: other.id }, 'write', (trx) =>
        sql`select ${sql.raw(name)}(${shop.id})`.execute(trx),
      )
    await expect(ask('check_stock')).rejects.toThrow('set app.business_id')
    await expect(ask('rebuild_stock')).rejects.toThrow('set app.business_id')
    for (const name of ['check_stock', 'rebuild_stock']) {
      await expect(
        db.database.within({ businessId: shop.id }, 'write', (trx) =>
          sql`select ${sql.raw(name)}(${shop.id})`.execute(trx),
        ),
      ).rejects.toThrow('permission denied')
    }
    await db.commands.within({ businessId: shop.id }, 'write', (trx) =>
      sql`select rebuild_stock(${shop.id})`.execute(trx),
    )
    expect(await differences(shop)).toEqual([])
  })

  it('follows its products where the owner of the schema is bound by row security, whoever changes them', async () => {
    const { kysely, rows } = await createOwnedDatabase()
    await migrate(kysely)
    const id = '00000000-0000-4000-8000-000000000001'
    for (const statement of [
      `insert into business (id, name, currency, timezone) values ('${id}', 'Shop', 'EUR', 'UTC')`,
      `insert into location (business_id, id, name, timezone) values ('${id}', '${id}', 'L', 'UTC')`,
      `insert into product (business_id, id, name) values ('${id}', '${id}', 'P')`,
      `insert into product_variant (business_id, id, product_id, sku, price, cost) values ('${id}', '${id}', '${id}', 'S', 1, 4)`,
      `insert into inventory (business_id, location_id, variant_id) values ('${id}', '${id}', '${id}')`,
    ]) {
      await rows(statement)
    }
    expect(await rows('select is_on_sale, cost from inventory')).toEqual([{ is_on_sale: true, cost: '4.0000' }])
    await rows('update product_variant set cost = 5')
    await rows('update product set is_active = false')
    expect(await rows('select is_on_sale, cost from inventory')).toEqual([{ is_on_sale: false, cost: '5.0000' }])
  })
})

describe('the sums of sales', () => {
  let number = 0
  const sell = (shop: Shop, product: Product, daysAgo: number) => {
    number += 1
    return makeOrder(db.database, shop, {
      number: `N-${number}`,
      at: new Date(Date.now() - daysAgo * DAY_MS).toISOString(),
      lines: [{ ...product, quantity: '1', unitPrice: '10' }],
    })
  }
  const through = async (shop: Shop) =>
    (
      await db.asOwner<{ behind: number | null }>(
        `select (now() at time zone 'UTC')::date - through as behind from stock_velocity_day
         where business_id = $1 and location_id = $2`,
        [shop.id, shop.locations[0]],
      )
    )[0]?.behind

  it('do not move over a day that somebody still writes, and the next sale moves them', async () => {
    const { shop, products } = await openShop()
    const [a, b] = products as [Product, Product]
    await sell(shop, a, 40)
    // As a sale of yesterday does that has not ended yet.
    const writer = new pg.Client({ connectionString: db.ownerUrl })
    await writer.connect()
    await writer.query('begin')
    await writer.query("select pg_advisory_xact_lock_shared(velocity_lock($1, (now() at time zone 'UTC')::date - 1))", [
      shop.locations[0],
    ])
    await sell(shop, a, 0)
    expect(await through(shop)).toBeNull()
    await writer.query('commit')
    await writer.end()
    await sell(shop, b, 0)
    expect(await through(shop)).toBe(1)
    await sell(shop, a, 1)
    await sell(shop, a, 1)
    expect(await differences(shop)).toEqual([])
    const rows = await db.asOwner(
      'select units_milli::text as units, sold::text from stock_velocity where business_id = $1 and variant_id = $2',
      [shop.id, a.variantId],
    )
    // Two of yesterday in 30 days, and one more in 90.
    expect(rows).toEqual([{ units: '2000', sold: '3.000' }])
  })

  it('are right after sales of yesterday and of today at the same time', async () => {
    const { shop, products } = await openShop()
    const [a, b] = products as [Product, Product]
    await Promise.all([1, 0, 1, 0, 35, 1].flatMap((days) => [sell(shop, a, days), sell(shop, b, days)]))
    await sell(shop, a, 1)
    expect(await through(shop)).toBe(1)
    expect(await differences(shop)).toEqual([])
  })
})
