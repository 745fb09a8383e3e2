import { ServiceError } from '../../errors.ts'
import { COLUMN_OF, type Column, type Dimension, isTime, LINE_COLUMNS, LOOKED_UP_BY } from './dimensions.ts'
import {
  DEFAULT_MEASURES,
  type Grain,
  MEASURES_OF,
  MEASURES_OF_RATES,
  type MeasureName,
  measureOf,
  type Sum,
} from './measures.ts'

/** The kinds of filters that are set; the location is part of the scope, and every source knows it. */
export type FilterName =
  | 'category'
  | 'supplier'
  | 'product'
  | 'variant'
  | 'client'
  | 'city'
  | 'taxRate'
  | 'employee'
  | 'paymentMethod'
  | 'orderType'
  | 'discounted'
  | 'hours'
  | 'weekdays'
  | 'amount'

/** The column that a filter reads; null: the day or, of raw rows only, the order itself. */
const FILTER_COLUMN: Record<FilterName, Column | null> = {
  category: 'category_id',
  supplier: 'supplier_id',
  product: 'product_id',
  variant: 'variant_id',
  client: 'customer_id',
  city: 'city',
  taxRate: 'tax_rate',
  employee: 'employee_id',
  paymentMethod: null,
  orderType: 'order_type',
  discounted: 'is_discounted',
  hours: 'hour',
  weekdays: null,
  amount: null,
}

const LINE_FILTERS: readonly FilterName[] = ['category', 'supplier', 'product', 'variant', 'taxRate']

export const SOURCES = [
  'sales',
  'sales_hourly',
  'city_daily',
  'customer',
  'staff_daily',
  'staff_hourly',
  'tax_daily',
  'category_daily',
  'supplier_daily',
  'product',
  'payment_daily',
  'raw',
] as const
export type SourceName = (typeof SOURCES)[number]

interface Source {
  grain: Grain
  columns: readonly Column[]
  sums: readonly Sum[]
}

const LINE_SUMS: readonly Sum[] = [
  ...(['units_sold', 'gross_sales', 'discounts', 'returns', 'net_sales', 'tax', 'cost', 'costed_net_sales'] as const),
]
const ORDER_SUMS: readonly Sum[] = [...LINE_SUMS, 'orders', 'refunds', 'tips']

/** What each rollup tells, the one with the fewest rows first. */
const ROLLUPS: Record<Exclude<SourceName, 'raw'>, Source> = {
  sales: { grain: 'orders', columns: ['location_id'], sums: ORDER_SUMS },
  sales_hourly: { grain: 'orders', columns: ['location_id', 'hour'], sums: ORDER_SUMS },
  city_daily: { grain: 'orders', columns: ['location_id', 'city'], sums: ORDER_SUMS },
  customer: { grain: 'orders', columns: ['location_id', 'customer_id'], sums: ORDER_SUMS },
  staff_daily: {
    grain: 'orders',
    columns: ['location_id', 'employee_id', 'order_type', 'is_discounted'],
    sums: ORDER_SUMS,
  },
  staff_hourly: {
    grain: 'orders',
    columns: ['location_id', 'hour', 'employee_id', 'order_type', 'is_discounted'],
    sums: ORDER_SUMS,
  },
  tax_daily: { grain: 'lines', columns: ['location_id', 'tax_rate'], sums: ['net_sales', 'tax'] },
  category_daily: { grain: 'lines', columns: ['location_id', 'category_id'], sums: LINE_SUMS },
  supplier_daily: { grain: 'lines', columns: ['location_id', 'supplier_id'], sums: LINE_SUMS },
  product: { grain: 'lines', columns: ['location_id', 'product_id', 'variant_id'], sums: LINE_SUMS },
  payment_daily: { grain: 'payments', columns: ['location_id', 'method'], sums: ['amount', 'refunded'] },
}

/** What raw rows tell. Orders of lines and payments are counted once in each row, however many lines they have. */
const RAW_SUMS: Record<Grain, readonly Sum[]> = {
  orders: ORDER_SUMS,
  lines: [...LINE_SUMS, 'orders'],
  payments: ['amount', 'refunded', 'orders'],
}

