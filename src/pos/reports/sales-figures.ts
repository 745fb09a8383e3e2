import { type Static, Type } from '@sinclair/typebox'
import { amountOf, type Currency, Decimal, formatAmount, quantity } from '../../money/money.ts'
import { Nullable } from '../../results/schema.ts'

/** Sales in Square's terms; net = gross − returns − discounts, total = net + tax + tips. The window names the currency. */
export const SalesFiguresSchema = Type.Object({
  grossSales: Type.String(),
  returns: Type.String(),
  discounts: Type.String(),
  netSales: Type.String(),
  tax: Type.String(),
  tips: Type.String(),
  total: Type.String(),
  orders: Type.Integer({ description: 'Completed orders' }),
  refunds: Type.Integer({ description: 'Refunds and returns' }),
  unitsSold: Type.String({ description: 'Exact decimal' }),
  averageSale: Nullable(Type.String(), { description: 'Net sales per order; null without orders' }),
})
export type SalesFigures = Static<typeof SalesFiguresSchema>

/** The columns of the rollups that figures are computed from. */
export const SALES_SUMS = [
  'orders',
  'refunds',
  'units_sold',
  'gross_sales',
  'discounts',
  'returns',
  'tax',
  'tips',
] as const

/** Sums from the database: decimal strings. */
export type SalesSums = Record<(typeof SALES_SUMS)[number], string>

export const NO_SALES = Object.fromEntries(SALES_SUMS.map((name) => [name, '0'])) as SalesSums

/** Net sales from sums. */
export function netSales(sums: SalesSums): Decimal {
  return new Decimal(sums.gross_sales).minus(sums.returns).minus(sums.discounts)
}

/** Figures from sums, in one currency. */
export function salesFigures(sums: SalesSums, currency: Currency): SalesFigures {
  const net = netSales(sums)
  const orders = Number(sums.orders)
  return {
    grossSales: amountOf(sums.gross_sales, currency),
    returns: amountOf(sums.returns, currency),
    discounts: amountOf(sums.discounts, currency),
    netSales: amountOf(net, currency),
    tax: amountOf(sums.tax, currency),
    tips: amountOf(sums.tips, currency),
    total: amountOf(net.plus(sums.tax).plus(sums.tips), currency),
    orders,
    refunds: Number(sums.refunds),
    unitsSold: quantity(sums.units_sold),
    averageSale: orders === 0 ? null : amountOf(net.div(orders), currency),
  }
}

/** Sums without some that are part of them. */
export function withoutSums(sums: SalesSums, part: SalesSums): SalesSums {
  return Object.fromEntries(
    SALES_SUMS.map((name) => [name, new Decimal(sums[name]).minus(part[name]).toString()]),
  ) as SalesSums
}

/** Adds sums of one currency. */
export function addSums(rows: readonly SalesSums[]): SalesSums {
  return Object.fromEntries(
    SALES_SUMS.map((name) => [name, rows.reduce((sum, row) => sum.plus(row[name]), new Decimal(0)).toString()]),
  ) as SalesSums
}

/** One line with all terms, for text. */
export function describeFigures(figures: SalesFigures, currency: string): string {
  const { grossSales, returns, discounts, tax, tips, total } = figures
  const say = (amount: string) => formatAmount(amount, currency)
  const parts = [
    `gross ${say(grossSales)}`,
    `returns ${say(returns)}`,
    `discounts ${say(discounts)}`,
    `tax ${say(tax)}`,
    `tips ${say(tips)}`,
    `total ${say(total)}`,
  ]
  return parts.join(' · ')
}
