import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Days } from '../../time/window.ts'
import { atLocation, onDays } from '../conditions.ts'
import { fromRollup, monthlyCells, ROLLUPS, rollupRows, type Values } from '../rollups.ts'
import type { SalesScope } from '../scope.ts'
import type { Column } from './dimensions.ts'
import { type Filters, orderConditions } from './filters.ts'
import type { Grain, Sum } from './measures.ts'
import type { Plan } from './plan.ts'

// Cells are rows that add up to sales: a local day, the columns that divide them, and sums. Those of rollups and those
// made of raw rows have the same form. In rows of raw lines and payments, `sale` is the id of the order that they count
// for; an order may have several.

const names = (columns: readonly string[], of = (column: RawBuilder<unknown>) => column) =>
  columns.map((column) => sql`${of(sql.ref(`r.${column}`))} as ${sql.ref(column)}`)
const selected = (parts: readonly RawBuilder<unknown>[]) => sql.join(parts, sql`, `)
const negative = (column: RawBuilder<unknown>) => sql`-${column}`

/**
 * The cells of some whole days from a rollup, as a subquery.
 * @param values of products, variants or clients: the only ones whose cells are wanted
 */
export function rollupCells(plan: Plan, scope: SalesScope, days: Days, values?: Values): RawBuilder<unknown> {
  const { source, columns, sums, isMonthly, areQuartersFine } = plan
  const from = (table: string, parts: readonly RawBuilder<unknown>[]) => sql`
    select r.day, ${selected(parts)} from ${sql.table(table)} r where ${rollupRows('r', scope, days)}`
  const cells = (table: string) => from(table, [...names(columns), ...names(sums)])
  switch (source) {
    case 'sales':
    case 'product':
    case 'customer':
    case 'staff_hourly':
      return isMonthly
        ? monthlyCells(source, { keys: columns as never, sums: sums as never }, scope, days, {
            values,
            areQuartersFine,
          })
        : sql`(select r.day, ${selected([...names(columns), ...names(sums)])}
            ${fromRollup(ROLLUPS[source].day, scope, days, { time: 'day', values })})`
    case 'sales_hourly': {
      // What is in the days and in none of their hours has no known time.
      const without = columns.map((column) => (column === 'hour' ? sql`null::smallint as hour` : names([column])[0]))
      const rest = (table: string, of: typeof negative) =>
        from(table, [...(without as RawBuilder<unknown>[]), ...names(sums, of)])
      return sql`(${cells('sales_hourly')} union all ${rest('sales_daily', (column) => column)}
        union all ${rest('sales_hourly', negative)})`
    }
    case 'payment_daily': {
      if (!columns.includes('method')) return sql`(${cells('payment_daily')})`
      // What was sold and neither paid nor paid back by any method has no known payment.
      const without = columns.map((column) => (column === 'method' ? sql`null::text as method` : names([column])[0]))
      const rest = (table: string, amount: RawBuilder<unknown>) =>
        from(table, [...(without as RawBuilder<unknown>[]), sql`${amount} as amount`, sql`0::numeric as refunded`])
      return sql`(${cells('payment_daily')} union all ${rest('sales_daily', sql`r.net_sales + r.tax + r.tips`)}
        union all ${rest('payment_daily', sql`r.refunded - r.amount`)})`
    }
    default:
      return sql`(${cells(source)})`
  }
}

interface RawQuestion {
  plan: Plan
  scope: SalesScope
  timezone: string
  filters: Filters
  days: Days
  /** Local time up to which the days count; what has no known time is left out then. */
  until: string | null
  /** Whether the rows may be read; false makes the query return none at once. */
  guard: RawBuilder<SqlBool>
}

