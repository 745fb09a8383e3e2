import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { estimateTokens } from '../../../src/results/text.ts'
import { listen } from '../../support/merchant.ts'
import { type App, call } from '../../support/service.ts'
import { makeOrder, makeProduct, makeShop, makeUser } from '../../support/shop.ts'
import { startTill, type Till } from '../../support/till.ts'

let till: Till
beforeAll(async () => {
  till = await startTill()
})
afterAll(() => till?.service.close())

const orders = () =>
  till.service.db.asOwner<{ id: string }>('select id from orders where business_id = $1', [till.shop.id])

describe('a sale', () => {
  it('with tax inside the price, discount, tip and two payments, to the cent', async () => {
    // The first sale of a new till, so that number and sums are known.
    const till = await startTill()
    onTestFinished(() => till.service.close())
    await till.product('CAFE-1', { price: '11.20', cost: '4', stock: '10' })
    await till.product('PAN-1', { price: '25', stock: '5' })
    await till.service.db.asOwner("insert into customer (business_id, code, name) values ($1, 'C-7', 'María')", [
      till.shop.id,
    ])
    // 33.60, of which tax 3.60; 25.00 − 2.50 = 22.50, of which tax 2.41; tip 5.00.
    const { data, text } = await till.ok('create_order', {
      items: [
        { product: 'CAFE-1', quantity: '3' },
        { product: 'PAN-1', quantity: '1', discount: '2.50' },
      ],
      clientId: 'C-7',
      tip: '5',
      payments: [
        { method: 'cash', amount: '40' },
        { method: 'card', amount: '21.10', reference: '4711' },
      ],
      orderType: 'takeaway',
      note: 'no sugar',
    })
    expect(data).toMatchObject({
      business: { id: till.shop.id },
      dryRun: false,
      replayed: false,
      order: { number: 'FP-000001', status: 'completed' },
      location: 'Location 1',
      client: 'María',
      currency: 'GTQ',
      totals: { netSales: '50.09', tax: '6.01', tips: '5.00', total: '61.10', refundable: '61.10' },
      lines: [
        { line: 1, sku: 'CAFE-1', quantity: '3', unitPrice: '11.20', total: '33.60' },
        { line: 2, sku: 'PAN-1', quantity: '1', unitPrice: '25.00', total: '22.50' },
      ],
      stock: [
        { sku: 'CAFE-1', change: '-3', onHand: '7' },
        { sku: 'PAN-1', change: '-1', onHand: '4' },
      ],
      hasMore: false,
    })
    expect(text).toContain(
      'Order FP-000001 is completed at Location 1, for María: total GTQ 61.10 with tax and tips (net 50.09 without tax, tax 6.01, tips 5.00)',
    )
    expect(text).toContain('paid cash 40.00, card 21.10. Refundable: 61.10.')
    expect(text).toContain('| 2 | PAN-1 | 1 | 25.00 | 2.50 | 22.50 |')
    expect(text).toContain('Stock: CAFE-1 7 (-3), PAN-1 4 (-1)')

    const detail = await till.ok('get_order', { order: data.order.id })
    expect(detail.data.order).toMatchObject({
      orderNumber: 'FP-000001',
      orderType: 'takeaway',
      openedAt: '2026-03-10 12:00',
      completedAt: '2026-03-10 12:00',
      netSales: '50.09',
      total: '61.10',
    })
    expect(detail.data.payments.map((payment: { method: string }) => payment.method)).toEqual(['cash', 'card'])
    expect(await till.today()).toMatchObject({ net: '50.09', tax: '6.01', tips: '5.00', total: '61.10', orders: 1 })
    expect(await till.onHand('CAFE-1')).toBe('7')
    const [cost] = await till.service.db.asOwner('select cost from orders')
    expect(cost).toEqual({ cost: '12.0000' })
    await till.agrees()
  })

  it('has its row in the audit trail, in the transaction of the order', async () => {
    await till.product('AUDIT-1', { stock: '1' })
    const { data } = await till.ok('create_order', { items: [{ product: 'AUDIT-1', quantity: '1' }] })
    const subject = `order ${data.order.id}`
    const rows = await till.service.db.asOwner('select action as tool, outcome from mcp_audit where subject = $1', [
      subject,
    ])
    expect(rows).toEqual([{ tool: 'create_order', outcome: 'ok' }])
    const [movement] = await till.service.db.asOwner(
      'select reason, quantity, created_by like $2 as by_user from inventory_movement where source_id = $1',
      [data.order.id, 'user:%'],
    )
    expect(movement).toEqual({ reason: 'sale', quantity: '-1.000', by_user: true })
  })

  it("takes a product's own tax rate, a price of its own and weighed goods", async () => {
    await till.product('MAIZ', { price: '19.99', taxRate: '0.05' })
    // 0.5 × 20.00 = 10.00, of which 5 % inside: 10 × 5/105 = 0.476… → 0.48.
    const { data } = await till.ok('create_order', {
      items: [{ product: 'MAIZ', quantity: '0.5', unitPrice: '20' }],
    })
    expect(data.totals).toMatchObject({ netSales: '9.52', tax: '0.48', total: '10.00' })
    expect(data.stock).toEqual([])
  })

  it('adds tax to price tags without tax, and knows currencies without cents', async () => {
    const hudson = await makeShop(till.service.db, { name: 'Hudson', currency: 'USD', taxRate: '0.08875' })
    const sakura = await makeShop(till.service.db, { name: 'Sakura', currency: 'JPY', taxRate: '0.1' })
    await till.service.db.asOwner('update business set currency_digits = 0 where id = $1', [sakura.id])
    await makeUser(till.service.db, 'eve', [
      { shop: hudson, role: 'owner' },
      { shop: sakura, role: 'owner' },
    ])
    await makeProduct(till.service.db, hudson, { sku: 'MUG', price: '9.99' })
    await makeProduct(till.service.db, sakura, { sku: 'CHA', price: '455' })
    const token = await till.signIn('eve')
    // 19.98 × 0.08875 = 1.773225 → 1.77.
    const mugs = { businessId: hudson.id, items: [{ product: 'MUG', quantity: '2' }] }
    const sale = await till.ok('create_order', mugs, { token })
    expect(sale.data.totals).toMatchObject({ netSales: '19.98', tax: '1.77', total: '21.75' })
    expect(sale.text).toContain(
      '| unit price without tax | total with tax |\n|---|---|---|---|---|\n| 1 | MUG | 2 | 9.99 | 21.75 |',
    )
    // The other business counts its own orders. 455 × 0.1 = 45.5 → 46.
    const tea = { businessId: sakura.id, items: [{ product: 'CHA', quantity: '1' }] }
    const { data } = await till.ok('create_order', tea, { token })
    expect(data.order.number).toBe('FP-000001')
    expect(data.totals).toMatchObject({ netSales: '455', tax: '46', tips: '0', total: '501' })
    expect(await till.fails('create_order', { ...tea, tip: '0.5' }, { token })).toContain(
      'tip must have at most 0 decimals, as JPY has.',
    )
  })

  it('skips the numbers of existing orders', async () => {
    const [row] = await till.service.db.asOwner<{ next: string }>(
      'select next_order_number as next from business where id = $1',
      [till.shop.id],
    )
    const next = Number(row?.next)
    const numberOf = (n: number) => `FP-${String(n).padStart(6, '0')}`
    const { variantId, productId } = await till.product('X-1')
    for (const n of [next, next + 1]) {
      const line = { variantId, productId, quantity: '1', unitPrice: '10' }
      await makeOrder(till.service.db.database, till.shop, { number: numberOf(n), at: '2026-01-01', lines: [line] })
    }
    const sell = () => till.ok('create_order', { items: [{ product: variantId, quantity: '1' }] })
    expect((await sell()).data.order.number).toBe(numberOf(next + 2))
    expect((await sell()).data.order.number).toBe(numberOf(next + 3))
  })

  it('that is open is not paid, drawn from stock or counted', async () => {
    await till.product('OPEN-1', { stock: '1' })
    const before = await till.today()
    const items = [{ product: 'OPEN-1', quantity: '2' }]
    const { data, text } = await till.ok('create_order', { items, open: true })
    expect(data).toMatchObject({ order: { status: 'open' }, totals: { total: '20.00', refundable: '0.00' }, stock: [] })
    expect(text).toContain('nothing paid')
    expect(await till.today()).toEqual(before)
    expect(await till.onHand('OPEN-1')).toBe('1')
    expect(await till.fails('create_order', { items, open: true, paymentMethod: 'cash' })).toContain('open:')
    await till.agrees()
  })

  it('of a hundred lines stays within what a model reads', async () => {
    const skus = Array.from({ length: 100 }, (_, n) => `${'Q7'.repeat(29)}${n}`)
    for (const sku of skus) await till.product(sku, { stock: '1' })
    const items = skus.map((product) => ({ product, quantity: '1' }))
    const { data, text } = await till.ok('create_order', { items })
    expect(data.totals.total).toBe('1000.00')
    // As many of up to 30 as fit with SKUs as long as these.
    const shown = data.lines.length
    expect(shown).toBeGreaterThan(15)
    expect([data.stock.length, data.hasMore]).toEqual([shown, true])
    expect(text).toContain(`Only the first ${shown} of 100 lines are shown`)
    expect(text).toContain(`and ${100 - shown} more`)
    expect(estimateTokens(text) + estimateTokens(JSON.stringify(data))).toBeLessThan(8000)
  })
})

