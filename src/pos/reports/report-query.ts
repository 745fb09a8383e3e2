import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import type { Stretch } from '../../time/comparison.ts'
import { addDays } from '../../time/local.ts'
import type { Days } from '../../time/window.ts'
import { inRollup } from '../rollups.ts'
import type { SalesScope } from '../scope.ts'
import { rawCells, rollupCells } from './cells.ts'
import { type Dimension, isPerDay, isTime } from './dimensions.ts'
import { cellConditions, type Filters, filterNames, hourCondition } from './filters.ts'
import {
  changeInSql,
  isAdditive,
  type Measure,
  type MeasureName,
  measureOf,
  rowSumsOf,
  type Sum,
  type Sums,
  valueInSql,
} from './measures.ts'
import { bandInSql } from './order-bands.ts'
import { type Plan, totalsPlanOf } from './plan.ts'
import { firstSale } from './sales-since.ts'

/** How far a stretch lies before the window, so that its rows get the keys of the rows that they stand beside. */
export type Shift = { days: number } | { months: number }

export interface ReportQuestion {
  plan: Plan
  scope: SalesScope
  timezone: string
  groupBy: readonly Dimension[]
  filters: Filters
  /** The window, then what it is compared with, and whether rows stand beside their like there. */
  stretches: readonly { stretch: Stretch; shift: Shift; hasRows: boolean }[]
  /** What rows are ranked by, and which way; without it, they come in the order of their keys. */
  ranking: Ranking | null
  /** At most so many rows, or values of the ranked dimension. */
  limit: number
  /** Which dimension is ranked and cut; null: the rows of both together. */
  ranked: 0 | 1 | null
  /** The running day, which means leave out. */
  today: string
  /** What is shown of each row; the first is compared, and added up over whole days for means. */
  measures: readonly [Measure, ...Measure[]]
  currencyDigits: number
}

/** By a measure, or by its change against a stretch, of which the place is given. */
export interface Ranking {
  measure: Measure
  isAscending: boolean
  against?: number | undefined
}

/** Sums of a row, a part of it or all rows. */
export interface ReportRow {
  /** The keys of the dimensions: a date, a number, an id, or an empty text for none; null in a total over them. */
  keys: readonly [string | null, string | null]
  /** Null in cells of a ranked dimension, whose totals have them. */
  names: readonly [ReportName | null, ReportName | null]
  /** For the window and each stretch: of rows those that their measures need, of all rows those of the source. */
  sums: readonly Sums[]
  /** The first measure over days that are over; null if it does not add up. */
  whole: string | null
  /** What the filter of hours leaves out because its time is not known. */
  leftOut: string
  /** How many rows there are, before the cut. */
  count: number
}

/** What a row is called, as stored. */
export interface ReportName {
  name: string
  label?: string | null
  /** By which tools take it: a SKU, code or number. */
  ref?: string
  isActive?: boolean
  /** Of a location. */
  timezone?: string
}

/** A report about more orders than this would read too many raw rows. */
export const MAX_RAW_ORDERS = 200_000

/** More orders are not counted one by one only to tell how many there are. */
const MAX_COUNTED = 20_000

/** Whether some days have few enough orders for that, which their sums tell. */
export function isFewOrders(scope: SalesScope, { from, to }: Days): RawBuilder<SqlBool> {
  const orders = sql`select coalesce(sum(r.orders + r.refunds), 0) from sales_daily r
    where ${inRollup('r', scope)} and r.day between ${from} and ${to}`
  return sql<SqlBool>`(${orders}) <= ${MAX_COUNTED}`
}