/** The cells of raw orders, lines or payments and of refunds, as a subquery. */
export function rawCells(question: RawQuestion): RawBuilder<unknown> {
  const { plan, scope, timezone, filters, days, until, guard } = question
  const isByMethod = plan.grain === 'payments'
  const within = (alias: string, column: string) => {
    const at = sql.ref(`${alias}.${column}`)
    const isBefore =
      until === null
        ? sql`true`
        : sql`${sql.ref(`${alias}.has_time`)} and (${at} at time zone ${timezone})::time < ${until}::time`
    return sql`${sql.ref(`${alias}.business_id`)} = ${scope.businessId}
      and ${atLocation(`${alias}.location_id`, scope.locationId)} and ${onDays(`${alias}.${column}`, days, timezone)}
      and ${isBefore} and ${orderConditions(filters, { isByMethod })} and ${guard}`
  }
  const parts = PARTS[plan.grain].map(({ from, event, at, columns, sums, sale, condition = sql`true` }) => {
    const time = sql`${sql.ref(`${event}.${at}`)} at time zone ${timezone}`
    const column = (name: Column) =>
      name === 'hour'
        ? sql`case when ${sql.ref(`${event}.has_time`)} then extract(hour from ${time})::smallint end`
        : name === 'location_id'
          ? sql.ref(`${event}.location_id`)
          : (columns?.[name] ?? ORDER_COLUMNS[name] ?? sql`null::text`)
    return sql`
      select (${time})::date as day,
        ${selected([
          ...plan.columns.map((name) => sql`${column(name)} as ${sql.ref(name)}`),
          ...plan.sums.map((name) => sql`${sums[name] ?? sql`0::numeric`} as ${sql.ref(name)}`),
          ...(plan.grain === 'orders' ? [] : [sql`${sale ?? sql`null::uuid`} as sale`]),
        ])}
      from ${from} where ${within(event, at)} and ${condition}`
  })
  return sql`(${sql.join(parts, sql` union all `)})`
}

/** The columns that an order, or the order of a refund, gives. */
const ORDER_COLUMNS: Partial<Record<Column, RawBuilder<unknown>>> = {
  customer_id: sql`o.customer_id`,
  city: sql`city_name((select u.city from customer u where u.business_id = o.business_id and u.id = o.customer_id))`,
  employee_id: sql`o.sold_by`,
  order_type: sql`o.order_type`,
  order_total: sql`o.total`,
  is_discounted: sql`(o.discounts > 0)`,
}

/** The columns that a line gives, or the refund of one: of an order line `i`, and of the table that says what is meant. */
function lineColumns(of: 'i' | 'x'): Partial<Record<Column, RawBuilder<unknown>>> {
  const [business, product] = [sql.ref(`${of}.business_id`), sql.ref(`${of}.product_id`)]
  const ofProduct = (column: 'category_id' | 'supplier_id') =>
    sql`(select p.${sql.ref(column)} from product p where p.business_id = ${business} and p.id = ${product})`
  return {
    product_id: product,
    variant_id: sql.ref(`${of}.variant_id`),
    category_id: ofProduct('category_id'),
    supplier_id: ofProduct('supplier_id'),
    tax_rate: sql`i.tax_rate`,
  }
}

interface RawPart {
  from: RawBuilder<unknown>
  /** The alias of the table with time and place. */
  event: 'o' | 'f'
  at: 'completed_at' | 'refunded_at'
  columns?: Partial<Record<Column, RawBuilder<unknown>>>
  sums: Partial<Record<Sum, RawBuilder<unknown>>>
  sale?: RawBuilder<unknown>
  condition?: RawBuilder<unknown>
}

const COMPLETED = sql`o.status = 'completed'`
const REFUNDED = sql`order_refund f join orders o on o.business_id = f.business_id and o.id = f.order_id`
const PAID_SO_FAR = sql`coalesce((
  select sum(m.amount) from order_payment m where m.business_id = o.business_id and m.order_id = o.id), 0)`

