import { Temporal } from 'temporal-polyfill'
import { expect } from 'vitest'
import { Decimal } from '../../src/money/money.ts'
import { clientsOf, type Days, localTime, type RawRows, readRawRows, Sales, stockOf } from '../support/raw-figures.ts'
import type { World } from './world.ts'

/** A report of more rows is refused. */
const MAX_ROWS = 53
const GROUPS = ['day', 'week', 'month', 'weekday', 'hour'] as const

/** The subject of a report. */
interface View {
  world: World
  /** The independent figures, in the time zone of the business or of the location. */
  sales: Sales
  locationId: string | undefined
}

/**
 * Compares every report with the raw rows, as seen after the last day of trading, for the business and for one
 * location: on the day of the clock change, in its week, over a month with some days of the adjacent months, and over
 * the whole time.
 */
export async function checkEverything(world: World, location: number): Promise<void> {
  const { change, from, to } = world.season
  const plain = (date: string) => Temporal.PlainDate.from(date)
  const between = (first: Temporal.PlainDate, last: Temporal.PlainDate) => ({
    from: first.toString(),
    to: last.toString(),
  })
  const monday = plain(change).subtract({ days: plain(change).dayOfWeek - 1 })
  const month = plain(from).with({ day: 1 })
  const windows = [
    { from: change, to: change },
    between(monday, monday.add({ days: 6 })),
    between(month.subtract({ days: 3 }), month.add({ months: 1, days: 4 })),
    between(plain(from).subtract({ days: 40 }), plain(to).add({ days: 35 })),
  ]
  world.service.now = new Date(plain(to).add({ days: 36 }).toZonedDateTime('UTC').epochMilliseconds + 12 * 3_600_000)

  expect(await world.differences(), 'check_rollups').toEqual([])
  const raw = await readRawRows(world.service.db, world.shop.id)
  for (const locationId of [undefined, world.location(location)]) {
    const view = { world, sales: new Sales(raw, locationId), locationId }
    for (const days of windows) {
      await checkSalesReports(view, days)
      await checkProducts(view, days)
      await checkMoney(view, days)
      await checkPeriod(view, days)
    }
    await checkDay(view, change, null)
    await checkStock(world, raw, locationId)
  }
  for (const days of windows) await checkLocations(world, raw, days)
  await checkOrders(world, raw)
  await checkClients(world, raw)
}

/** Compares the summary of the running day at an instant, for the business and for one location. */
export async function checkToday(world: World, location: number, now: Date): Promise<void> {
  world.service.now = now
  expect(await world.differences(), 'check_rollups').toEqual([])
  const raw = await readRawRows(world.service.db, world.shop.id)
  for (const locationId of [undefined, world.location(location)]) {
    const view = { world, sales: new Sales(raw, locationId), locationId }
    const { date, time } = localTime(now, view.sales.timezone)
    await checkDay(view, date, time)
    const days = { from: date, to: date }
    const report = await world.ok('get_sales_report', { preset: 'today', groupBy: 'hour', ...at(view) })
    expect(report.window, `today at ${now.toISOString()}`).toMatchObject(days)
    expect(report.rows, `today by hour at ${now.toISOString()}`).toEqual(view.sales.rows('hour', days))
  }
}

async function checkSalesReports(view: View, days: Days): Promise<void> {
  const { world, sales } = view
  for (const groupBy of GROUPS) {
    const rows = sales.rows(groupBy, days)
    if (rows.length > MAX_ROWS) continue
    const report = await world.ok('get_sales_report', { ...days, groupBy, compare: groupBy === 'day', ...at(view) })
    const about = name(view, `get_sales_report by ${groupBy}`, days)
    expect(report.window, about).toEqual({ ...days, timezone: sales.timezone, currency: sales.currency })
    expect(plain(report.totals, sales), about).toEqual(sales.figures(days))
    expect(report.rows, about).toEqual(rows)
    if (report.comparison !== undefined) {
      const before = sales.figures({ from: report.comparison.from, to: report.comparison.to })
      expect(plain(report.comparison.totals, sales), `${about}, the period before`).toEqual(before)
    }
  }
}

