import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ImportReport, importFiles } from '../../src/import/import.ts'
import { type ImportBench, importBench } from '../import/files.ts'
import { compactRows } from '../support/compact-rows.ts'
import { call, type Service, startService } from '../support/service.ts'
import { makeShop, makeUser, type Shop } from '../support/shop.ts'
import { readChinook } from './chinook-sql.ts'

// The constants were computed from the published script with SQLite and exact decimals, without code of this project
// or this test. Each is [orders or units, net sales].
type Figure = [count: number, netSales: string]
const ALL = { clients: 59, orders: 412, netSales: '2328.60' }
const YEARS: Record<string, Figure> = {
  2021: [83, '449.46'],
  2022: [83, '481.45'],
  2023: [83, '469.58'],
  2024: [83, '477.53'],
  2025: [80, '450.58'],
}
const TOP_COUNTRIES: Record<string, Figure> = {
  USA: [91, '523.06'],
  Canada: [56, '303.96'],
  France: [35, '195.10'],
  Brazil: [35, '190.10'],
  Germany: [28, '156.48'],
}
// By customer id: the three who bought most, and the one who bought least.
const SOME_CLIENTS: Record<string, Figure> = {
  6: [7, '49.62'],
  26: [7, '47.62'],
  57: [7, '46.62'],
  59: [6, '36.64'],
}
const SOME_GENRES: Record<string, Figure> = {
  Rock: [835, '826.65'],
  Latin: [386, '382.14'],
  Metal: [264, '261.36'],
  'TV Shows': [47, '93.53'],
  'Rock And Roll': [6, '5.94'],
}
// By track id: the only ones of 1,984 that brought 3.98, two units each. No other brought more than 1.99.
const TOP_TRACKS = ['2832', '2850', '2868', '3177', '3200', '3214', '3223', '3250']

const chinook = await readChinook(process.env.CHINOOK_SQL)

let service: Service
let bench: ImportBench
let shop: Shop
let token: string
let report: ImportReport

beforeAll(async () => {
  service = await startService({ users: ['ana'] })
  bench = await importBench(service.db)
  // A zone far from UTC with summer time, so that a shifted day shows.
  shop = await makeShop(service.db, { name: 'Chinook', currency: 'USD', timezone: 'America/Edmonton' })
  await makeUser(service.db, 'ana', [{ shop, role: 'owner' }])
  token = await service.tokenOf('ana')
  const files = {
    clients: await bench.write('clients.csv', clientRows().map(csvRow)),
    orders: await bench.write('orders.csv', orderRows().map(csvRow)),
  }
  report = await importFiles(service.db.commands, { businessId: shop.id, files })
})
afterAll(async () => {
  await bench?.remove()
  await service?.close()
})

function clientRows(): string[][] {
  const rows = chinook.customers.map(({ id, name, email, city, country }) => [id, name, email, city, country])
  return [['client_code', 'name', 'email', 'city', 'country'], ...rows]
}

function orderRows(): string[][] {
  const rows = chinook.lines.map(({ invoiceId, trackId, quantity, unitPrice }) => {
    const { day, customerId } = invoiceOf(invoiceId)
    const { name, genre } = trackOf(trackId)
    return [invoiceId, day, trackId, name, genre, String(quantity), unitPrice, customerId]
  })
  const header = 'order_number,ordered_at,sku,product_name,category,quantity,unit_price,client_code'
  return [header.split(','), ...rows]
}

function csvRow(values: readonly string[]): string {
  return values.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')
}

const invoicesById = new Map(chinook.invoices.map((invoice) => [invoice.id, invoice]))
const customersById = new Map(chinook.customers.map((customer) => [customer.id, customer]))
const invoiceOf = (id: string) => found(invoicesById.get(id), `invoice ${id}`)
const trackOf = (id: string) => found(chinook.tracks.get(id), `track ${id}`)
const customerOf = (id: string) => found(customersById.get(id), `customer ${id}`)

function found<Value>(value: Value | undefined, what: string): Value {
  if (value === undefined) throw new Error(`There is no ${what}.`)
  return value
}

/** Counts and cents of rows by a key, as a tool would write them. */
function sumBy<Item extends { cents: number }>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  countOf: (item: Item) => number = () => 1,
): Record<string, Figure> {
  const sums = new Map<string, { count: number; cents: number }>()
  for (const item of items) {
    const { count, cents } = sums.get(keyOf(item)) ?? { count: 0, cents: 0 }
    sums.set(keyOf(item), { count: count + countOf(item), cents: cents + item.cents })
  }
  return Object.fromEntries([...sums].map(([key, { count, cents }]) => [key, [count, amountOf(cents)]]))
}

