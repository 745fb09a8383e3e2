import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, type Service, startService } from '../../support/service.ts'
import { makeOrder, makeProduct, makeShop, makeUser, type Shop } from '../../support/shop.ts'

// Net sales without tax. Norte supplies coffee and cakes, Sur tea and mugs; nobody is known to supply bags.
//            cost   January   February            March
//   coffee   4      1 × 10    5 × 10 = 50         10 × 10 = 100   margin 30, then 60
//   cake     10               2 × 10 = 20         2 × 10 = 20     margin 0, then 0
//   tea      12               5 × 16 = 80         3 × 10 = 30     margin 20, then −6
//   mug      5                7 × 10 = 70         none            margin 35
//   bag      ?                none                1 × 50 = 50
let service: Service
let shop: Shop
let token: string
const MARCH = { from: '2026-03-01', to: '2026-03-31' }

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  const { db } = service
  shop = await makeShop(db)
  await makeUser(db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
  service.now = new Date('2026-04-20T18:00:00Z')
  const supplier = async (name: string) => {
    const rows = await db.asOwner<{ id: string }>(
      'insert into supplier (business_id, name) values ($1, $2) returning id',
      [shop.id, name],
    )
    return rows[0]?.id ?? null
  }
  const [north, south] = [await supplier('Proveedor Norte'), await supplier('Proveedor Sur')]
  let number = 0
  for (const [sku, from, cost, sold] of [
    ['coffee', north, '4', { '2026-01-20': ['1', '10'], '2026-02-10': ['5', '10'], '2026-03-10': ['10', '10'] }],
    ['cake', north, '10', { '2026-02-10': ['2', '10'], '2026-03-10': ['2', '10'] }],
    ['tea', south, '12', { '2026-02-10': ['5', '16'], '2026-03-10': ['3', '10'] }],
    ['mug', south, '5', { '2026-02-10': ['7', '10'] }],
    ['bag', null, null, { '2026-03-10': ['1', '50'] }],
  ] as const) {
    const product = await makeProduct(db, shop, { sku })
    await db.asOwner('update product set supplier_id = $3 where business_id = $1 and id = $2', [
      shop.id,
      product.productId,
      from,
    ])
    for (const [day, [quantity, unitPrice]] of Object.entries(sold)) {
      number += 1
      const lines = [{ ...product, quantity, unitPrice }]
      await makeOrder(db.database, shop, { number: `${number}`, at: `${day}T18:00:00Z`, lines })
    }
    await db.till.within({ businessId: shop.id }, 'write', (trx) =>
      sql`update order_item set unit_cost = ${cost} where variant_id = ${product.variantId}`.execute(trx),
    )
  }
})
afterAll(() => service?.close())

const ask = (args: object) => call(service.app, token, 'get_sales_report', { ...MARCH, ...args })
const report = async (args: object) => {
  const { data, text, isError } = await ask(args)
  expect({ isError, text: isError ? text : '' }).toEqual({ isError: false, text: '' })
  return { data, text: text as string, rows: data.rows as Record<string, string | null>[] }
}
const refusal = async (args: object) => {
  const { text, isError } = await ask(args)
  expect(isError).toBe(true)
  return text as string
}
const columns = (rows: Record<string, string | null>[], ...names: string[]) =>
  rows.map((row) => names.map((name) => row[name]))

