import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTill, type Till } from '../../support/till.ts'

let till: Till
beforeAll(async () => {
  till = await startTill()
  await till.product('PAN', { price: '10' })
  await till.service.db.asOwner(
    `insert into customer (business_id, code, name, email)
     values ($1, 'C-1', 'José 100% Peña', 'jose@example.com'), ($1, 'C-2', 'Ana', null)`,
    [till.shop.id],
  )
  for (const clientId of ['C-1', 'C-2', undefined, 'C-1']) {
    const items = [{ product: 'PAN', quantity: '1' }]
    await till.ok('create_order', { items, ...(clientId === undefined ? {} : { clientId }) })
  }
})
afterAll(() => till?.service.close())

async function found(args: Record<string, unknown>): Promise<string[]> {
  const { data } = await till.ok('list_orders', args)
  return data.orders.map(({ orderNumber }: { orderNumber: string }) => orderNumber).sort()
}

describe('list_orders finds', () => {
  it.each([
    ['jose', ['FP-000001', 'FP-000004']],
    ['PENA', ['FP-000001', 'FP-000004']],
    ['c-2', ['FP-000002']],
    ['@example', ['FP-000001', 'FP-000004']],
    ['fp-000003', ['FP-000003']],
    ['0000', ['FP-000001', 'FP-000002', 'FP-000003', 'FP-000004']],
    // A percent sign is an ordinary character.
    ['100%', ['FP-000001', 'FP-000004']],
    ['%', ['FP-000001', 'FP-000004']],
    ['nobody', []],
  ])('orders by %s', async (search, numbers) => {
    expect(await found({ search })).toEqual(numbers)
  })

  it('them together with other filters, and over pages', async () => {
    const [order] = (await till.ok('list_orders', { search: 'jose', limit: 1 })).data.orders
    await till.ok('cancel_order', { order: order.id, reason: 'x' })
    expect(await found({ search: 'jose', status: 'completed' })).toHaveLength(1)
    const first = await till.ok('list_orders', { search: 'fp-', limit: 3 })
    expect(first.data.hasMore).toBe(true)
    const second = await till.ok('list_orders', { search: 'fp-', limit: 3, cursor: first.data.nextCursor })
    const ids = [...first.data.orders, ...second.data.orders].map(({ id }: { id: string }) => id)
    expect(new Set(ids).size).toBe(4)
    expect(second.data.hasMore).toBe(false)
  })
})