/** The orders and refunds of all stretches, from the rollups, by which raw rows are guarded. */
function ordersIn({ scope, stretches, filters }: Pick<ReportQuestion, 'scope' | 'stretches' | 'filters'>) {
  if (filters.client != null) {
    return sql`(select coalesce(sum(s.orders), 0) from customer_sales s
      where s.business_id = ${scope.businessId} and s.customer_id = ${filters.client.id})`
  }
  const days = stretches.map(({ stretch: { from, to } }) => sql`r.day between ${from} and ${to}`)
  return sql`(select coalesce(sum(r.orders + r.refunds), 0) from sales_daily r
    where ${inRollup('r', scope)} and (${sql.join(days, sql` or `)}))`
}

/** How many orders a question reads one by one: 0 if a rollup answers it. */
export async function rawOrders(db: Transaction, question: ReportQuestion): Promise<number> {
  if (question.plan.source !== 'raw') return 0
  const { rows } = await sql<{ count: string }>`select ${ordersIn(question)}::text as count`.execute(db)
  return Number(rows[0]?.count ?? 0)
}

/** The rows of a report with their totals; none if it would read too many raw rows. */
export async function reportRows(db: Transaction, question: ReportQuestion): Promise<ReportRow[]> {
  const { plan, groupBy, filters, stretches, ranking, limit, ranked, measures } = question
  const [first] = measures
  const isDistinct = isDistinctOrders(plan)
  // Totals tell more sums than rows do. Where fewer cells tell them, those of the rows are read without.
  const totals = totalsPlanOf(plan, groupBy, filterNames(filters))
  const sumsOfRows = totals === null ? plan.sums : plan.sums.filter((sum) => rowSumsOf(measures).includes(sum))
  // Both totals of times are few; those of two others may be very many, and are not asked for.
  const isTimes = groupBy.every((dimension) => isTime(dimension))
  const windows = stretches.map((_stretch, index) => index)
  const column = (sum: Sum, window: number) => `${sum}_${window}`
  const isOf = (window: number) => sql`where w = ${sql.lit(window)}`

  // Sums of the keys at hand, and then over the keys. Orders that have several lines are counted once in each.
  const ofCells = (sum: Sum, window: number) =>
    sum === 'orders' && isDistinct
      ? sql`count(distinct sale) filter (${isOf(window)})`
      : sql`coalesce(sum(${sql.ref(sum)}) filter (${isOf(window)}), 0)`
  const pairsOf = (sums: readonly Sum[]) => windows.flatMap((window) => sums.map((sum) => ({ sum, window })))
  const [pairs, pairsOfRows] = [pairsOf(plan.sums), pairsOf(sumsOfRows)]
  const value = valueOfCells(first, isDistinct)
  const whole = value ?? sql`0::numeric`
  const leftOut = valueOfCells(leftOutMeasure(plan), isDistinct)
  const extra = [
    {
      name: 'whole',
      of: isPerDay(groupBy) ? sql`coalesce(sum(${whole}) filter (where w = 0 and not is_running), 0)` : sql`0::numeric`,
    },
    {
      name: 'left_out',
      of:
        filters.hours === undefined
          ? sql`0::numeric`
          : sql`coalesce(sum(${leftOut}) filter (where w = ${sql.lit(LEFT_OUT)}), 0)`,
    },
  ]
  const sumsOf = (of: typeof pairs) => [
    ...of.map(({ sum, window }) => sql`${ofCells(sum, window)} as ${sql.ref(column(sum, window))}`),
    ...extra.map(({ name, of }) => sql`${of} as ${sql.ref(name)}`),
  ]
  const names = [...pairsOfRows.map(({ sum, window }) => column(sum, window)), ...extra.map(({ name }) => name)]
  const again = names.map((name) => sql`sum(${sql.ref(name)}) as ${sql.ref(name)}`)
  const { levels, sets } = LEVELS[groupBy.length] as (typeof LEVELS)[number]
  const base = sql`base as (select k1, k2, ${sql.join(sumsOf(pairsOfRows))} from cells group by k1, k2)`
  // The rows of one dimension are added up already.
  const rowsOnly =
    groupBy.length === 1
      ? sql`select coalesce(k1::text, '') as k1, null::text as k2, 0 as g1, 1 as g2, ${sql.join(names.map((name) => sql.ref(name)))} from base`
      : sql`select ${levels}, ${sql.join(again)} from base group by grouping sets ((k1), (k2), (k1, k2))`
  const inAll = [
    ...pairs.map(({ sum, window }) =>
      sumsOfRows.includes(sum) ? sql.ref(column(sum, window)) : sql`null::numeric as ${sql.ref(column(sum, window))}`,
    ),
    ...extra.map(({ name }) => sql.ref(name)),
  ]
  const grouped = isDistinct
    ? sql`g as (select ${levels}, ${sql.join(sumsOf(pairs))} from cells group by grouping sets ${sets})`
    : totals === null
      ? sql`${base}, g as (select ${levels}, ${sql.join(again)} from base group by grouping sets ${sets})`
      : sql`${base}, of_rows as (${rowsOnly}),
        g as (
          select k1, k2, g1, g2, ${sql.join(inAll)} from of_rows
          union all
          select null::text, null::text, 1, 1, ${sql.join(sumsOf(pairs))}
          from (${cellsOf({ ...question, plan: totals, groupBy: [] })}) cells
        )`

  // Of equal rows, and of those whose measure is not known, the larger one comes first.
  const tie = plan.sums.includes('net_sales') ? sql`, ${sql.ref(column('net_sales', 0))} desc` : sql``
  const columnsOf = (window: number) => (sum: Sum) => sql.ref(column(sum, window))
  const rankValue = (by: Ranking) =>
    by.against === undefined
      ? valueInSql(by.measure, columnsOf(0))
      : changeInSql(by.measure, { now: columnsOf(0), before: columnsOf(by.against) })
  // Keys are text, and the tenth hour comes after the ninth.
  const inOrder = (index: 0 | 1) => {
    const key = sql.ref(index === 0 ? 'k1' : 'k2')
    return groupBy[index] === 'hour' ? sql`lpad(${key}, 2, '0')` : key
  }
  const rank =
    ranking === null
      ? sql`${inOrder(ranked === 1 ? 1 : 0)}, ${inOrder(0)}, ${inOrder(1)}`
      : sql`${rankValue(ranking)}
          ${ranking.isAscending ? sql`asc` : sql`desc`} nulls last${tie}, k1, k2`
  // A row is one with a figure: nobody reads one in which everything that is asked for is zero.
  const isFigure = (measure: Measure, window: number) => {
    const value = valueInSql(measure, columnsOf(window))
    // Goods sold at their cost have a margin of 0 %.
    if (measure.name === 'margin_percent') return sql`${value} is not null`
    const isExact = measure.unit === 'count' || measure.unit === 'quantity'
    return sql`coalesce(${isExact ? value : sql`round(${value}, ${sql.lit(question.currencyDigits)})`}, 0) <> 0`
  }
  const isSomething = sql`(${sql.join(
    [
      ...measures.map((measure) => isFigure(measure, 0)),
      ...stretches.flatMap(({ stretch, hasRows }, window) =>
        window === 0 || !hasRows
          ? []
          : [sql`(${isFigure(first, window)} and ${firstSale(question.scope)} <= ${stretch.from}::date)`],
      ),
    ],
    sql` or `,
  )})`
  const key = ranked === null ? sql`row(k1, k2)` : sql.ref(ranked === 0 ? 'k1' : 'k2')
  const isRanked = {
    none: sql`g1 = 0 and g2 = ${sql.lit(groupBy.length > 1 ? 0 : 1)}`,
    first: sql`g1 = 0 and g2 = 1`,
    second: sql`g1 = 1 and g2 = 0`,
  }[ranked === null ? 'none' : ranked === 0 ? 'first' : 'second']
  // What was sold on one day and came back on another comes to nothing, and its days do not.
  const hasCell =
    ranked === null || groupBy.length < 2
      ? sql`false`
      : sql`${key} in (select ${key} from g where g1 = 0 and g2 = 0 and ${isSomething})`
  const isRow = sql`${isRanked} and (${isSomething} or ${hasCell})
    and k1 is distinct from ${NO_LIKE} and k2 is distinct from ${NO_LIKE}`
  // "No client" is a row among the clients, and none of them: it takes no one's place, and is not counted.
  const isNamed =
    ranked === null && groupBy.length > 1 ? sql`true` : sql`${ranked === 1 ? sql`k2` : sql`k1`} is distinct from ''`
  const name = (dimension: Dimension | undefined, of: 'k1' | 'k2') =>
    dimension === undefined ? sql`null::jsonb` : nameOf(dimension, sql.ref(`s.${of}`), question.scope.businessId)
  // The cells of a ranked dimension stand under and beside its names.
  const isNameShown = ranked === null ? sql`true` : sql`s.g1 = 1 or s.g2 = 1`
  const hasKey = (of: 'k1' | 'k2', level: 'g1' | 'g2') =>
    sql`(${sql.ref(`g.${level}`)} = 1 or ${sql.ref(`g.${of}`)} <> ${NO_LIKE})`

  const { rows } = await sql<Record<string, string | null> & { names: (ReportName | null)[] }>`
    with cells as (${cellsOf({ ...question, plan: { ...plan, sums: sumsOfRows } })}), ${grouped},
    ranked as (
      select ${key} as k, row_number() over w as place,
        count(*) filter (where ${isNamed}) over (w rows unbounded preceding) as named
      from (select * from g where ${isRow} order by ${rank} limit ${limit + 1}) every
      window w as (order by ${rank})
    ),
    shown as (
      select g.*, r.place
      from g left join ranked r on r.k = ${ranked === null ? sql`row(g.k1, g.k2)` : sql.ref(`g.${ranked === 0 ? 'k1' : 'k2'}`)}
      where ((g.g1 = 1 and g.g2 = 1) or r.named <= ${limit}
          or ${ranked === null ? (isTimes ? sql`g.g1 = 1 or g.g2 = 1` : sql`false`) : sql`${sql.ref(ranked === 0 ? 'g.g1' : 'g.g2')} = 1`})
        and ${hasKey('k1', 'g1')} and ${hasKey('k2', 'g2')}
    )
    select s.k1, s.k2, s.g1::text, s.g2::text, s.whole::text, s.left_out::text, (select count(*) from g where ${isRow} and ${isNamed})::text as count,
      ${sql.join(pairs.map(({ sum, window }) => sql`${sql.ref(`s.${column(sum, window)}`)}::text as ${sql.ref(column(sum, window))}`))},
      case when ${isNameShown} then jsonb_build_array(${name(groupBy[0], 'k1')}, ${name(groupBy[1], 'k2')})
        else '[null, null]' end as names
    from shown s
    order by s.g1 desc, s.g2 desc, s.place nulls last, s.k1, s.k2`.execute(db)

  return rows.map((row) => ({
    keys: [row.g1 === '1' ? null : (row.k1 ?? ''), row.g2 === '1' ? null : (row.k2 ?? '')],
    names: [row.names[0] ?? null, row.names[1] ?? null],
    sums: windows.map(
      (window) =>
        Object.fromEntries(
          plan.sums.flatMap((sum) => {
            // Of no rows at all, there is no sum.
            const value = row[column(sum, window)] ?? (sumsOfRows.includes(sum) ? '0' : null)
            return value === null ? [] : [[sum, value]]
          }),
        ) as Sums,
    ),
    whole: value === null ? null : (row.whole ?? null),
    leftOut: row.left_out ?? '0',
    count: Number(row.count ?? 0),
  }))
}