async function checkProducts(view: View, days: Days): Promise<void> {
  const { world, sales } = view
  const { netSales } = sales.figures(days)
  for (const [by, measure] of [
    ['net_sales', 'netSales'],
    ['units', 'unitsSold'],
    ['margin', 'margin'],
  ] as const) {
    const report = await world.ok('get_top_products', { ...days, by, limit: 50, ...at(view) })
    const about = name(view, `get_top_products by ${by}`, days)
    const expected = sales.products(days, measure)
    expect(report.totals.netSales, about).toBe(netSales)
    expect(
      report.rows.map((row: Record<string, string | null>) => [
        row.variantId,
        row.unitsSold,
        row.unitsReturned,
        row.netSales,
        row.sharePercent,
        row.cost,
        row.margin,
      ]),
      about,
    ).toEqual(
      expected.map((row) => [
        row.variantId,
        row.unitsSold.toFixed(),
        row.unitsReturned.toFixed(),
        sales.amount(row.netSales),
        sales.share(row.netSales, netSales),
        row.cost && sales.amount(row.cost),
        row.margin && sales.amount(row.margin),
      ]),
    )
  }

  const report = await world.ok('get_sales_by_category', { ...days, ...at(view) })
  const categories = sales.categories(days).map((row) => ({
    id: row.id,
    unitsSold: row.unitsSold.toFixed(),
    grossSales: sales.amount(row.gross),
    discounts: sales.amount(row.discounts),
    returns: sales.amount(row.returns),
    netSales: sales.amount(row.netSales),
    costedNetSales: sales.amount(row.costedNetSales),
    margin: row.margin && sales.amount(row.margin),
    sharePercent: sales.share(row.netSales, netSales),
  }))
  const about = name(view, 'get_sales_by_category', days)
  expect(report.totals.netSales, about).toBe(netSales)
  expect(byId(report.rows), about).toMatchObject(byId(categories))
}

async function checkMoney(view: View, days: Days): Promise<void> {
  const { world, sales } = view
  const paid = await world.ok('get_sales_by_payment_method', { ...days, ...at(view) })
  const methods = sales.paymentMethods(days).map(({ method, payments, amount, refunds, refunded }) => ({
    method,
    payments,
    amount: sales.amount(amount),
    refunds,
    refunded: sales.amount(refunded),
    netAmount: sales.amount(amount.minus(refunded)),
  }))
  expect(byMethod(paid.rows), name(view, 'get_sales_by_payment_method', days)).toMatchObject(byMethod(methods))

  const taxes = await world.ok('get_tax_report', { ...days, ...at(view) })
  const about = name(view, 'get_tax_report', days)
  const { netSales, tax } = sales.figures(days)
  expect(taxes.totals, about).toEqual({ netSales, tax })
  expect(taxes.rows, about).toEqual(
    sales
      .taxRates(days)
      .filter((row) => !row.netSales.isZero() || !row.tax.isZero())
      .map((row) => ({
        ratePercent: row.rate.times(100).toFixed(),
        netSales: sales.amount(row.netSales),
        tax: sales.amount(row.tax),
      })),
  )
}

