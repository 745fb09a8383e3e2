import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { makeClient, makePurchase } from '../support/clients.ts'
import { compactRows } from '../support/compact-rows.ts'
import { makeProduct, type Product } from '../support/shop.ts'
import { NOON, startTill, type Till } from '../support/till.ts'

// What the tools print, and what people type, is found: words in any order, without regard to case, accents, plural and
// small slips. The clock stands at noon of 2026-03-10.
let till: Till
const PRODUCTS = [
  ['CAF-1', 'Café de Huehuetenango', 'Molido 340 g'],
  ['CAF-2', 'Café de Antigua', 'Molido 340 g'],
  ['CAP-G', 'Capuchino', 'Grande'],
  ['AGU-600', 'Agua pura', '600 ml'],
  ['TOM-1', 'Tomate (lb)', null],
  ['SAL-9', 'Salsa de tomates asados', null],
  ['TAZ-1', 'Taza Ñoño', null],
  ['NUE-1', 'Nuez', null],
] as const

beforeAll(async () => {
  till = await startTill()
  for (const [sku, name, label] of PRODUCTS) {
    const { productId, variantId } = await till.product(sku, { price: '11.20', cost: '6', stock: '5' })
    await till.service.db.asOwner('update product set name = $2 where id = $1', [productId, name])
    await till.service.db.asOwner('update product_variant set label = $2, barcode = $3 where id = $1', [
      variantId,
      label,
      `740${sku}`,
    ])
  }
  const { service, shop, foreign } = till
  await makeProduct(service.db, foreign, { sku: 'CAF-1', name: 'Café ajeno' })
  const clients = [
    { code: 'C-0001', name: 'Fernando García Ramírez', phone: '+502 5555-1234', tax_id: '8812345-6', city: 'Mixco' },
    { code: 'C-0002', name: 'Ana Ramírez', phone: '4444 9999', email: 'ana.r@example.com', city: 'Cobán' },
    { code: 'C-0003', name: 'Consumidor', tax_id: 'CF' },
  ]
  for (const client of clients) await makeClient(service.db, shop, client)
})
afterAll(() => till?.service.close())

describe.each(['get_products', 'get_inventory'])('%s', (tool) => {
  const found = async (search: string) => {
    const { data, text } = await till.ok(tool, { search })
    const rows = compactRows(data, tool === 'get_products' ? 'products' : 'stock')
    return { skus: rows.map(({ SKU }) => SKU), isNearest: data.nearest === true, matching: data.matching, text }
  }

  it.each([
    ['Café de Huehuetenango Molido 340 g', ['CAF-1']],
    ['cafe antigua', ['CAF-2']],
    ['antigua CAFÉ', ['CAF-2']],
    ['340 café', ['CAF-2', 'CAF-1']],
    ['Agua pura 600 ml', ['AGU-600']],
    ['taza ñoño', ['TAZ-1']],
    // What is written so comes before another plural.
    ['tomates', ['SAL-9', 'TOM-1']],
    ['capuchinos', ['CAP-G']],
    ['nueces', ['NUE-1']],
    ['cap-g', ['CAP-G']],
    ['740CAF-1', ['CAF-1']],
    ['Tomate (lb)', ['TOM-1']],
  ])('finds %j', async (search, skus) => {
    expect(await found(search)).toMatchObject({ skus, isNearest: false, matching: skus.length })
  })

  it.each([
    ['capucino', 'CAP-G'],
    ['cafe huehuetenengo', 'CAF-1'],
    ['tomatte', 'TOM-1'],
    ['aguaa 600ml', 'AGU-600'],
  ])('names the nearest to %j, and says that it is only that', async (search, sku) => {
    const { skus, isNearest, matching, text } = await found(search)
    expect({ first: skus[0], isNearest, matching }).toEqual({ first: sku, isNearest: true, matching: 0 })
    expect(text).toMatch(/^No .* match the search; nearest are:/)
  })

  it.each(['bicicleta', 'CAF-3', 'CAF-9', 'caf9', '740CAF-9', '7400001', 'agua 601 ml', 'NUE-2', 'nue2'])(
    'says that there is none where nothing is near, nor any code like %j',
    async (search) => {
      expect(await found(search)).toMatchObject({ skus: [], isNearest: false })
      expect((await found(search)).text).toMatch(/^No .* match\./)
    },
  )
})

