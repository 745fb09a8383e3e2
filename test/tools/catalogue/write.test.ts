import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withoutCode } from '../../support/boundary.ts'
import { call, type Service, startService } from '../../support/service.ts'
import { makeProduct, makeShop, makeUser, type Product, type Shop } from '../../support/shop.ts'

let service: Service
let shop: Shop
let other: Shop
let token: string
let foreign: Product

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  shop = await makeShop(service.db, { pricesIncludeTax: true, taxRate: '0.12' })
  other = await makeShop(service.db, { name: 'Bar Sol', currency: 'EUR' })
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
  await makeProduct(service.db, shop, { sku: 'CAFE-1', name: 'Café', price: '11.20', category: 'Bebidas frías' })
  await makeProduct(service.db, shop, { sku: 'PAN-1', name: 'Pan', price: '25', category: 'Panadería' })
  foreign = await makeProduct(service.db, other, { sku: 'TAPA', category: 'Secreta' })
  await service.db.asOwner(`insert into supplier (business_id, name) values ($1, 'Molino'), ($2, 'Ajeno')`, [
    shop.id,
    other.id,
  ])
})
afterAll(() => service?.close())

const create = (args: Record<string, unknown>) => call(service.app, token, 'create_product', args)
const update = (args: Record<string, unknown>) => call(service.app, token, 'update_product', args)
const get = async (product: string) => (await call(service.app, token, 'get_product', { product })).data
const idOf = async (table: 'supplier' | 'category', name: string) => {
  const [row] = await service.db.asOwner<{ id: string }>(`select id from ${table} where name = $1`, [name])
  return (row as { id: string }).id
}
const count = async (table: string) => {
  const [row] = await service.db.asOwner<{ n: number }>(
    `select count(*)::integer as n from ${table} where business_id = $1`,
    [shop.id],
  )
  return row?.n
}

