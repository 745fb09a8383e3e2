import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import { makeClient, makePurchase } from '../support/clients.ts'
import { makeBoard } from '../support/psa.ts'
import { startTill, type Till } from '../support/till.ts'

// A shop with one of everything: nothing in its texts is one of several. The clock stands at noon of 2026-03-10.
let till: Till

beforeAll(async () => {
  till = await startTill()
  const { service, shop } = till
  const tea = await till.product('TEA', { price: '10', cost: '4', stock: '5' })
  const client = await makeClient(service.db, shop, { code: 'C-1', name: 'Ana' })
  const lines = [{ ...tea, quantity: '1', unitPrice: '10' }]
  await makePurchase(service.db, shop, client, { number: 'N-1', at: '2026-03-10T16:00:00Z', lines })
  await makeBoard(service.db, shop, {
    name: 'Board',
    phases: [['Phase', [{ name: 'Step', due: '2026-03-09' }]]],
  })
})
afterAll(() => till?.service.close())

const OTHERS: [tool: string, args: Record<string, unknown>][] = [
  ['get_client', { client: 'C-1', preset: 'today' }],
  ['get_product', { product: 'TEA' }],
  ['get_order', { order: 'N-1' }],
  ['get_psa_board', { board: 'Board' }],
  ['get_sales_report', { preset: 'today', groupBy: ['product', 'hour'], limit: 1 }],
  ['get_forecast', { days: 1 }],
  ['list_orders', { limit: 1, preset: 'today' }],
  ['summarize_day', {}],
  ['summarize_period', { preset: 'today' }],
]

describe('one of something', () => {
  it('is called in the singular by every tool', async () => {
    const named = new Set(OTHERS.map(([tool]) => tool))
    const tools = (await loadTools()).filter(
      (tool) =>
        tool.kind === 'business' &&
        tool.mode === 'read' &&
        (tool.input.required ?? []).every((name) => tool.input.properties[name]?.default !== undefined),
    )
    const calls = [...tools.filter(({ name }) => !named.has(name)).map(({ name }) => [name, {}] as const), ...OTHERS]
    const wrong: string[] = []
    for (const [tool, args] of calls) {
      const { text } = await till.ok(tool, args)
      for (const [found] of text.matchAll(
        /(?<![\d.,:-])1 (?:[a-z]+ )?[a-z]+s\b(?<! (?:matches|differs|needs|has|is|was))/g,
      )) {
        wrong.push(`${tool}: ${found}`)
      }
    }
    expect(wrong).toEqual([])
    expect(calls.length).toBeGreaterThanOrEqual(30)
  })
})
