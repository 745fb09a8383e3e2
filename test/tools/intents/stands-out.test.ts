import { afterAll, beforeAll, expect, it } from 'vitest'
import { addDays } from '../../../src/time/local.ts'
import { makeOrder, makeRefund } from '../../support/shop.ts'
import { startTill, type Till } from '../../support/till.ts'

let till: Till
const NEXT_DAY = new Date('2026-03-11T18:00:00Z')

// Each of the four Tuesdays before 2026-03-10 has seven orders of two coffees at 10.00 between 10 and 11 h: 14 units,
// 140.00. That Tuesday has one order at 9 h, of bread for 1,000.00 less 50.00, sold by Luis, who refunds 420.00 at 11 h.
beforeAll(async () => {
  till = await startTill()
  const { db } = till.service
  const [coffee, bread] = [await till.product('CAFE'), await till.product('PAN')]
  for (let week = 1; week <= 4; week++) {
    for (let order = 0; order < 7; order++) {
      const at = `${addDays('2026-03-10', -7 * week)}T16:0${order}:00Z`
      const lines = [{ ...coffee, quantity: '2', unitPrice: '10' }]
      await makeOrder(db.database, till.shop, { number: `T-${week}-${order}`, at, lines })
    }
  }
  const lines = [{ ...bread, quantity: '100', unitPrice: '10', discount: '50' }]
  const order = { number: 'L-1', at: '2026-03-10T15:00:00Z', lines }
  const orderId = await makeOrder(db.database, till.shop, order)
  await makeRefund(db.database, till.shop, {
    orderId,
    at: '2026-03-10T17:00:00Z',
    lines: [{ ...bread, line: 1, quantity: '42', returns: '420' }],
  })
  const [luis] = await db.asOwner<{ id: string }>(
    "insert into employee (business_id, number, name) values ($1, '7', 'Luis') returning id",
    [till.shop.id],
  )
  await db.asOwner('update orders set sold_by = $1 where id = $2', [luis?.id, orderId])
  await db.asOwner('update order_refund set refunded_by = $1 where order_id = $2', [luis?.id, orderId])
})
afterAll(() => till?.service.close())

it('is told of a day that is over: the three largest differences', async () => {
  till.service.now = NEXT_DAY
  const { data, text } = await till.ok('summarize_day', { date: '2026-03-10' })
  const usual = 'mean of the last 4 Tuesdays'
  expect(data.days[0].standsOut).toEqual([
    `Refunds by Luis: GTQ 420.00 with tax and tips on 2026-03-10; ${usual}: GTQ 0.00.`,
    `10:00 to 11:00: GTQ 0.00 net, without tax, in 0 orders on 2026-03-10; ${usual}: GTQ 140.00 in 7 orders.`,
    `CAFE [CAFE] sold none on 2026-03-10; ${usual}: 14 units, GTQ 140.00 net, without tax.`,
  ])
  expect(text).toContain(`Stands out:\n- ${data.days[0].standsOut.join('\n- ')}\n`)
  // Nothing of the 950.00 sold is paid for, and 420.00 went back.
  expect(data.days[0].withoutPayment).toBe('950.00')
  expect(text).toContain('Sales of GTQ 950.00 have no known payment method.')
  expect(data.days[0].terms).toContain('from 3 × the usual and 2 % of gross sales')
})

it('is told of a running day without products, which may still sell, and with no hour that is not over', async () => {
  till.service.now = new Date('2026-03-10T18:00:00Z')
  const { data } = await till.ok('summarize_day', {})
  expect(data.days[0].standsOut.map((each: string) => each.split(';')[0])).toEqual([
    'Refunds by Luis: GTQ 420.00 with tax and tips on 2026-03-10 so far',
    '10:00 to 11:00: GTQ 0.00 net, without tax, in 0 orders on 2026-03-10 so far',
    'Discounts on sales by Luis: GTQ 50.00 without tax on 2026-03-10 so far',
  ])
})

it('is told of a period, since the first sale', async () => {
  till.service.now = NEXT_DAY
  const { data, text } = await till.ok('summarize_period', { from: '2026-03-04', to: '2026-03-10' })
  const usual = 'usual by the weekdays of 2026-02-10 to 2026-03-03'
  expect(data.periods[0].standsOut).toEqual([
    `Refunds by Luis: GTQ 420.00 with tax and tips in these 7 days; ${usual}: GTQ 0.00.`,
    `10:00 to 11:00: GTQ 0.00 net, without tax, in 0 orders in these 7 days; ${usual}: GTQ 140.00 in 7 orders.`,
    'CAFE [CAFE] sold none in these 7 days; 2026-02-25 to 2026-03-03: 14 units, GTQ 140.00 net, without tax.',
  ])
  expect(text).toContain(`Stands out:\n- ${data.periods[0].standsOut.join('\n- ')}\n`)
})

it('is told of no day without enough history', async () => {
  till.service.now = NEXT_DAY
  expect((await till.ok('summarize_day', { date: '2026-02-24' })).data.days[0].standsOut).toEqual([])
})
