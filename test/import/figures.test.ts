import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ImportReport, importFiles } from '../../src/import/import.ts'
import { compactRows } from '../support/compact-rows.ts'
import { call, type Service, startService } from '../support/service.ts'
import { makeShop, makeUser, type Shop } from '../support/shop.ts'
import { type ImportBench, importBench } from './files.ts'

// Two years of made-up sales, so regular that every figure can be worked out by hand. On day k of each month, client k
// (1 to 12) buys k teas at 1.25 and one pen at 0.99. Each December, client 1 also returns one tea.
// A month: 78 teas 97.50 + 12 pens 11.88 = 109.38. A year: 12 × 109.38 − 1.25 = 1,311.31. Client k: 24 × (1.25 k + 0.99)
// = 30 k + 23.76, client 1 less 2.50.
const YEARS = ['2024', '2025']
const MONTHS = ['01', '02', '03', '04', '05', '06', '07', '08', '09', '10', '11', '12']
const COUNTRIES = [
  { country: 'Norway', clients: 6, orders: 144, netSales: '770.06' },
  { country: 'Chile', clients: 4, orders: 96, netSales: '1115.04' },
  { country: "Côte d'Ivoire", clients: 2, orders: 48, netSales: '737.52' },
]
const NET_OF_CLIENT = {
  ...{ 'C-1': '51.26', 'C-2': '83.76', 'C-3': '113.76', 'C-4': '143.76', 'C-5': '173.76', 'C-6': '203.76' },
  ...{ 'C-7': '233.76', 'C-8': '263.76', 'C-9': '293.76', 'C-10': '323.76', 'C-11': '353.76', 'C-12': '383.76' },
}
const ALL = { clients: 12, orders: 288, netSales: '2622.62' }

let service: Service
let bench: ImportBench
let shop: Shop
let token: string
let files: { orders: string; clients: string }
let report: ImportReport

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  bench = await importBench(service.db)
  shop = await makeShop(service.db, { currency: 'USD', timezone: 'UTC' })
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
  files = {
    orders: await bench.write('orders.csv', orderLines()),
    clients: await bench.write('clients.csv', clientLines()),
  }
  report = await importFiles(service.db.commands, { businessId: shop.id, files })
})
afterAll(async () => {
  await bench.remove()
  await service.close()
})

function clientLines(): string[] {
  const countries = COUNTRIES.flatMap(({ country, clients }) => Array<string>(clients).fill(country))
  const rows = countries.map(
    (country, index) => `C-${index + 1},Client ${index + 1},c${index + 1}@example.com,${country}`,
  )
  return ['client_code,name,email,country', ...rows]
}

function orderLines(): string[] {
  const lines = ['order_number,ordered_at,sku,product_name,category,quantity,unit_price,client_code']
  for (const month of YEARS.flatMap((year) => MONTHS.map((number) => `${year}-${number}`))) {
    for (let k = 1; k <= 12; k += 1) {
      const order = `${month}/${k},${month}-${String(k).padStart(2, '0')}`
      lines.push(`${order},TEA,Tea,Drinks,${k},1.25,C-${k}`, `${order},PEN-${k % 3},Pen ${k % 3},Paper,1,0.99,C-${k}`)
      if (k === 1 && month.endsWith('-12')) lines.push(`${order},TEA,Tea,Drinks,-1,1.25,C-1`)
    }
  }
  return lines
}

async function use(name: string, args: Record<string, unknown>) {
  const { data, isError, text } = await call(service.app, token, name, args)
  expect(isError, text).toBe(false)
  return data
}

/** Every page of the clients that match, a few at a time. */
async function listClients(args: Record<string, unknown>) {
  const clients: Record<string, string>[] = []
  let data = await use('list_clients', { limit: 5, ...args })
  clients.push(...compactRows(data, 'clients'))
  while (data.hasMore) {
    data = await use('list_clients', { limit: 5, ...args, cursor: data.nextCursor })
    clients.push(...compactRows(data, 'clients'))
  }
  return { clients, matching: { clients: data.matching, orders: data.orders, netSales: data.netSales } }
}

const differences = () =>
  service.db.asOwner("select c.* from set_config('app.business_id', $1::text, true), check_rollups($1::uuid) c", [
    shop.id,
  ])