/** A key as text, which is empty for none; null in a total over it. */
const keyText = (key: 'k1' | 'k2') =>
  sql`case when grouping(${sql.ref(key)}) = 0 then coalesce(${sql.ref(key)}::text, '') end as ${sql.ref(key)}`
/** Totals over all rows, and with two dimensions over the rows of each: by the number of dimensions. */
const LEVELS = [
  { levels: sql`null::text as k1, null::text as k2, 1 as g1, 1 as g2`, sets: sql`(())` },
  { levels: sql`${keyText('k1')}, null::text as k2, grouping(k1) as g1, 1 as g2`, sets: sql`((), (k1))` },
  {
    levels: sql`${keyText('k1')}, ${keyText('k2')}, grouping(k1) as g1, grouping(k2) as g2`,
    sets: sql`((), (k1), (k2), (k1, k2))`,
  },
]
/** Stands for the window of what a filter of hours leaves out. */
const LEFT_OUT = 9
/** The key of earlier days that have no like in the window, such as the 31st. */
const NO_LIKE = '-'

/** A measure of single cells, which adds up; null of ratios and shares, and of orders that are counted once over several cells. */
function valueOfCells(measure: Measure, isDistinct: boolean): RawBuilder<unknown> | null {
  const isCounted = isDistinct && measure.sums.includes('orders')
  return isAdditive(measure) && measure.unit !== 'share' && !isCounted
    ? valueInSql(measure, (sum) => sql.ref(sum))
    : null
}

