import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { EXPORTABLE } from '../../src/exports/columns.ts'
import { makeClient } from '../support/clients.ts'
import { compactRows } from '../support/compact-rows.ts'
import type { Product } from '../support/shop.ts'
import { startTill, type Till } from '../support/till.ts'

// A reference of UUID form is an id first: nobody takes over a row by giving another one its id as a code or a name.
// The ids of the impostors are the smallest, so that they would win wherever the id decides.
let till: Till
const impostor = () => randomUUID().replace(/^.{12}/, '00000000-000')
const as = (sql: string, values: unknown[]) => till.service.db.asOwner(sql, [till.shop.id, ...values])

beforeAll(async () => {
  till = await startTill()
})
afterAll(() => till?.service.close())

describe('the id of a product', () => {
  let real: Product
  beforeEach(async () => {
    const sku = `HUIPIL-${randomUUID().slice(0, 8)}`
    real = await till.product(sku, { price: '480', stock: '10' })
    for (const [id, of] of [
      [impostor(), real.variantId],
      [impostor(), real.productId],
    ]) {
      await as(
        `with p as (insert into product (business_id, id, name) values ($1, $2, 'Impostor') returning id)
         insert into product_variant (business_id, id, product_id, sku, barcode, price)
         select $1, $2, p.id, $3, $3, 0.01 from p`,
        [id, of],
      )
    }
  })

  it('is sold, shown, changed and counted as itself', async () => {
    const { variantId, productId } = real
    const sold = await till.ok('create_order', { items: [{ product: variantId, quantity: '2' }] })
    expect(sold.data.totals.total).toBe('960.00')
    const shown = await till.ok('get_product', { product: variantId.toUpperCase() })
    expect(shown.data.variants[0].price).toBe('480.00')
    expect((await till.ok('get_product', { product: productId })).data.product.id).toBe(productId)
    const changed = await till.ok('update_product', { variant: variantId, price: '481', dryRun: true })
    expect(changed.data.changes).toEqual([{ field: 'price', from: '480.00', to: '481.00' }])
    const counted = await till.ok('adjust_inventory', { product: variantId, change: '1', dryRun: true })
    expect([counted.data.before, counted.data.after]).toEqual(['8', '9'])
    const moved = await till.ok('list_inventory_movements', { product: variantId })
    expect(moved.data.movements).toHaveLength(2)
  })
})

describe('the id of a client', () => {
  it('is shown, changed and sold to as itself', async () => {
    const { service, shop } = till
    const real = await makeClient(service.db, shop, { code: 'REAL', name: 'Rosa' })
    await as("insert into customer (business_id, id, code, name) values ($1, $2, $3, 'Impostor')", [impostor(), real])
    expect((await till.ok('get_client', { client: real })).data.client.name).toBe('Rosa')
    const changed = await till.ok('update_client', { client: real, city: 'Cobán', dryRun: true })
    expect(changed.data.client.name).toBe('Rosa')
    await till.product('POM', { stock: '9' })
    const order = await till.ok('create_order', { items: [{ product: 'POM', quantity: '1' }], clientId: real })
    const listed = await till.ok('list_orders', { clientId: real })
    expect(listed.data.orders).toEqual([expect.arrayContaining([order.data.order.number])])
    expect((await till.ok('get_client', { client: real })).data.lastOrders).toHaveLength(1)
  })
})

describe('the id of an order', () => {
  it('is shown, refunded and cancelled as itself', async () => {
    await till.product('PINE', { price: '7', stock: '9' })
    const sold = await till.ok('create_order', { items: [{ product: 'PINE', quantity: '1' }] })
    const { id, number: orderNumber } = sold.data.order
    await as(
      `insert into orders (business_id, id, order_number, location_id, status, opened_at)
       values ($1, $2, $3, $4, 'open', now())`,
      [impostor(), id, till.shop.locations[0]],
    )
    const shown = await till.ok('get_order', { order: id })
    expect(shown.data.order.orderNumber).toBe(orderNumber)
    expect(shown.data.lines).toHaveLength(1)
    const refund = await till.ok('refund_order', { order: id, reason: 'cold', restock: true, dryRun: true })
    expect(refund.data.order.number).toBe(orderNumber)
    const cancelled = await till.ok('cancel_order', { order: id, reason: 'mistake' })
    expect(cancelled.data.order.id).toBe(id)
  })
})

