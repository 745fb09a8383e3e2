import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { importFiles } from '../../src/import/import.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { makeProduct, makeShop, type Shop } from '../support/shop.ts'
import { type ImportBench, importBench } from './files.ts'

const RETAIL = join(import.meta.dirname, '../fixtures/retail-export.csv')
const RETAIL_OPTIONS = {
  map: [
    'order_number=InvoiceNo,ordered_at=InvoiceDate,sku=StockCode,product_name=Description',
    'quantity=Quantity,unit_price=UnitPrice,client_code=CustomerID',
  ],
  dateFormat: 'd/M/yyyy',
}
const HEADER = 'order_number,ordered_at,sku,quantity,unit_price'

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
  shop = await makeShop(db, { currency: 'GBP', timezone: 'Europe/London' })
})

const ordersOf = ({ id }: Shop) =>
  db.asOwner(
    `select order_number, status, net_sales, tax, tips, total, completed_at from orders
     where business_id = $1 order by order_number`,
    [id],
  )
const countOf = async (table: string, { id }: Shop) =>
  Number((await db.asOwner<{ n: string }>(`select count(*) n from ${table} where business_id = $1`, [id]))[0]?.n)

async function differences({ id }: Shop): Promise<unknown[]> {
  return db.asOwner("select c.* from set_config('app.business_id', $1::text, true), check_rollups($1::uuid) c", [id])
}