async function checkDay(view: View, date: string, now: Temporal.PlainTime | null): Promise<void> {
  const { world, sales } = view
  const [day] = (await world.ok('summarize_day', { date, ...at(view) })).days
  const days = { from: date, to: date }
  const about = name(view, `summarize_day at ${now ?? 'the end'}`, days)
  expect(day.isComplete, about).toBe(now === null)
  expect(plain(day.figures, sales), about).toEqual(sales.figures(days))

  // A running day is compared with the same hours of earlier days.
  const weeksAgo = [1, 2, 3, 4].map((weeks) => {
    const then = Temporal.PlainDate.from(date).subtract({ weeks }).toString()
    return sales.figures({ from: then, to: then }, now ?? undefined).netSales
  })
  expect(day.comparison.lastWeek.netSales.amount, `${about}, last week`).toBe(weeksAgo[0])
  expect(day.comparison.meanOfLastFour.netSales.amount, `${about}, mean`).toBe(sales.mean(weeksAgo))

  const hours = sales.rows('hour', days).map(({ orders, netSales }, hour) => ({ hour, orders, netSales }))
  const isBusy = ({ orders, netSales }: { orders: number; netSales: string }) => orders > 0 || Number(netSales) !== 0
  expect(day.byHour.map((row: MoneyRow) => ({ ...row, netSales: row.netSales?.amount })).filter(isBusy), about).toEqual(
    hours.filter(isBusy),
  )
  expect(
    day.topProducts.map((row: MoneyRow) => [row.unitsSold, row.netSales?.amount]),
    `${about}, top products`,
  ).toEqual(
    sales
      .products(days)
      .filter(({ unitsSold }) => unitsSold.gt(0))
      .slice(0, 5)
      .map(({ unitsSold, netSales }) => [unitsSold.toFixed(), sales.amount(netSales)]),
  )
  const payments = sales.paymentMethods(days).map(({ method, payments, amount, refunded }) => ({
    method,
    payments,
    amount: { amount: sales.amount(amount), currency: sales.currency },
    refunded: { amount: sales.amount(refunded), currency: sales.currency },
  }))
  expect(byMethod(day.payments), `${about}, payments`).toMatchObject(byMethod(payments))
  expect(
    day.refundsWorthALook.map((row: MoneyRow) => ({ orderId: row.orderId, total: row.total?.amount })),
    `${about}, refunds`,
  ).toEqual(sales.largestRefunds(date).slice(0, 3))
  expect(
    day.discountsWorthALook.map((row: MoneyRow) => ({ orderId: row.orderId, discount: row.discount?.amount })),
    `${about}, discounts`,
  ).toEqual(sales.largestDiscounts(date).slice(0, 3))
}

async function checkPeriod(view: View, days: Days): Promise<void> {
  const { world, sales } = view
  const [period] = (await world.ok('summarize_period', { ...days, ...at(view) })).periods
  const about = name(view, 'summarize_period', days)
  expect(plain(period.figures, sales), about).toEqual(sales.figures(days))
  const { netSales, orders, averageSale } = sales.figures({ from: period.before.from, to: period.before.to })
  expect(period.before, `${about}, before`).toMatchObject({ netSales, orders, averageSale })
  expect(period.bestDay, `${about}, best day`).toEqual(sales.bestDay(days))
  expect(period.clients, `${about}, clients`).toEqual(sales.clientCounts(days))
  expect(
    period.trend.buckets.map(({ netSales }: { netSales: string }) => netSales),
    `${about}, trend`,
  ).toEqual(sales.rows(period.trend.by, days).map(({ netSales }) => netSales))
}

async function checkLocations(world: World, raw: RawRows, days: Days): Promise<void> {
  const report = await world.ok('get_sales_by_location', { ...days })
  const about = `get_sales_by_location ${days.from} to ${days.to}`
  const rows = raw.locations.map(({ id, timezone }) => {
    const { unitsSold: _, ...figures } = new Sales(raw, id).figures(days)
    return { id, timezone, ...figures }
  })
  expect(byId(report.rows), about).toMatchObject(byId(rows))
  expect(report.netSalesByBusinessClock, about).toBe(new Sales(raw).figures(days).netSales)
  const total = rows.reduce((sum, { orders }) => sum + orders, 0)
  expect(report.totals.orders, about).toBe(total)
}