describe('create_product', () => {
  it('creates a product with all given fields', async () => {
    const supplierId = await idOf('supplier', 'Molino')
    const { data, text } = await create({
      name: '  Té\nverde ',
      sku: 'TE-1',
      price: '12.5',
      cost: '7.2525',
      category: 'BEBIDAS FRIAS',
      supplierId,
      barcode: '7402',
      label: '250 g',
      description: 'From the hills',
      taxRatePercent: '5.5',
    })
    const categoryId = await idOf('category', 'Bebidas frías')
    const { product, variantId } = data
    expect(data).toEqual({
      business: { id: shop.id, name: 'Tienda Luna' },
      dryRun: false,
      replayed: false,
      product: { id: expect.any(String), name: 'Té verde 250 g' },
      variantId: expect.any(String),
      sku: 'TE-1',
      price: { amount: '12.50', currency: 'GTQ' },
      pricesIncludeTax: true,
      category: { id: categoryId, name: 'Bebidas frías' },
      isNewCategory: false,
      supplier: { id: supplierId, name: 'Molino' },
    })
    expect(text).toBe(
      [
        `New product Té verde 250 g, SKU TE-1, at GTQ 12.50 with tax; category Bebidas frías, supplier Molino. No stock is kept of it yet.`,
        '',
        `Business: Tienda Luna (${shop.id})`,
      ].join('\n'),
    )
    expect(withoutCode(await get('7402'))).toMatchObject({
      product: { id: product.id, name: 'Té verde' },
      description: '<untrusted>From the hills</untrusted>',
      taxRatePercent: '5.5',
      hasOwnTaxRate: true,
      updatedAt: expect.stringMatching(/-06:00$/),
      variants: [{ id: variantId, price: '12.50', cost: '7.2525', label: '250 g', isActive: true }],
    })
    const audit = await service.db.asOwner('select action as tool, subject from mcp_audit where subject = $1', [
      `product ${product.id}`,
    ])
    expect(audit).toEqual([{ tool: 'create_product', subject: `product ${product.id}` }])
  })

  it('takes the tax rate of the business, no category and no cost by default', async () => {
    const { text } = await create({ name: 'Sal', sku: 'SAL-1', price: '0' })
    expect(text).toContain('at GTQ 0.00 with tax; no category.')
    expect(await get('SAL-1')).toMatchObject({
      taxRatePercent: '12',
      hasOwnTaxRate: false,
      category: null,
      variants: [{ cost: null, barcode: null, label: null }],
    })
  })

  it('names the product that has the SKU or barcode, and leaves nothing behind', async () => {
    const before = await count('product')
    const { text } = await create({ name: 'Otro', sku: 'PAN-1', price: '1' })
    expect(text).toMatch(/^conflict: sku: SKU PAN-1 \(variant [0-9a-f-]{36}\) has it already\./)
    await service.db.asOwner(`update product_variant set barcode = '99' where sku = 'PAN-1'`, [])
    const barcode = await create({ name: 'Otro', sku: 'OTRO', price: '1', barcode: '99' })
    expect(barcode.text).toMatch(/^conflict: barcode: SKU PAN-1 \(variant/)
    expect(await count('product')).toBe(before)
    // The SKU of another business is free here.
    expect((await create({ name: 'Tapa', sku: 'TAPA', price: '1' })).isError).toBe(false)
  })

  it('lets only one of two simultaneous calls have a SKU', async () => {
    const results = await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        create({ name, sku: 'RACE', price: '1', category: 'Carrera', createCategory: true }),
      ),
    )
    expect(results.filter(({ isError }) => !isError)).toHaveLength(1)
    for (const { isError, text } of results) if (isError) expect(text).toMatch(/^conflict: sku: SKU RACE \(variant/)
  })

  it('refuses an unknown category, unless it may make it', async () => {
    const refused = await create({ name: 'Jugo', sku: 'JUGO', price: '1', category: 'Bebidas calientes' })
    expect(refused.text).toMatch(
      /^not_found: category: no category of this business has that id or name\. There are .*list_categories searches them/,
    )
    expect(refused.text).not.toContain('Secreta')
    const made = await create({
      name: 'Jugo',
      sku: 'JUGO',
      price: '1',
      category: 'Bebidas calientes',
      createCategory: true,
    })
    expect(made.data).toMatchObject({ category: { name: 'Bebidas calientes' }, isNewCategory: true })
    const again = await create({
      name: 'Té',
      sku: 'JUGO-2',
      price: '1',
      category: 'bebidas CALIENTES',
      createCategory: true,
    })
    expect(again.data).toMatchObject({ category: made.data.category, isNewCategory: false })
  })

  it('answers alike to foreign and unknown categories and suppliers', async () => {
    const nobody = '00000000-0000-4000-8000-000000000000'
    const product = { name: 'X', sku: 'X', price: '1' }
    const foreignCategory = await idOf('category', 'Secreta')
    const foreignSupplier = await idOf('supplier', 'Ajeno')
    for (const createCategory of [false, true]) {
      const [known, unknown] = await Promise.all(
        [foreignCategory, nobody].map((category) => create({ ...product, category, createCategory })),
      )
      expect(known?.text).toMatch(/^not_found: category/)
      expect(known?.text).toBe(unknown?.text)
    }
    const suppliers = await Promise.all(
      [foreignSupplier, nobody].map((supplierId) => create({ ...product, supplierId })),
    )
    expect(new Set(suppliers.map(({ text }) => text))).toEqual(new Set([suppliers[0]?.text]))
  })

  it.each([
    [{ price: [12.5] }, 'price must be a decimal number such as "12.50"'],
    [{ price: '-1' }, 'price must be a decimal number such as "12.50"'],
    [{ price: '1.23456' }, 'price must be a decimal number such as "12.50"'],
    [{ price: '1e3' }, 'price must be a decimal number such as "12.50"'],
    [{ price: '1,50' }, 'price must be a decimal number such as "12.50"'],
    [{ cost: 'NaN' }, 'cost must be a decimal number such as "12.50"'],
    [{ taxRatePercent: '100' }, 'taxRatePercent must be a percentage such as "12"'],
    [{ name: ' \u200b ' }, 'name must not be blank'],
    [{ sku: '\t' }, 'sku must not be blank'],
    [{ category: '\u200b', createCategory: true }, 'category must not be blank'],
    [{ stock: '5' }, 'Unknown argument "stock"'],
  ])('refuses %j', async (args, reason) => {
    const { isError, text } = await create({ name: 'X', sku: 'X', price: '1', ...args })
    expect(isError).toBe(true)
    expect(text).toMatch(/^invalid_argument: /)
    expect(text).toContain(reason)
  })

  it('writes nothing in a dry run, and once under one idempotency key', async () => {
    const args = { name: 'Miel', sku: 'MIEL', price: '40', category: 'Dulces', createCategory: true }
    const before = [await count('product'), await count('category')]
    const rehearsal = await create({ ...args, dryRun: true })
    expect(rehearsal.data).toMatchObject({ dryRun: true, sku: 'MIEL', isNewCategory: true })
    expect(rehearsal.text).toMatch(/^Dry run, nothing was written\. Would add the product Miel/)
    expect([await count('product'), await count('category')]).toEqual(before)
    const first = await create({ ...args, idempotencyKey: 'miel' })
    const second = await create({ ...args, idempotencyKey: 'miel' })
    expect(second.data).toEqual({ ...first.data, replayed: true })
    expect(await count('product')).toBe(Number(before[0]) + 1)
  })

  it('is not there without its scope', async () => {
    const narrow = await service.tokenOf('ana', { scopes: ['pos:read'] })
    for (const tool of ['create_product', 'update_product']) {
      const { body } = await call(service.app, narrow, tool, { name: 'X', sku: 'NARROW', price: '1', variant: 'PAN-1' })
      expect(body.result?.isError === true || body.error !== undefined).toBe(true)
    }
    expect((await call(service.app, token, 'get_product', { product: 'NARROW' })).isError).toBe(true)
  })
})

