import { type Static, Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, type Currency, Decimal, formatAmount, grouped } from '../../src/money/money.ts'
import { sharePercent } from '../../src/money/share.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { describeMissing, type PaymentSums, paymentsByMethod, paymentsTotal } from '../../src/pos/reports/payments.ts'
import { describeWindow } from '../../src/pos/reports/phrases.ts'
import { salesTotal } from '../../src/pos/reports/sales.ts'
import { netSales } from '../../src/pos/reports/sales-figures.ts'
import { EntityRef, Nullable } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean } from '../../src/results/text.ts'
import { WINDOW_INPUT, WindowSchema, windowOf } from '../../src/time/window.ts'

const MAX_ROWS = 30

const FIGURES = {
  payments: Type.Integer(),
  amount: Type.String(),
  refunds: Type.Integer(),
  refunded: Type.String(),
  netAmount: Type.String(),
}
const FiguresSchema = Type.Object(FIGURES)
type Figures = Static<typeof FiguresSchema>

export default defineTool({
  name: 'get_sales_by_payment_method',
  title: 'Sales by payment method',
  description:
    'What was paid and given back by each payment method in a period, with tax and tips. Net sales are in ' +
    'get_sales_report. Default: last_30_days.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ ...WINDOW_INPUT, locationId: LocationId }),
  output: Type.Object({
    window: WindowSchema,
    location: Nullable(EntityRef),
    totals: FiguresSchema,
    withoutPayment: Type.String({ description: 'Sales with tax and tips less the net amount: no known payment' }),
    terms: Type.String(),
    rows: Type.Array(
      Type.Object({
        method: Type.String(),
        ...FIGURES,
        sharePercent: Nullable(Type.String(), { description: 'Of the net amount' }),
      }),
    ),
  }),
  async handler({ locationId, ...input }, { db, business, now }) {
    const { currency } = business
    const { timezone, location } = await placeOf(db, business, locationId)
    const days = windowOf(input, now, timezone, 'last_30_days')
    const scope = { businessId: business.id, locationId: location?.id }
    const [{ methods, ...all }, listed, sold] = await Promise.all([
      paymentsTotal(db, scope, days),
      paymentsByMethod(db, { ...scope, from: days.from, to: days.to, limit: MAX_ROWS }),
      salesTotal(db, scope, days),
    ])
    const totals = figuresOf(all, business)
    const build = (method: string, sums: PaymentSums) => {
      const figures = figuresOf(sums, business)
      return { method, ...figures, sharePercent: sharePercent(figures.netAmount, totals.netAmount) }
    }
    const rows = listed.map((row) => build(clean(row.method, 40), row))
    if (methods > listed.length) rows.push(build(`Other (${methods - listed.length} methods)`, rest(all, listed)))

    const missing = netSales(sold).plus(sold.tax).plus(sold.tips).minus(all.amount).plus(all.refunded)
    const withoutPayment = amountOf(missing, business)
    const terms = `Amounts in ${currency} with tax and tips; payments of completed orders, open orders do not count.`
    const data = { window: { ...days, timezone, currency }, location, totals, withoutPayment, terms, rows }
    const when = describeWindow(days, { timezone, location })
    const unknown = missing.isZero() ? [] : [describeMissing(withoutPayment, currency)]
    if (rows.length === 0) return { text: [`No payments and no refunds, ${when}.`, ...unknown].join('\n'), data }
    return {
      text: [
        `Paid ${formatAmount(totals.amount, currency)} in ${totals.payments} payments, refunded ` +
          `${formatAmount(totals.refunded, currency)}: net ` +
          `${formatAmount(totals.netAmount, currency)}, ${when}.`,
        table(
          ['method', 'payments', 'amount', 'refunds', 'refunded', 'net amount', 'share %'],
          [...rows, { method: 'All', ...totals, sharePercent: null }].map((row) => [
            row.method,
            row.payments,
            grouped(row.amount),
            row.refunds,
            grouped(row.refunded),
            grouped(row.netAmount),
            row.sharePercent ?? '–',
          ]),
        ),
        ...unknown,
        terms,
      ].join('\n'),
      data,
    }
  },
})

function figuresOf(sums: PaymentSums, currency: Currency): Figures {
  return {
    payments: Number(sums.payments),
    amount: amountOf(sums.amount, currency),
    refunds: Number(sums.refunds),
    refunded: amountOf(sums.refunded, currency),
    netAmount: amountOf(new Decimal(sums.amount).minus(sums.refunded), currency),
  }
}

/** A whole less its parts. */
function rest(all: PaymentSums, parts: readonly PaymentSums[]): PaymentSums {
  const left = (key: keyof PaymentSums) =>
    parts.reduce((sum, part) => sum.minus(part[key]), new Decimal(all[key])).toString()
  return { payments: left('payments'), amount: left('amount'), refunds: left('refunds'), refunded: left('refunded') }
}
