import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeClient, makePurchase } from '../../support/clients.ts'
import { makeOrder, makeRefund, type Product } from '../../support/shop.ts'
import { startTill, type Till } from '../../support/till.ts'

// Of products and clients over a long window, those that are shown are found before their cells are read. The clock
// stands at noon of Tuesday, 2026-03-10.
let till: Till

beforeAll(async () => {
  till = await startTill()
  const { shop, service } = till
  const [tea, soap, bread] = await Promise.all(['TEA', 'SOAP', 'BREAD'].map((sku) => till.product(sku)))
  const [ana, bea] = await Promise.all(['Ana', 'Bea'].map((name) => makeClient(service.db, shop, { code: name, name })))
  const sell = (number: string, day: string, client: string | undefined, amounts: [Product | undefined, string][]) => {
    const lines = amounts.map(([product, unitPrice]) => ({ ...(product as Product), quantity: '1', unitPrice }))
    const order = { number, at: `${day}T15:00:00Z`, lines }
    if (client === undefined) return makeOrder(service.db.till, shop, order)
    return makePurchase(service.db, shop, client, order)
  }
  await sell('1', '2025-12-03', ana, [[tea, '20']])
  await sell('2', '2026-01-07', undefined, [[soap, '21']])
  await sell('3', '2026-02-02', bea, [
    [tea, '10'],
    [bread, '5'],
  ])
  const returned = await sell('4', '2026-02-04', undefined, [[soap, '7']])
  const lines = [{ ...(soap as Product), line: 1, quantity: '1', returns: '7' }]
  await makeRefund(service.db.till, shop, { orderId: returned, at: '2026-02-16T15:00:00Z', lines })
  const undone = await sell('5', '2026-02-17', ana, [[bread, '6']])
  const back = [{ ...(bread as Product), line: 1, quantity: '1', returns: '11' }]
  await makeRefund(service.db.till, shop, { orderId: undone, at: '2026-02-24T15:00:00Z', lines: back })
  await sell('6', '2026-03-10', ana, [[tea, '3']])
})
afterAll(() => till?.service.close())

const LONG = { from: '2025-12-01', to: '2026-03-09' }

/** The cells that are not zero, by value and week; either may make the columns. */
async function cellsOf(args: Record<string, unknown>) {
  const { data } = await till.ok('get_sales_report', { ...LONG, measures: ['net_sales'], ...args })
  const { rows, columns } = data as { rows: { key: string; netSales: string[] }[]; columns: { names: string[] } }
  const cells: Record<string, Record<string, string>> = {}
  for (const { key, netSales } of rows) {
    for (const [index, value] of netSales.entries()) {
      const names = [key, columns.names[index] as string]
      const [week, name] = (/^\d/.test(key) ? names : names.reverse()) as [string, string]
      if (Number(value) !== 0) cells[name] = { ...cells[name], [week]: value }
    }
  }
  return cells
}

const JANUARY = '2026-01-05'
const PRODUCTS = {
  TEA: { '2025-12-01': '20.00', '2026-02-02': '10.00' },
  // Sold for as much as was given back, in other weeks.
  SOAP: { [JANUARY]: '21.00', '2026-02-02': '7.00', '2026-02-16': '-7.00' },
  BREAD: { '2026-02-02': '5.00', '2026-02-16': '6.00', '2026-02-23': '-11.00' },
}
const CLIENTS = {
  Ana: { '2025-12-01': '20.00', '2026-02-16': '6.00', '2026-02-23': '-11.00' },
  Bea: { '2026-02-02': '15.00' },
  'no client': { [JANUARY]: '21.00', '2026-02-02': '7.00', '2026-02-16': '-7.00' },
}

const WEEKS = {
  '2025-12-01': '20.00',
  [JANUARY]: '21.00',
  '2026-02-02': '22.00',
  '2026-02-16': '-1.00',
  '2026-02-23': '-11.00',
}
const RATES = { '0 %': WEEKS }
const SUPPLIERS = { 'no supplier': WEEKS }

describe('a few of many values over a long window', () => {
  it.each([
    ['product', PRODUCTS],
    ['variant', PRODUCTS],
    ['client', CLIENTS],
    ['tax_rate', RATES],
    ['supplier', SUPPLIERS],
  ])('have the cells of each week by %s', async (dimension, expected) => {
    expect(await cellsOf({ groupBy: [dimension, 'week'] })).toEqual(expected)
    // All weekdays are read day by day and at once.
    expect(await cellsOf({ groupBy: [dimension, 'week'], filters: ['weekday=Mon-Sun'] })).toEqual(expected)
    expect(await cellsOf({ groupBy: ['week', dimension], locationId: 'Location 1' })).toEqual(expected)
  })

  it('count today in the sums, and not among whole days', async () => {
    const args = { from: LONG.from, to: '2026-03-10', groupBy: ['client', 'weekday'], filters: ['client=Ana'] }
    const { data } = await till.ok('get_sales_report', args)
    // 3.00 today, Tuesday; 20.00 on a Wednesday, 6.00 and -11.00 on Tuesdays.
    expect(data.rows).toMatchObject([
      { key: 'Tuesday', netSales: ['-2.00'], days: 13, netSalesPerDay: '-0.38' },
      { key: 'Wednesday', netSales: ['20.00'], days: 14, netSalesPerDay: '1.43' },
    ])
    const before = await till.ok('get_sales_report', { ...args, to: LONG.to })
    expect(before.data.rows).toMatchObject([
      { key: 'Tuesday', netSales: ['-5.00'], days: 13, netSalesPerDay: '-0.38' },
      { key: 'Wednesday', netSales: ['20.00'], days: 14, netSalesPerDay: '1.43' },
    ])
  })
})