/** What tells how much a filter of hours leaves out: the first measure if its cells add up, else net sales or what was paid. */
export function leftOutMeasure(plan: Plan): Measure {
  const first = measureOf(plan.measures[0] as MeasureName, plan.grain)
  const usual = measureOf(plan.grain === 'payments' ? 'total' : 'net_sales', plan.grain)
  return valueOfCells(first, isDistinctOrders(plan)) === null ? usual : first
}

/** The cells of all stretches with the keys of their rows; `w` says of which stretch. */
function cellsOf(question: ReportQuestion): RawBuilder<unknown> {
  const { plan, scope, timezone, groupBy, filters, stretches, today } = question
  const { businessId } = scope
  const isByMethod = plan.grain === 'payments'
  const guard = sql<SqlBool>`${ordersIn(question)} <= ${MAX_RAW_ORDERS}`
  const columns = [...plan.sums.filter((sum) => sum !== 'orders' || !isDistinctOrders(plan)), ...saleColumn(plan)]
  const joins = [
    groupBy.includes('category') || groupBy.includes('supplier')
      ? sql`join product p on p.business_id = ${businessId} and p.id = c.product_id`
      : sql``,
    groupBy.includes('city')
      ? sql`left join (select id, coalesce(trim(city), '') as city from customer where business_id = ${businessId}) u
          on u.id = c.customer_id`
      : sql``,
  ]
  const select = (window: number, cells: RawBuilder<unknown>, shift: Shift, condition: RawBuilder<unknown>) => sql`
    select ${sql.lit(window)}::integer as w, ${keyOf(groupBy[0], shift)} as k1, ${keyOf(groupBy[1], shift)} as k2,
      c.day = ${today}::date as is_running, ${sql.join(columns.map((name) => sql.ref(`c.${name}`)))}
    from ${cells} c ${sql.join(joins, sql` `)}
    where ${cellConditions(filters, { businessId, isByMethod })} and ${condition}`

  const parts = stretches.flatMap(({ stretch: { from, to, until }, shift }, window) => {
    const raw = (days: { from: string; to: string }, upTo: string | null) =>
      rawCells({ plan, scope, timezone, filters, days, until: upTo, guard: plan.source === 'raw' ? guard : sql`true` })
    const whole = (days: { from: string; to: string }) =>
      plan.source === 'raw' ? raw(days, null) : rollupCells(plan, scope, days)
    const cells =
      until === null
        ? [whole({ from, to })]
        : [...(from < to ? [whole({ from, to: addDays(to, -1) })] : []), raw({ from: to, to }, until)]
    return cells.flatMap((each) => {
      if (filters.hours === undefined) return [select(window, each, shift, sql`true`)]
      const within = select(window, each, shift, hourCondition(filters.hours))
      return window === 0 ? [within, select(LEFT_OUT, each, shift, sql`c.hour is null`)] : [within]
    })
  })
  return sql.join(parts, sql` union all `)
}