describe('get_products', () => {
  const skus = async (args: Record<string, unknown>) =>
    compactRows((await till.ok('get_products', args)).data, 'products').map(({ SKU }) => SKU)

  it('tells cost and margin, but not to a cashier', async () => {
    const { data } = await till.ok('get_products', { search: 'nuez' })
    // 11.20 with 12 % inside is 10.00 without; 4 of 10 are left.
    const row = { SKU: 'NUE-1', product: 'Nuez', price: '11.20', cost: '6.00', 'margin %': '40.0', 'on hand': '5' }
    expect(compactRows(data, 'products')).toEqual([row])
    const asCashier = { token: till.cashier }
    for (const [tool, args] of [
      ['get_products', { search: 'nuez' }],
      ['get_product', { product: 'NUE-1' }],
      ['get_inventory', { search: 'nuez' }],
    ] as const) {
      const { data: shown, text } = await till.ok(tool, args, asCashier)
      expect(JSON.stringify(shown) + text).not.toMatch(/cost|margin|6\.00|30\.00/i)
    }
    expect(await till.fails('get_products', { cost: 'missing' }, asCashier)).toMatch(/^role_not_allowed: cost/)
  })

  it('finds what has no cost, sells below it, is below zero or did not sell', async () => {
    const { service, shop } = till
    await till.product('FREE', { price: '10' })
    await till.product('LOSS', { price: '11.20', cost: '10.01' })
    await till.product('EVEN', { price: '11.20', cost: '10' })
    await till.product('NEG', { price: '5', cost: '1', stock: '-2' })
    const slow = await till.product('SLOW', { price: '5', cost: '1' })
    await sellOn('2026-02-08T18:00:00Z', slow, '1')
    const quick = await till.product('QUICK', { price: '5', cost: '1' })
    await sellOn('2026-02-09T18:00:00Z', quick, '2')
    expect(await skus({ cost: 'missing' })).toEqual(['FREE'])
    expect(await skus({ cost: 'above_price' })).toEqual(['LOSS'])
    expect(await skus({ stock: 'negative' })).toEqual(['NEG'])
    // The 30 days until today begin on 2026-02-09.
    expect(await skus({ notSoldDays: 30, search: 'slow' })).toEqual(['SLOW'])
    expect(await skus({ notSoldDays: 30, search: 'quick' })).toEqual([])
    expect(await skus({ notSoldDays: 31, search: 'slow' })).toEqual([])

    async function sellOn(at: string, product: Product, number: string) {
      const client = await makeClient(service.db, shop, { code: `S-${number}`, is_active: false })
      const lines = [{ ...product, quantity: '1', unitPrice: '5' }]
      await makePurchase(service.db, shop, client, { number: `S-${number}`, at, lines })
    }
  })

  it('finds what is without a cost, price, barcode, category or supplier, and says so', async () => {
    const { service, shop } = till
    await till.product('LACK-1', { price: '0', cost: '2' })
    await till.product('LACK-2', { price: '10' })
    const full = await till.product('LACK-3', { price: '10', cost: '2' })
    await service.db.asOwner("update product_variant set barcode = ' ' where business_id = $1 and sku = 'LACK-2'", [
      shop.id,
    ])
    await service.db.asOwner("update product_variant set barcode = '74012' where business_id = $1 and sku = 'LACK-3'", [
      shop.id,
    ])
    await service.db.asOwner(
      `with c as (insert into category (business_id, name) values ($1, 'Sin categoría') returning id),
         s as (insert into supplier (business_id, name) values ($1, 'Norte') returning id)
       update product set category_id = c.id, supplier_id = s.id from c, s where product.id = $2`,
      [shop.id, full.productId],
    )
    // Switched off, they are in no other list.
    await service.db.asOwner(
      "update product_variant set is_active = false where business_id = $1 and sku like 'LACK-%'",
      [shop.id],
    )
    const ofThem = { search: 'lack', active: false }
    expect(await skus({ ...ofThem, without: 'cost' })).toEqual(['LACK-2'])
    expect(await skus({ ...ofThem, without: 'price' })).toEqual(['LACK-1'])
    for (const without of ['barcode', 'category', 'supplier']) {
      expect([without, await skus({ ...ofThem, without })]).toEqual([without, ['LACK-1', 'LACK-2']])
    }
    expect(await skus({ ...ofThem, category: 'none' })).toEqual(['LACK-1', 'LACK-2'])
    expect(await skus({ ...ofThem, category: 'none', without: 'cost' })).toEqual(['LACK-2'])
    // A category that is called so is meant.
    expect(await skus({ ...ofThem, category: 'sin categoria' })).toEqual(['LACK-3'])
    const { data, text } = await till.ok('get_products', { ...ofThem, without: 'barcode', limit: 1 })
    expect(data).toMatchObject({ matching: 2, terms: expect.stringMatching(/^without a barcode; /) })
    expect(text).toMatch(/^Only 1 of 2 products/)
    expect(text).toContain('Only what is without a barcode.')
    expect(await till.fails('get_products', { without: 'cost' }, { token: till.cashier })).toMatch(
      /^role_not_allowed: without/,
    )
    expect(await till.fails('get_products', { category: 'Ximena' })).toContain('"none" takes what has none.')
  })

  it('finds what is of a supplier, by words of its name, or of none', async () => {
    const { service, shop } = till
    for (const sku of ['SUP-1', 'SUP-2', 'SUP-3']) await till.product(sku, { price: '10' })
    await service.db.asOwner(
      `with s as (insert into supplier (business_id, name) values ($1, 'Café del Sur, S.A.') returning id)
       update product p set supplier_id = s.id from s, product_variant v
       where v.business_id = $1 and v.product_id = p.id and v.sku in ('SUP-1', 'SUP-3')`,
      [shop.id],
    )
    await service.db.asOwner(
      "update product_variant set is_active = false where business_id = $1 and sku like 'SUP-%'",
      [shop.id],
    )
    const ofThem = { search: 'sup', active: false }
    expect(await skus({ supplier: 'café del sur', active: false })).toEqual(['SUP-1', 'SUP-3'])
    expect(await skus({ ...ofThem, supplier: 'sin proveedor' })).toEqual(['SUP-2'])
    expect(await skus({ ...ofThem, supplier: 'none', without: 'cost' })).toEqual(['SUP-2'])
    const { data, text } = await till.ok('get_products', { ...ofThem, supplier: 'Sur', limit: 1 })
    expect(data).toMatchObject({ matching: 2, supplier: 'Café del Sur, S.A.' })
    expect(text).toContain(' Supplier Café del Sur, S.A.. ')
    expect(await till.fails('get_products', { supplier: 'Ximena' })).toMatch(
      /^not_found: supplier: .*"none" takes what has none\.$/s,
    )
    const { data: exported } = await till.ok('export_data', {
      what: 'get_products',
      arguments: { ...ofThem, supplier: 'Sur' },
    })
    expect(exported.holds).toContain('supplier: "Café del Sur, S.A."')
  })

  it('gives a hundred rows where a hundred are asked for', async () => {
    await till.service.db.asOwner(
      `with p as (insert into product (business_id, name)
         select $1, 'Producto de la tienda ' || i from generate_series(1, 110) i returning id, name)
       insert into product_variant (business_id, product_id, sku, label, price, cost)
       select $1, id, 'LOT-' || right(name, 3), 'Bolsa de 500 g', 34.50, 21.75 from p`,
      [till.shop.id],
    )
    const { data } = await till.ok('get_products', { search: 'producto tienda', limit: 100 })
    expect(compactRows(data, 'products')).toHaveLength(100)
    expect(data).toMatchObject({ matching: 110, hasMore: true })
    const rest = await till.ok('get_products', { search: 'producto tienda', limit: 100, cursor: data.nextCursor })
    expect(compactRows(rest.data, 'products')).toHaveLength(10)
  })
})

