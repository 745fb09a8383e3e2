import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'
import { daysBetween } from '../../time/local.ts'
import type { Days } from '../../time/window.ts'
import { ordersOfDays, type Values } from '../rollups.ts'
import type { SalesScope } from '../scope.ts'
import { type Dimension, isPerDay, isTime } from './dimensions.ts'
import { filterNames } from './filters.ts'
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
import { type Plan, rankedFirstPlans, totalsPlanOf } from './plan.ts'
import { cellsOf, groupOf, isDistinctOrders, LEFT_OUT, NO_LIKE, ordersIn, placedValues } from './question-cells.ts'
import type { Ranking, ReportQuestion } from './report-question.ts'
import { firstSale } from './sales-since.ts'

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

/** More orders are not counted one by one only to tell how many there are. */
const MAX_COUNTED = 20_000

/** Whether some days have few enough orders for that, which their sums tell. */
export function isFewOrders(scope: SalesScope, days: Days): RawBuilder<SqlBool> {
  return sql<SqlBool>`(${ordersOfDays(scope, days)}) <= ${MAX_COUNTED}`
}

/** How many orders a question reads one by one: 0 if a rollup answers it. */
export async function rawOrders(db: Transaction, question: ReportQuestion): Promise<number> {
  if (question.plan.source !== 'raw') return 0
  const { rows } = await sql<{ count: string }>`select ${ordersIn(question)}::text as count`.execute(db)
  return Number(rows[0]?.count ?? 0)
}