function isDistinctOrders(plan: Plan): boolean {
  return plan.source === 'raw' && plan.grain !== 'orders'
}

function saleColumn(plan: Plan): string[] {
  return isDistinctOrders(plan) ? ['sale'] : []
}

/**
 * The key of a dimension, from cells `c` of a stretch that lies some time before the window; null for none. Many rows
 * are compared by it, so that it becomes text only once they are added up.
 */
function keyOf(dimension: Dimension | undefined, shift: Shift): RawBuilder<unknown> {
  switch (dimension) {
    case undefined:
      return sql`null::text`
    case 'day':
      // A day of a month has its like only in months that have it.
      return 'months' in shift && shift.months > 0
        ? sql`case when extract(day from ${shifted(shift)}) = extract(day from c.day) then ${shifted(shift)}::text else ${NO_LIKE} end`
        : sql`${shifted(shift)}::text`
    case 'week':
      // 1900-01-01, the first day there is, was a Monday.
      return sql`(${shifted(shift)} - (${shifted(shift)} - '1900-01-01'::date) % 7)`
    case 'month':
    case 'quarter':
      return sql`date_trunc(${sql.lit(dimension)}, ${shifted(shift)}::timestamp)::date`
    case 'weekday':
      return sql`extract(isodow from c.day)::smallint`
    case 'hour':
      return sql`c.hour`
    case 'location':
      return sql`c.location_id`
    case 'category':
      return sql`p.category_id`
    case 'supplier':
      return sql`p.supplier_id`
    case 'product':
      return sql`c.product_id`
    case 'variant':
      return sql`c.variant_id`
    case 'client':
      return sql`c.customer_id`
    case 'city':
      return sql`coalesce(u.city, '')`
    case 'employee':
      return sql`c.employee_id`
    case 'payment_method':
      return sql`coalesce(c.method, '')`
    case 'order_type':
      return sql`c.order_type`
    case 'order_total':
      return bandInSql(sql`c.order_total`)
    case 'tax_rate':
      return sql`trim_scale(c.tax_rate)`
    case 'discounted':
      return sql`c.is_discounted`
  }
}

