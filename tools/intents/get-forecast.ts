import { Type } from '@sinclair/typebox'
import { together } from '../../src/database/together.ts'
import { ServiceError } from '../../src/errors.ts'
import { Id, LocationId } from '../../src/mcp/arguments.ts'
import { defineTool, readOnly } from '../../src/mcp/tool.ts'
import { amountOf, Decimal, formatAmount, grouped, percentChange } from '../../src/money/money.ts'
import {
  backtest,
  type ForecastDay,
  forecastDay,
  LEAST_WEEKS,
  MOST_WEEKS,
  RANGE_PERCENT,
} from '../../src/pos/intents/forecast.ts'
import { dailySales } from '../../src/pos/intents/forecast-queries.ts'
import { placeOf } from '../../src/pos/organisation/locations.ts'
import { categoryOf, variantToRead } from '../../src/pos/references.ts'
import { atPlace } from '../../src/pos/reports/phrases.ts'
import { salesSince } from '../../src/pos/reports/sales-since.ts'
import { salesScope } from '../../src/pos/scope.ts'
import { counted } from '../../src/results/counted.ts'
import { EntityRef, Nullable, NullableText } from '../../src/results/schema.ts'
import { table } from '../../src/results/table.ts'
import { clean, variantName } from '../../src/results/text.ts'
import { addDays, localNow, weekday } from '../../src/time/local.ts'

/** Enough for eight weeks of a backtest, each forecast from eight weeks before it. */
const HISTORY_DAYS = 2 * MOST_WEEKS * 7

export default defineTool({
  name: 'get_forecast',
  title: 'Forecast',
  description:
    'A forecast of the next days from the same weekdays before: net sales of the shop or a category, units of a ' +
    'product, each with its range, and how well it would have done. Default: 7 days from today.',
  // Both: the list of a credential for the intents alone stays short.
  scopes: ['pos:intents', 'reports:read'],
  annotations: readOnly,
  mode: 'read',
  input: Type.Object({
    days: Type.Integer({ minimum: 1, maximum: 28, default: 7, description: '1 to 28; default 7' }),
    product: Type.Optional(Id('SKU, name or id')),
    category: Type.Optional(Id('Name or id')),
    locationId: LocationId,
  }),
  output: Type.Object({
    location: Nullable(EntityRef),
    of: Type.String({ description: 'What is forecast' }),
    unit: Type.String({ description: 'Currency, or units' }),
    timezone: Type.String(),
    method: Type.String(),
    rows: Type.Array(
      Type.Object({
        date: Type.String(),
        weekday: Type.String(),
        expected: Type.String(),
        low: Type.String(),
        high: Type.String(),
        weeks: Type.Integer({ description: 'Earlier weekdays that it is made from' }),
      }),
    ),
    total: Nullable(Type.String(), { description: 'Expected, of all rows; null: too little history' }),
    backtest: Nullable(
      Type.Object({
        days: Type.Integer(),
        errorPercent: NullableText,
        biasPercent: NullableText,
        withinRangePercent: Type.String(),
      }),
    ),
  }),
  async handler({ days, product, category, locationId }, { db, business, now }) {
    if (product !== undefined && category !== undefined) {
      throw new ServiceError('invalid_argument', 'Give either product or category, not both.')
    }
    const [place, variant, found] = await together([
      placeOf(db, business, locationId),
      product === undefined ? null : variantToRead(db, business.id, product),
      category === undefined ? null : categoryOf(db, business.id, category, 'category', { isRead: true }),
    ])
    const { timezone, location } = place
    const scope = salesScope(business.id, place)
    const { date: today } = localNow(now, timezone)
    const known = addDays(today, -1)
    const subject = variant ? { variantId: variant.variant_id } : found ? { categoryId: found.id } : null
    const [sales, since] = await Promise.all([
      dailySales(db, scope, { from: addDays(known, -HISTORY_DAYS), to: known }, subject),
      salesSince(db, scope),
    ])
    const of = variant
      ? `units of ${variantName(variant, 60)} [${clean(variant.sku, 40)}]`
      : `net sales${found ? ` of ${clean(found.name, 60)}` : ''}`

    const history = { since: since ?? today, known }
    const forecasts = Array.from({ length: days }, (_, index) => forecastDay(addDays(today, index), sales, history))
    const rows = forecasts.filter((row) => row !== null)
    const unit = variant ? 'units' : business.currency
    const about = { location, of, unit, timezone }
    if (rows.length < days || sales.size === 0) {
      const reason =
        `There is too little history for a forecast of ${of}: each day needs ${LEAST_WEEKS} whole same weekdays ` +
        `before it. ${since === null ? 'There are no sales on file.' : `Sales on file begin on ${since}, and today is ${today}.`}`
      return { text: reason, data: { ...about, method: reason, rows: [], total: null, backtest: null } }
    }
    const say = (value: Decimal) => (variant ? value.toDecimalPlaces(1).toFixed() : amountOf(value, business))
    const tested = backtest(sales, history)
    const total = rows.reduce((sum, { expected }) => sum.plus(say(expected)), new Decimal(0))
    const data = {
      ...about,
      method:
        `A forecast, not a promise: the median of up to ${MOST_WEEKS} same weekdays before, ${describeTrend(rows)}, with the ` +
        `range in which ${RANGE_PERCENT} % of days should lie. Today is forecast as a whole day, from the days before it alone. Holidays and offers to come are not in it.`,
      rows: rows.map((row) => ({
        date: row.date,
        weekday: weekday(row.date),
        expected: say(row.expected),
        low: say(row.low),
        high: say(row.high),
        weeks: row.weeks,
      })),
      total: say(total),
      backtest: tested && {
        days: tested.days,
        errorPercent: tested.errorPercent?.toFixed(1) ?? null,
        biasPercent: tested.biasPercent?.toFixed(1) ?? null,
        withinRangePercent: tested.withinRangePercent.toFixed(0),
      },
    }
    const amount = (value: string) => (variant ? counted(value, 'unit') : formatAmount(value, business.currency))
    const text = [
      `Forecast of ${of}${atPlace(location)}, ${counted(days, 'day')} from ${today} (days of ${timezone}): ${amount(data.total)}${variant ? '' : ' without tax'}.`,
      data.method,
      table(
        ['day', `expected, ${unit}`, 'low', 'high', 'from weekdays'],
        data.rows.map((row) => [
          `${row.date} ${row.weekday.slice(0, 3)}`,
          ...[row.expected, row.low, row.high].map(grouped),
          row.weeks,
        ]),
      ),
      describeBacktest(data.backtest),
    ].join('\n')
    return { text, data }
  },
})

/** The trend is that of the last day that is known, and so the same in all rows. */
function describeTrend([row]: readonly ForecastDay[]): string {
  const percent = percentChange(row?.trend ?? 1, 1) as string
  if (row?.trend.equals(1)) return 'not moved, as the last four weeks show no clear trend'
  return `moved by ${percent.startsWith('-') ? percent : `+${percent}`} % for the trend of the last four weeks`
}

function describeBacktest(
  tested: { days: number; errorPercent: string | null; biasPercent: string | null; withinRangePercent: string } | null,
): string {
  if (tested === null || tested.errorPercent === null) return 'Too little history to test it on past days.'
  return (
    `Tested on the last ${counted(tested.days, 'day')}, each forecast from what was known the day before: off by ` +
    `${tested.errorPercent} % of what was sold on average (${tested.biasPercent?.replace('-', '')} % ` +
    `too ${tested.biasPercent?.startsWith('-') ? 'low' : 'high'} overall), ${tested.withinRangePercent} % of days within the range.`
  )
}
