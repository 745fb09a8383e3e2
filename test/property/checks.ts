import { Temporal } from 'temporal-polyfill'
import { expect } from 'vitest'
import { Decimal } from '../../src/money/money.ts'
import { compactRows } from '../support/compact-rows.ts'
import { clientsOf, type Days, localTime, type RawRows, readRawRows, Sales, stockOf } from '../support/raw-figures.ts'
import { checkQuestion, type RandomQuestion } from './questions.ts'
import { checkSums } from './sums.ts'
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
export async function checkEverything(
  world: World,
  location: number,
  questions: readonly RandomQuestion[],
): Promise<void> {
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
  await checkSums(world, raw)
  for (const locationId of [undefined, world.location(location)]) {
    const view = { world, sales: new Sales(raw, locationId), locationId }
    for (const [index, question] of questions.entries()) {
      await checkQuestion(world, { raw, locationId }, windows[index % windows.length] as Days, question)
    }
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
    await checkRunningPeriod(view, now)
    const days = { from: date, to: date }
    const report = await world.ok('get_sales_report', {
      ...{ preset: 'today', groupBy: ['hour'], measures: ROW_MEASURES, ...at(view) },
    })
    expect(report.window, `today at ${now.toISOString()}`).toMatchObject(days)
    const rows = view.sales.rows('hour', days).filter(isBusy)
    expect(report.rows.filter(isBusy), `today by hour at ${now.toISOString()}`).toMatchObject(rows)
  }
}

async function checkSalesReports(view: View, days: Days): Promise<void> {
  const { world, sales } = view
  for (const groupBy of GROUPS) {
    const rows = sales.rows(groupBy, days)
    if (rows.length > MAX_ROWS) continue
    const report = await world.ok('get_sales_report', {
      ...{ ...days, groupBy: [groupBy], measures: ROW_MEASURES, compare: 'previous', ...at(view) },
    })
    const about = name(view, `get_sales_report by ${groupBy}`, days)
    expect(report.window, about).toEqual({ ...days, timezone: sales.timezone, currency: sales.currency })
    expect(report.totals, about).toMatchObject(sales.figures(days))
    const expected = groupBy === 'hour' ? rows.filter(isBusy) : rows
    expect(
      report.rows.filter((row: Row) => groupBy !== 'hour' || isBusy(row)),
      about,
    ).toMatchObject(expected.map((row) => (groupBy === 'month' ? { ...row, key: row.key.slice(0, 7) } : row)))
    const { previous } = report.comparison
    if (previous.totals !== undefined) {
      const before = sales.figures({ from: previous.from, to: previous.to })
      expect(before, `${about}, the period before`).toMatchObject(previous.totals)
    }
  }
}

async function checkProducts(view: View, days: Days): Promise<void> {
  const { world, sales } = view
  const { netSales } = sales.figures(days)
  // Shares are of the exact total, not of the rounded one.
  const [one, ...others] = sales.products(days).map((row) => row.netSales)
  const exact = one === undefined ? '0' : others.reduce((total, each) => total.plus(each), one)
  for (const [by, measure] of [
    ['net_sales', 'netSales'],
    ['units', 'unitsSold'],
    ['margin', 'margin'],
  ] as const) {
    const report = await world.ok('get_top_products', { ...days, by, limit: 50, ...at(view) })
    const about = name(view, `get_top_products by ${by}`, days)
    // Goods that came back for nothing have no figure, unless they have a margin.
    const expected = sales
      .products(days, measure)
      .filter((row) => isTold([row.unitsSold.toFixed(), ...minors(sales, [row.netSales, row.margin])]))
    expect(report.totals.netSales, about).toBe(netSales)
    // Equal ones may stand in any order.
    expect(
      sorted(report.rows.map((row: Row) => [row.unitsSold, row.netSales, row.sharePercent, row.margin])),
      about,
    ).toEqual(
      sorted(
        expected.map((row) => [
          row.unitsSold.toFixed(),
          sales.minor(row.netSales),
          sales.share(row.netSales, exact),
          row.margin && sales.minor(row.margin),
        ]),
      ),
    )
  }

  const report = await world.ok('get_sales_by_category', { ...days, ...at(view) })
  const categories = sales
    .categories(days)
    .map((row) => ({
      unitsSold: row.unitsSold.toFixed(),
      grossSales: sales.minor(row.gross),
      discounts: sales.minor(row.discounts),
      returns: sales.minor(row.returns),
      netSales: sales.minor(row.netSales),
      margin: row.margin && sales.minor(row.margin),
      sharePercent: sales.share(row.netSales, exact),
    }))
    .filter(({ sharePercent: _, ...figures }) => isTold(Object.values(figures)))
  const about = name(view, 'get_sales_by_category', days)
  expect(report.totals.netSales, about).toBe(netSales)
  const told = report.rows.map(({ key: _, marginPercent: __, costedPercent: ___, ...row }: Row) => row)
  expect(sorted(told.map(inOrder)), about).toEqual(sorted(categories.map(inOrder)))
}

