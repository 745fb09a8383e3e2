import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call } from '../../support/service.ts'
import { makeOrder, makeProduct } from '../../support/shop.ts'
import { startTill, type Till } from '../../support/till.ts'

let till: Till
beforeAll(async () => {
  till = await startTill()
})
afterAll(() => till?.service.close())

/** A sale of products with 10 units each in stock, by default at 10.00 including 12 % tax. */
async function sell(
  items: { sku: string; quantity: string; price?: string; discount?: string; stock?: string | undefined }[],
  more: Record<string, unknown> = {},
): Promise<{ id: string; number: string }> {
  for (const { sku, price = '10', stock = '10' } of items) await till.product(sku, { price, stock, cost: '4' })
  const wanted = items.map(({ sku, quantity, discount }) => ({
    product: sku,
    quantity,
    ...(discount === undefined ? {} : { discount }),
  }))
  return (await till.ok('create_order', { items: wanted, ...more })).data.order
}
const refund = async (order: string, more: Record<string, unknown> = {}) =>
  (await till.ok('refund_order', { order, reason: 'broken', restock: true, ...more })).data
const fails = (order: string, more: Record<string, unknown> = {}) =>
  till.fails('refund_order', { order, reason: 'broken', restock: true, ...more })

describe('a refund', () => {
  it('of one unit after the other gives back what each was paid, and the stock', async () => {
    const before = await till.today()
    // Paid 30.00: tax 30 × 12/112 = 3.214… → 3.21, net 26.79. Three times 8.93 and 1.07.
    const order = await sell([{ sku: 'THREE', quantity: '3' }], { paymentMethod: 'card' })
    for (const [left, onHand] of [
      ['20.00', '8'],
      ['10.00', '9'],
      ['0.00', '10'],
    ]) {
      const data = await refund(order.number, { lines: [{ line: 1, quantity: '1' }] })
      expect(data).toMatchObject({
        refund: {
          methods: [{ method: 'card', amount: '10.00' }],
          returns: '8.93',
          tax: '1.07',
          tips: '0.00',
          total: '10.00',
        },
        order: { id: order.id, number: order.number },
        currency: 'GTQ',
        refundable: left,
        lines: [{ line: 1, sku: 'THREE', quantity: '1', total: '10.00', restocked: true }],
        stock: [{ sku: 'THREE', change: '+1', onHand }],
      })
      expect(await till.onHand('THREE')).toBe(onHand)
      await till.agrees()
    }
    expect(await fails(order.id)).toBe('conflict: Nothing of the order is left to refund. Nothing was written.')
    // The day has the sale and its refunds: net and tax are as before, and returns are shown.
    const after = await till.today()
    expect(after).toMatchObject({ net: before.net, tax: before.tax, total: before.total })
    expect(after.refunds).toBe(before.refunds + 3)
    const { data } = await till.ok('get_order', { order: order.id })
    expect(data.order).toMatchObject({ status: 'completed', refunded: '30.00' })
    expect(data.refunds).toHaveLength(3)
  })

  it('of odd cents leaves none, whatever the parts', async () => {
    // 3 at 3.33 and a discount of 0.01: paid 9.98, tax 1.069… → 1.07, net 8.91.
    const order = await sell([{ sku: 'ODD', quantity: '3', price: '3.33', discount: '0.01' }])
    const first = await refund(order.id, { lines: [{ line: 1, quantity: '1' }] })
    // 9.98 / 3 = 3.326… → 3.33, tax 0.356… → 0.36.
    expect(first.refund).toMatchObject({ returns: '2.97', tax: '0.36', total: '3.33' })
    const money = await refund(order.id, { lines: [{ line: 1, amount: '1' }] })
    // 1.00 of the 6.65 left carries 0.71 / 6.65 of tax: 0.106… → 0.11. The goods stay with the customer.
    expect(money).toMatchObject({
      refund: { returns: '0.89', tax: '0.11', total: '1.00' },
      refundable: '5.65',
      stock: [],
    })
    expect(money.lines).toEqual([{ line: 1, sku: 'ODD', quantity: '0', total: '1.00', restocked: false }])
    const rest = await refund(order.id)
    // 8.91 − 2.97 − 0.89 and 1.07 − 0.36 − 0.11; two units come back.
    expect(rest).toMatchObject({ refund: { returns: '5.05', tax: '0.60', total: '5.65' }, refundable: '0.00' })
    expect(rest.stock).toEqual([{ sku: 'ODD', change: '+2', onHand: '10' }])
    await till.agrees()
  })

  it('of everything that is left includes the tip; a partial one does not, unless asked to', async () => {
    const items = [
      { sku: 'TIP-1', quantity: '1' },
      { sku: 'TIP-2', quantity: '1', price: '5' },
    ]
    const order = await sell(items, { tip: '2' })
    const part = await refund(order.id, { lines: [{ line: 2, quantity: '1' }] })
    expect(part).toMatchObject({ refund: { tips: '0.00', total: '5.00' }, refundable: '12.00' })
    const rest = await refund(order.id, { expectedRefundable: '12.00' })
    expect(rest).toMatchObject({ refund: { tips: '2.00', total: '12.00' }, refundable: '0.00' })
    expect(rest.lines).toHaveLength(1)

    const again = await sell([{ sku: 'TIP-3', quantity: '1' }], { tip: '2' })
    expect(await refund(again.id, { refundTip: false })).toMatchObject({
      refund: { tips: '0.00', total: '10.00' },
      refundable: '2.00',
    })
    expect(await refund(again.id)).toMatchObject({ refund: { tips: '2.00', total: '2.00' }, lines: [], stock: [] })
    await till.agrees()
  })

  it('goes back as it was paid, by each method up to what was paid by it', async () => {
    const payments = [
      { method: 'Card', amount: '50' },
      { method: 'gift card', amount: '45.60' },
    ]
    const paid = async (sku: string) => sell([{ sku, quantity: '4', price: '23.90' }], { payments })
    const whole = await till.ok('refund_order', { order: (await paid('SPLIT')).number, reason: 'x', restock: true })
    expect(whole.data.refund).toMatchObject({
      total: '95.60',
      methods: [
        { method: 'Card', amount: '50.00' },
        { method: 'gift card', amount: '45.60' },
      ],
    })
    expect(whole.text).toContain('Refunded GTQ 95.60 from order')
    expect(whole.text).toContain(': Card 50.00, gift card 45.60 (returns 85.36 without tax, tax 10.24, tips 0.00)')
    await till.agrees()

    // Of the larger payment first: 47.80 of the 50.00 by card, then the 2.20 that are left, and 21.70 by gift card.
    const order = await paid('PARTS-2')
    const two = { lines: [{ line: 1, quantity: '2' }] }
    const one = { lines: [{ line: 1, quantity: '1' }] }
    expect((await refund(order.id, two)).refund.methods).toEqual([{ method: 'Card', amount: '47.80' }])
    expect(await fails(order.id, { ...one, method: 'card' })).toBe(
      'conflict: method: GTQ 23.90 is more than what was paid by it. ' +
        'Left to go back: Card GTQ 2.20, gift card GTQ 45.60. ' +
        'Leave method out: each part then goes back as it was paid.',
    )
    expect(await fails(order.id, { ...one, method: 'cash' })).toContain('Left to go back: Card GTQ 2.20, gift')
    expect((await refund(order.id, { ...one, method: 'GIFT CARD' })).refund.methods).toEqual([
      { method: 'gift card', amount: '23.90' },
    ])
    expect((await refund(order.id)).refund.methods).toEqual([
      { method: 'Card', amount: '2.20' },
      { method: 'gift card', amount: '21.70' },
    ])
    await till.agrees()
    const { data, text } = await till.ok('get_order', { order: order.id })
    // All of one instant, so in no particular order.
    const methods = data.refunds.map((refund: { methods: unknown }) => refund.methods)
    expect(methods).toHaveLength(3)
    expect(methods).toEqual(
      expect.arrayContaining([
        [{ method: 'Card', amount: '47.80' }],
        [{ method: 'gift card', amount: '23.90' }],
        [
          { method: 'Card', amount: '2.20' },
          { method: 'gift card', amount: '21.70' },
        ],
      ]),
    )
    expect(text).toContain('GTQ 23.90 (Card 2.20, gift card 21.70)')
    const rows = await till.service.db.asOwner(
      `select method, sum(amount) as paid, sum(refunded) as back from payment_daily
       where business_id = $1 and basis = 'business' and method in ('Card', 'gift card') group by 1 order by 1`,
      [till.shop.id],
    )
    expect(rows).toEqual([
      { method: 'Card', paid: '100.0000', back: '100.0000' },
      { method: 'gift card', paid: '91.2000', back: '91.2000' },
    ])
  })

  it('of an order whose payment is not known goes back by the method that is named', async () => {
    const { productId, variantId } = await till.product('UNPAID')
    const lines = [{ productId, variantId, quantity: '2', unitPrice: '10' }]
    const order = { at: '2026-01-05T18:00:00Z', lines }
    await makeOrder(till.service.db.database, till.shop, { number: 'U-1', ...order })
    const half = { lines: [{ line: 1, quantity: '1' }] }
    expect(await fails('U-1', half)).toBe(
      'invalid_argument: method: name how GTQ 10.00 goes back, because no payment of the order is known. ' +
        'Ask the person, then repeat the call with method: cash, card, …',
    )
    expect((await refund('U-1', { ...half, method: 'voucher' })).refund.methods).toEqual([
      { method: 'voucher', amount: '10.00' },
    ])
    // Of 20.00 only 5.00 by card are known.
    const payments = [{ method: 'card', amount: '5' }]
    await makeOrder(till.service.db.database, till.shop, { number: 'U-2', ...order, payments })
    expect(await fails('U-2')).toContain('because only GTQ 5.00 of its payments is known')
    expect(await fails('U-2', { method: 'cash' })).toContain('Left to go back: card GTQ 5.00, GTQ 15.00 by any.')
    expect((await refund('U-2', { method: 'card' })).refund.total).toBe('20.00')
    await till.agrees()
  })

  it('asks whether goods go back on the shelf, of each line that does not say it', async () => {
    const order = await sell([
      { sku: 'MUG', quantity: '2' },
      { sku: 'CUP', quantity: '1' },
    ])
    const ask = { order: order.id, reason: 'broken' }
    expect(await till.fails('refund_order', ask)).toBe(
      'invalid_argument: restock: do the goods of line 1 (MUG), line 2 (CUP) go back on the shelf? Ask the person: ' +
        'true if they can be sold again, false for broken goods; or restock of each of the lines.',
    )
    const lines = [
      { line: 1, quantity: '1', restock: false },
      { line: 2, quantity: '1' },
    ]
    expect(await till.fails('refund_order', { ...ask, lines })).toContain('do the goods of line 2 (CUP) go back')
    const { data, text } = await till.ok('refund_order', { ...ask, lines, restock: true })
    expect(data).toMatchObject({ stock: [{ sku: 'CUP', change: '+1', onHand: '10' }] })
    expect(data.lines.map(({ restocked }: { restocked: boolean }) => restocked)).toEqual([false, true])
    expect(text).toContain('| 1 | MUG | 1 | 10.00 | no |')
    // Money without goods needs no answer.
    const { data: money } = await till.ok('refund_order', { ...ask, lines: [{ line: 1, amount: '1' }] })
    expect(money.stock).toEqual([])
    await till.agrees()
  })

  it('without restock leaves the stock and the cost where they are', async () => {
    const order = await sell([{ sku: 'BROKEN', quantity: '2' }])
    const data = await refund(order.id, { lines: [{ line: 1, quantity: '1' }], restock: false })
    expect(data.stock).toEqual([])
    expect(await till.onHand('BROKEN')).toBe('8')
    await refund(order.id)
    expect(await till.onHand('BROKEN')).toBe('9')
    const rows = await till.service.db.asOwner('select cost from order_refund where order_id = $1 order by cost', [
      order.id,
    ])
    expect(rows).toEqual([{ cost: '0.0000' }, { cost: '4.0000' }])
    await till.agrees()
  })

  it('counts on its own day, at the place of the sale', async () => {
    const { productId, variantId } = await till.product('OLD', { stock: '3' })
    const line = { productId, variantId, quantity: '2', unitPrice: '11.20', taxRate: '0.12', taxIncluded: true }
    // An imported sale drew no stock, but what is returned adds to it.
    await makeOrder(till.service.db.database, till.shop, { number: 'OLD-1', at: '2026-01-05T18:00:00Z', lines: [line] })
    const before = await till.today()
    const data = await refund('OLD-1', { lines: [{ line: 1, quantity: '1' }], method: 'cash' })
    expect(data).toMatchObject({
      refund: { methods: [{ method: 'cash', amount: '11.20' }], returns: '10.00', tax: '1.20' },
      stock: [{ onHand: '4' }],
    })
    const after = await till.today()
    expect(Number(after.net)).toBeCloseTo(Number(before.net) - 10, 2)
    expect(after.orders).toBe(before.orders)
    await till.agrees()
  })

  it('of a product without stock-keeping moves none', async () => {
    const { productId, variantId } = await till.product('SERVICE')
    const line = { productId, variantId, quantity: '1', unitPrice: '10' }
    const id = await makeOrder(till.service.db.database, till.shop, { number: 'S-1', at: '2026-01-05', lines: [line] })
    const { data } = await till.ok('refund_order', { order: id, reason: 'x', method: 'cash' })
    expect(data).toMatchObject({ lines: [{ sku: 'SERVICE', restocked: false }], stock: [] })
  })
})