it('imports both files whole', () => {
  expect(report.files).toMatchObject([
    { kind: 'clients', made: 12, rejected: 0 },
    { kind: 'orders', rows: 578, made: 288, rejected: 0, netSales: ALL.netSales },
  ])
  expect(report.files[1]?.madeOnTheWay).toEqual({ products: 4, clients: 0, employees: 0, categories: 2, locations: 0 })
})

it.each(YEARS)('reports %s month by month', async (year) => {
  const data = await use('get_sales_report', { from: `${year}-01-01`, to: `${year}-12-31`, groupBy: 'month' })
  expect(data.totals).toMatchObject({
    ...{ orders: 144, refunds: 1, unitsSold: '1080' },
    ...{ grossSales: '1312.56', returns: '1.25', netSales: '1311.31', total: '1311.31' },
  })
  expect(data.rows.map((row: Record<string, unknown>) => [row.key, row.orders, row.netSales])).toEqual(
    MONTHS.map((month) => [`${year}-${month}`, 12, month === '12' ? '108.13' : '109.38']),
  )
})

it.each(YEARS)('ranks the products and categories of %s', async (year) => {
  const window = { from: `${year}-01-01`, to: `${year}-12-31` }
  const top = await use('get_top_products', { ...window, by: 'units' })
  expect(top.totals).toMatchObject({ netSales: '1311.31' })
  expect(top.rows[0]).toMatchObject({ key: 'Tea', ref: 'TEA', unitsSold: '936', netSales: '1168.75' })
  // The order of pens with equal sales is not defined by the file.
  const pens = top.rows.slice(1).map((row: Record<string, unknown>) => [row.ref, row.unitsSold, row.netSales])
  expect(pens.sort()).toEqual(['PEN-0', 'PEN-1', 'PEN-2'].map((sku) => [sku, '48', '47.52']))

  const { rows } = await use('get_sales_by_category', window)
  expect(rows).toMatchObject([
    { key: 'Drinks', unitsSold: '936', grossSales: '1170.00', returns: '1.25', netSales: '1168.75' },
    { key: 'Paper', unitsSold: '144', grossSales: '142.56', returns: '0.00', netSales: '142.56' },
  ])
})

it.each(['name', 'net_sales', 'last_purchase'])(
  'lists every client once by %s, with what they bought',
  async (sort) => {
    const { clients, matching } = await listClients({ sort })
    expect(clients).toHaveLength(12)
    expect(Object.fromEntries(clients.map(({ code, net }) => [code, net]))).toEqual(NET_OF_CLIENT)
    expect(clients.every(({ orders }) => orders === '24')).toBe(true)
    expect(matching).toEqual(ALL)
  },
)

it.each(COUNTRIES)('adds up the clients of $country', async ({ country, netSales, ...counts }) => {
  const { clients, matching } = await listClients({ country })
  expect(clients).toHaveLength(counts.clients)
  expect(matching).toEqual({ ...counts, netSales })
})

it('tells the same of a client alone', async () => {
  const first = await use('get_client', { client: 'C-1' })
  expect(first.client).toMatchObject({ email: 'c1@example.com', country: 'Norway' })
  expect(first.sales).toMatchObject({
    ...{ orders: 24, netSales: '51.26', averageSale: '2.14', firstPurchase: '2024-01-01', lastPurchase: '2025-12-01' },
    currency: 'USD',
  })
  const last = await use('get_client', { client: 'C-12' })
  expect(last.sales).toMatchObject({
    ...{
      orders: 24,
      netSales: '383.76',
      averageSale: '15.99',
      firstPurchase: '2024-01-12',
      lastPurchase: '2025-12-12',
    },
  })
})

it('changes nothing when the files come again', async () => {
  expect(await differences()).toEqual([])
  const again = await importFiles(service.db.commands, { businessId: shop.id, files })
  expect(again.files).toMatchObject([
    { made: 0, updated: 0, unchanged: 12 },
    { made: 0, unchanged: 288, netSales: '0.00' },
  ])
  expect((await listClients({})).matching).toEqual(ALL)
  expect(await differences()).toEqual([])
})