describe('a retail export', () => {
  it('loads with sums that agree with those worked out by hand', async () => {
    const report = await importFiles(db.commands, { businessId: shop.id, files: { orders: RETAIL }, ...RETAIL_OPTIONS })
    expect(report.files).toEqual([
      {
        kind: 'orders',
        file: RETAIL,
        imported: true,
        rows: 8,
        leftOut: 0,
        made: 5,
        updated: 0,
        unchanged: 0,
        madeOnTheWay: { products: 5, clients: 2, employees: 0, categories: 0, locations: 0 },
        rejected: 0,
        rejects: [],
        rejectedFile: null,
        usedHeaders: {
          ...{ order_number: 'InvoiceNo', ordered_at: 'InvoiceDate', sku: 'StockCode', quantity: 'Quantity' },
          ...{ unit_price: 'UnitPrice', client_code: 'CustomerID', product_name: 'Description' },
        },
        unusedHeaders: ['Country'],
        from: '2010-12-01',
        to: '2010-12-02',
        // 31.35 on the 1st and 0.65 on the 2nd
        ...{ netSales: '32.00', tax: '0.00', total: '32.00', refunded: '0.00' },
      },
    ])
    // 1st: 6 × 2.55 + 2 × 4.25 + 1 × 4.25 + 3 × 1.10; 2nd: 5 × 1.10 + 1 × 0.25 - 2 × 2.55 - 10 × 0
    const days = await db.asOwner(
      `select day, orders, refunds, gross_sales, returns, net_sales, units_sold, units_returned from sales_daily
       where business_id = $1 and basis = 'business' order by day`,
      [shop.id],
    )
    expect(days).toEqual([
      {
        ...{ day: '2010-12-01', orders: '2', refunds: '0', gross_sales: '31.3500', returns: '0.0000' },
        ...{ net_sales: '31.3500', units_sold: '12.000', units_returned: '0.000' },
      },
      {
        ...{ day: '2010-12-02', orders: '1', refunds: '2', gross_sales: '5.7500', returns: '5.1000' },
        ...{ net_sales: '0.6500', units_sold: '6.000', units_returned: '12.000' },
      },
    ])
    expect(await differences(shop)).toEqual([])
  })

  it('joins the lines of an order that are apart, and names products by the first line that names them', async () => {
    await importFiles(db.commands, { businessId: shop.id, files: { orders: RETAIL }, ...RETAIL_OPTIONS })
    const lines = await db.asOwner(
      `select i.line_number, v.sku, i.name, i.quantity, i.net_sales from order_item i
       join orders o on o.business_id = i.business_id and o.id = i.order_id
       join product_variant v on v.business_id = i.business_id and v.id = i.variant_id
       where i.business_id = $1 and o.order_number = '900001' order by 1`,
      [shop.id],
    )
    expect(lines).toEqual([
      { line_number: 1, sku: 'L100', name: 'LANTERN, RED "XL"', quantity: '6.000', net_sales: '15.3000' },
      { line_number: 2, sku: 'M200', name: 'MUG', quantity: '2.000', net_sales: '8.5000' },
      { line_number: 3, sku: 'P300', name: 'POSTER', quantity: '3.000', net_sales: '3.3000' },
    ])
    const products = await db.asOwner(
      `select v.sku, p.name, v.price from product_variant v
       join product p on p.business_id = v.business_id and p.id = v.product_id where v.business_id = $1 order by 1`,
      [shop.id],
    )
    expect(products).toEqual([
      { sku: '=CMD|1', name: '=SUM(A1:A9)', price: '0.2500' },
      { sku: 'D400', name: 'D400', price: '0.0000' },
      { sku: 'L100', name: 'LANTERN, RED "XL"', price: '2.5500' },
      { sku: 'M200', name: 'MUG', price: '4.2500' },
      { sku: 'P300', name: 'POSTER', price: '1.1000' },
    ])
    expect(await countOf('inventory_movement', shop)).toBe(0)
  })

  it('changes nothing when it is loaded again', async () => {
    const options = { businessId: shop.id, files: { orders: RETAIL }, ...RETAIL_OPTIONS }
    await importFiles(db.commands, options)
    const before = await ordersOf(shop)
    const { files } = await importFiles(db.commands, options)
    expect(files[0]).toMatchObject({ made: 0, unchanged: 5, from: null, netSales: '0.00' })
    expect(files[0]?.madeOnTheWay).toEqual({ products: 0, clients: 0, employees: 0, categories: 0, locations: 0 })
    expect(await ordersOf(shop)).toEqual(before)
    expect(await differences(shop)).toEqual([])
  })

  it('comes out the same when it is loaded twice at once', async () => {
    const options = { businessId: shop.id, files: { orders: RETAIL }, ...RETAIL_OPTIONS }
    const reports = await Promise.all([importFiles(db.commands, options), importFiles(db.commands, options)])
    expect(reports.map(({ files }) => files[0]?.made).sort()).toEqual([0, 5])
    expect(await countOf('product', shop)).toBe(5)
    expect(await differences(shop)).toEqual([])
  })

  it('keeps two businesses apart', async () => {
    const other = await makeShop(db, { currency: 'EUR', timezone: 'Europe/Paris' })
    await importFiles(db.commands, { businessId: shop.id, files: { orders: RETAIL }, ...RETAIL_OPTIONS })
    expect(await countOf('product', other)).toBe(0)
    const { files } = await importFiles(db.commands, {
      businessId: other.id,
      files: { orders: RETAIL },
      ...RETAIL_OPTIONS,
    })
    expect(files[0]).toMatchObject({ made: 5, madeOnTheWay: { products: 5, clients: 2 } })
    expect(await countOf('orders', shop)).toBe(5)
    expect(await countOf('orders', other)).toBe(5)
  })
})