async function checkOrders(world: World, raw: RawRows): Promise<void> {
  const sales = new Sales(raw)
  const zero = sales.minor(0)
  const told: Record<string, string>[] = []
  let sums: OrderSums[] = []
  let cursor: string | undefined
  do {
    const { columns, same, orders, matching, nextCursor } = await world.ok('list_orders', {
      limit: 100,
      ...(cursor === undefined ? {} : { cursor }),
    })
    told.push(
      ...orders.map((cells: string[]) => ({
        ...{ status: 'completed', tips: zero, refunded: zero, ...same },
        ...Object.fromEntries(
          columns.flatMap((at: string, index: number) => (cells[index] ? [[at, cells[index]]] : [])),
        ),
      })),
    )
    sums = matching.byStatus
    cursor = nextCursor
  } while (cursor !== undefined)
  const expected = raw.orders.map((row) => ({ order: row.order_number, ...sales.order(row) }))
  const rows = told.map(({ order, status, tips, total, refunded }) => ({ order, status, tips, total, refunded }))
  const inOrder = <Row extends { order?: string | undefined }>(list: Row[]) =>
    list.sort((a, b) => (String(a.order) < String(b.order) ? -1 : 1))
  expect(inOrder(rows), 'list_orders').toEqual(
    inOrder(expected.map(({ order, status, tips, total, refunded }) => ({ order, status, tips, total, refunded }))),
  )
  for (const { status, orders, ...amounts } of sums) {
    const of = raw.orders
      .filter((order) => order.status === status)
      // Rounded once, as a sum.
      .map((order) => sales.order(order, (value) => new Decimal(value).toFixed()))
    const sum = (name: 'netSales' | 'tax' | 'tips' | 'total' | 'refunded') =>
      sales.minor(of.reduce((total, order) => total.plus(order[name]), new Decimal(0)))
    expect({ orders, ...amounts }, `list_orders, sums of ${status}`).toMatchObject({
      orders: of.length,
      ...{
        netSales: sum('netSales'),
        tax: sum('tax'),
        tips: sum('tips'),
        total: sum('total'),
        refunded: sum('refunded'),
      },
    })
  }
}

interface OrderSums extends Record<string, unknown> {
  status: string
}

async function checkClients(world: World, raw: RawRows): Promise<void> {
  const { clients } = await world.ok('list_clients', { limit: 100 })
  expect(byId(clients), 'list_clients').toMatchObject(byId(clientsOf(raw)))
}

async function checkStock(world: World, raw: RawRows, locationId: string | undefined): Promise<void> {
  const { stock, hasMore } = await world.ok('get_inventory', {
    limit: 100,
    ...(locationId === undefined ? {} : { locationId }),
  })
  expect(hasMore).toBe(false)
  const ledger = stockOf(raw)
  for (const row of stock) {
    const key = `${row.variantId} ${row.location.id}`
    expect(row.onHand, `get_inventory ${key}`).toBe(ledger.get(key) ?? '0')
    ledger.delete(key)
  }
  const left = [...ledger.keys()].filter((key) => locationId === undefined || key.endsWith(locationId))
  expect(left, 'stock that get_inventory does not tell').toEqual([])
}

interface MoneyRow {
  orderId?: string
  unitsSold?: string
  netSales?: { amount: string }
  total?: { amount: string }
  discount?: { amount: string }
}

function at({ locationId }: View) {
  return locationId === undefined ? {} : { locationId }
}

function name({ sales, locationId }: View, tool: string, { from, to }: Days): string {
  return `${tool}, ${from} to ${to} in ${sales.timezone}${locationId === undefined ? '' : ' at one location'}`
}

/** Figures with plain amounts, all in the currency of the business. */
function plain(figures: Record<string, unknown>, { currency }: Sales) {
  return Object.fromEntries(
    Object.entries(figures).map(([key, value]) => {
      if (typeof value !== 'object' || value === null) return [key, value]
      expect(value, key).toMatchObject({ currency })
      return [key, (value as { amount: string }).amount]
    }),
  )
}

function byId<Row extends { id: string | null }>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => ((a.id ?? '') < (b.id ?? '') ? -1 : 1))
}

function byMethod<Row extends { method: string }>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => (a.method < b.method ? -1 : 1))
}
