import { describe, expect, it } from 'vitest'
import { sayIn } from '../../assistant/charts/format.ts'
import { screenOf } from '../../assistant/charts/screens.ts'
import { ticksOf } from '../../assistant/charts/ticks.ts'

const say = sayIn('en-US')
const business = { id: 'b1', name: 'Tienda Luna' }
const window = { from: '2026-03-10', to: '2026-03-10', timezone: 'America/Guatemala', currency: 'GTQ' }
const plain = (text: string | undefined) => text?.replaceAll('\u00a0', ' ')

describe('a day', () => {
  const day = {
    business,
    window: { ...window, soFar: '16:15' },
    weekday: 'Tuesday',
    location: null,
    figures: { netSales: '300.00', orders: 3, averageSale: '100.00' },
    comparison: { meanOfLastFour: { dates: ['2026-03-03', '2026-02-24'], netSales: '250.00', changePercent: '20.0' } },
    byHour: [
      { hour: 9, orders: 1, netSales: '100.00' },
      { hour: 11, orders: 2, netSales: '200.00' },
    ],
    topProducts: [{ sku: 'CAF', name: 'Café', unitsSold: '4', netSales: '60.00' }],
    standsOut: [],
  }

  it('has every hour from the first to the last', () => {
    const screen = screenOf({ days: [day] }, { arguments: {} }, say)
    expect(screen?.charts[0]?.points.map(({ label, value }) => [plain(label.replace('\u202f', ' ')), value])).toEqual([
      ['9 AM', 100],
      ['10 AM', 0],
      ['11 AM', 200],
    ])
    expect(screen?.subtitle).toContain('so far (16:15) · against the mean of the last 2 Tuesdays')
    expect(screen?.facts[0]).toMatchObject({ change: '+20.0 %', trend: 'up' })
  })

  it('puts the usual hours beside them, also those in which nothing sold today', () => {
    const screen = screenOf({ days: [day] }, { arguments: {} }, say)
    expect(screen?.more?.call).toEqual({
      name: 'get_sales_report',
      arguments: {
        businessId: 'b1',
        from: '2026-02-24',
        to: '2026-03-03',
        groupBy: ['hour'],
        filters: ['weekday=Tuesday'],
        limit: 24,
      },
    })
    const rows = [
      { key: '08:00', netSalesPerDay: '40.00' },
      { key: '09:00', netSalesPerDay: '80.00' },
      { key: 'unknown time', netSales: '7.00' },
    ]
    const merged = screen?.more?.merge({ rows }, screen)
    expect(merged?.charts[0]?.points.map(({ value, before }) => [value, before])).toEqual([
      [null, 40],
      [100, 80],
      [0, 0],
      [200, 0],
    ])
    expect(merged?.more).toBeUndefined()
  })

  it('compares businesses of one currency only', () => {
    const other = { ...day, business: { id: 'b2', name: 'Sol' } }
    const values = (days: unknown[]) =>
      screenOf({ days }, { arguments: {} }, say)?.charts[0]?.points.map(({ value }) => value)
    expect(values([day, other])).toEqual([300, 300])
    expect(values([day, { ...other, window: { ...window, currency: 'EUR' } }])).toEqual([null, null])
    const call = screenOf({ days: [day, other] }, { arguments: {} }, say)?.charts[0]?.points[1]?.call
    expect(call).toEqual({ name: 'summarize_day', arguments: { businessId: 'b2', date: '2026-03-10' } })
  })
})

describe('a period', () => {
  const period = (count: number) => ({
    business,
    window: { ...window, from: '2026-03-01' },
    figures: { netSales: '1000.00', orders: 9, averageSale: '111.11' },
    comparison: {
      previous: { from: '2026-02-01', to: '2026-02-10', netSales: '2000.00', changePercent: { netSales: '-50.0' } },
    },
    trend: {
      by: 'day',
      rows: Array.from({ length: count }, (_, index) => {
        const date = `2026-03-${String(index + 1).padStart(2, '0')}`
        return { label: date, from: date, to: date, netSales: '10.00', isPartial: false }
      }),
    },
    topProducts: [],
    categories: [{ name: 'Bebidas', netSales: '700.00', changePercent: null }],
    standsOut: [],
  })

  it('is a line when columns would be too thin', () => {
    const kind = (count: number) => screenOf({ periods: [period(count)] }, { arguments: {} }, say)?.charts[0]?.kind
    expect([kind(10), kind(16), kind(17)]).toEqual(['columns', 'columns', 'line'])
  })

  it('leads to days and categories', () => {
    const screen = screenOf({ periods: [period(2)] }, { arguments: {} }, say)
    expect(screen?.charts[0]?.points[1]?.call).toEqual({
      name: 'summarize_day',
      arguments: { businessId: 'b1', date: '2026-03-02' },
    })
    expect(screen?.charts[1]?.points[0]?.call).toEqual({
      name: 'get_sales_report',
      arguments: {
        businessId: 'b1',
        from: '2026-03-01',
        to: '2026-03-10',
        groupBy: ['product'],
        filters: ['category=Bebidas'],
      },
    })
    expect(screen?.facts[0]).toMatchObject({ change: '-50.0 %', trend: 'down' })
  })
})