function shifted(shift: Shift): RawBuilder<unknown> {
  if ('days' in shift) return shift.days === 0 ? sql`c.day` : sql`(c.day + ${sql.lit(shift.days)}::integer)`
  return sql`(c.day + make_interval(months => ${sql.lit(shift.months)}))::date`
}

/** What a row of a dimension is called, looked up by its key only for the rows that are shown. */
function nameOf(dimension: Dimension, key: RawBuilder<unknown>, businessId: string): RawBuilder<unknown> {
  const id = sql`nullif(${key}, '')::uuid`
  const row = (table: string, parts: RawBuilder<unknown>) => sql`(
    select jsonb_build_object(${parts}) from ${sql.table(table)} n where n.business_id = ${businessId} and n.id = ${id})`
  switch (dimension) {
    case 'location':
      return row('location', sql`'name', n.name, 'isActive', n.is_active, 'timezone', n.timezone`)
    case 'category':
    case 'supplier':
      return row(dimension, sql`'name', n.name`)
    case 'product':
      return row('product', sql`'name', n.name`)
    case 'variant':
      return sql`(
        select jsonb_build_object('name', p.name, 'label', v.label, 'ref', v.sku)
        from product_variant v join product p on p.business_id = v.business_id and p.id = v.product_id
        where v.business_id = ${businessId} and v.id = ${id})`
    case 'client':
      return row('customer', sql`'name', n.name, 'ref', n.code`)
    case 'employee':
      return row('employee', sql`'name', n.name, 'ref', n.number`)
    default:
      return sql`null::jsonb`
  }
}