describe('a refund is refused', () => {
  it('for more than is left of a line, in units and in money', async () => {
    const order = await sell([{ sku: 'TWICE', quantity: '2' }])
    const before = await till.footprint()
    expect(await fails(order.id, { lines: [{ line: 1, quantity: '2.001' }] })).toContain(
      'conflict: lines.0.quantity: of line 1 (TWICE) only 2 units, GTQ 20.00 are left to refund.',
    )
    expect(await fails(order.id, { lines: [{ line: 1, amount: '20.01' }] })).toContain('only 2 units, GTQ 20.00')
    expect(await till.footprint()).toEqual(before)
  })

  it.each([
    [{ lines: [{ line: 2, quantity: '1' }] }, 'lines.0.line: the order has no line 2.'],
    [{ lines: [{ line: 1 }] }, 'give either quantity, or amount'],
    [{ lines: [{ line: 1, quantity: '1', amount: '1' }] }, 'give either quantity, or amount'],
    [{ lines: [{ line: 1, quantity: '0' }] }, 'lines.0.quantity must be more than 0'],
    [{ lines: [{ line: 1, quantity: '-1' }] }, 'lines.0.quantity must be more than 0'],
    [{ lines: [{ line: 1, amount: '0.001' }] }, 'lines.0.amount must have at most 2 decimals'],
    [{ lines: [1, 1].map((line) => ({ line, quantity: '0.5' })) }, 'lines: name each line once'],
    [{ lines: [] }, 'lines must NOT have fewer than 1 items'],
    [{ method: ' ' }, 'method must be a word'],
    [{ expectedRefundable: '9.99' }, 'expectedRefundable is 9.99, but what is left to refund is GTQ 10.00.'],
  ])('for %j', async (more, message) => {
    const sku = `R-${randomUUID().slice(0, 8)}`
    const order = await sell([{ sku, quantity: '1' }])
    expect(await fails(order.id, more)).toContain(message)
  })

  it('for lines that are returns, which a whole refund leaves out', async () => {
    const { productId, variantId } = await till.product('EXCHANGE')
    const line = { productId, variantId, unitPrice: '10' }
    const lines = [
      { ...line, quantity: '-1' },
      { ...line, quantity: '2' },
    ]
    const id = await makeOrder(till.service.db.database, till.shop, { number: 'E-1', at: '2026-01-05', lines })
    expect(await fails(id, { lines: [{ line: 1, quantity: '1' }] })).toContain('line 1 is a return')
    const data = await refund(id, { method: 'cash' })
    expect(data.lines.map(({ line }: { line: number }) => line)).toEqual([2])
    expect(data.refund.total).toBe('20.00')
    await till.agrees()
  })

  it('for orders that are open or cancelled, foreign or unknown', async () => {
    const open = await sell([{ sku: 'STILL', quantity: '1' }], { open: true })
    expect(await fails(open.id)).toContain('this one is open. Use cancel_order')
    await till.ok('cancel_order', { order: open.id, reason: 'x' })
    expect(await fails(open.id)).toContain('this one is cancelled')

    const theirs = await makeProduct(till.service.db, till.foreign, { sku: 'THEIRS' })
    const lines = [{ ...theirs, quantity: '1', unitPrice: '10' }]
    const id = await makeOrder(till.service.db.database, till.foreign, { number: 'F-1', at: '2026-01-05', lines })
    const unknown = await fails(randomUUID())
    expect(unknown).toContain('not_found: order: there is no such order in this business.')
    expect(await fails(id)).toBe(unknown)
    expect(await fails('F-1')).toBe(unknown)
  })

  it('without the right to write', async () => {
    const order = await sell([{ sku: 'RIGHTS', quantity: '1' }])
    const args = { order: order.id, reason: 'x', restock: true }
    expect(await till.fails('refund_order', args, { token: till.reader })).toMatch(
      /^insufficient_scope: .*refund_order needs pos:write/,
    )
    await till.ok('refund_order', args, { token: till.cashier })
  })
})