describe('a price below the cost', () => {
  const belowCost = { priceWithoutTax: '10.00', cost: '10.01' }
  const product = { name: 'Caro', price: '11.20', cost: '10.01' }

  it('is said before and after it is written, in both halves', async () => {
    const rehearsed = await create({ ...product, sku: 'CARO', dryRun: true })
    expect(rehearsed.text).toContain('It would be sold below its cost: 10.00 without tax, cost 10.01.')
    expect(rehearsed.data.belowCost).toEqual(belowCost)
    expect((await create({ ...product, sku: 'CARO' })).data.belowCost).toEqual(belowCost)
    const raised = await update({ variant: 'CARO', price: '12' })
    expect(raised.data.belowCost).toBeUndefined()
    expect(raised.text).toContain('; amounts in GTQ, price with tax, cost without.')
    const lowered = await update({ variant: 'CARO', price: '11.20' })
    expect(lowered.text).toContain('It is sold below its cost: 10.00 without tax, cost 10.01.')
    expect(lowered.data.belowCost).toEqual(belowCost)
    expect((await update({ variant: 'CARO', name: 'Carísimo' })).data.belowCost).toBeUndefined()
    expect((await create({ ...product, cost: '10.00', sku: 'JUSTO' })).data.belowCost).toBeUndefined()
  })
})