describe('list_clients', () => {
  const codes = async (args: Record<string, unknown>) =>
    compactRows((await till.ok('list_clients', args)).data, 'clients').map(({ code }) => code)

  it.each([
    ['Garcia Fernando', ['C-0001']],
    ['fernando ramirez', ['C-0001']],
    ['8812345-6', ['C-0001']],
    ['88123456', ['C-0001']],
    ['5555 1234', ['C-0001']],
    ['(+502) 55551234', ['C-0001']],
    ['50244449999', ['C-0002']],
    ['ana.r@example.com', ['C-0002']],
    ['c-0003', ['C-0003']],
    ['RAMIREZ', ['C-0002', 'C-0001']],
  ])('finds %j', async (search, expected) => {
    expect(await codes({ search })).toEqual(expected)
  })

  it.each(['8812345-7', '5555 1235', '99999999', 'C-0009', 'c9', 'nadie@example.com', 'C-0004', '7712345K'])(
    'finds nobody for %j, which is no name',
    async (search) => {
      const { data, text } = await till.ok('list_clients', { search })
      expect(data).toMatchObject({ matching: 0, clients: [], hasMore: false })
      expect(data.nearest).toBeUndefined()
      expect(text).toMatch(/^No clients match\./)
    },
  )

  it('finds who is without a tax id, e-mail, phone or city, and says so', async () => {
    const { service, shop } = till
    for (const client of [
      { code: 'L-1', tax_id: '12', email: 'l@example.com', phone: '5', city: 'Lanquín' },
      { code: 'L-2', tax_id: 'C/F', email: ' ', phone: '-', city: ' ' },
      { code: 'L-3' },
    ]) {
      await makeClient(service.db, shop, { ...client, country: 'Lacking' })
    }
    for (const without of ['tax_id', 'email', 'phone', 'city']) {
      expect([without, await codes({ country: 'Lacking', without })]).toEqual([without, ['L-2', 'L-3']])
    }
    expect(await codes({ country: 'Lacking', city: 'sin ciudad' })).toEqual(['L-2', 'L-3'])
    const { data, text } = await till.ok('list_clients', { country: 'Lacking', without: 'tax_id', limit: 1 })
    expect(data.matching).toBe(2)
    expect(text).toMatch(/^Only 1 of 2 clients/)
    for (const half of [data.terms, text])
      expect(half).toContain('without a tax id, or with one without a digit ("CF"); ')
  })

  it('names the nearest to a name with a slip', async () => {
    const { data, text } = await till.ok('list_clients', { search: 'Fernado Garsia' })
    expect(text).toMatch(/^No clients match the search; nearest are:\n.*\n\|C-0001\|/)
    expect(data).toMatchObject({ matching: 0, nearest: true })
  })

  it('names none that is only near where all of very many would have to be compared', async () => {
    const own = await startTill()
    onTestFinished(() => own.service.close())
    const addClients = (from: number, to: number) =>
      own.service.db.asOwner(
        `insert into customer (business_id, code, name)
         select $1, 'K' || n, case n when 1 then 'Fernando García' else 'K' || n end from generate_series($2::integer, $3::integer) n`,
        [own.shop.id, from, to],
      )
    const nearest = async () => (await own.ok('list_clients', { search: 'Fernado Garsia' })).data.nearest
    await addClients(1, 2)
    expect(await nearest()).toBe(true)
    expect(await own.fails('get_client', { client: 'Fernado Garsia' })).toContain(
      'Did you mean "Fernando García" (K1)?',
    )
    await addClients(3, 100_001)
    expect(await nearest()).toBeUndefined()
    expect(await own.fails('get_client', { client: 'Fernado Garsia' })).not.toContain('Did you mean')
    // Of as many, what has all its words is.
    expect(await own.fails('get_client', { client: 'Garcia' })).toContain('Did you mean "Fernando García" (K1)?')
  })

  it('filters by place, last purchase, status and spend, and tells a period of one client', async () => {
    const { service, shop } = till
    const product = await till.product('BUY', { price: '10', cost: '4' })
    const buyer = await makeClient(service.db, shop, { code: 'B-1', name: 'Comprador', city: 'Xela' })
    for (const [number, at, price] of [
      ['B1', '2025-12-01T18:00:00Z', '50'],
      ['B2', '2026-02-01T18:00:00Z', '30'],
    ] as const) {
      const lines = [{ ...product, quantity: '1', unitPrice: price }]
      await makePurchase(service.db, shop, buyer, { number, at, lines })
    }
    expect(await codes({ city: 'XELA' })).toEqual(['B-1'])
    expect(await codes({ minSpend: '80', maxSpend: 80 })).toEqual(['B-1'])
    expect(await codes({ city: 'Xela', minSpend: '80.01' })).toEqual([])
    expect(await codes({ city: 'Xela', lastPurchaseBefore: '2026-02-02' })).toEqual(['B-1'])
    expect(await codes({ city: 'Xela', lastPurchaseBefore: '2026-02-01' })).toEqual([])
    // Two purchases make no rhythm; the usual one is 30 days, and 37 days are less than three of them.
    expect(await codes({ city: 'Xela', status: 'active' })).toEqual(['B-1'])
    expect(await codes({ city: 'Xela', status: 'lost' })).toEqual([])
    const { data, text } = await till.ok('get_client', { client: 'B-1', from: '2026-01-01', to: '2026-02-28' })
    expect(data.period).toMatchObject({ orders: 1, netSales: '30.00' })
    expect(data.sales).toMatchObject({ orders: 2, netSales: '80.00' })
    expect(text).toContain('2026-01-01 to 2026-02-28: 1 order, net sales GTQ 30.00 without tax')
  })
})

