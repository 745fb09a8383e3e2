import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { importFiles } from '../../src/import/import.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeShop, type Shop } from '../support/shop.ts'
import { type ImportBench, importBench } from './files.ts'

let db: TestDatabase
let bench: ImportBench
let shop: Shop
beforeAll(async () => {
  db = await createTestDatabase()
  bench = await importBench(db)
})
afterAll(async () => {
  await bench.remove()
  await db.close()
})
beforeEach(async () => {
  shop = await makeShop(db)
})

describe('products', () => {
  const HEADER =
    'sku,name,category,price,cost,on_hand,reorder_point,reorder_quantity,safety_stock,lead_time_days,supplier,location,active'
  const stockOf = ({ id }: Shop) =>
    db.asOwner(
      `select v.sku, l.name as place, i.on_hand, i.reorder_point, i.lead_time_days from inventory i
       join location l on l.business_id = i.business_id and l.id = i.location_id
       join product_variant v on v.business_id = i.business_id and v.id = i.variant_id
       where i.business_id = $1 order by 1, 2`,
      [id],
    )
  const movementsOf = ({ id }: Shop) =>
    db.asOwner(
      'select quantity, reason, created_by from inventory_movement where business_id = $1 order by created_at, quantity',
      [id],
    )

  it('creates products with their stock, then updates what differs and leaves alone what the file does not say', async () => {
    const first = await bench.load(shop, 'products', [
      HEADER,
      'A,Café,Drinks,12.50,4.1234,10,5,20,2,7,Finca,,yes',
      'B,Té,drinks,8,,,,,,,FINCA,,',
      'C,Agua,,,,0,,,,,,,false',
      'A,Café,,,,3.5,,,,,,Annex,',
    ])
    expect(first).toMatchObject({ rows: 4, made: 3, updated: 0, unchanged: 0, rejected: 0 })
    expect(first.madeOnTheWay).toEqual({ locations: 1, categories: 1, suppliers: 1 })
    expect(await stockOf(shop)).toEqual([
      { sku: 'A', place: 'Annex', on_hand: '3.500', reorder_point: null, lead_time_days: null },
      { sku: 'A', place: 'Location 1', on_hand: '10.000', reorder_point: '5.000', lead_time_days: 7 },
      { sku: 'C', place: 'Location 1', on_hand: '0.000', reorder_point: null, lead_time_days: null },
    ])
    expect(await movementsOf(shop)).toEqual([
      { quantity: '3.500', reason: 'opening', created_by: 'import' },
      { quantity: '10.000', reason: 'opening', created_by: 'import' },
    ])

    const second = await bench.load(shop, 'products', [
      'sku,name,price,on_hand,reorder_point',
      'A,Café,12.5,4,',
      'B,Té verde,,,3',
      'C,Agua,,0,',
    ])
    expect(second).toMatchObject({ made: 0, updated: 2, unchanged: 1 })
    expect((await movementsOf(shop)).slice(2)).toEqual([{ quantity: '-6.000', reason: 'count', created_by: 'import' }])
    const products = await db.asOwner(
      `select v.sku, p.name, c.name as category, s.name as supplier, v.price, v.cost, p.is_active from product p
       join product_variant v on v.business_id = p.business_id and v.product_id = p.id
       left join category c on c.business_id = p.business_id and c.id = p.category_id
       left join supplier s on s.business_id = p.business_id and s.id = p.supplier_id
       where p.business_id = $1 order by 1`,
      [shop.id],
    )
    expect(products).toEqual([
      {
        ...{ sku: 'A', name: 'Café', category: 'Drinks', supplier: 'FINCA' },
        ...{ price: '12.5000', cost: '4.1234', is_active: true },
      },
      {
        ...{ sku: 'B', name: 'Té verde', category: 'Drinks', supplier: 'FINCA' },
        ...{ price: '8.0000', cost: null, is_active: true },
      },
      { sku: 'C', name: 'Agua', category: null, supplier: null, price: '0.0000', cost: null, is_active: false },
    ])
  })

  it('changes nothing when it is loaded again', async () => {
    const lines = [HEADER, 'A,Café,Drinks,12.50,4.1,10,5,20,2,7,Finca,,true', 'B,Té,,8,,-2,,,,,,Annex,']
    await bench.load(shop, 'products', lines)
    expect(await bench.load(shop, 'products', lines)).toMatchObject({ made: 0, updated: 0, unchanged: 2 })
    expect(await movementsOf(shop)).toHaveLength(2)
  })

  it('does not change the name of a product with several variants', async () => {
    await bench.load(shop, 'products', ['sku,name,price', 'T-RED,T-shirt,10'])
    await db.asOwner(
      `insert into product_variant (business_id, product_id, sku, price)
       select business_id, product_id, 'T-BLUE', 10 from product_variant where business_id = $1`,
      [shop.id],
    )
    expect(
      await bench.load(shop, 'products', ['sku,name,price', 'T-BLUE,T-shirt blue,11', 'T-RED,T-shirt red,10']),
    ).toMatchObject({ updated: 1, unchanged: 1 })
    const names = await db.asOwner('select name from product where business_id = $1', [shop.id])
    expect(names).toEqual([{ name: 'T-shirt' }])
  })

  it('rejects wrong rows, and a SKU that occurs twice for one location', async () => {
    const report = await bench.load(shop, 'products', [
      'sku,name,price,on_hand,lead_time_days,active,location',
      'A,Café,1,1,1,true,',
      'A,Café,1,1,1,true,Location 1',
      'a,,-1,1.2345,1.5,maybe,',
    ])
    expect(report).toMatchObject({ imported: false, rejected: 2 })
    expect(report.rejects).toEqual([
      { line: 3, reason: 'this sku (at this location) is on line 2 already' },
      {
        line: 4,
        reason:
          'name is missing; price "-1" is less than 0; on_hand "1.2345" has more than 3 decimals; ' +
          'lead_time_days "1.5" is not a whole number; active "maybe" is neither true nor false',
      },
    ])
  })
})