/** From where and how a question is answered. */
export interface Plan {
  grain: Grain
  source: SourceName
  /** All columns that the groups and filters need; for those that it does not have, that by which they are looked up. */
  columns: readonly Column[]
  measures: readonly MeasureName[]
  /** The sums that the source has. */
  sums: readonly Sum[]
  /** Whether months are fine enough, so that monthly rollups may be read. */
  isMonthly: boolean
  /** Whether quarters are, too, where a rollup has them. */
  areQuartersFine: boolean
}

/**
 * The smallest source that answers a question exactly.
 * @param measures an empty list means those that suit the question
 * @throws ServiceError `invalid_argument` that says what can be asked instead
 */
export function planOf(question: {
  groupBy: readonly Dimension[]
  measures: readonly MeasureName[]
  filters: ReadonlySet<FilterName>
}): Plan {
  const { groupBy, filters } = question
  const grain = grainOf(question)
  // A table of two dimensions for each measure would be long.
  const isOfRates = groupBy.includes('tax_rate') || filters.has('taxRate')
  const suited = isOfRates && grain === 'lines' ? MEASURES_OF_RATES : DEFAULT_MEASURES[grain]
  const usual = groupBy.length > 1 ? suited.slice(0, 1) : suited
  const measures = question.measures.length === 0 ? usual : question.measures
  requireMeasures(grain, measures, groupBy)

  const columns = columnsOf(groupBy, filters, grain)
  // Only raw rows tell how large an order is, and by what it was paid.
  const isOfOrders = filters.has('amount') || (filters.has('paymentMethod') && grain !== 'payments')
  const sums = measures.flatMap((name) => measureOf(name, grain).sums)
  const source = isOfOrders ? 'raw' : sourceOf(grain, columns, sums)
  return {
    grain,
    source,
    columns: columnsIn(source, columns),
    measures,
    sums: source === 'raw' ? RAW_SUMS[grain] : ROLLUPS[source].sums,
    ...finenessOf(groupBy, filters),
  }
}

type RollupPlan = Plan & { source: Exclude<SourceName, 'raw'> }

/** From where the totals of a plan's rows are read; null: they are those of its rows, or cost as much. */
export function totalsPlanOf(
  plan: Plan,
  groupBy: readonly Dimension[],
  filters: ReadonlySet<FilterName>,
): RollupPlan | null {
  // By method there are also payments that are not known, and raw rows are read once.
  if (groupBy.length === 0 || plan.grain === 'payments' || plan.source === 'raw') return null
  const totals = levelPlanOf(plan, [], filters)
  if (totals === null) return null
  const isSmaller =
    totals.source !== plan.source || totals.columns.length < plan.columns.length || totals.isMonthly !== plan.isMonthly
  return isSmaller ? totals : null
}

/** What has so many values that the cells of all of them are not worth reading to show some. */
const MANY: readonly (Dimension | undefined)[] = ['product', 'variant', 'client']

/**
 * From where the totals of two dimensions are read, if the values of the ranked one are ranked by their totals before
 * any cells are read; null where the cells of all are read at once.
 */
export function rankedFirstPlans(
  plan: Plan,
  {
    groupBy,
    ranked,
    filters,
  }: { groupBy: readonly Dimension[]; ranked: 0 | 1 | null; filters: ReadonlySet<FilterName> },
): { ofRanked: RollupPlan; ofOther: RollupPlan } | null {
  const isMany = ranked !== null && groupBy.length === 2 && MANY.includes(groupBy[ranked])
  if (!isMany || plan.source === 'raw') return null
  const [ofRanked, ofOther] = [ranked, 1 - ranked].map((index) =>
    levelPlanOf(plan, groupBy.slice(index, index + 1), filters),
  )
  return ofRanked?.isMonthly && ofOther ? { ofRanked, ofOther } : null
}

