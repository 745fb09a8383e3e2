/** SQL from facts to the cells of the rollups: cancel out, divide into local days, add up, write. */
import { FACTS, type Kind, NET_SALES } from './facts.ts'
import { groupColumns, groupValues, withGroups } from './groups.ts'
import { layout, list, nested } from './layout.ts'

/**
 * A fact counts on its local day in the time zone of the business (`basis = 'business'`), and where that of its location
 * is another, once more in that one (`basis = 'location'`), for reports about the location.
 */
export interface Rollup {
  of: Kind
  time: 'quarter' | 'month' | 'day'
  /** The columns that distinguish its cells, besides business, basis, time and location. */
  by: readonly string[]
  key: readonly string[]
  measures: readonly string[]
  /** The hours that it covers; a rollup without `hour` covers all. */
  only?: string
  /** The amount that reports of differences show. */
  amount: string
}

const rollup = (
  of: Kind,
  time: Rollup['time'],
  by: readonly string[] = [],
  special: Partial<Pick<Rollup, 'measures' | 'amount' | 'only'>> = {},
): Rollup => ({
  of,
  time,
  by,
  // Time before place, so that one index serves windows of the whole business and of one location.
  key: ['business_id', 'basis', time, 'location_id', ...by],
  measures: FACTS[of].measures,
  amount: NET_SALES,
  ...special,
})
const BY_PRODUCT = ['product_id', 'variant_id']
const BY_CUSTOMER = ['customer_id']
const BY_STAFF = ['employee_id', 'order_type', 'is_discounted']

/**
 * The tables with cells, those of a kind in the reverse of the order in which they are written: PostgreSQL runs the last
 * part of a statement first, and then the others from the end. Months come first not only for speed: two sales in a month
 * may name the same products in different orders, and because both first wait for the month's row of sales, they never
 * deadlock. `customer_sales` has no time zone and is written separately.
 */
export const ROLLUPS: Record<string, Rollup> = {
  staff_hourly: rollup('sales', 'day', ['hour', ...BY_STAFF]),
  staff_hourly_monthly: rollup('sales', 'month', ['hour', ...BY_STAFF]),
  sales_hourly: rollup('sales', 'day', ['hour'], { only: 'hour is not null' }),
  customer_daily: rollup('sales', 'day', BY_CUSTOMER),
  staff_daily: rollup('sales', 'day', BY_STAFF),
  sales_daily: rollup('sales', 'day'),
  customer_monthly: rollup('sales', 'month', BY_CUSTOMER),
  customer_quarterly: rollup('sales', 'quarter', BY_CUSTOMER),
  city_daily: rollup('sales', 'day', ['city']),
  sales_monthly: rollup('sales', 'month'),
  product_daily: rollup('lines', 'day', BY_PRODUCT),
  category_daily: rollup('lines', 'day', ['category_id']),
  supplier_daily: rollup('lines', 'day', ['supplier_id']),
  tax_daily: rollup('lines', 'day', ['tax_rate'], { measures: ['net_sales', 'tax'], amount: 'net_sales' }),
  product_monthly: rollup('lines', 'month', BY_PRODUCT),
  payment_daily: rollup('payments', 'day', ['method'], { amount: 'amount - refunded' }),
}

export const zeros = (names: readonly string[]) => names.map(() => '0').join(', ')
export const signedSums = (names: readonly string[]) => list(names.map((name) => `sum(sign * ${name}) as ${name}`))

/** Facts after the parts that a change subtracts and adds again have cancelled out. */
function net(kind: Kind, facts: string): string {
  const { by, isHourly, measures } = FACTS[kind]
  const fact = ['business_id', 'location_id', 'at', ...(isHourly ? ['has_time'] : []), ...by].join(', ')
  return layout`
    select
      ${fact},
      ${signedSums(measures)}
    from ${nested(facts)} signed
    group by ${fact}
    having ${nested(list(measures.map((m) => `sum(sign * ${m})`)))} is distinct from (${zeros(measures)})`
}