describe('a sale is refused', () => {
  const pan = (more: Record<string, unknown>) => ({ items: [{ product: 'PAN-1', quantity: '1' }], ...more })
  beforeAll(async () => {
    await till.product('PAN-1', { price: '25', stock: '5' })
    await till.product('GRAIN')
  })

  it.each([
    // The error names the total of 25.00.
    [{ payments: [{ method: 'cash', amount: '24.99' }] }, 'payments must add up to the total of GTQ 25.00'],
    [{ payments: [] }, 'payments must add up to the total of GTQ 25.00; they are GTQ 0.00'],
    [{ payments: [{ method: 'cash', amount: '25.001' }] }, 'payments.0.amount must have at most 2 decimals'],
    [{ payments: [], paymentMethod: 'cash' }, 'Give either payments or paymentMethod'],
    [{ paymentMethod: '\u200b' }, 'paymentMethod must be a word'],
    [{ orderType: ' ' }, 'orderType must be a word'],
    [{ tip: '-1' }, 'tip must be a decimal number such as "12.50"'],
    [{ tip: '5 quetzales' }, 'tip must be'],
    [{ items: [] }, 'items must NOT have fewer than 1 items'],
    [{ items: [{ product: 'PAN-1', quantity: '0' }] }, 'items.0.quantity must be more than 0'],
    [{ items: [{ product: 'PAN-1', quantity: '-1' }] }, 'items.0.quantity must be more than 0'],
    [{ items: [{ product: 'PAN-1', quantity: '1', discount: '25.01' }] }, "not be more than the line's GTQ 25.00"],
    [{ items: [{ product: 'PAN-1', quantity: '1', price: '1' }] }, 'Unknown argument "price" in items.0'],
    [{ items: [{ product: 'NONE', quantity: '1' }] }, 'no product of this business has the SKU, id or name "NONE"'],
    [{ items: [{ product: 'GRAIN', quantity: '9999999999', unitPrice: '999999999999' }] }, 'out of range'],
    [{ expectedTotal: '24' }, 'conflict: expectedTotal is 24, but the total is GTQ 25.00. Nothing was written.'],
  ])('for %j', async (more, message) => {
    const before = await till.footprint()
    const text = await till.fails('create_order', pan(more))
    expect(text).toMatch(new RegExp(message.replace(/[.()]/g, '\\$&')))
    expect(await till.footprint()).toEqual(before)
  })

  it('when the price has changed since it was asked for, and made when it has not', async () => {
    await till.product('MOVES', { price: '10' })
    const sale = { items: [{ product: 'MOVES', quantity: '3' }], expectedTotal: '30.00' }
    await till.ok('create_order', sale)
    await till.ok('update_product', { variant: 'MOVES', price: '11' })
    expect(await till.fails('create_order', sale)).toContain('the total is GTQ 33.00')
  })

  it('for a product that is switched off', async () => {
    const { productId } = await till.product('OFF-1')
    await till.service.db.asOwner('update product set is_active = false where id = $1', [productId])
    expect(await till.fails('create_order', pan({ items: [{ product: 'OFF-1', quantity: '1' }] }))).toContain(
      'OFF-1 is switched off',
    )
  })

  it('for foreign ids exactly as for unknown ones', async () => {
    const { variantId } = await makeProduct(till.service.db, till.foreign, { sku: 'THEIRS' })
    const [client] = await till.service.db.asOwner<{ id: string }>(
      "insert into customer (business_id, code, name) values ($1, 'T', 'Theirs') returning id",
      [till.foreign.id],
    )
    const ids: [string, (id: string) => Record<string, unknown>][] = [
      [variantId, (id) => ({ items: [{ product: id, quantity: '1' }] })],
      [client?.id as string, (clientId) => ({ clientId })],
      [till.foreign.locations[0] as string, (locationId) => ({ locationId })],
    ]
    for (const [foreign, argument] of ids) {
      const unknown = randomUUID()
      const answer = await till.fails('create_order', pan(argument(foreign)))
      expect(answer.replace(foreign, unknown)).toBe(await till.fails('create_order', pan(argument(unknown))))
    }
    expect(await till.fails('create_order', pan({ locationId: 'nowhere' }))).toContain(till.shop.locations[0])
  })

  it('without the right to write, which a cashier has', async () => {
    const { text } = await till.ok('create_order', pan({}), { token: till.cashier })
    expect(text).toContain('is completed')
    expect(await till.fails('create_order', pan({}), { token: till.reader })).toMatch(
      /^insufficient_scope: .*create_order needs pos:write/,
    )
  })
})