describe('suppliers', () => {
  it('are rows, with those of none', async () => {
    const { rows, text } = await report({ groupBy: ['supplier'], measures: ['net_sales', 'margin'] })
    expect(columns(rows, 'key', 'netSales', 'margin', 'marginPercent', 'costedPercent')).toEqual([
      ['Proveedor Norte', '120.00', '60.00', '50.0', '100.0'],
      ['no supplier', '50.00', null, null, '0.0'],
      ['Proveedor Sur', '30.00', '-6.00', '-20.0', '100.0'],
    ])
    expect(text).toContain('| Proveedor Norte | 120.00 | 60.00 | 50.0 | 100.0 |')
    expect(text).toContain('Products count with their supplier of today.')
  })

  it('divide categories and months, too', async () => {
    const { data } = await report({ from: '2026-02-01', groupBy: ['supplier', 'month'], measures: ['net_sales'] })
    expect(data.rows).toMatchObject([
      { key: 'Proveedor Norte', netSales: ['70.00', '120.00'] },
      { key: 'Proveedor Sur', netSales: ['150.00', '30.00'] },
      { key: 'no supplier', netSales: [null, '50.00'] },
    ])
    const { rows } = await report({ groupBy: ['category', 'supplier'], measures: ['net_sales'], limit: 1 })
    expect(rows).toMatchObject([{ keys: ['No category', 'Proveedor Norte'], netSales: '120.00' }])
  })

  it('are cut and counted without the row of none, which stands beside them', async () => {
    const { text, rows } = await report({ groupBy: ['supplier'], measures: ['net_sales'], limit: 1 })
    expect(text).toContain('Only 1 of 2 suppliers is shown; totals are of all.')
    expect(columns(rows, 'key')).toEqual([['Proveedor Norte'], ['no supplier']])
    const all = await report({ groupBy: ['supplier'], measures: ['net_sales'], limit: 2 })
    expect(all.rows).toHaveLength(3)
    expect(all.text).not.toContain('Only')
  })

  it('are told to be cut where they make the columns, too', async () => {
    const { text, data } = await report({ from: '2026-01-01', groupBy: ['supplier', 'month'], limit: 1 })
    expect(data.columns.names).toEqual(['Proveedor Norte'])
    expect(data.about.cut).toBe('Only 1 of 2 suppliers is shown; totals are of all.')
    expect(text).toMatch(/^Only 1 of 2 suppliers is shown; totals are of all\./)
  })

  it('are a filter by name, beside others', async () => {
    const { data, text, rows } = await report({ groupBy: ['product'], filters: ['supplier=proveedor norte'] })
    expect(data.totals.netSales).toBe('120.00')
    expect(columns(rows, 'key', 'netSales')).toEqual([
      ['coffee', '100.00'],
      ['cake', '20.00'],
    ])
    expect(data.about.filters).toEqual(['supplied by Proveedor Norte'])
    expect(text).toContain('2026-03-01 to 2026-03-31 supplied by Proveedor Norte')
    const ofAll = 'Shares are of what the filters leave, not of all sales.'
    expect(data.about.notes).toContain(ofAll)
    expect((await report({ groupBy: ['product'] })).text).not.toContain(ofAll)
    const one = await report({ groupBy: [], filters: ['supplier=Proveedor Norte', 'product=cake'] })
    expect(one.data.totals.netSales).toBe('20.00')
    // list_orders does not know suppliers.
    expect(one.data.about.basis.call).toBeUndefined()
    expect(await refusal({ filters: ['supplier=Nortte'] })).toMatch(
      /supplier: no supplier of this business has that id or name\. There are "Proveedor Norte"/,
    )
  })
})

describe('margin_percent', () => {
  it('ranks rows of which the cost is known; one of 0 % is a row', async () => {
    const lowest = await report({ groupBy: ['product'], sort: '-margin_percent' })
    expect(columns(lowest.rows, 'key', 'netSales', 'marginPercent', 'costedPercent')).toEqual([
      ['tea', '30.00', '-20.0', '100.0'],
      ['cake', '20.00', '0.0', '100.0'],
      ['coffee', '100.00', '60.0', '100.0'],
      ['bag', '50.00', null, '0.0'],
    ])
    expect(lowest.text).toContain('| product | net | units | share % | margin % | cost known, % of net |')
    const alone = await report({ groupBy: ['product'], measures: ['margin_percent'] })
    expect(columns(alone.rows, 'key', 'marginPercent')).toEqual([
      ['coffee', '60.0'],
      ['cake', '0.0'],
      ['tea', '-20.0'],
    ])
    // 60 − 6 of the 150 that have a cost.
    expect(alone.data.totals).toMatchObject({ marginPercent: '36.0', costedPercent: '75.0' })
  })

  it('stands once where the margin is asked for, too', async () => {
    const { text, data } = await report({ groupBy: ['product'], measures: ['margin_percent', 'margin'] })
    expect(text).toContain('| product | margin % | cost known, % of net | margin |')
    expect(data.rows[0]).toEqual({ key: 'coffee', marginPercent: '60.0', costedPercent: '100.0', margin: '60.00' })
  })

  it('is of whole orders, too', async () => {
    const { rows } = await report({ groupBy: ['location'], measures: ['margin_percent'] })
    expect(columns(rows, 'marginPercent', 'costedPercent')).toEqual([['36.0', '75.0']])
  })
})

