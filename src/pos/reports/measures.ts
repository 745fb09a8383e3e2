import { type RawBuilder, sql } from 'kysely'
import { Decimal } from '../../money/money.ts'

/** What is counted: orders and refunds, their lines, or what was paid for them. */
export type Grain = 'orders' | 'lines' | 'payments'

/** The sums that measures are computed from, by the names of the rollups' columns. */
export type Sum =
  | 'orders'
  | 'refunds'
  | 'units_sold'
  | 'gross_sales'
  | 'discounts'
  | 'returns'
  | 'net_sales'
  | 'tax'
  | 'tips'
  | 'cost'
  | 'costed_net_sales'
  | 'amount'
  | 'refunded'
/** Sums from the database: decimal strings. */
export type Sums = Partial<Record<Sum, string>>

export const MEASURES = [
  'net_sales',
  'gross_sales',
  'discounts',
  'returns',
  'tax',
  'tips',
  'total',
  'orders',
  'refunds',
  'units',
  'average_sale',
  'margin',
  'margin_percent',
  'items_per_order',
  'share',
] as const
export type MeasureName = (typeof MEASURES)[number]

export interface Measure {
  name: MeasureName
  /** The name in data. */
  key: string
  /** The name in text. */
  label: string
  /** A share is a percentage of the total of all rows. */
  unit: 'money' | 'count' | 'quantity' | 'percent' | 'share'
  sums: readonly Sum[]
  /** The measure from its sums, or null where it is not known. The same formula as an SQL expression ranks rows. */
  formula: Formula
}

type Formula =
  | { kind: 'sum'; plus: readonly Sum[]; minus?: readonly Sum[] }
  | { kind: 'ratio'; of: Sum; by: Sum }
  | { kind: 'margin' | 'margin_percent' }

const added = (plus: readonly Sum[], minus: readonly Sum[] = []): Formula => ({ kind: 'sum', plus, minus })

const DEFINITIONS: Record<MeasureName, Omit<Measure, 'name' | 'sums'>> = {
  net_sales: { key: 'netSales', label: 'net', unit: 'money', formula: added(['net_sales']) },
  gross_sales: { key: 'grossSales', label: 'gross', unit: 'money', formula: added(['gross_sales']) },
  discounts: { key: 'discounts', label: 'discounts', unit: 'money', formula: added(['discounts']) },
  returns: { key: 'returns', label: 'returns', unit: 'money', formula: added(['returns']) },
  tax: { key: 'tax', label: 'tax', unit: 'money', formula: added(['tax']) },
  tips: { key: 'tips', label: 'tips', unit: 'money', formula: added(['tips']) },
  total: { key: 'total', label: 'total', unit: 'money', formula: added(['net_sales', 'tax', 'tips']) },
  orders: { key: 'orders', label: 'orders', unit: 'count', formula: added(['orders']) },
  refunds: { key: 'refunds', label: 'refunds', unit: 'count', formula: added(['refunds']) },
  units: { key: 'unitsSold', label: 'units', unit: 'quantity', formula: added(['units_sold']) },
  average_sale: {
    key: 'averageSale',
    label: 'average sale',
    unit: 'money',
    formula: { kind: 'ratio', of: 'net_sales', by: 'orders' },
  },
  margin: { key: 'margin', label: 'margin', unit: 'money', formula: { kind: 'margin' } },
  margin_percent: { key: 'marginPercent', label: 'margin %', unit: 'percent', formula: { kind: 'margin_percent' } },
  items_per_order: {
    key: 'itemsPerOrder',
    label: 'items per order',
    unit: 'quantity',
    formula: { kind: 'ratio', of: 'units_sold', by: 'orders' },
  },
  share: { key: 'sharePercent', label: 'share %', unit: 'share', formula: added(['net_sales']) },
}

/** What was paid less what was paid back stands for the total, and is what shares are of. */
const PAID = added(['amount'], ['refunded'])

function sumsOf(formula: Formula): readonly Sum[] {
  if (formula.kind === 'sum') return [...formula.plus, ...(formula.minus ?? [])]
  return formula.kind === 'ratio' ? [formula.of, formula.by] : ['cost', 'costed_net_sales']
}

/** A measure of a grain. */
export function measureOf(name: MeasureName, grain: Grain): Measure {
  const definition = DEFINITIONS[name]
  const isPaid = grain === 'payments' && (name === 'total' || name === 'share')
  const formula = isPaid ? PAID : definition.formula
  return { name, ...definition, formula, sums: sumsOf(formula) }
}