describe('the id of a board', () => {
  it('is shown as itself, however many boards have it as their name', async () => {
    const real = randomUUID()
    const insert = 'insert into psa_board (business_id, id, name, status, due_on) values ($1, $2, $3, $4, $5)'
    await as(insert, [real, 'Tienda', 'active', null])
    for (let n = 0; n < 15; n++) await as(insert, [impostor(), real, 'active', '2026-01-01'])
    expect((await till.ok('get_psa_board', { board: real })).data.board.name).toBe('Tienda')
  })
})

describe('the id of a category', () => {
  it('means that category', async () => {
    const real = randomUUID()
    for (const [id, name] of [
      [real, 'Textiles'],
      [impostor(), real],
    ]) {
      await as('insert into category (business_id, id, name) values ($1, $2, $3)', [id, name])
    }
    const made = await till.ok('create_product', {
      name: 'Faja',
      sku: 'FAJA',
      price: '1',
      category: real,
      dryRun: true,
    })
    expect(made.data.category).toEqual({ id: real, name: 'Textiles' })
  })
})

describe('a code in the form of an id', () => {
  const id = randomUUID()

  it.each([
    ['create_product', { name: 'Huipil', sku: id, price: '1' }, 'sku'],
    ['create_product', { name: 'Huipil', sku: ` ${id.toUpperCase()}\u200b`, price: '1' }, 'sku'],
    ['create_client', { name: 'Rosa', code: id }, 'code'],
    ['create_client', { name: 'Rosa', code: ` ${id}\u00ad` }, 'code'],
  ])('is refused by %s: %j', async (tool, args, argument) => {
    expect(await till.fails(tool, args)).toContain(`invalid_argument: ${argument} must not have the form of an id`)
  })

  it('is refused by update_client, unless the client has it already', async () => {
    await makeClient(till.service.db, till.shop, { code: 'KEPT' })
    expect(await till.fails('update_client', { client: 'KEPT', code: id })).toContain('code must not have the form')
    await makeClient(till.service.db, till.shop, { code: id, name: 'Rosa Tzoc' })
    expect(await till.fails('get_client', { client: id })).toContain('not_found')
    const { data } = await till.ok('update_client', { client: 'Rosa Tzoc', code: id, city: 'Cobán' })
    expect(data.changes).toMatchObject([{ field: 'city', to: 'Cobán' }])
  })
})

