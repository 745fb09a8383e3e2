import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
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
  // 200 to 900: median 550; 0.7 of the way from 200 to 300: 270; 0.3 from 800 to 900: 830.
  expect(data.rows[0]).toEqual({
    date: '2026-03-10',
    weekday: 'Tuesday',
    expected: '550.00',
    low: '270.00',
    high: '830.00',
    weeks: 8,
  })
  expect(data.rows[1]).toMatchObject({ date: '2026-03-11', expected: '0.00' })
  expect(data).toMatchObject({ total: '550.00', unit: 'GTQ', of: 'net sales' })
  // Five Tuesdays had four before them: 500 to 900 sold, 250, 300, 350, 400 and 450 forecast: 1750 of 3500 too little.
  expect(data.backtest).toMatchObject({ errorPercent: '50.0', biasPercent: '-50.0' })
  expect(text).toMatch(
    /^Forecast of net sales, 2 days from 2026-03-10 \(days of America\/Guatemala\): GTQ 550\.00\.\nA forecast/,
  )
  expect(text).toContain('off by 50.0 % of sales on average (-50.0 % too low overall)')
})

it('forecasts units of a product', async () => {
  const { data } = await till.ok('get_forecast', { days: 1, product: 'cafe' })
  expect(data).toMatchObject({ unit: 'units', rows: [{ expected: '55', low: '27', high: '83' }] })
})

it('gives no figure with too little history, and says what there is', async () => {
  till.service.now = new Date('2026-01-28T18:00:00Z')
  const { data, text } = await till.ok('get_forecast', { days: 7 })
  expect(text).toMatch(/^There is too little history .* Sales on file begin on 2026-01-06, and today is 2026-01-28\./)
  expect(data).toMatchObject({ rows: [], total: null, backtest: null })
})
