import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import type { Tool } from '../../src/mcp/tool.ts'
import { RESEARCH_TOOLS } from '../../src/mcp/view.ts'
import { grouped } from '../../src/money/money.ts'
import { type Args, workingCall } from '../isolation/arguments.ts'
import { rpc } from '../support/service.ts'
import { startTill, type Till } from '../support/till.ts'

// Sofía sold 13 and 24 units at 1,120.00 with 12 % tax, net 13,000.00 and 24,000.00, of which 5 and 6 came back. The
// cashier sold nothing.
const NET_LESS_RETURNS = 26_000
const SUMS = [37_000, 41_440, 18_500, 11_000, 12_320, NET_LESS_RETURNS, 29_120, 13_000]
const UNITS = [37, 26, 11]
const COST = '777.77'

let till: Till
let tools: Tool[]
beforeAll(async () => {
  tools = await loadTools()
  till = await startTill()
  await till.product('RELOJ', { price: '1120', cost: COST, stock: '1000' })
  await till.service.db.asOwner(
    `insert into employee (business_id, number, name, user_id)
     select $1::uuid, '7', 'Sofía', null::uuid union all
     select $1::uuid, '8', 'Carlos', id from app_user where firebase_uid = 'carlos'`,
    [till.shop.id],
  )
  await till.service.db.asOwner("insert into customer (business_id, code, name) values ($1, 'C-7', 'María')", [
    till.shop.id,
  ])
  for (const [number, units, back] of [
    ['FP-000001', '13', '5'],
    ['FP-000002', '24', '6'],
  ] as const) {
    const sold = { items: [{ product: 'RELOJ', quantity: units }], clientId: 'C-7', employee: '7' }
    await till.ok('create_order', sold)
    const refund = { order: number, reason: 'x', restock: false, employee: '7' }
    await till.ok('refund_order', { ...refund, lines: [{ line: 1, quantity: back }] })
  }
  await till.ok('adjust_inventory', { product: 'RELOJ', change: '1', reason: 'purchase', unitCost: COST })
})
afterAll(() => till?.service.close())

const VALUES: Record<string, string> = {
  product: 'RELOJ',
  client: 'C-7',
  clientId: 'C-7',
  order: 'FP-000001',
  search: 'María',
  query: 'María',
  id: 'client:C-7',
}

/** The calls that somebody who wants to know would try. */
function attempts(tool: Tool): Args[] {
  const names = Object.keys(tool.input.properties)
  const base = workingCall(tool, (name) => VALUES[name] ?? 'x')
  const optional = ['product', 'clientId', 'search'].filter((name) => names.includes(name) && !(name in base))
  return [
    base,
    ...optional.map((name) => ({ ...base, [name]: VALUES[name] })),
    ...(names.includes('preset') ? [{ ...base, preset: 'today' }] : []),
    ...(names.includes('reason') ? [{ ...base, product: 'RELOJ', reason: 'sale' }] : []),
    ...(names.includes('sort') ? [{ ...base, sort: 'largest' }] : []),
  ]
}

/** What of the sums of others, or of costs, a text tells. */
function told(text: string): string[] {
  const amounts = SUMS.flatMap((sum) => [`${sum}.00`, grouped(`${sum}.00`)])
  const units = UNITS.flatMap((sum) => [`"${sum}"`, `|${sum}|`, ` ${sum} out`, ` ${sum} in`])
  return [...amounts, ...units, COST].filter((each) => text.includes(each))
}

describe('a cashier learns neither costs nor what others sold in all', () => {
  it('from any tool that reads', async () => {
    const list = async (url: string) => {
      const { body } = await rpc(till.service.app, till.cashier, 'tools/list', {}, { url })
      return (body.result.tools as { name: string }[]).map(({ name }) => name)
    }
    const visible = [...(await list('/mcp')), ...(await list('/mcp?toolset=research'))]
    const reading = tools.filter(({ name, annotations }) => visible.includes(name) && annotations.readOnlyHint)
    expect(reading.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['get_client', 'list_clients', 'list_orders', 'list_inventory_movements', 'fetch']),
    )
    for (const tool of reading) {
      const url = RESEARCH_TOOLS.includes(tool.name) ? '/mcp?toolset=research' : '/mcp'
      for (const args of attempts(tool)) {
        const { body } = await rpc(
          till.service.app,
          till.cashier,
          'tools/call',
          { name: tool.name, arguments: args },
          { url },
        )
        const text = JSON.stringify(body.result?.content) + JSON.stringify(body.result?.structuredContent)
        // One order is found by its number, and by its client.
        const isOne = ['get_order', 'get_client', 'fetch'].includes(tool.name)
        const found = told(text).filter((each) => !isOne || !/^13,?000\.00$/.test(each))
        expect({ tool: tool.name, args, found }).toEqual({ tool: tool.name, args, found: [] })
      }
    }
  })

  it('while an owner does', async () => {
    const { text } = await till.ok('list_clients', {})
    expect(told(text)).toEqual(['26,000.00'])
    expect((await till.ok('list_inventory_movements', { product: 'RELOJ', reason: 'sale' })).data.unitsOut).toBe('37')
  })

  it('nor by asking who spent more than so much', async () => {
    const as = { token: till.cashier }
    for (const args of [{ minSpend: '1' }, { maxSpend: '1' }, { sort: 'net_sales' }]) {
      expect(await till.fails('list_clients', args, as)).toMatch(
        /^role_not_allowed: \w+: the role cashier does not see what clients spent\./,
      )
    }
    const window = { client: 'C-7', preset: 'today' }
    expect(await till.fails('get_client', window, as)).toContain('preset: the role cashier does not see')
    const { data, text } = await till.ok('get_client', { client: 'C-7' }, as)
    expect(data.sales).toEqual({
      ...{ firstPurchase: '2026-03-10', lastPurchase: '2026-03-10', currency: 'GTQ', timezone: 'America/Guatemala' },
    })
    expect(text).toMatch(/^Client María \(C-7\), active\.$/m)
    const { columns } = (await till.ok('list_clients', {}, as)).data
    expect(columns).toEqual(['code', 'client', 'last purchase'])
  })
})