describe('amounts', () => {
  it('takes 12 % tax out of prices that include it, per line', async () => {
    const tienda = await makeShop(db, { pricesIncludeTax: true, taxRate: '0.12' })
    // 3 × 10.00 = 30.00: tax 3.21, net 26.79. 1 × 22.40 less 11.20 = 11.20: tax 1.20, net 10.00. Return of 5.60: tax 0.60.
    const { netSales } = await bench.load(tienda, 'orders', [
      `${HEADER},discount,tip,payment_method`,
      '1,2026-03-01 10:00,A,3,10,,2.50,card',
      '1,2026-03-01 10:00,B,1,22.40,11.20,,',
      '2,2026-03-01 11:00,B,-1,5.60,,,cash',
    ])
    expect(netSales).toBe('31.79')
    expect(await ordersOf(tienda)).toMatchObject([
      { order_number: '1', net_sales: '36.7900', tax: '4.4100', tips: '2.5000', total: '43.7000' },
      { order_number: '2', net_sales: '-5.0000', tax: '-0.6000', total: '-5.6000' },
    ])
    const payments = await db.asOwner(
      'select method, amount, paid_at from order_payment where business_id = $1 order by amount',
      [tienda.id],
    )
    expect(payments).toEqual([
      { method: 'cash', amount: '-5.6000', paid_at: new Date('2026-03-01T17:00:00Z') },
      { method: 'card', amount: '43.7000', paid_at: new Date('2026-03-01T16:00:00Z') },
    ])
    expect(await differences(tienda)).toEqual([])
  })

  it('uses the tax that a line states, and the rate of a product that has its own', async () => {
    const taxed = await makeShop(db, { taxRate: '0.20', currency: 'GBP' })
    const { productId } = await makeProduct(db, taxed, { sku: 'BOOK' })
    await db.asOwner('update product set tax_rate = 0 where id = $1', [productId])
    await bench.load(taxed, 'orders', [
      `${HEADER},tax`,
      '1,2026-03-01,BOOK,1,10.00,',
      '2,2026-03-01,PEN,1,10.00,',
      '3,2026-03-01,PEN,2,10.00,1.99',
      '4,2026-03-01,PEN,-1,10.00,1.99',
    ])
    const taxes = (await ordersOf(taxed)).map((order) => order.tax)
    expect(taxes).toEqual(['0.0000', '2.0000', '1.9900', '-1.9900'])
  })

  it('keeps exact decimals, a cost that the file tells, and amounts up to the edge of what the database holds', async () => {
    const { variantId } = await makeProduct(db, shop, { sku: 'K' })
    await db.asOwner('update product_variant set cost = 9 where id = $1', [variantId])
    const { rejected } = await bench.load(shop, 'orders', [
      `${HEADER},cost`,
      '1,2026-03-01,K,0.125,0.0350,1.2345',
      '2,2026-03-02,Z,1,9999999999999999.99,',
      '3,2026-03-03,Z,99999999999.999,0.01,',
    ])
    expect(rejected).toBe(0)
    const items = await db.asOwner(
      'select quantity, unit_price, net_sales, unit_cost from order_item where business_id = $1 order by unit_price',
      [shop.id],
    )
    expect(items).toEqual([
      { quantity: '99999999999.999', unit_price: '0.0100', net_sales: '1000000000.0000', unit_cost: null },
      { quantity: '0.125', unit_price: '0.0350', net_sales: '0.0000', unit_cost: '1.2345' },
      { quantity: '1.000', unit_price: '9999999999999999.9900', net_sales: '9999999999999999.9900', unit_cost: null },
    ])
  })

  it('says so in a sentence if the numbers fit but their sum does not', async () => {
    const lines = [HEADER, '1,2026-03-01,Z,1,9999999999999999.99', '1,2026-03-01,Z,1,9999999999999999.99']
    await expect(bench.load(shop, 'orders', lines)).rejects.toThrow('add up to more than can be kept')
    expect(await countOf('orders', shop)).toBe(0)
  })
})

