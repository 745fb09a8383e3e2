import { describe, expect, it } from 'vitest'
import type { Dimension } from '../../../src/pos/reports/dimensions.ts'
import type { MeasureName } from '../../../src/pos/reports/measures.ts'
import { type FilterName, planOf, rankedFirstPlans, totalsPlanOf } from '../../../src/pos/reports/plan.ts'

const plan = (groupBy: Dimension[], filters: FilterName[] = [], measures: MeasureName[] = []) =>
  planOf({ groupBy, measures, filters: new Set(filters) })

describe('planOf', () => {
  it.each<[Dimension[], FilterName[], string, string]>([
    [['month', 'location'], [], 'orders', 'sales'],
    [['hour'], [], 'orders', 'sales_hourly'],
    [['client'], [], 'orders', 'customer'],
    [['city'], [], 'orders', 'city_daily'],
    [['week', 'location'], ['city'], 'orders', 'city_daily'],
    [['client'], ['city'], 'orders', 'customer'],
    [['employee', 'hour'], ['discounted'], 'orders', 'staff_hourly'],
    [['day'], ['orderType'], 'orders', 'staff_daily'],
    [['employee'], ['hours'], 'orders', 'staff_hourly'],
    [['tax_rate'], [], 'lines', 'tax_daily'],
    [['month'], ['taxRate'], 'lines', 'tax_daily'],
    [['category'], [], 'lines', 'category_daily'],
    [['week', 'supplier'], [], 'lines', 'supplier_daily'],
    [['category', 'supplier'], [], 'lines', 'product'],
    [['product'], ['category'], 'lines', 'product'],
    [['day'], ['product'], 'lines', 'product'],
    [['day'], ['variant'], 'lines', 'product'],
    [['payment_method'], [], 'payments', 'payment_daily'],
    // No rollup divides clients by employee, or knows how large an order is or what it was paid by.
    [['client', 'employee'], [], 'orders', 'raw'],
    [['day'], ['amount'], 'orders', 'raw'],
    [['order_total'], [], 'orders', 'raw'],
    [['day'], ['paymentMethod'], 'orders', 'raw'],
    [['product'], ['hours'], 'lines', 'raw'],
  ])('answers %j filtered by %j from %s of %s', (groupBy, filters, grain, source) => {
    expect(plan(groupBy, filters)).toMatchObject({ grain, source })
  })

  it('asks the rollup of taxes for taxes alone', () => {
    expect(plan(['tax_rate'], [], ['tax', 'net_sales']).source).toBe('tax_daily')
    // Units of a rate are told by lines alone.
    expect(plan(['tax_rate'], [], ['units']).source).toBe('raw')
  })

  it('reads months only where they are fine enough', () => {
    expect(plan(['quarter', 'location']).isMonthly).toBe(true)
    expect(plan(['week']).isMonthly).toBe(false)
    expect(plan(['month'], ['weekdays']).isMonthly).toBe(false)
    expect(plan(['hour', 'employee'])).toMatchObject({ isMonthly: true, areQuartersFine: true })
    expect(plan(['client', 'month'])).toMatchObject({ isMonthly: true, areQuartersFine: false })
    expect(plan(['client', 'quarter']).areQuartersFine).toBe(true)
    expect(plan(['client'], ['weekdays']).areQuartersFine).toBe(false)
  })

  it('refuses what no source tells', () => {
    expect(() => plan(['payment_method', 'product'])).toThrow('payment_method and product cannot be joined')
    expect(() => plan(['variant'], [], ['tips'])).toThrow('tips of single products or tax rates is not known')
  })

  it.each<[Dimension[], FilterName[], object | null]>([
    [['client'], [], { source: 'sales', columns: [], isMonthly: true }],
    [['week', 'city'], ['weekdays'], { source: 'sales', columns: [], isMonthly: false }],
    [['employee'], ['hours'], { source: 'sales_hourly', columns: ['hour'] }],
    [['hour'], ['employee'], { source: 'staff_daily', columns: ['employee_id'] }],
    [['week', 'category'], [], { source: 'sales', columns: [], isMonthly: true }],
    [['category', 'supplier'], ['category'], { source: 'category_daily', columns: ['category_id'] }],
    [['variant'], ['category'], { source: 'category_daily', columns: ['category_id'] }],
    [['client'], ['city'], { source: 'city_daily', columns: ['city'] }],
    // These add up the rows.
    [['month'], [], null],
    [['category'], ['product', 'supplier'], null],
    [['payment_method'], [], null],
    [['client', 'employee'], [], null],
    [[], ['client'], null],
  ])('reads the totals of %j filtered by %j from %j', (groupBy, filters, expected) => {
    const totals = totalsPlanOf(plan(groupBy, filters), groupBy, new Set(filters))
    if (expected === null) expect(totals).toBeNull()
    else expect(totals).toMatchObject(expected)
  })

  it.each<[Dimension[], 0 | 1 | null, FilterName[], object | null]>([
    [
      ['week', 'client'],
      1,
      [],
      { ofRanked: { source: 'customer', isMonthly: true }, ofOther: { source: 'sales', isMonthly: false } },
    ],
    [['product', 'month'], 0, ['category'], { ofRanked: { source: 'product' }, ofOther: { source: 'category_daily' } }],
    [['variant', 'weekday'], 0, [], { ofRanked: { isMonthly: true }, ofOther: { source: 'sales' } }],
    // One dimension has no other cells; of some weekdays all days are read; categories are few.
    [['client'], 0, [], null],
    [['week', 'client'], 1, ['weekdays'], null],
    [['week', 'category'], 1, [], null],
    [['client', 'location'], null, [], null],
    [['product', 'hour'], 0, [], null],
  ])(
    'ranks %j by the dimension %j filtered by %j before cells are read from %j',
    (groupBy, ranked, filters, expected) => {
      const plans = rankedFirstPlans(plan(groupBy, filters), { groupBy, ranked, filters: new Set(filters) })
      if (expected === null) expect(plans).toBeNull()
      else expect(plans).toMatchObject(expected)
    },
  )
})
