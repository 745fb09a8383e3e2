import { type Static, Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, type Currency, Decimal, formatAmount, grouped, quantity } from '../../src/money/money.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { basisOf } from '../../src/pos/reports/basis.ts'
import { comparedRows, sumOver } from '../../src/pos/reports/compared-rows.ts'
import { describeWindow } from '../../src/pos/reports/phrases.ts'
import { type Line, runReport } from '../../src/pos/reports/report.ts'
import { salesBegin } from '../../src/pos/reports/report-notes.ts'
import { BasisSchema, CompareWith, ComparisonSchema, comparedColumns } from '../../src/pos/reports/report-schema.ts'
import { salesWindow } from '../../src/pos/reports/sales-window.ts'
import { counted } from '../../src/results/counted.ts'
import { EntityRef, Nullable } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { WINDOW_INPUT, WindowSchema } from '../../src/time/window.ts'

const MAX_ROWS = 50
// Those beyond the rows are told as one.
const MAX_RATES = 1000

const AMOUNTS = { netSales: Type.String(), tax: Type.String() }
const AmountsSchema = Type.Object(AMOUNTS)
type Amounts = Static<typeof AmountsSchema>

export default defineTool({
  name: 'get_tax_report',
  title: 'Tax report',
  description:
    'Tax of a period by tax rate: net sales at each rate and their tax, less refunds. Over time: get_sales_report. ' +
    'Default: this_month.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ ...WINDOW_INPUT, locationId: LocationId, compare: CompareWith }),
  output: Type.Object({
    window: WindowSchema,
    location: Nullable(EntityRef),
    pricesIncludeTax: Type.Boolean(),
    terms: Type.String(),
    totals: AmountsSchema,
    comparison: Type.Optional(ComparisonSchema),
    basis: BasisSchema,
    rows: Type.Array(
      Type.Object({
        ratePercent: Nullable(Type.String(), { description: 'null: rate not stated, or several rates in one row' }),
        ...AMOUNTS,
        ...comparedColumns('tax'),
      }),
    ),
  }),
  async handler({ locationId, compare, ...input }, { db, business, now, forFile }) {
    const maxRows = forFile ? MAX_RATES : MAX_ROWS
    const { currency } = business
    const place = await placeOf(db, business, locationId)
    const { timezone, location } = place
    const window = await salesWindow(db, business.id, place, { input, now, fallback: 'this_month' })
    const report = await runReport(
      db,
      business,
      {
        ...{ window, place, compare, groupBy: ['tax_rate'], measures: ['tax', 'net_sales'], filters: {} },
        limit: MAX_RATES,
      },
      now,
    )
    const compared = comparedRows(
      report,
      {
        ...{ key: 'tax', label: 'tax', amountIn: (lines, index) => sumOver(lines, index, 'tax') },
        totalIn: ({ totals }, index) => sumOver([totals], index, 'tax'),
      },
      business,
    )
    const rates = report.lines.toSorted((a, b) => Number(b.keys[0] || -1) - Number(a.keys[0] || -1))
    const others = rates.slice(maxRows)
    const entries = [
      ...rates.slice(0, maxRows).map((line) => {
        const ratePercent = line.keys[0] ? quantity(new Decimal(line.keys[0]).times(100)) : null
        return { name: ratePercent ?? 'not stated', ratePercent, lines: [line] }
      }),
      ...(others.length === 0
        ? []
        : [{ name: `Other (${counted(others.length, 'rate')})`, ratePercent: null, lines: others }]),
    ]
    const rows = entries.map(({ ratePercent, lines }) => ({
      ratePercent,
      ...amountsOf(lines, business),
      ...compared.rowOf(lines).data,
    }))
    const totals = amountsOf([report.totals], business)
    const { pricesIncludeTax } = report
    const basis = basisOf(report, business)
    const terms = [
      ...salesBegin(report),
      `Amounts in ${currency}, less returns and refunds. Prices ${pricesIncludeTax ? 'include' : 'are without'} tax; ` +
        'net sales are without it, and tax is rounded on each line. Tax on sales only: tax paid on purchases is not deducted.',
    ].join(' ')
    const data = {
      window: { ...window, timezone, currency },
      location,
      pricesIncludeTax,
      terms,
      totals,
      ...compared.data,
      basis: basis.data,
      rows,
    }
    const when = describeWindow(window, place)
    if (rows.length === 0)
      return { text: [`No sales to tax, ${when}.`, ...salesBegin(report), ...compared.text].join('\n'), data }
    return {
      text: [
        `Tax ${formatAmount(totals.tax, currency)} on net sales ` +
          `${formatAmount(totals.netSales, currency)} without tax, ${when}.`,
        ...compared.text,
        table(
          ['rate %', 'net sales', 'tax', ...compared.headers],
          [
            ...entries.map(({ name, lines }, index) => [
              name,
              grouped(rows[index]?.netSales ?? ''),
              grouped(rows[index]?.tax ?? ''),
              ...compared.rowOf(lines).cells,
            ]),
            ['All', grouped(totals.netSales), grouped(totals.tax), ...compared.rowOfAll().cells],
          ],
        ),
        terms,
        basis.text,
      ].join('\n'),
      data,
    }
  },
})

function amountsOf(lines: readonly Line[], currency: Currency): Amounts {
  return {
    netSales: amountOf(sumOver(lines, 0, 'net_sales'), currency),
    tax: amountOf(sumOver(lines, 0, 'tax'), currency),
  }
}