describe('orders', () => {
  it('takes codes that differ in upper and lower case for one product and one client', async () => {
    await makeProduct(db, shop, { sku: 'Tea' })
    const lines = [
      `${HEADER},client_code`,
      '1,2026-03-01,TEA,1,5,ana',
      '2,2026-03-01,tea,1,5,Ana',
      '3,2026-03-01,mug,1,5,ANA',
      '3,2026-03-01,MUG,1,5,ana',
    ]
    expect((await bench.load(shop, 'orders', lines)).madeOnTheWay).toMatchObject({ products: 1, clients: 1 })
    expect(await bench.load(shop, 'orders', lines)).toMatchObject({ made: 0, unchanged: 3 })
    const skus = await db.asOwner('select sku from product_variant where business_id = $1 order by sku', [shop.id])
    expect(skus).toEqual([{ sku: 'Tea' }, { sku: 'mug' }])
    expect(await bench.load(shop, 'products', ['sku,name', 'TEA,Green tea', 'Mug,Mug'])).toMatchObject({ made: 0 })
    expect(await bench.load(shop, 'clients', ['client_code,name', 'ANA,Ana'])).toMatchObject({ made: 0, updated: 1 })
  })

  it('rejects an order that is there as open and in the file as completed', async () => {
    await bench.load(shop, 'orders', [`${HEADER},status`, '1,2026-03-01,A,1,5,open'])
    const { rejects } = await bench.load(shop, 'orders', [`${HEADER},status`, '1,2026-03-01,A,1,5,completed'])
    expect(rejects[0]?.reason).toMatch(/^order 1 is there with another status \(there it is open\)/)
  })

  it('takes status, place, client and type from any line that says it', async () => {
    const report = await bench.load(shop, 'orders', [
      `${HEADER},status,location,client_code,client_name,category,order_type`,
      '1,2026-03-01T10:00:00Z,A,1,5,,,,,,',
      '1,2026-03-01T10:00:00Z,B,1,5,Completed,Harbour,c1,"Ana ""A"" Pérez",Drinks,takeaway',
      '2,2026-03-01T10:00:00Z,A,1,5,open,harbour,c2,,,',
      '3,2026-03-01T10:00:00Z,B,1,5,cancelled,,,,DRINKS,',
    ])
    expect(report).toMatchObject({ made: 3, netSales: '10.00' })
    expect(report.madeOnTheWay).toEqual({ products: 2, clients: 2, employees: 0, categories: 1, locations: 1 })
    const orders = await db.asOwner(
      `select o.order_number, o.status, o.order_type, l.name as place, c.name as client, o.opened_at = o.completed_at as done,
        o.cancelled_at is not null as cancelled
       from orders o join location l on l.business_id = o.business_id and l.id = o.location_id
       left join customer c on c.business_id = o.business_id and c.id = o.customer_id
       where o.business_id = $1 order by 1`,
      [shop.id],
    )
    expect(orders).toEqual([
      {
        ...{ order_number: '1', status: 'completed', order_type: 'takeaway', place: 'Harbour' },
        ...{ client: 'Ana "A" Pérez', done: true, cancelled: false },
      },
      {
        ...{ order_number: '2', status: 'open', order_type: 'retail', place: 'Harbour' },
        ...{ client: 'c2', done: null, cancelled: false },
      },
      {
        ...{ order_number: '3', status: 'cancelled', order_type: 'retail', place: 'Location 1' },
        ...{ client: null, done: null, cancelled: true },
      },
    ])
  })

  it('dates a cancellation as the file does, else as the order', async () => {
    const lines = [
      'order_number,ordered_at,sku,quantity,unit_price,status,cancelled_at',
      '1,2026-03-01T10:00:00Z,A,1,5,cancelled,2026-03-02T09:30:00Z',
      '2,2026-03-01T10:00:00Z,A,1,5,cancelled,',
      // No status, and a day that begins before the order's time.
      '3,2026-03-01T15:00:00Z,A,1,5,,2026-03-01',
      // Paid and not cancelled, whatever the file says beside it.
      '4,2026-03-01T10:00:00Z,A,1,5,paid,2026-03-02T09:30:00Z',
    ]
    expect(await bench.load(shop, 'orders', lines)).toMatchObject({ made: 4, netSales: '5.00' })
    const orders = await db.asOwner(
      'select order_number, status, cancelled_at from orders where business_id = $1 order by 1',
      [shop.id],
    )
    expect(orders).toEqual([
      { order_number: '1', status: 'cancelled', cancelled_at: new Date('2026-03-02T09:30:00Z') },
      { order_number: '2', status: 'cancelled', cancelled_at: new Date('2026-03-01T10:00:00Z') },
      { order_number: '3', status: 'cancelled', cancelled_at: new Date('2026-03-01T15:00:00Z') },
      { order_number: '4', status: 'completed', cancelled_at: null },
    ])
    expect(await bench.load(shop, 'orders', lines)).toMatchObject({ made: 0, unchanged: 4 })

    const refused = await bench.load(shop, 'orders', [
      'order_number,ordered_at,sku,quantity,unit_price,cancelled_at',
      '5,2026-03-02T10:00:00Z,A,1,5,2026-03-01T10:00:00Z',
    ])
    expect(refused.rejects[0]?.reason).toBe('cancelled_at is before ordered_at')
  })

  it('reads local times by the clock of the location, or of --timezone', async () => {
    const chain = await makeShop(db, {
      timezone: 'Europe/London',
      locationZones: ['Europe/London', 'America/Guatemala'],
    })
    const lines = [`${HEADER},location`, '1,2026-01-01 10:00,A,1,1,', '2,2026-01-01 10:00,A,1,1,location 2']
    await bench.load(chain, 'orders', lines)
    const hours = async () => (await ordersOf(chain)).map((order) => order.completed_at.toISOString().slice(11, 13))
    expect(await hours()).toEqual(['10', '16'])

    const again = lines.map((line) => line.replace(/^\d/, 'x$&'))
    await bench.load(chain, 'orders', again, { timezone: 'Asia/Tokyo' })
    expect(await hours()).toEqual(['10', '16', '01', '01'])
  })

  it('puts orders that name no place at --location, made when it is new', async () => {
    const report = await bench.load(shop, 'orders', [HEADER, '1,2026-03-01,A,1,1'], { location: 'Pop-up' })
    expect(report.madeOnTheWay.locations).toBe(1)
    expect(await countOf('location', shop)).toBe(2)
  })
})