describe('stock', () => {
  it('is not sold twice, not even on several lines', async () => {
    await till.product('TWO', { stock: '2' })
    await till.product('ONE', { stock: '1' })
    const items = [
      { product: 'TWO', quantity: '1' },
      { product: 'TWO', quantity: '1.5', discount: '1' },
      { product: 'ONE', quantity: '2' },
    ]
    const text = await till.fails('create_order', { items })
    expect(text).toContain('conflict: Not enough stock of TWO (wanted 2.5, there 2), ONE (wanted 2, there 1).')
    expect(await till.onHand('TWO')).toBe('2')
    await till.agrees()
  })

  it('at another location does not count here', async () => {
    const { db } = till.service
    const { variantId } = await till.product('ELSEWHERE')
    const [other] = await db.asOwner<{ id: string }>(
      "insert into location (business_id, name, timezone) values ($1, 'Bodega', 'America/Guatemala') returning id",
      [till.shop.id],
    )
    await db.asOwner(
      `insert into inventory_movement (business_id, location_id, variant_id, quantity, reason)
       values ($1, $2, $3, 5, 'opening')`,
      [till.shop.id, other?.id, variantId],
    )
    const items = [{ product: 'ELSEWHERE', quantity: '1' }]
    // With two locations, one must be named.
    expect(await till.fails('create_order', { items })).toContain('locationId must be one of this business')
    expect(await till.fails('create_order', { items, locationId: till.shop.locations[0] })).toContain(
      'ELSEWHERE (wanted 1, there 0)',
    )
    const { data } = await till.ok('create_order', { items, locationId: other?.id })
    expect(data.stock).toEqual([{ sku: 'ELSEWHERE', change: '-1', onHand: '4' }])
    await db.asOwner('update location set is_active = false where id = $1', [other?.id])
  })

  it('of the last item goes to one of two sales at once, on two instances', async () => {
    await till.product('LAST', { stock: '1' })
    const other = await till.service.anotherInstance()
    const sale = { items: [{ product: 'LAST', quantity: '1' }] }
    const sell = (app: App) => call(app, till.owner, 'create_order', sale)
    const results = await Promise.all([sell(till.service.app), sell(other)])
    const [lost] = results.filter(({ isError }) => isError)
    expect(results.filter(({ isError }) => !isError)).toHaveLength(1)
    expect(lost?.text).toContain('Not enough stock of LAST (wanted 1, there 0)')
    expect(await till.onHand('LAST')).toBe('0')
    await till.agrees()
  })

  it('and sums hold under many sales at once of the same products in any order', async () => {
    await till.product('P-1', { stock: '10' })
    await till.product('P-2', { stock: '10' })
    const before = await till.today()
    const sell = (n: number) => {
      const items = ['P-1', 'P-2'].map((product) => ({ product, quantity: '1' }))
      return till.ok('create_order', { items: n % 2 ? items : items.toReversed() })
    }
    const made = await Promise.all(Array.from({ length: 10 }, (_, n) => sell(n)))
    expect(new Set(made.map(({ data }) => data.order.number)).size).toBe(10)
    expect([await till.onHand('P-1'), await till.onHand('P-2')]).toEqual(['0', '0'])
    expect((await till.today()).orders).toBe(before.orders + 10)
    await till.agrees()
  })
})

