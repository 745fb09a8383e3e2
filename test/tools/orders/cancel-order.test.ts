import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { withoutCode } from '../../support/boundary.ts'
import { call } from '../../support/service.ts'
import { makeOrder, makeProduct } from '../../support/shop.ts'
import { NOON, startTill, type Till } from '../../support/till.ts'

let till: Till
beforeAll(async () => {
  till = await startTill()
})
afterAll(() => till?.service.close())
afterEach(() => {
  till.service.now = NOON
})

async function sell(sku: string, quantity = '2', more: Record<string, unknown> = {}) {
  await till.product(sku, { stock: '5' })
  const { data } = await till.ok('create_order', { items: [{ product: sku, quantity }], ...more })
  return data.order as { id: string; number: string }
}
const cancel = async (order: string, more: Record<string, unknown> = {}) =>
  till.ok('cancel_order', { order, reason: 'rung up twice', ...more })
const fails = (order: string, more: Record<string, unknown> = {}) =>
  till.fails('cancel_order', { order, reason: 'rung up twice', ...more })

describe('cancel_order', () => {
  it('undoes a sale of today: figures and stock are as before it', async () => {
    const before = await till.today()
    const order = await sell('UNDO', '2', { tip: '1' })
    expect(await till.onHand('UNDO')).toBe('3')
    const { data, text } = await cancel(order.number, { expectedStatus: 'completed' })
    expect(data).toMatchObject({
      order: {
        id: order.id,
        number: order.number,
        status: 'cancelled',
        previousStatus: 'completed',
        total: '21.00',
        refundable: '0.00',
      },
      currency: 'GTQ',
      stock: [{ sku: 'UNDO', change: '+2', onHand: '5' }],
    })
    expect(text).toContain(
      `Order ${order.number} was completed and is now cancelled; its total was GTQ 21.00 with tax and tips.`,
    )
    expect(text).toContain('What was paid for it is to be given back.')
    expect(await till.today()).toEqual(before)
    expect(await till.onHand('UNDO')).toBe('5')
    const movements = await till.service.db.asOwner(
      'select quantity, reason from inventory_movement where source_id = $1 order by quantity',
      [order.id],
    )
    expect(movements).toEqual([
      { quantity: '-2.000', reason: 'sale' },
      { quantity: '2.000', reason: 'return' },
    ])
    const audit = await till.service.db.asOwner('select action as tool from mcp_audit where subject = $1 order by id', [
      `order ${order.id}`,
    ])
    expect(audit).toEqual([{ tool: 'create_order' }, { tool: 'cancel_order' }])
    const detail = await till.ok('get_order', { order: order.id })
    expect(withoutCode(detail.data)).toMatchObject({
      order: { status: 'cancelled' },
      cancelReason: '<untrusted>rung up twice</untrusted>',
    })
    await till.agrees()
    expect(await fails(order.id)).toContain('conflict: The order is cancelled already.')
  })

  it('leaves no hour in the summary if it was the only order of its hour', async () => {
    till.service.now = new Date(NOON.getTime() + 3 * 3_600_000)
    const hours = async () => (await till.ok('summarize_day', {})).data.days[0].byHour
    const before = await hours()
    const order = await sell('LONE')
    expect(await hours()).toHaveLength(before.length + 1)
    await cancel(order.id)
    expect(await hours()).toEqual(before)
  })

  it('puts back what the order drew and no more: nothing for an imported one', async () => {
    const product = await till.product('IMPORTED', { stock: '5' })
    const lines = [{ ...product, quantity: '2', unitPrice: '10' }]
    await makeOrder(till.service.db.database, till.shop, { number: 'I-1', at: NOON.toISOString(), lines })
    const { data, text } = await cancel('I-1')
    expect(data.stock).toEqual([])
    expect(text).toContain('Stock: no change.')
    expect(await till.onHand('IMPORTED')).toBe('5')
    await till.agrees()
  })

  it('closes an open order of any day, which drew nothing', async () => {
    const order = await sell('LATER', '2', { open: true })
    till.service.now = new Date(NOON.getTime() + 9 * 86_400_000)
    const { data, text } = await cancel(order.id)
    expect(data).toMatchObject({ order: { previousStatus: 'open', refundable: '0.00' }, stock: [] })
    expect(text).not.toContain('given back')
    await till.agrees()
  })

  it('ends with the local day of the sale, by the clock of its location', async () => {
    // Completed at noon of the 10th in Guatemala, which ends at 06:00 of the 11th in UTC.
    const late = await sell('LATE-1')
    till.service.now = new Date('2026-03-11T05:59:59Z')
    await cancel(late.id)
    till.service.now = NOON
    const tooLate = await sell('LATE-2')
    till.service.now = new Date('2026-03-11T06:00:00Z')
    expect(await fails(tooLate.id)).toContain(
      'it was completed on another day. Nothing was written. Use refund_order to give money and goods back.',
    )
    expect(await till.onHand('LATE-2')).toBe('3')

    // Kathmandu is 11:45 ahead of Guatemala: there, the 11th begins at 18:15 UTC.
    const [kathmandu] = await till.service.db.asOwner<{ id: string }>(
      "insert into location (business_id, name, timezone) values ($1, 'Kathmandu', 'Asia/Kathmandu') returning id",
      [till.shop.id],
    )
    const product = await till.product('TEA')
    const sale = { items: [{ product: product.variantId, quantity: '1' }], locationId: kathmandu?.id }
    till.service.now = NOON
    const { data } = await till.ok('create_order', sale)
    till.service.now = new Date('2026-03-10T18:15:00Z')
    expect(await fails(data.order.id)).toContain('another day')
    await till.service.db.asOwner('update location set is_active = false where id = $1', [kathmandu?.id])
  })

  it('does not touch a sale with refunds', async () => {
    const order = await sell('REFUNDED')
    await till.ok('refund_order', { order: order.id, reason: 'x', restock: true, lines: [{ line: 1, quantity: '1' }] })
    const before = await till.footprint()
    expect(await fails(order.id)).toContain('it has refunds. Nothing was written. Use refund_order')
    expect(await till.footprint()).toEqual(before)
  })

  it('checks the status that the caller expects', async () => {
    const order = await sell('EXPECTED')
    expect(await fails(order.id, { expectedStatus: 'open' })).toContain(
      'conflict: expectedStatus: the order is completed.',
    )
    expect(await fails(order.id, { expectedStatus: 'new' })).toContain('must be one of: open, completed')
    expect(await fails(order.id, { reason: '' })).toContain('reason')
  })

  it('against a refund at the same time: one of them is done', async () => {
    const order = await sell('CLASH')
    const args = { order: order.id, reason: 'x' }
    const results = await Promise.all([
      call(till.service.app, till.owner, 'cancel_order', args),
      call(till.service.app, till.owner, 'refund_order', { ...args, restock: true }),
    ])
    expect(results.filter(({ isError }) => isError)).toHaveLength(1)
    expect(await till.onHand('CLASH')).toBe('5')
    await till.agrees()
  })

  it('is one with one key, and none as a dry run', async () => {
    const order = await sell('KEY')
    const before = await till.footprint()
    await cancel(order.id, { dryRun: true, idempotencyKey: 'c-1' })
    expect(await till.footprint()).toEqual(before)
    const first = await cancel(order.id, { idempotencyKey: 'c-1' })
    const second = await cancel(order.id, { idempotencyKey: 'c-1' })
    expect(second.data).toEqual({ ...first.data, replayed: true })
    expect(await till.onHand('KEY')).toBe('5')
  })

  it('answers alike for foreign and unknown orders, and needs the right to write', async () => {
    const theirs = await makeProduct(till.service.db, till.foreign, { sku: 'THEIRS' })
    const lines = [{ ...theirs, quantity: '1', unitPrice: '10' }]
    const id = await makeOrder(till.service.db.database, till.foreign, { number: 'F-1', at: NOON.toISOString(), lines })
    const unknown = await fails(randomUUID())
    expect(unknown).toContain('not_found: order: there is no such order in this business.')
    expect([await fails(id), await fails('F-1')]).toEqual([unknown, unknown])
    const order = await sell('MINE')
    const args = { order: order.id, reason: 'x' }
    expect(await till.fails('cancel_order', args, { token: till.reader })).toMatch(
      /^insufficient_scope: .*cancel_order needs pos:write/,
    )
    await till.ok('cancel_order', args)
  })

  it('is for a cashier only of own orders of the same day', async () => {
    const args = { order: (await sell('OF-THE-OWNER')).id, reason: 'x' }
    expect(await till.fails('cancel_order', args, { token: till.cashier })).toBe(
      'role_not_allowed: order: only own orders can be cancelled, on their day, for the role cashier. ' +
        'Nothing was written. An owner, admin or manager may do more.',
    )
    const items = [{ product: 'OF-THE-OWNER', quantity: '1' }]
    const mine = async () =>
      (await till.ok('create_order', { items, open: true }, { token: till.cashier })).data.order.id
    await till.ok('cancel_order', { ...args, order: await mine() }, { token: till.cashier })
    const ofToday = await mine()
    till.service.now = new Date(NOON.getTime() + 86_400_000)
    expect(await till.fails('cancel_order', { ...args, order: ofToday }, { token: till.cashier })).toContain(
      'role_not_allowed',
    )
  })
})
