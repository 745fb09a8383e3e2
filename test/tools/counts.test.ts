import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadTools } from '../../plugins/mcp/registry.ts'
import { makeClient, makePurchase } from '../support/clients.ts'
import { makeBoard, makeTime } from '../support/psa.ts'
import { makeUser } from '../support/shop.ts'
import { startTill, type Till } from '../support/till.ts'

// A shop with one of everything, dear: nothing in its texts is one of several, and every amount has thousands. The clock stands at noon of 2026-03-10.
let till: Till
let texts: { tool: string; text: string }[]

beforeAll(async () => {
  till = await startTill()
  const { service, shop } = till
  const tea = await till.product('TEA', { price: '12345', cost: '4000', stock: '5' })
  const client = await makeClient(service.db, shop, { code: 'C-1', name: 'Ana' })
  const lines = [{ ...tea, quantity: '1', unitPrice: '12345' }]
  await makePurchase(service.db, shop, client, { number: 'N-1', at: '2026-03-10T16:00:00Z', lines })
  const { steps } = await makeBoard(service.db, shop, {
    name: 'Board',
    phases: [['Phase', [{ name: 'Step', due: '2026-03-09', minutes: 123_456 }]]],
  })
  const user = await makeUser(service.db, 'luz', [{ shop, role: 'manager' }])
  const time = { step: steps.get('Step'), user, on: '2026-03-10', minutes: 600, rate: '1000' }
  await makeTime(service.db, shop, time)
  await service.db.asOwner("insert into employee (business_id, number, name) values ($1, '1', 'Luz')", [shop.id])
  texts = await askEverything()
})
afterAll(() => till?.service.close())

const OTHERS: [tool: string, args: Record<string, unknown>][] = [
  ['get_client', { client: 'C-1', preset: 'today' }],
  ['get_product', { product: 'TEA' }],
  ['get_order', { order: 'N-1' }],
  ['get_psa_board', { board: 'Board' }],
  ['get_sales_report', { preset: 'today', groupBy: ['product', 'hour'], limit: 1 }],
  ['get_psa_time_report', { groupBy: 'week' }],
  ['get_psa_time_report', { preset: 'today', groupBy: 'day' }],
  ['get_tax_report', { preset: 'today' }],
  ['get_forecast', { days: 1 }],
  ['list_orders', { limit: 1, preset: 'today' }],
  ['summarize_day', {}],
  ['summarize_period', { preset: 'today' }],
]

/** The text of every reading tool, some of a single day. */
async function askEverything(): Promise<typeof texts> {
  const named = new Set(OTHERS.map(([tool]) => tool))
  const tools = (await loadTools()).filter(
    (tool) =>
      tool.kind === 'business' &&
      tool.mode === 'read' &&
      (tool.input.required ?? []).every((name) => tool.input.properties[name]?.default !== undefined),
  )
  const calls = [...tools.filter(({ name }) => !named.has(name)).map(({ name }) => [name, {}] as const), ...OTHERS]
  const answers: typeof texts = []
  for (const [tool, args] of calls) answers.push({ tool, text: (await till.ok(tool, args)).text })
  return answers
}

/** Where texts say what they must not. */
function found(wrong: RegExp): string[] {
  return texts.flatMap(({ tool, text }) => [...text.matchAll(wrong)].map(([words]) => `${tool}: ${words}`))
}

describe('the text of every tool', () => {
  it('calls one of something in the singular', () => {
    expect(found(/(?<![\d.,:-])1 (?:[a-z]+ )?[a-z]+s\b(?<! (?:matches|differs|needs|has|is|was))/g)).toEqual([])
    expect(texts.length).toBeGreaterThanOrEqual(30)
  })

  it('groups thousands, and names a single day once', () => {
    expect(found(/(?<![\d.,:-])\d{4,}\.\d\d\b/g)).toEqual([])
    expect(found(/(\d{4}-\d\d-\d\d) to \1/g)).toEqual([])
  })

  it('says of net sales and the average sale that they are without tax, where the number stands', () => {
    expect(found(/(?:average sale|net) GTQ [\d,]+\.\d\d(?! without tax)/g)).toEqual([])
    expect(found(/GTQ [\d,.]+ net(?!, without tax)/g)).toEqual([])
  })

  it('begins with how many there are, where it is a list', () => {
    const lists = texts.filter(({ tool }) => tool.startsWith('list_'))
    const other = lists.filter(({ text }) => !/^(?:Only )?\d|^No [\w ]+ match|^[A-Z][\w -]+ that match: \d/.test(text))
    expect(other.map(({ tool, text }) => `${tool}: ${text.slice(0, 60)}`)).toEqual([])
    expect(lists.length).toBeGreaterThanOrEqual(10)
  })
})