/** The exact value of a measure from its sums; null where it has none. */
export function valueFrom({ formula }: Measure, sums: Sums): Decimal | null {
  const sum = (name: Sum) => new Decimal(sums[name] ?? 0)
  switch (formula.kind) {
    case 'sum': {
      const plus = formula.plus.reduce((total, name) => total.plus(sum(name)), new Decimal(0))
      return (formula.minus ?? []).reduce((total, name) => total.minus(sum(name)), plus)
    }
    case 'ratio':
      return sum(formula.by).isZero() ? null : sum(formula.of).div(sum(formula.by))
    case 'margin':
      // Without a known cost there is no margin, while one of zero has costs.
      return sum('cost').isZero() && sum('costed_net_sales').isZero()
        ? null
        : sum('costed_net_sales').minus(sum('cost'))
    case 'margin_percent':
      // As everywhere, a share of nothing or of less is not known.
      return sum('costed_net_sales').lte(0)
        ? null
        : sum('costed_net_sales').minus(sum('cost')).times(100).div(sum('costed_net_sales'))
  }
}

/** The same as an SQL expression, which is null where the measure has no value. */
export function valueInSql({ formula }: Measure, column: (sum: Sum) => RawBuilder<unknown>): RawBuilder<unknown> {
  switch (formula.kind) {
    case 'sum': {
      const plus = sql.join(formula.plus.map(column), sql` + `)
      const minus = (formula.minus ?? []).map((name) => sql` - ${column(name)}`)
      return sql`(${plus} ${sql.join(minus, sql``)})`
    }
    case 'ratio':
      return sql`(${column(formula.of)} / nullif(${column(formula.by)}, 0))`
    case 'margin':
      return sql`case when ${column('cost')} <> 0 or ${column('costed_net_sales')} <> 0
        then ${column('costed_net_sales')} - ${column('cost')} end`
    case 'margin_percent':
      return sql`case when ${column('costed_net_sales')} > 0
        then (${column('costed_net_sales')} - ${column('cost')}) * 100 / ${column('costed_net_sales')} end`
  }
}

/** A margin that is not known because nothing was sold is none, where it is compared with another. */
const NOTHING_SOLD: readonly Sum[] = ['net_sales', 'units_sold']

/** The sums that rows of some measures are made, ranked and compared by. */
export function rowSumsOf(measures: readonly Measure[]): readonly Sum[] {
  const isMargin = ({ formula }: Measure) => formula.kind === 'margin' || formula.kind === 'margin_percent'
  return [...measures.flatMap(({ sums }) => sums), 'net_sales', ...(measures.some(isMargin) ? NOTHING_SOLD : [])]
}

/** How much more a measure is than it was before, exactly; null where either is not known. */
export function changeFrom(measure: Measure, now: Sums, before: Sums): Decimal | null {
  const [is, was] = [now, before].map((sums) => {
    const isNone = measure.formula.kind === 'margin' && NOTHING_SOLD.every((sum) => Number(sums[sum] ?? 0) === 0)
    return valueFrom(measure, sums) ?? (isNone ? new Decimal(0) : null)
  }) as [Decimal | null, Decimal | null]
  return is && was && is.minus(was)
}

/** The same as an SQL expression. */
export function changeInSql(measure: Measure, columns: Record<'now' | 'before', (sum: Sum) => RawBuilder<unknown>>) {
  const [is, was] = [columns.now, columns.before].map((column) => {
    const value = valueInSql(measure, column)
    if (measure.formula.kind !== 'margin') return value
    const isNone = sql.join(
      NOTHING_SOLD.map((sum) => sql`${column(sum)} = 0`),
      sql` and `,
    )
    return sql`coalesce(${value}, case when ${isNone} then 0 end)`
  }) as [RawBuilder<unknown>, RawBuilder<unknown>]
  return sql`(${is} - ${was})`
}

/** Whether the values of rows add up to that of their total. */
export function isAdditive({ formula }: Measure): boolean {
  return formula.kind === 'sum'
}

/** Which measures each grain has. */
export const MEASURES_OF: Record<Grain, readonly MeasureName[]> = {
  orders: MEASURES,
  lines: [
    'net_sales',
    'gross_sales',
    'discounts',
    'returns',
    'tax',
    'units',
    'margin',
    'margin_percent',
    'share',
    'orders',
  ],
  payments: ['total', 'share', 'orders'],
}

/** The measures of the totals, as far as the sums at hand tell them, besides those that are asked for. */
export const TOTALS_OF: Record<Grain, readonly MeasureName[]> = {
  orders: [
    ...(['gross_sales', 'returns', 'discounts', 'net_sales', 'tax', 'tips', 'total', 'orders', 'refunds'] as const),
    ...(['units', 'average_sale', 'margin'] as const),
  ],
  lines: ['gross_sales', 'returns', 'discounts', 'net_sales', 'tax', 'units', 'margin'],
  payments: ['total'],
}

/** The measures of rows where none are asked for. */
export const DEFAULT_MEASURES: Record<Grain, readonly MeasureName[]> = {
  orders: ['net_sales', 'tax', 'total', 'orders', 'average_sale'],
  lines: ['net_sales', 'units', 'share'],
  payments: ['total', 'share'],
}

/** The same of tax rates, whose rollup has no units. */
export const MEASURES_OF_RATES: readonly MeasureName[] = ['net_sales', 'tax', 'share']