describe('a reference that fits nothing', () => {
  it.each([
    [
      'get_sales_report',
      { filters: ['product=Cafe molido'] },
      /Did you mean "Café de Antigua Molido 340 g" \(SKU CAF-2\); "Café/,
    ],
    ['get_product', { product: 'Capuchno' }, /Did you mean "Capuchino Grande" \(SKU CAP-G\)\?/],
    ['get_forecast', { product: 'tomatte' }, /Did you mean "Tomate \(lb\)" \(SKU TOM-1\)/],
    ['adjust_inventory', { product: 'Nuezz', change: '1', reason: 'purchase' }, /Did you mean "Nuez" \(SKU NUE-1\)/],
    ['get_client', { client: 'Fernado Garsia' }, /Did you mean "Fernando García Ramírez" \(C-0001\)\?/],
    ['list_orders', { clientId: 'Fernado Garsia' }, /Did you mean "Fernando García Ramírez" \(C-0001\)\?/],
    ['get_sales_report', { filters: ['client=Fernado Garsia'] }, /Did you mean "Fernando García Ramírez" \(C-0001\)\?/],
  ])('of %s %j is told with the nearest', async (tool, args, expected) => {
    const all = tool === 'adjust_inventory' ? { ...args, locationId: till.shop.locations[0] } : args
    expect(await till.fails(tool, all)).toMatch(expected)
  })

  it('names none for a code', async () => {
    for (const product of ['CAF-9', '740CAF-9', '12345678']) {
      expect(await till.fails('get_product', { product })).not.toContain('Did you mean')
    }
    expect(await till.fails('get_client', { client: '8812345-7' })).not.toContain('Did you mean')
  })

  it('is the one product of a report that has its words', async () => {
    const { text } = await till.ok('get_sales_report', { filters: ['product=Huehuetenango'] })
    expect(text).toContain('of Café de Huehuetenango Molido 340 g')
  })

  it.each([
    ['get_product', 'Product Café de Huehuetenango'],
    ['list_inventory_movements', 'product: "Café de Huehuetenango Molido 340 g" (SKU CAF-1)'],
    ['list_orders', 'product: "Café de Huehuetenango Molido 340 g" (SKU CAF-1)'],
    ['get_forecast', 'Café de Huehuetenango Molido 340 g [CAF-1]'],
    ['get_bought_together', 'with Café de Huehuetenango Molido 340 g'],
  ])('is the one of %s that has its words, which it names', async (tool, named) => {
    expect((await till.ok(tool, { product: 'huehuetenango molido' })).text).toContain(named)
    // Of several, none is taken; the nearest are named.
    expect(await till.fails(tool, { product: 'molido café' })).toMatch(/Did you mean "Café de .*Café de /)
  })

  it('is the one that has its words in another form', async () => {
    expect((await till.ok('get_product', { product: 'nueces' })).text).toContain('Product Nuez')
  })

  it('is no part of another word', async () => {
    for (const tool of ['get_product', 'get_bought_together']) {
      expect(await till.fails(tool, { product: 'puchino' })).toContain('Did you mean "Capuchino Grande" (SKU CAP-G)')
    }
  })

  it('is no guess of what writes', async () => {
    const product = 'huehuetenango molido'
    const args = { product, locationId: till.shop.locations[0], change: '-1', reason: 'damage' }
    expect(await till.fails('adjust_inventory', args)).toContain('Did you mean')
    expect(await till.fails('create_order', { items: [{ product, quantity: '1' }] })).toContain('Did you mean')
  })
})

describe('a wrong argument', () => {
  it.each(['yesterday', '2026-02-30', '27/11/2026'])('date %j is told with the date of today', async (date) => {
    expect(NOON.toISOString()).toMatch(/^2026-03-10/)
    expect(await till.fails('summarize_day', { date })).toBe(
      'invalid_argument: date must be a calendar date as YYYY-MM-DD. Today is 2026-03-10 in America/Guatemala.',
    )
  })

  it('preset is told with those that there are, and with how other days are asked for', async () => {
    expect(await till.fails('get_sales_report', { preset: 'quincena' })).toMatch(
      /^invalid_argument: preset must be one of: today, .*; other days by from and to\. Today is 2026-03-10 in America/,
    )
  })

  it.each([
    ['get_inventory', { asOf: '2026-01-01' }, 'Stock on file is'],
    ['get_inventory', { from: '2026-01-01', to: '2026-01-01' }, 'Stock on file is'],
    ['get_inventory_health', { date: '2026-01-01' }, 'Stock on file is'],
    ['get_reorder_list', { preset: 'last_month' }, 'Stock on file is'],
    ['get_products', { as_of_date: '2026-01-01' }, 'Stock, prices and costs on file are'],
    ['get_product', { product: 'CAF-1', day: '2026-01-01' }, 'Stock, prices and costs on file are'],
  ])('day of what %s knows of now alone is told with how an earlier one is found: %j', async (tool, args, begun) => {
    const error = await till.fails(tool, args)
    expect(error).toMatch(/^invalid_argument: Unknown argument ".*valid are: /)
    expect(error).toContain(`${begun} th`)
    expect(error).toContain('less unitsIn and plus unitsOut of list_inventory_movements from that day on')
    expect(await till.fails(tool, { ...('product' in args && { product: 'CAF-1' }), sorted: 'x' })).not.toContain(
      'on file',
    )
  })

  it('day is told so also where a file is asked for', async () => {
    const args = { what: 'get_inventory', arguments: { date: '2026-01-01' } }
    expect(await till.fails('export_data', args)).toContain('Stock on file is that of now.')
  })

  it('day of stock is found by the movements since, as it is told', async () => {
    const { asOwner } = till.service.db
    await till.product('OLD-1', { cost: '1' })
    for (const [at, quantity, reason] of [
      ['2026-01-01T18:00:00Z', '20', 'opening'],
      ['2026-02-01T18:00:00Z', '-3', 'damage'],
      ['2026-02-10T18:00:00Z', '8', 'purchase'],
      ['2026-02-20T18:00:00Z', '-5', 'damage'],
    ]) {
      await asOwner(
        `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason, created_at)
         select business_id, $2, id, $3, $4, $5 from product_variant where business_id = $1 and sku = 'OLD-1'`,
        [till.shop.id, till.shop.locations[0], quantity, reason, at],
      )
    }
    // 20 − 3 as 10 February began, 20 − 3 + 8 − 5 now.
    expect(await till.onHand('OLD-1')).toBe('20')
    const { data } = await till.ok('list_inventory_movements', { product: 'OLD-1', from: '2026-02-10' })
    expect([data.unitsIn, data.unitsOut]).toEqual(['8', '5'])
  })

  it('name of a tool that is called otherwise now is told with its name', async () => {
    expect(await till.fails('get_orders', {})).toMatch(/^not_found: There is no tool of that name: it is list_orders\./)
    expect(await till.fails('summarize_day', {}, { token: till.cashier })).toMatch(/^role_not_allowed: /)
  })
})
