import { type Static, Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, type Currency, Decimal, formatAmount, grouped } from '../../src/money/money.ts'
import { sharePercent } from '../../src/money/share.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { basisOf } from '../../src/pos/reports/basis.ts'
import { comparedRows, sumOver } from '../../src/pos/reports/compared-rows.ts'
import { describeMissing, type PaymentSums, paymentsByMethod } from '../../src/pos/reports/payments.ts'
import { describeWindow } from '../../src/pos/reports/phrases.ts'
import { type Line, type Report, runReport } from '../../src/pos/reports/report.ts'
import { salesBegin } from '../../src/pos/reports/report-notes.ts'
import { BasisSchema, CompareWith, ComparisonSchema, comparedColumns } from '../../src/pos/reports/report-schema.ts'
import { salesWindow } from '../../src/pos/reports/sales-window.ts'
import { salesScope } from '../../src/pos/scope.ts'
import { counted } from '../../src/results/counted.ts'
import { EntityRef, Nullable } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean } from '../../src/results/text.ts'
import { WINDOW_INPUT, WindowSchema } from '../../src/time/window.ts'

const MAX_ROWS = 30
// Those beyond the rows are told as one.
const MAX_METHODS = 1000

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
    'Paid and paid back by each payment method, with tax and tips. Net sales: get_sales_report. Default: last_30_days.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ ...WINDOW_INPUT, locationId: LocationId, compare: CompareWith }),
  output: Type.Object({
    window: WindowSchema,
    location: Nullable(EntityRef),
    totals: FiguresSchema,
    withoutPayment: Type.String({ description: 'Sales with tax and tips less the net amount: no known payment' }),
    terms: Type.String(),
    comparison: Type.Optional(ComparisonSchema),
    basis: BasisSchema,
    rows: Type.Array(
      Type.Object({
        method: Type.String(),
        ...FIGURES,
        sharePercent: Nullable(Type.String(), { description: 'Of the net amount' }),
        ...comparedColumns('netAmount'),
      }),
    ),
  }),
  async handler({ locationId, compare, ...input }, { db, business, now, forFile }) {
    const maxRows = forFile ? MAX_METHODS : MAX_ROWS
    const { currency } = business
    const place = await placeOf(db, business, locationId)
    const { timezone, location } = place
    const days = await salesWindow(db, business.id, place, { input, now, fallback: 'last_30_days' })
    const scope = salesScope(business.id, place)
    const question = {
      ...{ window: days, place, compare, filters: {}, limit: MAX_METHODS },
      ...{ groupBy: ['payment_method'] as const, measures: ['total'] as const },
    }
    const [found, report] = await Promise.all([
      paymentsByMethod(db, { ...scope, from: days.from, to: days.to, limit: MAX_METHODS }),
      runReport(db, business, question, now),
    ])
    // A report without filters has them.
    const { paid: all, ...sold } = report.all as NonNullable<Report['all']>
    const compared = comparedRows(
      report,
      { key: 'netAmount', label: 'net amount', amountIn: paidBy, totalIn: paidInAll },
      business,
    )
    const totals = figuresOf(all, business)
    const lineOf = new Map(report.lines.map((line) => [line.keys[0], line]))
    const methods = [
      ...found.map((row) => ({ method: row.method, sums: row, lines: [lineOf.get(row.method) ?? []].flat() })),
      // Those that were used only in what is compared with.
      ...report.lines
        .filter(({ keys: [key] }) => key !== '' && !found.some(({ method }) => method === key))
        .map((line) => ({ method: line.keys[0] ?? '', sums: NOTHING, lines: [line] })),
    ]
    const listed = methods.slice(0, maxRows)
    const others = methods.slice(maxRows)
    const entries = [
      ...listed.map((each) => ({ ...each, method: clean(each.method, 40) })),
      ...(others.length === 0
        ? []
        : [
            {
              method: `Other (${counted(others.length, 'method')})`,
              sums: rest(
                all,
                listed.map(({ sums }) => sums),
              ),
              lines: others.flatMap(({ lines }) => lines),
            },
          ]),
    ]
    const rows = entries.map(({ method, sums, lines }) => {
      const figures = figuresOf(sums, business)
      return {
        method,
        ...figures,
        sharePercent: sharePercent(figures.netAmount, totals.netAmount),
        ...compared.rowOf(lines).data,
      }
    })
    const basis = basisOf(report, business)

    const missing = new Decimal(sold.net_sales).plus(sold.tax).plus(sold.tips).minus(all.amount).plus(all.refunded)
    const withoutPayment = amountOf(missing, business)
    const terms = [
      ...salesBegin(report),
      `Amounts in ${currency} with tax and tips; payments of completed orders, open orders do not count.`,
    ].join(' ')
    const data = {
      window: { ...days, timezone, currency },
      location,
      totals,
      withoutPayment,
      terms,
      ...compared.data,
      basis: basis.data,
      rows,
    }
    const when = describeWindow(days, place)
    const unknown = missing.isZero() ? [] : [describeMissing(withoutPayment, currency)]
    if (rows.length === 0)
      return {
        text: [`No payments and no refunds, ${when}.`, ...salesBegin(report), ...compared.text, ...unknown].join('\n'),
        data,
      }
    return {
      text: [
        `Paid ${formatAmount(totals.amount, currency)} with tax and tips in ${counted(totals.payments, 'payment')}, ` +
          `refunded ${formatAmount(totals.refunded, currency)}: ${formatAmount(totals.netAmount, currency)} is left, ${when}.`,
        ...compared.text,
        table(
          ['method', 'payments', 'amount', 'refunds', 'refunded', 'net amount', 'share %', ...compared.headers],
          [...rows, { method: 'All', ...totals, sharePercent: null }].map((row, index) => [
            row.method,
            grouped(String(row.payments)),
            grouped(row.amount),
            grouped(String(row.refunds)),
            grouped(row.refunded),
            grouped(row.netAmount),
            row.sharePercent ?? '–',
            ...(entries[index] === undefined ? compared.rowOfAll() : compared.rowOf(entries[index].lines)).cells,
          ]),
        ),
        ...unknown,
        terms,
        basis.text,
      ].join('\n'),
      data,
    }
  },
})

const NOTHING: PaymentSums = { payments: '0', amount: '0', refunds: '0', refunded: '0' }

/** What was paid less what was paid back, by known methods. */
function paidBy(lines: readonly Line[], index: number): Decimal {
  const known = lines.filter(({ keys }) => keys[0] !== '')
  return sumOver(known, index, 'amount').minus(sumOver(known, index, 'refunded'))
}

/** The same by all known methods, also by those that come to too little for a row. */
function paidInAll({ totals, lines }: Report, index: number): Decimal {
  const unknown = lines.filter(({ keys }) => keys[0] === '')
  const amount = (rows: readonly Line[]) => sumOver(rows, index, 'amount').minus(sumOver(rows, index, 'refunded'))
  return amount([totals]).minus(amount(unknown))
}

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