describe('a location', () => {
  let antigua: string
  beforeAll(async () => {
    antigua = randomUUID()
    const insert = "insert into location (business_id, id, name, timezone) values ($1, $2, $3, 'America/Guatemala')"
    await as(insert, [antigua, 'Antigua Güemes'])
    for (const name of ['Bodega', 'Bódega']) await as(insert, [randomUUID(), name])
    await till.product('LUGAR', { stock: '3' })
  })
  // The others of this file sell at the only location.
  afterAll(() => as('update location set is_active = id = $2 where business_id = $1', [till.shop.locations[0]]))

  it.each(['Antigua Güemes', 'antigua guemes', ' ANTIGUA GÜEMES '])('is written to as %j', async (locationId) => {
    const counted = await till.ok('adjust_inventory', {
      product: 'LUGAR',
      locationId,
      countedQuantity: '7',
      dryRun: true,
    })
    expect(counted.data.location).toEqual({ id: antigua, name: 'Antigua Güemes' })
  })

  it('filters every tool that reads by its name as by its id', async () => {
    await till.ok('transfer_inventory', {
      fromLocationId: 'location 1',
      toLocationId: 'antigua guemes',
      items: [{ product: 'lugar', quantity: '1' }],
    })
    // One at each, so that neither is the whole shop.
    for (const locationId of ['antigua guemes', 'location 1']) {
      await till.ok('create_order', { items: [{ product: 'LUGAR', quantity: '1' }], locationId })
    }
    for (const [tool, args] of [
      ['get_inventory', {}],
      ['list_inventory_movements', {}],
      ['list_orders', {}],
      ['get_sales_report', {}],
      ['get_sales_by_category', {}],
      ['get_sales_by_payment_method', {}],
      ['get_tax_report', {}],
      ['get_top_products', {}],
      ['summarize_day', {}],
      ['summarize_period', {}],
      ['get_inventory_health', {}],
    ] as const) {
      const [byName, byId] = await Promise.all(
        ['antigua GÜEMES', antigua].map((locationId) => till.ok(tool, { ...args, locationId })),
      )
      expect(byName?.data).toEqual(byId?.data)
      expect(byName?.data, tool).not.toEqual((await till.ok(tool, args)).data)
    }
  })

  it('that is not there is refused with the names and ids of those that are', async () => {
    const refusal = await till.fails('get_inventory', { locationId: 'Antigüita' })
    expect(refusal).toContain(`locationId must be one of this business: "Antigua Güemes" (${antigua}); "Bodega" (`)
  })

  it('is refused with the candidates where a name means several, unless it is written as one of them is', async () => {
    expect(await till.fails('get_inventory', { locationId: 'BODEGÁ' })).toMatch(
      /"BODEGÁ" means several: "B[oó]dega" \(/,
    )
    expect((await till.ok('get_inventory', { locationId: 'bódega' })).data.stock).toEqual([])
  })
})

describe('a product', () => {
  beforeAll(async () => {
    const { variantId, productId } = await till.product('cafe-340', { price: '84', stock: '5' })
    await as("update product set name = 'Café de Huehuetenango' where business_id = $1 and id = $2", [productId])
    await as("update product_variant set label = 'Molido 340 g' where business_id = $1 and id = $2", [variantId])
    await as(
      `insert into product_variant (business_id, product_id, sku, label, price)
       values ($1, $2, 'CAFE-500', 'Molido 500 g', 110)`,
      [productId],
    )
  })

  it.each(['cafe-340', 'CAFE-340', 'Café de Huehuetenango Molido 340 g', 'cafe de huehuetenango molido 340 G'])(
    'is sold, counted, changed and shown as %j',
    async (product) => {
      const sold = await till.ok('create_order', { items: [{ product, quantity: '1' }], dryRun: true })
      expect(sold.data.totals.total).toBe('84.00')
      expect((await till.ok('adjust_inventory', { product, change: '1', dryRun: true })).data.sku).toBe('cafe-340')
      expect((await till.ok('update_product', { variant: product, price: '85', dryRun: true })).data.sku).toBe(
        'cafe-340',
      )
      expect((await till.ok('get_product', { product })).data.variants[0].sku).toBe('cafe-340')
      const moved = await till.ok('list_inventory_movements', { product })
      expect(compactRows(moved.data, 'movements')).toMatchObject([{ SKU: 'cafe-340' }])
    },
  )

  it('is shown as a whole by its name, and sold only as one of its variants', async () => {
    expect((await till.ok('get_product', { product: 'café de huehuetenango' })).data.variants).toHaveLength(2)
    const refusal = await till.fails('create_order', { items: [{ product: 'Café de Huehuetenango', quantity: '1' }] })
    expect(refusal).toContain('"Café de Huehuetenango Molido 340 g" (SKU cafe-340)')
    expect(refusal).toContain('"Café de Huehuetenango Molido 500 g" (SKU CAFE-500)')
  })

  it('with one variant is taken by the id of either', async () => {
    const { productId, variantId } = await till.product('UNICO', { stock: '2' })
    for (const product of [productId, variantId]) {
      expect((await till.ok('adjust_inventory', { product, change: '1', dryRun: true })).data.variantId).toBe(variantId)
    }
  })

  it('is not taken over by another that has its SKU as a name', async () => {
    const real = await till.product('ORIG-1', { price: '50' })
    const other = await till.product('OTHER', { price: '0.01' })
    await as("update product set name = 'orig-1' where business_id = $1 and id = $2", [other.productId])
    const shown = await till.ok('get_product', { product: 'orig-1' })
    expect(shown.data.variants[0].id).toBe(real.variantId)
    const sold = await till.ok('create_order', { items: [{ product: 'orig-1', quantity: '1' }], dryRun: true })
    expect(sold.data.totals.total).toBe('50.00')
  })
})

describe('a client', () => {
  beforeAll(async () => {
    const { service, shop } = till
    const id = await makeClient(service.db, shop, { code: 'C-0901', name: 'Fernando García' })
    await as("update customer set tax_id = '8812345-6' where business_id = $1 and id = $2", [id])
    await till.product('POMELO', { stock: '9' })
    for (const code of ['C-0902', 'C-0903']) await makeClient(service.db, shop, { code, name: 'Ana López' })
  })

  it.each(['C-0901', 'c-0901', '8812345-6', '88123456', 'Fernando García', 'fernando garcia'])(
    'is shown, changed and sold to as %j',
    async (client) => {
      expect((await till.ok('get_client', { client })).data.client.code).toBe('C-0901')
      const changed = await till.ok('update_client', { client, city: 'Cobán', dryRun: true })
      expect(changed.data.client.code).toBe('C-0901')
      const sold = await till.ok('create_order', {
        items: [{ product: 'POMELO', quantity: '1' }],
        clientId: client,
        dryRun: true,
      })
      expect(sold.data.client).toBe('Fernando García')
      expect((await till.ok('list_orders', { clientId: client })).data.orders).toEqual([])
    },
  )

  it('is refused with the codes of all who have the name', async () => {
    const refusal = await till.fails('get_client', { client: 'ana lopez' })
    expect(refusal).toMatch(/^invalid_argument: client: "ana lopez" means several: .*C-0902.*C-0903/)
  })
})

describe('a code with blanks around it', () => {
  it('is found as it is, since the rest of the product may have written it so', async () => {
    const { service, shop } = till
    await till.product('BLANK ', { stock: '3' })
    await makeClient(service.db, shop, { code: ' C-0950', name: 'Rita' })
    expect((await till.ok('get_product', { product: 'BLANK ' })).data.variants[0].sku).toBe('BLANK')
    expect((await till.ok('get_client', { client: ' C-0950' })).data.client.name).toBe('Rita')
    // Blanks that nobody has do no harm.
    await makeClient(service.db, shop, { code: 'C-0951', name: 'Saúl' })
    expect((await till.ok('get_client', { client: ' C-0951 ' })).data.client.name).toBe('Saúl')
  })
})

describe('a category and a supplier', () => {
  it('are taken by name in any case, and are refused with the names of those that are there', async () => {
    for (const table of ['category', 'supplier']) {
      await as(`insert into ${table} (business_id, name) values ($1, $2)`, ['Panadería Ñandú'])
    }
    const product = { name: 'Pan', sku: 'PAN', price: '1', dryRun: true }
    const named = { category: 'panaderia ñandu', supplierId: 'PANADERÍA ÑANDÚ' }
    const made = await till.ok('create_product', { ...product, ...named })
    expect(made.data).toMatchObject({ category: { name: 'Panadería Ñandú' }, supplier: { name: 'Panadería Ñandú' } })
    for (const argument of ['category', 'supplierId']) {
      const refusal = await till.fails('create_product', { ...product, [argument]: 'Panaderia' })
      expect(refusal).toMatch(/has that id or name\. There are .*"Panadería Ñandú" \([0-9a-f-]{36}\)/)
    }
  })
})

describe('a part of a name', () => {
  beforeAll(async () => {
    await as(
      "insert into category (business_id, name) values ($1, 'Cafés y tés'), ($1, 'Vinos tintos'), ($1, 'Vinos')",
      [],
    )
    await as("insert into supplier (business_id, name) values ($1, 'Lácteos El Xelajú'), ($1, 'Viña del 10')", [])
    await as(
      "insert into employee (business_id, number, name) values ($1, '71', 'Luis Ajpú'), ($1, '72', 'Ana Xol'), ($1, '73', 'Ana Paz')",
      [],
    )
    await makeClient(till.service.db, till.shop, { code: 'C-71', name: 'Xiomara Yac Tum' })
  })

  it('is taken by reads where one row alone has the words, and the answer names it', async () => {
    const report = async (filter: string) =>
      (await till.ok('get_sales_report', { filters: [filter], groupBy: [] })).data.about.filters
    expect(await report('employee=luis')).toEqual(['sold by Luis Ajpú'])
    expect(await report('category=cafe')).toEqual(['of Cafés y tés'])
    expect(await report('supplier=XELAJU')).toEqual(['supplied by Lácteos El Xelajú'])
    expect(await report('client=Yac Xiomara')).toEqual(['of client Xiomara Yac Tum'])
    for (const tool of ['list_orders', 'list_refunds']) await till.ok(tool, { employee: 'Ajpu' })
    expect((await till.ok('get_client', { client: 'Yac Xiomara', preset: 'today' })).text).toMatch(
      /^Client Xiomara Yac Tum \(C-71\), .*\n2026-03-10 so far/,
    )
    expect((await till.ok('get_products', { category: 'tintos' })).data.category).toBe('Vinos tintos')
    expect((await till.ok('get_reorder_list', { supplier: 'xelajú', category: 'tés' })).text).toContain('Xelajú')
  })

  it('is refused where several have them, where words are none of the name, and for numbers and one word of a client', async () => {
    const refused = (filter: string) => till.fails('get_sales_report', { filters: [filter], groupBy: [] })
    expect(await refused('employee=ana')).toMatch(/"ana" means several: "Ana (Xol|Paz)" \(7[23]\); "Ana (Xol|Paz)"/)
    expect(await refused('employee=uis')).toContain('employee must be one of this business')
    expect(await refused('supplier=del 1')).toContain('no supplier of this business has that id or name')
    expect(await refused('client=Xiomara')).toContain('Did you mean "Xiomara Yac Tum" (C-71)')
    // A whole name is surer than a part of another one.
    expect((await till.ok('get_products', { category: 'vinos' })).data.category).toBe('Vinos')
  })

  it('is named in every list that takes it, also when nothing matches', async () => {
    await as("insert into supplier (business_id, name) values ($1, 'Luzma S.A.')", [])
    await as(
      "insert into location (business_id, name, timezone, is_active) values ($1, 'Bodega Jocotenango', 'America/Guatemala', false)",
      [],
    )
    for (const [tool, args, taken] of [
      ['list_orders', { employee: 'Luis' }, 'employee: "Luis Ajpú" (71)'],
      ['list_refunds', { employee: 'Luis' }, 'employee: "Luis Ajpú" (71)'],
      ['list_orders', { clientId: 'Yac Xiomara' }, 'clientId: "Xiomara Yac Tum" (C-71)'],
      ['list_refunds', { clientId: 'Yac Xiomara' }, 'clientId: "Xiomara Yac Tum" (C-71)'],
      ['list_psa_boards', { clientId: 'Yac Xiomara' }, 'clientId: "Xiomara Yac Tum" (C-71)'],
      ['list_orders', { locationId: 'jocotenango' }, 'locationId: "Bodega Jocotenango"'],
      ['list_refunds', { locationId: 'jocotenango' }, 'locationId: "Bodega Jocotenango"'],
      ['get_inventory', { locationId: 'jocotenango' }, 'locationId: "Bodega Jocotenango"'],
      ['list_inventory_movements', { locationId: 'jocotenango' }, 'locationId: "Bodega Jocotenango"'],
      ['get_sales_report', { locationId: 'jocotenango' }, 'Bodega Jocotenango'],
      ['get_sales_by_payment_method', { locationId: 'jocotenango' }, 'Bodega Jocotenango'],
      ['get_tax_report', { locationId: 'jocotenango' }, 'Bodega Jocotenango'],
      ['get_bought_together', { locationId: 'jocotenango' }, 'Bodega Jocotenango'],
      ['get_inventory_health', { locationId: 'jocotenango' }, 'Bodega Jocotenango'],
      ['get_reorder_list', { locationId: 'jocotenango' }, 'Bodega Jocotenango'],
      ['summarize_day', { locationId: 'jocotenango' }, 'Bodega Jocotenango'],
      ['summarize_period', { locationId: 'jocotenango' }, 'Bodega Jocotenango'],
      ['list_inventory_movements', { supplier: 'Luz' }, 'supplier: "Luzma S.A."'],
      ['get_products', { category: 'tintos' }, 'Vinos tintos'],
      ['get_reorder_list', { supplier: 'Luz' }, 'Luzma S.A.'],
      ['get_reorder_list', { category: 'tintos' }, 'Vinos tintos'],
      ['get_sales_report', { filters: ['supplier=Luz'], groupBy: ['day'] }, 'Luzma S.A.'],
      ['get_top_products', { category: 'tintos' }, 'Vinos tintos'],
    ] as const) {
      const { text, data } = await till.ok(tool, args)
      expect([tool, text]).toEqual([tool, expect.stringContaining(taken)])
      expect([tool, JSON.stringify(data)]).toEqual([tool, expect.stringContaining(JSON.stringify(taken).slice(1, -1))])
      if (!EXPORTABLE.some((each) => each === tool)) continue
      // A file says nothing of it, and so its link does.
      const file = await till.ok('export_data', { what: tool, arguments: args })
      expect([tool, file.text.split(': http')[0]]).toEqual([tool, expect.stringContaining(taken)])
      expect([tool, file.data.holds]).toEqual([tool, expect.stringContaining(taken)])
    }
    // Nobody else can be meant by a whole name or a number.
    for (const employee of ['luis ajpu', '71']) {
      expect((await till.ok('list_orders', { employee })).text).not.toContain('employee: "')
    }
  })

  it('counts what stands after punctuation as a word', async () => {
    await as(
      "insert into category (business_id, name) values ($1, 'Pan-Dulce'), ($1, 'Dulces'), ($1, 'Licor/Ron (añejo)')",
      [],
    )
    expect(await till.fails('get_top_products', { category: 'dulce' })).toMatch(
      /"dulce" means several: ("Pan-Dulce"|"Dulces") .*("Pan-Dulce"|"Dulces")/,
    )
    for (const category of ['ron', 'anejo', 'licor añejo']) {
      expect((await till.ok('get_products', { category })).data.category).toBe('Licor/Ron (añejo)')
    }
    expect(await till.fails('get_products', { category: 'icor' })).toContain('no category of this business')
  })

  it('of a client is of words that begin so, and of those who are switched off, too', async () => {
    const { service, shop } = till
    await makeClient(service.db, shop, { code: 'C-72', name: 'Susana Pazos' })
    const asked = () => till.fails('get_sales_report', { filters: ['client=Ana Paz'], groupBy: [] })
    expect(await asked()).toContain('Did you mean "Susana Pazos" (C-72)')
    const taken = async () =>
      (await till.ok('get_sales_report', { filters: ['client=Ana Paz'], groupBy: [] })).data.about.filters
    const id = await makeClient(service.db, shop, { code: 'C-73', name: 'Ana Paz Soto' })
    await as('update customer set is_active = false where business_id = $1 and id = $2', [id])
    expect(await taken()).toEqual(['of client Ana Paz Soto'])
    await makeClient(service.db, shop, { code: 'C-74', name: 'Paz-León, Ana' })
    expect(await asked()).toMatch(/"Ana Paz" means several: "Ana Paz Soto" \(C-73, .*"Paz-León, Ana" \(C-74/)
  })

  it('is refused by writes', async () => {
    const { variantId } = await till.product('PARTE', { stock: '2' })
    const sale = { items: [{ product: variantId, quantity: '1' }], dryRun: true }
    expect(await till.fails('create_order', { ...sale, employee: 'Luis' })).toContain('employee must be one of')
    expect(await till.fails('create_order', { ...sale, clientId: 'Yac Xiomara' })).toContain('no client of this')
    expect(await till.fails('create_order', { ...sale, locationId: 'Loc' })).toContain('locationId must be one of')
    expect(await till.fails('update_client', { client: 'Yac Xiomara', city: 'Cobán', dryRun: true })).toContain(
      'no client of this',
    )
    expect(await till.fails('update_product', { variant: 'PARTE', category: 'tintos', dryRun: true })).toContain(
      'no category of this business',
    )
    const bought = { product: 'PARTE', change: '1', reason: 'purchase', supplier: 'Xelajú', dryRun: true }
    expect(await till.fails('adjust_inventory', bought)).toContain('no supplier of this business')
  })
})
