import { describe, expect, it } from 'vitest'
import { Decimal } from '../../../src/money/money.ts'
import {
  type Finding,
  type HourSums,
  historyBefore,
  historyOf,
  hourFindings,
  type StaffSums,
  staffFindings,
  statementsOf,
  stoppedFinding,
  stoppedOnDay,
} from '../../../src/pos/intents/stands-out.ts'

// Saturday 2026-11-28: the four Saturdays before are 2026-10-31 to 2026-11-21. Weekdays are ISO: 6 = Saturday.
const SATURDAY = { from: '2026-11-28', to: '2026-11-28' }
const DAY = historyBefore(SATURDAY, null)
const SINCE = '2026-01-01'
const staff = (
  isNow: boolean,
  employee: string | null,
  { refunds = '0', discounts = '0', grossSales = '0', weekday = 6 },
): StaffSums => ({ isNow, employee, weekday, refunds, discounts, grossSales })
/** Gross sales of 10,000.00, also usually: 2 % are 200.00. */
const GROSS = [staff(true, null, { grossSales: '10000' }), staff(false, null, { grossSales: '40000' })]
const hour = (isNow: boolean, hour: number | null, orders: string, netSales: string, weekday = 6): HourSums => ({
  isNow,
  hour,
  orders,
  netSales,
  weekday,
})
const say = (findings: Finding[], soFar = false) =>
  statementsOf(findings, SATURDAY, { amount: (value) => `GTQ ${value.toFixed(2)}`, soFar })

describe('the history of a window', () => {
  it.each([
    ['a day', '2026-11-28', '2026-11-28', '2026-10-31', '2026-11-27'],
    ['a week', '2026-11-16', '2026-11-22', '2026-10-19', '2026-11-15'],
    ['30 days, in whole weeks', '2026-10-30', '2026-11-28', '2026-09-25', '2026-10-29'],
  ])('of %s', (_, from, to, first, last) => {
    expect(historyOf({ from, to }, null)).toEqual({
      days: { from, to },
      before: { from: first, to: last },
      runningHour: null,
    })
  })

  it('is none for more than 92 days', () => {
    expect(historyOf({ from: '2026-08-29', to: '2026-11-28' }, null)).not.toBeNull()
    expect(historyOf({ from: '2026-08-28', to: '2026-11-28' }, null)).toBeNull()
  })
})

describe('refunds and discounts', () => {
  it('stand out by one employee with three times the usual and 2 % of gross sales', () => {
    // 140.00 on four Saturdays: 35.00 on average.
    const rows = [...GROSS, staff(true, 'Luis', { refunds: '420' }), staff(false, 'Luis', { refunds: '140' })]
    expect(say(staffFindings(rows, DAY, SINCE))).toEqual([
      'Refunds by Luis: GTQ 420.00 with tax and tips on 2026-11-28; mean of the last 4 Saturdays: GTQ 35.00.',
    ])
  })

  it.each([
    ['three times the usual', '300', '400', 1],
    ['a cent less', '299.99', '400', 0],
    ['2 % of gross sales, and none usually', '200', '0', 1],
    ['a cent less than these', '199.99', '0', 0],
  ])('begin at %s', (_, now, before, findings) => {
    const rows = [...GROSS, staff(true, 'Luis', { refunds: now }), staff(false, 'Luis', { refunds: before })]
    expect(staffFindings(rows, DAY, SINCE)).toHaveLength(findings)
  })

  it('are measured by usual gross sales on a day that has just begun', () => {
    const rows = [
      staff(true, null, { grossSales: '100' }),
      staff(false, null, { grossSales: '40000' }),
      staff(true, 'Luis', { refunds: '199' }),
    ]
    expect(staffFindings(rows, DAY, SINCE)).toEqual([])
  })

  it('name the employee with the most above the usual, and all only if nobody stands out', () => {
    const two = [...GROSS, staff(true, 'Luis', { discounts: '250' }), staff(true, 'Ana', { discounts: '300' })]
    expect(staffFindings(two, DAY, SINCE)).toMatchObject([{ what: 'Discounts on sales by Ana' }])
    // 150.00 each are below 2 %, together they are 300.00.
    const all = [...GROSS, staff(true, 'Luis', { discounts: '150' }), staff(true, null, { discounts: '150' })]
    expect(say(staffFindings(all, DAY, SINCE))).toEqual([
      'Discounts: GTQ 300.00 without tax on 2026-11-28; mean of the last 4 Saturdays: GTQ 0.00.',
    ])
  })

  it('count only days since the first sale, and need three of each weekday', () => {
    const rows = [...GROSS, staff(true, 'Luis', { refunds: '900' }), staff(false, 'Luis', { refunds: '300' })]
    // From 2026-11-07 on there are three Saturdays.
    expect(say(staffFindings(rows, DAY, '2026-11-07'))).toEqual([
      'Refunds by Luis: GTQ 900.00 with tax and tips on 2026-11-28; mean of the last 3 Saturdays: GTQ 100.00.',
    ])
    expect(staffFindings(rows, DAY, '2026-11-08')).toEqual([])
  })

  it('are compared by weekday over a period', () => {
    // Saturday and Sunday; 400.00 on four Saturdays and 40.00 on four Sundays are 110.00 for one of each.
    const weekend = historyBefore({ from: '2026-11-21', to: '2026-11-22' }, null)
    const rows = [
      ...GROSS,
      staff(true, 'Luis', { refunds: '330' }),
      staff(false, 'Luis', { refunds: '400' }),
      staff(false, 'Luis', { refunds: '40', weekday: 7 }),
    ]
    const [found] = staffFindings(rows, weekend, SINCE)
    expect(found?.usual.toFixed(2)).toBe('110.00')
    const text = statementsOf([found as Finding], weekend.days, { amount: (value) => value.toFixed(2), soFar: true })
    expect(text).toEqual([
      'Refunds by Luis: 330.00 with tax and tips in these 2 days so far; usual by the weekdays of 2026-10-24 to 2026-11-20: 110.00.',
    ])
  })
})