/**
 * Facts in the finest cells of their kind, divided into local days by the zones of the business and of the location, or
 * only once if both have the same zone; `basis` says by which. The rollups of a kind are written from them, so that only
 * this looks up zones and groups.
 */
export function cut(kind: Kind, facts: string, how: keyof typeof withGroups): string {
  const { by, isHourly, measures } = FACTS[kind]
  const others = [...(isHourly ? ['hour'] : []), ...by, ...groupColumns(kind)]
  const cell = ['business_id', 'location_id', 'basis', 'day', ...others].join(', ')
  const hour = ',\ncase when f.has_time then extract(hour from local)::smallint end as hour'
  return layout`
    select
      ${cell},
      ${list(measures.map((m) => `sum(${m}) as ${m}`))}
    from (
      select
        f.*,
        local::date as day${isHourly ? hour : ''}
      from (
        select
          ${list(['f.*', ...groupValues(kind)])},
          b.timezone as business_zone, l.timezone as location_zone,
          unnest(case when b.timezone = l.timezone then '{business}' else '{business,location}' end::text[]) as basis
        from ${nested(facts)} f
        join business b on b.id = f.business_id
        join location l on l.business_id = f.business_id and l.id = f.location_id
        ${withGroups[how](kind)}
      ) f
      cross join lateral (
        select f.at at time zone case when basis = 'location' then location_zone else business_zone end
      ) clock (local)
    ) timed
    group by ${cell}`
}

/** The cells of a rollup, from the finer ones of its kind. */
export function cells({ key, time, measures, only }: Rollup, finer: string): string {
  const start = time === 'day' ? 'day' : `date_trunc('${time}', day)::date`
  const columns = key.map((column) => (column === time && time !== 'day' ? `${start} as ${time}` : column))
  return layout`
    select
      ${list(columns)},
      ${list(measures.map((m) => `sum(${m === 'net_sales' ? NET_SALES : m}) as ${m}`))}
    from ${finer}${only === undefined ? '' : `\nwhere ${only}`}
    group by ${list(key.map((column) => (column === time ? start : column)))}`
}

/** Writes cells to a rollup. Ordered by key, so that two transactions lock rows in the same order. */
function write(table: string, { key, measures }: Rollup, cellsOf: string): string {
  return layout`
    insert into ${table} as kept (
      ${key.join(', ')},
      ${list(measures)}
    )
    ${cellsOf}
    order by ${key.join(', ')}`
}

/** Adds cells to those of a rollup. */
export function add(table: string, rollup: Rollup, cellsOf: string): string {
  return layout`
    ${write(table, rollup, cellsOf)}
    on conflict (${rollup.key.join(', ')}) do update
    set
      ${list(rollup.measures.map((m) => `${m} = kept.${m} + excluded.${m}`))}`
}

/** Writes facts to every rollup of their kind, in one statement. */
function toEach(kind: Kind, facts: string, how: { write: typeof write; groups: keyof typeof withGroups }): string {
  const parts = Object.entries(ROLLUPS)
    .filter(([, { of }]) => of === kind)
    .map(([table, rollup]) => ({ table, sql: how.write(table, rollup, cells(rollup, 'cut')) }))
  const last = parts.pop()
  const steps = [
    `cut as materialized ${nested(cut(kind, facts, how.groups))}`,
    ...parts.map(({ table, sql }) => `kept_${table} as ${nested(sql)}`),
  ]
  return `with ${steps.join(',\n')}\n${last?.sql};`
}

/** Applies a change to the rollups. */
export const keep = (kind: Kind, facts: string) => toEach(kind, net(kind, facts), { write: add, groups: 'oneByOne' })

/** The same for new facts, which have nothing to cancel out. */
export const keepNew = (kind: Kind, facts: string) => toEach(kind, facts, { write: add, groups: 'oneByOne' })

/** Fills empty rollups. */
export const fill = (kind: Kind, facts: string) => toEach(kind, facts, { write, groups: 'inBulk' })