/** The same facts as those that the rollups add up (scripts/rollups/facts.ts). */
const PARTS: Record<Grain, readonly RawPart[]> = {
  orders: [
    {
      from: sql`orders o`,
      event: 'o',
      at: 'completed_at',
      condition: COMPLETED,
      sums: {
        // A ticket that only takes goods back is a refund, and no order.
        orders: sql`case when o.sale_lines > 0 or o.return_lines = 0 then 1 else 0 end`,
        refunds: sql`case when o.return_lines > 0 then 1 else 0 end`,
        units_sold: sql`o.units_sold`,
        gross_sales: sql`o.gross_sales`,
        discounts: sql`o.discounts`,
        returns: sql`o.returns`,
        net_sales: sql`o.net_sales`,
        tax: sql`o.tax`,
        tips: sql`o.tips`,
        cost: sql`o.cost`,
        costed_net_sales: sql`o.costed_net_sales`,
      },
    },
    {
      from: REFUNDED,
      event: 'f',
      at: 'refunded_at',
      sums: {
        refunds: sql`1`,
        returns: sql`f.returns`,
        net_sales: sql`-f.returns`,
        tax: sql`-f.tax`,
        tips: sql`-f.tips`,
        cost: sql`-f.cost`,
        costed_net_sales: sql`-f.costed_net_sales`,
      },
    },
  ],
  lines: [
    {
      from: sql`orders o join order_item i on i.business_id = o.business_id and i.order_id = o.id`,
      event: 'o',
      at: 'completed_at',
      condition: COMPLETED,
      columns: lineColumns('i'),
      sale: sql`case when i.quantity > 0 then o.id end`,
      sums: {
        units_sold: sql`greatest(i.quantity, 0)`,
        gross_sales: sql`case when i.quantity > 0 then i.gross_sales else 0 end`,
        discounts: sql`case when i.quantity > 0 then i.discount else 0 end`,
        returns: sql`case when i.quantity < 0 then i.discount - i.gross_sales else 0 end`,
        net_sales: sql`i.net_sales`,
        tax: sql`i.tax`,
        cost: sql`round(i.quantity * coalesce(i.unit_cost, 0), 4)`,
        costed_net_sales: sql`case when i.unit_cost is null then 0 else i.net_sales end`,
      },
    },
    {
      from: sql`${REFUNDED}
        join order_refund_line x on x.business_id = f.business_id and x.refund_id = f.id
        join order_item i
          on i.business_id = x.business_id and i.order_id = x.order_id and i.line_number = x.line_number`,
      event: 'f',
      at: 'refunded_at',
      columns: lineColumns('x'),
      sums: {
        returns: sql`x.returns`,
        net_sales: sql`-x.returns`,
        tax: sql`-x.tax`,
        cost: sql`case when x.restocked then -round(x.quantity * coalesce(x.unit_cost, 0), 4) else 0 end`,
        costed_net_sales: sql`case when x.unit_cost is null then 0 else -x.returns end`,
      },
    },
  ],
  payments: [
    {
      from: sql`orders o join order_payment m on m.business_id = o.business_id and m.order_id = o.id`,
      event: 'o',
      at: 'completed_at',
      condition: COMPLETED,
      columns: { method: sql`m.method` },
      sale: sql`case when m.amount >= 0 then o.id end`,
      sums: { amount: sql`greatest(m.amount, 0)`, refunded: sql`greatest(-m.amount, 0)` },
    },
    {
      from: sql`orders o`,
      event: 'o',
      at: 'completed_at',
      condition: sql`${COMPLETED} and o.total <> ${PAID_SO_FAR}`,
      sale: sql`o.id`,
      sums: { amount: sql`o.total - ${PAID_SO_FAR}` },
    },
    // What did not go back by other methods went back by that of the refund.
    {
      from: REFUNDED,
      event: 'f',
      at: 'refunded_at',
      columns: { method: sql`f.method` },
      sums: {
        refunded: sql`f.total - coalesce((
          select sum(y.amount) from order_refund_payment y
          where y.business_id = f.business_id and y.refund_id = f.id), 0)`,
      },
    },
    {
      from: sql`${REFUNDED} join order_refund_payment y on y.business_id = f.business_id and y.refund_id = f.id`,
      event: 'f',
      at: 'refunded_at',
      columns: { method: sql`y.method` },
      sums: { refunded: sql`y.amount` },
    },
  ],
}