describe('update_product', () => {
  it('answers the old and the new value of each field that changed', async () => {
    const { variantId, productId } = await makeProduct(service.db, shop, { sku: 'UPD', name: 'Viejo', price: '10' })
    const supplierId = await idOf('supplier', 'Molino')
    const categoryId = await idOf('category', 'Panadería')
    const { data, text } = await update({
      variant: 'UPD',
      name: 'Nuevo',
      price: '12.5',
      cost: '3',
      category: 'panaderia',
      supplierId,
      barcode: '7500',
      description: 'Fresh',
      taxRatePercent: '0',
      active: true,
    })
    expect(withoutCode(data)).toMatchObject({
      product: { id: productId, name: 'Nuevo' },
      variantId,
      isActive: true,
      currency: 'GTQ',
      // `active` was true before: not a change.
      changes: [
        { field: 'name', from: 'Viejo', to: 'Nuevo' },
        { field: 'price', from: '10.00', to: '12.50' },
        { field: 'cost', from: null, to: '3.00' },
        { field: 'category', from: null, to: `Panadería (${categoryId})` },
        { field: 'supplierId', from: null, to: `Molino (${supplierId})` },
        { field: 'barcode', from: null, to: '7500' },
        { field: 'description', from: null, to: '<untrusted>Fresh</untrusted>' },
        { field: 'taxRatePercent', from: null, to: '0' },
      ],
    })
    expect(text).toContain('| price | 10.00 | 12.50 |')
    expect(text).toContain('| taxRatePercent | that of the business | 0 |')
    const now = await get('UPD')
    expect(now).toMatchObject({
      product: { name: 'Nuevo' },
      category: { id: categoryId },
      supplier: { id: supplierId },
      taxRatePercent: '0',
      hasOwnTaxRate: true,
      variants: [{ price: '12.50', cost: '3.00', barcode: '7500', updatedAt: data.updatedAt }],
    })

    const cleared = await update({
      variant: variantId,
      category: '',
      supplierId: '',
      barcode: '',
      description: '',
      taxRatePercent: '',
    })
    expect(cleared.data.changes.map(({ to }: { to: string | null }) => to)).toEqual([null, null, null, null, null])
    expect(await get('UPD')).toMatchObject({
      category: null,
      supplier: null,
      description: null,
      hasOwnTaxRate: false,
      variants: [{ barcode: null, price: '12.50' }],
    })
  })

  it('refuses a change of nothing', async () => {
    expect((await update({ variant: 'PAN-1' })).text).toContain(
      'invalid_argument: Nothing to change: give at least one of name, price',
    )
    expect((await update({ variant: 'PAN-1', expectedPrice: '25' })).text).toContain('Nothing to change: give')
    expect((await update({ variant: 'PAN-1', price: '25.0000', name: 'Pan' })).text).toContain(
      'invalid_argument: Nothing to change: name, price have that value already.',
    )
  })

  it('refuses if the state is not the expected one, and shows the current one', async () => {
    await makeProduct(service.db, shop, { sku: 'GUARD', price: '10' })
    const seen = (await get('GUARD')).variants[0]
    const price = await update({ variant: 'GUARD', price: '11', expectedPrice: '9.99' })
    expect(price.text).toBe(
      `conflict: expectedPrice is not the price any more. The price is GTQ 10.00, last changed ${seen.updatedAt}. ` +
        'Look at it with get_product, and try again with the current value if the change is still right.',
    )
    const first = await update({
      variant: 'GUARD',
      price: '11',
      expectedPrice: '10',
      expectedUpdatedAt: seen.updatedAt,
    })
    expect(first.data.changes).toEqual([{ field: 'price', from: '10.00', to: '11.00' }])
    const late = await update({ variant: 'GUARD', name: 'Late', expectedUpdatedAt: seen.updatedAt })
    expect(late.text).toContain('conflict: It was changed since expectedUpdatedAt. The price is GTQ 11.00')
    // A change of a shared field changes it too, even within the same millisecond.
    const second = await update({ variant: 'GUARD', name: 'Second', expectedUpdatedAt: first.data.updatedAt })
    expect(second.isError).toBe(false)
    expect(Date.parse(second.data.updatedAt)).toBeGreaterThan(Date.parse(first.data.updatedAt))
    expect((await update({ variant: 'GUARD', name: 'X', expectedUpdatedAt: 'yesterday' })).text).toContain(
      'expectedUpdatedAt must be a valid date-time',
    )
  })

  it('lets one of several simultaneous calls with the same expected price win', async () => {
    await makeProduct(service.db, shop, { sku: 'BUSY', price: '10' })
    const results = await Promise.all(
      ['11', '12', '13', '14'].map((price) => update({ variant: 'BUSY', price, expectedPrice: '10' })),
    )
    const won = results.filter(({ isError }) => !isError)
    expect(won).toHaveLength(1)
    for (const { isError, text } of results) if (isError) expect(text).toMatch(/^conflict: expectedPrice/)
    expect((await get('BUSY')).variants[0].price).toBe(won[0]?.data.changes[0].to)
  })

  it('switches a product with its only variant, and one of several variants alone', async () => {
    const only = await makeProduct(service.db, shop, { sku: 'ONLY' })
    const off = await update({ variant: 'ONLY', active: false })
    expect(off.data).toMatchObject({ isActive: false, changes: [{ field: 'active', from: 'true', to: 'false' }] })
    expect(await get('ONLY')).toMatchObject({ isActive: false, variants: [{ isActive: false }] })
    expect((await update({ variant: only.variantId, active: true })).data.isActive).toBe(true)

    const { productId } = await makeProduct(service.db, shop, { sku: 'RED', name: 'Shirt' })
    await service.db.asOwner(
      `insert into product_variant (business_id, product_id, sku, label, price) values ($1, $2, 'BLUE', 'Blue', 5)`,
      [shop.id, productId],
    )
    const blue = await update({ variant: 'BLUE', active: false, name: 'Blouse' })
    expect(blue.text).toContain('name: changed for all 2 variants of this product.')
    const { isActive, variants } = await get('RED')
    expect({ isActive, states: variants.map((variant: { isActive: boolean }) => variant.isActive) }).toEqual({
      isActive: true,
      states: [true, false],
    })
    await service.db.asOwner('update product set is_active = false where id = $1', [productId])
    const on = await update({ variant: 'BLUE', active: true })
    expect(on.data.isActive).toBe(false)
    expect(on.text).toContain('It is still not on sale')
  })

  it('refuses a barcode that another product has', async () => {
    await makeProduct(service.db, shop, { sku: 'CODE-A' })
    await makeProduct(service.db, shop, { sku: 'CODE-B' })
    await update({ variant: 'CODE-A', barcode: '123' })
    expect((await update({ variant: 'CODE-B', barcode: '123' })).text).toMatch(/^conflict: barcode: SKU CODE-A/)
    expect((await update({ variant: 'CODE-A', barcode: '123' })).text).toContain('barcode has that value already')
  })

  it('answers alike to foreign and unknown variants, and changes neither', async () => {
    const refused = async (variant: string) => {
      const { text } = await update({ variant, price: '1' })
      expect(text).toMatch(/^not_found: variant: no product of this business has the SKU, id or name/)
      return text.replace(variant, '…')
    }
    expect(await refused(foreign.variantId)).toBe(await refused('00000000-0000-4000-8000-000000000000'))
    const [row] = await service.db.asOwner<{ price: string }>('select price from product_variant where id = $1', [
      foreign.variantId,
    ])
    expect(row?.price).toBe('10.0000')
  })

  it('shows a change in a dry run and keeps what was there', async () => {
    const { data, text } = await update({ variant: 'PAN-1', price: '30', dryRun: true })
    expect(data).toMatchObject({ dryRun: true, changes: [{ field: 'price', from: '25.00', to: '30.00' }] })
    expect(text).toMatch(/^Dry run, nothing was written\./)
    expect((await get('PAN-1')).variants[0].price).toBe('25.00')
  })
})