/** Whether a row has a figure that is not zero as it is told; without one it is not listed. */
function isTold(figures: readonly (string | null)[]): boolean {
  return figures.some((figure) => (Number(figure ?? 0) || 0) !== 0)
}

function minors(sales: Sales, amounts: readonly (Decimal | null)[]): (string | null)[] {
  return amounts.map((amount) => amount && sales.minor(amount))
}

type Row = Record<string, string | number | null>

const ROW_MEASURES = ['net_sales', 'gross_sales', 'discounts', 'returns', 'tax', 'tips', 'total', 'orders', 'refunds']

/** Whether a row has anything that an hour is listed for. */
function isBusy(row: Row): boolean {
  // An hour may only have sold in the days compared with.
  return FIGURES.some((name) => row[name] !== undefined && Number(row[name]) !== 0)
}

const FIGURES = ['grossSales', 'discounts', 'returns', 'netSales', 'tax', 'tips', 'orders', 'refunds']

function sorted<Value>(values: readonly Value[]): Value[] {
  return values.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

function inOrder(row: object): [string, unknown][] {
  return Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))
}

async function checkMoney(view: View, days: Days): Promise<void> {
  const { world, sales } = view
  const paid = await world.ok('get_sales_by_payment_method', { ...days, ...at(view) })
  const methods = sales.paymentMethods(days).map(({ method, payments, amount, refunds, refunded }) => ({
    method,
    payments,
    amount: sales.minor(amount),
    refunds,
    refunded: sales.minor(refunded),
    netAmount: sales.minor(amount.minus(refunded)),
  }))
  expect(byMethod(paid.rows), name(view, 'get_sales_by_payment_method', days)).toMatchObject(byMethod(methods))

  const taxes = await world.ok('get_tax_report', { ...days, ...at(view) })
  const about = name(view, 'get_tax_report', days)
  const { netSales, tax } = sales.figures(days)
  expect(taxes.totals, about).toEqual({ netSales, tax })
  expect(taxes.rows, about).toEqual(
    sales
      .taxRates(days)
      .map((row) => ({
        ratePercent: row.rate?.times(100).toFixed() ?? null,
        netSales: sales.minor(row.netSales),
        tax: sales.minor(row.tax),
      }))
      .filter(({ netSales, tax }) => isTold([netSales, tax])),
  )
}