describe('a report', () => {
  const report = (groupBy: string[], rows: unknown[], more: Record<string, unknown> = {}) => ({
    business,
    window: { ...window, from: '2026-03-01' },
    location: null,
    totals: { netSales: '30.00', orders: 3 },
    rows,
    about: { groupBy, terms: '', basis: {} },
    ...more,
  })
  const filtersAfter = (groupBy: string, row: unknown, filters: string[]) =>
    screenOf(report([groupBy], [row]), { arguments: { filters, preset: 'last_week' } }, say)?.charts[0]?.points[0]?.call
      ?.arguments

  it('has a tab for each measure, with what it is compared with', () => {
    const rows = [
      { key: '2026-03-01', from: '2026-03-01', to: '2026-03-01', netSales: '10.00', orders: 1, netSalesBefore: '5.00' },
    ]
    const screen = screenOf(report(['day'], rows), { arguments: {} }, say)
    expect(screen?.charts.map(({ name, kind, legend }) => [name, kind, legend.before])).toEqual([
      ['Net sales', 'columns', 'Before'],
      ['Orders', 'columns', undefined],
    ])
    expect(screen?.charts[0]?.points[0]).toMatchObject({ value: 10, before: 5, label: '1 Sun' })
  })

  it('narrows by what is tapped, within the filters that it had', () => {
    const row = { key: 'Café', ref: 'CAF', netSales: '1.00' }
    expect(filtersAfter('product', row, ['weekday=Mon'])).toEqual({
      businessId: 'b1',
      from: '2026-03-01',
      to: '2026-03-10',
      groupBy: ['day'],
      filters: ['weekday=Mon', 'product=CAF'],
    })
    expect(filtersAfter('hour', { key: '17:00', netSales: '1.00' }, [])).toMatchObject({ filters: ['hour=17'] })
    expect(filtersAfter('product', row, ['product=CAF'])).toBeUndefined()
    expect(filtersAfter('hour', { key: 'unknown time', netSales: '1.00' }, [])).toBeUndefined()
  })

  it('draws the totals of rows that have columns, and keeps the cells in the table', () => {
    const rows = [{ key: 'Centro', netSales: ['10.00', null], all: { netSales: '10.00' } }]
    const columns = { names: ['Monday', 'Tuesday'], totals: { netSales: ['10.00', '0.00'] } }
    const screen = screenOf(report(['weekday', 'location'], rows, { columns }), { arguments: {} }, say)
    expect(screen?.charts[0]?.points[0]).toMatchObject({ label: 'Centro', value: 10 })
    expect(plain(screen?.charts[0]?.points[0]?.note)).toBe('Monday GTQ 10.00')
  })
})

it('shows first what runs out first, and what sells nothing last', () => {
  const stock = (name: string, coverDays: string | null) => ({
    name,
    sku: name,
    location: 'Centro',
    onHand: '3',
    perDay: '1',
    coverDays,
    leadDays: 5,
    transfer: null,
    order: '4',
    revenueAtRisk: '0.00',
  })
  const data = {
    business,
    window,
    totals: { stockValue: '10.00', outOfStockSelling: 1 },
    toReorder: { orders: 3, revenueAtRisk: '5.00' },
    reorder: [stock('b', '4.5'), stock('n', null), stock('a', '0')],
    dead: [],
    overstock: {},
    overstocked: [],
    advice: ['Order b.'],
  }
  const screen = screenOf(data, { arguments: {} }, say)
  expect(screen?.charts.map(({ name }) => name)).toEqual(['Runs out'])
  expect(screen?.charts[0]?.points.map(({ label, text, before }) => [label, text, before])).toEqual([
    ['a · Centro', '0 d', 5],
    ['b · Centro', '4.5 d', 5],
    ['n · Centro', 'nothing sells', 5],
  ])
})

describe('writing', () => {
  it('never rounds an amount, and follows the language', () => {
    expect(plain(say.money('12345678901234567.89', 'GTQ'))).toBe('GTQ 12,345,678,901,234,567.89')
    expect(plain(sayIn('es-GT').money('1234.50', 'GTQ'))).toBe('Q 1,234.50')
    expect(plain(sayIn('es-ES').money('1234.5678', 'EUR'))).toBe('1234,5678 €')
    expect(plain(say.money('1500', 'CLP'))).toBe('CLP 1,500')
  })

  it('stays whole with tags, currencies and dates that are none', () => {
    for (const locale of ['', 'x', '<b>', 'en_US', 'zz-ZZ-zz-zz-zz'])
      expect(sayIn(locale).date('2026-03-10')).toContain('2026')
    expect(say.money('1.50', '<b>')).toBe('1.50')
    expect(say.money('<b>', 'GTQ')).toBe('–')
    expect(say.date('2026-13-45')).toBe('2026-13-45')
    expect(say.days('x', 'y')).toBe('')
  })
})

it('has round ticks around all values', () => {
  expect(ticksOf(0, 428)).toEqual([0, 200, 400, 600])
  expect(ticksOf(-50, 100)).toEqual([-50, 0, 50, 100])
  expect(ticksOf(0, 0)).toEqual([0, 0.5])
})

it.each([undefined, null, 'x', {}, { days: [] }, { periods: [null, null] }, { days: [1, 2], rows: [] }])(
  'has no picture of %j',
  (data) => {
    expect(screenOf(data, { arguments: {} }, say)).toBeUndefined()
  },
)