function amountOf(cents: number): string {
  return `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
}

function centsOf(amount: string): number {
  return Number(amount.replace('.', ''))
}

// Orders from the totals of the invoices, products and genres from their lines.
const byMonth = sumBy(chinook.invoices, ({ day }) => day.slice(0, 7))
const byClient = sumBy(chinook.invoices, ({ customerId }) => customerId)
const byCountry = sumBy(chinook.invoices, ({ customerId }) => customerOf(customerId).country)
const unitsBy = (keyOf: (line: { invoiceId: string; trackId: string }) => string) =>
  sumBy(chinook.lines, keyOf, ({ quantity }) => quantity)

async function use(name: string, args: Record<string, unknown>) {
  const { data, isError, text, body } = await call(service.app, token, name, args)
  expect(isError, text).toBe(false)
  return found(data, `result of ${name}: ${JSON.stringify(body)}`)
}

/** Every page of the clients that match. */
async function listClients(args: Record<string, unknown>) {
  const clients: Record<string, string>[] = []
  let data = await use('list_clients', args)
  clients.push(...compactRows(data, 'clients'))
  while (data.hasMore) {
    data = await use('list_clients', { ...args, cursor: data.nextCursor })
    clients.push(...compactRows(data, 'clients'))
  }
  return { clients, matching: { clients: data.matching, orders: data.orders, netSales: data.netSales } }
}

const yearOf = (year: string) => ({ from: `${year}-01-01`, to: `${year}-12-31` })

function lastDayOf(month: string): string {
  const [year, number] = month.split('-').map(Number)
  return new Date(Date.UTC(year ?? 0, number ?? 0, 0)).toISOString().slice(0, 10)
}

it('reads the script as SQLite does', () => {
  expect([chinook.invoices.length, chinook.lines.length, chinook.customers.length]).toEqual([412, 2240, 59])
  expect(sumBy(chinook.invoices, () => 'all')).toEqual({ all: [412, '2328.60'] })
  expect(unitsBy(() => 'all')).toEqual({ all: [2240, '2328.60'] })
  expect(sumBy(chinook.invoices, ({ day }) => day.slice(0, 4))).toEqual(YEARS)
  const net = (figures: Record<string, Figure>) => Object.entries(figures).map(([key, figure]) => [key, figure[1]])
  const ofLines = sumBy(chinook.lines, ({ invoiceId }) => invoiceId)
  expect(net(ofLines)).toEqual(net(sumBy(chinook.invoices, ({ id }) => id)))
  const counts = [byMonth, byClient, byCountry].map((figures) => Object.keys(figures).length)
  expect(counts).toEqual([60, 59, 24])
})

it('imports all of it', () => {
  expect(report.files).toMatchObject([
    { kind: 'clients', rows: 59, made: 59, rejected: 0 },
    { kind: 'orders', rows: 2240, made: 412, rejected: 0, netSales: ALL.netSales },
  ])
  expect(report.files[1]?.madeOnTheWay).toEqual({
    products: 1984,
    clients: 0,
    employees: 0,
    categories: 24,
    locations: 0,
  })
})

it('get_sales_report: 5 years, 60 months', async () => {
  const months: Record<string, Figure> = {}
  let units = 0
  for (const [year, [orders, amount]] of Object.entries(YEARS)) {
    const { totals, rows } = await use('get_sales_report', { ...yearOf(year), groupBy: 'month' })
    expect(totals).toMatchObject({
      orders,
      refunds: 0,
      netSales: amount,
      grossSales: amount,
      total: amount,
    })
    units += Number(totals.unitsSold)
    for (const row of rows) months[row.key.slice(0, 7)] = [row.orders, row.netSales]
  }
  expect(months).toEqual(byMonth)
  expect(units).toBe(2240)
})

it('get_top_products: 1,984 products, month by month', async () => {
  const sold: { month: string; sku: string; units: number; cents: number }[] = []
  for (const month of Object.keys(byMonth)) {
    // A month has up to 38 products, slightly more than fit into one result; a third of a month always fits.
    for (const [from, to] of [
      [`${month}-01`, `${month}-10`],
      [`${month}-11`, `${month}-20`],
      [`${month}-21`, lastDayOf(month)],
    ]) {
      const { rows, about, totals } = await use('get_top_products', { from, to, limit: 50 })
      expect(about.cut).toBeUndefined()
      const shown = rows.reduce((sum: number, row: { netSales: string }) => sum + centsOf(row.netSales), 0)
      expect(amountOf(shown)).toBe(totals.netSales)
      for (const { ref: sku, unitsSold, netSales } of rows) {
        sold.push({ month, sku, units: Number(unitsSold), cents: centsOf(netSales) })
      }
    }
  }
  const countOf = ({ units }: { units: number }) => units
  const monthOf = ({ invoiceId }: { invoiceId: string }) => invoiceOf(invoiceId).day.slice(0, 7)
  const cells = sumBy(sold, ({ month, sku }) => `${month} ${sku}`, countOf)
  expect(cells).toEqual(unitsBy((line) => `${monthOf(line)} ${line.trackId}`))
  const products = sumBy(sold, ({ sku }) => sku, countOf)
  expect(Object.keys(products)).toHaveLength(1984)
  expect(products).toEqual(unitsBy(({ trackId }) => trackId))
  const top = Object.entries(products).filter(([, [, net]]) => centsOf(net) > 199)
  expect(Object.fromEntries(top)).toEqual(Object.fromEntries(TOP_TRACKS.map((sku) => [sku, [2, '3.98']])))
})

it.each([
  { years: ['2021', '2023'], netSales: '1400.49', tracks: ['3223'] },
  { years: ['2023', '2025'], netSales: '1397.69', tracks: ['3177', '3200'] },
])('get_top_products: the first of $years', async ({ years: [first = '', last = ''], netSales, tracks }) => {
  const window = { from: yearOf(first).from, to: yearOf(last).to }
  for (const by of ['net_sales', 'units']) {
    const { rows, totals } = await use('get_top_products', { ...window, by, limit: 20 })
    expect(totals.netSales).toBe(netSales)
    const best = rows.slice(0, tracks.length).map((row: Record<string, unknown>) => row.ref)
    expect(best.sort()).toEqual(tracks)
    expect(rows.filter((row: Record<string, unknown>) => row.netSales === '3.98')).toHaveLength(tracks.length)
  }
})

it('get_sales_by_category: 24 genres, year by year', async () => {
  const cells: Record<string, Figure> = {}
  const rowsOfAll: { name: string; units: number; cents: number }[] = []
  for (const [year, [, netSales]] of Object.entries(YEARS)) {
    const { rows, totals } = await use('get_sales_by_category', yearOf(year))
    expect(totals.netSales).toBe(netSales)
    for (const row of rows) {
      cells[`${year} ${row.key}`] = [Number(row.unitsSold), row.netSales]
      rowsOfAll.push({ name: row.key, units: Number(row.unitsSold), cents: centsOf(row.netSales) })
    }
  }
  const genreOf = ({ trackId }: { trackId: string }) => trackOf(trackId).genre
  expect(cells).toEqual(unitsBy((line) => `${invoiceOf(line.invoiceId).day.slice(0, 4)} ${genreOf(line)}`))
  const genres = sumBy(
    rowsOfAll,
    ({ name }) => name,
    ({ units }) => units,
  )
  expect(Object.keys(genres)).toHaveLength(24)
  expect(genres).toEqual(unitsBy(genreOf))
  expect(genres).toMatchObject(SOME_GENRES)
})

it.each(['name', 'net_sales', 'last_purchase'])('list_clients: 59 clients by %s, over all pages', async (sort) => {
  for (const limit of [7, 100]) {
    const { clients, matching } = await listClients({ sort, limit })
    expect(clients).toHaveLength(59)
    const figures = Object.fromEntries(clients.map(({ code, orders, net }) => [code, [Number(orders), net]]))
    expect(figures).toEqual(byClient)
    expect(figures).toMatchObject(SOME_CLIENTS)
    expect(matching).toEqual(ALL)
  }
})

it('list_clients: 24 countries', async () => {
  const countries: Record<string, Figure> = {}
  for (const country of Object.keys(byCountry)) {
    const { clients, matching } = await listClients({ country, limit: 5 })
    const ids = chinook.customers.filter((customer) => customer.country === country).map(({ id }) => id)
    expect(clients.map(({ code }) => code).sort()).toEqual(ids.sort())
    expect(matching.clients).toBe(ids.length)
    countries[country] = [matching.orders, matching.netSales]
  }
  expect(countries).toEqual(byCountry)
  expect(countries).toMatchObject(TOP_COUNTRIES)
})

it('get_client: each of 59 clients', async () => {
  for (const { id, name, email, city, country } of chinook.customers) {
    const { client, sales } = await use('get_client', { client: id })
    // One city ends in a space, which the import removes.
    expect(client).toMatchObject({ code: id, name, email, city: city.trim(), country })
    const [orders, netSales] = found(byClient[id], `sales of ${id}`)
    const days = chinook.invoices.filter(({ customerId }) => customerId === id).map(({ day }) => day)
    const [firstPurchase, lastPurchase] = [days.sort().at(0), days.at(-1)]
    expect(sales).toMatchObject({ orders, netSales, firstPurchase, lastPurchase, currency: 'USD' })
  }
})
