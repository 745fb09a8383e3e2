import { sql } from 'kysely'
import { compileOnce } from '../../database/compiled.ts'
import type { Transaction } from '../../database/database.ts'
import { clean } from '../../results/text.ts'
import type { Days } from '../../time/window.ts'
import { atLocation, onDays } from '../conditions.ts'
import { inRollup, rollupRows } from '../rollups.ts'
import type { SalesScope } from '../scope.ts'
import { type History, type HourSums, STOPPED_UNITS, type StaffSums } from './stands-out.ts'

// The sums that the rules of what stands out look at: of a window and of the same weekdays before it.

/** Refunds by employee, with tax and tips, discounts by the employee who sold, and the gross sales of all. @param timezone of the scope */
export async function staffSums(
  db: Transaction,
  scope: SalesScope,
  { days, before }: History,
  timezone: string,
): Promise<StaffSums[]> {
  const rows = await sumsByEmployee(db, { ...scope, ...days, since: before.from, timezone })
  // Two of one name are told apart by their numbers.
  return rows.map(({ employee, number, namesakes, ...row }) => ({
    ...row,
    employee: employee && `${clean(employee, 40)}${namesakes > 1 ? ` (${clean(number ?? '', 20)})` : ''}`,
  }))
}

/** A window, and the first of the days before it that it is held against. */
type DaysSince = Days & { since: string }

const sumsByEmployee = compileOnce(
  (
    _db,
    { businessId, locationId, basis, from, to, since, timezone }: SalesScope & DaysSince & { timezone: string },
  ) => {
    const scope = { businessId, locationId, basis }
    const all = { from: since, to }
    return sql<StaffSums & { number: string | null; namesakes: number }>`
    with sums as (
      select c.employee_id, extract(isodow from c.day)::int as weekday, c.day >= ${from} as "isNow",
        sum(c.refunds)::text as refunds, sum(c.discounts)::text as discounts, sum(c.gross_sales)::text as "grossSales"
      from (
        select r.employee_id, r.day, 0 as refunds, r.discounts, 0 as gross_sales
        from staff_hourly r where ${rollupRows('r', scope, all)} and r.is_discounted
        union all
        select f.refunded_by, (f.refunded_at at time zone ${timezone})::date, f.total, 0, 0
        from order_refund f
        where f.business_id = ${businessId} and ${atLocation('f.location_id', locationId)}
          and ${onDays('f.refunded_at', all, timezone)}
        union all
        select null, r.day, 0, 0, r.gross_sales from sales_daily r where ${rollupRows('r', scope, all)}
      ) c
      where ${isLikeWindow({ from, to })}
      group by 1, 2, 3
    )
    select e.name as employee, e.number, s.weekday, s."isNow", s.refunds, s.discounts, s."grossSales",
      (select count(*)::int from employee o where o.business_id = ${businessId} and o.name = e.name) as namesakes
    from sums s
    left join employee e on e.business_id = ${businessId} and e.id = s.employee_id`
  },
)

/** Sales by hour, as far as the hours are over, and how many orders are in none. */
export function hourSums(
  db: Transaction,
  scope: SalesScope,
  { days, before, runningHour }: History,
): Promise<HourSums[]> {
  return sumsByHour(db, { ...scope, ...days, since: before.from, runningHour: runningHour ?? HOURS })
}

const HOURS = 24

const sumsByHour = compileOnce(
  (
    _db,
    { businessId, locationId, basis, from, to, since, runningHour }: SalesScope & DaysSince & { runningHour: number },
  ) => {
    const ofAll = rollupRows('r', { businessId, locationId, basis }, { from: since, to })
    return sql<HourSums>`
      select c.hour, extract(isodow from c.day)::int as weekday, c.day >= ${from} as "isNow",
        sum(c.orders)::text as orders, sum(c.net_sales)::text as "netSales"
      from (
        select r.day, r.hour, r.orders, r.net_sales from sales_hourly r
        where ${ofAll} and not (r.day = ${to} and r.hour >= ${runningHour})
        union all
        select r.day, null, r.orders, 0 from sales_daily r where ${ofAll}
        union all
        select r.day, null, -r.orders, 0 from sales_hourly r where ${ofAll}
      ) c
      where ${isLikeWindow({ from, to })}
      group by 1, 2, 3`
  },
)

/** A product that sold on every one of some days, and none on another. */
export interface StoppedProduct {
  sku: string
  name: string
  label: string | null
  units: string
  net_sales: string
}

/** The best one of the products that sold none on a day, though on each of the earlier ones; still on sale. */
export async function stoppedProduct(
  db: Transaction,
  scope: SalesScope,
  day: string,
  before: readonly string[],
): Promise<StoppedProduct | undefined> {
  const { rows } = await sql<StoppedProduct>`
    select v.sku, p.name, v.label, t.units::text, t.net_sales::text
    from (
      select r.product_id, r.variant_id, sum(r.units_sold) as units, sum(r.net_sales) as net_sales
      from product_daily r
      where ${inRollup('r', scope)} and r.day = any(${[day, ...before]}::date[]) and r.units_sold > 0
      group by 1, 2
      having count(distinct r.day) = ${before.length} and not bool_or(r.day = ${day})
        and sum(r.units_sold) >= ${STOPPED_UNITS * before.length}
    ) t
    join product p on p.business_id = ${scope.businessId} and p.id = t.product_id and p.is_active
    join product_variant v on v.business_id = ${scope.businessId} and v.id = t.variant_id and v.is_active
    order by t.net_sales desc, v.sku limit 1`.execute(db)
  return rows[0]
}

/** Whether a day `c.day` has a weekday of the window. */
function isLikeWindow({ from, to }: Days) {
  return sql`(${to}::date - ${from}::date >= 6 or extract(isodow from c.day) in (
    select extract(isodow from d) from generate_series(${from}::timestamp, ${to}::timestamp, interval '1 day') d))`
}