describe('clients', () => {
  const HEADER = 'client_code,name,email,phone,tax_id,city,country'

  it('makes, updates and leaves alone, by client code', async () => {
    expect(await bench.load(shop, 'clients', [HEADER, '1,Ana,ana@x.co,,CF,Cobán,GT', '2,Luis,,,,,'])).toMatchObject({
      ...{ made: 2, updated: 0, unchanged: 0 },
    })
    expect(
      await bench.load(shop, 'clients', ['client_code,name,phone', '1,Ana,555', '2,Luis,', '3,Eva,']),
    ).toMatchObject({
      ...{ made: 1, updated: 1, unchanged: 1 },
    })
    const clients = await db.asOwner(
      'select code, name, email, phone, tax_id, city, country from customer where business_id = $1 order by code',
      [shop.id],
    )
    expect(clients[0]).toEqual({
      ...{ code: '1', name: 'Ana', email: 'ana@x.co', phone: '555', tax_id: 'CF', city: 'Cobán', country: 'GT' },
    })
    expect(clients).toHaveLength(3)
  })

  it('rejects a code that occurs twice, and a name that is too long', async () => {
    const { rejects } = await bench.load(shop, 'clients', [
      HEADER,
      '1,Ana,,,,,',
      '1,Eva,,,,,',
      `2,${'x'.repeat(501)},,,,,`,
    ])
    expect(rejects).toEqual([
      { line: 3, reason: 'this client_code is on line 2 already' },
      { line: 4, reason: 'name is longer than 500 characters' },
    ])
  })
})

it('imports clients, then products, then orders, and stops at the first file that is refused', async () => {
  const files = {
    orders: await bench.write('o.csv', [
      'order_number,ordered_at,sku,quantity,unit_price,client_code',
      '1,2026-03-01,A,1,9,7',
    ]),
    products: await bench.write('p.csv', ['sku,name,cost', 'A,Café,2']),
    clients: await bench.write('c.csv', ['client_code,name', '7,Ana']),
  }
  const report = await importFiles(db.commands, { businessId: shop.id, files })
  expect(report.business).toEqual({ id: shop.id, name: shop.name, currency: 'GTQ' })
  expect(report.files.map((file) => [file.kind, file.made])).toEqual([
    ['clients', 1],
    ['products', 1],
    ['orders', 1],
  ])
  expect(report.files[2]?.madeOnTheWay).toMatchObject({ products: 0, clients: 0 })

  const bad = { ...files, products: await bench.write('bad.csv', ['sku,name,cost', 'B,Té,cheap']) }
  const stopped = await importFiles(db.commands, { businessId: shop.id, files: bad })
  expect(stopped.files.map((file) => [file.kind, file.imported])).toEqual([
    ['clients', true],
    ['products', false],
  ])
})