describe('the change of the first measure', () => {
  it('ranks what fell most first, also what is no longer sold', async () => {
    const args = { groupBy: ['product'], measures: ['net_sales'], compare: 'previous' }
    const { rows, text } = await report({ ...args, sort: '-change' })
    expect(columns(rows, 'key', 'netSales', 'netSalesBefore', 'changePercent', 'netSalesChange')).toEqual([
      ['mug', '0.00', '70.00', '-100.0', '-70.00'],
      ['tea', '30.00', '80.00', '-62.5', '-50.00'],
      ['cake', '20.00', '20.00', '0.0', '0.00'],
      ['coffee', '100.00', '50.00', '100.0', '50.00'],
      ['bag', '50.00', '0.00', null, '50.00'],
    ])
    expect(text).toContain('| product | net | net before | change % | net change |')
    expect(text).toContain('| mug | 0.00 | 70.00 | -100.0 | -70.00 |')
    expect(text).toContain('In the order of the change of net against 2026-02-01 to 2026-02-28.')
    // Ranked over all, before the cut.
    const grown = await report({ ...args, sort: 'change', limit: 1 })
    expect(columns(grown.rows, 'key', 'netSalesChange')).toEqual([['coffee', '50.00']])
    expect(grown.data.about.cut).toContain('1 of 5')
  })

  it('takes a margin of nothing sold for none, and one without a cost for unknown', async () => {
    const { rows } = await report({
      ...{ groupBy: ['product'], measures: ['margin', 'net_sales'], compare: 'previous', sort: '-change' },
    })
    expect(columns(rows, 'key', 'margin', 'marginBefore', 'marginChange')).toEqual([
      ['mug', null, '35.00', '-35.00'],
      ['tea', '-6.00', '20.00', '-26.00'],
      ['cake', '0.00', '0.00', '0.00'],
      ['coffee', '60.00', '30.00', '30.00'],
      ['bag', null, null, null],
    ])
  })

  it('of percentages is in points', async () => {
    const args = { groupBy: ['product'], compare: 'previous' }
    const margins = await report({ ...args, measures: ['margin_percent'], sort: '-change' })
    expect(columns(margins.rows, 'key', 'marginPercent', 'marginPercentBefore', 'changePoints')).toEqual([
      ['tea', '-20.0', '25.0', '-45.0'],
      ['coffee', '60.0', '60.0', '0.0'],
      ['cake', '0.0', '0.0', '0.0'],
      ['mug', null, '50.0', null],
    ])
    expect(margins.text).toContain('| margin % before | change in points |')
    // Shares before are of the sales before: 50 of 220.
    const { rows } = await report({ ...args, measures: ['share'], limit: 1 })
    expect(rows).toEqual([{ key: 'coffee', sharePercent: '50.0', sharePercentBefore: '22.7', changePoints: '27.3' }])
  })

  it('ranks values over the months of a matrix, and days', async () => {
    const { data } = await report({
      ...{ groupBy: ['product', 'month'], measures: ['net_sales'], compare: 'previous', sort: '-change', limit: 2 },
    })
    expect(data.rows).toMatchObject([
      { key: 'mug', all: { netSales: '0.00', netSalesBefore: '70.00' } },
      { key: 'tea', all: { netSales: '30.00', netSalesBefore: '80.00' } },
    ])
    const days = await report({ groupBy: ['day'], measures: ['net_sales'], compare: 'previous', sort: 'change' })
    // 200 on 10 March; 220 on 10 February.
    expect(columns(days.rows, 'key', 'netSalesChange')).toEqual([['2026-03-10', '-20.00']])
  })

  it('is refused where there is none', async () => {
    const args = { groupBy: ['product'], sort: '-change' }
    expect(await refusal(args)).toContain('sort change is not possible. There is nothing to compare with.')
    expect(await refusal({ ...args, compare: 'year' })).toContain('sales on file begin on 2026-01-20')
    expect(await refusal({ ...args, compare: 'previous', groupBy: ['week'] })).toContain('do not hold the same days')
    expect(await refusal({ ...args, compare: 'previous', measures: ['share'] })).toContain('Put net_sales first.')
    expect(await refusal({ ...args, sort: 'changed' })).toContain('or with compare change;')
  })
})