async function checkDay(view: View, date: string, now: Temporal.PlainTime | null): Promise<void> {
  const { world, sales } = view
  const [day] = (await world.ok('summarize_day', { date, ...at(view) })).days
  const days = { from: date, to: date }
  const about = name(view, `summarize_day at ${now ?? 'the end'}`, days)
  expect(day.window.soFar, about).toBe(now === null ? undefined : now.toString().slice(0, 5))
  expect(day.figures, about).toEqual(sales.figures(days))

  // A running day is compared with the same hours of earlier days, and with none before the first sale.
  const since = sales.since()
  expect(day.salesSince, about).toBe(since)
  const earlier = (weeks: number) => Temporal.PlainDate.from(date).subtract({ weeks }).toString()
  const netOf = (then: string) => sales.exactNetSales({ from: then, to: then }, now ?? undefined)
  checkCompared(view, day.comparison.previous, { from: earlier(1), to: earlier(1) }, now, `${about}, last week`)
  checkCompared(view, day.comparison.year, { from: earlier(52), to: earlier(52) }, now, `${about}, a year before`)
  const known = [1, 2, 3, 4].map(earlier).filter((then) => since !== null && then >= since)
  expect(day.comparison.meanOfLastFour.dates, `${about}, mean`).toEqual(known)
  expect(day.comparison.meanOfLastFour.netSales, `${about}, mean`).toBe(
    known.length === 0 ? undefined : sales.mean(known.map(netOf)),
  )

  const byClock = sales.rows('hour', days).slice(0, 24)
  const hours = byClock.map(({ orders, netSales }, hour) => ({ hour, orders, netSales }))
  const isBusy = ({ orders, netSales }: { orders: number; netSales: string }) => orders > 0 || Number(netSales) !== 0
  expect(day.byHour.filter(isBusy), about).toEqual(hours.filter(isBusy))
  expect(
    day.topProducts.map((row: Record<string, string>) => [row.unitsSold, row.netSales]),
    `${about}, top products`,
  ).toEqual(
    sales
      .products(days)
      .filter(({ unitsSold }) => unitsSold.gt(0))
      .slice(0, 5)
      .map(({ unitsSold, netSales }) => [unitsSold.toFixed(), sales.minor(netSales)]),
  )
  const payments = sales.paymentMethods(days).map(({ method, payments, amount, refunded }) => ({
    method,
    payments,
    amount: sales.minor(amount),
    refunded: sales.minor(refunded),
  }))
  expect(byMethod(day.payments), `${about}, payments`).toMatchObject(byMethod(payments))
  expect(
    day.refunds.map((row: Record<string, string>) => row.total),
    `${about}, refunds`,
  ).toEqual(
    sales
      .largestRefunds(date)
      .slice(0, 3)
      .map(({ total }) => total),
  )
  expect(
    day.discounts.map((row: Record<string, string>) => row.discount),
    `${about}, discounts`,
  ).toEqual(
    sales
      .largestDiscounts(date)
      .slice(0, 3)
      .map(({ discount }) => discount),
  )
}

/** A stretch beside a window: its figures, up to a time of its last day, or nothing if it begins before the first sale. */
function checkCompared(
  { sales }: View,
  told: Record<string, unknown>,
  days: Days,
  until: Temporal.PlainTime | null,
  about: string,
): void {
  expect({ from: told.from, to: told.to, until: told.until }, about).toEqual({
    ...days,
    until: until?.toString().slice(0, 5),
  })
  const since = sales.since()
  if (since === null || days.from < since) {
    expect(told.netSales, about).toBeUndefined()
    expect(told.changePercent, about).toBeUndefined()
    expect(told.reason, about).toContain(since ?? 'no sales')
    return
  }
  const { netSales, orders, averageSale } = sales.figuresUntil(days, until)
  expect(told, about).toMatchObject({ netSales, orders, averageSale })
}

async function checkPeriod(view: View, days: Days): Promise<void> {
  const { world, sales } = view
  const [period] = (await world.ok('summarize_period', { ...days, ...at(view) })).periods
  const about = name(view, 'summarize_period', days)
  expect(period.figures, about).toEqual(sales.figures(days))
  const { previous } = period.comparison
  checkCompared(view, previous, { from: previous.from, to: previous.to }, null, `${about}, before`)
  const best = sales.bestDay(days)
  expect(period.bestDay, `${about}, best day`).toEqual(best && expect.objectContaining(best))
  expect(period.clients, `${about}, clients`).toEqual(sales.clientCounts(days))
  // Days before the first sale are no part of means and rows.
  const since = sales.since()
  const known = since !== null && since > days.from && since <= days.to ? { from: since, to: days.to } : days
  const rows = sales.parts(period.trend.by, known)
  expect(
    period.trend.rows.map(({ from, to, days, netSales }: Record<string, unknown>) => ({ from, to, days, netSales })),
    `${about}, trend`,
  ).toEqual(rows)
  const whole = sales.parts('day', known).map(({ from, to }) => sales.exactNetSales({ from, to }))
  expect(period.meanPerDay, `${about}, mean`).toEqual({ netSales: sales.mean(whole), wholeDays: whole.length })
}