describe('rejects', () => {
  const now = new Date('2026-06-01T12:00:00Z')

  it('keeps nothing of a file with a bad row, and says what is wrong in which line', async () => {
    const report = await bench.load(
      shop,
      'orders',
      [
        `${HEADER},status,discount,tax`,
        '1,2026-03-01,A,1,5,,,',
        '2,2026-03-01,A,"1,5,0",5,,,',
        '3,2026-02-30,A,1,5,,,',
        '4,2026-06-03,A,1,5,,,',
        '5,2026-03-01,A,0,5,,,',
        '6,2026-03-01,,0.1234,-5,done,,',
        '7,2026-03-01,A,1e3,5,,,',
        '8,2026-03-01,A,1,5',
        '9,2026-03-01,A,2,5,,10.01,',
        '10,2026-03-01,A,1,99999999999999999,,,',
        '11,2026-03-01,A,99999999999,999999999999,,,',
        '12,2026-03-01,A,2,5,,,11',
        `13,2026-03-01,${'s'.repeat(101)},1,5,,,`,
      ],
      { now },
    )
    expect(report).toMatchObject({ imported: false, rows: 13, made: 0, rejected: 12, rejectedFile: null })
    expect(report.rejects).toEqual([
      { line: 3, reason: 'quantity "1,5,0" is not a plain decimal number such as 1234.50' },
      { line: 4, reason: 'ordered_at "2026-02-30" is not a date of the expected form (see --date-format)' },
      { line: 5, reason: 'ordered_at "2026-06-03" is in the future' },
      { line: 6, reason: 'quantity is zero' },
      {
        line: 7,
        reason:
          'sku is missing; status "done" is unknown: say --map-value "status:done=completed", =open, =cancelled or ' +
          '=skip; quantity "0.1234" has more than 3 decimals',
      },
      { line: 8, reason: 'quantity "1e3" is not a plain decimal number such as 1234.50' },
      { line: 9, reason: 'it has 5 values where the header has 8' },
      { line: 10, reason: "discount 10.01 is more than the line's 10" },
      { line: 11, reason: 'unit_price "99999999999999999" is too large' },
      { line: 12, reason: 'quantity × unit_price is too large' },
      { line: 13, reason: "tax 11 is more than the line's 10" },
      { line: 14, reason: 'sku is longer than 100 characters' },
    ])
    for (const table of ['orders', 'product', 'customer', 'sales_daily']) expect(await countOf(table, shop)).toBe(0)
  })

  it('names both lines when lines of one order contradict each other', async () => {
    const { rejects } = await bench.load(shop, 'orders', [
      `${HEADER},client_code,tip,location`,
      '1,2026-03-01,A,1,5,c1,,Here',
      '2,2026-03-01,A,1,5,,,',
      '1,2026-03-01,A,1,5,,1.00,HERE',
      '1,2026-03-02,A,1,5,c2,1,',
      '1,2026-03-01,A,1,5,,2,There',
    ])
    expect(rejects).toEqual([
      {
        line: 5,
        reason: 'ordered_at differs from line 2 of the same order; client_code differs from line 2 of the same order',
      },
      { line: 6, reason: 'location differs from line 2 of the same order; tip differs from line 4 of the same order' },
      { line: 2, reason: 'line 5 of the same order (1) is rejected' },
      { line: 4, reason: 'line 5 of the same order (1) is rejected' },
    ])
  })

  it('keeps the good rows with --skip-bad, and writes the others to a file to correct', async () => {
    const report = await bench.load(
      shop,
      'orders',
      [
        `${HEADER},product_name,Note`,
        '1,2026-03-01,A,1,5,Mug,',
        '2,2026-03-01,A,1,5,"Mug, ""large""",x',
        '3,2026-03-01,B,1,5,,',
        '2,2026-03-01,C,none,5,,',
      ],
      { skipBad: true },
    )
    expect(report).toMatchObject({ imported: true, rows: 4, made: 2, rejected: 2, madeOnTheWay: { products: 2 } })
    expect((await ordersOf(shop)).map((order) => order.order_number)).toEqual(['1', '3'])
    expect(report.rejectedFile).toBe(`${report.file}.rejected.csv`)
    expect(await readFile(report.rejectedFile as string, 'utf8')).toBe(
      [
        `rejected_line,rejected_reason,${HEADER},product_name,Note`,
        '3,line 5 of the same order (2) is rejected,2,2026-03-01,A,1,5,"Mug, ""large""",x',
        '5,"quantity ""none"" is not a plain decimal number such as 1234.50",2,2026-03-01,C,none,5,,',
        '',
      ].join('\n'),
    )

    const mended = (await readFile(report.rejectedFile as string, 'utf8')).replace(',none,', ',2,').trim().split('\n')
    expect(await bench.load(shop, 'orders', mended)).toMatchObject({ made: 1, rejected: 0 })
    expect(await ordersOf(shop)).toMatchObject([{}, { order_number: '2', net_sales: '15.0000' }, {}])
  })

  it('lists the first 20 and counts all, however many there are', async () => {
    const lines = Array.from({ length: 1500 }, (_, index) => `${index},2026-03-01,A,x,5`)
    const report = await bench.load(shop, 'orders', [HEADER, ...lines])
    expect(report.rejected).toBe(1500)
    expect(report.rejects.map((reject) => reject.line)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2))

    const kept = await bench.load(shop, 'orders', [HEADER, ...lines], { skipBad: true })
    expect((await readFile(kept.rejectedFile as string, 'utf8')).trim().split('\n')).toHaveLength(1501)
  })
})

describe('options', () => {
  it.each([
    [{ map: ['qty=Quantity'] }, 'there is no column qty. Columns: order_number, ordered_at'],
    [{ timezone: 'Europe/Lundon' }, '--timezone: Europe/Lundon is no IANA time zone'],
    [{ dateFormat: 'dd/mm/yyyy' }, '--date-format dd/mm/yyyy: it needs d, M and y'],
    [{ files: {} }, 'Name a file to import'],
    [{ files: { orders: '/nowhere/orders.csv' } }, '/nowhere/orders.csv is not there'],
    [{ businessId: '00000000-0000-4000-8000-000000000000' }, 'There is no business 00000000'],
  ])('refuses %j', async (options, message) => {
    await expect(bench.load(shop, 'orders', [HEADER], options)).rejects.toThrow(message)
  })

  it('takes a file with a header alone', async () => {
    expect(await bench.load(shop, 'orders', [HEADER])).toMatchObject({ imported: true, rows: 0, made: 0 })
  })
})
