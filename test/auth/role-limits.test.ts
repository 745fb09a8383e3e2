import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { refundLimit } from '../../src/auth/role-limits.ts'
import { NOON, startTill, type Till } from '../support/till.ts'

let till: Till
beforeAll(async () => {
  till = await startTill()
  await till.product('CAF-002', { price: '84', stock: '100' })
})
afterAll(() => till?.service.close())

const as = () => ({ token: till.cashier })
const sale = (item: object = {}) => ({ items: [{ product: 'CAF-002', quantity: '2', ...item }] })

describe('a cashier', () => {
  it('sells at the list price or above, with at most 10 % off the order', async () => {
    expect(await till.fails('create_order', sale({ unitPrice: '83.99' }), as())).toBe(
      'role_not_allowed: items.0.unitPrice: no price below the list (CAF-002: GTQ 84.00) for the role cashier. ' +
        'Nothing was written. An owner, admin or manager may do more.',
    )
    await till.ok('create_order', sale({ unitPrice: '84.01' }), as())
    // Ten percent of 168.00.
    expect(await till.fails('create_order', sale({ discount: '16.81' }), as())).toContain(
      'discounts of at most 10 % of an order for the role cashier.',
    )
    await till.ok('create_order', sale({ discount: '16.80' }), as())
    await till.ok('create_order', sale({ unitPrice: '1' }))
  })

  it('changes no prices, costs or tax rates, which an owner does', async () => {
    for (const change of [{ price: '1' }, { cost: '1' }, { taxRatePercent: '0' }]) {
      expect(await till.fails('update_product', { variant: 'CAF-002', ...change }, as())).toContain('role_not_allowed')
    }
    await till.ok('update_product', { variant: 'CAF-002', description: 'x' }, as())
    await till.ok('update_product', { variant: 'CAF-002', cost: '40' })
  })

  it('refunds sales of the same day, up to a limit for each order', async () => {
    const { data } = await till.ok('create_order', sale({ quantity: '20' }))
    const refund = (units: string) => ({
      ...{ order: data.order.number, reason: 'x', restock: true },
      lines: [{ line: 1, quantity: units }],
    })
    // Eleven are 924.00; twelve would be 1,008.00.
    expect(await till.fails('refund_order', refund('12'), as())).toContain(
      'order: refunds of at most GTQ 1,000.00 of an order, on the day of its sale for the role cashier.',
    )
    await till.ok('refund_order', refund('11'), as())
    expect(await till.fails('refund_order', refund('1'), as())).toContain('role_not_allowed')
    const other = await till.ok('create_order', sale())
    till.service.now = new Date(NOON.getTime() + 86_400_000)
    const late = { ...refund('1'), order: other.data.order.number }
    expect(await till.fails('refund_order', late, as())).toContain('role_not_allowed')
    await till.ok('refund_order', late)
    till.service.now = NOON
  })
})

it('counts the limit of refunds in the money that people use', () => {
  const limits = { refundMinorUnits: 100_000 } as Parameters<typeof refundLimit>[0]
  expect(['GTQ', 'JPY', 'COP', 'KWD'].map((currency) => refundLimit(limits, currency))).toEqual([
    1000, 100_000, 100_000, 100,
  ])
})
