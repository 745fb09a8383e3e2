import { type Static, Type } from '@sinclair/typebox'
import { type Currency, Decimal, formatMoney, MoneySchema, money, quantity } from '../../money/money.ts'
import { Nullable } from '../../results/schema.ts'

/** Sales in Square's terms; net = gross − returns − discounts, total = net + tax + tips. */
export const SalesFiguresSchema = Type.Object({
  grossSales: MoneySchema,
  returns: MoneySchema,
  discounts: MoneySchema,
  netSales: MoneySchema,
  tax: MoneySchema,
  tips: MoneySchema,
  total: MoneySchema,
  orders: Type.Integer({ description: 'Completed orders' }),
  refunds: Type.Integer({ description: 'Refunds and returns' }),
  unitsSold: Type.String({ description: 'Exact decimal' }),
  averageSale: Nullable(MoneySchema, { description: 'Net sales per order; null without orders' }),
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
    grossSales: money(sums.gross_sales, currency),
    returns: money(sums.returns, currency),
    discounts: money(sums.discounts, currency),
    netSales: money(net, currency),
    tax: money(sums.tax, currency),
    tips: money(sums.tips, currency),
    total: money(net.plus(sums.tax).plus(sums.tips), currency),
    orders,
    refunds: Number(sums.refunds),
    unitsSold: quantity(sums.units_sold),
    averageSale: orders === 0 ? null : money(net.div(orders).toDecimalPlaces(currency.currencyDigits), currency),
  }
}

/** Adds sums of one currency. */
export function addSums(rows: readonly SalesSums[]): SalesSums {
  return Object.fromEntries(
    SALES_SUMS.map((name) => [name, rows.reduce((sum, row) => sum.plus(row[name]), new Decimal(0)).toString()]),
  ) as SalesSums
}

/** One line with all terms, for text. */
export function describeFigures(figures: SalesFigures): string {
  const { grossSales, returns, discounts, tax, tips, total } = figures
  const parts = [
    `gross ${formatMoney(grossSales)}`,
    `returns ${formatMoney(returns)}`,
    `discounts ${formatMoney(discounts)}`,
    `tax ${formatMoney(tax)}`,
    `tips ${formatMoney(tips)}`,
    `total ${formatMoney(total)}`,
  ]
  return parts.join(' · ')
}
