import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeOrder } from '../../support/shop.ts'
import { startTill, type Till } from '../../support/till.ts'

// The first sale is of 2024-05-10 and the clock stands at noon of 2026-03-10, 670 days later.
let till: Till

beforeAll(async () => {
  till = await startTill()
  const tea = await till.product('TEA', { price: '10', cost: '4' })
  const lines = [{ ...tea, quantity: '1', unitPrice: '10' }]
  for (const [number, at] of [
    ['1', '2024-05-10T18:00:00Z'],
    ['2', '2026-03-09T18:00:00Z'],
  ] as const) {
    await makeOrder(till.service.db.till, till.shop, { number, at, lines })
  }
})
afterAll(() => till?.service.close())

describe('a window that is too long and begins before the first sale', () => {
  it.each([
    ['get_sales_report', { groupBy: ['month'] }],
    ['get_top_products', {}],
    ['get_sales_by_category', {}],
    ['get_sales_by_location', {}],
    ['get_tax_report', {}],
    ['get_sales_by_payment_method', {}],
    ['summarize_period', {}],
  ])('begins with that in %s, and says so', async (tool, args) => {
    const { data, text } = await till.ok(tool, { ...args, from: '2020-01-01' })
    const { window } = data.periods?.[0] ?? data
    expect(window).toMatchObject({ from: '2024-05-10', to: '2026-03-10', requestedFrom: '2020-01-01' })
    expect(text).toContain('2024-05-10 to 2026-03-10')
    expect(text).toContain('asked from 2020-01-01, before the first sale on file')
  })

  it('stays as it is asked for where it is not too long', async () => {
    const { data } = await till.ok('get_sales_report', { from: '2024-01-01', groupBy: ['month'] })
    expect(data.window).toMatchObject({ from: '2024-01-01' })
    expect(data.window.requestedFrom).toBeUndefined()
  })

  it('is refused with one that would do where sales go back further', async () => {
    const old = await startTill()
    const tea = await old.product('TEA', { price: '10', cost: '4' })
    const lines = [{ ...tea, quantity: '1', unitPrice: '10' }]
    await makeOrder(old.service.db.till, old.shop, { number: '1', at: '2022-01-10T18:00:00Z', lines })
    const refusal = await old.fails('get_sales_report', { from: '2020-01-01' })
    await old.service.close()
    expect(refusal).toBe(
      'invalid_argument: from and to may span at most 1,100 days: up to 2026-03-10, from may be 2023-03-07 or later. ' +
        'Ask for earlier days apart, with their own from and to.',
    )
  })

  it.each(['get_sales_report', 'get_tax_report', 'get_sales_by_payment_method', 'get_sales_by_category'])(
    'is said to begin before the first sale by %s',
    async (tool) => {
      const { data, text } = await till.ok(tool, { from: '2024-01-01', to: '2024-12-31' })
      expect(text).toContain('Sales on file begin on 2024-05-10.')
      expect(JSON.stringify(data)).toContain('Sales on file begin on 2024-05-10.')
      const later = await till.ok(tool, { from: '2024-05-10', to: '2024-12-31' })
      expect(later.text).not.toContain('Sales on file')
    },
  )

  it('may be of any length in a list', async () => {
    const { data } = await till.ok('list_orders', { from: '2020-01-01' })
    expect(data.matching.orders).toBe(2)
  })

  it('names a group that fits where its rows do not', async () => {
    expect(await till.fails('get_sales_report', { from: '2020-01-01', groupBy: ['day'] })).toMatch(
      /^invalid_argument: groupBy day gives more rows than fit one answer for 670 days. Use groupBy month or quarter, or/,
    )
  })
})