/** The rows of a report with their totals; none if it would read too many raw rows. */
export async function reportRows(db: Transaction, question: ReportQuestion): Promise<ReportRow[]> {
  const { groupBy, filters, stretches, ranking, limit, ranked, measures } = question
  const isWithoutToday = isPerDay(groupBy) && hasToday(question)
  // Means leave out the running day, which cells of months hold.
  const plan = isWithoutToday ? { ...question.plan, isMonthly: false, areQuartersFine: false } : question.plan
  const [first] = measures
  const isDistinct = isDistinctOrders(plan)
  // Totals tell more sums than rows do. Where fewer cells tell them, those of the rows are read without.
  const filtered = filterNames(filters)
  const totals = totalsPlanOf(plan, groupBy, filtered)
  const plans =
    !isWithoutToday && isLongEnough(question) ? rankedFirstPlans(plan, { groupBy, ranked, filters: filtered }) : null
  const ofMeasures = [...rowSumsOf(measures), ...(plans === null ? [] : (['returns'] as const))]
  const sumsOfRows = totals === null ? plan.sums : plan.sums.filter((sum) => ofMeasures.includes(sum))
  const ofRows = { ...plan, sums: sumsOfRows }
  // Both totals of times are few; those of two others may be very many, and are not asked for.
  const isTimes = groupBy.every((dimension) => isTime(dimension))
  const windows = stretches.map((_stretch, index) => index)
  const column = (sum: Sum, window: number) => `${sum}_${window}`
  // All cells are of the only window, unless those that a filter of hours leaves out are with them.
  const isAlone = windows.length === 1 && filters.hours === undefined
  const isOf = (window: number) => (isAlone ? sql`` : sql` filter (where w = ${sql.lit(window)})`)

  // Sums of the keys at hand, and then over the keys. Orders that have several lines are counted once in each.
  const ofCells = (sum: Sum, window: number) =>
    sum === 'orders' && isDistinct
      ? sql`count(distinct sale)${isOf(window)}`
      : sql`coalesce(sum(${sql.ref(sum)})${isOf(window)}, 0)`
  const pairsOf = (sums: readonly Sum[]) => windows.flatMap((window) => sums.map((sum) => ({ sum, window })))
  const [pairs, pairsOfRows] = [pairsOf(plan.sums), pairsOf(sumsOfRows)]
  const value = valueOfCells(first, isDistinct)
  // Without the running day, days that are over are all.
  const whole = () => {
    if (value === null || !isPerDay(groupBy)) return sql`0::numeric`
    return hasToday(question)
      ? sql`coalesce(sum(${value}) filter (where w = 0 and not is_running), 0)`
      : valueInSql(first, (sum) => ofCells(sum, 0))
  }
  const leftOut = valueOfCells(leftOutMeasure(plan), isDistinct)
  const extra = [
    { name: 'whole', of: whole() },
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
  const cells = (
    plan: Plan,
    dimensions: readonly (Dimension | undefined)[] = groupBy,
    values: readonly Values[] = [],
  ) => sql`(${cellsOf({ ...question, plan, groupBy: dimensions }, values)}) cells`
  const addedUp = (...of: Parameters<typeof cells>) =>
    sql`(select k1, k2, ${sql.join(sumsOf(pairsOfRows))} from ${cells(...of)} group by k1, k2)`
  /** Of a client and its city, the sums are those of the client, and its city is looked up once they are added up. */
  const added = (
    plan: Plan,
    dimensions = groupBy as readonly (Dimension | undefined)[],
    values?: readonly Values[],
  ) => {
    const of = groupOf(dimensions, question.scope.businessId)
    if (of === null) return sql`${addedUp(plan, dimensions, values)} base`
    const alone = dimensions.map((dimension, index) => (index === of.index ? undefined : dimension))
    const keys = [0, 1].map(
      (index) => sql`${index === of.index ? of.key : KEYS[1 - of.index]} as ${sql.ref(`k${index + 1}`)}`,
    )
    return sql`(select ${sql.join(keys)}, ${sql.join(names.map((name) => sql.ref(name)))}
      from ${addedUp(plan, alone, values)} b left join ${of.from} on g.id = b.${KEYS[1 - of.index]}) base`
  }
  /** Rows by the first dimension, the second or both, from cells that are added up by them. */
  const level = (by: readonly (0 | 1)[], base: RawBuilder<unknown>) => {
    const key = (index: 0 | 1) => (by.includes(index) ? sql`coalesce(${KEYS[index]}::text, '')` : sql`null::text`)
    const isOver = (index: 0 | 1) => sql.lit(by.includes(index) ? 0 : 1)
    return sql`
      select ${key(0)} as k1, ${key(1)} as k2, ${isOver(0)} as g1, ${isOver(1)} as g2,
        ${sql.join(names.map((name) => sql.ref(name)))}
      from ${base}`
  }
  const inAll = [
    ...pairs.map(({ sum, window }) =>
      sumsOfRows.includes(sum) ? sql.ref(column(sum, window)) : sql`null::numeric as ${sql.ref(column(sum, window))}`,
    ),
    ...extra.map(({ name }) => sql.ref(name)),
  ]
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
  const isPair = ranked === null && groupBy.length > 1
  const key = isPair ? sql`k1, k2` : sql.ref(ranked === 1 ? 'k2' : 'k1')
  const isRanked = {
    none: sql`g1 = 0 and g2 = ${sql.lit(groupBy.length > 1 ? 0 : 1)}`,
    first: sql`g1 = 0 and g2 = 1`,
    second: sql`g1 = 1 and g2 = 0`,
  }[ranked === null ? 'none' : ranked === 0 ? 'first' : 'second']
  // What was sold on one day and came back on another comes to nothing, and its days do not. Before cells are read, only
  // what came back tells.
  const hasReturns = stretches.flatMap(({ hasRows }, window) =>
    window === 0 || hasRows ? [sql`${columnsOf(window)('returns')} <> 0`] : [],
  )
  const hasCell =
    ranked === null || groupBy.length < 2
      ? sql`false`
      : plans === null
        ? sql`${key} in (select ${key} from g where g1 = 0 and g2 = 0 and ${isSomething})`
        : sql`(${sql.join(hasReturns, sql` or `)})`
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

  const rankedOf = (rows: RawBuilder<unknown>) => sql`
    ranked as (
      select ${isPair ? sql`k1 as r1, k2 as r2` : sql`${key} as k`}, row_number() over w as place,
        count(*) filter (where ${isNamed}) over (w rows unbounded preceding) as named
      from (select * from ${rows} where ${isRow} order by ${rank} limit ${limit + 1}) every
      window w as (order by ${rank})
    )`
  const grouped = () => {
    if (isDistinct || totals === null) {
      const all = isDistinct
        ? sql`select ${levels}, ${sql.join(sumsOf(pairs))} from ${cells(plan)} group by grouping sets ${sets}`
        : sql`select ${levels}, ${sql.join(again)} from ${added(ofRows)} group by grouping sets ${sets}`
      return sql`g as (${all}), ${rankedOf(sql`g`)}`
    }
    const withTotals = (rows: RawBuilder<unknown>) => sql`
      g as (
        select k1, k2, g1, g2, ${sql.join(inAll)} from (${rows}) of_rows
        union all
        select null::text, null::text, 1, 1, ${sql.join(sumsOf(pairs))} from ${cells(totals, [])}
      )`
    if (plans === null || ranked === null) {
      const rows =
        groupBy.length === 1
          ? level([0], added(ofRows))
          : ranked === null && !isTimes
            ? level([0, 1], added(ofRows))
            : sql`select ${levels}, ${sql.join(again)} from ${added(ofRows)} group by grouping sets ((k1), (k2), (k1, k2))`
      return sql`${withTotals(rows)}, ${rankedOf(sql`g`)}`
    }
    const other = ranked === 0 ? 1 : 0
    const only = (index: 0 | 1) => groupBy.map((dimension, each) => (each === index ? dimension : undefined))
    const ofBoth = added(ofRows, groupBy, placedValues(groupBy[ranked], question.scope.businessId))
    return sql`
      of_ranked as (${level([ranked], added({ ...plans.ofRanked, sums: sumsOfRows }, only(ranked)))}),
      ${rankedOf(sql`of_ranked`)},
      places as materialized (select k from ranked where named <= ${limit}),
      ${withTotals(sql`
        select * from of_ranked
        union all ${level([other], added({ ...plans.ofOther, sums: sumsOfRows }, only(other)))}
        union all ${level([0, 1], ofBoth)}`)}`
  }

  // A row is looked for among those ranked by a hash, which a join of so few would not be given.
  const rankedKey = isPair ? sql`r1, r2` : sql`k`
  const isSame = sql`(${rankedKey}) = (${key})`

  const { rows } = await sql<Record<string, string | null> & { names: (ReportName | null)[] }>`
    with ${grouped()},
    shown as (
      select g.*, (select place from ranked where ${isSame}) as place
      from g
      where ((g.g1 = 1 and g.g2 = 1) or (${key}) in (select ${rankedKey} from ranked where named <= ${limit})
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

const KEYS = [sql`k1`, sql`k2`] as const
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

/** Ranking values before their cells are read is worth more queries only for a window of many days. */
const MANY_DAYS = 60

function isLongEnough(question: ReportQuestion): boolean {
  const { from, to } = windowOf(question)
  return daysBetween(from, to) >= MANY_DAYS
}

function hasToday(question: ReportQuestion): boolean {
  const { from, to } = windowOf(question)
  return from <= question.today && question.today <= to
}

const windowOf = ({ stretches }: ReportQuestion) => (stretches[0] as (typeof stretches)[number]).stretch

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
