import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { addDays } from '../../time/local.ts'
import { isoWeekday } from '../conditions.ts'
import { inRollup, type Values } from '../rollups.ts'
import { rawCells, rollupCells } from './cells.ts'
import { COLUMN_OF, type Column, type Dimension } from './dimensions.ts'
import { cellConditions, hourCondition } from './filters.ts'
import { bandInSql } from './order-bands.ts'
import type { Plan } from './plan.ts'
import type { ReportQuestion, Shift } from './report-question.ts'

/** A report about more orders than this would read too many raw rows. */
export const MAX_RAW_ORDERS = 200_000

/** The orders and refunds of all stretches, from the rollups, by which raw rows are guarded. */
export function ordersIn({ scope, stretches, filters }: Pick<ReportQuestion, 'scope' | 'stretches' | 'filters'>) {
  if (filters.client != null) {
    return sql`(select coalesce(sum(s.orders), 0) from customer_sales s
      where s.business_id = ${scope.businessId} and s.customer_id = ${filters.client.id})`
  }
  const days = stretches.map(({ stretch: { from, to } }) => sql`r.day between ${from} and ${to}`)
  return sql`(select coalesce(sum(r.orders + r.refunds), 0) from sales_daily r
    where ${inRollup('r', scope)} and (${sql.join(days, sql` or `)}))`
}

/** Stands for the window of what a filter of hours leaves out. */
export const LEFT_OUT = 9
/** The key of earlier days that have no like in the window, such as the 31st. */
export const NO_LIKE = '-'

type CellsQuestion = Omit<ReportQuestion, 'groupBy'> & {
  /** Without those over which the cells are totals. */
  groupBy: readonly (Dimension | undefined)[]
}

/**
 * The cells of all stretches with the keys of their rows; `w` says of which stretch.
 * @param values the only ones whose cells are wanted; there may be others with them
 */
export function cellsOf(question: CellsQuestion, values: readonly Values[] = []): RawBuilder<unknown> {
  const { plan, scope, timezone, groupBy, filters, stretches, today } = question
  const { businessId } = scope
  const isByMethod = plan.grain === 'payments'
  const guard = sql<SqlBool>`${ordersIn(question)} <= ${MAX_RAW_ORDERS}`
  const columns = [...plan.sums.filter((sum) => sum !== 'orders' || !isDistinctOrders(plan)), ...saleColumn(plan)]
  const isLookedUp = (dimension: 'category' | 'supplier' | 'city') =>
    groupBy.includes(dimension) && !plan.columns.includes(COLUMN_OF[dimension] as Column)
  const joins = [
    isLookedUp('category') || isLookedUp('supplier')
      ? sql`join product p on p.business_id = ${businessId} and p.id = c.product_id`
      : sql``,
    isLookedUp('city')
      ? sql`left join (select id, city_name(city) as city from customer where business_id = ${businessId}) u
          on u.id = c.customer_id`
      : sql``,
  ]
  const select = (window: number, cells: RawBuilder<unknown>, shift: Shift, condition: RawBuilder<unknown>) => sql`
    select ${sql.lit(window)}::integer as w, ${keyOf(groupBy[0], shift, plan)} as k1, ${keyOf(groupBy[1], shift, plan)} as k2,
      ${plan.isMonthly ? sql`false` : sql`c.day = ${today}::date`} as is_running, ${sql.join(columns.map((name) => sql.ref(`c.${name}`)))}
    from ${cells} c ${sql.join(joins, sql` `)}
    where ${cellConditions(filters, { businessId, isByMethod, columns: plan.columns })} and ${condition}`

  const parts = stretches.flatMap(({ stretch: { from, to, until }, shift }, window) => {
    const raw = (days: { from: string; to: string }, upTo: string | null) =>
      rawCells({ plan, scope, timezone, filters, days, until: upTo, guard: plan.source === 'raw' ? guard : sql`true` })
    const whole = (days: { from: string; to: string }) =>
      plan.source === 'raw'
        ? [raw(days, null)]
        : (values.length === 0 ? [undefined] : values).map((each) => rollupCells(plan, scope, days, each))
    const cells =
      until === null
        ? whole({ from, to })
        : [...(from < to ? whole({ from, to: addDays(to, -1) }) : []), raw({ from: to, to }, until)]
    return cells.flatMap((each) => {
      if (filters.hours === undefined) return [select(window, each, shift, sql`true`)]
      const within = select(window, each, shift, hourCondition(filters.hours))
      return window === 0 ? [within, select(LEFT_OUT, each, shift, sql`c.hour is null`)] : [within]
    })
  })
  return sql.join(parts, sql` union all `)
}

export function isDistinctOrders(plan: Plan): boolean {
  return plan.source === 'raw' && plan.grain !== 'orders'
}

function saleColumn(plan: Plan): string[] {
  return isDistinctOrders(plan) ? ['sale'] : []
}

/**
 * If one of two dimensions groups the values of the other one, as cities do clients: which, rows `g` that tell it of
 * each, and its key of them.
 */
export function groupOf(dimensions: readonly (Dimension | undefined)[], businessId: string) {
  const index = dimensions.findIndex(
    (dimension) => dimension === 'city' || dimension === 'category' || dimension === 'supplier',
  )
  const [group, other] = [dimensions[index], dimensions[1 - index]]
  if (group === 'city' && other === 'client') {
    const from = sql`(select id, city_name(city) as city from customer where business_id = ${businessId}) g`
    return { index, from, key: sql`coalesce(g.city, '')` }
  }
  if ((group === 'category' || group === 'supplier') && other === 'product') {
    return {
      index,
      from: sql`(select * from product where business_id = ${businessId}) g`,
      key: sql.ref(`g.${group}_id`),
    }
  }
  return null
}

/**
 * The values of a dimension that a table `places` has as keys: products, variants, or clients with those of no client.
 */
export function placedValues(dimension: Dimension | undefined, businessId: string): Values[] {
  switch (dimension) {
    case 'product':
      return [{ from: sql`(select k::uuid as id from places)`, isOf: sql`r.product_id = v.id` }]
    case 'variant':
      return [
        {
          from: sql`(
            select w.product_id, w.id from places
            join product_variant w on w.business_id = ${businessId} and w.id = k::uuid)`,
          isOf: sql`r.product_id = v.product_id and r.variant_id = v.id`,
        },
      ]
    case 'client':
      return [
        { from: sql`(select nullif(k, '')::uuid as id from places)`, isOf: sql`r.customer_id = v.id` },
        { from: sql`(select from places where k = '')`, isOf: sql`r.customer_id is null` },
      ]
    default:
      return []
  }
}

/**
 * The key of a dimension, from cells `c` of a stretch that lies some time before the window; null for none. Many rows
 * are compared by it, so that it becomes text only once they are added up.
 */
function keyOf(dimension: Dimension | undefined, shift: Shift, { columns }: Plan): RawBuilder<unknown> {
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
      return isoWeekday(sql`c.day`)
    case 'hour':
      return sql`c.hour`
    case 'location':
      return sql`c.location_id`
    case 'category':
      return columns.includes('category_id') ? sql`c.category_id` : sql`p.category_id`
    case 'supplier':
      return columns.includes('supplier_id') ? sql`c.supplier_id` : sql`p.supplier_id`
    case 'product':
      return sql`c.product_id`
    case 'variant':
      return sql`c.variant_id`
    case 'client':
      return sql`c.customer_id`
    case 'city':
      return columns.includes('city') ? sql`c.city` : sql`coalesce(u.city, '')`
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
