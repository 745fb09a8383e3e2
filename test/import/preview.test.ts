import { access } from 'node:fs/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { importFiles } from '../../src/import/import.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeShop, type Shop } from '../support/shop.ts'
import { type ImportBench, importBench } from './files.ts'

const TABLES = [
  ...['orders', 'order_item', 'order_payment', 'order_refund', 'product', 'product_variant', 'inventory_movement'],
  ...['customer', 'employee', 'category', 'supplier', 'location', 'sales_daily', 'product_daily', 'customer_sales'],
]
const ORDERS = [
  'order_number,ordered_at,sku,quantity,unit_price,tax,client_code,employee,category,payment_method,order_total,refunded',
  '1,21.11.2026 10:00,tea,2,"10,50",2,c1,Ana,Drinks,cash,23,',
  '2,22.11.2026 18:30,MUG,1,"1.990,00",0,c2,Ana,,card,,"90"',
]

let db: TestDatabase
let bench: ImportBench
let shop: Shop
beforeAll(async () => {
  db = await createTestDatabase()
  bench = await importBench(db)
  shop = await makeShop(db, { currency: 'EUR', timezone: 'Europe/Berlin' })
})
afterAll(async () => {
  await bench.remove()
  await db.close()
})

async function rowCounts(): Promise<Record<string, number>> {
  const counts = TABLES.map((table) => `(select count(*)::integer from ${table} where business_id = $1) as ${table}`)
  const [row] = await db.asOwner<Record<string, number>>(`select ${counts.join(', ')}`, [shop.id])
  return row as Record<string, number>
}

it('tells what would be loaded, writes nothing, and is what is loaded afterwards', async () => {
  const files = {
    products: await bench.write('products.csv', ['sku,name,price,on_hand', 'TEA,Tea,"10,50",5']),
    orders: await bench.write('orders.csv', ORDERS),
  }
  const options = { businessId: shop.id, files, now: new Date('2026-11-28T12:00:00Z') }
  const before = await rowCounts()
  const preview = await importFiles(db.commands, { ...options, preview: true })
  expect(await rowCounts()).toEqual(before)

  expect(preview).toMatchObject({ isPreview: true, business: { currency: 'EUR' } })
  const [products, orders] = preview.files
  expect(products).toMatchObject({ imported: true, made: 1, rows: 1 })
  // The product of the file before is not made again. 21.00 and 1,990.00; 2.00 of tax.
  expect(orders).toMatchObject({ imported: true, made: 2, from: '2026-11-21', to: '2026-11-22', rejected: 0 })
  expect(orders).toMatchObject({ netSales: '2011.00', tax: '2.00', total: '2013.00', refunded: '90.00' })
  expect(orders?.madeOnTheWay).toEqual({ products: 1, clients: 2, employees: 1, categories: 0, locations: 0 })
  expect(orders?.firstRows).toEqual([
    {
      line: 2,
      values: expect.objectContaining({
        order_number: '1',
        ordered_at: '2026-11-21 10:00',
        unit_price: '10.5',
        tax: '2',
      }),
    },
    { line: 3, values: expect.objectContaining({ sku: 'MUG', unit_price: '1990', refunded: '90' }) },
  ])

  const { files: loaded } = await importFiles(db.commands, options)
  const withoutRows = preview.files.map(({ firstRows: _rows, ...file }) => file)
  expect(loaded).toEqual(withoutRows)
  expect((await rowCounts()).orders).toBe(2)
})

it('tells the rows that are rejected, and writes no file of them', async () => {
  const bad = ['order_number,ordered_at,sku,quantity,unit_price', '8,2026-03-01,A,1,5', '9,2026-03-01,A,none,5']
  const before = await rowCounts()
  expect(await bench.load(shop, 'orders', bad, { preview: true })).toMatchObject({
    imported: false,
    rejected: 1,
    made: 0,
  })
  const some = await bench.load(shop, 'orders', bad, { preview: true, skipBad: true })
  expect(some).toMatchObject({ imported: true, rejected: 1, made: 1, netSales: '5.00', rejectedFile: null })
  expect(some.firstRows).toHaveLength(1)
  await expect(access(`${some.file}.rejected.csv`)).rejects.toThrow('ENOENT')
  expect(await rowCounts()).toEqual(before)
})
