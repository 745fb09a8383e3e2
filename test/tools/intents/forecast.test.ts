import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { Decimal } from '../../../src/money/money.ts'
import { forecastDay } from '../../../src/pos/intents/forecast.ts'
import { addDays } from '../../../src/time/local.ts'
import { makeOrder, type Product } from '../../support/shop.ts'
import { NOON, startTill, type Till } from '../../support/till.ts'

let till: Till
let coffee: Product

// Tuesday 2026-03-10, noon. Each Tuesday from 2026-01-06 on sold 10, 20, … 90 of coffee at 10.00, other days nothing.
beforeAll(async () => {
  till = await startTill()
  coffee = await till.product('CAFE')
  for (let week = 0; week < 9; week++) {
    const at = `${addDays('2026-01-06', 7 * week)}T18:00:00Z`
    const lines = [{ ...coffee, quantity: String(10 * (week + 1)), unitPrice: '10' }]
    await makeOrder(till.service.db.database, till.shop, { number: `T-${week}`, at, lines })
  }
})
beforeEach(() => {
  till.service.now = NOON
})
afterAll(() => till?.service.close())

it('forecasts from the last eight same weekdays, with a range and a test on past days', async () => {
  const { data, text } = await till.ok('get_forecast', { days: 2 })
  // 200 to 900: median 550; 0.7 of the way from 200 to 300: 270; 0.3 from 800 to 900: 830. The last four weeks sold 3,000,
  // the four before 1,400: more than half again, so all is moved by three eighths.
  expect(data.rows[0]).toEqual({
    date: '2026-03-10',
    weekday: 'Tuesday',
    expected: '756.25',
    low: '371.25',
    high: '1141.25',
    weeks: 8,
  })
  expect(data.rows[1]).toMatchObject({ date: '2026-03-11', expected: '0.00' })
  expect(data).toMatchObject({ total: '756.25', unit: 'GTQ', of: 'net sales' })
  // Five Tuesdays had four before them: 500 to 900 sold, 250, 300, 350, 400 and 450 forecast. Only the last one had eight
  // weeks before it, 1,000 and then 2,600, and is moved, too, to 618.75: 1,581.25 of 3,500 too little.
  expect(data.backtest).toMatchObject({ errorPercent: '45.2', biasPercent: '-45.2' })
  expect(data.method).toContain('moved by +37.5 % for the trend of the last four weeks')
  expect(data.method).toContain('Today is forecast as a whole day, from the days before it alone.')
  expect(text).toMatch(
    /^Forecast of net sales, 2 days from 2026-03-10 \(days of America\/Guatemala\): GTQ 756\.25 without tax\.\nA forecast/,
  )
  expect(text).toContain('off by 45.2 % of what was sold on average (45.2 % too low overall)')
})

it('forecasts units of a product', async () => {
  const { data } = await till.ok('get_forecast', { days: 1, product: 'cafe' })
  expect(data).toMatchObject({ unit: 'units', rows: [{ expected: '75.6', low: '37.1', high: '114.1' }] })
})

it('gives no figure with too little history, and says what there is', async () => {
  till.service.now = new Date('2026-01-28T18:00:00Z')
  const { data, text } = await till.ok('get_forecast', { days: 7 })
  expect(text).toMatch(/^There is too little history .* Sales on file begin on 2026-01-06, and today is 2026-01-28\./)
  expect(data).toMatchObject({ rows: [], total: null, backtest: null })
})

it('is not moved by a small change of the last four weeks', () => {
  const days = Array.from({ length: 70 }, (_, index) => addDays('2026-03-09', -index))
  const selling = (last: number) => new Map(days.map((day, index) => [day, new Decimal(index < 28 ? last : 100)]))
  const forecast = (last: number) =>
    forecastDay('2026-03-10', selling(last), { since: '2026-01-01', known: '2026-03-09' })?.trend.toFixed()
  // Three quarters of a tenth, of a fifth less, and of no more than half again.
  expect([109, 110, 80, 1000].map(forecast)).toEqual(['1', '1.075', '0.85', '1.375'])
})