describe('an hour', () => {
  const open = hour(true, 9, '10', '100')

  it('stands out with less than half of its usual sales and far fewer orders', () => {
    // Usually 16 orders and 160.00: 2.5 × √16 = 10, so at most 6 orders stand out.
    const usual = hour(false, 14, '64', '640')
    expect(say(hourFindings([open, usual, hour(true, 14, '6', '79.99')], DAY, SINCE))).toEqual([
      '14:00 to 15:00: GTQ 79.99 net, without tax, in 6 orders on 2026-11-28; mean of the last 4 Saturdays: GTQ 160.00 in 16 orders.',
    ])
    expect(hourFindings([open, usual, hour(true, 14, '6', '80')], DAY, SINCE)).toEqual([])
    expect(hourFindings([open, usual, hour(true, 14, '7', '70')], DAY, SINCE)).toEqual([])
  })

  it('may have sold nothing at all, unless there were few orders or the shop was closed', () => {
    // 6.25 orders are the fewest of which none stands out: 2.5 × √6.25 = 6.25.
    expect(hourFindings([open, hour(false, 14, '25', '250')], DAY, SINCE)).toHaveLength(1)
    expect(hourFindings([open, hour(false, 14, '24', '240')], DAY, SINCE)).toEqual([])
    expect(hourFindings([hour(false, 14, '64', '640')], DAY, SINCE)).toEqual([])
    // Only a refund, in an hour without usual sales.
    expect(hourFindings([open, hour(true, 21, '0', '-50')], DAY, SINCE)).toEqual([])
  })

  it('is not told before it is over, nor where times of day are not known', () => {
    const rows = [open, hour(false, 14, '64', '640')]
    expect(hourFindings(rows, historyBefore(SATURDAY, '14:59:00'), SINCE)).toEqual([])
    expect(hourFindings(rows, historyBefore(SATURDAY, '15:00:00'), SINCE)).toHaveLength(1)
    expect(hourFindings([...rows, hour(false, null, '1', '0')], DAY, SINCE)).toEqual([])
    expect(hourFindings([...rows, hour(false, null, '0', '0')], DAY, SINCE)).toHaveLength(1)
  })
})

describe('a product', () => {
  it('stands out with ten usual units and none', () => {
    // 40 units and 400.00 on four Saturdays.
    expect(say(stoppedOnDay('Café [CAFE]', { units: '40', netSales: '400' }, DAY, SINCE))).toEqual([
      'Café [CAFE] sold none on 2026-11-28; mean of the last 4 Saturdays: 10 units, GTQ 100.00 net, without tax.',
    ])
    expect(stoppedOnDay('Café', { units: '39.9', netSales: '400' }, DAY, SINCE)).toEqual([])
    expect(stoppedOnDay('Café', { units: '40', netSales: '400' }, DAY, '2026-11-08')).toEqual([])
  })
})

it('tells at most three, with the largest difference first', () => {
  const found = ['10', '40', '20', '30'].flatMap((net) =>
    stoppedFinding(net, { units: new Decimal(10), netSales: new Decimal(net), over: 'before' }),
  )
  expect(say(found, true)).toEqual(
    ['40', '30', '20'].map(
      (net) => `${net} sold none on 2026-11-28 so far; before: 10 units, GTQ ${net}.00 net, without tax.`,
    ),
  )
})
