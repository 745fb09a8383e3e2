import { sql } from 'kysely'
import type { Transaction } from '../../database/database.ts'

/** The constants of a client's rhythm and its rating; results state them in words. */
export const NEW_DAYS = 30
export const EXPECTED_DAYS = 90
export const TOP_CLIENTS = 10
/** The rhythm if no client of the business has bought twice. */
const USUAL_GAP_DAYS = 30

/** The rating of a client; "off" is a client who is switched off. */
type ClientStatus = 'active' | 'at_risk' | 'lost' | 'off'

export interface RatedClient {
  id: string
  code: string
  name: string
  status: ClientStatus
  orders: number
  net_sales: string
  last_day: string
  days_since: number
  /** Days between purchases, with one digit. */
  rhythm: string
  /** Expected net sales of the next `EXPECTED_DAYS` days. */
  expected: string
}

export interface ClientHealth {
  /** Clients with at least one purchase: active + at_risk + lost + off. */
  buyers: number
  active: number
  at_risk: number
  lost: number
  off: number
  /** First purchase within the last `NEW_DAYS` local days. */
  newcomers: number
  /** Active with at least two orders. */
  returning: number
  /** At least two orders, whatever the status. */
  repeaters: number
  /** Switched-on clients without any purchase. */
  without_purchase: number
  /** The rhythm of a client with a single purchase: the median gap of the others, in days with one digit. */
  usual_gap: string
  /** Net sales of all clients, of the top ten buyers, and of the top tenth of the buyers. */
  net_sales: string
  top_ten: string
  top_tenth: string
  value_at_risk: string
  /** The top clients by net sales. */
  top: RatedClient[]
  /** The clients at risk with the highest expected net sales. */
  most_at_risk: RatedClient[]
}

/**
 * Rates every client by recency against their own rhythm, on local days of the business.
 *
 * Rhythms are compared as fractions (span over gaps), so that a client exactly on a boundary does not cross it by a
 * rounding error.
 * @param today local day of the business
 * @param listed how many clients to name, both at the top and at risk
 */
export async function clientHealth(
  db: Transaction,
  business: { id: string; timezone: string; currencyDigits: number },
  today: string,
  listed: number,
): Promise<ClientHealth> {
  const { id, timezone, currencyDigits } = business
  // Net sales per day since the first purchase, including that day and today.
  const expected = sql`(greatest(r.net_sales, 0) * ${EXPECTED_DAYS} / greatest(${today}::date - r.first_day + 1, 1))`
  const firstBy = (order: ReturnType<typeof sql>, condition: ReturnType<typeof sql>) => sql`(
    select coalesce(json_agg(n), '[]') from (
      select r.id, c.code, c.name, r.status, r.orders, r.net_sales::text, r.last_day::text, r.days_since,
        round(r.span / r.gaps, 1)::text as rhythm,
        round(${expected}, ${currencyDigits}::integer)::text as expected
      from (select * from rated r where ${condition} order by ${order} desc, r.id limit ${listed}) r
      join customer c on c.business_id = ${id} and c.id = r.id
      order by ${order} desc, r.id
    ) n)`
  const topSum = (limit: ReturnType<typeof sql>) => sql`(
    select coalesce(sum(net_sales), 0)::text from (select net_sales from rated order by net_sales desc limit ${limit}) t)`
  const { rows } = await sql<ClientHealth>`
    with known as materialized (
      select c.id, c.is_active, coalesce(s.orders, 0)::integer as orders, coalesce(s.net_sales, 0) as net_sales,
        (s.first_at at time zone ${timezone})::date as first_day, (s.last_at at time zone ${timezone})::date as last_day
      from customer c left join customer_sales s on s.business_id = c.business_id and s.customer_id = c.id
      where c.business_id = ${id}
    ),
    usual as (
      -- The mean of the two in the middle: percentile_cont would make a float of it.
      select greatest(1, coalesce(round((percentile_disc(0.5) within group (order by gap)
        + percentile_disc(0.5) within group (order by gap desc)) / 2, 1), round(${USUAL_GAP_DAYS}::numeric, 1))) as gap
      from (select (last_day - first_day)::numeric / (orders - 1) as gap from known where orders >= 2) gaps
    ),
    rated as materialized (
      select r.*,
        case
          when not is_active then 'off'
          when days_since * gaps * 2 <= span * 3 then 'active'
          when days_since * gaps <= span * 3 then 'at_risk'
          else 'lost'
        end as status
      from (
        select k.*, ${today}::date - k.last_day as days_since,
          case when k.orders >= 2 then greatest(k.last_day - k.first_day, k.orders - 1)::numeric else u.gap end as span,
          case when k.orders >= 2 then k.orders - 1 else 1 end as gaps
        from known k cross join usual u where k.orders > 0
      ) r
    )
    select count(*)::integer as buyers,
      count(*) filter (where status = 'active')::integer as active,
      count(*) filter (where status = 'at_risk')::integer as at_risk,
      count(*) filter (where status = 'lost')::integer as lost,
      count(*) filter (where status = 'off')::integer as off,
      count(*) filter (where first_day > ${today}::date - ${NEW_DAYS}::integer)::integer as newcomers,
      count(*) filter (where status = 'active' and orders >= 2)::integer as returning,
      count(*) filter (where orders >= 2)::integer as repeaters,
      (select count(*)::integer from known where orders = 0 and is_active) as without_purchase,
      (select gap::text from usual) as usual_gap,
      (select coalesce(sum(net_sales), 0)::text from known) as net_sales,
      ${topSum(sql`${TOP_CLIENTS}`)} as top_ten,
      ${topSum(sql`(select (count(*) + 9) / 10 from rated)`)} as top_tenth,
      round(coalesce(sum(${expected}) filter (where status = 'at_risk'), 0), ${currencyDigits}::integer)::text
        as value_at_risk,
      ${firstBy(sql`r.net_sales`, sql`true`)} as top,
      ${firstBy(expected, sql`r.status = 'at_risk'`)} as most_at_risk
    from rated r`.execute(db)
  const [health] = rows
  if (health === undefined) throw new Error('an aggregate gives one row')
  return health
}
