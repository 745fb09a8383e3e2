import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { makeClient } from '../support/clients.ts'
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
    await makeClient(till.service.db, till.shop, { code: id })
    const { data } = await till.ok('update_client', { client: id, code: id, city: 'Cobán' })
    expect(data.changes).toMatchObject([{ field: 'city', to: 'Cobán' }])
  })
})
