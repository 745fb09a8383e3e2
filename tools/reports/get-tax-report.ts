import { type Static, Type } from '@sinclair/typebox'
import { LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, type Currency, Decimal, formatAmount, grouped, quantity } from '../../src/money/money.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { doPricesIncludeTax } from '../../src/pos/organisation/price-tags.ts'
import { describeWindow } from '../../src/pos/reports/phrases.ts'
import { type TaxSums, taxByRate } from '../../src/pos/reports/taxes.ts'
import { EntityRef, Nullable } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { WINDOW_INPUT, WindowSchema, windowOf } from '../../src/time/window.ts'

const MAX_ROWS = 50

const AMOUNTS = { netSales: Type.String(), tax: Type.String() }
const AmountsSchema = Type.Object(AMOUNTS)
type Amounts = Static<typeof AmountsSchema>

export default defineTool({
  name: 'get_tax_report',
  title: 'Tax report',
  description:
    'Tax of a period by tax rate: net sales taxed at each rate and the tax on them, less returns and refunds. For ' +
    'sales over time use get_sales_report. Default: this_month.',
  scopes: ['reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({ ...WINDOW_INPUT, locationId: LocationId }),
  output: Type.Object({
    window: WindowSchema,
    location: Nullable(EntityRef),
    pricesIncludeTax: Type.Boolean(),
    terms: Type.String(),
    totals: AmountsSchema,
    rows: Type.Array(
      Type.Object({
        ratePercent: Nullable(Type.String(), { description: 'null: rate not stated, or several rates in one row' }),
        ...AMOUNTS,
      }),
    ),
  }),
  async handler({ locationId, ...input }, { db, business, now }) {
    const { currency } = business
    const { timezone, location } = await placeOf(db, business, locationId)
    const days = windowOf(input, now, timezone, 'this_month')
    const [rates, pricesIncludeTax] = await Promise.all([
      taxByRate(db, { businessId: business.id, locationId: location?.id }, days),
      doPricesIncludeTax(db, business.id),
    ])
    const totals = amountsOf(rates, business)
    const rows = rates.slice(0, MAX_ROWS).map((row) => ({
      ratePercent: row.tax_rate === null ? null : quantity(new Decimal(row.tax_rate).times(100)),
      ...amountsOf([row], business),
    }))
    const others = rates.slice(MAX_ROWS)
    if (others.length > 0) rows.push({ ratePercent: null, ...amountsOf(others, business) })

    const terms =
      `Amounts in ${currency}, less returns and refunds. Prices ${pricesIncludeTax ? 'include' : 'are without'} tax; ` +
      'net sales are without it, and tax is rounded on each line. Tax on sales only: tax paid on purchases is not deducted.'
    const data = { window: { ...days, timezone, currency }, location, pricesIncludeTax, terms, totals, rows }
    const when = describeWindow(days, { timezone, location })
    if (rows.length === 0) return { text: `No sales to tax, ${when}.`, data }
    return {
      text: [
        `Tax ${formatAmount(totals.tax, currency)} on net sales ` +
          `${formatAmount(totals.netSales, currency)}, ${when}.`,
        table(
          ['rate %', 'net sales', 'tax'],
          [
            ...rows.map(({ ratePercent, netSales, tax }, index) => [
              ratePercent ?? (index < MAX_ROWS ? 'not stated' : `Other (${others.length} rates)`),
              grouped(netSales),
              grouped(tax),
            ]),
            ['All', grouped(totals.netSales), grouped(totals.tax)],
          ],
        ),
        terms,
      ].join('\n'),
      data,
    }
  },
})

function amountsOf(rows: readonly TaxSums[], currency: Currency): Amounts {
  const sum = (key: 'net_sales' | 'tax') => rows.reduce((total, row) => total.plus(row[key]), new Decimal(0))
  return { netSales: amountOf(sum('net_sales'), currency), tax: amountOf(sum('tax'), currency) }
}
