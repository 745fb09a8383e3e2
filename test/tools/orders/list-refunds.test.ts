import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { withoutCode } from '../../support/boundary.ts'
import { makeOrder } from '../../support/shop.ts'
import { startTill, type Till } from '../../support/till.ts'

// Three refunds, worked out by hand; prices include 12 % tax.
let till: Till
beforeAll(async () => {
  till = await startTill()
  await till.product('TAZA', { price: '56', stock: '20' })
  await till.service.db.asOwner(
    "insert into employee (business_id, number, name) values ($1, '7', 'Sofía Hernández'), ($1, '8', 'Carlos Ruiz')",
    [till.shop.id],
  )
  await till.service.db.asOwner("insert into customer (business_id, code, name) values ($1, 'C-7', 'María')", [
    till.shop.id,
  ])
  const items = [{ product: 'TAZA', quantity: '2' }]
  await till.ok('create_order', { items, paymentMethod: 'card', clientId: 'C-7' })
  await till.ok('create_order', {
    items,
    payments: [
      { method: 'cash', amount: '100' },
      { method: 'card', amount: '12' },
    ],
  })
  till.service.now = new Date('2026-03-10T19:30:00Z')
  const one = { lines: [{ line: 1, quantity: '1' }] }
  await till.ok('refund_order', { order: '0001', reason: 'broken mug', restock: false, employee: '7', ...one })
  till.service.now = new Date('2026-03-11T19:30:00Z')
  await till.ok('refund_order', { order: '0002', reason: 'did not like it', restock: true, employee: 'carlos ruiz' })
  till.service.now = new Date('2026-03-11T19:31:00Z')
  await till.ok('refund_order', { order: '0001', reason: 'price', lines: [{ line: 1, amount: '11.20' }] })
})
afterAll(() => till?.service.close())

interface List {
  columns: string[]
  same: Record<string, string>
  refunds: string[][]
}
const rowsOf = ({ columns, same, refunds }: List): Record<string, string>[] =>
  refunds.map((cells) => ({ ...same, ...Object.fromEntries(columns.map((at, index) => [at, cells[index] ?? ''])) }))
const totals = async (args: Record<string, unknown>) =>
  rowsOf((await till.ok('list_refunds', args)).data).map(({ total }) => total)

describe('list_refunds', () => {
  it('tells reason, amount, method, employee, client and order, and the sums of all that match', async () => {
    const { data, text } = await till.ok('list_refunds', {})
    expect(data.sums).toMatchObject({ refunds: 3, returns: '160.00', tax: '19.20', tips: '0.00', total: '179.20' })
    expect(withoutCode(rowsOf(data))).toEqual([
      {
        ...{ order: 'FP-000001', refunded: '2026-03-11 13:31', total: '11.20', method: 'card', 'refunded by': '' },
        ...{ client: 'María', location: 'Location 1', reason: '<untrusted>price</untrusted>' },
      },
      {
        ...{ order: 'FP-000002', refunded: '2026-03-11 13:30', total: '112.00', method: 'cash 100.00 + card 12.00' },
        ...{ 'refunded by': 'Carlos Ruiz', client: '', location: 'Location 1' },
        reason: '<untrusted>did not like it</untrusted>',
      },
      {
        ...{ order: 'FP-000001', refunded: '2026-03-10 13:30', total: '56.00', method: 'card' },
        ...{ 'refunded by': 'Sofía Hernández', client: 'María', location: 'Location 1' },
        reason: '<untrusted>broken mug</untrusted>',
      },
    ])
    expect(text).toContain('3 refunds match: total GTQ 179.20 with tax (returns 160.00, tax 19.20, tips 0.00).')
    expect(withoutCode(text)).toContain(
      '|FP-000001|2026-03-10 13:30|56.00|card|Sofía Hernández|María|<untrusted>broken mug</untrusted>',
    )
  })

  it('sums all that match by who gave them, whatever the page shows, but not for the people at the till', async () => {
    const { data, text } = await till.ok('list_refunds', { limit: 1 })
    expect(data.sums).toMatchObject({
      people: 3,
      byEmployee: [
        { employee: 'Carlos Ruiz', refunds: 1, total: '112.00' },
        { employee: 'Sofía Hernández', refunds: 1, total: '56.00' },
        // The owner, who is no employee.
        { employee: 'unknown', refunds: 1, total: '11.20' },
      ],
    })
    expect(text).toContain(
      'By who refunded, total (refunds): Carlos Ruiz 112.00 (1); Sofía Hernández 56.00 (1); unknown 11.20 (1).',
    )
    const one = await till.ok('list_refunds', { maxAmount: '60', employee: '7' })
    expect(one.data.sums.byEmployee).toEqual([{ employee: 'Sofía Hernández', refunds: 1, total: '56.00' }])
    const cashier = await till.ok('list_refunds', {}, { token: till.cashier })
    expect(cashier.data.sums.byEmployee).toBeUndefined()
    expect(cashier.text).not.toContain('By who refunded')
  })

  it.each([
    [{ from: '2026-03-10', to: '2026-03-10' }, ['56.00']],
    [{ minAmount: '12', maxAmount: '100' }, ['56.00']],
    [{ employee: 'CARLOS RUIZ' }, ['112.00']],
    [{ employee: 'none' }, ['11.20']],
    [{ clientId: 'no client' }, ['112.00']],
    [{ clientId: 'none', employee: 'nobody' }, []],
    [{ search: 'MUG' }, ['56.00']],
    [{ clientId: 'C-7', sort: 'smallest' }, ['11.20', '56.00']],
    [{ sort: 'largest' }, ['112.00', '56.00', '11.20']],
    [{ method: 'CASH' }, ['112.00']],
    [{ method: 'card' }, ['11.20', '112.00', '56.00']],
    [{ method: 'card', search: 'nothing' }, []],
    [{ method: 'efectivo' }, 'method must be one of: card, cash.'],
    [{ locationId: 'x' }, 'locationId must be one of this business'],
  ])('filters and sorts by %j', async (args, expected) => {
    if (typeof expected === 'string') return expect(await till.fails('list_refunds', args)).toContain(expected)
    expect(await totals(args)).toEqual(expected)
    expect((await till.ok('list_refunds', args)).data.sums.refunds).toBe(expected.length)
  })

  it('says that refunds by several methods count whole in the sums of one', async () => {
    const { data, text } = await till.ok('list_refunds', { method: 'cash' })
    expect(data.sums.total).toBe('112.00')
    for (const half of [data.terms, text]) {
      expect(half).toContain('A refund that also went back by another method counts with its whole total.')
    }
  })

  it('goes through its pages, each refund once', async () => {
    const first = await till.ok('list_refunds', { sort: 'oldest', limit: 2 })
    const second = await till.ok('list_refunds', { sort: 'oldest', limit: 2, cursor: first.data.nextCursor })
    expect([...rowsOf(first.data), ...rowsOf(second.data)].map(({ total }) => total).sort()).toEqual([
      '11.20',
      '112.00',
      '56.00',
    ])
    expect(first.data.sums).toEqual(second.data.sums)
  })

  it('says plainly that there is none', async () => {
    const { data, text } = await till.ok('list_refunds', { from: '2026-02-01', to: '2026-02-02' })
    expect(data).toMatchObject({ refunds: [], sums: { refunds: 0, total: '0.00' } })
    expect(text).toMatch(/^No refunds match, 2026-02-01 to 2026-02-02\./)
  })
})