describe('a refund made twice', () => {
  it('at once, on two instances, gives the money back once', async () => {
    const order = await sell([{ sku: 'RACE', quantity: '1' }], { tip: '1' })
    const other = await till.service.anotherInstance()
    const args = { order: order.id, reason: 'x', restock: true }
    const results = await Promise.all(
      [till.service.app, other].map((app) => call(app, till.owner, 'refund_order', args)),
    )
    expect(results.filter(({ isError }) => isError).map(({ text }) => text)).toEqual([
      expect.stringContaining('Nothing of the order is left to refund'),
    ])
    expect(await till.onHand('RACE')).toBe('10')
    await till.agrees()
  })

  it('in parts at once never exceeds the line', async () => {
    const order = await sell([{ sku: 'PARTS', quantity: '3' }])
    const args = { order: order.id, reason: 'x', restock: true, lines: [{ line: 1, quantity: '1' }] }
    const results = await Promise.all(
      Array.from({ length: 5 }, () => call(till.service.app, till.owner, 'refund_order', args)),
    )
    expect(results.filter(({ isError }) => !isError)).toHaveLength(3)
    const { data } = await till.ok('get_order', { order: order.id })
    expect(data.order.refunded).toBe('30.00')
    await till.agrees()
  })

  it('with one key is one refund, and has one row in the audit trail', async () => {
    const order = await sell([{ sku: 'KEYED', quantity: '2' }])
    const args = { idempotencyKey: 'r-1', lines: [{ line: 1, quantity: '1' }] }
    const first = await refund(order.id, args)
    expect(await refund(order.id, args)).toEqual({ ...first, replayed: true })
    expect(await till.onHand('KEYED')).toBe('9')
    const subject = `refund ${first.refund.id}`
    const rows = await till.service.db.asOwner('select action as tool from mcp_audit where subject = $1', [subject])
    expect(rows).toEqual([{ tool: 'refund_order' }])
  })

  it('as a dry run and then for good shows the same', async () => {
    const order = await sell([{ sku: 'DRY', quantity: '2' }])
    const before = await till.footprint()
    const dry = await refund(order.id, { dryRun: true })
    expect(await till.footprint()).toEqual(before)
    const done = await refund(order.id)
    expect(done).toEqual({ ...dry, dryRun: false, refund: { ...dry.refund, id: done.refund.id } })
  })
})