describe('a retry', () => {
  const sale = (idempotencyKey: string, more: Record<string, unknown> = {}) => ({
    items: [{ product: 'RETRY', quantity: '1' }],
    idempotencyKey,
    ...more,
  })
  beforeAll(() => till.product('RETRY', { stock: '100' }))

  it('with the same key gives the first result; other arguments are refused', async () => {
    const first = await till.ok('create_order', sale('a'))
    const count = (await orders()).length
    const second = await till.ok('create_order', sale('a'))
    expect(first.data.replayed).toBe(false)
    expect(second.data).toEqual({ ...first.data, replayed: true })
    expect(second.text).toContain(`Already done by an earlier call`)
    expect(await till.fails('create_order', sale('a', { tip: '1' }))).toContain('idempotencyKey was used for another')
    expect(
      await till.fails('cancel_order', { order: first.data.order.id, reason: 'x', idempotencyKey: 'a' }),
    ).toContain('idempotencyKey was used for another')
    expect(await orders()).toHaveLength(count)
    // Another person's key is another key.
    const theirs = await till.ok('create_order', sale('a'), { token: till.cashier })
    expect(theirs.data.order.id).not.toBe(first.data.order.id)
  })

  it('at the same time makes one order', async () => {
    const other = await till.service.anotherInstance()
    const count = (await orders()).length
    const results = await Promise.all(
      Array.from({ length: 6 }, (_, n) =>
        till.ok('create_order', sale('b'), { app: n % 2 ? other : till.service.app }),
      ),
    )
    expect(new Set(results.map(({ data }) => data.order.id)).size).toBe(1)
    expect(results.filter(({ data }) => !data.replayed)).toHaveLength(1)
    expect(await orders()).toHaveLength(count + 1)
    await till.agrees()
  })

  it('on another instance finds what one did that crashed before it could answer', async () => {
    const lost = await till.service.anotherInstance()
    const { data } = await till.ok('create_order', sale('c'), { app: lost })
    await lost.close()
    const again = await till.ok('create_order', sale('c'))
    expect(again.data).toMatchObject({ replayed: true, order: data.order })
  })

  it('after the client hung up finds the order, made once', async () => {
    const origin = await listen(await till.service.anotherInstance())
    const holder = new pg.Client({ connectionString: till.service.db.ownerUrl })
    await holder.connect()
    // The sale waits for stock that another one has locked, while its client gives up.
    await holder.query('begin; select from inventory for update')
    const count = (await orders()).length
    const hangUp = new AbortController()
    const params = { name: 'create_order', arguments: sale('d') }
    const sent = fetch(`${origin}/mcp`, {
      method: 'POST',
      headers: { authorization: `Bearer ${till.owner}`, 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
      signal: hangUp.signal,
    })
    const waiting = "select from pg_locks where not granted and locktype = 'transactionid'"
    await expect.poll(async () => (await holder.query(waiting)).rowCount, { timeout: 10_000 }).toBeGreaterThan(0)
    hangUp.abort()
    await expect(sent).rejects.toThrow(/abort/i)
    const retry = till.ok('create_order', sale('d'))
    await holder.query('rollback')
    await holder.end()
    expect((await retry).data.order.status).toBe('completed')
    const again = await till.ok('create_order', sale('d'))
    expect(again.data).toMatchObject({ replayed: true, order: (await retry).data.order })
    expect(await orders()).toHaveLength(count + 1)
    await till.agrees()
  })

  it('of a call that failed is a first call', async () => {
    const { productId } = await till.product('SOON')
    const setActive = (on: boolean) =>
      till.service.db.asOwner('update product set is_active = $2 where id = $1', [productId, on])
    await setActive(false)
    const soon = sale('e', { items: [{ product: 'SOON', quantity: '1' }] })
    await till.fails('create_order', soon)
    await setActive(true)
    expect((await till.ok('create_order', soon)).data.replayed).toBe(false)
  })

  it('is not made for a dry run, which writes nothing, not even a number or a key', async () => {
    const before = await till.footprint()
    const { data, text } = await till.ok('create_order', sale('f', { dryRun: true }))
    expect(text).toMatch(/^Dry run, nothing was written\. Would record an order, completed at /)
    expect(data).toMatchObject({ dryRun: true, totals: { total: '10.00' }, stock: [{ sku: 'RETRY', change: '-1' }] })
    expect(await till.footprint()).toEqual(before)
    expect((await till.ok('create_order', sale('f'))).data).toMatchObject({ replayed: false })
  })
})