describe('a text', () => {
  const withMany = (table: 'sales_daily' | 'sales_monthly', refunds: number) =>
    till.service.db.asOwner(`update ${table} set refunds = refunds + $2 where business_id = $1`, [
      till.shop.id,
      refunds,
    ])
  const days = { from: '2026-03-10', to: '2026-03-11' }

  it('is looked for in all refunds where they are few, or where other filters leave few', async () => {
    expect(await totals({ search: 'broken' })).toEqual(['56.00'])
    await withMany('sales_daily', 60_000)
    await withMany('sales_monthly', 60_000)
    onTestFinished(async () => {
      await withMany('sales_daily', -60_000)
      await withMany('sales_monthly', -60_000)
    })
    for (const more of [{}, days]) {
      expect(await totals({ search: 'broken', employee: '7', ...more })).toEqual(['56.00'])
      expect(await totals({ search: 'maría', clientId: 'C-7', ...more })).toEqual(['11.20', '56.00'])
    }
  })

  it('is refused where too many refunds would have to be read for it', async () => {
    const own = await startTill()
    onTestFinished(() => own.service.close())
    const tea = await own.product('TEA', { price: '10' })
    const { till: db, asOwner } = own.service.db
    const order = await makeOrder(db, own.shop, {
      number: '1',
      at: '2026-03-09T18:00:00Z',
      lines: [{ ...tea, quantity: '1', unitPrice: '10' }],
    })
    await asOwner(`begin; set local session_replication_role = replica;
      insert into order_refund (business_id, order_id, location_id, refunded_at, method, reason, returns)
        select o.business_id, o.id, o.location_id, '2026-03-09T19:00:00Z', 'cash', 'broken', 1
        from orders o cross join generate_series(1, 50001) where o.id = '${order}';
      commit`)
    await asOwner('update sales_daily set refunds = 50001 where business_id = $1', [own.shop.id])
    await asOwner('update sales_monthly set refunds = 50001 where business_id = $1', [own.shop.id])
    for (const args of [{}, { from: '2026-03-01', to: '2026-03-09' }, { method: 'cash' }]) {
      expect(await own.fails('list_refunds', { search: 'broken', ...args })).toBe(
        'invalid_argument: search: more than 50,000 refunds would have to be read for it. ' +
          'Give a shorter window, or another filter beside it.',
      )
    }
    expect(
      (await own.ok('list_refunds', { search: 'broken', from: '2026-03-01', to: '2026-03-08' })).data.refunds,
    ).toEqual([])
    expect((await own.ok('list_refunds', { search: 'broken', maxAmount: '0.99' })).data.refunds).toEqual([])
    expect((await own.ok('list_refunds', { limit: 1 })).data.sums.refunds).toBe(50_001)
  })
})
