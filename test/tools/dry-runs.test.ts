import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import { startTill, type Till } from '../support/till.ts'

let till: Till
let calls: Record<string, Record<string, unknown>[]>

beforeAll(async () => {
  till = await startTill()
  await till.product('TEA-100', { stock: '10' })
  const [other] = await till.service.db.asOwner<{ id: string }>(
    "insert into location (business_id, name, timezone) values ($1, 'Other', 'America/Guatemala') returning id",
    [till.shop.id],
  )
  const [locationId] = till.shop.locations
  const items = [{ product: 'TEA-100', quantity: '2' }]
  await till.ok('create_client', { name: 'María' })
  const { data } = await till.ok('create_order', { items, locationId })
  const order = data.order.number
  calls = {
    adjust_inventory: [
      { product: 'TEA-100', locationId, change: '3' },
      { product: 'TEA-100', locationId, countedQuantity: '8' },
    ],
    cancel_order: [{ order, reason: 'rung up twice' }],
    create_client: [{ name: 'José' }, { name: 'José', code: 'JO-7' }, { name: 'José', email: 'jose@example.com' }],
    create_order: [
      { items, locationId },
      { items, locationId, clientId: 'C-0001', open: true },
    ],
    create_product: [
      { name: 'Cocoa', sku: 'COCOA-1', price: '9', category: 'Hot', createCategory: true },
      { name: 'Cocoa', sku: 'COCOA-1', price: '9' },
    ],
    refund_order: [
      { order, reason: 'cold', restock: false },
      { order, reason: 'cold', lines: [{ line: 1, quantity: '1' }], restock: true },
    ],
    transfer_inventory: [{ fromLocationId: locationId, toLocationId: other?.id, items }],
    update_client: [
      { client: 'C-0001', city: 'Flores' },
      { client: 'C-0001', name: 'María' },
    ],
    update_product: [{ variant: 'TEA-100', price: '12' }],
  }
})
afterAll(() => till?.service.close())

/** Every id, number and code that the shop has. */
async function known(): Promise<Set<string>> {
  const tables = await till.service.db.asOwner<{ name: string }>(
    "select table_name as name from information_schema.columns where table_schema = 'public' and column_name = 'id' and data_type = 'uuid'",
  )
  const ids = tables.map(({ name }) => `select id::text as name from ${name}`)
  const codes = [
    'select order_number from orders',
    'select code from customer',
    'select sku from product_variant',
    "select unnest(array['COCOA-1', 'JO-7'])",
  ]
  const rows = await till.service.db.asOwner<{ name: string }>([...ids, ...codes].join(' union all '))
  return new Set(rows.map(({ name }) => name))
}

describe('a dry run', () => {
  it('is tried for every tool that writes', async () => {
    const writing = (await loadTools()).filter((tool) => tool.kind === 'business' && tool.mode === 'write')
    expect(writing.map(({ name }) => name).sort()).toEqual(Object.keys(calls).sort())
  })

  it('says what would be, makes up no id, number, code or stamp, and writes nothing', async () => {
    const names = await known()
    const before = await till.footprint()
    for (const [tool, inputs] of Object.entries(calls)) {
      for (const input of inputs) {
        const { text, data } = await till.ok(tool, { ...input, dryRun: true })
        const prefix = 'Dry run, nothing was written. Would '
        const both = `${text.slice(prefix.length)}\n${JSON.stringify(data)}`
        const given = [...both.matchAll(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b[A-Z]+-\d+\b/g)].map(([name]) => name)
        expect({
          ...{ tool, input },
          begins: text.slice(0, prefix.length),
          invented: given.filter((name) => !names.has(name)),
          told: both.match(/\b(was|were|(is|are) now|[Rr]efunded|[Mm]oved|[Cc]ancelled|New product|Movement)\b/g),
          changedAt: data.updatedAt ?? data.client?.updatedAt ?? null,
        }).toEqual({
          ...{ tool, input },
          begins: prefix,
          invented: [],
          told: tool === 'cancel_order' ? ['cancelled'] : null,
          // Only a change that changes nothing tells when the last one was.
          changedAt: text.includes('change nothing') ? expect.any(String) : null,
        })
      }
    }
    expect(await till.footprint()).toEqual(before)
  })
})