/** The plan of totals over some dimensions of a question, with the same sums; null if only raw rows tell them. */
function levelPlanOf(plan: Plan, groupBy: readonly Dimension[], filters: ReadonlySet<FilterName>): RollupPlan | null {
  const columns = columnsOf(groupBy, filters, plan.grain)
  const source = sourceOf(plan.grain, columns, plan.sums)
  return source === 'raw'
    ? null
    : { ...plan, source, columns: columnsIn(source, columns), ...finenessOf(groupBy, filters) }
}

function finenessOf(groupBy: readonly Dimension[], filters: ReadonlySet<FilterName>) {
  // The hours of a day are in each of its cells.
  const areAll = (times: readonly Dimension[]) =>
    groupBy.every((each) => !isTime(each) || each === 'hour' || times.includes(each)) && !filters.has('weekdays')
  return { isMonthly: areAll(['month', 'quarter']), areQuartersFine: areAll(['quarter']) }
}

/** All columns that some groups and filters need. */
function columnsOf(groupBy: readonly Dimension[], filters: ReadonlySet<FilterName>, grain: Grain): Column[] {
  const ofFilters = [...filters].map((filter) =>
    filter === 'paymentMethod' && grain === 'payments' ? 'method' : FILTER_COLUMN[filter],
  )
  return [...new Set([...groupBy.map((each) => COLUMN_OF[each]), ...ofFilters])].filter((column) => column !== null)
}

/** Columns of a source, with those by which it looks up others. */
function columnsIn(source: SourceName, columns: readonly Column[]): Column[] {
  const own: readonly Column[] = source === 'raw' ? [] : ROLLUPS[source].columns
  return [...new Set(columns.map((column) => (own.includes(column) ? column : (LOOKED_UP_BY[column] ?? column))))]
}

/** The smallest source that has some columns and sums; those of all lines are those of their orders. */
function sourceOf(grain: Grain, columns: readonly Column[], sums: readonly Sum[]): SourceName {
  const found = Object.entries(ROLLUPS).find(
    ([name, source]) =>
      (source.grain === grain || (grain === 'lines' && name === 'sales')) &&
      columnsIn(name as SourceName, columns).every((column) => source.columns.includes(column)) &&
      sums.every((sum) => source.sums.includes(sum)),
  )
  return (found?.[0] as SourceName | undefined) ?? 'raw'
}

function grainOf({ groupBy, measures, filters }: Parameters<typeof planOf>[0]): Grain {
  const isLine = (dimension: Dimension) => LINE_COLUMNS.includes(COLUMN_OF[dimension] as Column)
  const line = groupBy.find(isLine) ?? LINE_FILTERS.find((filter) => filters.has(filter))
  const isByMethod = groupBy.includes('payment_method')
  if (line !== undefined && isByMethod) {
    throw refused(
      `payment_method and ${line} cannot be joined: an order may be paid by two methods, and no line by one of them.`,
      'Ask with the filter payment_method, which takes whole orders paid by it, or by payment_method alone.',
    )
  }
  if (line !== undefined) return 'lines'
  const asksOnlyPaid = measures.length > 0 && measures.every((name) => name === 'total' || name === 'share')
  return isByMethod || (filters.has('paymentMethod') && asksOnlyPaid) ? 'payments' : 'orders'
}

function requireMeasures(grain: Grain, measures: readonly MeasureName[], groupBy: readonly Dimension[]): void {
  const wrong = measures.filter((name) => !MEASURES_OF[grain].includes(name))
  if (wrong.length === 0) return
  const valid = `Here the measures are: ${MEASURES_OF[grain].join(', ')}.`
  const by = groupBy.length === 0 ? '' : ` by ${groupBy.join(' and ')}`
  if (grain === 'payments') {
    throw refused(
      `${wrong.join(', ')}${by} is not known: an order may be paid by two methods. total is what was paid less refunds.`,
      `${valid} For other measures of orders paid by one, use the filter payment_method.`,
    )
  }
  throw refused(
    `${wrong.join(', ')} of single products or tax rates is not known: it belongs to whole orders.`,
    `${valid} For ${wrong.join(', ')}, ask without product, variant, category, supplier and tax_rate.`,
  )
}

function refused(message: string, hint: string): ServiceError {
  return new ServiceError('invalid_argument', message, { hint })
}