/** Compares the month to date at an instant: like with like, up to the same time of day. */
async function checkRunningPeriod(view: View, now: Date): Promise<void> {
  const { world, sales } = view
  const { date, time } = localTime(now, sales.timezone)
  const today = Temporal.PlainDate.from(date)
  const monday = today.subtract({ days: today.dayOfWeek - 1 })
  const days = { from: monday.toString(), to: date }
  const [period] = (await world.ok('summarize_period', { preset: 'this_week', ...at(view) })).periods
  const about = name(view, `summarize_period at ${now.toISOString()}`, days)
  expect(period.window, about).toMatchObject({ ...days, soFar: time.toString().slice(0, 5) })
  for (const [told, weeks] of [
    [period.comparison.previous, 1],
    [period.comparison.year, 52],
  ] as const) {
    const then = { from: monday.subtract({ weeks }).toString(), to: today.subtract({ weeks }).toString() }
    checkCompared(view, told, then, time, `${about}, ${weeks} weeks before`)
  }
}

async function checkLocations(world: World, raw: RawRows, days: Days): Promise<void> {
  const report = await world.ok('get_sales_by_location', { ...days })
  const about = `get_sales_by_location ${days.from} to ${days.to}`
  // On the days of the business, also where a location has another zone.
  const { timezone } = raw.business
  const onOneClock = { ...raw, locations: raw.locations.map((location) => ({ ...location, timezone })) }
  const rows = raw.locations.flatMap(({ id, name }) => {
    const { unitsSold: _, refunds: __, ...figures } = new Sales(onOneClock, id).figures(days)
    return isTold(Object.values(figures).map(String)) ? [{ key: name, ...figures }] : []
  })
  const byKey = <Row extends { key: string }>(all: readonly Row[]) => all.toSorted((a, b) => (a.key < b.key ? -1 : 1))
  expect(byKey(report.rows), about).toMatchObject(byKey(rows))
  expect(report.totals.netSales, about).toBe(new Sales(raw).figures(days).netSales)
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
  const told = compactRows(await world.ok('list_clients', { limit: 100 }), 'clients')
  const byCode = (rows: Record<string, string>[]) => rows.toSorted((a, b) => (String(a.code) < String(b.code) ? -1 : 1))
  // A column that is blank for all is left out.
  const known = told.map((row) => ({ 'last purchase': '', ...row }) as Record<string, string>)
  expect(byCode(known), 'list_clients').toMatchObject(byCode(clientsOf(raw)))
}

async function checkStock(world: World, raw: RawRows, locationId: string | undefined): Promise<void> {
  const data = await world.ok('get_inventory', {
    limit: 100,
    ...(locationId === undefined ? {} : { locationId }),
  })
  expect(data.hasMore).toBe(false)
  const ledger = stockOf(raw)
  for (const row of compactRows(data, 'stock')) {
    const variant = raw.variants.find(({ sku }) => sku === row.SKU)
    const location = raw.locations.find(({ name }) => name === row.location)
    const key = `${variant?.id} ${location?.id}`
    expect(row['on hand'], `get_inventory ${key}`).toBe(ledger.get(key) ?? '0')
    ledger.delete(key)
  }
  const left = [...ledger.keys()].filter((key) => locationId === undefined || key.endsWith(locationId))
  expect(left, 'stock that get_inventory does not tell').toEqual([])
}

function at({ locationId }: View) {
  return locationId === undefined ? {} : { locationId }
}

function name({ sales, locationId }: View, tool: string, { from, to }: Days): string {
  return `${tool}, ${from} to ${to} in ${sales.timezone}${locationId === undefined ? '' : ' at one location'}`
}

function byMethod<Row extends { method: string }>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => (a.method < b.method ? -1 : 1))
}
